"""Snapshots: what one refresh publishes, whole or not at all.

Layout, the same in a directory and in a bucket::

    current.json                       the pointer: which snapshot readers see, and which they saw
    snapshots/<id>/<artifact>.json     one object per artifact
    snapshots/<id>/<artifact>.index    where the records of a large one are
    snapshots/<id>/<artifact>.summary  what questions about all of its records need
    snapshots/<id>/manifest.json       what belongs to it, with hashes; written last

A snapshot's objects never change. Publishing writes them all, then the manifest, then swaps the
pointer, which is one atomic write: every reader goes through the pointer and so sees one whole
snapshot, and a crash before the swap leaves the previous one in place.

The pointer lists every kept snapshot that it ever pointed to, so one whose publisher lost the swap
or died before it never counts as history. It also holds a nonce: no two pointers are equal, and a
conditional write cannot mistake a pointer that was moved away and back for one that never moved.
"""

import hashlib
import logging
import re
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import EllipsisType
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.storage.errors import (
    CorruptSnapshotError,
    ForeignSnapshotError,
    ObjectNotFoundError,
    PublishConflictError,
    SnapshotNotFoundError,
    StorageError,
    UnsupportedSnapshotError,
)
from api.storage.objects import ObjectStore
from api.storage.records import EncodedArtifact, Spool, find_record, record_ids, record_runs
from api.storage.serialization import from_bytes, sha256, to_bytes

logger = logging.getLogger(__name__)

_POINTER = "current.json"
_SNAPSHOTS = "snapshots/"
_MANIFEST = "manifest.json"
_ID_TIME = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ID = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
_KEY = re.compile(rf"{_SNAPSHOTS}({_ID.pattern})/{_NAME.pattern}\.(json|index|summary)")
#: No clock names a snapshot from here on: nothing could be published after it.
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
#: A large artifact is checked in pieces of this size.
_PIECE_BYTES = 8_000_000
#: How many objects are written at once: fewer than the connections that boto3 keeps.
_WRITERS = 8
#: A reader may lose a race with retention this often; each time a newer snapshot was published.
_READ_ATTEMPTS = 5


#: Of the current recipes, of earlier ones, or of another database.
State = Literal["current", "stale", "foreign"]


