"""Writing a whole dataset, in one transaction."""

from typing import Any

import pandas as pd
from sqlalchemy import Connection, DateTime, delete, func, insert, select, text

from api.db.frames import TABLES, Dataset
from api.db.identity import write_database_id
from api.db.search_names import fold_names
from api.db.times import as_utc


def write_dataset(connection: Connection, dataset: Dataset) -> None:
    """Replace everything in the database by ``dataset``, keeping its ids.

    The caller's transaction decides: nothing has changed until it commits. The database gets a new
    id, since ids of recipes may now mean other recipes.
    """
    for table in reversed(TABLES):
        connection.execute(delete(table))
    for table in TABLES:
        rows = _rows(dataset.frame(table), {c.name for c in table.columns if _is_time(c)})
        if table.name == "ingredients":
            # A parent's row must be there before its children's.
            rows.sort(key=lambda row: str(row["path"]).count("/"))
        if rows:
            connection.execute(insert(table), rows)
    fold_names(connection)
    write_database_id(connection)
    if connection.dialect.name == "postgresql":
        _advance_sequences(connection)


def _is_time(column: Any) -> bool:
    return isinstance(column.type, DateTime)


def _rows(frame: pd.DataFrame, times: set[str]) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    for name in times:
        plain[name] = [as_utc(value) for value in plain[name]]
    return [
        {str(key): value for key, value in row.items()} for row in plain.to_dict(orient="records")
    ]


def _advance_sequences(connection: Connection) -> None:
    """Let the next row without an id follow those that brought theirs."""
    for table in TABLES:
        if "id" in table.columns:
            highest = connection.scalar(select(func.max(table.c.id)))
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :next, false)"),
                {"table": table.name, "next": (highest or 0) + 1},
            )
