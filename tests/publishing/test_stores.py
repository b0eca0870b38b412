"""What every object store promises, and where each differs."""

import errno
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.storage.errors import (
    ObjectNotFoundError,
    PublishConflictError,
    SnapshotNotFoundError,
    StorageError,
)
from api.storage.local import LocalStore
from api.storage.objects import ObjectStore
from api.storage.s3 import S3Store
from api.storage.snapshots import Snapshots


def test_returns_what_was_put(store: ObjectStore) -> None:
    store.put("a/b.json", b"first")
    store.put("a/b.json", b"second")
    assert store.get("a/b.json").data == b"second"


def test_a_version_names_the_content(store: ObjectStore) -> None:
    store.put("a", b"first")
    first = store.get("a").version
    store.put("a", b"second")
    assert store.get("a").version != first


def test_missing_object_is_named(store: ObjectStore) -> None:
    with pytest.raises(ObjectNotFoundError, match="nowhere"):
        store.get("nowhere.json")


def test_swap_writes_only_over_the_expected_version(store: ObjectStore) -> None:
    store.swap("pointer", b"1", expected=None)
    with pytest.raises(PublishConflictError):
        store.swap("pointer", b"2", expected=None)
    version = store.get("pointer").version
    store.swap("pointer", b"3", expected=version)
    with pytest.raises(PublishConflictError):
        store.swap("pointer", b"4", expected=version)
    assert store.get("pointer").data == b"3"


def test_lists_below_a_prefix(store: ObjectStore) -> None:
    for key in ("snapshots/b/1", "snapshots/a/1", "current"):
        store.put(key, b"")
    assert [item.key for item in store.list("snapshots/")] == ["snapshots/a/1", "snapshots/b/1"]


def test_lists_nothing_before_the_first_write(store: ObjectStore) -> None:
    assert list(store.list("snapshots/")) == []


def test_deletes_and_ignores_missing_keys(store: ObjectStore) -> None:
    store.put("snapshots/a/1", b"")
    store.delete(["snapshots/a/1", "snapshots/a/2"])
    assert list(store.list("snapshots/")) == []


