"""The local queue: any number of processes at once, workers that die, files that are damaged."""

import errno
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.jobs.coalescing import JobStatus
from api.jobs.local_queue import (
    HISTORY,
    LocalQueue,
    QueueError,
    QueueOwnedError,
)

#: Waits for the start signal, submits `count` times, prints the ids that it was given.
_SUBMITTER = """
import sys
from pathlib import Path
from api.jobs.local_queue import LocalQueue
queue, count = LocalQueue(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(count):
    submission = queue.submit()
    print(submission.job.job_id, submission.absorbed, flush=True)
"""

#: Holds the queue, claims what waits, says so, and never ends.
_HOLDER = """
import sys, time
from pathlib import Path
from api.jobs.local_queue import LocalQueue
with LocalQueue(Path(sys.argv[1])).owned() as owned:
    print(owned.claim().job_id, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def queue(tmp_path: Path) -> LocalQueue:
    return LocalQueue(tmp_path / "below" / "queue.db")


def _submit_at_once(queue: LocalQueue, processes: int, each: int) -> list[tuple[str, bool]]:
    """Submit from many processes that start at the same moment."""
    submitters = [
        subprocess.Popen(
            [sys.executable, "-c", _SUBMITTER, str(queue.path), str(each)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for submitter in submitters:
        assert submitter.stdout is not None
        assert submitter.stdout.readline() == "ready\n"
    for submitter in submitters:
        assert submitter.stdin is not None
        submitter.stdin.write("go\n")
        submitter.stdin.flush()
    given = []
    for submitter in submitters:
        output, _ = submitter.communicate(timeout=60)
        assert submitter.returncode == 0
        for line in output.splitlines():
            job_id, absorbed = line.split()
            given.append((job_id, absorbed == "True"))
    return given


def test_a_burst_from_many_processes_makes_one_job(queue: LocalQueue) -> None:
    """Also the first submissions to a file that does not exist yet."""
    given = _submit_at_once(queue, processes=8, each=25)
    assert len(given) == 200
    (job,) = queue.jobs()
    assert {job_id for job_id, _ in given} == {job.job_id}
    assert Counter(absorbed for _, absorbed in given) == {True: 199, False: 1}


def test_a_burst_during_a_run_queues_one_job(queue: LocalQueue) -> None:
    first = queue.submit().job
    with queue.owned() as owned:
        claimed = owned.claim()
        assert claimed is not None
        assert (claimed.job_id, claimed.status) == (first.job_id, JobStatus.RUNNING)
        given = _submit_at_once(queue, processes=8, each=25)
        follow_up, running = queue.jobs()
        assert running.job_id == first.job_id
        assert {job_id for job_id, _ in given} == {follow_up.job_id}

        owned.succeed(first.job_id, "done")
        next_claimed = owned.claim()
        assert next_claimed is not None
        assert next_claimed.job_id == follow_up.job_id
        owned.succeed(follow_up.job_id, "done")
        assert owned.claim() is None
    assert not queue.submit().absorbed  # nothing waits any more


def test_a_job_records_its_history(queue: LocalQueue) -> None:
    assert queue.jobs() == []
    assert not queue.path.exists()  # looking makes nothing
    before = datetime.now(UTC)
    submitted = queue.submit().job
    assert (submitted.attempt, submitted.detail, submitted.started_at) == (0, None, None)
    assert before <= submitted.submitted_at <= datetime.now(UTC)
    assert queue.jobs() == [submitted]
    with queue.owned() as owned:
        owned.claim()
        running = queue.job(submitted.job_id)
        assert running is not None
        assert running.started_at is not None
        assert (running.status, running.attempt) == (JobStatus.RUNNING, 1)
        owned.succeed(submitted.job_id, "published")
    ended = queue.job(submitted.job_id)
    assert ended is not None
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert ended.submitted_at <= ended.started_at <= ended.finished_at
    assert (ended.status, ended.detail) == (JobStatus.SUCCEEDED, "published")
    assert queue.job("another") is None


def test_jobs_come_newest_first_and_history_is_bounded(queue: LocalQueue) -> None:
    ids = []
    with queue.owned() as owned:
        for number in range(HISTORY + 3):
            ids.append(queue.submit().job.job_id)
            owned.claim()
            owned.succeed(ids[-1], str(number))
        waiting = queue.submit().job.job_id
    listed = [job.job_id for job in queue.jobs(limit=10_000)]
    assert listed == [waiting, *reversed(ids[3:])]
    assert [job.job_id for job in queue.jobs(limit=2)] == listed[:2]


def test_second_worker_is_refused_until_first_dies(queue: LocalQueue) -> None:
    """SIGKILL leaves no time to clean up; the kernel gives the lock back."""
    job = queue.submit().job
    for attempt in range(1, 4):
        worker = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, str(queue.path)], stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        assert worker.stdout.readline() == f"{job.job_id}\n"
        with pytest.raises(QueueOwnedError, match="REFRESH_QUEUE"), queue.owned():
            pass
        seen = queue.job(job.job_id)
        assert seen is not None
        assert (seen.status, seen.attempt) == (JobStatus.RUNNING, attempt)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()

    requeued = queue.job(job.job_id)
    assert requeued is not None
    assert (requeued.attempt, requeued.failures) == (3, 0)  # a worker's death is not its failure


def test_a_childs_lock_outlives_its_worker(queue: LocalQueue) -> None:
    """While a killed worker's refresh runs, no other worker starts one."""
    queue.submit()
    with queue.owned() as owned:
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"],
            stdin=subprocess.PIPE,
            pass_fds=(owned.lock_descriptor,),
        )
    with pytest.raises(QueueOwnedError), queue.owned():
        pass
    child.communicate(b"\n")
    with queue.owned():
        pass


