"""Following a refresh to its end, with its progress on stderr."""

import os
import time
from typing import TYPE_CHECKING, Any

from api.cli.console import stderr

if TYPE_CHECKING:
    from api.jobs.cloud_jobs import CloudJob, CloudJobs
    from api.jobs.local_queue import LocalQueue

_LOCAL_POLL_SECONDS = 0.2
#: As for scripts/trigger-analytics-refresh.sh.
_CLOUD_POLL_SECONDS = 10.0


def follow_local_job(queue: "LocalQueue", job_id: str) -> dict[str, Any]:
    """Wait for a job of the local queue; return how it ended."""
    from api.jobs.local_queue import QueueError

    seen: tuple[str, int] | None = None
    while True:
        job = queue.job(job_id)
        if job is None:
            raise QueueError(f"Job {job_id} has left the queue. See: cocktaildb status")
        if (job.status, job.attempt) != seen:
            if job.started_at is None:
                note = " (waiting for: cocktaildb worker)"
            elif job.finished_at is None and job.detail:
                note = f" (attempt {job.attempt}: {job.detail})"
            else:
                note = ""
            stderr.print(f"{job_id}: {job.status}{note}")
        seen = (job.status, job.attempt)
        if job.finished_at is not None:
            stderr.print(job.detail or "")
            return {"status": job.status, "detail": job.detail}
        time.sleep(_LOCAL_POLL_SECONDS)


def follow_cloud_job(jobs: "CloudJobs", job_id: str) -> dict[str, Any]:
    """Wait for a job on AWS Batch, show the end of its log; return how it ended."""

    def report(job: "CloudJob") -> None:
        stderr.print(f"{job_id}: {job.status}")

    seconds = float(os.environ.get("TRIGGER_POLL_SECONDS") or _CLOUD_POLL_SECONDS)
    job = jobs.follow(job_id, on_status_change=report, poll_seconds=seconds)
    for line in jobs.log_tail(job):
        stderr.print(line)
    return {"status": job.status, "detail": job.detail}
