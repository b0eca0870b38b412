"""Backup and restore of the recipe database.

A backup is one SQLite file for either kind of database: SQLite can verify its integrity, and it can
be opened, checked and served directly. An embedded database is copied page by page with SQLite's
online backup (https://www.sqlite.org/backup.html), including tables that are not ours; a server's
rows are read in one transaction and written to a file with our schema. ``FILE.sha256`` beside it is
for ``sha256sum --check`` and for :func:`restore`: SQLite does not detect a changed letter.

A restore uses SQLite's transactions too and never renames files: a ``-wal`` of the old file would
be applied to the new one, and processes with the old file open would keep writing to a deleted
file. If it is killed midway, the next process to open the database rolls it back.
"""

import hashlib
import os
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from api.db import schema
from api.db.database import Database
from api.db.dataset import read_dataset
from api.db.errors import DatabaseError, write_error
from api.db.frames import Dataset
from api.db.identity import read_database_id, write_database_id
from api.db.migrations import upgrade
from api.db.sqlite_connection import create_privately
from api.db.sqlite_snapshot import open_snapshot
from api.db.write import write_dataset
from api.storage.permissions import make_directory

#: How long to wait for other processes' locks.
LOCK_SECONDS = 30.0
_COMPANIONS = ("-wal", "-shm", "-journal")


def create_backup(database: Database, target: Path, *, overwrite: bool = False) -> None:
    """Write one consistent state of the database to ``target`` while others write.

    Parameters
    ----------
    database
        The database to back up; it is only read.
    target
        The backup file; ``<target>.sha256`` is written beside it. It has a temporary name until
        it is complete.
    overwrite
        Replace an existing file.

    Raises
    ------
    DatabaseError
        If the database cannot be read or the backup cannot be written.
    """
    if target.exists() and not overwrite:
        raise DatabaseError(
            f"{target} already exists. Replace it with --force, or choose another file."
        )
    if target.exists() and database.sqlite_path and target.samefile(database.sqlite_path):
        raise DatabaseError(f"{target} is the database itself. Choose another file.")
    checksum = _checksum_path(target)
    try:
        make_directory(target.parent)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as directory:
            built = Path(directory) / "backup.db"
            _write(database, built)
            _verify_integrity(built)
            _sync(built)
            # This order survives a kill: a backup without a checksum can be restored, one with
            # another file's checksum cannot.
            checksum.unlink(missing_ok=True)
            built.replace(target)
            _sync(target.parent)
        checksum.write_text(_checksum_line(target))
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise DatabaseError(
            f"{target} cannot be written: {error}. Check its permissions and the free space."
        ) from error


def restore(source: Path, database: Database, *, overwrite: bool = False) -> Path | None:
    """Replace all data of the database with a backup, in one transaction.

    Parameters
    ----------
    source
        A file written by :func:`create_backup`, or any SQLite file with the tables of
        :mod:`api.db.schema`. It is checked before anything changes.
    database
        The database to replace; an older schema is upgraded.
    overwrite
        Replace a database that has recipes or cannot be read.

    Returns
    -------
    pathlib.Path or None
        A copy of the previous database; None if there was none, or no row in a server's.

    Raises
    ------
    DatabaseError
        If the backup is missing or damaged, or the database has data or is locked. The database
        is then unchanged.
    """
    _check(source)
    path = database.sqlite_path
    if path is not None and path.exists() and source.samefile(path):
        raise DatabaseError(f"{source} is the database itself. Choose a backup of it.")
    if not overwrite and (found := _existing_data(database)):
        raise DatabaseError(f"{database!r} {found}. Replace it with --force.")
    if path is None:
        kept = None
        if _existing_data(database):
            kept = aside_path(database, "restore")
            create_backup(database, kept)
        _restore_rows(source, database)
        return kept
    try:
        make_directory(path.parent)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=path.parent) as directory:
            prepared = Path(directory) / "restored.db"
            with open_snapshot(source) as raw:
                _copy(raw, prepared)
            _upgrade(prepared)
            kept = _keep_aside(database, path)
            with closing(sqlite3.connect(prepared)) as raw:
                _copy(raw, path)
        _sync(path)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(
            f"{path} cannot be written: {error}. Check its permissions and the free space, and "
            f"stop other programs that use it."
        ) from error
    return kept


def _write(database: Database, target: Path) -> None:
    if database.sqlite_path is not None:
        with open_snapshot(database.sqlite_path) as raw:
            _copy(raw, target)
        return
    with database.snapshot() as connection:
        dataset = read_dataset(connection)
        identifier = read_database_id(connection)
    _upgrade(target, dataset, identifier)


def _upgrade(path: Path, dataset: Dataset | None = None, identifier: str | None = None) -> None:
    """Upgrade a file's schema and, if given, replace its rows and its id."""
    copy = Database(URL.create("sqlite", database=str(path)))
    try:
        upgrade(copy.engine)
        if dataset is not None:
            with copy.engine.begin() as connection:
                write_dataset(connection, dataset)
                write_database_id(connection, identifier)
    finally:
        copy.dispose()


