"""Full disks, read-only directories, damaged and moving databases, clocks, rivals: the job itself.

Each fault ends in exit code 1 and one JSON object that says what to do, and what was published
before is served on.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.analytics.analytics_refresh import regenerate_analytics
from api.db import sqlite_snapshot
from api.db.database import Database
from api.db.errors import DatabaseError
from api.storage import snapshots as snapshots_module
from api.storage.errors import CorruptSnapshotError, SnapshotNotFoundError, StorageError
from api.storage.local import LocalStore
from api.storage.snapshots import Snapshots
from api.utils.analytics_cache import AnalyticsStorage

ROOT = Path(__file__).parents[2]


def _start(database: Path, analytics: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "api.analytics.analytics_refresh"],
        env={
            **os.environ,
            "DB_PATH": str(database),
            "DB_NAME": "cocktails",
            "ANALYTICS_DIR": str(analytics),
        },
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _outcome(process: "subprocess.Popen[str]") -> tuple[int, dict[str, str]]:
    output, _ = process.communicate(timeout=120)
    return process.returncode, json.loads(output)


@contextmanager
def _disk(directory: Path, options: str) -> Iterator[None]:
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine lets no test mount a disk of its own")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def _fill_the_disk(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while stream.write(bytes(4096)):
            pass


def _path(database: Database) -> Path:
    path = database.sqlite_path
    assert path is not None
    return path


def test_a_full_disk(small: Database, tmp_path: Path) -> None:
    with _disk(tmp_path / "disk", "size=256k"):
        analytics = tmp_path / "disk" / "analytics"
        before = Snapshots(LocalStore(analytics)).publish({"cocktail-space": [1]})
        ballast = tmp_path / "disk" / "ballast"
        _fill_the_disk(ballast)
        code, said = _outcome(_start(_path(small), analytics))
        assert code == 1
        assert "No space left" in said["details"]
        assert "free space" in said["details"]
        assert Snapshots(LocalStore(analytics)).current() == before
        ballast.unlink()
        code, said = _outcome(_start(_path(small), analytics))
        assert (code, said["status"]) == (0, "success")
        left = [path for path in analytics.rglob("*") if path.name.startswith(".tmp-")]
        assert left == []


def test_a_read_only_directory(small: Database, tmp_path: Path) -> None:
    with _disk(tmp_path / "disk", "size=1m"):
        analytics = tmp_path / "disk" / "analytics"
        before = Snapshots(LocalStore(analytics)).publish({"cocktail-space": [1]})
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        code, said = _outcome(_start(_path(small), analytics))
        assert code == 1
        assert "Read-only file system" in said["details"]
        assert "ANALYTICS_DIR" in said["details"]
        assert Snapshots(LocalStore(analytics)).current() == before


def _remove(path: Path) -> None:
    path.unlink()


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20_000])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _overwrite(path: Path) -> None:
    path.write_bytes(b"<html>not a database at all</html>" * 1000)


@pytest.mark.parametrize("damage", [_remove, _truncate, _empty, _overwrite])
def test_a_damaged_database(small: Database, tmp_path: Path, damage: object) -> None:
    storage = AnalyticsStorage(directory=tmp_path / "analytics")
    before = storage.snapshots.publish({"cocktail-space": [1]})
    assert callable(damage)
    damage(_path(small))
    with pytest.raises(DatabaseError, match=r"DB_PATH|backup"):
        regenerate_analytics(database=small, storage=storage)
    assert storage.snapshots.current() == before


def test_a_database_locked_for_too_long(
    small: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked exclusively it cannot be read in place; a copy that holds still is as good."""
    monkeypatch.setattr(sqlite_snapshot, "BUSY_TIMEOUT_SECONDS", 0.2)
    storage = AnalyticsStorage(directory=tmp_path / "analytics")
    with closing(sqlite3.connect(_path(small))) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert regenerate_analytics(database=small, storage=storage)["changed"]


def test_a_database_that_changes_during_the_run(small: Database, tmp_path: Path) -> None:
    """The snapshot is of one state, and the next run publishes what came later."""
    storage = AnalyticsStorage(directory=tmp_path / "analytics")

    class Writing:
        def stage(self, name: str, number: int, total: int) -> None:
            if name == "Counting ingredient usage":
                with closing(sqlite3.connect(_path(small))) as writer, writer:
                    writer.execute("PRAGMA foreign_keys = ON")
                    writer.execute("DELETE FROM recipes WHERE id = (SELECT max(id) FROM recipes)")

        def step(self, text: str) -> None:
            pass

    regenerate_analytics(database=small, storage=storage, reporter=Writing())
    for name in ("cocktail-space", "cocktail-space-em", "recipe-similar"):
        assert len(storage.get_analytics(name) or ()) == 12
    assert regenerate_analytics(database=small, storage=storage)["changed"]
    assert len(storage.get_analytics("cocktail-space") or ()) == 11


