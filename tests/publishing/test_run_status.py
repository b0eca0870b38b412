"""The run status: what readers see of a refresh, over a real directory and a real S3 protocol."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from api.jobs.run_status import (
    HISTORY_LENGTH,
    RUN_STATUS_KEY,
    SILENT_AFTER,
    Moment,
    RunRecord,
    RunState,
    RunStatus,
    RunStatusWriter,
    read_run_status,
)
from api.storage.errors import StorageError
from api.storage.local import LocalStore
from api.storage.objects import ObjectStore
from api.storage.s3 import S3Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _writer(store: ObjectStore, **options: object) -> RunStatusWriter:
    writer = RunStatusWriter(store, write_interval=0.02, **options)  # type: ignore[arg-type]
    writer.begin()
    return writer


def _eventually(store: ObjectStore, condition: Callable[[RunStatus], bool]) -> RunStatus:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = read_run_status(store)
        if condition(status):
            return status
        time.sleep(0.01)
    raise AssertionError(f"never happened: {status}")


def _record(run_id: str, minute: int, **values: object) -> RunRecord:
    at = NOON + timedelta(minutes=minute)
    return RunRecord.model_validate(
        {"run_id": run_id, "state": "running", "started_at": at, "updated_at": at, **values}
    )


def test_nothing_is_known_before_the_first_run(store: ObjectStore) -> None:
    assert read_run_status(store) == RunStatus(current=None, history=[])


def test_readers_see_progress_and_the_end(make_store: Callable[[], ObjectStore]) -> None:
    store = make_store()
    writer = _writer(store)
    status = _eventually(store, lambda status: status.current is not None)
    assert status.current is not None
    assert (status.current.run_id, status.current.state) == (writer.run_id, "running")
    writer.stage("Reading", 1, 3)
    writer.stage("Learning", 2, 3)
    writer.step("EM iteration 1")
    status = _eventually(
        make_store(), lambda s: s.current is not None and s.current.step == "EM iteration 1"
    )
    assert status.current is not None
    assert (status.current.stage, status.current.stage_number, status.current.stage_count) == (
        "Learning",
        2,
        3,
    )
    writer.end(RunState.SUCCEEDED, snapshot_id="s", changed=True)
    ended = read_run_status(make_store())
    assert ended.current is None
    (record,) = ended.history
    assert (record.state, record.snapshot_id, record.changed) == ("succeeded", "s", True)
    assert record.finished_at is not None
    assert record.started_at <= record.finished_at <= record.updated_at


def test_a_failure_records_its_reason(store: ObjectStore) -> None:
    writer = _writer(store)
    writer.end(RunState.FAILED, error="no such table")
    assert read_run_status(store).history[0].error == "no such table"


def test_throttled_writes_keep_the_last_update(tmp_path: Path) -> None:
    puts = []

    class Counting(LocalStore):
        def put(self, key: str, data: bytes | BinaryIO) -> None:
            puts.append(time.monotonic())
            super().put(key, data)

    store = Counting(tmp_path)
    writer = RunStatusWriter(store, write_interval=0.3)
    writer.begin()
    for number in range(1000):
        writer.step(f"step {number}")
    _eventually(store, lambda s: s.current is not None and s.current.step == "step 999")
    assert len(puts) <= 3
    writer.end(RunState.SUCCEEDED)


def test_a_run_gives_signs_of_life(store: ObjectStore) -> None:
    writer = _writer(store, heartbeat_interval=0.05)
    first = _eventually(store, lambda status: status.current is not None).current
    assert first is not None
    _eventually(store, lambda s: s.current is not None and s.current.updated_at > first.updated_at)
    writer.end(RunState.SUCCEEDED)


HERE = Moment.now()


def test_a_killed_run_expires(store: ObjectStore) -> None:
    long_ago = Moment(boot_id=HERE.boot_id, monotonic=HERE.monotonic - 2 * SILENT_AFTER.seconds)
    dead = _writer(store, moment=lambda: long_ago)
    raw = RunStatus()
    deadline = time.monotonic() + 10
    while raw.current is None and time.monotonic() < deadline:
        if read_run_status(store).history:
            raw = RunStatus.model_validate_json(store.get(RUN_STATUS_KEY).data)
    assert raw.current is not None  # the document says that it is running; the reader knows better
    status = read_run_status(store)
    assert status.current is None
    assert status.history[0].state is RunState.INTERRUPTED
    assert status.history[0].finished_at == status.history[0].updated_at

    following = _writer(store)
    following.end(RunState.SUCCEEDED)
    states = [record.state for record in read_run_status(store).history]
    assert states == [RunState.SUCCEEDED, RunState.INTERRUPTED]
    dead.end(RunState.INTERRUPTED)


@pytest.mark.parametrize("step", [timedelta(days=-400), timedelta(hours=-1), timedelta(days=9000)])
def test_a_set_clock_neither_kills_nor_revives(store: ObjectStore, step: timedelta) -> None:
    """The writer's wall clock is wrong by a step; the monotonic clock decides."""
    writer = _writer(store, clock=lambda: datetime.now(UTC) + step)
    _eventually(store, lambda status: status.current is not None)
    writer.end(RunState.SUCCEEDED)
    dead = Moment(boot_id=HERE.boot_id, monotonic=HERE.monotonic - 2 * SILENT_AFTER.seconds)
    writer = _writer(store, clock=lambda: datetime.now(UTC) + step, moment=lambda: dead)
    _eventually(store, lambda s: s.history[0].state is RunState.INTERRUPTED)
    writer.end(RunState.SUCCEEDED)


