"""The recipe database: embedded SQLite or a PostgreSQL server behind one class."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from api.db import sqlite_snapshot
from api.db.errors import DatabaseError
from api.extras import requires_extra
from api.settings import Settings


class Database:
    """A handle on the recipe database; connects on first use.

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
        """The engine for reading and writing."""
        if self._engine is None:
            with requires_extra("postgresql", "DATABASE_URL"):
                self._engine = create_engine(self.url)
            if self.sqlite_path is not None:
                event.listen(self._engine, "connect", _configure_sqlite)
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
                engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
                event.listen(engine, "begin", _begin)
                with self._reading(), engine.connect() as connection:
                    yield connection
            return
        try:
            connection = self.engine.connect()
        except SQLAlchemyError as error:
            raise DatabaseError(f"{self!r} cannot be reached: {error}") from error
        # REPEATABLE READ is snapshot isolation in PostgreSQL: every statement of the
        # transaction sees what was committed before its first statement.
        # https://www.postgresql.org/docs/current/transaction-iso.html
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with self._reading(), connection, connection.begin():
            yield connection

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

    def dispose(self) -> None:
        """Close every pooled connection."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


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


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # SQLite checks foreign keys only on connections that ask for it.
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {int(sqlite_snapshot.BUSY_TIMEOUT_SECONDS * 1000)}")


def _begin(connection: Connection) -> None:
    # Without it, each SELECT would be a transaction of its own.
    connection.exec_driver_sql("BEGIN")
