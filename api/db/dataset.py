"""Reading all rows of a database, typed; the input of analytics and exports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    Table,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from api.db import schema
from api.db.check import Findings, check_ratings, check_recipe_tags, check_shelf_bottles
from api.db.columns import TableColumns, read_table_columns
from api.db.errors import DatasetError, Fault
from api.db.frames import TABLES, Dataset
from api.db.identity import read_database_id
from api.db.rules import text_rule
from api.db.times import as_utc
from api.db.tree import ancestor_paths, on_or_below_cycle, parent_positions

#: Tables that analytics never read: their faults are warnings, and faulty rows are left out.
_OPTIONAL = frozenset(table.name for table in TABLES if table not in schema.CORE_TABLES)

#: Rows that are fetched at a time.
_ROWS_AT_ONCE = 10_000

#: The values of each column, of equally many rows.
_Columns = dict[str, list[Any]]


def build_dataset(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    labels: Mapping[str, Sequence[str]] | None = None,
) -> Dataset:
    """Type raw rows of files, and clean their texts.

    Parameters
    ----------
    rows
        By table name; missing tables and columns count as empty.
    labels
        Row names for errors; by default the id.

    Raises
    ------
    DatasetError
        If a value does not fit its column or breaks a rule of :mod:`api.db.rules`, or a required
        value is missing; lists each.
    """
    faults: list[Fault] = []
    frames: dict[str, pd.DataFrame] = {}
    for table in TABLES:
        given = rows.get(table.name, ())
        columns = {
            column.name: [row.get(column.name) for row in given]
            for column in schema.stored_columns(table)
        }
        frame, found, _ = _build(table, columns, (labels or {}).get(table.name), clean=True)
        faults += found
        frames[table.name] = frame
    if faults:
        raise DatasetError(faults)
    return _dataset(frames)


def read_dataset(connection: Connection) -> Dataset:
    """Read every row; optional tables and columns may be missing.

    Only the four core tables must be sound. Faulty rows of the others and lines of recipes that no
    longer exist are left out, and :attr:`Dataset.faults` names each. ``path`` follows from
    ``parent_id``, whatever the database has.

    Raises
    ------
    DatabaseError
        If a table or column that analytics need is missing.
    DatasetError
        If a value of a core table does not fit its column, as SQLite allows.
    """
    available = read_table_columns(connection)
    errors: list[Fault] = []
    warnings: list[Fault] = []
    frames: dict[str, pd.DataFrame] = {}
    for table in TABLES:
        optional = table.name in _OPTIONAL
        raw: _Columns = {}
        if available.has(table.name):
            unusable = [name for name in _required(table) if not available.has(table.name, name)]
            if unusable and optional:
                warnings.append(_ignored_table(table, unusable))
            else:
                raw = _select(connection, table, available, warnings)
        frame, found, faulty = _build(table, raw, None, clean=False)
        if optional:
            warnings += [replace(fault, severity="warning") for fault in found]
            frame = frame[~faulty]
        else:
            errors += found
        frames[table.name] = _ordered(frame, table.name)
    if errors:
        raise DatasetError(errors)
    dataset = replace(
        _dataset(frames), from_database=True, database_id=read_database_id(connection)
    )
    return _without_ignored_rows(_with_paths(dataset, warnings), warnings)


def _dataset(frames: Mapping[str, pd.DataFrame]) -> Dataset:
    ordered = {name: _ordered(frame, name) for name, frame in frames.items()}
    return Dataset(
        units=ordered["units"],
        ingredients=ordered["ingredients"],
        recipes=ordered["recipes"],
        recipe_ingredients=ordered["recipe_ingredients"],
        ratings=ordered["ratings"],
        tags=ordered["tags"],
        recipe_tags=ordered["recipe_tags"],
        shelf_bottles=ordered["shelf_bottles"],
    )


def _required(table: Table) -> list[str]:
    return [
        column.name
        for column in schema.stored_columns(table)
        if not column.nullable and column.server_default is None and column.name != "path"
    ]


def _select(
    connection: Connection, table: Table, available: TableColumns, warnings: list[Fault]
) -> _Columns:
    # Untyped: SQLAlchemy's types would fail on the first odd value without naming its row.
    wanted = [c for c in schema.stored_columns(table) if available.has(table.name, c.name)]
    query = select(*(_untyped(column) for column in wanted))
    if table is schema.tags and available.has("tags", "created_by"):
        private = connection.scalar(
            select(func.count()).select_from(schema.tags).where(~available.public_tag())
        )
        if private:
            warnings.append(
                Fault(
                    "tags",
                    "table",
                    "created_by",
                    f"{private} private tag{' is' if private == 1 else 's are'} left out.",
                    "Nothing to do: only tags without created_by are public.",
                    "warning",
                )
            )
        query = query.where(available.public_tag())
    if table is schema.recipe_tags and available.has("tags", "created_by"):
        private_ids = select(schema.tags.c.id).where(~available.public_tag())
        query = query.where(schema.recipe_tags.c.tag_id.not_in(private_ids))
    columns: _Columns = {column.name: [] for column in wanted}
    # Rows of a large table would take several times the memory of its columns.
    for rows in connection.execute(query).partitions(_ROWS_AT_ONCE):
        for values, more in zip(columns.values(), zip(*rows, strict=True), strict=True):
            values.extend(more)
    return columns


def _ignored_table(table: Table, missing: Sequence[str]) -> Fault:
    columns = ", ".join(missing)
    return Fault(
        table.name,
        "table",
        columns,
        f"The table has no column {columns} and is ignored.",
        "Nothing to do for analytics; `cocktaildb db migrate` keeps the table under another name.",
        "warning",
    )


def _with_paths(dataset: Dataset, warnings: list[Fault]) -> Dataset:
    """Return the dataset with the path that follows from ``parent_id`` in every ingredient."""
    frame = dataset.ingredients
    if not frame["id"].is_unique:
        return dataset  # check_dataset reports it
    parent = parent_positions(frame["id"], frame["parent_id"])
    cyclic = on_or_below_cycle(parent)
    derived = pd.Series(
        ancestor_paths(frame["id"].tolist(), parent.tolist(), cyclic.tolist()),
        index=frame.index,
        dtype=object,
    )
    stored = frame["path"]
    found = Findings({}, "warning")
    found.add(
        "ingredients",
        frame,
        stored.notna() & (stored != derived) & ~cyclic,
        "path",
        "The path {path!r} contradicts parent_id and is ignored.",
        "Correct it with: cocktaildb db migrate",
    )
    warnings += found.faults
    return replace(dataset, ingredients=frame.assign(path=derived))


def _without_ignored_rows(dataset: Dataset, warnings: list[Fault]) -> Dataset:
    lines = dataset.recipe_ingredients
    orphans = ~lines["recipe_id"].isin(dataset.recipes["id"])
    found = Findings({}, "warning")
    found.add(
        "recipe_ingredients",
        lines,
        orphans,
        "recipe_id",
        "Recipe {recipe_id} does not exist; the line is ignored.",
        "Delete the line.",
    )
    dataset = replace(dataset, recipe_ingredients=_ordered(lines[~orphans], "recipe_ingredients"))
    check_ratings(found, dataset)
    check_recipe_tags(found, dataset)
    check_shelf_bottles(found, dataset)
    return replace(
        dataset,
        ratings=_kept(dataset, schema.ratings, found),
        recipe_tags=_kept(dataset, schema.recipe_tags, found),
        shelf_bottles=_kept(dataset, schema.shelf_bottles, found),
        faults=(*warnings, *found.faults),
    )


def _kept(dataset: Dataset, table: Table, found: Findings) -> pd.DataFrame:
    frame = dataset.frame(table)
    return _ordered(frame[~found.mask(table.name, len(frame))], table.name)


def _untyped(column: Column[Any]) -> Any:
    return type_coerce(column, NullType()).label(column.name)


def _ordered(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    key = [column.name for column in schema.metadata.tables[table].primary_key.columns]
    return frame.sort_values(key, kind="stable", ignore_index=True)


def _build(
    table: Table,
    columns: _Columns,
    labels: Sequence[str] | None,
    *,
    clean: bool,
) -> tuple[pd.DataFrame, list[Fault], Any]:
    """Return the typed rows of one table, their faults, and a mask of the faulty rows.

    Takes each column out of ``columns``, whose missing ones count as empty.
    """
    count = len(next(iter(columns.values()), ()))
    ids = columns.get("id")
    faults: list[Fault] = []
    faulty = np.zeros(count, dtype=bool)
    typed: dict[str, pd.Series] = {}

    def label(position: int) -> str:
        if labels:
            return labels[position]
        if "id" in table.columns:
            return f"id {ids[position] if ids else None}"
        return f"row {position + 1}"

    for column in schema.stored_columns(table):
        values = columns.pop(column.name, None) or [None] * count
        found: list[tuple[int, str, str]] = []
        typed[column.name] = _typed(column, values, found, clean=clean)
        for position, message, remedy in found:
            faulty[position] = True
            faults.append(Fault(table.name, label(position), column.name, message, remedy))
    return pd.DataFrame(typed), faults, faulty


_Found = list[tuple[int, str, str]]


def _typed(column: Column[Any], values: list[Any], found: _Found, *, clean: bool) -> pd.Series:
    """Return a column's values, typed; add position, message and remedy of each fault."""
    # A path may be missing from a database: it is derived.
    required = not column.nullable and column.server_default is None and column.name != "path"
    if required or (clean and column.name == "path"):
        found += [
            (position, "The value is missing.", "Enter a value.")
            for position, value in enumerate(values)
            if value is None
        ]
    if isinstance(column.type, Integer | Float):
        return _numbers(column, values, found)
    if isinstance(column.type, Boolean):
        flags = [_FLAGS.get(value) if _hashable(value) else None for value in values]
        found += [
            (position, f"{value!r} is not a yes/no value.", "Enter 0 or 1.")
            for position, (value, flag) in enumerate(zip(values, flags, strict=True))
            if value is not None and flag is None
        ]
        return pd.Series([bool(flag) for flag in flags], dtype=bool)
    if isinstance(column.type, DateTime):
        # From a list: pandas would turn None into NaN.
        return pd.Series(_each(values, _time, found, _TIME_REMEDY), dtype=object)
    rule = text_rule(column.table.name, column.name) if clean else None
    texts = _each(values, _text, found, "Enter text.")
    if rule is not None:
        texts = _each(texts, rule.clean, found, "Correct the text.")
    return pd.Series(texts, dtype=object)