def test_another_machines_run_is_judged_by_the_store() -> None:
    record = _record("a", 0)
    elsewhere = Moment(boot_id="another", monotonic=0.0)
    status = RunStatus().with_run(record, elsewhere)
    wrong = NOON + timedelta(days=400)
    assert status.expire_stale_run(wrong, HERE, timedelta(seconds=5)).current == record
    assert status.expire_stale_run(NOON, HERE, 2 * SILENT_AFTER).current is None
    # A directory has no clock of its own: far ahead is as suspicious as long ago.
    assert status.expire_stale_run(NOON, HERE).current == record
    for sign in (1, -1):
        assert status.expire_stale_run(NOON + sign * 2 * SILENT_AFTER, HERE).current is None


def test_s3_reports_the_age_of_an_object(bucket: str) -> None:
    store = S3Store(bucket)
    store.put("key", b"")
    age = store.get("key").age
    assert age is not None
    assert abs(age) < timedelta(seconds=30)


def test_the_later_of_two_runs_is_current() -> None:
    status = RunStatus().with_run(_record("a", 0)).with_run(_record("b", 1))
    assert status.current == _record("b", 1)
    assert status.with_run(_record("a", 0, step="on")).current == _record("b", 1)
    status = status.with_run(_record("a", 0, state="succeeded", finished_at=NOON))
    assert status.current == _record("b", 1)
    assert [(record.run_id, record.state) for record in status.history] == [("a", "succeeded")]
    status = status.with_run(_record("b", 1, state="failed", finished_at=NOON, error="no"))
    assert status.current is None
    assert [record.run_id for record in status.history] == ["b", "a"]


def test_the_history_is_short() -> None:
    status = RunStatus()
    for number in range(HISTORY_LENGTH + 5):
        status = status.with_run(_record(str(number), number, state="succeeded", finished_at=NOON))
    assert [record.run_id for record in status.history] == [
        str(number) for number in range(HISTORY_LENGTH + 4, 4, -1)
    ]


def test_a_damaged_status_starts_anew(store: ObjectStore) -> None:
    store.put(RUN_STATUS_KEY, b"{")
    assert read_run_status(store) == RunStatus()
    writer = _writer(store)
    writer.end(RunState.SUCCEEDED)
    assert len(read_run_status(store).history) == 1


def test_a_failing_store_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    writer = _writer(LocalStore(tmp_path / "file" / "below"))
    writer.step("on")
    time.sleep(0.1)
    writer.end(RunState.SUCCEEDED)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208


def test_reading_a_store_that_fails_says_so(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / RUN_STATUS_KEY).mkdir()
    with pytest.raises(StorageError, match=RUN_STATUS_KEY):
        read_run_status(store)
