"""The published analytics as responses: read, derived and compressed once per snapshot."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from api.http.compression import MINIMUM_BYTES, gzip_bytes
from api.http.etags import strong_etag
from api.storage.errors import (
    CorruptSnapshotError,
    ObjectNotFoundError,
    SnapshotNotFoundError,
)
from api.storage.serialization import from_bytes
from api.storage.snapshots import Manifest, Snapshots, State
from api.utils.analytics_cache import AnalyticsStorage

T = TypeVar("T")

#: Seconds for which the pointer to the current snapshot is cached.
POINTER_SECONDS = 0.5
#: Memory for finished responses, counting both encodings.
RESPONSE_BYTES = 64 * 1024 * 1024
#: Snapshots kept in memory: the current one, and the previous one, which readers may still see.
_SNAPSHOTS_KEPT = 2
#: How often a reader may lose a race with retention; each time a newer snapshot was published.
_READ_ATTEMPTS = 5


@dataclass(frozen=True)
class Rendered:
    """A response, ready to send.

    Attributes
    ----------
    body, compressed
        The JSON, plain and as gzip; ``compressed`` is None where it saves nothing.
    etag
        Differs whenever the body does.
    """

    body: bytes
    compressed: bytes | None
    etag: str

    @classmethod
    def of(cls, body: bytes) -> "Rendered":
        """Compress and tag a body."""
        compressed = gzip_bytes(body) if len(body) >= MINIMUM_BYTES else None
        return cls(body, compressed, strong_etag(body))

    @property
    def size(self) -> int:
        """Approximate bytes of memory."""
        return len(self.body) + len(self.compressed or b"") + 200


class LoadedSnapshot:
    """One snapshot, with everything derived from it.

    Parameters
    ----------
    snapshots
        Where it is read from.
    manifest
        Identifies it.
    """

    def __init__(self, snapshots: Snapshots, manifest: Manifest) -> None:
        self.manifest = manifest
        self._snapshots = snapshots
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.RLock] = {}
        self._derived: dict[Hashable, Any] = {}
        self._rendered: OrderedDict[Hashable, Rendered] = OrderedDict()
        self._rendered_bytes = 0

    def artifact(self, name: str) -> bytes:
        """Return an artifact as published, its hash checked; raises what the store raises."""
        return self._snapshots.read_bytes(self.manifest, name)

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield an artifact as published in pieces; raises what the store raises."""
        return self._snapshots.iterate_bytes(self.manifest, name)

    def value(self, name: str) -> Any:
        """Return an artifact's JSON value."""
        return from_bytes(self.artifact(name))

    def record_reader(self, name: str) -> Callable[[int], bytes | None]:
        """Return a function that reads one record of a large artifact by its identifier."""
        return self._snapshots.record_reader(self.manifest, name)

    def records(self, name: str) -> Iterator[Any]:
        """Yield the values of a list without holding a large artifact in memory."""
        return self._snapshots.iterate_records(self.manifest, name)

    def summary(self, name: str) -> bytes | None:
        """Return what was kept of all records of a large artifact; None without a summary."""
        return self._snapshots.read_summary(self.manifest, name)

    def record_ids(self, name: str) -> Sequence[int]:
        """Return the identifiers of a large artifact's records."""
        return self._snapshots.record_ids(self.manifest, name)

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the result of ``make``, computed once per snapshot, by one thread."""
        if key not in self._derived:
            with self._alone(("derived", key)):
                if key not in self._derived:
                    self._derived[key] = make()
        made: T = self._derived[key]
        return made

    def finished(self, key: Hashable) -> Rendered | None:
        """Return a response if it was rendered before; a look-up, never blocks."""
        return self._rendered.get(key)

    def rendered(self, key: Hashable, make: Callable[[], Rendered]) -> Rendered:
        """Return the response that ``make`` returns; the latest ones are cached."""
        with self._alone(("rendered", key)):
            with self._lock:
                found = self._rendered.get(key)
                if found is not None:
                    self._rendered.move_to_end(key)
                    return found
            made = make()
            with self._lock:
                if key not in self._rendered:
                    self._rendered[key] = made
                    self._rendered_bytes += made.size
                while self._rendered_bytes > RESPONSE_BYTES and len(self._rendered) > 1:
                    _, oldest = self._rendered.popitem(last=False)
                    self._rendered_bytes -= oldest.size
            return made

    @contextmanager
    def _alone(self, key: Hashable) -> Iterator[None]:
        """Exclude other threads that make the same; what takes long holds up nothing else."""
        with self._lock:
            lock = self._making.setdefault(key, threading.RLock())
        with lock:
            try:
                yield
            finally:
                with self._lock:
                    self._making.pop(key, None)


class Published:
    """What readers see, cached.

    Parameters
    ----------
    storage
        Where it is read from.
    guard
        Returns a snapshot's state; raises if it must not be shown.
    pointer_seconds
        Seconds for which the pointer to the current snapshot is cached.
    """

    def __init__(
        self,
        storage: AnalyticsStorage,
        *,
        guard: Callable[[Manifest], State],
        pointer_seconds: float = POINTER_SECONDS,
    ) -> None:
        self._guard = guard
        self._snapshots = storage.snapshots
        self._pointer_seconds = pointer_seconds
        self._lock = threading.Lock()
        self._current: LoadedSnapshot | None = None
        self._history: tuple[LoadedSnapshot, list[Manifest]] | None = None
        self._read_at = float("-inf")
        self._loaded: OrderedDict[str, LoadedSnapshot] = OrderedDict()

    def recent(self) -> LoadedSnapshot | None:
        """Return the current snapshot if it was looked up recently, else None. Never blocks."""
        if time.monotonic() < self._read_at + self._pointer_seconds:
            return self._current
        return None

    def current(self, *, look: bool = False) -> LoadedSnapshot | None:
        """Return the current snapshot; None before the first. Reads the store now and then.

        Parameters
        ----------
        look
            Look it up now: from then on every reader of this process sees the result.
        """
        asked = time.monotonic()
        with self._lock:
            # Those who waited for the lock use what its holder has found meanwhile.
            fresh_from = asked if look else asked - self._pointer_seconds
            if self._read_at >= fresh_from:
                return self._current
            looked = time.monotonic()
            manifest = self._snapshots.current()
            previous = self._current
            self._current = None if manifest is None else self._load(manifest)
            if self._current is not previous:
                self._history = None
            self._read_at = looked
            return self._current

    def is_stale(self, loaded: LoadedSnapshot) -> bool:
        """Return whether recipes have changed since a snapshot was computed."""
        return self._guard(loaded.manifest) != "current"

    def read(self, make: Callable[[LoadedSnapshot], T]) -> T | None:
        """Return the result of ``make`` for the current snapshot; None before the first.

        A snapshot may be retired while it is read, when newer ones are published; then the
        current one is read instead.
        """
        loaded = self.current()
        for _ in range(_READ_ATTEMPTS):
            if loaded is None:
                return None
            self._guard(loaded.manifest)
            try:
                return make(loaded)
            except ObjectNotFoundError as error:
                missing = error
                loaded = self.current(look=True)
        raise CorruptSnapshotError(f"The current snapshot is not complete: {missing}")

    def read_kept(self, snapshot_id: str, make: Callable[[LoadedSnapshot], T]) -> T:
        """Return the result of ``make`` for a kept snapshot, which is not kept in memory.

        Raises
        ------
        SnapshotNotFoundError
            If it is not kept, or no longer.
        """
        manifest = self._snapshots.kept(snapshot_id)
        self._guard(manifest)
        try:
            return make(LoadedSnapshot(self._snapshots, manifest))
        except ObjectNotFoundError as error:
            raise SnapshotNotFoundError(f"{snapshot_id} is not kept any more.") from error

    def history(self) -> list[Manifest]:
        """Return the kept snapshots, newest first.

        Listing reads every manifest; it is done again when another snapshot has become current.
        """
        loaded = self.current()
        if loaded is None:
            return []
        found = self._history
        if found is None or found[0] is not loaded:
            found = self._history = loaded, self._snapshots.history()
        return found[1]

    def _load(self, manifest: Manifest) -> LoadedSnapshot:
        known = self._loaded.get(manifest.snapshot_id)
        if known is None:
            known = self._loaded[manifest.snapshot_id] = LoadedSnapshot(self._snapshots, manifest)
            while len(self._loaded) > _SNAPSHOTS_KEPT:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(manifest.snapshot_id)
        return known
