"""Snapshots: what one refresh publishes, whole or not at all.

Layout, the same in a directory and in a bucket::

    current.json                       the pointer: which snapshot readers see
    snapshots/<id>/<artifact>.json     one object an artifact
    snapshots/<id>/manifest.json       what belongs to it, with hashes; written last

A snapshot's objects are never changed. Publishing writes them all, then the manifest, then swaps
the pointer, which is one atomic write: every reader goes through the pointer and so sees one whole
snapshot, and a crash before the swap leaves the previous one in place.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import EllipsisType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.storage.errors import (
    CorruptSnapshotError,
    ObjectNotFoundError,
    PublishConflictError,
    SnapshotNotFoundError,
    StorageError,
)
from api.storage.objects import ObjectStore
from api.storage.serialization import from_bytes, sha256, to_bytes

logger = logging.getLogger(__name__)

_POINTER = "current.json"
_SNAPSHOTS = "snapshots/"
_MANIFEST = "manifest.json"
_ID_TIME = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ID = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
#: A reader may lose a race with retention this often; each time a newer snapshot was published.
_READ_ATTEMPTS = 5


class ArtifactEntry(BaseModel):
    """One artifact of a snapshot."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int


class Manifest(BaseModel):
    """What a snapshot is: its parts, where they came from and when.

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
    code_version
        Which code, with which parameters, computed it.
    counts
        How many of what it holds, for people.
    details
        What is worth knowing of an artifact beside its data, such as a map's quality.
    artifacts
        Hash and size of each artifact.
    """

    model_config = ConfigDict(frozen=True)

    snapshot_id: str
    schema_version: int
    created_at: datetime
    database_fingerprint: str | None
    code_version: str | None
    counts: dict[str, int]
    details: dict[str, dict[str, Any]] = {}
    artifacts: dict[str, ArtifactEntry]


class _Pointer(BaseModel):
    # Whoever can write the pointer must not lead readers out of the snapshots.
    snapshot_id: str = Field(pattern=f"^{_ID.pattern}$")
    manifest_sha256: str


