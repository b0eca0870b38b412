"""Model check on the real queue: if failures end, every committed write is in a snapshot.

A counter represents the database. Writers, requests that get lost, refreshes that fail, workers
that are stopped or killed, and orphaned refreshes interleave in any order that hypothesis finds.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.jobs import coalescing
from api.jobs.coalescing import JobStatus
from api.jobs.local_queue import LocalQueue, OwnedQueue, QueueOwnedError
from api.jobs.retry import MAX_SECONDS, RetrySchedule


class Refresh:
    """A refresh process: it holds the queue's lock until it ends, as a real one does."""

    def __init__(self, job_id: str, lock_descriptor: int) -> None:
        self.job_id = job_id
        self.lock = os.dup(lock_descriptor)
        self.read: int | None = None

    def end(self) -> None:
        os.close(self.lock)


class EveryWriteIsFollowed(RuleBasedStateMachine):
    """The queue, the retry schedule and the rule are real; database and snapshot are counters."""

    reconciles = True
    loses_requests = True

    def __init__(self) -> None:
        super().__init__()
        # In memory where possible: an fsync for each step would take most of the time.
        memory = Path("/dev/shm")
        self.directory = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.queue = LocalQueue(Path(self.directory.name) / "queue.db")
        self.database = 0
        self.published = 0
        self.now = 0.0
        self.worker: ExitStack | None = None
        self.owned: OwnedQueue | None = None
        self.checked = False
        self.schedule = RetrySchedule(lambda: self.now, lambda: 1.0)
        #: The worker's refresh, and those whose workers were killed.
        self.refresh: Refresh | None = None
        self.orphans: list[Refresh] = []

    @rule(times=st.integers(1, 5), requests=st.booleans())
    def write(self, times: int, requests: bool) -> None:
        """Commit, then request a refresh, which may be lost: a full disk, a crash in between."""
        for _ in range(times):
            self.database += 1
            if requests or not self.loses_requests:
                self.queue.submit()

    @precondition(lambda self: self.worker is None)
    @rule()
    def start_worker(self) -> None:
        with ExitStack() as stack:
            try:
                self.owned = stack.enter_context(self.queue.owned())
            except QueueOwnedError:
                assert self.orphans
                return
            self.worker = stack.pop_all()
        assert not self.orphans
        self.schedule = RetrySchedule(lambda: self.now, lambda: 1.0)
        self.checked = False

    @precondition(lambda self: self.owned is not None)
    @rule()
    def check(self) -> None:
        """At the worker's start, and every few minutes."""
        if self.reconciles and self.refresh is None and self.published != self.database:
            self.queue.submit()
        self.checked = True

    @rule(seconds=st.sampled_from([0.5, 10.0, MAX_SECONDS]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.owned is not None and self.refresh is None)
    @rule()
    def claim(self) -> None:
        assert self.owned is not None
        job = self.owned.claim(self.schedule.is_due)
        if job is not None:
            self.refresh = Refresh(job.job_id, self.owned.lock_descriptor)

    def _processes(self) -> list[Refresh]:
        return [*([self.refresh] if self.refresh else []), *self.orphans]

    @precondition(lambda self: self._processes())
    @rule()
    def read_the_database(self) -> None:
        (process,) = self._processes()
        if process.read is None:
            process.read = self.database

    @precondition(lambda self: any(one.read is not None for one in self._processes()))
    @rule()
    def publish(self) -> None:
        (process,) = self._processes()
        assert process.read is not None
        self.published = process.read
        if process is self.refresh:
            assert self.owned is not None
            self.schedule.record(self.owned.succeed(process.job_id, "published"))
        self._end(process)

    @precondition(lambda self: self._processes())
    @rule()
    def fail(self) -> None:
        (process,) = self._processes()
        if process is self.refresh:
            assert self.owned is not None
            self.schedule.record(self.owned.requeue(process.job_id, "disk full", failed=True))
        self._end(process)

    def _end(self, process: Refresh) -> None:
        process.end()
        if process is self.refresh:
            self.refresh = None
        else:
            self.orphans.remove(process)

    @precondition(lambda self: self.worker is not None)
    @rule()
    def stop_worker(self) -> None:
        assert self.worker is not None
        if self.refresh is not None:
            assert self.owned is not None
            self.owned.requeue(self.refresh.job_id, "stopped", failed=False)
            self._end(self.refresh)
        self._leave()

    @precondition(lambda self: self.worker is not None)
    @rule()
    def kill_worker(self) -> None:
        if self.refresh is not None:
            self.orphans.append(self.refresh)
            self.refresh = None
        self._leave()

    def _leave(self) -> None:
        assert self.worker is not None
        self.worker.close()
        self.worker = self.owned = None

    @invariant()
    def one_refresh_runs_at_a_time(self) -> None:
        assert len(self._processes()) <= 1

    @invariant()
    def few_jobs_are_open(self) -> None:
        """One that runs or is tried again, and one that waits behind it."""
        assert len([job for job in self.queue.jobs() if job.finished_at is None]) <= 2

    @invariant()
    def no_job_is_given_up(self) -> None:
        assert not [job for job in self.queue.jobs() if job.status is JobStatus.FAILED]

    def teardown(self) -> None:
        """From here on nothing fails: a few runs later the last write is published."""
        try:
            for orphan in [*self.orphans]:
                self._end(orphan)
            if self.worker is None:
                self.start_worker()
            for _ in range(3):
                self.now += MAX_SECONDS
                if self.refresh is None:
                    # Again and again: a request may have been lost while a refresh ran.
                    self.check()
                    self.claim()
                if self.refresh is not None:
                    self.read_the_database()
                    self.publish()
            assert self.published == self.database
            assert all(job.finished_at is not None for job in self.queue.jobs())
        finally:
            for process in self._processes():
                process.end()
            if self.worker is not None:
                self.worker.close()
            self.directory.cleanup()


_SETTINGS = settings(
    max_examples=80,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestEveryWriteIsFollowed = EveryWriteIsFollowed.TestCase
TestEveryWriteIsFollowed.settings = _SETTINGS


def _check(machine: type[RuleBasedStateMachine], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            _SETTINGS, max_examples=examples, database=None, phases=[Phase.explicit, Phase.generate]
        ),
    )


class WithoutCheck(EveryWriteIsFollowed):
    """Nothing compares the snapshot with the database."""

    reconciles = False


class RuleAlone(WithoutCheck):
    """Every request arrives, and so the coalescing rule has to suffice."""

    loses_requests = False

    @invariant()
    def no_write_is_forgotten(self) -> None:
        """A waiting job will read the last write, or a running one has, or will."""
        if self.published != self.database:
            waiting = [job for job in self.queue.jobs() if job.status is JobStatus.RUNNABLE]
            abandoned = self.worker is None and [
                job for job in self.queue.jobs() if job.status is JobStatus.RUNNING
            ]
            reading = [one for one in self._processes() if one.read in (None, self.database)]
            assert waiting or abandoned or reading


def test_the_model_needs_the_check() -> None:
    """The model can fail: without the comparison a lost request loses a write.

    The search ends with the first failure, which 300 sequences do not always hold.
    """
    with pytest.raises(AssertionError):
        _check(WithoutCheck, 3000)


def test_the_rule_suffices_if_requests_arrive() -> None:
    _check(RuleAlone, 30)


def test_the_model_needs_the_rule() -> None:
    """The model can fail: a job that may have read the database must not absorb."""
    with (
        patch.object(coalescing, "WAITING", coalescing.WAITING | {JobStatus.RUNNING}),
        pytest.raises(AssertionError),
    ):
        _check(RuleAlone, 3000)
