"""Requests that no refresh answers are seen, also while one stuck job absorbs every trigger."""

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.jobs import staleness
from api.jobs.coalescing import WAITING, Job, JobStatus, decide
from api.jobs.staleness import JobTimes, unanswered_since

HOUR = 3600.0
UNDER_WAY = {JobStatus.STARTING, JobStatus.RUNNING}


class Refresh:
    """A job of the model: what Batch shows of it, and when its process read the database."""

    def __init__(self, created: float) -> None:
        self.status = JobStatus.RUNNABLE
        self.created = created
        self.started: float | None = None
        self.ended: float | None = None
        self.read: float | None = None

    def times(self) -> JobTimes:
        return JobTimes(self.status, self.created, self.started, self.ended)


class StuckJobs(RuleBasedStateMachine):
    """A queue of one slot whose jobs may wait forever, fail, or be canceled while they wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.jobs: list[Refresh] = []
        self.writes: list[float] = []
        self.published = -1.0

    def _in(self, states: Any) -> list[Refresh]:
        return [job for job in self.jobs if job.status in states]

    def _end(self, job: Refresh, status: JobStatus) -> None:
        self.now += 1
        job.status, job.ended = status, self.now

    @rule(seconds=st.integers(1, 10_000))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def write(self) -> None:
        self.now += 1
        self.writes.append(self.now)
        seen = [Job(str(number), job.status) for number, job in enumerate(self.jobs)]
        if decide(seen).absorbed_by is None:
            self.jobs.append(Refresh(self.now))

    @precondition(lambda self: self._in(WAITING) and not self._in(UNDER_WAY))
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        self.now += 1
        job = data.draw(st.sampled_from(self._in(WAITING)))
        job.status, job.started = JobStatus.RUNNING, self.now

    @precondition(lambda self: self._in(UNDER_WAY))
    @rule()
    def read_the_database(self) -> None:
        (job,) = self._in(UNDER_WAY)
        self.now += 1
        job.read = self.now if job.read is None else job.read

    @precondition(lambda self: self._in(UNDER_WAY))
    @rule()
    def interrupt(self) -> None:
        (job,) = self._in(UNDER_WAY)
        job.status, job.read = JobStatus.RUNNABLE, None

    @precondition(lambda self: any(job.read is not None for job in self._in(UNDER_WAY)))
    @rule()
    def publish(self) -> None:
        (job,) = self._in(UNDER_WAY)
        assert job.read is not None
        self.published = job.read
        self._end(job, JobStatus.SUCCEEDED)

    @precondition(lambda self: self._in(UNDER_WAY))
    @rule()
    def fail(self) -> None:
        self._end(self._in(UNDER_WAY)[0], JobStatus.FAILED)

    @precondition(lambda self: self._in(WAITING))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Do what the queue's time limit does to a job that is stuck in RUNNABLE."""
        self._end(data.draw(st.sampled_from(self._in(WAITING))), JobStatus.FAILED)

    @invariant()
    def no_unpublished_write_goes_unseen(self) -> None:
        since = staleness.unanswered_since(job.times() for job in self.jobs)
        for written in self.writes:
            if written > self.published:
                assert since is not None
                assert since <= written

    @invariant()
    def a_queue_of_successes_raises_no_alarm(self) -> None:
        if not [job for job in self.jobs if job.status is not JobStatus.SUCCEEDED]:
            assert staleness.unanswered_since(job.times() for job in self.jobs) is None


TestStuckJobs = StuckJobs.TestCase
TestStuckJobs.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_model_catches_a_rule_that_forgets_failures() -> None:
    def forgetful(jobs: Any) -> float | None:
        return unanswered_since(job for job in jobs if job.status is not JobStatus.FAILED)

    with patch.object(staleness, "unanswered_since", forgetful), pytest.raises(AssertionError):
        run_state_machine_as_test(
            StuckJobs,
            settings=settings(
                max_examples=500,
                stateful_step_count=40,
                deadline=None,
                database=None,
                report_multiple_bugs=False,
            ),
        )


def test_stuck_job_absorbs_writes_but_ages() -> None:
    model = StuckJobs()
    for _ in range(1000):
        model.write()
        model.wait(600)
    [stuck] = model.jobs
    assert stuck.status is JobStatus.RUNNABLE
    since = unanswered_since([stuck.times()])
    assert since == model.writes[0]
    assert model.now - since > 160 * HOUR


def test_write_after_cancellation_starts_anew() -> None:
    model = StuckJobs()
    model.write()
    model._end(model.jobs[0], JobStatus.FAILED)
    model.write()
    first, second = model.jobs
    assert second.status is JobStatus.RUNNABLE
    assert unanswered_since([first.times(), second.times()]) == first.created
    second.status, second.started, second.ended = JobStatus.SUCCEEDED, model.now + 1, model.now + 2
    assert unanswered_since([first.times(), second.times()]) is None
