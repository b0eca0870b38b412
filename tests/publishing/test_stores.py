"""What every object store promises, and where each differs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.storage.errors import ObjectNotFoundError, PublishConflictError, StorageError
from api.storage.local import LocalStore
from api.storage.objects import ObjectStore
from api.storage.s3 import S3Store


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


def test_s3_lists_and_deletes_more_than_a_page(bucket: str) -> None:
    store = S3Store(bucket)
    keys = [f"many/{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, b""), keys))
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


def test_local_files_are_readable_by_others(tmp_path: Path) -> None:
    LocalStore(tmp_path).put("key", b"")
    assert (tmp_path / "key").stat().st_mode & 0o444 == 0o444


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
    store.put("snapshots/a/1", b"")
    (tmp_path / "snapshots/a/.tmp-killed").write_bytes(b"half")
    assert [item.key for item in store.list("")] == ["snapshots/a/1"]
    with store.exclusive():
        assert not (tmp_path / "snapshots/a/.tmp-killed").exists()


def test_a_store_opened_again_finds_everything(make_store: Callable[[], ObjectStore]) -> None:
    make_store().put("key", b"kept")
    assert make_store().get("key").data == b"kept"
