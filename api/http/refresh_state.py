"""What the refresh is doing, put together from where traces of it are.

The run's own document beside the snapshots tells of a refresh on whatever machine; the local queue
tells of those that wait on this one. On AWS what waits is known to Batch alone, which the API may
not ask: there, a refresh shows from its first sign of life.
"""

import logging

from api.http.freshness import Freshness
from api.http.models.analytics import AnalyticsStatus, RefreshState, SnapshotSummary
from api.http.published import Published
from api.jobs.coalescing import WAITING, JobStatus
from api.jobs.local_queue import LocalQueue, QueuedJob, QueueError
from api.jobs.run_status import RunStatus, read_run_status
from api.settings import Settings
from api.storage.snapshots import Manifest
from api.utils.analytics_cache import AnalyticsStorage

logger = logging.getLogger(__name__)

#: Jobs of the local queue that are looked at; more than two never wait or run.
_JOBS = 10


def analytics_status(
    settings: Settings, storage: AnalyticsStorage, published: Published, freshness: Freshness
) -> AnalyticsStatus:
    """Return what is published, whether it is up to date, and what the refresh is doing.

    Whoever reads here that a refresh has ended finds its snapshot in every read that follows: the
    run's document is read first, and the pointer is then looked up anew.

    Raises
    ------
    StorageError
        If the store cannot be read.
    """
    status = read_run_status(storage.snapshots.store)
    jobs = _jobs(settings)
    loaded = published.current(look=True)
    if loaded is None:
        return AnalyticsStatus(
            snapshot=None,
            stale=True,
            refresh=_refresh(status, jobs),
            history=status.history,
            snapshots=[],
        )
    # Listing reads every manifest; which there are changes with the current one alone.
    kept = loaded.derived(
        "history", lambda: [_summary(manifest) for manifest in storage.snapshots.history()]
    )
    return AnalyticsStatus(
        snapshot=_summary(loaded.manifest),
        stale=freshness.compare(loaded.manifest.database_fingerprint),
        refresh=_refresh(status, jobs),
        history=status.history,
        snapshots=kept,
    )


def _jobs(settings: Settings) -> list[QueuedJob]:
    if settings.analytics_trigger_function is not None:
        return []
    try:
        return LocalQueue(settings.refresh_queue).jobs(_JOBS)
    except QueueError as error:
        logger.warning("the status leaves out what waits: %s", error)
        return []


def _refresh(status: RunStatus, jobs: list[QueuedJob]) -> RefreshState:
    waiting = next((job for job in jobs if job.status in WAITING), None)
    running = next((job for job in jobs if job.status is JobStatus.RUNNING), None)
    run = status.current
    if run is not None:
        return RefreshState(
            state="running",
            job_id=running.job_id if running else None,
            stage=run.stage or None,
            stage_number=run.stage_number or None,
            stage_count=run.stage_count or None,
            step=run.step or None,
            started_at=run.started_at,
        )
    job = running or waiting
    return RefreshState(
        state="running" if running else "waiting" if waiting else "idle",
        job_id=job.job_id if job else None,
        stage=None,
        stage_number=None,
        stage_count=None,
        step=None,
        started_at=running.started_at if running else None,
    )


def _summary(manifest: Manifest) -> SnapshotSummary:
    return SnapshotSummary(
        snapshot_id=manifest.snapshot_id,
        created_at=manifest.created_at,
        schema_version=manifest.schema_version,
        code_version=manifest.code_version,
        counts=manifest.counts,
        bytes=sum(entry.size for entry in manifest.artifacts.values()),
        artifacts=sorted(manifest.artifacts),
    )