_TIME_REMEDY = "Enter an ISO 8601 time, such as 2026-01-31T18:00:00Z."


def _each(
    values: list[Any], convert: Callable[[Any], str | None], found: _Found, remedy: str
) -> list[str | None]:
    converted: list[str | None] = []
    for position, value in enumerate(values):
        try:
            converted.append(None if value is None else convert(value))
        except ValueError as error:
            converted.append(None)
            found.append((position, f"{error}.", remedy))
    return converted


def _time(value: object) -> str:
    return as_utc(value).isoformat()


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _hashable(value: object) -> bool:
    return isinstance(value, str | int | float)


_FLOAT_BITS = 1023


def _numbers(column: Column[Any], values: list[Any], found: _Found) -> pd.Series:
    present = np.array([value is not None for value in values], dtype=bool)
    # An integer of more than 308 digits fits no floating-point number: it counts as no number.
    plain = [
        None
        if isinstance(value, bool) or (isinstance(value, int) and value.bit_length() > _FLOAT_BITS)
        else value
        for value in values
    ]
    numbers = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce").astype(float)

    def fault(mask: Any, message: str, remedy: str) -> None:
        found.extend(
            (position, message.format(value=values[position]), remedy)
            for position in np.flatnonzero(mask).tolist()
        )

    fault(
        present & numbers.isna().to_numpy(),
        "{value!r} is not a number.",
        "Enter a number with a decimal point, such as 1.5.",
    )
    if isinstance(column.type, Float):
        return numbers
    fits = numbers.notna() & (numbers % 1 == 0) & (numbers.abs() < 2**53)
    fault(
        (numbers.notna() & ~fits).to_numpy(),
        "{value!r} is not a whole number.",
        "Enter a whole number.",
    )
    whole = numbers.where(fits)
    return whole.astype("Int64") if column.nullable else whole.fillna(0).astype("int64")


_FLAGS = {
    **dict.fromkeys((1, "1", "true", "True", "TRUE", "yes"), True),
    **dict.fromkeys((0, "0", "false", "False", "FALSE", "no", ""), False),
}