def test_s3_lists_and_deletes_more_than_a_page(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page and a request to delete hold 1,000 keys in S3, and ten here."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    monkeypatch.setattr("api.storage.s3._DELETE_BATCH", 10)
    store = S3Store(bucket)
    keys = [f"many/{number:02}" for number in range(25)]
    for key in keys:
        store.put(key, b"")
    assert [item.key for item in store.list("many/")] == keys
    store.delete(keys)
    assert list(store.list("many/")) == []


def test_s3_prefix_keeps_stores_apart(bucket: str) -> None:
    S3Store(bucket, "/one/").put("key", b"one")
    with pytest.raises(ObjectNotFoundError):
        S3Store(bucket, "two").get("key")
    assert S3Store(bucket, "one").get("key").data == b"one"


def test_s3_missing_bucket_says_what_to_set(bucket: str) -> None:
    with pytest.raises(StorageError, match="ANALYTICS_BUCKET"):
        S3Store(f"{bucket}-gone").put("key", b"")


def test_s3_unreachable_says_so(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StorageError, match="network"):
        S3Store(bucket).get("key")


def test_local_key_cannot_leave_the_directory(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "analytics")
    with pytest.raises(StorageError, match="leads out"):
        store.put("../escaped", b"")
    assert not (tmp_path / "escaped").exists()


def test_local_failed_write_keeps_the_old_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    store.put("key", b"old")

    def disk_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(StorageError, match="No space left"):
        store.put("key", b"new")
    assert store.get("key").data == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize(("umask", "file", "directory"), [(0, 0o640, 0o750), (0o77, 0o600, 0o700)])
def test_local_modes_follow_the_umask(
    tmp_path: Path, umask: int, file: int, directory: int
) -> None:
    """Readable by the group at most, whatever the umask allows."""
    root = tmp_path / "new" / "analytics"
    before = os.umask(umask)
    try:
        store = LocalStore(root)
        with store.exclusive():
            store.put("snapshots/key", b"")
    finally:
        os.umask(before)
    made = [root.parent, root, *root.rglob("*")]
    assert len(made) == 5
    for path in made:
        assert path.stat().st_mode & 0o777 == (directory if path.is_dir() else file), path


def test_local_foreign_files_are_never_removed(tmp_path: Path) -> None:
    """A directory may hold other things: a repository, another program's files, links."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    foreign = [
        root / ".git/branches",
        root / "mine/empty",
        root / "snapshots/notes/empty",
        outside / "empty",
        outside / "20260101T000000.000000Z-00000000",
    ]
    for directory in foreign:
        directory.mkdir(parents=True)
    snapshot = root / "snapshots/20260101T000000.000000Z-00000000"
    snapshot.mkdir()
    (root / "linked").symlink_to(outside)
    (root / "snapshots/20260102T000000.000000Z-00000000").symlink_to(outside)
    files = [
        root / ".tmp-not-ours",
        root / "mine/.tmp-abcdefgh",
        root / "snapshots/notes/.tmp-abcdefgh",
        outside / ".tmp-abcdefgh",
        snapshot / "notes.txt",
    ]
    for path in files:
        path.write_text("foreign")
    ours = [root / ".tmp-0123abcd", snapshot / ".tmp-0123abcd"]
    for path in ours:
        path.write_text("half")

    snapshots = Snapshots(LocalStore(root), keep=1)
    snapshots.publish({"a": [1]})
    snapshots.publish({"a": [2]})
    with pytest.raises(SnapshotNotFoundError):
        snapshots.rollback("20260101T000000.000000Z-00000000")
    assert [path for path in ours if path.exists()] == []
    assert [path for path in (*foreign, *files) if not path.exists()] == []


def test_local_snapshots_behind_a_link_are_left(tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "20260101T000000.000000Z-00000000"
    outside.mkdir(parents=True)
    (outside / ".tmp-0123abcd").write_text("half")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/snapshots").symlink_to(tmp_path / "outside")
    with LocalStore(tmp_path / "root").exclusive():
        pass
    assert (outside / ".tmp-0123abcd").exists()


def test_local_missing_locks_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with (
        pytest.raises(StorageError, match=r"no working locks.*ANALYTICS_DIR"),
        LocalStore(tmp_path).exclusive(),
    ):
        pass


def test_local_replacing_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path)
    assert store.replaces_atomically()

    def remove_first(self: Path, target: Path) -> None:
        target.unlink()
        time.sleep(0.01)
        os.rename(self, target)  # noqa: PTH104

    monkeypatch.setattr(Path, "replace", remove_first)
    assert not store.replaces_atomically()
    assert list(tmp_path.iterdir()) == []


def test_local_lock_dies_with_its_owner(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from api.storage.local import LocalStore\n"
            "with LocalStore(Path(sys.argv[1])).exclusive():\n"
            "    print('held', flush=True); time.sleep(60)",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    with holder, holder.stdout:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(StorageError, match="Another process"),
            LocalStore(tmp_path, lock_timeout=0.2).exclusive(),
        ):
            pytest.fail("two holders")
        holder.kill()
        holder.wait()
    begun = time.monotonic()
    with LocalStore(tmp_path, lock_timeout=10).exclusive():
        assert time.monotonic() - begun < 10


def test_local_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    directory = "snapshots/20260101T000000.000000Z-00000000"
    store.put(f"{directory}/a.json", b"")
    half = tmp_path / directory / ".tmp-0123abcd"
    half.write_bytes(b"half")
    assert [item.key for item in store.list("")] == [f"{directory}/a.json"]
    with store.exclusive():
        assert not half.exists()


def test_a_store_opened_again_finds_everything(make_store: Callable[[], ObjectStore]) -> None:
    make_store().put("key", b"kept")
    assert make_store().get("key").data == b"kept"
