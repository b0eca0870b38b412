"""Which refreshes a trigger needs, decided over the jobs that are under way.

Pure, and of the standard library alone: the trigger's Lambda package holds this file and
``trigger.py``, nothing else.

The rule: a job that waits absorbs every trigger, since it reads the database later than now. One
that runs may have read it already, so it absorbs none, and each trigger during it finds or makes
the one job that waits behind it. No change is missed, and however many triggers arrive during a
run, at most one more job follows.

A job that is STARTING counts as one that runs. Batch hears from ECS that a container has begun, and
nobody says how soon, so the process may be reading the database while its job still looks as if it
were about to. The price of being wrong is one refresh that finds nothing changed; of the contrary,
a change that nobody ever sees.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class JobStatus(StrEnum):
    """AWS Batch's job states, in the order in which a job goes through them.

    A job whose attempt was interrupted goes back to RUNNABLE and reads the database anew: as good
    as one that never ran.
    """

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


_STAGE = {status: stage for stage, status in enumerate(JobStatus)}

#: Those of a job whose process has certainly not begun, and so has not read the database.
WAITING = frozenset({JobStatus.SUBMITTED, JobStatus.PENDING, JobStatus.RUNNABLE})

#: Those of a job whose process may have read the database.
UNDER_WAY = frozenset({JobStatus.STARTING, JobStatus.RUNNING})


@dataclass(frozen=True)
class Job:
    """A refresh job, as it was last seen.

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
    """What a trigger needs.

    Attributes
    ----------
    absorbed_by
        The waiting job that does what the trigger asks for; None if a job must be submitted.
    running
        Jobs that run, or may, for the log.
    """

    absorbed_by: Job | None
    running: tuple[Job, ...]


def decide(jobs: Iterable[Job]) -> Decision:
    """Decide over the jobs that are under way.

    A job listed more than once counts where it is furthest: lists are read one after the other,
    and taking a running job for a waiting one loses a change, while the reverse costs one run.
    Of several that wait, the one furthest from reading the database absorbs.

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
        absorbed_by=min(waiting, key=lambda job: (_STAGE[job.status], job.job_id), default=None),
        running=tuple(job for job in furthest.values() if job.status in UNDER_WAY),
    )
