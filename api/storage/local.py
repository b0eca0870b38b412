"""A directory as an object store: what a laptop uses in place of a bucket."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from api.storage.errors import ObjectNotFoundError, PublishConflictError, StorageError
from api.storage.objects import StoredObject, Versioned

_LOCK_NAME = ".lock"
_TEMPORARY_PREFIX = ".tmp-"
_PUT_ATTEMPTS = 5


class LocalStore:
    """An :class:`~api.storage.objects.ObjectStore` over a directory.

    Parameters
    ----------
    root
        The directory; made on the first write.
    lock_timeout
        Seconds to wait for another writer before giving up.
    """

    #: The lock proves that no other writer lives, so what is unfinished is abandoned at once.
    abandoned_after = timedelta(0)

    def __init__(self, root: Path, *, lock_timeout: float = 60.0) -> None:
        self.root = root
        self._lock_timeout = lock_timeout

    def describe(self, key: str = "") -> str:
        return str(self.root / key) if key else str(self.root)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        # An flock on an open file: the kernel releases it when its holder dies, however it dies.
        with self._reporting("be locked"):
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / _LOCK_NAME, timeout=self._lock_timeout)
            try:
                lock.acquire()
            except Timeout as error:
                raise StorageError(
                    f"Another process has been publishing to {self.root} for more than "
                    f"{self._lock_timeout:.0f} s. Wait for it to end and try again."
                ) from error
        try:
            self._remove_leftovers()
            yield
        finally:
            lock.release()

    def get(self, key: str) -> Versioned:
        path = self._path(key)
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ObjectNotFoundError(f"There is no {path}.") from error
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error}.") from error
        return Versioned(data, hashlib.sha256(data).hexdigest())

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        with self._reporting("be written"):
            for _ in range(_PUT_ATTEMPTS - 1):
                # Without the lock, as a status is written, the lock's holder may take our
                # temporary file for a dead writer's; and a directory may go with its last object.
                with suppress(FileNotFoundError):
                    self._replace(path, data)
                    return
            self._replace(path, data)

    def _replace(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=_TEMPORARY_PREFIX, dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                # The rename must not reach the disk before the bytes do.
                os.fsync(stream.fileno())
            # mkstemp makes private files; these are for whoever may read the directory.
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)

    def swap(self, key: str, data: bytes, expected: str | None) -> None:
        # Atomic because writers hold `exclusive()`; a reader needs no lock.
        try:
            found: str | None = self.get(key).version
        except ObjectNotFoundError:
            found = None
        if found != expected:
            raise PublishConflictError(f"{self.describe(key)} was changed by another process.")
        self.put(key, data)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        start = self._path(prefix) if prefix else self.root
        with self._reporting("be listed"):
            # Sorted, because a directory's own order differs from machine to machine.
            for path in sorted(start.rglob("*")):
                if path.name.startswith(_TEMPORARY_PREFIX):
                    continue
                with suppress(FileNotFoundError):  # deleted under our feet
                    if path.is_file():
                        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                        yield StoredObject(path.relative_to(self.root).as_posix(), modified)

    def delete(self, keys: Iterable[str]) -> None:
        with self._reporting("be deleted from"):
            for key in keys:
                path = self._path(key)
                path.unlink(missing_ok=True)
                # A snapshot's directory goes with its last object; others are not empty.
                with suppress(OSError):
                    path.parent.rmdir()

    def _path(self, key: str) -> Path:
        path = self.root / key
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise StorageError(f"{key!r} leads out of {self.root}.")
        return path

    def _remove_leftovers(self) -> None:
        """Remove what a killed writer left half-written; only the lock's holder may."""
        with self._reporting("be cleaned"):
            for path in self.root.rglob(f"{_TEMPORARY_PREFIX}*"):
                path.unlink(missing_ok=True)
            # Killed before a snapshot's first object or after its last: nothing lists those.
            for path in self.root.glob("*/*/"):
                with suppress(OSError):  # not empty, or no directory
                    path.rmdir()

    @contextmanager
    def _reporting(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"{self.root} cannot {action}: {error}. Check its permissions and the free "
                f"space, or set ANALYTICS_DIR to another directory."
            ) from error


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
