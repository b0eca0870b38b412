"""Whether a database takes writes, without writing."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.db.database import Database
from api.db.errors import DatabaseError, DatabaseFullError

#: For a journal and a row; with less, a write fails sooner or later.
_ROOM_BYTES = 256 * 1024


def require_writable(database: Database) -> None:
    """Raise if nothing can be written; return at once if somebody else is writing.

    Raises
    ------
    DatabaseError
        If the file or its mount is read-only or full, or the server is a standby.
    """
    path = database.sqlite_path
    if path is None:
        _require_primary(database)
        return
    _require_room(path)
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    try:
        with closing(
            sqlite3.connect(address, uri=True, timeout=0, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise DatabaseError(
                f"{path} cannot be written: {error}. Check its permissions and its mount."
            ) from error


def _require_room(path: Path) -> None:
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return  # SQLite says what is wrong with the path
    # Some file systems do not know how large they are.
    if disk.f_blocks and disk.f_bavail * disk.f_frsize < _ROOM_BYTES:
        raise DatabaseFullError(f"{path} cannot be written: its disk is full. Make room on it.")


def _require_primary(database: Database) -> None:
    query = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
    try:
        with database.engine.connect() as connection:
            read_only = connection.scalar(text(query))
    except SQLAlchemyError as error:
        raise DatabaseError(f"{database!r} cannot be reached: {error}") from error
    if read_only:
        raise DatabaseError(f"{database!r} is read-only. Connect to the primary server.")
