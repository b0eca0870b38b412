"""Write transactions: serialized, and all or nothing.

Catalog writes run one at a time across all processes: on SQLite every transaction of
:attr:`Database.engine` takes the write lock, and an advisory lock does the same in PostgreSQL. So
whatever a write checks (the name is free, the parent is not a descendant, the version matches)
still holds when it commits, and deadlocks cannot occur. Readers are never blocked.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from api.db.catalog.errors import ConflictError, OutdatedSchemaError
from api.db.columns import read_table_columns
from api.db.database import Database, require_same_file
from api.db.errors import DatabaseError, write_error
from api.db.search_names import fold_names

#: An arbitrary key: 'cocktail' in ASCII.
_ADVISORY_LOCK = int.from_bytes(b"cocktail")
_SHOWN = 5
#: How long a write waits for another one.
LOCK_SECONDS = 10.0


@contextmanager
def writing(database: Database, *, dry_run: bool = False) -> Iterator[Connection]:
    """Open a write transaction.

    Parameters
    ----------
    database
        The database.
    dry_run
        Roll back at the end.

    Raises
    ------
    OutdatedSchemaError
        If the database lacks tables or columns.
    ConflictError
        If a database constraint refuses the write.
    DatabaseError
        If the database is missing, read-only, full, or locked for too long.
    """
    path = database.sqlite_path
    if path is not None and not path.is_file():
        raise DatabaseError(f"No database at {path}. Create one with: cocktaildb db init")
    try:
        with database.engine.connect() as connection:
            if path is None:
                _lock_server(connection)
            _require_current_schema(connection)
            yield connection
            fold_names(connection)
            if dry_run:
                connection.rollback()
            else:
                connection.commit()
                require_same_file(connection, database)
    except IntegrityError as error:
        raise ConflictError(
            f"The database refused the write: {error.orig}. Read the row again and retry."
        ) from error
    except SQLAlchemyError as error:
        raise write_error(repr(database), error) from error


def _lock_server(connection: Connection) -> None:
    connection.execute(
        text("SELECT set_config('lock_timeout', :limit, true)"),
        {"limit": str(int(LOCK_SECONDS * 1000))},
    )
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _require_current_schema(connection: Connection) -> None:
    missing = read_table_columns(connection).missing()
    if missing:
        named = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        raise OutdatedSchemaError(
            f"The database was created by another program or an earlier version and lacks {named}: "
            f"it is read-only until you upgrade it, keeping its rows, with: cocktaildb db migrate"
        )
