"""One write: a transaction that runs alone, and that happens whole or not at all.

Writes to the catalogue run one after the other, in every process: ``BEGIN IMMEDIATE`` takes
SQLite's only write lock, an advisory lock stands for it in PostgreSQL. So what a write checks (a
name is free, a parent is no descendant, the version is the one that was read) still holds when it
commits, and there is no deadlock. Readers are never kept waiting by it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from api.db.catalog.errors import ConflictError, OutdatedSchemaError
from api.db.columns import read_table_columns
from api.db.database import Database
from api.db.errors import DatabaseError
from api.db.search_names import fold_names

#: Any number that no other program takes; it spells 'cocktail' in ASCII.
_ADVISORY_LOCK = int.from_bytes(b"cocktail")
_SHOWN = 5


@contextmanager
def writing(database: Database, *, dry_run: bool = False) -> Iterator[Connection]:
    """Open the transaction of one write.

    Parameters
    ----------
    database
        Where to write.
    dry_run
        Take everything back at the end.

    Raises
    ------
    OutdatedSchemaError
        If the database lacks tables or columns.
    ConflictError
        If a constraint of the database stands against it that no check foresaw.
    DatabaseError
        If the database is missing, locked for too long or read-only.
    """
    path = database.sqlite_path
    if path is not None and not path.is_file():
        raise DatabaseError(f"No database at {path}. Make one with: cocktaildb db init")
    try:
        with database.engine.connect() as connection:
            if path is not None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK}
                )
            _require_current_schema(connection)
            yield connection
            fold_names(connection)
            if dry_run:
                connection.rollback()
            else:
                connection.commit()
    except IntegrityError as error:
        raise ConflictError(
            f"The database refuses it: {error.orig}. Read the row again, and try with what it says."
        ) from error
    except SQLAlchemyError as error:
        raise DatabaseError(f"{database!r} cannot be written: {error}") from error


def _require_current_schema(connection: Connection) -> None:
    missing = read_table_columns(connection).missing()
    if missing:
        named = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        raise OutdatedSchemaError(
            f"The database was made by another program or an earlier version and lacks {named}: "
            f"it can be read, but not written. Bring it up to date, keeping its rows, with: "
            f"cocktaildb db migrate"
        )
