"""A snapshot is seen whole or not at all, whatever happens while it is published."""

import hashlib
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Self

import pytest

from api.storage import records as records_module
from api.storage import snapshots as snapshots_module
from api.storage.errors import (
    CorruptSnapshotError,
    PublishConflictError,
    SnapshotNotFoundError,
    StorageError,
    UnsupportedSnapshotError,
)
from api.storage.local import LocalStore
from api.storage.objects import ObjectStore
from api.storage.records import Spool
from api.storage.s3 import S3Store
from api.storage.serialization import to_bytes
from api.storage.snapshots import Manifest, Snapshots

MakeStore = Callable[[], ObjectStore]


def _artifacts(number: int) -> dict[str, Any]:
    """Artifacts that say which snapshot they belong to."""
    return {"cocktail-space": [{"from": number}], "ingredient-tree": {"from": number}}


def _seen(snapshots: Snapshots) -> set[int]:
    """Return which publications a reader of all artifacts sees at once."""
    found = snapshots.read_current(["cocktail-space", "ingredient-tree"])
    assert found is not None
    _, artifacts = found
    return {artifacts["cocktail-space"][0]["from"], artifacts["ingredient-tree"]["from"]}


class Dying:
    """A store whose process dies just before its nth write, or while nothing else happens."""

    def __init__(self, store: ObjectStore, writes: int) -> None:
        self._store = store
        self._writes = writes

    def _count(self) -> None:
        self._writes -= 1
        if self._writes < 0:
            raise KeyboardInterrupt

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        self._count()
        self._store.put(key, data)

    def swap(self, key: str, data: bytes, expected: str | None) -> None:
        self._count()
        self._store.swap(key, data, expected)

    def delete(self, keys: list[str]) -> None:
        for key in keys:
            self._count()
            self._store.delete([key])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_nothing_is_current_before_the_first(store: ObjectStore) -> None:
    assert Snapshots(store).current() is None
    assert Snapshots(store).read_current(["cocktail-space"]) is None
    assert Snapshots(store).history() == []


