"""The coalescing rule, alone, over every history that hypothesis thinks of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from api.jobs.coalescing import WAITING, Job, JobStatus, decide

UNDER_WAY = (JobStatus.STARTING, JobStatus.RUNNING)

jobs = st.lists(st.builds(Job, st.sampled_from("abcdef"), st.sampled_from(JobStatus)))


@given(jobs)
def test_only_a_job_that_certainly_waits_absorbs(seen: list[Job]) -> None:
    stages = list(JobStatus)
    furthest = {
        job_id: max((job.status for job in seen if job.job_id == job_id), key=stages.index)
        for job_id in {job.job_id for job in seen}
    }
    waiting = {job_id for job_id, status in furthest.items() if status in WAITING}
    decision = decide(seen)
    if waiting:
        assert decision.absorbed_by is not None
        assert decision.absorbed_by.job_id in waiting
    else:
        assert decision.absorbed_by is None


@given(jobs.flatmap(lambda seen: st.tuples(st.just(seen), st.permutations(seen))))
def test_the_order_of_jobs_does_not_matter(
    both: tuple[list[Job], list[Job]],
) -> None:
    seen, shuffled = both
    assert decide(shuffled).absorbed_by == decide(seen).absorbed_by


class OneJobAtATime(RuleBasedStateMachine):
    """A queue that runs one job at a time, and a counter that stands for the database.

    A job's process reads the counter at any moment from STARTING on, whatever Batch says then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.database = 0
        self.published = 0
        self.made = 0
        self.status: dict[str, JobStatus] = {}
        self.read: dict[str, int] = {}

    def _in(self, *states: JobStatus) -> list[str]:
        return [job for job, status in self.status.items() if status in states]

    @rule(times=st.integers(1, 1000))
    def write_and_trigger(self, times: int) -> None:
        before = len(self._in(*WAITING))
        for _ in range(times):
            self.database += 1
            seen = [Job(job, status) for job, status in self.status.items()]
            if decide(seen).absorbed_by is None:
                self.made += 1
                self.status[f"{self.made:04}"] = JobStatus.RUNNABLE
        assert len(self._in(*WAITING)) == max(before, 1)

    @precondition(lambda self: self._in(*WAITING) and not self._in(*UNDER_WAY))
    @rule()
    def start(self) -> None:
        self.status[min(self._in(*WAITING))] = JobStatus.STARTING

    @precondition(lambda self: self._in(*UNDER_WAY))
    @rule()
    def read_the_database(self) -> None:
        (job,) = self._in(*UNDER_WAY)
        self.read.setdefault(job, self.database)

    @precondition(lambda self: self._in(JobStatus.STARTING))
    @rule()
    def hear_that_it_runs(self) -> None:
        (job,) = self._in(JobStatus.STARTING)
        self.status[job] = JobStatus.RUNNING

    @precondition(lambda self: self._in(JobStatus.RUNNING))
    @rule()
    def interrupt(self) -> None:
        (job,) = self._in(JobStatus.RUNNING)
        self.status[job] = JobStatus.RUNNABLE
        self.read.pop(job, None)

    @precondition(lambda self: any(job in self.read for job in self._in(JobStatus.RUNNING)))
    @rule()
    def publish(self) -> None:
        (job,) = self._in(JobStatus.RUNNING)
        self.published = self.read[job]
        self.status[job] = JobStatus.SUCCEEDED

    @invariant()
    def what_was_written_is_published_or_will_be(self) -> None:
        """If nothing is written any more, the last snapshot holds the last write."""
        unread = [job for job in self._in(*UNDER_WAY) if job not in self.read]
        reading = [self.read[job] for job in self._in(*UNDER_WAY) if job in self.read]
        assert (
            self.published == self.database
            or self.database in reading
            or unread
            or self._in(*WAITING)
        )

    @invariant()
    def few_jobs_are_open(self) -> None:
        """One that runs and one that waits; after an interruption, both wait."""
        assert len(self._in(*WAITING, *UNDER_WAY)) <= 2


TestOneJobAtATime = OneJobAtATime.TestCase
TestOneJobAtATime.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_wrong_rules_are_caught() -> None:
    """The model can fail: a job that may have read the database must not absorb."""
    from unittest.mock import patch

    from hypothesis.stateful import run_state_machine_as_test

    with (
        patch("api.jobs.coalescing.WAITING", WAITING | {JobStatus.STARTING}),
        pytest.raises(AssertionError),
    ):
        run_state_machine_as_test(
            OneJobAtATime,
            settings=settings(
                max_examples=500, stateful_step_count=40, deadline=None, database=None
            ),
        )
