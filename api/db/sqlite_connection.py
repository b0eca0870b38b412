"""SQLite connections whose transactions end for certain, and the identity of a database file."""

import os
import sqlite3
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from api.storage.permissions import FILE_MODE

#: Device and inode of a file; None if there is none.
FileIdentity = tuple[int, int] | None


class TrackedConnection(sqlite3.Connection):
    """A connection that closes its cursors with the transaction.

    SQLite keeps a shared lock while a statement is only half read, after ROLLBACK and even after
    the connection is closed. An exception's traceback may keep such a cursor alive for as long as
    it likes, and every other process's commit then waits.
    """

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        if not database.startswith((":", "file:")):
            create_privately(Path(database))
        super().__init__(database, *args, **kwargs)
        self._open_cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """Return a new cursor."""
        made = super().cursor(*args, **kwargs)
        self._open_cursors.add(made)
        return made

    def execute(self, *args: Any) -> sqlite3.Cursor:
        """Execute a statement on a new cursor."""
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.execute(*args)

    def rollback(self) -> None:
        """Roll back, and let go of every lock."""
        self._close_cursors()
        super().rollback()

    def commit(self) -> None:
        """Commit, and let go of every lock."""
        self._close_cursors()
        super().commit()

    def close(self) -> None:
        """Close the connection, and let go of every lock."""
        self._close_cursors()
        super().close()

    def _close_cursors(self) -> None:
        for cursor in list(self._open_cursors):
            cursor.close()
        self._open_cursors.clear()


def create_privately(path: Path) -> None:
    """Create an empty database file, for the group to read at most; SQLite's own mode is 644.

    Its journal files get the same mode. Nothing happens if the file exists or cannot be created:
    SQLite then says so.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))


def file_identity(path: Path) -> FileIdentity:
    """Return which file a path leads to: another one after it was replaced."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
