"""A directory as an object store, used on one machine in place of a bucket."""

import hashlib
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from api.storage.errors import ObjectNotFoundError, PublishConflictError, StorageError
from api.storage.file_lock import FileLock, LockHeldError, LocksUnsupportedError
from api.storage.objects import StoredObject, Versioned
from api.storage.permissions import FILE_MODE, make_directory

_LOCK_NAME = ".lock"
#: Our temporary files, and no others: the directory may hold what is not ours.
_TEMPORARY = re.compile(r"\.tmp-[a-z0-9_]{8}")
#: Directories of ours: those below them that have our names, and never through a link.
_OWN_DIRECTORIES = re.compile(r"checkpoints|snapshots(/\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8})?")
_PUT_ATTEMPTS = 5
#: How often a file is replaced to see whether readers ever miss it.
_REPLACE_TRIALS = 100


class LocalStore:
    """An :class:`~api.storage.objects.ObjectStore` over a directory.

    Parameters
    ----------
    root
        The directory; created by the first write. Nothing in it is touched but our own files.
    lock_timeout
        Seconds to wait for another writer before giving up.
    """

    #: The lock proves that no other writer is alive, so anything unfinished is abandoned.
    abandoned_after = timedelta(0)

    def __init__(self, root: Path, *, lock_timeout: float = 60.0) -> None:
        self.root = root
        self._lock_timeout = lock_timeout

    def describe(self, key: str = "") -> str:
        return str(self.root / key) if key else str(self.root)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._reporting("be locked"):
            make_directory(self.root)
            try:
                lock = FileLock(self.root / _LOCK_NAME, self._lock_timeout).acquire()
            except LockHeldError as error:
                raise StorageError(
                    f"Another process has been publishing to {self.root} for more than "
                    f"{self._lock_timeout:.0f} s. Wait for it to end and try again."
                ) from error
            except LocksUnsupportedError as error:
                raise StorageError(
                    f"The file system of {self.root} has no working locks ({error.strerror}), so "
                    f"publishers cannot exclude each other. Set ANALYTICS_DIR to a directory on a "
                    f"local disk, or ANALYTICS_BUCKET to a bucket."
                ) from error
        try:
            self._remove_leftovers()
            yield
        finally:
            lock.release()

    def replaces_atomically(self) -> bool:
        """Try whether a reader always finds a file while it is being replaced.

        POSIX demands it of rename(2), but some network and FUSE file systems remove the old file
        first; there, readers may briefly find no snapshot.

        Raises
        ------
        StorageError
            If the directory cannot be written.
        """
        with self._reporting("be written"):
            make_directory(self.root)
            probe = self._temporary_in(self.root)
            missed = threading.Event()
            done = threading.Event()

            def look() -> None:
                while not done.is_set():
                    try:
                        os.close(os.open(probe, os.O_RDONLY))
                    except FileNotFoundError:
                        missed.set()
                        return

            try:
                probe.touch()
                reader = threading.Thread(target=look, daemon=True)
                reader.start()
                for _ in range(_REPLACE_TRIALS):
                    other = self._temporary_in(self.root)
                    other.touch()
                    other.replace(probe)
                done.set()
                reader.join()
            finally:
                done.set()
                probe.unlink(missing_ok=True)
            return not missed.is_set()

    def get(self, key: str) -> Versioned:
        path = self._path(key)
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ObjectNotFoundError(f"There is no {path}.") from error
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error}.") from error
        return Versioned(data, hashlib.sha256(data).hexdigest())

    def get_range(self, key: str, start: int, length: int) -> bytes:
        path = self._path(key)
        try:
            with path.open("rb") as stream:
                stream.seek(start)
                return stream.read(length)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ObjectNotFoundError(f"There is no {path}.") from error
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error}.") from error

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        path = self._path(key)
        with self._reporting("be written"):
            for _ in range(_PUT_ATTEMPTS - 1):
                # A status is written without the lock, so the lock's holder may take our temporary
                # file for a dead writer's; and a directory is removed with its last object.
                with suppress(FileNotFoundError):
                    self._replace(path, data)
                    return
            self._replace(path, data)

    def _replace(self, path: Path, data: bytes | BinaryIO) -> None:
        make_directory(path.parent)
        temporary = self._temporary_in(path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(temporary, flags, FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                if isinstance(data, bytes):
                    stream.write(data)
                else:
                    data.seek(0)
                    shutil.copyfileobj(data, stream)
                stream.flush()
                # The rename must not reach the disk before the bytes do.
                os.fsync(stream.fileno())
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
                if _TEMPORARY.fullmatch(path.name):
                    continue
                with suppress(FileNotFoundError):  # deleted meanwhile
                    if path.is_file():
                        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                        yield StoredObject(path.relative_to(self.root).as_posix(), modified)

    def delete(self, keys: Iterable[str]) -> None:
        with self._reporting("be deleted from"):
            for key in keys:
                path = self._path(key)
                path.unlink(missing_ok=True)
                # A snapshot's directory is removed with its last object.
                if _OWN_DIRECTORIES.fullmatch(path.parent.relative_to(self.root).as_posix()):
                    with suppress(OSError):  # not empty
                        path.parent.rmdir()

    def _path(self, key: str) -> Path:
        path = self.root / key
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise StorageError(f"{key!r} leads out of {self.root}.")
        return path

    def _temporary_in(self, directory: Path) -> Path:
        return directory / f".tmp-{secrets.token_hex(4)}"

    def _remove_leftovers(self) -> None:
        """Remove what a killed writer left half-written; only the lock's holder may."""
        with self._reporting("be cleaned"):
            for directory in (self.root, *self._own_directories()):
                with os.scandir(directory) as entries:
                    names = [entry.name for entry in entries]
                for name in names:
                    if _TEMPORARY.fullmatch(name):
                        (directory / name).unlink(missing_ok=True)
                # Killed before a snapshot's first object or after its last: nothing lists it.
                if not names and directory != self.root:
                    with suppress(OSError):
                        directory.rmdir()

    def _own_directories(self) -> Iterator[Path]:
        for top in ("checkpoints", "snapshots"):
            for directory in (self.root / top, *(self.root / top).glob("*")):
                name = directory.relative_to(self.root).as_posix()
                is_real = directory.is_dir() and not directory.is_symlink()
                if not is_real and directory == self.root / top:
                    break  # a link, or not there: nothing below it is ours
                if is_real and _OWN_DIRECTORIES.fullmatch(name):
                    yield directory

    @contextmanager
    def _reporting(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"{self.root} cannot {action}: {error}. Check its permissions and the free space, "
                f"or set ANALYTICS_DIR to another directory."
            ) from error


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