class ArtifactEntry(BaseModel):
    """One artifact of a snapshot: the hash and size of its bytes, and the hashes beside it."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int
    # Of the index by which single records are read; None for small artifacts, which have none.
    # Earlier releases had an index of another form, which is no longer read: `index_sha256`.
    records_sha256: str | None = None
    # Of the summary; None without one, as in snapshots of earlier releases.
    summary_sha256: str | None = None


class Manifest(BaseModel):
    """The contents of a snapshot, their origin and their date.

    Attributes
    ----------
    snapshot_id
        Sorts by time of publication.
    schema_version
        The version of the artifacts' shapes, which the publisher owns.
    created_at
        When it was published (UTC).
    database_fingerprint
        SHA-256 of the data that it was computed from.
    database_id
        The id of the database that it was computed from; None in those of earlier releases.
    code_version
        The code that computed it.
    counts
        Item counts, for people.
    details
        Facts about an artifact beside its data, such as a map's quality.
    artifacts
        Hash and size of each artifact.
    """

    model_config = ConfigDict(frozen=True)

    snapshot_id: str
    schema_version: int
    created_at: datetime
    database_fingerprint: str | None
    database_id: str | None = None
    code_version: str | None
    counts: dict[str, int]
    details: dict[str, dict[str, Any]] = {}
    artifacts: dict[str, ArtifactEntry]

    def is_foreign_to(self, database_id: str | None) -> bool:
        """Return whether it is known to be computed from another database than this one."""
        return None not in (database_id, self.database_id) and database_id != self.database_id

    def state(self, database_id: str | None, fingerprint: str | None) -> State:
        """Return whose recipes these are: the present ones, earlier ones, or another database's.

        The same rows are the same recipes, whatever their database's id, as after a migration.
        A snapshot that was patched by hand has no fingerprint and matches no state.
        """
        if fingerprint is not None and fingerprint == self.database_fingerprint:
            return "current"
        return "foreign" if self.is_foreign_to(database_id) else "stale"


class _Pointer(BaseModel):
    # A forged pointer must not lead readers out of the snapshots.
    snapshot_id: str = Field(pattern=f"^{_ID.pattern}$")
    manifest_sha256: str
    nonce: str = ""
    # None in pointers of earlier releases, which knew of no losers.
    published: list[str] | None = None


class Snapshots:
    """The snapshots kept in a store.

    Parameters
    ----------
    store
        Where they are kept.
    keep
        How many to keep, including the current one; older ones are removed by the next publication.
    schema_version
        The version of the artifacts' shapes that is written, and the only one that is read.
    """

    def __init__(self, store: ObjectStore, *, keep: int = 10, schema_version: int = 1) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        self.store = store
        self._keep = keep
        self._schema_version = schema_version

    def current(self) -> Manifest | None:
        """Return the manifest of the snapshot that readers see, or None before the first.

        Raises
        ------
        CorruptSnapshotError
            If the pointer or the manifest is damaged.
        UnsupportedSnapshotError
            If its artifacts have a shape that this version cannot read.
        """
        for _ in range(_READ_ATTEMPTS):
            pointer, _version = self._pointer()
            if pointer is None:
                return None
            try:
                manifest = self._manifest(pointer.snapshot_id, pointer.manifest_sha256)
            except SnapshotNotFoundError as error:
                missing = error  # retired since the pointer was read: look again
            else:
                self._ensure_readable(manifest)
                return manifest
        raise CorruptSnapshotError(
            f"{self.store.describe(_POINTER)} names a snapshot that does not exist ({missing}). "
            f"Make a new one with: cocktaildb refresh, or point to another one with: "
            f"cocktaildb snapshots rollback ID"
        )

    def history(self) -> list[Manifest]:
        """Return every complete snapshot that was ever current, newest first."""
        try:
            pointer, _version = self._pointer()
        except CorruptSnapshotError:
            pointer = None
        return self._published_manifests(pointer)

    def kept(self, snapshot_id: str) -> Manifest:
        """Return the manifest of a kept snapshot that was ever current.

        Raises
        ------
        SnapshotNotFoundError
            If it is not kept, never was current, or the ID is not one.
        CorruptSnapshotError
            If its manifest is damaged.
        """
        if _published_at(snapshot_id) is None:
            raise SnapshotNotFoundError(f"{snapshot_id!r} is not a snapshot's id.")
        try:
            pointer, _version = self._pointer()
        except CorruptSnapshotError:
            pointer = None
        published = None if pointer is None else pointer.published
        if published is not None and snapshot_id not in published:
            raise SnapshotNotFoundError(f"{snapshot_id} is not kept.")
        return self._manifest(snapshot_id)

    def _published_manifests(self, pointer: _Pointer | None) -> list[Manifest]:
        manifests = []
        known = self._object_keys()
        for snapshot_id in sorted(_published(pointer, known), reverse=True):
            try:
                manifests.append(self._manifest(snapshot_id))
            except (SnapshotNotFoundError, CorruptSnapshotError) as error:
                logger.debug("not a complete snapshot: %s", error)
        return manifests

    def read(self, manifest: Manifest, name: str) -> Any:
        """Return one artifact of a snapshot, its hash checked.

        Raises as :meth:`read_bytes` does.
        """
        return from_bytes(self.read_bytes(manifest, name))

    def read_bytes(self, manifest: Manifest, name: str) -> bytes:
        """Return one artifact of a snapshot as the JSON that was published, its hash checked.

        Raises
        ------
        KeyError
            If the snapshot has no such artifact.
        ObjectNotFoundError
            If the snapshot has been retired meanwhile.
        CorruptSnapshotError
            If the bytes are not those that were published.
        """
        expected = manifest.artifacts[name].sha256
        return self._get(_artifact_key(manifest.snapshot_id, name), expected)

    def iterate_bytes(self, manifest: Manifest, name: str) -> Iterator[bytes]:
        """Yield one artifact as the JSON that was published, in pieces of some megabytes.

        Its hash is checked before the last piece, so that nobody takes damaged bytes for the whole.
        Raises as :meth:`read_bytes` does.
        """
        entry = manifest.artifacts[name]
        key = _artifact_key(manifest.snapshot_id, name)
        digest = hashlib.sha256()
        for start in range(0, entry.size, _PIECE_BYTES):
            length = min(_PIECE_BYTES, entry.size - start)
            is_last = start + length == entry.size
            # One byte more than the last piece has: there must be none.
            piece = self.store.get_range(key, start, length + is_last)
            digest.update(piece)
            is_whole = len(piece) == length
            if not is_whole or (is_last and digest.hexdigest() != entry.sha256):
                raise _altered(self.store.describe(key))
            yield piece

    def read_record(self, manifest: Manifest, name: str, identifier: int) -> bytes | None:
        """Return one record of an artifact as JSON; None if it has no such record.

        Reads the record and the index alone, and needs an artifact that has one.

        Raises
        ------
        KeyError
            If the snapshot has no such artifact.
        ValueError
            If the artifact is small and has no index.
        ObjectNotFoundError
            If the snapshot has been retired meanwhile.
        CorruptSnapshotError
            If the bytes are not those that were published.
        """
        return self.record_reader(manifest, name)(identifier)

    def record_reader(self, manifest: Manifest, name: str) -> Callable[[int], bytes | None]:
        """Return :meth:`read_record` of one artifact, its index read once."""
        index = self._index(manifest, name)
        key = _artifact_key(manifest.snapshot_id, name)

        def read(identifier: int) -> bytes | None:
            place = find_record(index, identifier)
            if place is None:
                return None
            offset, length, check = place
            data = self.store.get_range(key, offset, length)
            if zlib.crc32(data) != check:
                raise _altered(self.store.describe(key))
            return data

        return read

    def iterate_records(self, manifest: Manifest, name: str) -> Iterator[Any]:
        """Yield the values of a list.

        A large artifact is never in memory whole: it is read in pieces of some megabytes. Raises
        as :meth:`read_bytes` does.
        """
        if manifest.artifacts[name].records_sha256 is None:
            yield from self.read(manifest, name)
            return
        key = _artifact_key(manifest.snapshot_id, name)
        for run in record_runs(self._index(manifest, name), _PIECE_BYTES):
            start = run[0][0]
            piece = self.store.get_range(key, start, run[-1][0] + run[-1][1] - start)
            for offset, length, check in run:
                data = piece[offset - start : offset - start + length]
                if zlib.crc32(data) != check:
                    raise _altered(self.store.describe(key))
                yield from_bytes(data)

    def record_ids(self, manifest: Manifest, name: str) -> Sequence[int]:
        """Return the identifiers of an artifact's records in order; raises as read_record."""
        return record_ids(self._index(manifest, name))

    def _index(self, manifest: Manifest, name: str) -> bytes:
        expected = manifest.artifacts[name].records_sha256
        if expected is None:
            raise ValueError(f"{name} has no index: read it whole")
        return self._get(_artifact_key(manifest.snapshot_id, name, "index"), expected)

    def read_summary(self, manifest: Manifest, name: str) -> bytes | None:
        """Return what an artifact's publisher kept of its records; None if it has no summary.

        Raises as :meth:`read_bytes` does.
        """
        expected = manifest.artifacts[name].summary_sha256
        if expected is None:
            return None
        return self._get(_artifact_key(manifest.snapshot_id, name, "summary"), expected)

    def _get(self, key: str, expected: str) -> bytes:
        data = self.store.get(key).data
        if sha256(data) != expected:
            raise _altered(self.store.describe(key))
        return data

    def read_current(self, names: Iterable[str]) -> tuple[Manifest, dict[str, Any]] | None:
        """Return the current snapshot's manifest with those of ``names`` that it holds.

        All come from the same snapshot. None before the first one.
        """
        wanted = tuple(names)
        for _ in range(_READ_ATTEMPTS):
            manifest = self.current()
            if manifest is None:
                return None
            try:
                return manifest, {
                    name: self.read(manifest, name) for name in wanted if name in manifest.artifacts
                }
            except ObjectNotFoundError as error:
                missing = error  # retired while we were reading it: start over
        raise CorruptSnapshotError(f"The current snapshot is not complete: {missing}")

    def publish(
        self,
        artifacts: Mapping[str, Any],
        *,
        database_fingerprint: str | None = None,
        database_id: str | None = None,
        code_version: str | None = None,
        counts: Mapping[str, int] | None = None,
        details: Mapping[str, Mapping[str, Any]] | None = None,
        record_keys: Mapping[str, str] | None = None,
        replacing: Manifest | EllipsisType | None = ...,
    ) -> Manifest:
        """Write a snapshot and make it the current one.

        Parameters
        ----------
        artifacts
            JSON values by name; an iterator of records is written as a list, without holding it,
            and what a :class:`~api.storage.records.Spool` encoded is written as it is.
        database_fingerprint, database_id, code_version, counts, details
            Recorded in the :class:`Manifest`.
        record_keys
            By artifact, the integer field by which :meth:`read_record` finds a record.
        replacing
            Publish only while this snapshot is the current one (None: while there is none).
            By default any snapshot is replaced, even if the pointer is damaged or dangling.

        Raises
        ------
        ValueError
            If an artifact's name is not lower-case words joined by dashes.
        PublishConflictError
            If another snapshot was published meanwhile. This one is then removed again.
        StorageError
            If the store, or the directory for temporary files, cannot be written.
        """
        for name in artifacts:
            _check_name(name)
        with Spool() as spool:
            encoded = {
                name: data
                if isinstance(data, EncodedArtifact)
                else spool.encode(data, (record_keys or {}).get(name))
                for name, data in artifacts.items()
            }
            return self._publish(
                encoded,
                replacing,
                {
                    "database_fingerprint": database_fingerprint,
                    "database_id": database_id,
                    "code_version": code_version,
                    "counts": dict(counts or {}),
                    "details": {name: dict(values) for name, values in (details or {}).items()},
                },
            )

    def _publish(
        self,
        encoded: Mapping[str, EncodedArtifact],
        replacing: Manifest | EllipsisType | None,
        facts: Mapping[str, Any],
    ) -> Manifest:
        entries = {name: _entry(artifact) for name, artifact in encoded.items()}
        content = sha256(to_bytes({name: entry.sha256 for name, entry in sorted(entries.items())}))

        with self.store.exclusive():
            pointer, version = self._pointer(damaged_ok=replacing is ...)
            if replacing is not ...:
                expected = replacing.snapshot_id if replacing else None
                found = pointer.snapshot_id if pointer else None
                if found != expected:
                    raise PublishConflictError(
                        f"{self.store.describe()} now holds {found}, published meanwhile by "
                        f"another process, instead of {expected}."
                    )
            known = self._object_keys()
            created_at = _after(max(known, default=None), datetime.now(UTC))
            snapshot_id = f"{created_at.strftime(_ID_TIME)}-{content[:8]}"
            manifest = Manifest(
                snapshot_id=snapshot_id,
                schema_version=self._schema_version,
                created_at=created_at,
                artifacts=entries,
                **facts,
            )
            objects: dict[str, bytes | BinaryIO] = {}
            for name, artifact in encoded.items():
                objects[_artifact_key(snapshot_id, name)] = artifact.stream
                if artifact.index is not None:
                    objects[_artifact_key(snapshot_id, name, "index")] = artifact.index
                if artifact.summary is not None:
                    objects[_artifact_key(snapshot_id, name, "summary")] = artifact.summary
            # Side by side: each waits for its disk or its bucket.
            with ThreadPoolExecutor(_WRITERS) as writers:
                deque(writers.map(self.store.put, objects.keys(), objects.values()), maxlen=0)
            manifest_bytes = to_bytes(manifest.model_dump(mode="json"))
            self.store.put(_manifest_key(snapshot_id), manifest_bytes)
            published = _published(pointer, known)
            kept = [*published, snapshot_id][-self._keep :]
            try:
                self._point(snapshot_id, manifest_bytes, version, kept)
            except PublishConflictError:
                self._remove(_manifest_key(snapshot_id), *objects)
                raise
            try:
                self._retire(known, published, kept)
            except StorageError:
                # Readers already see the new snapshot, so this is not a failure to publish.
                logger.exception("old snapshots could not be removed; the next refresh tries again")
        return manifest

    def rollback(
        self, snapshot_id: str | None = None, *, database_id: str | None = None
    ) -> Manifest:
        """Make an older snapshot the current one, after checking that it is whole.

        Parameters
        ----------
        snapshot_id
            By default the one before the current.
        database_id
            Refuse a snapshot of any other database.

        Raises
        ------
        SnapshotNotFoundError
            If there is no such snapshot, or it never was current.
        ForeignSnapshotError
            If it was computed from another database.
        CorruptSnapshotError
            If it is damaged; the pointer then stays as it is.
        UnsupportedSnapshotError
            If its artifacts have a shape that this version cannot read.
        """
        with self.store.exclusive():
            pointer, version = self._pointer(damaged_ok=snapshot_id is not None)
            published = _published(pointer, self._object_keys())
            if snapshot_id is None:
                snapshot_id = self._before(pointer)
            elif _published_at(snapshot_id) is None:
                raise SnapshotNotFoundError(
                    f"{snapshot_id!r} is not a snapshot's id. List them with: "
                    f"cocktaildb snapshots list"
                )
            manifest = self._manifest(snapshot_id)
            if snapshot_id not in published:
                raise SnapshotNotFoundError(
                    f"{snapshot_id} was never published: another snapshot was first."
                )
            if manifest.is_foreign_to(database_id):
                raise ForeignSnapshotError(
                    f"{snapshot_id} was computed from another database. Choose another snapshot, "
                    f"or use --force."
                )
            self._ensure_readable(manifest)
            self.check(manifest)
            data = self.store.get(_manifest_key(snapshot_id)).data
            self._point(snapshot_id, data, version, published)
        return manifest

    def check(self, manifest: Manifest) -> None:
        """Read every artifact of a snapshot, large ones in pieces.

        Raises
        ------
        CorruptSnapshotError
            If one is missing or is not what was published.
        """
        for name, entry in manifest.artifacts.items():
            try:
                for _ in self.iterate_bytes(manifest, name):
                    pass
                if entry.records_sha256 is not None:
                    self._index(manifest, name)
                self.read_summary(manifest, name)
            except ObjectNotFoundError as error:
                raise CorruptSnapshotError(
                    f"{manifest.snapshot_id} is not complete: {error}"
                ) from error

    def _before(self, pointer: _Pointer | None) -> str:
        older = [
            manifest.snapshot_id
            for manifest in self._published_manifests(pointer)
            if pointer is not None
            and manifest.snapshot_id < pointer.snapshot_id
            and manifest.schema_version == self._schema_version
        ]
        if not older:
            raise SnapshotNotFoundError("There is no snapshot before the current one.")
        return older[0]

    def _pointer(self, *, damaged_ok: bool = False) -> tuple[_Pointer | None, str | None]:
        """Return the pointer and its version; None for a damaged one if that is allowed."""
        try:
            found = self.store.get(_POINTER)
        except ObjectNotFoundError:
            return None, None
        try:
            return _Pointer.model_validate_json(found.data), found.version
        except ValidationError as error:
            if damaged_ok:
                return None, found.version
            raise CorruptSnapshotError(
                f"{self.store.describe(_POINTER)} is damaged ({error.error_count()} faults). "
                f"Make a new one with: cocktaildb refresh"
            ) from error

    def _point(
        self, snapshot_id: str, manifest_bytes: bytes, version: str | None, published: list[str]
    ) -> None:
        pointer = _Pointer(
            snapshot_id=snapshot_id,
            manifest_sha256=sha256(manifest_bytes),
            nonce=secrets.token_hex(8),
            published=published,
        )
        self.store.swap(_POINTER, to_bytes(pointer.model_dump()), expected=version)

    def _ensure_readable(self, manifest: Manifest) -> None:
        if manifest.schema_version != self._schema_version:
            raise UnsupportedSnapshotError(
                f"Snapshot {manifest.snapshot_id} in {self.store.describe()} has schema version "
                f"{manifest.schema_version}, but this version of the software reads "
                f"{self._schema_version}. Install the version that made it, or make a new one "
                f"with: cocktaildb refresh"
            )

    def _manifest(self, snapshot_id: str, expected_sha256: str | None = None) -> Manifest:
        key = _manifest_key(snapshot_id)
        try:
            data = self.store.get(key).data
        except ObjectNotFoundError as error:
            raise SnapshotNotFoundError(f"There is no complete snapshot {snapshot_id}.") from error
        if expected_sha256 is not None and sha256(data) != expected_sha256:
            raise CorruptSnapshotError(f"{self.store.describe(key)} is not what was published.")
        try:
            manifest = Manifest.model_validate_json(data)
            for name in manifest.artifacts:
                _check_name(name)
        except ValueError as error:  # pydantic's ValidationError is one, too
            raise CorruptSnapshotError(f"{self.store.describe(key)} is damaged.") from error
        if manifest.snapshot_id != snapshot_id:
            raise CorruptSnapshotError(
                f"{self.store.describe(key)} is the manifest of {manifest.snapshot_id!r}."
            )
        return manifest

    def _object_keys(self) -> dict[str, list[tuple[str, datetime]]]:
        """Return the objects of each snapshot, complete or not; nothing that is not ours."""
        found: dict[str, list[tuple[str, datetime]]] = {}
        for item in self.store.list(_SNAPSHOTS):
            match = _KEY.fullmatch(item.key)
            if match is not None and _published_at(match[1]) is not None:
                found.setdefault(match[1], []).append((item.key, item.modified))
        return found

    def _retire(
        self,
        known: Mapping[str, list[tuple[str, datetime]]],
        published: Iterable[str],
        kept: Iterable[str],
    ) -> None:
        """Remove snapshots beyond ``keep``, and old unfinished or unpublished ones.

        ``known`` was listed before the pointer was swapped, so whoever still writes one of those
        began before that and will lose its own swap: no snapshot can become current while it is
        being removed here, however wrong the clocks are. What a live writer may still be working
        on is spared until it is :attr:`~api.storage.objects.ObjectStore.abandoned_after` old.
        """
        spared, retired = set(kept), set(published)
        abandoned_before = datetime.now(UTC) - self.store.abandoned_after
        for snapshot_id, objects in known.items():
            newest = max(modified for _, modified in objects)
            is_over = snapshot_id in retired or newest <= abandoned_before
            if is_over and snapshot_id not in spared:
                logger.info("removing snapshot %s", snapshot_id)
                self._remove(_manifest_key(snapshot_id), *(key for key, _ in objects))

    def _remove(self, manifest_key: str, *keys: str) -> None:
        # The manifest goes first: a half-deleted snapshot must not look complete.
        self.store.delete([manifest_key])
        self.store.delete([key for key in keys if key != manifest_key])


