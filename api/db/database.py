"""The recipe database: embedded SQLite or a PostgreSQL server behind one class."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from api.db import sqlite_snapshot
from api.db.errors import DatabaseError
from api.db.sqlite_connection import TrackedConnection, file_identity
from api.extras import requires_extra
from api.settings import Settings

#: The connection that the next read of this thread or task uses.
_raw_reader: ContextVar[sqlite3.Connection] = ContextVar("_raw_reader")


class Database:
    """A handle on the recipe database; connects on first use.

    An embedded database's file may be replaced at any time. Connections to the old file are then
    closed on their next use, and a write that the replacement overtook fails.

    Parameters
    ----------
    url
        A SQLAlchemy URL, ``sqlite`` or ``postgresql``.
    """

    def __init__(self, url: URL) -> None:
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise DatabaseError(
                f"DATABASE_URL names {url.get_backend_name()!r}; use sqlite or postgresql."
            )
        if url.drivername == "postgresql":
            # SQLAlchemy would look for psycopg2; this project installs psycopg 3.
            url = url.set(drivername="postgresql+psycopg")
        self.url = url
        self._engine: Engine | None = None
        self._reader: Engine | None = None

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string(hide_password=True)!r})"

    @property
    def sqlite_path(self) -> Path | None:
        """The file of an embedded database; None for a server."""
        if self.url.get_backend_name() != "sqlite":
            return None
        return Path(self.url.database or "")

    @property
    def engine(self) -> Engine:
        """The engine for writing; on SQLite every transaction takes the write lock at once."""
        if self._engine is None:
            path = self.sqlite_path
            if path is None:
                self._engine = _server_engine(self.url)
            else:
                self._engine = create_engine(
                    self.url, connect_args={"factory": TrackedConnection, "isolation_level": None}
                )
                event.listen(self._engine, "connect", _configure_sqlite)
                event.listen(self._engine, "begin", _begin_immediate)
                _follow_replacements(self._engine, path)
        return self._engine

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Read one consistent state of the data while others write.

        Never writes, and works on a read-only mount.

        Raises
        ------
        DatabaseError
            If the database is missing, damaged or cannot be reached.
        """
        if self.sqlite_path is not None:
            with sqlite_snapshot.open_snapshot(self.sqlite_path) as raw:
                token = _raw_reader.set(raw)
                try:
                    with self._reading():
                        connection = self._read_engine.connect()
                finally:
                    _raw_reader.reset(token)
                with self._reading(), connection:
                    yield connection
            return
        try:
            connection = self._read_engine.connect()
        except SQLAlchemyError as error:
            raise DatabaseError(f"{self!r} cannot be reached: {error}") from error
        # REPEATABLE READ is snapshot isolation in PostgreSQL: every statement of the
        # transaction sees what was committed before its first statement.
        # https://www.postgresql.org/docs/current/transaction-iso.html
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with self._reading(), connection, connection.begin():
            yield connection

    @property
    def _read_engine(self) -> Engine:
        # One engine for all reads: it keeps the statements that it has compiled. Its own pool on
        # a server, so that writers waiting for each other leave readers their connections.
        if self._reader is None and self.sqlite_path is None:
            self._reader = _server_engine(self.url)
        if self._reader is None:
            self._reader = create_engine(
                "sqlite://", creator=lambda: _raw_reader.get(), poolclass=NullPool
            )
            event.listen(self._reader, "begin", _begin)
        return self._reader

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Translate errors that appear only while rows are read, such as a damaged page."""
        try:
            yield
        except (DBAPIError, UnicodeDecodeError) as error:
            # sqlite3 decodes a damaged table name itself and raises UnicodeDecodeError.
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseError(
                f"{self!r} cannot be read: {reason}. "
                f"If it is damaged, restore a backup with: cocktaildb restore FILE"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Close every pooled connection."""
        for engine in (self._engine, self._reader):
            if engine is not None:
                engine.dispose()
        self._engine = self._reader = None


def get_database(settings: Settings | None = None) -> Database:
    """Return the database that the settings name.

    ``DATABASE_URL`` wins; otherwise the SQLite file of ``DB_PATH`` and ``DB_NAME``
    (see :class:`api.settings.Settings`).
    """
    settings = settings or Settings()
    if settings.database_url is None:
        return Database(URL.create("sqlite", database=str(settings.sqlite_path)))
    try:
        url = make_url(settings.database_url)
    except ArgumentError as error:
        raise DatabaseError(
            "DATABASE_URL is not a database URL; it should look like "
            "postgresql://user:password@host/name"
        ) from error
    return Database(url)


def _server_engine(url: URL) -> Engine:
    with requires_extra("postgresql", "DATABASE_URL"):
        return create_engine(url, pool_pre_ping=True)


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # SQLite checks foreign keys only on connections that ask for it.
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {int(sqlite_snapshot.BUSY_TIMEOUT_SECONDS * 1000)}")


def _begin(connection: Connection) -> None:
    # Without it, each SELECT would be a transaction of its own.
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    # The driver itself would begin late, and commit before each change of the schema.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _follow_replacements(engine: Engine, path: Path) -> None:
    """Reconnect when another file has taken the place of the database."""

    def connected(_connection: Any, record: Any) -> None:
        record.info["file"] = file_identity(path)

    def checked_out(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get("file") != file_identity(path):
            raise DisconnectionError(f"{path} was replaced")  # the pool then connects anew

    event.listen(engine, "connect", connected)
    event.listen(engine, "checkout", checked_out)
    event.listen(engine, "commit", lambda connection: _require_same_file(connection, path))


def require_same_file(connection: Connection, database: Database) -> None:
    """Raise DatabaseError if the file behind a connection is no longer the database.

    Called after a commit: a write to a file that was replaced meanwhile must not be acknowledged.
    """
    if database.sqlite_path is not None:
        _require_same_file(connection, database.sqlite_path)


def _require_same_file(connection: Connection, path: Path) -> None:
    if connection.info.get("file") != file_identity(path):
        raise DatabaseError(
            f"{path} was replaced during the write, which is not in the new file. Try again."
        )
