"""Reads and writes of the catalog: each a transaction in a thread, bounded in time."""

import sqlite3
import time
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from sqlalchemy import Connection, text

from api.db.catalog.writing import writing
from api.db.database import Database
from api.http.auth import Principal
from api.http.deps import DatabaseDep, RefreshDep, ServicesDep, WriterDep
from api.http.threads import CatalogThreads

T = TypeVar("T")

#: How long a read's statements may take, in seconds.
READ_SECONDS = 10.0
#: SQLite asks whether to go on after this many of its instructions: about a millisecond.
_INSTRUCTIONS = 100_000


class CatalogReader:
    """Reads from one consistent state of the database."""

    def __init__(self, database: Database, threads: CatalogThreads) -> None:
        self._database = database
        self._threads = threads

    async def __call__(self, read: Callable[[Connection], T]) -> T:
        """Return what ``read`` returns; its transaction has ended by then.

        Raises
        ------
        DatabaseError
            If the database cannot be read, or its statements take longer than
            :data:`READ_SECONDS`.
        """

        def work() -> T:
            with self._database.snapshot() as connection:
                _limit_statements(connection, READ_SECONDS)
                return read(connection)

        return await self._threads.read(work)


class CatalogWriter:
    """Writes to the catalog: one transaction, its commit, then the request for a refresh.

    Attributes
    ----------
    principal
        Who writes.
    """

    def __init__(
        self,
        database: Database,
        threads: CatalogThreads,
        principal: Principal,
        request_refresh: Callable[[], object],
    ) -> None:
        self.principal = principal
        self._database = database
        self._threads = threads
        self._request_refresh = request_refresh

    async def __call__(
        self,
        write: Callable[[Connection], T],
        *,
        affects_analytics: bool = True,
        dry_run: bool = False,
    ) -> T:
        """Return what ``write`` returns, after it is committed and a refresh is requested.

        Parameters
        ----------
        affects_analytics
            False only where the analytics do not read what is written: then no refresh is needed.
        dry_run
            Roll everything back at the end.

        Raises
        ------
        CatalogError
            If the catalog refuses it; nothing was changed.
        DatabaseError
            If the database cannot be written.
        """

        def work() -> T:
            with writing(self._database, dry_run=dry_run) as connection:
                made = write(connection)
            if affects_analytics and not dry_run:
                self._request_refresh()
            return made

        return await self._threads.write(work)


def _limit_statements(connection: Connection, seconds: float) -> None:
    """Let the database itself end a statement that would run for longer."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT set_config('statement_timeout', :limit, true)"),
            {"limit": str(int(seconds * 1000))},
        )
        return
    driver: Any = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        deadline = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > deadline, _INSTRUCTIONS)


async def get_reader(database: DatabaseDep, services: ServicesDep) -> CatalogReader:
    """Return what reads the catalog."""
    return CatalogReader(database, services.threads)


async def get_writer(
    principal: WriterDep, database: DatabaseDep, refresh: RefreshDep, services: ServicesDep
) -> CatalogWriter:
    """Return what writes the catalog in the name of who sent the request."""
    return CatalogWriter(database, services.threads, principal, refresh)


ReadDep = Annotated[CatalogReader, Depends(get_reader)]
WriteDep = Annotated[CatalogWriter, Depends(get_writer)]
