"""The refresh: read the recipes once, compute every artifact, publish them together.

Run as ``python -m api.analytics.analytics_refresh`` it is the Batch job: one JSON object on
stdout, the log on stderr, and exit code 0, 1 on failure, or
:data:`~api.analytics.interruption.INTERRUPTED_EXIT_CODE` after SIGTERM.
"""

import gc
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import EllipsisType
from typing import Any

if __name__ == "__main__":
    gc.disable()  # until all is imported

from api.analysis.analysis import Analysis
from api.analytics.artifacts import RECORD_KEYS, compute_artifacts, stage_count
from api.analytics.checkpoint import EMCheckpoint
from api.analytics.code_version import code_version
from api.analytics.interruption import (
    INTERRUPTED_EXIT_CODE,
    Interrupted,
    interruptible,
    stop_with_parent,
    uninterrupted,
    wait_for_parent,
)
from api.analytics.log import configure_logging
from api.analytics.memory import collect_garbage_after_imports, return_large_arrays
from api.analytics.previous_maps import previous_maps
from api.analytics.progress import LogReporter, Reporter, Stages, StatusReporter
from api.analytics.scheduler import pair_engine
from api.db.database import Database, get_database
from api.db.db_analytics import read_checked_dataset
from api.db.fingerprint import dataset_fingerprint
from api.jobs.run_status import RunState, RunStatusWriter
from api.storage.errors import (
    CorruptSnapshotError,
    PublishConflictError,
    StorageError,
    UnsupportedSnapshotError,
)
from api.storage.local import LocalStore
from api.storage.objects import ObjectStore
from api.storage.records import Spool
from api.storage.snapshots import Manifest
from api.utils.analytics_cache import AnalyticsStorage

logger = logging.getLogger(__name__)

#: A refresh that loses the race to publish reads the database again and retries, so the last
#: snapshot always comes from the latest data that any of them read.
PUBLISH_ATTEMPTS = 3
#: What a refresh that is killed outright may lose of the EM, and an iteration, in seconds.
CHECKPOINT_SECONDS = 5.0


