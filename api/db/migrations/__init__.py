"""The history of the schema as Alembic migrations; :func:`upgrade` applies them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from api.db.columns import read_table_columns
from api.db.errors import MAKE_WRITABLE, DatabaseError, is_read_only
from api.db.identity import ensure_database_id
from api.db.migrations.adopt import (
    COPY_INSTEAD,
    KeptAside,
    adopt,
    copy_ratings,
    derive_paths,
)
from api.db.schema import CORE_TABLES
from api.db.search_names import fold_names


def upgrade(engine: Engine, revision: str = "head") -> list[str]:
    """Upgrade a database to ``revision`` in one transaction, keeping its rows.

    A database without Alembic's version table, such as one created by another program, is
    adopted: missing tables and columns are added (:mod:`api.db.migrations.adopt`).

    Returns
    -------
    list of str
        What an adopted database has that did not fit, and what was done about it.

    Raises
    ------
    DatabaseError
        If the database cannot be upgraded; nothing has changed.
    """
    config = Config()
    # Set here, not in an ini file: an installed package has no project root.
    config.set_main_option("script_location", str(Path(__file__).parent))
    try:
        with engine.begin() as connection:
            aside = adopt(connection) if _is_foreign(connection) else None
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            if read_table_columns(connection).has("tags", "search_name"):
                fold_names(connection)
            if read_table_columns(connection).has("database_identity"):
                ensure_database_id(connection)
            return [] if aside is None else _finish_adoption(connection, aside)
    except CommandError as error:
        raise DatabaseError(
            f"{engine.url.render_as_string(hide_password=True)} cannot be migrated: {error}. "
            f"Another program, or a newer version of this one, migrates it. Nothing has changed."
        ) from error
    except SQLAlchemyError as error:
        raise DatabaseError(
            f"{engine.url.render_as_string(hide_password=True)} cannot be migrated: "
            f"{_reason(error)}. Nothing has changed. "
            f"{MAKE_WRITABLE if is_read_only(error) else COPY_INSTEAD}"
        ) from error


def _reason(error: SQLAlchemyError) -> str:
    """Return what the driver says, without PostgreSQL's hints: they name commands that lose rows.

    Examples
    --------
    >>> from sqlalchemy.exc import OperationalError
    >>> _reason(OperationalError("DROP", {}, Exception("it depends.\\nHINT:  Use CASCADE.")))
    'it depends'
    """
    text = str(getattr(error, "orig", None) or error)
    lines = [line for line in text.splitlines() if not line.startswith(("HINT:", "CONTEXT:"))]
    return " ".join(lines).strip().rstrip(".")


def _is_foreign(connection: Connection) -> bool:
    found = inspect(connection)
    present = {name.lower() for name in (*found.get_table_names(), *found.get_view_names())}
    if "alembic_version" in present and connection.scalar(text("SELECT 1 FROM alembic_version")):
        return False
    return any(table.name in present for table in CORE_TABLES)


def _finish_adoption(connection: Connection, aside: dict[str, KeptAside]) -> list[str]:
    notes = []
    for table, kept in aside.items():
        copied = "its rows are not used"
        if table == "ratings":
            copied = copy_ratings(connection, kept.name)
        notes.append(f"The table {table} {kept.reason}. It is kept as {kept.name}; {copied}.")
    changed = derive_paths(connection)
    if changed:
        notes.append(f"The path of {changed} ingredients was derived from parent_id.")
    return notes