def test_returns_what_was_published(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    published = snapshots.publish(
        {"a": [1, "é", None]},
        database_fingerprint="f",
        code_version="c",
        counts={"n": 1},
        details={"a": {"trustworthiness": 0.9}},
    )
    assert snapshots.current() == published
    assert published.database_fingerprint == "f"
    assert published.code_version == "c"
    assert published.counts == {"n": 1}
    assert published.details == {"a": {"trustworthiness": 0.9}}
    found = snapshots.read_current(["a", "absent"])
    assert found == (published, {"a": [1, "é", None]})


def test_equal_data_has_equal_hashes(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    first, second = (snapshots.publish(_artifacts(1)) for _ in range(2))
    assert first.artifacts == second.artifacts
    assert first.snapshot_id != second.snapshot_id


@pytest.mark.parametrize("writes", range(8))
def test_a_crash_leaves_one_whole_snapshot(make_store: MakeStore, writes: int) -> None:
    Snapshots(make_store(), keep=1).publish(_artifacts(0))
    dying: Any = Dying(make_store(), writes)
    crashed = True
    with suppress(KeyboardInterrupt):
        Snapshots(dying, keep=1).publish(_artifacts(1))
        crashed = False

    # Two artifacts, the manifest and the pointer: only then is the new one seen.
    reader = Snapshots(make_store(), keep=1)
    assert _seen(reader) == ({0} if writes < 4 else {1})
    assert crashed == (writes < 7)

    assert _seen_after_publishing(make_store, 2) == {2}


def _seen_after_publishing(make_store: MakeStore, number: int) -> set[int]:
    Snapshots(make_store(), keep=1).publish(_artifacts(number))
    return _seen(Snapshots(make_store()))


def test_leftovers_of_crashes_do_not_accumulate(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store()
    # S3 must wait until no living writer can own the leftovers; here nobody lives.
    monkeypatch.setattr(type(store), "abandoned_after", timedelta(0))
    for number in range(6):
        dying: Any = Dying(make_store(), number % 3)
        with suppress(KeyboardInterrupt):
            Snapshots(dying, keep=2).publish(_artifacts(number))
    for number in range(3):
        Snapshots(store, keep=2).publish(_artifacts(number))
    left = {item.key.split("/")[1] for item in store.list("snapshots/")}
    assert len(left) == 2


def test_a_recent_unfinished_snapshot_is_spared(bucket: str) -> None:
    store = S3Store(bucket)
    dying: Any = Dying(store, 1)
    with pytest.raises(KeyboardInterrupt):
        Snapshots(dying).publish(_artifacts(0))
    begun = {item.key for item in store.list("snapshots/")}
    Snapshots(store).publish(_artifacts(1))
    assert begun < {item.key for item in store.list("snapshots/")}


def test_keeps_the_newest(store: ObjectStore) -> None:
    snapshots = Snapshots(store, keep=3)
    published = [snapshots.publish(_artifacts(number)) for number in range(5)]
    assert snapshots.history() == published[:1:-1]
    assert len({item.key for item in store.list("snapshots/")}) == 3 * 3


def test_must_keep_at_least_the_current(store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="keep"):
        Snapshots(store, keep=0)


def test_rolls_back_and_forth(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    first, second, third = (snapshots.publish(_artifacts(number)) for number in range(3))
    assert snapshots.rollback() == second
    assert _seen(snapshots) == {1}
    assert snapshots.rollback() == first
    assert snapshots.rollback(third.snapshot_id) == third
    assert _seen(snapshots) == {2}


def test_cannot_roll_back_before_the_first(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    with pytest.raises(SnapshotNotFoundError):
        snapshots.rollback()
    snapshots.publish(_artifacts(0))
    with pytest.raises(SnapshotNotFoundError):
        snapshots.rollback()


@pytest.mark.parametrize("name", ["../../etc", "20260101T000000.000000Z-00000000", ""])
def test_cannot_roll_back_to_what_is_not_there(store: ObjectStore, name: str) -> None:
    snapshots = Snapshots(store)
    snapshots.publish(_artifacts(0))
    with pytest.raises(SnapshotNotFoundError):
        snapshots.rollback(name)
    assert _seen(snapshots) == {0}


@pytest.mark.parametrize("damage", [b"", b"[]", None])
def test_does_not_roll_back_to_a_damaged_one(store: ObjectStore, damage: bytes | None) -> None:
    snapshots = Snapshots(store)
    first = snapshots.publish(_artifacts(0))
    snapshots.publish(_artifacts(1))
    key = f"snapshots/{first.snapshot_id}/ingredient-tree.json"
    if damage is None:
        store.delete([key])
    else:
        store.put(key, damage)
    with pytest.raises(CorruptSnapshotError):
        snapshots.rollback()
    assert _seen(snapshots) == {1}


def test_changed_bytes_are_not_served(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    manifest = snapshots.publish(_artifacts(0))
    store.put(f"snapshots/{manifest.snapshot_id}/cocktail-space.json", b'[{"from":9}]')
    with pytest.raises(CorruptSnapshotError, match="hash differs"):
        snapshots.read_current(["cocktail-space"])


def test_a_changed_manifest_is_refused(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    manifest = snapshots.publish(_artifacts(0))
    forged = manifest.model_copy(update={"counts": {"forged": 1}})
    store.put(
        f"snapshots/{manifest.snapshot_id}/manifest.json",
        json.dumps(forged.model_dump(mode="json")).encode(),
    )
    with pytest.raises(CorruptSnapshotError):
        snapshots.current()


def test_damaged_pointer_is_named(store: ObjectStore) -> None:
    store.put("current.json", b"{}")
    with pytest.raises(CorruptSnapshotError, match=r"current\.json"):
        Snapshots(store).current()


def test_a_dangling_pointer_names_the_remedy(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    manifest = snapshots.publish(_artifacts(0))
    store.delete([f"snapshots/{manifest.snapshot_id}/manifest.json"])
    with pytest.raises(CorruptSnapshotError, match="rollback"):
        snapshots.current()


@pytest.mark.parametrize("name", ["../escape", "A", "a b", "", "a/b", "manifest", "-a", "a.json"])
def test_refuses_invalid_artifact_names(store: ObjectStore, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name an artifact"):
        Snapshots(store).publish({name: []})
    assert list(store.list("")) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_refuses_what_json_cannot_represent(store: ObjectStore, value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Snapshots(store).publish({"a": [value]})


def test_replaces_only_the_expected_snapshot(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    first = snapshots.publish(_artifacts(0), replacing=None)
    with pytest.raises(PublishConflictError):
        snapshots.publish(_artifacts(1), replacing=None)
    snapshots.publish(_artifacts(2), replacing=first)
    with pytest.raises(PublishConflictError):
        snapshots.publish(_artifacts(3), replacing=first)
    assert _seen(snapshots) == {2}


class Overtaken(Dying):
    """A store in which something happens just before the pointer is swapped."""

    def __init__(self, store: ObjectStore, rival: Callable[[], object]) -> None:
        super().__init__(store, 99)
        self._rival = rival

    def swap(self, key: str, data: bytes, expected: str | None) -> None:
        self._rival()
        super().swap(key, data, expected)


def test_loses_to_a_publication_at_the_last_moment(bucket: str) -> None:
    """S3 has no lock that would keep the rival out: the pointer itself decides."""
    rival = Snapshots(S3Store(bucket))
    overtaken: Any = Overtaken(S3Store(bucket), lambda: rival.publish(_artifacts(1)))
    with pytest.raises(PublishConflictError):
        Snapshots(overtaken).publish(_artifacts(0))
    assert _seen(rival) == {1}
    # The loser leaves nothing behind: no history, no objects.
    (winner,) = rival.history()
    assert {item.key.split("/")[1] for item in S3Store(bucket).list("snapshots/")} == {
        winner.snapshot_id
    }


def test_a_pointer_moved_and_back_is_a_conflict(bucket: str) -> None:
    """A-B-A: the same snapshot is current again, but what was read about it is out of date."""
    rival = Snapshots(S3Store(bucket))
    first = rival.publish(_artifacts(0))

    def there_and_back() -> None:
        rival.publish(_artifacts(1))
        assert rival.rollback() == first

    overtaken: Any = Overtaken(S3Store(bucket), there_and_back)
    with pytest.raises(PublishConflictError):
        Snapshots(overtaken).publish(_artifacts(2))
    assert rival.current() == first


def test_a_loser_that_dies_is_never_history(bucket: str) -> None:
    """It wrote a whole snapshot and lost the swap, but could not remove it."""
    rival = Snapshots(S3Store(bucket), keep=2)
    first = rival.publish(_artifacts(0))

    def overtake_and_die() -> None:
        rival.publish(_artifacts(1))
        raise KeyboardInterrupt

    overtaken: Any = Overtaken(S3Store(bucket), overtake_and_die)
    with pytest.raises(KeyboardInterrupt):
        Snapshots(overtaken).publish(_artifacts(2))
    directories = {item.key.split("/")[1] for item in S3Store(bucket).list("snapshots/")}
    published = {manifest.snapshot_id for manifest in rival.history()}
    (loser,) = directories - published
    with pytest.raises(SnapshotNotFoundError, match="never published"):
        rival.rollback(loser)
    assert rival.rollback() == first
    rival.publish(_artifacts(3))
    assert len(rival.history()) == 2  # the loser does not count toward keep


def test_pointers_of_earlier_releases_are_read(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    first, second = (snapshots.publish(_artifacts(number)) for number in range(2))
    pointer = json.loads(store.get("current.json").data)
    del pointer["nonce"], pointer["published"]
    store.put("current.json", json.dumps(pointer).encode())
    assert snapshots.history() == [second, first]
    assert snapshots.rollback() == first


def test_other_schema_versions_are_refused(store: ObjectStore) -> None:
    newer = Snapshots(store, schema_version=99)
    ours = Snapshots(store)
    first = ours.publish(_artifacts(0))
    published = newer.publish(_artifacts(1))
    for read in (ours.current, lambda: ours.read_current(["ingredient-tree"])):
        with pytest.raises(UnsupportedSnapshotError, match=r"version 99.*cocktaildb refresh"):
            read()
    with pytest.raises(UnsupportedSnapshotError):
        ours.rollback(published.snapshot_id)
    assert newer.current() == published
    with pytest.raises(SnapshotNotFoundError):
        newer.rollback()  # the one before is not readable either
    assert ours.rollback() == first


def test_an_id_from_the_far_future_is_ignored(store: ObjectStore) -> None:
    last = "99991231T235959.999999Z-00000000"
    store.put(f"snapshots/{last}/manifest.json", b"{}")
    snapshots = Snapshots(store)
    published = snapshots.publish(_artifacts(0))
    assert snapshots.history() == [published]
    with pytest.raises(SnapshotNotFoundError):
        snapshots.rollback(last)


def test_a_reader_overtaken_by_retention_starts_over(make_store: MakeStore) -> None:
    writer = Snapshots(make_store(), keep=1)
    writer.publish(_artifacts(0))

    class Slow(Dying):
        raced = False

        def get(self, key: str) -> Any:
            if key.endswith("ingredient-tree.json") and not self.raced:
                self.raced = True
                writer.publish(_artifacts(1))
            return self._store.get(key)

    slow: Any = Slow(make_store(), 0)
    assert _seen(Snapshots(slow)) == {1}
    assert slow.raced


def test_readers_never_see_a_mix_while_others_publish(make_store: MakeStore) -> None:
    Snapshots(make_store(), keep=2).publish(_artifacts(0))
    stop = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            snapshots = Snapshots(make_store(), keep=2)
            for number in range(1, 25):
                snapshots.publish(_artifacts(number))
        except BaseException as error:
            failures.append(error)
        finally:
            stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    snapshots = Snapshots(make_store())
    seen = []
    while not stop.is_set():
        seen.append(_seen(snapshots))
    writer.join()
    assert not failures
    assert all(len(one) == 1 for one in seen)
    # Readers never go back in time either.
    order = [one.pop() for one in seen]
    assert order == sorted(order)


def test_a_clock_set_back_does_not_reorder_history(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = Snapshots(store)
    first = snapshots.publish(_artifacts(0))

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Self:
            return cls(2001, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(snapshots_module, "datetime", Earlier)
    second = snapshots.publish(_artifacts(1))
    assert second.snapshot_id > first.snapshot_id
    assert second.created_at > first.created_at
    assert snapshots.rollback() == first


def test_incomplete_snapshots_are_not_history(make_store: MakeStore) -> None:
    published = Snapshots(make_store()).publish(_artifacts(0))
    dying: Any = Dying(make_store(), 2)
    with pytest.raises(KeyboardInterrupt):
        Snapshots(dying).publish(_artifacts(1))
    assert Snapshots(make_store()).history() == [published]


def test_manifest_hashes_are_those_of_the_stored_bytes(store: ObjectStore) -> None:
    manifest: Manifest = Snapshots(store).publish(_artifacts(0))
    for name, entry in manifest.artifacts.items():
        data = store.get(f"snapshots/{manifest.snapshot_id}/{name}.json").data
        assert hashlib.sha256(data).hexdigest() == entry.sha256
        assert len(data) == entry.size


def test_storage_errors_are_one_family() -> None:
    assert issubclass(PublishConflictError, StorageError)
    assert issubclass(CorruptSnapshotError, StorageError)


def _records(number: int) -> list[dict[str, Any]]:
    return [{"recipe_id": 7 * n, "name": f"Pi\u00f1a {n}"} for n in range(number)]


def _encoded(number: int) -> Iterator[tuple[int, bytes]]:
    return ((record["recipe_id"], to_bytes(record)) for record in _records(number))


def test_records_of_a_large_artifact_are_read_alone(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "INDEXED_BYTES", 1_000)
    snapshots = Snapshots(store)
    records = _records(500)
    # An iterator, as a refresh of many recipes would publish it.
    manifest = snapshots.publish(
        {"recipe-similar": iter(records), "small": [{"recipe_id": 1}]},
        record_keys={"recipe-similar": "recipe_id", "small": "recipe_id"},
    )
    assert snapshots.read(manifest, "recipe-similar") == records
    read = snapshots.record_reader(manifest, "recipe-similar")
    whole = snapshots.read_bytes(manifest, "recipe-similar")
    for record in (records[0], records[250], records[-1]):
        found = read(record["recipe_id"])
        assert found is not None
        assert json.loads(found) == record
        assert found in whole
    assert read(1) is None
    with pytest.raises(ValueError, match="read it whole"):
        snapshots.read_record(manifest, "small", 1)
    assert set(manifest.artifacts) == {"recipe-similar", "small"}


def test_streamed_and_whole_artifacts_are_equal(store: ObjectStore) -> None:
    snapshots = Snapshots(store)
    whole = snapshots.publish({"a": _records(20), "b": {"x": 1}})
    streamed = snapshots.publish({"a": iter(_records(20)), "b": {"x": 1}})
    assert whole.artifacts == streamed.artifacts
    assert store.get(f"snapshots/{whole.snapshot_id}/a.json").data == to_bytes(_records(20))


def test_encoded_records_are_published_as_objects_are(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "INDEXED_BYTES", 1_000)
    snapshots = Snapshots(store)
    objects = snapshots.publish({"a": _records(500)}, record_keys={"a": "recipe_id"})
    with Spool() as spool:
        encoded = snapshots.publish({"a": spool.write_records(_encoded(500))})
    assert encoded.artifacts == objects.artifacts


def test_records_in_any_order_are_found(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "INDEXED_BYTES", 0)
    ids = (5, -3, 2**40, 9, 0)
    records = [{"id": number, "text": "x" * (number % 7)} for number in ids]
    snapshots = Snapshots(store)
    manifest = snapshots.publish(
        {"a": iter(records), "none": []}, record_keys={"a": "id", "none": "id"}
    )
    read = snapshots.record_reader(manifest, "a")
    assert [read(number) for number in ids] == [to_bytes(one) for one in records]
    assert [read(other) for other in (-4, 6, 2**41)] == [None, None, None]
    assert snapshots.read_record(manifest, "none", 1) is None
    assert list(snapshots.iterate_records(manifest, "none")) == []
    for size in (1, 30, 1_000):  # some of these are longer than a piece
        monkeypatch.setattr(snapshots_module, "_PIECE_BYTES", size)
        assert list(snapshots.iterate_records(manifest, "a")) == records


def test_checking_reads_large_artifacts_in_pieces(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots_module, "_PIECE_BYTES", 100)
    snapshots = Snapshots(store)
    manifest = snapshots.publish({"a": _records(20), "even": "x" * 98, "no": ""})
    assert manifest.artifacts["even"].size == 100
    snapshots.check(manifest)
    for name in ("a", "even"):
        key = f"snapshots/{manifest.snapshot_id}/{name}.json"
        whole = store.get(key).data
        for damaged in (whole[:-1], whole[:100], whole + b" ", b"", b" " + whole[1:]):
            if damaged != whole:
                store.put(key, damaged)
                with pytest.raises(CorruptSnapshotError, match="not what was published"):
                    snapshots.check(manifest)
        store.put(key, whole)
    snapshots.check(manifest)


@pytest.mark.parametrize("damaged", ["a.json", "a.index"])
def test_damaged_records_are_not_returned(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    monkeypatch.setattr(records_module, "INDEXED_BYTES", 0)
    snapshots = Snapshots(store)
    manifest = snapshots.publish({"a": _records(50)}, record_keys={"a": "recipe_id"})
    key = f"snapshots/{manifest.snapshot_id}/{damaged}"
    data = store.get(key).data
    store.put(key, data[:50] + bytes([data[50] ^ 1]) + data[51:])  # within the record 7
    with pytest.raises(CorruptSnapshotError):
        snapshots.read_record(manifest, "a", 7)
    with pytest.raises(CorruptSnapshotError):
        list(snapshots.iterate_records(manifest, "a"))
    with pytest.raises(CorruptSnapshotError):
        snapshots.check(manifest)


def test_an_index_is_removed_with_its_snapshot(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "INDEXED_BYTES", 0)
    snapshots = Snapshots(store, keep=1)
    for _ in range(2):
        manifest = snapshots.publish({"a": _records(5)}, record_keys={"a": "recipe_id"})
    assert sorted(item.key.split("/")[2] for item in store.list("snapshots/")) == [
        "a.index",
        "a.json",
        "manifest.json",
    ]
    assert snapshots.history() == [manifest]


def test_a_summary_is_published_beside_a_large_artifact(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_module, "INDEXED_BYTES", 1_000)
    snapshots = Snapshots(store, keep=1)
    for _ in range(2):  # the first is removed with its summary
        with records_module.Spool() as spool:
            large, small = (
                spool.write_records(_encoded(number), lambda: b"of all") for number in (100, 2)
            )
            manifest = snapshots.publish({"large": large, "small": small})
    assert snapshots.read_summary(manifest, "large") == b"of all"
    assert snapshots.read_summary(manifest, "small") is None
    names = [item.key.split("/")[2] for item in store.list("snapshots/")]
    assert sorted(names) == [
        "large.index",
        "large.json",
        "large.summary",
        "manifest.json",
        "small.json",
    ]
    snapshots.check(manifest)
    store.put(f"snapshots/{manifest.snapshot_id}/large.summary", b"damaged")
    with pytest.raises(CorruptSnapshotError):
        snapshots.read_summary(manifest, "large")
    with pytest.raises(CorruptSnapshotError):
        snapshots.check(manifest)


def test_publishing_takes_memory_for_one_record(tmp_path: Path) -> None:
    """50 MB of records through a budget of 20: nothing holds the whole artifact."""

    def records() -> Iterator[dict[str, Any]]:
        for number in range(50):
            yield {"recipe_id": number, "text": "x" * 1_000_000}

    snapshots = Snapshots(LocalStore(tmp_path))
    tracemalloc.start()
    try:
        manifest = snapshots.publish({"a": records()}, record_keys={"a": "recipe_id"})
        _, peak = tracemalloc.get_traced_memory()
        read = snapshots.record_reader(manifest, "a")
        tracemalloc.reset_peak()
        assert len(read(30) or b"") > 1_000_000
        _, peak_of_reading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert manifest.artifacts["a"].size > 50_000_000
    assert peak < 20_000_000
    assert peak_of_reading < 5_000_000


def test_a_full_temporary_directory_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(records_module, "encode", disk_full)
    with pytest.raises(StorageError, match="TMPDIR"):
        Snapshots(LocalStore(tmp_path)).publish({"a": [1]})
