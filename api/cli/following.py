"""Watching a refresh until it ends, told on stderr."""

import os
import time
from typing import TYPE_CHECKING, Any

from api.cli.console import stderr
from api.jobs.local_queue import LocalQueue, QueueError

if TYPE_CHECKING:
    from api.jobs.cloud_jobs import CloudJob, CloudJobs

_LOCAL_POLL_SECONDS = 0.2
#: As for scripts/trigger-analytics-refresh.sh.
_CLOUD_POLL_SECONDS = 10.0


def follow_local_job(queue: LocalQueue, job_id: str) -> dict[str, Any]:
    """Wait for a job of the local queue; return how it ended."""
    seen: tuple[str, int] | None = None
    while True:
        job = queue.job(job_id)
        if job is None:
            raise QueueError(f"The queue has forgotten job {job_id}.")
        if (job.status, job.attempt) != seen:
            if job.started_at is None:
                note = " (it waits for: cocktaildb worker)"
            elif job.finished_at is None and job.detail:
                note = f" (attempt {job.attempt}: {job.detail})"
            else:
                note = ""
            stderr.print(f"{job_id}: {job.status}{note}", markup=False)
        seen = (job.status, job.attempt)
        if job.finished_at is not None:
            stderr.print(job.detail or "", markup=False)
            return {"status": job.status, "detail": job.detail}
        time.sleep(_LOCAL_POLL_SECONDS)


def follow_cloud_job(jobs: "CloudJobs", job_id: str) -> dict[str, Any]:
    """Wait for a job on AWS Batch, show the end of its log; return how it ended."""

    def report(job: "CloudJob") -> None:
        stderr.print(f"{job_id}: {job.status}", markup=False)

    seconds = float(os.environ.get("TRIGGER_POLL_SECONDS") or _CLOUD_POLL_SECONDS)
    job = jobs.follow(job_id, on_status_change=report, poll_seconds=seconds)
    for line in jobs.log_tail(job):
        stderr.print(line, markup=False)
    return {"status": job.status, "detail": job.detail}