def regenerate_analytics(
    *,
    database: Database | None = None,
    storage: AnalyticsStorage | None = None,
    force: bool = False,
    reporter: Reporter | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Recompute the analytics and publish them as one snapshot.

    Parameters
    ----------
    database, storage
        By default those named by the environment.
    force
        Compute and publish although neither the data nor the code has changed.
    reporter
        Receives progress; by default it goes to the log.
    scheduler
        A Dask scheduler's address, or ``local``; by default this process does the work.

    Returns
    -------
    dict
        ``ingredient_stats_count``, ``complexity_stats_count``, ``cocktail_space_count``,
        ``cocktail_space_em_count``, ``ingredient_tree_nodes``, and of the snapshot:
        ``snapshot_id``, ``changed`` (False if the current one already holds this data) and
        ``location``.

    Raises
    ------
    DatabaseError
        If the database cannot be read, or :class:`~api.db.errors.DatasetError` if its rows are
        wrong. The snapshot published before stays the current one, as after every failure.
    StorageError
        If the result cannot be published.
    SchedulerError
        If the scheduler cannot be used.
    Interrupted
        Within :func:`~api.analytics.interruption.interruptible`, when SIGTERM arrives. The EM's
        state is then kept, and the next refresh of the same data publishes the same bytes that
        this one would have. A snapshot that is being published is still finished.
    """
    storage = storage or AnalyticsStorage.from_settings()
    status = RunStatusWriter(storage.snapshots.store)
    with record_run_status(status), _opened(database) as database:
        _warn_if_not_atomic(storage.snapshots.store)
        reporter = StatusReporter(reporter or LogReporter(), status)
        logger.info("refreshing %s from %r", storage.location, database)
        for attempt in range(1, PUBLISH_ATTEMPTS + 1):
            try:
                manifest, changed = _refresh_once(database, storage, force, reporter, scheduler)
            except PublishConflictError as error:
                if attempt == PUBLISH_ATTEMPTS:
                    raise
                logger.warning("%s Starting over from the current data.", error)
            else:
                break
        # The snapshot is out; a signal must not turn success into an interruption.
        with uninterrupted():
            status.end(RunState.SUCCEEDED, snapshot_id=manifest.snapshot_id, changed=changed)
    return {
        **manifest.counts,
        "snapshot_id": manifest.snapshot_id,
        "changed": changed,
        "location": storage.location,
    }


@contextmanager
def _opened(database: Database | None) -> Iterator[Database]:
    if database is not None:
        yield database
        return
    with get_database() as named:
        yield named


@contextmanager
def record_run_status(status: RunStatusWriter) -> Iterator[None]:
    """Record that a run begins and, if it does not succeed, why it ended."""
    status.begin()
    try:
        yield
    except (Interrupted, KeyboardInterrupt) as interruption:
        reason = str(interruption) or "interrupted from the keyboard"
        status.end(RunState.INTERRUPTED, error=reason)
        raise
    except BaseException as error:
        status.end(RunState.FAILED, error=str(error) or type(error).__name__)
        raise


def _warn_if_not_atomic(store: ObjectStore) -> None:
    # A directory that cannot be written is reported when the snapshot is published.
    with suppress(StorageError):
        if isinstance(store, LocalStore) and not store.replaces_atomically():
            logger.warning(
                "%s is on a file system that does not replace files atomically: readers may "
                "briefly find no snapshot. Set ANALYTICS_DIR to a directory on a local disk.",
                store.describe(),
            )


def _current(storage: AnalyticsStorage) -> tuple[Manifest | None, Manifest | EllipsisType | None]:
    """Return the current snapshot, and what the next one may replace.

    If the pointer is damaged or dangling, there is no current snapshot and the next one may replace
    whatever is there: an unattended refresh must not keep failing because of past damage.
    """
    try:
        current = storage.snapshots.current()
    except (CorruptSnapshotError, UnsupportedSnapshotError) as error:
        logger.warning("%s This refresh replaces it.", error)
        return None, ...
    return current, current


def _is_whole(storage: AnalyticsStorage, manifest: Manifest) -> bool:
    try:
        storage.snapshots.check(manifest)
    except CorruptSnapshotError as error:
        logger.warning("%s This refresh replaces it.", error)
        return False
    return True


def _refresh_once(
    database: Database,
    storage: AnalyticsStorage,
    force: bool,
    reporter: Reporter,
    scheduler: str | None,
) -> tuple[Manifest, bool]:
    stage = Stages(stage_count() + 2, reporter)
    current, replacing = _current(storage)
    version = code_version()

    with stage("Reading the database"):
        dataset = read_checked_dataset(database)
        fingerprint = dataset_fingerprint(dataset)

    unchanged = (
        current is not None
        and current.database_fingerprint == fingerprint
        and current.code_version == version
    )
    if current is not None and unchanged and not force and _is_whole(storage, current):
        logger.info(
            "nothing has changed since snapshot %s: skipped (--force computes anyway)",
            current.snapshot_id,
        )
        return current, False

    # Other code may draw maps differently on purpose; only maps of the same code are continued.
    # Another database's maps have nothing to do with this one's.
    known = (
        current
        if current is not None
        and current.code_version == version
        and current.database_id in (None, dataset.database_id)
        else None
    )
    checkpoint = EMCheckpoint(storage.snapshots.store, version, seconds=CHECKPOINT_SECONDS)
    analysis = Analysis(dataset, checkpoints=checkpoint)
    with Spool() as spool:
        try:
            with pair_engine(scheduler) as analysis.engine:
                maps = previous_maps(storage.snapshots, known)
                computed = compute_artifacts(analysis, stage, reporter, maps, spool)
        except (Interrupted, KeyboardInterrupt):
            checkpoint.flush()
            raise

        # Publishing takes a second; interrupting it would discard everything computed so far.
        with stage("Publishing"), uninterrupted():
            manifest = storage.snapshots.publish(
                computed.artifacts,
                database_fingerprint=fingerprint,
                database_id=dataset.database_id,
                code_version=version,
                counts=computed.counts,
                details=computed.details,
                record_keys=RECORD_KEYS,
                replacing=replacing,
            )
            checkpoint.discard()
    logger.info("published snapshot %s to %s", manifest.snapshot_id, storage.location)
    return manifest, True


def _import_the_rest() -> None:
    """Import what a refresh imports later: a process that waits has the time."""
    import_module("scipy.spatial")
    import_module("scipy.special")
    with suppress(Exception):  # what is wrong with the settings, the refresh reports
        AnalyticsStorage.from_settings()
        with get_database() as database:
            _ = database.engine


def main() -> None:
    """Run the refresh as a job: result on stdout, log on stderr, outcome in the exit code.

    With ``--watch-stdin`` it begins when it can read a byte from stdin, and it also stops, as on
    SIGTERM, when stdin is closed.
    """
    configure_logging()
    return_large_arrays()
    watching = "--watch-stdin" in sys.argv[1:]
    if watching:
        _import_the_rest()
    collect_garbage_after_imports()
    if watching and not wait_for_parent():
        sys.exit(INTERRUPTED_EXIT_CODE)
    try:
        with interruptible():
            if watching:
                stop_with_parent()
            result = regenerate_analytics()
    except Interrupted as interruption:
        logger.warning("%s; the next run resumes from the checkpoint", interruption)
        outcome = {
            "status": "interrupted",
            "error": "Interrupted",
            "details": str(interruption),
        }
        code = INTERRUPTED_EXIT_CODE
    except Exception as error:
        logger.exception("the refresh failed; the previous snapshot stays current")
        outcome = {
            "status": "error",
            "error": "Failed to regenerate analytics",
            "details": str(error) or type(error).__name__,
        }
        code = 1
    else:
        outcome = {
            "status": "success",
            "message": "Analytics regenerated successfully"
            if result["changed"]
            else "Analytics are up to date",
            **result,
        }
        code = 0
    sys.stdout.write(json.dumps(outcome) + "\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
