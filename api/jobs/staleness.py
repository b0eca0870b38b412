"""Since when a request for a refresh has gone unanswered, from the jobs that Batch remembers.

Pure, and standard library only: the trigger's Lambda package contains this file.

Coalescing hides a stuck job: while it waits, it absorbs every trigger, and nothing fails. The age
of the oldest unanswered request shows it, whatever the reason: no capacity, a broken compute
environment, a job that failed and that nobody triggered again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from api.jobs.coalescing import JobStatus


@dataclass(frozen=True)
class JobTimes:
    """A refresh job's state and times.

    Attributes
    ----------
    status
        Its state.
    created
        When it was submitted, in seconds since 1970. Requests that it absorbed came later.
    started
        When its last attempt began; None if none has.
    ended
        When it succeeded or failed; None before.
    """

    status: JobStatus
    created: float
    started: float | None = None
    ended: float | None = None


def unanswered_since(jobs: Iterable[JobTimes]) -> float | None:
    """Return a time no later than the oldest request that no successful refresh has answered.

    A success answers every request up to its own submission: whatever it did not absorb while it
    waited has a job of its own, submitted later. Of older jobs only those count that were still
    open when it started, because they may have absorbed a request that it did not see.

    Returns
    -------
    float or None
        In seconds since 1970; None if every request has been answered.

    Examples
    --------
    >>> unanswered_since([JobTimes(JobStatus.RUNNABLE, created=100.0)])
    100.0
    >>> done = JobTimes(JobStatus.SUCCEEDED, created=200.0, started=250.0, ended=260.0)
    >>> unanswered_since([JobTimes(JobStatus.FAILED, 100.0, 110.0, 120.0), done]) is None
    True
    """
    known = list(jobs)
    done = [job for job in known if job.status is JobStatus.SUCCEEDED]
    others = [job for job in known if job.status is not JobStatus.SUCCEEDED]
    if not done:
        return min((job.created for job in others), default=None)
    answered = max(done, key=lambda job: job.created)
    read_after = answered.created if answered.started is None else answered.started
    return min(
        (
            max(job.created, answered.created)
            for job in others
            if job.ended is None or job.created > answered.created or job.ended > read_after
        ),
        default=None,
    )
