"""The state of the refresh, combined from every place that knows part of it.

The run's own document beside the snapshots describes a refresh on any machine; the local queue
knows those waiting on this one. On AWS only Batch knows what is waiting, and the API has no
permission to ask it: there, a refresh shows from its first heartbeat.
"""

import logging

from api.http.freshness import Freshness
from api.http.models.analytics import AnalyticsStatus, RefreshState, SnapshotSummary
from api.http.published import Published
from api.jobs.coalescing import WAITING, JobStatus
from api.jobs.local_queue import LocalQueue, QueuedJob, QueueError
from api.jobs.run_status import RunRecord, RunState, RunStatus, read_run_status
from api.settings import Settings
from api.storage.snapshots import Manifest, State
from api.utils.analytics_cache import AnalyticsStorage

logger = logging.getLogger(__name__)

#: Jobs to read from the local queue; at most two ever wait or run.
_JOBS = 10


def analytics_status(
    settings: Settings,
    storage: AnalyticsStorage,
    published: Published,
    freshness: Freshness,
    *,
    with_details: bool = False,
) -> AnalyticsStatus:
    """Return what is published, whether it is up to date, and what the refresh is doing.

    A reader who sees here that a refresh has ended finds its snapshot in every later read: the
    run's document is read first, then the pointer, uncached.

    Parameters
    ----------
    with_details
        Include the errors of runs, which name paths, hosts and users; otherwise a sentence.

    Raises
    ------
    StorageError
        If the store cannot be read.
    """
    status = read_run_status(storage.snapshots.store)
    history = status.history if with_details else [_without_details(run) for run in status.history]
    jobs = _jobs(settings)
    loaded = published.current(look=True)
    if loaded is None:
        return AnalyticsStatus(
            snapshot=None,
            stale=True,
            refresh=_refresh(status, jobs),
            history=history,
            snapshots=[],
        )
    kept = published.history()
    state = freshness.compare(loaded.manifest)
    return AnalyticsStatus(
        snapshot=_summary(loaded.manifest, state),
        stale=state != "current",
        foreign=state == "foreign",
        refresh=_refresh(status, jobs),
        history=history,
        snapshots=[_summary(one, freshness.compare(one)) for one in kept],
    )


def _jobs(settings: Settings) -> list[QueuedJob]:
    if settings.analytics_trigger_function is not None:
        return []
    try:
        return LocalQueue(settings.refresh_queue).jobs(_JOBS)
    except (QueueError, ValueError) as error:  # ValueError: a row that another program wrote
        logger.warning("the status omits waiting jobs: %s", error)
        return []


def _without_details(run: RunRecord) -> RunRecord:
    if run.error is None:
        return run
    outcome = "was interrupted" if run.state is RunState.INTERRUPTED else "failed"
    sentence = f"The refresh {outcome}. The server's log has the details under run {run.run_id}."
    return run.model_copy(update={"error": sentence})


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


def _summary(manifest: Manifest, state: State) -> SnapshotSummary:
    return SnapshotSummary(
        snapshot_id=manifest.snapshot_id,
        created_at=manifest.created_at,
        schema_version=manifest.schema_version,
        code_version=manifest.code_version,
        counts=manifest.counts,
        foreign=state == "foreign",
        bytes=sum(entry.size for entry in manifest.artifacts.values()),
        artifacts=sorted(manifest.artifacts),
        quality=manifest.details,
    )