def _copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database into another, in one transaction of the target."""
    deadline = time.monotonic() + LOCK_SECONDS

    def enforce_deadline(status: int, _remaining: int, _total: int) -> None:
        # sqlite3 itself retries forever.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > deadline:
            raise DatabaseError(
                f"{target} has been locked for {LOCK_SECONDS:.0f} s. Stop the program that "
                f"writes to it and try again."
            )

    create_privately(target)
    with closing(sqlite3.connect(target, timeout=1.0)) as connection:
        # All pages in one step: concurrent writes to the source come before or after, and
        # readers of the target see all old rows or all new ones.
        source.backup(connection, pages=-1, progress=enforce_deadline, sleep=0.1)
        # A copy of a WAL database is marked WAL; a backup must be one file.
        if not target.with_name(target.name + "-shm").exists():
            connection.execute("PRAGMA journal_mode = DELETE")


def _read_only_uri(path: Path) -> str:
    # Quoted: '#' or '%' in a name would lead to another file.
    return f"file:{quote(str(path.absolute()))}?mode=ro"


def _verify_integrity(path: Path) -> None:
    """Raise DatabaseError unless SQLite verifies every page and index."""
    with closing(sqlite3.connect(_read_only_uri(path), uri=True)) as connection:
        found = connection.execute("PRAGMA integrity_check(3)").fetchall()
    if found != [("ok",)]:
        raise DatabaseError(
            f"{path} is damaged: {'; '.join(str(row[0]) for row in found)}. Use another backup."
        )


def _check(source: Path) -> None:
    """Raise DatabaseError unless ``source`` can be restored."""
    if not source.is_file():
        raise DatabaseError(f"Backup {source} not found. Create one with: cocktaildb backup FILE")
    checksum = _checksum_path(source)
    if checksum.is_file():
        expected = checksum.read_text(errors="replace").removeprefix("\\").split(maxsplit=1)[:1]
        if expected != [_sha256(source)]:
            raise DatabaseError(
                f"{source} is damaged: its checksum differs from {checksum}. Use another "
                f"backup, or remove {checksum.name} if the file was changed on purpose."
            )
    with open_snapshot(source) as raw:
        try:
            found = raw.execute("PRAGMA integrity_check(3)").fetchall()
            tables = {
                name
                for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            }
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise DatabaseError(f"{source} is damaged: {error}. Use another backup.") from error
    if found != [("ok",)]:
        raise DatabaseError(f"{source} is damaged: {found[0][0]}. Use another backup.")
    missing = [table.name for table in schema.CORE_TABLES if table.name not in tables]
    if missing:
        raise DatabaseError(f"{source} is not a backup: it has no table {', '.join(missing)}.")


def _existing_data(database: Database) -> str:
    """Describe what a restore would overwrite; empty if there is nothing."""
    path = database.sqlite_path
    if path is not None and not path.exists():
        return ""
    try:
        with database.snapshot() as connection:
            if not inspect(connection).has_table("recipes"):
                return ""
            number = connection.scalar(select(func.count()).select_from(schema.recipes))
    except DatabaseError:
        if path is None:
            raise
        return "already exists and cannot be read"
    except SQLAlchemyError as error:
        return f"cannot be read ({error})"
    return f"has {number} recipes" if number else ""


def aside_path(database: Database, before: str) -> Path:
    """Return where a copy of a database is kept before it is replaced.

    Beside an embedded database; that of a server lies in the working directory.
    """
    time_ = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    path = database.sqlite_path
    if path is None:
        return Path(f"{database.url.database}.before-{before}-{time_}.db")
    return path.with_name(f"{path.stem}.before-{before}-{time_}{path.suffix}")


def _keep_aside(database: Database, path: Path) -> Path | None:
    """Copy the current database aside; move it if it is damaged."""
    if not path.exists():
        return None
    kept = aside_path(database, "restore")
    try:
        create_backup(database, kept)
    except DatabaseError:
        path.rename(kept)
        for suffix in _COMPANIONS:
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    return kept


def _restore_rows(source: Path, database: Database) -> None:
    with Database(URL.create("sqlite", database=str(source))).snapshot() as connection:
        dataset = read_dataset(connection)
        identifier = read_database_id(connection)
    try:
        upgrade(database.engine)
        with database.engine.begin() as connection:
            write_dataset(connection, dataset)
            write_database_id(connection, identifier)
    except SQLAlchemyError as error:
        raise write_error(repr(database), error) from error


def _checksum_path(backup: Path) -> Path:
    return backup.with_name(f"{backup.name}.sha256")


def _checksum_line(path: Path) -> str:
    """Return a line for ``sha256sum --check``, which marks names with a newline or a backslash."""
    name = path.name.replace("\\", "\\\\").replace("\n", "\\n")
    return f"{'' if name == path.name else chr(92)}{_sha256(path)}  {name}\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
