"""All rows of a database in memory, typed; the input of analytics and exports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    Table,
    inspect,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from api.db import schema
from api.db.errors import DatabaseError, DatasetError, Fault

#: Referenced tables first.
TABLES: tuple[Table, ...] = (
    schema.units,
    schema.ingredients,
    schema.recipes,
    schema.recipe_ingredients,
    schema.ratings,
    schema.tags,
    schema.recipe_tags,
)


@dataclass(frozen=True)
class Dataset:
    """The rows of every table, one frame each, with the stored columns of the schema.

    Required integers are int64, optional ones Int64, numbers float64 with NaN for NULL, flags
    bool, and everything else ``str`` or None. Rows are ordered by id.
    """

    units: pd.DataFrame
    ingredients: pd.DataFrame
    recipes: pd.DataFrame
    recipe_ingredients: pd.DataFrame
    ratings: pd.DataFrame
    tags: pd.DataFrame
    recipe_tags: pd.DataFrame

    def frame(self, table: Table) -> pd.DataFrame:
        """Return the rows of a table."""
        found: pd.DataFrame = getattr(self, table.name)
        return found


def build_dataset(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    labels: Mapping[str, Sequence[str]] | None = None,
) -> Dataset:
    """Type raw rows.

    Parameters
    ----------
    rows
        By table name; missing tables and columns count as empty.
    labels
        Row names for errors; by default the id.

    Raises
    ------
    DatasetError
        If a value does not fit its column, or a required value is missing; lists each.
    """
    faults: list[Fault] = []
    frames: dict[str, pd.DataFrame] = {}
    for table in TABLES:
        raw = pd.DataFrame(
            list(rows.get(table.name, ())),
            columns=[column.name for column in schema.stored_columns(table)],
            dtype=object,
        )
        names = (labels or {}).get(table.name) or _labels(table, raw)
        typed = {
            column.name: _typed(table, column, raw[column.name], names, faults)
            for column in schema.stored_columns(table)
        }
        key = [column.name for column in table.primary_key.columns]
        frames[table.name] = pd.DataFrame(typed).sort_values(key, kind="stable", ignore_index=True)
    if faults:
        raise DatasetError(faults)
    return Dataset(**frames)


def read_dataset(connection: Connection) -> Dataset:
    """Read every row; optional tables and columns may be missing.

    Raises
    ------
    DatabaseError
        If a table that analytics need is missing.
    DatasetError
        If a value does not fit its column, as SQLite allows.
    """
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    missing = [table.name for table in schema.CORE_TABLES if table.name not in present]
    if missing:
        raise DatabaseError(
            f"The database has no table {', '.join(missing)}. Point DB_PATH at a cocktail "
            f"database, or create one with: cocktaildb db init"
        )
    rows: dict[str, list[dict[str, Any]]] = {}
    for table in TABLES:
        if table.name not in present:
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        # Untyped: SQLAlchemy's types would fail on the first odd value without naming its row.
        wanted = [column for column in schema.stored_columns(table) if column.name in columns]
        query = select(*(_untyped(column) for column in wanted))
        rows[table.name] = [dict(row) for row in connection.execute(query).mappings()]
    return build_dataset(rows)


def _untyped(column: Column[Any]) -> Any:
    return type_coerce(column, NullType()).label(column.name)


def _labels(table: Table, raw: pd.DataFrame) -> list[str]:
    if "id" in table.columns:
        return [f"id {value}" for value in raw["id"]]
    return [f"row {number}" for number in range(1, len(raw) + 1)]


def _typed(
    table: Table,
    column: Column[Any],
    values: pd.Series,
    labels: Sequence[str],
    faults: list[Fault],
) -> pd.Series:
    present = values.notna().to_numpy(dtype=bool)
    required = not column.nullable and column.server_default is None

    def fault(mask: Any, message: str, remedy: str) -> None:
        for position in np.flatnonzero(mask).tolist():
            text = message.format(value=values.iloc[position])
            faults.append(Fault(table.name, labels[position], column.name, text, remedy))

    if required:
        fault(~present, "The value is missing.", "Enter a value.")

    if isinstance(column.type, (Integer, Float)):
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        fault(
            present & numbers.isna().to_numpy(),
            "{value!r} is not a number.",
            "Enter a number with a decimal point, such as 1.5.",
        )
        if isinstance(column.type, Float):
            return numbers
        fault(
            (numbers.notna() & ((numbers % 1 != 0) | (numbers.abs() >= 2**53))).to_numpy(),
            "{value!r} is not a whole number.",
            "Enter a whole number.",
        )
        whole = numbers.where(numbers.notna() & (numbers % 1 == 0) & (numbers.abs() < 2**53))
        if column.nullable:
            return whole.astype("Int64")
        return whole.fillna(0).astype("int64")
    if isinstance(column.type, Boolean):
        flags = values.map(_FLAGS, na_action="ignore")
        fault(
            present & flags.isna().to_numpy(), "{value!r} is not a yes/no value.", "Enter 0 or 1."
        )
        return flags.fillna(False).astype(bool)
    # From a list: pandas would turn None into NaN.
    texts = [str(value) if here else None for value, here in zip(values, present, strict=True)]
    return pd.Series(texts, index=values.index, dtype=object)


_FLAGS = {
    **dict.fromkeys((1, "1", "true", "True", "TRUE", "yes"), True),
    **dict.fromkeys((0, "0", "false", "False", "FALSE", "no", ""), False),
}
