"""SIGTERM, as a Spot interruption sends it: a real signal to a real refresh."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.analytics.checkpoint import CHECKPOINT_KEY
from api.analytics.interruption import (
    INTERRUPTED_EXIT_CODE,
    Interrupted,
    check_interruption,
    interruptible,
    uninterrupted,
)
from api.db.database import Database
from api.db.frames import Dataset
from api.jobs.run_status import RunState, read_run_status
from api.storage.errors import ObjectNotFoundError
from api.storage.local import LocalStore
from api.utils.analytics_cache import AnalyticsStorage

MakeDatabase = Callable[[Dataset | None], Database]
JOB = (sys.executable, "-m", "api.analytics.analytics_refresh")
COMMAND = (sys.executable, "-m", "api.cli.main", "refresh", "--verbose")


class Refresh:
    """A refresh in a process of its own, its log read line by line."""

    def __init__(self, command: tuple[str, ...], environment: dict[str, str]) -> None:
        self.log: list[str] = []
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, text: str) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line)
            if text in line:
                return
        raise AssertionError(f"never said {text!r}: {''.join(self.log)}")

    def tell_to_end(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> tuple[int, str]:
        output, errors = self._process.communicate(timeout=120)
        self.log.append(errors)
        return self._process.returncode, output


def _environment(database: Database, target: dict[str, str]) -> dict[str, str]:
    return {"DB_PATH": str(database.sqlite_path), "DB_NAME": "cocktails", **target}


@pytest.fixture(params=["local", "s3"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    if request.param == "local":
        return {"ANALYTICS_DIR": str(tmp_path / "analytics")}
    return {"ANALYTICS_BUCKET": request.getfixturevalue("bucket")}


def _storage(target: dict[str, str]) -> AnalyticsStorage:
    directory = target.get("ANALYTICS_DIR")
    return AnalyticsStorage(
        target.get("ANALYTICS_BUCKET"), directory=None if directory is None else Path(directory)
    )


def test_an_interrupted_refresh_resumes_to_equal_bytes(
    make_database: MakeDatabase, sample: Dataset, target: dict[str, str], tmp_path: Path
) -> None:
    database = make_database(sample)
    storage = _storage(target)
    store = storage.snapshots.store
    cut_off = Refresh(JOB, _environment(database, target))
    cut_off.wait_for("EM iteration 1")
    cut_off.tell_to_end()
    code, output = cut_off.end()
    assert code == INTERRUPTED_EXIT_CODE == 143, cut_off.log
    assert json.loads(output)["status"] == "interrupted"
    assert "Traceback" not in "".join(cut_off.log)
    assert storage.snapshots.current() is None
    assert {item.key for item in store.list("")} - {".lock"} == {CHECKPOINT_KEY, "run-status.json"}
    status = read_run_status(store)
    assert status.current is None
    assert [record.state for record in status.history] == [RunState.INTERRUPTED]
    assert "SIGTERM" in (status.history[0].error or "")

    resumed = Refresh(JOB, _environment(database, target))
    code, _ = resumed.end()
    assert code == 0, resumed.log
    assert "resumed the EM from iteration" in "".join(resumed.log)
    assert [*store.list("checkpoints/")] == []
    states = [record.state for record in read_run_status(store).history]
    assert states == [RunState.SUCCEEDED, RunState.INTERRUPTED]

    elsewhere = {"ANALYTICS_DIR": str(tmp_path / "undisturbed")}
    undisturbed = Refresh(JOB, _environment(database, elsewhere))
    assert undisturbed.end()[0] == 0
    expected, found = _storage(elsewhere).snapshots.current(), storage.snapshots.current()
    assert expected is not None
    assert found is not None
    assert found.artifacts == expected.artifacts  # names, sizes and hashes
    assert found.details == expected.details


def test_a_publication_is_finished_first(
    make_database: MakeDatabase, sample: Dataset, tmp_path: Path
) -> None:
    target = {"ANALYTICS_DIR": str(tmp_path / "analytics")}
    refresh = Refresh(JOB, _environment(make_database(sample), target))
    with LocalStore(tmp_path / "analytics").exclusive():
        refresh.wait_for("Publishing")
        time.sleep(0.2)  # it waits for the lock that we hold
        refresh.tell_to_end()
        time.sleep(0.5)
        assert refresh.is_running()
    code, output = refresh.end()
    assert code == 0, refresh.log
    storage = _storage(target)
    manifest = storage.snapshots.current()
    assert manifest is not None
    assert json.loads(output)["snapshot_id"] == manifest.snapshot_id
    for name in manifest.artifacts:
        storage.snapshots.read(manifest, name)  # checks its hash
    assert read_run_status(storage.snapshots.store).history[0].state is RunState.SUCCEEDED


def test_the_command_handles_sigterm_too(
    make_database: MakeDatabase, sample: Dataset, tmp_path: Path
) -> None:
    target = {"ANALYTICS_DIR": str(tmp_path / "analytics")}
    refresh = Refresh(COMMAND, _environment(make_database(sample), target))
    refresh.wait_for("EM iteration 1")
    refresh.tell_to_end()
    code, output = refresh.end()
    assert (code, output) == (INTERRUPTED_EXIT_CODE, "")
    assert "resumes from here" in refresh.log[-1]
    assert "Traceback" not in refresh.log[-1]
    assert _storage(target).snapshots.store.get(CHECKPOINT_KEY)


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.001)  # the handler runs between two of Python's instructions


def test_the_signal_is_raised_once() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        with pytest.raises(Interrupted):
            _terminate()
        _terminate()  # while clearing up
    assert signal.getsignal(signal.SIGTERM) is before
    with interruptible():
        check_interruption()  # the last one's signal is not this one's


def test_a_deferred_signal_is_raised_when_asked_for() -> None:
    with interruptible():
        with uninterrupted():
            _terminate()
            check_interruption()
        with pytest.raises(Interrupted):
            check_interruption()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_lost_in_a_finalizer_is_kept() -> None:
    class Finalised:
        def __del__(self) -> None:
            _terminate()

    with interruptible():
        Finalised()
        with pytest.raises(Interrupted):
            check_interruption()


def test_no_checkpoint_before_the_first_iteration(
    make_database: MakeDatabase, sample: Dataset, tmp_path: Path
) -> None:
    target = {"ANALYTICS_DIR": str(tmp_path / "analytics")}
    refresh = Refresh(JOB, _environment(make_database(sample), target))
    refresh.wait_for("Reading the database")
    refresh.tell_to_end()
    assert refresh.end()[0] == INTERRUPTED_EXIT_CODE
    store = _storage(target).snapshots.store
    with pytest.raises(ObjectNotFoundError):
        store.get("current.json")
