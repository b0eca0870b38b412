"""A burst of triggers: at most one more run, and the last write is in the final snapshot."""

import itertools
import multiprocessing
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from api.jobs.coalescing import Job, JobStatus, decide
from api.jobs.local_queue import LocalQueue
from api.jobs.worker import run_worker
from api.settings import Settings


class Coalescing(RuleBasedStateMachine):
    """Writers, triggers, and one worker, with lists that may be stale as Batch's are.

    The model: ``written`` counts writes; a run reads it at some instant after it begins and
    publishes it when it ends. A trigger lists the jobs, time passes, each is described anew by its
    id (which is exact), and it decides. A job that was submitted moments ago may be missing from a
    list, so triggers may submit one too many; they may never submit one too few.
    """

    def __init__(self) -> None:
        super().__init__()
        self.written = 0
        self.published = 0
        self.jobs: dict[str, JobStatus] = {}
        self.read: dict[str, int] = {}
        self.hidden: set[str] = set()
        self.names = itertools.count()
        self.submitted_since_begun = 0

    def _trigger(self, see_all: bool) -> None:
        seen = [
            Job(name, status)
            for name, status in self.jobs.items()
            if status not in (JobStatus.SUCCEEDED, JobStatus.FAILED)
            and (see_all or name not in self.hidden)
        ]
        if decide(seen).absorbed_by is None:
            name = f"job-{next(self.names):04}"
            self.jobs[name] = JobStatus.RUNNABLE
            self.hidden.add(name)
            if see_all:
                self.submitted_since_begun += 1

    @rule()
    def write_and_trigger(self) -> None:
        self.written += 1
        self._trigger(see_all=True)

    @rule(times=st.integers(2, 1000))
    def burst(self, times: int) -> None:
        for _ in range(times):
            self.written += 1
            self._trigger(see_all=True)

    @rule()
    def write_and_trigger_by_a_stale_list(self) -> None:
        self.written += 1
        self._trigger(see_all=False)

    @rule()
    def the_list_catches_up(self) -> None:
        self.hidden.clear()

    def _in(self, *statuses: JobStatus) -> list[str]:
        return sorted(name for name, status in self.jobs.items() if status in statuses)

    @precondition(lambda self: self._in(JobStatus.RUNNABLE) and not self._in(JobStatus.RUNNING))
    @rule()
    def begin(self) -> None:
        self.jobs[self._in(JobStatus.RUNNABLE)[0]] = JobStatus.RUNNING
        self.submitted_since_begun = 0

    @precondition(lambda self: self._in(JobStatus.RUNNING))
    @rule()
    def read_the_database(self) -> None:
        self.read.setdefault(self._in(JobStatus.RUNNING)[0], self.written)

    @precondition(lambda self: self._in(JobStatus.RUNNING))
    @rule(interrupted=st.booleans())
    def end(self, interrupted: bool) -> None:
        name = self._in(JobStatus.RUNNING)[0]
        if interrupted:  # goes back to waiting and reads anew
            self.read.pop(name, None)
            self.jobs[name] = JobStatus.RUNNABLE
            return
        self.published = max(self.published, self.read.pop(name, self.written))
        self.jobs[name] = JobStatus.SUCCEEDED

    @invariant()
    def no_write_is_forgotten(self) -> None:
        """Some job that has not read the database yet, or has read the last write, is under way."""
        if self.published == self.written:
            return
        waiting = self._in(JobStatus.RUNNABLE)
        running = self._in(JobStatus.RUNNING)
        assert waiting or any(self.read.get(name, self.written) == self.written for name in running)

    @invariant()
    def a_burst_adds_one_run(self) -> None:
        assert self.submitted_since_begun <= 1

    def teardown(self) -> None:
        while self._in(JobStatus.RUNNABLE, JobStatus.RUNNING):
            if not self._in(JobStatus.RUNNING):
                self.begin()
            self.read_the_database()
            self.end(interrupted=False)
        assert self.published == self.written


Coalescing.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestCoalescing = Coalescing.TestCase

#: A refresh in short: reads the counter, lasts until the burst is over, publishes what it read.
_REFRESH = """
import json, os, sqlite3, time
from pathlib import Path
with open(os.environ["RUNS"], "a") as log: log.write("run\\n")
time.sleep(0.2)
n, = sqlite3.connect(os.environ["WRITES"]).execute("SELECT count(*) FROM writes").fetchone()
while not Path(os.environ["OVER"]).exists(): time.sleep(0.05)
Path(os.environ["PUBLISHED"]).write_text(str(n))
print(json.dumps({"changed": True, "snapshot_id": str(n)}))
"""


def _write_and_submit(queue: str, writes: str, times: int, gate: "object") -> None:
    assert hasattr(gate, "wait")
    gate.wait()
    for _ in range(times):
        with closing(sqlite3.connect(writes, timeout=60)) as connection, connection:
            connection.execute("INSERT INTO writes VALUES (1)")
        LocalQueue(Path(queue)).submit()


def test_a_thousand_triggers_during_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four processes write and submit 1,000 times while the real worker runs."""
    names = {name: tmp_path / name.lower() for name in ("RUNS", "PUBLISHED", "WRITES", "OVER")}
    for name, path in names.items():
        monkeypatch.setenv(name, str(path))
    with closing(sqlite3.connect(names["WRITES"])) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE writes (x)")
    settings_ = Settings(refresh_queue=tmp_path / "queue.db")
    stop = threading.Event()
    worker = threading.Thread(
        target=run_worker,
        args=(settings_,),
        kwargs={
            "stopping": stop.is_set,
            "poll_seconds": 0.05,
            "command": (sys.executable, "-c", _REFRESH),
        },
    )
    worker.start()
    context = multiprocessing.get_context("spawn")
    gate = context.Event()
    writers = [
        context.Process(
            target=_write_and_submit,
            args=(str(settings_.refresh_queue), str(names["WRITES"]), 250, gate),
        )
        for _ in range(4)
    ]
    try:
        for writer in writers:
            writer.start()
        queue = LocalQueue(settings_.refresh_queue)
        queue.submit()
        while not any(job.status is JobStatus.RUNNING for job in queue.jobs()):
            pass
        gate.set()
        for writer in writers:
            writer.join(120)
            assert writer.exitcode == 0
        names["OVER"].touch()
        for _ in range(1200):
            if all(job.finished_at for job in queue.jobs()):
                break
            stop.wait(0.05)
    finally:
        names["OVER"].touch()
        stop.set()
        worker.join()
        for writer in writers:
            writer.kill()
    assert names["PUBLISHED"].read_text() == "1000"
    runs = len(names["RUNS"].read_text().splitlines())
    jobs = queue.jobs()
    assert runs == len(jobs) == 2