def _entry(artifact: EncodedArtifact) -> ArtifactEntry:
    index, summary = artifact.index, artifact.summary
    return ArtifactEntry(
        sha256=artifact.sha256,
        size=artifact.size,
        records_sha256=None if index is None else sha256(index),
        summary_sha256=None if summary is None else sha256(summary),
    )


def _altered(where: str) -> CorruptSnapshotError:
    return CorruptSnapshotError(
        f"{where} is not what was published: its hash differs. Run: cocktaildb refresh, or go back "
        f"with: cocktaildb snapshots rollback"
    )


def _after(newest_id: str | None, now: datetime) -> datetime:
    """Return ``now``, or a moment after the newest snapshot if the clock was set back."""
    if newest_id is None:
        return now
    newest = _published_at(newest_id)
    return now if newest is None else max(now, newest + timedelta(microseconds=1))


def _published(
    pointer: _Pointer | None, known: Mapping[str, list[tuple[str, datetime]]]
) -> list[str]:
    """Return the complete snapshots that were ever current, oldest first."""
    complete = sorted(
        snapshot_id
        for snapshot_id, objects in known.items()
        if any(key == _manifest_key(snapshot_id) for key, _ in objects)
    )
    if pointer is None or pointer.published is None:
        return complete
    return [snapshot_id for snapshot_id in complete if snapshot_id in pointer.published]


def _published_at(snapshot_id: str) -> datetime | None:
    """Return the time in a snapshot's id; None if it is not a valid id."""
    if not _ID.fullmatch(snapshot_id):
        return None
    try:
        at = datetime.strptime(snapshot_id.rsplit("-", 1)[0], _ID_TIME).replace(tzinfo=UTC)
    except ValueError:  # the thirteenth month
        return None
    return at if at < _END_OF_TIME else None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or f"{name}.json" == _MANIFEST:
        raise ValueError(
            f"{name!r} cannot name an artifact: use lower-case words joined by dashes, "
            f"such as 'cocktail-space'"
        )


def _artifact_key(
    snapshot_id: str, name: str, kind: Literal["json", "index", "summary"] = "json"
) -> str:
    _check_name(name)
    return f"{_SNAPSHOTS}{snapshot_id}/{name}.{kind}"


def _manifest_key(snapshot_id: str) -> str:
    return f"{_SNAPSHOTS}{snapshot_id}/{_MANIFEST}"