@pytest.mark.parametrize("step", [timedelta(days=-400), timedelta(hours=5), timedelta(days=9000)])
def test_clock_steps_keep_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    snapshots = Snapshots(LocalStore(tmp_path))
    ids = [snapshots.publish({"a": 0}).snapshot_id]

    class Stepped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + step

    with monkeypatch.context() as patch:
        patch.setattr(snapshots_module, "datetime", Stepped)
        ids += [snapshots.publish({"a": number}).snapshot_id for number in (1, 2)]
    ids += [snapshots.publish({"a": number}).snapshot_id for number in (3, 4)]
    assert ids == sorted(set(ids))
    assert [manifest.snapshot_id for manifest in snapshots.history()] == ids[::-1]


def test_two_simultaneous_refreshes_both_succeed(small: Database, tmp_path: Path) -> None:
    """One publishes; the other waits for it, finds its data published, and says so."""
    analytics = tmp_path / "analytics"
    rivals = [_start(_path(small), analytics) for _ in range(2)]
    outcomes = [_outcome(rival) for rival in rivals]
    assert [code for code, _ in outcomes] == [0, 0]
    assert sorted(bool(said["changed"]) for _, said in outcomes) == [False, True]
    assert len({said["snapshot_id"] for _, said in outcomes}) == 1
    assert len(Snapshots(LocalStore(analytics)).history()) == 1


def test_a_waiting_refresh_gets_a_dead_owners_lock(small: Database, tmp_path: Path) -> None:
    analytics = tmp_path / "analytics"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from api.storage.local import LocalStore\n"
            "with LocalStore(Path(sys.argv[1])).exclusive():\n"
            "    print('held', flush=True); time.sleep(120)",
            str(analytics),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done: list[float] = []

        def refresh() -> None:
            regenerate_analytics(database=small, storage=AnalyticsStorage(directory=analytics))
            done.append(time.monotonic())

        waiting = threading.Thread(target=refresh)
        waiting.start()
        waiting.join(4)
        assert waiting.is_alive(), "the refresh did not wait for the lock's holder"
        killed = time.monotonic()
        holder.send_signal(signal.SIGKILL)
        waiting.join(30)
        assert done
        assert done[0] >= killed


@pytest.mark.parametrize(
    "snapshot_id",
    ["../../outside", "/etc", "..", "20260101T000000.000000Z-00000000/../../x", "a\x00b", "a\nb"],
)
def test_a_forged_pointer_leads_nowhere(tmp_path: Path, snapshot_id: str) -> None:
    store = LocalStore(tmp_path / "store")
    Snapshots(store).publish({"a": [1]})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "manifest.json").write_text("{}")
    pointer = {"snapshot_id": snapshot_id, "manifest_sha256": "0" * 64}
    store.put("current.json", json.dumps(pointer).encode())
    with pytest.raises(CorruptSnapshotError, match=r"current\.json"):
        Snapshots(store).current()
    with pytest.raises(SnapshotNotFoundError):
        Snapshots(LocalStore(tmp_path / "other")).rollback(snapshot_id)


def test_a_forged_manifest_leads_nowhere(tmp_path: Path) -> None:
    snapshots = Snapshots(LocalStore(tmp_path / "store"))
    manifest = snapshots.publish({"a": [1]})
    snapshots.publish({"a": [2]})
    forged = manifest.model_dump(mode="json")
    forged["artifacts"] = {"../../../secret": forged["artifacts"]["a"]}
    key = f"snapshots/{manifest.snapshot_id}/manifest.json"
    snapshots.store.put(key, json.dumps(forged).encode())
    with pytest.raises(CorruptSnapshotError):
        snapshots.rollback(manifest.snapshot_id)


@pytest.mark.parametrize("name", ["../a", "a/b", "..", "", "manifest", "A", "a\x00", "ä", "a\n"])
def test_no_artifact_name_leads_out(tmp_path: Path, name: str) -> None:
    snapshots = Snapshots(LocalStore(tmp_path / "store"))
    manifest = snapshots.publish({"a": [1]})
    with pytest.raises(ValueError, match="cannot name an artifact"):
        snapshots.publish({name: [1]})
    with pytest.raises((ValueError, KeyError)):
        snapshots.read(manifest, name)


def test_symlinks_in_the_store_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('["secret"]')
    store = LocalStore(tmp_path / "store")
    manifest = Snapshots(store, keep=1).publish({"a": [1]})
    artifact = tmp_path / "store" / "snapshots" / manifest.snapshot_id / "a.json"
    artifact.unlink()
    artifact.symlink_to(secret)
    with pytest.raises(StorageError, match="leads out"):
        Snapshots(store).read(manifest, "a")
    Snapshots(store, keep=1).publish({"a": [2]})  # retires the one with the link, or logs it
    assert secret.read_text() == '["secret"]'
    found = Snapshots(store).read_current(["a"])
    assert found is not None
    assert found[1] == {"a": [2]}


def test_directories_with_impossible_dates_do_no_harm(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("snapshots/99991399T999999.999999Z-00000000/manifest.json", b"{}")
    snapshots = Snapshots(store)
    published = snapshots.publish({"a": [1]})
    assert snapshots.history() == [published]


def test_empty_snapshot_directories_are_removed(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"snapshots/2026010{number + 1}T000000.000000Z-00000000").mkdir(parents=True)
    published = Snapshots(LocalStore(tmp_path)).publish({"a": [1]})
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == [published.snapshot_id]
