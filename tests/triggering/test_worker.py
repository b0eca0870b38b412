"""The worker: real processes, real databases, and no change that a snapshot lacks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from api.db.database import Database
from api.db.frames import Dataset
from api.jobs import refresh_process, retry
from api.jobs.coalescing import JobStatus
from api.jobs.local_queue import LocalQueue, QueuedJob
from api.jobs.refresh_process import REFRESH_COMMAND
from api.jobs.request_refresh import request_refresh
from api.jobs.worker import run_worker, running_worker
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage
from benchmarks.small_database import first_recipes

#: Long enough for a refresh on a machine where others work too.
DEADLINE = 120.0
RECIPES = 40


def _until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


class Place:
    """A database, a queue and a store of one test's own."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings(
            db_path=directory / "cocktails.db",
            analytics_dir=directory / "analytics",
            refresh_queue=directory / "queue.db",
        )
        self.queue = LocalQueue(self.settings.refresh_queue)
        self._started: list[subprocess.Popen[str]] = []

    def worker(self, *arguments: str) -> subprocess.Popen[str]:
        return self.command("worker", "--poll", "0.05", *arguments)

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli.main", *arguments],
            env={
                **os.environ,
                "DB_PATH": str(self.settings.db_path),
                "ANALYTICS_DIR": str(self.settings.analytics_dir),
                "REFRESH_QUEUE": str(self.settings.refresh_queue),
                "API_TOKEN": "a-token-of-some-length",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def rename(self, recipe_id: int, name: str, *, request: bool = True) -> None:
        database = Database(URL.create("sqlite", database=str(self.settings.sqlite_path)))
        with database.engine.begin() as connection:
            connection.execute(
                text("UPDATE recipes SET name = :name WHERE id = :id"),
                {"name": name, "id": recipe_id},
            )
        database.dispose()
        if request:
            request_refresh(self.settings)

    def names(self) -> dict[int, str]:
        points = AnalyticsStorage.from_settings(self.settings).get_analytics("cocktail-space")
        return {point["recipe_id"]: point["recipe_name"] for point in points or ()}

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def place(tmp_path: Path, make_database: Callable[[Dataset | None], Database]) -> Iterator[Place]:
    assert make_database(first_recipes(RECIPES)).sqlite_path == tmp_path / "cocktails.db"
    made = Place(tmp_path)
    yield made
    made.close()


def test_no_change_is_missed(place: Place) -> None:
    """Writes all through the runs; what was written last is in the last snapshot."""
    worker = place.worker()
    asked = 0
    end = time.monotonic() + 5.0
    while time.monotonic() < end:
        asked += 1
        place.rename(1 + asked % 7, f"Change {asked}")
        time.sleep(0.05)
    _until(
        lambda: all(job.finished_at is not None for job in place.queue.jobs()),
        "an empty queue",
    )
    worker.terminate()
    output, log = worker.communicate(timeout=DEADLINE)
    assert worker.returncode == 0, log

    names = place.names()
    assert {names[1 + number % 7] for number in range(asked - 6, asked + 1)} == {
        f"Change {number}" for number in range(asked - 6, asked + 1)
    }
    ended = [json.loads(line) for line in output.splitlines()]
    assert {job["status"] for job in ended} == {"SUCCEEDED"}
    # A run at a time, and one that waits: fewer runs than requests.
    assert len(ended) == len(place.queue.jobs()) < asked / 2


def test_a_claim_comes_before_the_database_is_read(place: Place) -> None:
    """A refresh that only looks: at its start its own job runs already, and absorbs nothing."""
    place.queue.submit()
    look = (
        "import json, sys; from pathlib import Path\n"
        "from api.jobs.local_queue import LocalQueue\n"
        "queue = LocalQueue(Path(sys.argv[1]))\n"
        "states = [str(job.status) for job in queue.jobs()]\n"
        "print(json.dumps({'changed': True, 'snapshot_id': f'{states} {queue.submit().absorbed}'}))"
    )
    seen: list[QueuedJob] = []
    run_worker(
        place.settings,
        stopping=lambda: len(seen) == 1,
        on_attempt=seen.append,
        command=(sys.executable, "-c", look, str(place.queue.path)),
    )
    assert seen[0].detail == "published snapshot ['RUNNING'] False"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_worker_requeues_its_job(place: Place, number: int) -> None:
    first_id = place.queue.submit().job.job_id
    worker = place.worker()
    _until(lambda: _is_running(place, first_id), "a run")
    second = place.worker()
    _, said = second.communicate(timeout=DEADLINE)
    assert second.returncode == 1
    assert "Another worker" in said

    # Another run, which the signal meets at its beginning.
    _until(lambda: not _is_running(place, first_id), "the end of the run")
    place.rename(1, "Changed", request=False)
    job_id = place.queue.submit().job.job_id
    _until(lambda: _is_running(place, job_id), "a second run")
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    _until(lambda: children.read_text().split(), "the refresh's process")
    (child,) = children.read_text().split()
    worker.send_signal(number)
    output, log = worker.communicate(timeout=DEADLINE)
    assert worker.returncode == 0, log
    assert [json.loads(line)["job_id"] for line in output.splitlines()] == [first_id]
    assert not Path(f"/proc/{child}").exists()
    stopped = place.queue.job(job_id)
    assert stopped is not None
    assert (stopped.status, stopped.attempt, stopped.failures) == (JobStatus.RUNNABLE, 1, 0)
    assert stopped.detail == "stopped together with its worker"
    assert place.queue.submit().job.job_id == job_id  # it waits, and absorbs


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stopped_server_stops_its_refresh(place: Place, number: int) -> None:
    """uvicorn raises SIGTERM again when it has finished: that must not end the worker first."""
    job_id = place.queue.submit().job.job_id
    server = place.command("serve", "--port", "0")
    _until(lambda: _is_running(place, job_id) and _refreshes_of(place), "a run")
    server.send_signal(number)
    _, log = server.communicate(timeout=DEADLINE)
    assert server.returncode == 0, log
    assert _refreshes_of(place) == []
    stopped = place.queue.job(job_id)
    assert stopped is not None
    assert (stopped.status, stopped.failures) == (JobStatus.RUNNABLE, 0)


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for child in path.read_text().split()
    ]