def test_an_interrupted_job_waits_again(queue: LocalQueue) -> None:
    job_id = queue.submit().job.job_id
    with queue.owned() as owned:
        for _ in range(6):
            owned.claim()
            assert owned.requeue(job_id, "stopped", failed=False).failures == 0
        assert queue.submit().job.job_id == job_id  # absorbs again
        for number in range(1, 7):
            owned.claim()
            waiting = owned.requeue(job_id, "out of memory", failed=True)
            assert (waiting.status, waiting.failures) == (JobStatus.RUNNABLE, number)
        owned.claim()
        assert owned.succeed(job_id, "published").failures == 0
        with pytest.raises(QueueError, match="no job"):
            owned.requeue("another", "stopped", failed=False)


def test_a_job_that_is_not_due_is_left(queue: LocalQueue) -> None:
    queue.submit()
    with queue.owned() as owned:
        assert owned.claim(lambda job: False) is None
        assert queue.jobs()[0].attempt == 0
        queue.submit()
        claimed = owned.claim(lambda job: job.requests == 2)
        assert claimed is not None


def test_a_queue_of_an_earlier_release_is_read(queue: LocalQueue) -> None:
    queue.path.parent.mkdir()
    with closing(sqlite3.connect(queue.path)) as connection, connection:
        connection.execute(
            "CREATE TABLE refresh_jobs (number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT "
            "NULL UNIQUE, status TEXT NOT NULL, submitted_at TEXT NOT NULL, started_at TEXT, "
            "finished_at TEXT, attempt INTEGER NOT NULL DEFAULT 0, detail TEXT)"
        )
        connection.execute(
            "INSERT INTO refresh_jobs (job_id, status, submitted_at) VALUES ('old', 'RUNNABLE', ?)",
            (datetime.now(UTC).isoformat(),),
        )
    assert [job.job_id for job in queue.jobs()] == ["old"]
    assert queue.submit().job.job_id == "old"
    with queue.owned() as owned:
        claimed = owned.claim()
        assert claimed is not None
        assert (claimed.job_id, claimed.requests, claimed.failures) == ("old", 2, 0)


@pytest.mark.parametrize(
    ("column", "value"),
    [("status", "ODD"), ("submitted_at", "yesterday"), ("started_at", 7), ("failures", "many")],
)
def test_a_damaged_row_names_the_remedy(queue: LocalQueue, column: str, value: object) -> None:
    queue.submit()
    with closing(sqlite3.connect(queue.path)) as connection, connection:
        connection.execute(f"UPDATE refresh_jobs SET {column} = ?", (value,))
    with pytest.raises(QueueError, match="Remove it"):
        queue.jobs()


def test_a_queue_is_private(queue: LocalQueue) -> None:
    before = os.umask(0)
    try:
        queue.submit()
        with queue.owned():
            pass
    finally:
        os.umask(before)
    files = [*queue.path.parent.iterdir()]
    assert {path.name for path in files} == {"queue.db", "queue.db.lock"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o640}
    assert queue.path.parent.stat().st_mode & 0o777 == 0o750


def test_missing_locks_are_reported(queue: LocalQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(QueueError, match=r"no working locks.*REFRESH_QUEUE"), queue.owned():
        pass


def test_killed_submitters_leave_a_sound_queue(queue: LocalQueue) -> None:
    """A job is in the queue whole or not at all, and nobody is locked out."""
    for delay in (0.0, 0.001, 0.003, 0.01):
        submitter = subprocess.Popen(
            [
                sys.executable,
                "-c",
                # Each turn writes: what waits is claimed, so the next submission makes a job.
                "import sys; from pathlib import Path; from api.jobs.local_queue import *\n"
                "queue = LocalQueue(Path(sys.argv[1]))\n"
                "with queue.owned() as owned:\n"
                "    print('ready', flush=True)\n"
                "    while True: queue.submit(); owned.claim()",
                str(queue.path),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert submitter.stdout is not None
        assert submitter.stdout.readline() == "ready\n"
        time.sleep(0.05 + delay)
        submitter.kill()
        submitter.communicate()
        assert queue.jobs()  # readable at once, before any writer has come
        job = queue.submit().job
        assert job in queue.jobs()


def test_an_unusable_queue_error_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(QueueError, match="REFRESH_QUEUE"):
        LocalQueue(tmp_path / "file" / "queue.db").submit()
    with pytest.raises(QueueError, match="REFRESH_QUEUE"), LocalQueue(tmp_path).owned() as owned:
        owned.claim()

    damaged = tmp_path / "queue.db"
    damaged.write_bytes(os.urandom(4096))
    for use in (LocalQueue(damaged).submit, LocalQueue(damaged).jobs):
        with pytest.raises(QueueError, match=r"queue\.db .* Remove it"):
            use()
    damaged.unlink()
    assert not LocalQueue(damaged).submit().absorbed
