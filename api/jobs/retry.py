"""When a refresh that failed is tried again: exponential backoff with jitter, without an end.

A failure is never final, because a write has to be followed once the cause is gone: a full disk, a
locked database, a network. A new request shortens the wait, since whoever wrote or triggered may
just have removed the cause.
"""

import random
import time
from collections.abc import Callable

from api.jobs.coalescing import JobStatus
from api.jobs.local_queue import QueuedJob

#: Seconds before the second attempt; doubled after each further failure up to the maximum.
BASE_SECONDS, MAX_SECONDS = 1.0, 300.0
#: The longest wait after a new request.
REQUESTED_SECONDS = 5.0


def backoff(failures: int, fraction: float) -> float:
    """Return the seconds to wait after ``failures`` failures in a row.

    ``fraction``, from 0 to 1, spreads retries of several machines over half of the wait.

    Examples
    --------
    >>> [backoff(failures, 1.0) for failures in (0, 1, 2, 5, 50)]
    [1.0, 1.0, 2.0, 16.0, 300.0]
    >>> backoff(2, 0.0)
    1.0
    """
    longest = min(MAX_SECONDS, BASE_SECONDS * 2.0 ** min(max(failures - 1, 0), 30))
    return longest * (1 + fraction) / 2


class RetrySchedule:
    """Decides when the job that did not publish is due again.

    It lives in the worker's memory and uses a monotonic clock: setting the clock does not move it,
    and a new worker tries at once.

    Parameters
    ----------
    clock, fraction
        A monotonic clock in seconds, and random numbers from 0 to 1.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._fraction = fraction
        self._last: QueuedJob | None = None
        self._due = 0.0
        self._due_if_requested = 0.0

    def record(self, job: QueuedJob) -> None:
        """Take note of how an attempt left its job."""
        if job.status is JobStatus.SUCCEEDED:
            self._last = None
            return
        wait = backoff(job.failures, self._fraction())
        self._last = job
        self._due = self._clock() + wait
        self._due_if_requested = self._clock() + min(wait, REQUESTED_SECONDS)

    def is_due(self, job: QueuedJob) -> bool:
        """Return whether a waiting job may be started now."""
        if self._last is None or self._last.job_id != job.job_id:
            return True
        requested = job.requests > self._last.requests
        return self._clock() >= (self._due_if_requested if requested else self._due)
