"""An exclusive lock on a file, which the kernel releases when its holder dies, however it dies.

flock(2) and not the filelock package, for two reasons. The lock belongs to the open file, so a
child that inherits it keeps it: a refresh whose worker was killed still holds the queue. And a file
system without locks is reported as such.
"""

import errno
import fcntl
import os
import time
from pathlib import Path
from typing import Self

from api.storage.permissions import FILE_MODE

_POLL_SECONDS = 0.05
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


class LockHeldError(Exception):
    """Another process holds the lock."""


class LocksUnsupportedError(OSError):
    """The file system has no working locks."""


class FileLock:
    """A lock on ``path``, which is created if it is missing and never removed.

    Parameters
    ----------
    path
        The file to lock, in an existing directory.
    timeout
        Seconds to wait for another holder.

    """

    def __init__(self, path: Path, timeout: float = 0.0) -> None:
        self.path = path
        self._timeout = timeout
        self._descriptor = -1

    def fileno(self) -> int:
        """Return the descriptor; a child that inherits it shares the lock."""
        return self._descriptor

    def acquire(self) -> Self:
        """Lock the file.

        Raises
        ------
        LockHeldError
            If another process still holds the lock after ``timeout``.
        LocksUnsupportedError
            If the file system has no working locks.
        OSError
            If the file cannot be opened.
        """
        deadline = time.monotonic() + self._timeout
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    if time.monotonic() >= deadline:
                        raise LockHeldError(f"{self.path} is locked by another process") from error
                    time.sleep(_POLL_SECONDS)
                else:
                    break
        except OSError as error:
            os.close(descriptor)
            if error.errno in _UNSUPPORTED:
                raise LocksUnsupportedError(error.errno, os.strerror(error.errno)) from error
            raise
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Let the lock go; a child that inherited it keeps it."""
        os.close(self._descriptor)  # closing and not unlocking, for the child's sake
        self._descriptor = -1