def _refreshes_of(place: Place) -> list[int]:
    """Return every refresh process of this place, orphans included."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes()
            environment = (directory / "environ").read_bytes()
        except OSError:
            continue  # ended meanwhile
        if b"api.analytics.analytics_refresh" in command and (
            str(place.settings.refresh_queue.parent).encode() in environment
        ):
            found.append(int(directory.name))
    return found


def _is_running(place: Place, job_id: str) -> bool:
    job = place.queue.job(job_id)
    return job is not None and job.status is JobStatus.RUNNING


def test_killed_workers_leave_one_refresh(place: Place) -> None:
    """Three SIGKILLs in a row: the job is not to blame, and no two refreshes ever run at once."""
    job_id = place.queue.submit().job.job_id
    for _ in range(3):
        worker = place.worker()

        def taken(worker: subprocess.Popen[str] = worker) -> bool:
            # Until its predecessor's refresh has ended, the next worker is refused.
            if worker.poll() is not None:
                worker.communicate()
                time.sleep(0.1)
                return True
            return _is_running(place, job_id) and bool(_children(worker.pid))

        _until(taken, "a run")
        assert len(_refreshes_of(place)) <= 1
        worker.kill()
        worker.communicate()
    _until(lambda: not _refreshes_of(place), "the orphan's end")

    last = place.worker("--once")
    output, log = last.communicate(timeout=DEADLINE)
    assert last.returncode == 0, log
    assert json.loads(output)["job_id"] == job_id
    ended = place.queue.job(job_id)
    assert ended is not None
    assert (ended.status, ended.failures) == (JobStatus.SUCCEEDED, 0)
    assert len(place.names()) == RECIPES


def test_a_spare_refresh_serves_the_next_write(place: Place) -> None:
    """It runs the next job; killed while it waits it costs no attempt; it ends with its worker."""
    worker = place.worker()
    _until(lambda: place.queue.jobs() and place.queue.jobs()[0].finished_at, "a first refresh")

    _until(lambda: len(_refreshes_of(place)) == 1, "a spare")
    (spare,) = _refreshes_of(place)
    place.rename(1, "By the spare")
    _until(lambda: place.queue.jobs()[0].started_at and len(place.queue.jobs()) == 2, "its start")
    assert _refreshes_of(place) in ([spare], [])
    _until(lambda: place.queue.jobs()[0].finished_at, "its end")
    assert place.names()[1] == "By the spare"

    _until(lambda: _refreshes_of(place) not in ([], [spare]), "the next spare")
    (spare,) = _refreshes_of(place)
    os.kill(spare, signal.SIGKILL)
    place.rename(1, "Without a spare")
    _until(lambda: len(place.queue.jobs()) == 3 and place.queue.jobs()[0].finished_at, "its end")
    assert place.names()[1] == "Without a spare"
    assert {(job.attempt, job.failures) for job in place.queue.jobs()} == {(1, 0)}

    place.rename(1, "One more")  # so that there is a spare again
    _until(lambda: len(place.queue.jobs()) == 4 and place.queue.jobs()[0].finished_at, "its end")
    _until(lambda: _refreshes_of(place), "a spare")
    worker.kill()
    worker.communicate()
    _until(lambda: not _refreshes_of(place), "the spare's end")


def test_a_failed_refresh_reports_its_reason(place: Place) -> None:
    hidden = place.settings.sqlite_path.with_suffix(".hidden")
    place.settings.sqlite_path.rename(hidden)
    job_id = place.queue.submit().job.job_id
    worker = place.worker("--once")
    output, log = worker.communicate(timeout=DEADLINE)
    assert worker.returncode == 1
    answer = json.loads(output)
    assert (answer["job_id"], answer["status"]) == (job_id, "RUNNABLE")
    assert "cocktails.db" in answer["detail"]
    assert answer["detail"] in log
    assert place.queue.submit().job.job_id == job_id  # it still waits, and absorbs

    hidden.rename(place.settings.sqlite_path)
    again = place.worker("--once")
    output, log = again.communicate(timeout=DEADLINE)
    assert again.returncode == 0, log
    assert json.loads(output)["status"] == "SUCCEEDED"


#: A refresh that publishes once a file is there, and until then ends as configured.
_FAILING = """
import json, sys
from pathlib import Path
if Path(sys.argv[1]).exists():
    print(json.dumps({"changed": True, "snapshot_id": "s"}))