class Snapshots:
    """The snapshots kept in a store.

    Parameters
    ----------
    store
        Where.
    keep
        How many to keep, the current one included; older ones go with the next publication.
    """

    def __init__(self, store: ObjectStore, *, keep: int = 10) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        self.store = store
        self._keep = keep

    def current(self) -> Manifest | None:
        """Return the manifest of the snapshot that readers see, or None before the first."""
        for _ in range(_READ_ATTEMPTS):
            pointer, _version = self._pointer()
            if pointer is None:
                return None
            try:
                return self._manifest(pointer.snapshot_id, pointer.manifest_sha256)
            except SnapshotNotFoundError as error:
                missing = error  # retired since the pointer was read: look again
        raise CorruptSnapshotError(
            f"{self.store.describe(_POINTER)} names a snapshot that does not exist ({missing}) "
            f"Make a new one with: cocktaildb refresh, or point it at another one with: "
            f"cocktaildb snapshots rollback ID"
        )

    def history(self) -> list[Manifest]:
        """Return every complete snapshot, newest first."""
        manifests = []
        for snapshot_id in sorted(self._object_keys(), reverse=True):
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
        key = _artifact_key(manifest.snapshot_id, name)
        data = self.store.get(key).data
        if sha256(data) != expected:
            raise CorruptSnapshotError(
                f"{self.store.describe(key)} is not what was published: its hash differs. "
                f"Go back with: cocktaildb snapshots rollback, or run: cocktaildb refresh --force"
            )
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
        code_version: str | None = None,
        counts: Mapping[str, int] | None = None,
        details: Mapping[str, Mapping[str, Any]] | None = None,
        schema_version: int = 1,
        replacing: Manifest | EllipsisType | None = ...,
    ) -> Manifest:
        """Write a snapshot and make it the current one.

        Parameters
        ----------
        artifacts
            JSON values by name.
        database_fingerprint, code_version, counts, details, schema_version
            Recorded in the :class:`Manifest`.
        replacing
            Publish only while this snapshot is the current one (None: while there is none).
            By default whatever is current is replaced, a pointer that is damaged or leads nowhere
            included.

        Raises
        ------
        ValueError
            If an artifact's name is not lower-case words joined by dashes.
        PublishConflictError
            If another snapshot was published meanwhile; this one is then not visible.
        """
        for name in artifacts:
            _check_name(name)
        encoded = {name: to_bytes(data) for name, data in artifacts.items()}
        entries = {
            name: ArtifactEntry(sha256=sha256(data), size=len(data))
            for name, data in encoded.items()
        }
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
                schema_version=schema_version,
                created_at=created_at,
                database_fingerprint=database_fingerprint,
                code_version=code_version,
                counts=dict(counts or {}),
                details={name: dict(values) for name, values in (details or {}).items()},
                artifacts=entries,
            )
            for name, data in encoded.items():
                self.store.put(_artifact_key(snapshot_id, name), data)
            manifest_bytes = to_bytes(manifest.model_dump(mode="json"))
            self.store.put(_manifest_key(snapshot_id), manifest_bytes)
            self._point(snapshot_id, manifest_bytes, version)
            try:
                self._retire(known)
            except StorageError:
                # Readers see the new snapshot already: to call this a failure would be wrong.
                logger.exception("old snapshots could not be removed; the next refresh tries again")
        return manifest

    def rollback(self, snapshot_id: str | None = None) -> Manifest:
        """Make an older snapshot the current one, after checking that it is whole.

        Parameters
        ----------
        snapshot_id
            Which; by default the one before the current.

        Raises
        ------
        SnapshotNotFoundError
            If there is no such snapshot.
        CorruptSnapshotError
            If it is damaged; the pointer is then left alone.
        """
        with self.store.exclusive():
            pointer, version = self._pointer(damaged_ok=snapshot_id is not None)
            if snapshot_id is None:
                snapshot_id = self._before(pointer)
            elif not _ID.fullmatch(snapshot_id):
                raise SnapshotNotFoundError(
                    f"{snapshot_id!r} is not a snapshot's id; see: cocktaildb snapshots list"
                )
            manifest = self._manifest(snapshot_id)
            self.check(manifest)
            self._point(snapshot_id, self.store.get(_manifest_key(snapshot_id)).data, version)
        return manifest

    def check(self, manifest: Manifest) -> None:
        """Read every artifact of a snapshot.

        Raises
        ------
        CorruptSnapshotError
            If one is missing or is not what was published.
        """
        for name in manifest.artifacts:
            try:
                self.read_bytes(manifest, name)
            except ObjectNotFoundError as error:
                raise CorruptSnapshotError(
                    f"{manifest.snapshot_id} is not complete: {error}"
                ) from error

    def _before(self, pointer: _Pointer | None) -> str:
        older = [
            manifest.snapshot_id
            for manifest in self.history()
            if pointer is not None and manifest.snapshot_id < pointer.snapshot_id
        ]
        if not older:
            raise SnapshotNotFoundError("There is no snapshot before the current one.")
        return older[0]

    def _pointer(self, *, damaged_ok: bool = False) -> tuple[_Pointer | None, str | None]:
        """Return the pointer and its version; None for one that is damaged, if that may be."""
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

    def _point(self, snapshot_id: str, manifest_bytes: bytes, version: str | None) -> None:
        pointer = _Pointer(snapshot_id=snapshot_id, manifest_sha256=sha256(manifest_bytes))
        self.store.swap(_POINTER, to_bytes(pointer.model_dump()), expected=version)

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
        """Return the objects of each snapshot directory, complete or not."""
        found: dict[str, list[tuple[str, datetime]]] = {}
        for item in self.store.list(_SNAPSHOTS):
            snapshot_id = item.key.removeprefix(_SNAPSHOTS).split("/")[0]
            if _published_at(snapshot_id) is not None:
                found.setdefault(snapshot_id, []).append((item.key, item.modified))
        return found

    def _retire(self, known: Mapping[str, list[tuple[str, datetime]]]) -> None:
        """Remove the oldest complete snapshots, and the unfinished ones nobody is writing.

        ``known`` was listed before the pointer was swapped, so whoever still writes one of those
        began before that and loses its own swap: nobody can make a snapshot current while it is
        being removed here, however wrong the clocks are.
        """
        complete = sorted(
            snapshot_id
            for snapshot_id, objects in known.items()
            if any(key == _manifest_key(snapshot_id) for key, _ in objects)
        )
        surplus = set(complete[: max(0, len(complete) + 1 - self._keep)])
        abandoned_before = datetime.now(UTC) - self.store.abandoned_after
        for snapshot_id, objects in known.items():
            unfinished = snapshot_id not in complete
            newest = max(modified for _, modified in objects)
            if snapshot_id in surplus or (unfinished and newest <= abandoned_before):
                # The manifest goes first: a half-deleted snapshot must not look complete.
                keys = sorted(
                    (key for key, _ in objects), key=lambda key: not key.endswith(_MANIFEST)
                )
                logger.info("retiring snapshot %s", snapshot_id)
                self.store.delete(keys)


def _after(newest_id: str | None, now: datetime) -> datetime:
    """Return ``now``, or a moment after the newest snapshot if the clock was set back."""
    if newest_id is None:
        return now
    newest = _published_at(newest_id)
    return now if newest is None else max(now, newest + timedelta(microseconds=1))


def _published_at(snapshot_id: str) -> datetime | None:
    """Return the time in a snapshot's id; None if it is no such id."""
    if not _ID.fullmatch(snapshot_id):
        return None
    try:
        return datetime.strptime(snapshot_id.rsplit("-", 1)[0], _ID_TIME).replace(tzinfo=UTC)
    except ValueError:  # the thirteenth month
        return None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or f"{name}.json" == _MANIFEST:
        raise ValueError(
            f"{name!r} cannot name an artifact: use lower-case words joined by dashes, "
            f"such as 'cocktail-space'"
        )


def _artifact_key(snapshot_id: str, name: str) -> str:
    _check_name(name)
    return f"{_SNAPSHOTS}{snapshot_id}/{name}.json"


def _manifest_key(snapshot_id: str) -> str:
    return f"{_SNAPSHOTS}{snapshot_id}/{_MANIFEST}"
