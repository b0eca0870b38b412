"""When a failed refresh is due again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.jobs.coalescing import JobStatus
from api.jobs.local_queue import QueuedJob
from api.jobs.retry import BASE_SECONDS, MAX_SECONDS, REQUESTED_SECONDS, RetrySchedule, backoff


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_the_wait_is_bounded(failures: int, fraction: float) -> None:
    assert BASE_SECONDS / 2 <= backoff(failures, fraction) <= MAX_SECONDS
    assert backoff(failures, fraction) <= backoff(failures + 1, fraction)


def _job(failures: int, requests: int = 1, job_id: str = "a") -> QueuedJob:
    return QueuedJob(
        job_id, JobStatus.RUNNABLE, datetime.now(UTC), failures=failures, requests=requests
    )


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def schedule(clock: list[float]) -> RetrySchedule:
    return RetrySchedule(lambda: clock[0], lambda: 1.0)


def test_a_failed_job_waits(schedule: RetrySchedule, clock: list[float]) -> None:
    assert schedule.is_due(_job(5))  # by another worker's memory: tried at once
    schedule.record(_job(5))
    assert not schedule.is_due(_job(5))
    assert schedule.is_due(_job(0, job_id="another"))
    clock[0] = backoff(5, 1.0)
    assert schedule.is_due(_job(5))


def test_a_new_request_shortens_the_wait(schedule: RetrySchedule, clock: list[float]) -> None:
    schedule.record(_job(20))
    clock[0] = REQUESTED_SECONDS
    assert not schedule.is_due(_job(20))
    assert schedule.is_due(_job(20, requests=2))