else:
    exec(sys.argv[2])
"""


@pytest.mark.parametrize(
    ("program", "detail"),
    [
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("sys.exit(2)", "exit code 2"),
        ("print('OpenBLAS error: out of memory', file=sys.stderr); sys.exit(1)", "OpenBLAS error"),
        ("print(json.dumps({'details': 'disk full'})); sys.exit(1)", "disk full"),
    ],
)
def test_a_failing_refresh_is_retried_until_published(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, detail: str
) -> None:
    monkeypatch.setattr(retry, "BASE_SECONDS", 0.01)
    monkeypatch.setattr(retry, "MAX_SECONDS", 0.05)
    place.queue.submit()
    cured = tmp_path / "cured"
    seen: list[QueuedJob] = []

    def on_attempt(job: QueuedJob) -> None:
        seen.append(job)
        if len(seen) == 5:
            cured.touch()

    run_worker(
        place.settings,
        stopping=lambda: bool(seen) and seen[-1].status is JobStatus.SUCCEEDED,
        poll_seconds=0.01,
        check_seconds=1e9,
        on_attempt=on_attempt,
        command=(sys.executable, "-c", _FAILING, str(cured), program),
    )
    assert [job.failures for job in seen] == [1, 2, 3, 4, 5, 0]
    assert all(detail in (job.detail or "") for job in seen[:-1])


# Which of them comes differs from run to run; each was seen under a limit of address space.
@pytest.mark.parametrize(
    "ending",
    [
        "SystemError: error return without exception set",
        "SystemError: <function _find_and_load> returned NULL without setting an exception",
        "RuntimeError: can't start new thread",
        "ImportError: libz.so: failed to map segment from shared object",
        "OpenBLAS blas_thread_init: pthread_create failed for thread 1 of 2" + 25 * "\n  File",
        "OpenBLAS error: Memory allocation still failed after 10 retries, giving up.",
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 5 MiB",
        "terminate called after throwing an instance of 'std::bad_alloc'",
    ],
)
def test_last_words_name_too_little_memory(place: Place, ending: str) -> None:
    program = "import sys; sys.stderr.write(sys.argv[1]); sys.exit(1)"
    place.queue.submit()
    command = (sys.executable, "-c", program, ending)
    run_worker(place.settings, stopping=lambda: False, once=True, command=command)
    assert "too little memory" in (place.queue.jobs()[0].detail or "")


@pytest.mark.parametrize("megabytes", [30, 100, 200])
def test_too_little_memory_ends_with_a_reason(place: Place, megabytes: int) -> None:
    """At imports, in OpenBLAS, in Python: the reason is recorded, and the next run works."""
    limit = shutil.which("prlimit")
    if limit is None:
        pytest.skip("prlimit is not installed")
    storage = AnalyticsStorage.from_settings(place.settings)
    before = storage.snapshots.publish({"cocktail-space": []})
    place.queue.submit()
    run_worker(
        place.settings,
        stopping=lambda: False,
        once=True,
        command=(limit, f"--as={megabytes * 1_000_000}", *REFRESH_COMMAND),
    )
    (job,) = place.queue.jobs()
    assert (job.status, job.failures) == (JobStatus.RUNNABLE, 1)
    assert "too little memory" in (job.detail or ""), job.detail
    assert storage.snapshots.current() == before
    if megabytes == 200:
        run_worker(place.settings, stopping=lambda: False, once=True)
        assert place.queue.jobs()[0].status is JobStatus.SUCCEEDED
        assert len(place.names()) == RECIPES


def test_a_refresh_that_hangs_is_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_process, "LIMIT_SECONDS", 0.5)
    monkeypatch.setattr(refresh_process, "STOP_SECONDS", 0.2)
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    place.queue.submit()
    command = (sys.executable, "-c", program)
    run_worker(place.settings, stopping=lambda: False, once=True, command=command)
    (job,) = place.queue.jobs()
    assert (job.status, job.failures) == (JobStatus.RUNNABLE, 1)
    assert "ended after" in (job.detail or "")


def test_a_refresh_that_cannot_start_is_retried(place: Place) -> None:
    place.queue.submit()
    run_worker(place.settings, stopping=lambda: False, once=True, command=("/nowhere/python",))
    (job,) = place.queue.jobs()
    assert (job.status, job.failures) == (JobStatus.RUNNABLE, 1)
    assert job.detail is not None
    assert "/nowhere/python" in job.detail


def test_a_starting_worker_refreshes_stale_data(place: Place) -> None:
    """No request is needed: the write's own was lost, or another tool wrote."""
    worker = place.worker()
    _until(lambda: place.queue.jobs() and place.queue.jobs()[0].finished_at, "a first refresh")
    worker.terminate()
    worker.communicate(timeout=DEADLINE)
    assert len(place.queue.jobs()) == 1

    place.rename(1, "Written without a request", request=False)
    worker = place.worker()
    _until(lambda: place.names().get(1) == "Written without a request", "the second snapshot")
    _until(lambda: place.queue.jobs()[0].finished_at, "its record")
    assert len(place.queue.jobs()) == 2
    worker.terminate()
    worker.communicate(timeout=DEADLINE)


def test_a_standby_worker_takes_over(place: Place) -> None:
    """As `cocktaildb serve` beside a `cocktaildb worker`; its settings are those it was given."""
    with place.queue.owned() as owned:
        with running_worker(place.settings):
            place.queue.submit()
            time.sleep(0.3)
            (job,) = place.queue.jobs()
            assert job.status is JobStatus.RUNNABLE  # the owner has not claimed it
        assert owned.claim() is not None
        assert owned.requeue(job.job_id, "", failed=False).status is JobStatus.RUNNABLE

    with running_worker(place.settings):
        _until(lambda: place.queue.jobs()[0].finished_at, "the refresh")
    assert place.queue.jobs()[0].status is JobStatus.SUCCEEDED
    assert len(place.names()) == RECIPES
    assert "refresh-worker" not in {thread.name for thread in threading.enumerate()}


def test_a_server_worker_survives_a_broken_queue(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("api.jobs.worker._RETRY_SECONDS", 0.1)
    place.queue.path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with running_worker(place.settings):
        _until(lambda: "Remove it" in caplog.text, "a word about the damage")
        place.queue.path.unlink()
        _until(lambda: place.queue.jobs() and place.queue.jobs()[0].finished_at, "the refresh")
