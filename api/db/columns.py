"""The tables and columns a database has; older databases lack some and stay readable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, String, literal_column, null, text, true

from api.db.errors import DatabaseError
from api.db.schema import CORE_COLUMNS, CORE_TABLES, metadata

_CORE = ", ".join(f"'{table.name}'" for table in CORE_TABLES)
# One statement: SQLAlchemy's inspector runs several per table, and every request needs this.
# Of views, only those that stand for a core table: a view over a dropped table fails when it is
# looked at.
_SQLITE = text(
    # lower: SQLite's names are the same in any case.
    # xinfo: with generated columns, which can be read as well; hidden ones are of virtual tables.
    "SELECT lower(t.name), lower(c.name) FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c "  # noqa: S608
    f"WHERE (t.type = 'table' OR t.type = 'view' AND lower(t.name) IN ({_CORE})) "
    "AND c.hidden <> 1"
)
_POSTGRESQL = text(
    "SELECT c.relname, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid "  # noqa: S608
    "WHERE c.relnamespace = current_schema()::regnamespace AND (c.relkind IN ('r', 'p') "
    f"OR c.relkind IN ('v', 'm', 'f') AND c.relname IN ({_CORE})) "
    "AND a.attnum > 0 AND NOT a.attisdropped"
)


@dataclass(frozen=True)
class TableColumns:
    """The columns of each table."""

    columns: Mapping[str, frozenset[str]]

    def has(self, table: str, column: str | None = None) -> bool:
        """Return whether the table, or a column of it, exists."""
        found = self.columns.get(table)
        return found is not None and (column is None or column in found)

    def column(self, column: Column[Any]) -> ColumnElement[Any]:
        """Return a column, or NULL under its name if the database lacks it."""
        if self.has(column.table.name, column.name):
            return column
        return null().label(column.name)

    def public_tag(self) -> ColumnElement[bool]:
        """Return the condition for a public tag.

        Other systems keep private tags in the same table, with their owner in ``created_by``.
        """
        if self.has("tags", "created_by"):
            return literal_column("tags.created_by", String()).is_(None)
        return true()

    def missing(self) -> list[str]:
        """Return the tables and columns of the current schema that the database lacks."""
        found = []
        for table in metadata.sorted_tables:
            if not self.has(table.name):
                found.append(table.name)
                continue
            found += [
                f"{table.name}.{column.name}"
                for column in table.columns
                if not self.has(table.name, column.name)
            ]
        return found


def read_table_columns(connection: Connection) -> TableColumns:
    """Return the tables and columns of a database.

    Raises
    ------
    DatabaseError
        If it is not a cocktail database.
    """
    query = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute(query):
        columns.setdefault(table, set()).add(column)
    shape = TableColumns({table: frozenset(names) for table, names in columns.items()})
    tables = [table.name for table in CORE_TABLES if not shape.has(table.name)]
    missing = [f"table {', '.join(tables)}"] if tables else []
    missing += [
        f"column {table}.{column}"
        for table, wanted in CORE_COLUMNS.items()
        for column in wanted
        if shape.has(table) and not shape.has(table, column)
    ]
    if missing:
        raise DatabaseError(
            f"The database has no {' and no '.join(missing)}. Point DB_PATH at a "
            f"cocktail database, or create one: with cocktaildb db init, or from the recipes of "
            f"another program's file with DB_PATH=new.db cocktaildb import FILE"
        )
    return shape
