"""The rule by which a trigger either submits a refresh or relies on one that is already waiting.

Pure, and standard library only: the trigger's Lambda package contains this file and ``trigger.py``,
nothing else.

The rule: a waiting job absorbs every trigger, because it reads the database later than now. A
running job may have read it already, so it absorbs none, and each trigger during its run finds or
creates the one job that waits behind it. No change is missed, and however many triggers arrive
during a run, at most one more job follows.

A job that is STARTING counts as running. Batch learns from ECS that a container has begun after an
unspecified delay, so the process may already be reading the database. If that assumption is wrong,
it costs one refresh that finds nothing changed; the opposite assumption would lose a change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class JobStatus(StrEnum):
    """AWS Batch's job states, in the order in which a job goes through them.

    A job whose attempt was interrupted goes back to RUNNABLE and reads the database again, like one
    that never ran.
    """

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


_STAGE = {status: stage for stage, status in enumerate(JobStatus)}

#: The process has certainly not begun, so it has not read the database.
WAITING = frozenset({JobStatus.SUBMITTED, JobStatus.PENDING, JobStatus.RUNNABLE})


@dataclass(frozen=True)
class Job:
    """A refresh job as last seen.

    Attributes
    ----------
    job_id
        Its id.
    status
        Its state.
    """

    job_id: str
    status: JobStatus


@dataclass(frozen=True)
class Decision:
    """What a trigger has to do.

    Attributes
    ----------
    absorbed_by
        The waiting job that covers the trigger; None if a job must be submitted.
    """

    absorbed_by: Job | None


def decide(jobs: Iterable[Job]) -> Decision:
    """Decide, given the jobs that have not ended.

    If a job is listed more than once, its furthest state counts: the lists are read one after the
    other, and mistaking a running job for a waiting one loses a change, while the reverse costs one
    run. Of several waiting jobs, the one furthest from reading the database absorbs.

    Examples
    --------
    >>> decide([]).absorbed_by is None
    True
    >>> decide([Job("a", JobStatus.RUNNING)]).absorbed_by is None
    True
    >>> decide([Job("a", JobStatus.RUNNING), Job("b", JobStatus.RUNNABLE)]).absorbed_by.job_id
    'b'
    """
    furthest: dict[str, Job] = {}
    for job in jobs:
        known = furthest.get(job.job_id)
        if known is None or _STAGE[job.status] > _STAGE[known.status]:
            furthest[job.job_id] = job
    waiting = [job for job in furthest.values() if job.status in WAITING]
    return Decision(
        absorbed_by=min(waiting, key=lambda job: (_STAGE[job.status], job.job_id), default=None)
    )
