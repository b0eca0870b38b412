"""Whether the database has changed since it was last read, without reading it again.

Two equal revisions mean equal data: nothing was committed in between.

- SQLite counts the commits of others on each open connection (``PRAGMA data_version``,
  https://www.sqlite.org/pragma.html#pragma_data_version). A connection that never writes sees all.
- PostgreSQL names the transactions whose writes a reader sees (``pg_current_snapshot()``,
  https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT); a standby's
  list is incomplete.
"""

import sqlite3
import threading
from collections.abc import Hashable
from pathlib import Path

from sqlalchemy import Connection, text

from api.db import sqlite_snapshot
from api.db.database import Database
from api.db.sqlite_connection import FileIdentity, file_identity

_SERVER_STATE = text(
    "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE CAST(pg_current_snapshot() AS text) END"
)


def server_revision(connection: Connection) -> str | None:
    """Return what a PostgreSQL server's present state is called; None where it has no name."""
    found = connection.scalar(_SERVER_STATE)
    return None if found is None else str(found)


class Revisions:
    """Names the states of one database. Safe to use from any thread.

    Parameters
    ----------
    database
        What to watch. Of an embedded one this keeps a connection that reads only.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._watched: tuple[sqlite3.Connection, FileIdentity] | None = None
        self._opened = 0

    def current(self) -> Hashable | None:
        """Return the present state's name; None if there is none, and the data must be read.

        Raises
        ------
        DatabaseError
            If a server cannot be reached.
        """
        path = self._database.sqlite_path
        if path is None:
            with self._database.snapshot() as connection:
                return server_revision(connection)
        with self._lock:
            try:
                return self._file_revision(path)
            except sqlite3.Error:
                self._close()
                return None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._close()

    def _file_revision(self, path: Path) -> Hashable | None:
        identity = file_identity(path)
        if self._watched is None or self._watched[1] != identity:
            # Another file took this one's place; an inode that is open is not given out again.
            self._close()
            self._watched = sqlite_snapshot.open_in_place(path), identity
            self._opened += 1
            if file_identity(path) != identity:
                return None
        # All of them: a statement that is half read keeps a lock.
        ((version,),) = self._watched[0].execute("PRAGMA data_version").fetchall()
        # A count begins anew with each connection.
        return self._opened, version

    def _close(self) -> None:
        if self._watched is not None:
            self._watched[0].close()
        self._watched = None
