"""All rows of a database in memory, typed: what analytics and exports work on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

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
    inspect,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from api.db import schema
from api.db.errors import DatabaseError, DatasetError, Fault

#: In an order in which each table's references come before it.
TABLES: tuple[Table, ...] = (
    schema.units,
    schema.ingredients,
    schema.recipes,
    schema.recipe_ingredients,
    schema.ratings,
    schema.tags,
    schema.recipe_tags,
)
#: Beyond it float64, through which numbers are read, would silently name a neighbour.
_LARGEST_EXACT = 2**53


class Place(NamedTuple):
    """Where a row stands, as a fault names it: a table and an id, or a file and a line."""

    table: str
    row: str


Places = Mapping[str, Sequence[Place]]


@dataclass(frozen=True, eq=False)
class Dataset:
    """The rows of every table, one frame each, with the columns of :mod:`api.db.schema`.

    Required integers are int64, optional ones Int64, numbers float64 with NaN for nothing, flags
    bool, and everything else ``str`` or None in columns of dtype object. Optional text that is
    empty is None; times are ISO 8601 in UTC. Rows are in the order of their ids.
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

    def equals(self, other: "Dataset") -> bool:
        """Say whether every table holds the same rows, values and types."""
        return all(self.frame(table).equals(other.frame(table)) for table in TABLES)


def build_dataset(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], places: Places | None = None
) -> Dataset:
    """Type raw rows.

    Parameters
    ----------
    rows
        By table name; tables and columns that are missing count as empty.
    places
        How an error names each row, by table name; by default its table and id.

    Raises
    ------
    DatasetError
        If a value does not fit its column, or a required one is missing; names each.
    """
    columns = {table.name: [column.name for column in table.columns] for table in TABLES}
    return _typed_dataset(
        {
            name: pd.DataFrame(list(rows.get(name, ())), columns=columns[name], dtype=object)
            for name in columns
        },
        places or {},
    )


def read_dataset(connection: Connection) -> Dataset:
    """Read every row through ``connection``; columns and tables of later schemas may be missing.

    Raises
    ------
    DatabaseError
        If a table or column that the analytics need is missing.
    DatasetError
        If a value does not fit its column, as SQLite allows.
    """
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    _require("table", [table.name for table in schema.CORE_TABLES if table.name not in present])
    frames: dict[str, pd.DataFrame] = {}
    with _lenient_text(connection):
        for table in TABLES:
            names = [column.name for column in table.columns]
            if table.name not in present:
                frames[table.name] = pd.DataFrame(columns=names, dtype=object)
                continue
            found = {column["name"] for column in inspector.get_columns(table.name)}
            wanted = [column for column in table.columns if column.name in found]
            _require(
                f"column in {table.name} called",
                [column.name for column in table.columns if _is_required(column, found)],
            )
            # Untyped: SQLAlchemy's types would fail on the first odd value, naming no row.
            query = select(*(_untyped(column) for column in wanted))
            raw = connection.execute(query).all()
            frames[table.name] = pd.DataFrame.from_records(
                [tuple(row) for row in raw], columns=[column.name for column in wanted]
            ).reindex(columns=names)
    return _typed_dataset(frames, {})


def _require(what: str, missing: Sequence[str]) -> None:
    if missing:
        raise DatabaseError(
            f"The database has no {what} {', '.join(missing)}. Point DB_PATH or DATABASE_URL at a "
            f"cocktail database, or make one with: cocktaildb db init"
        )


def _is_required(column: Column[Any], found: set[str]) -> bool:
    return column.name not in found and not column.nullable and column.server_default is None


def _untyped(column: Column[Any]) -> Any:
    return type_coerce(column, NullType()).label(column.name)


@contextmanager
def _lenient_text(connection: Connection) -> Iterator[None]:
    """Let SQLite hand over text that is not UTF-8, so that its row can be named."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.driver_connection
    strict = raw.text_factory
    raw.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = strict


def _typed_dataset(raw: Mapping[str, pd.DataFrame], places: Places) -> Dataset:
    faults: list[Fault] = []
    frames: dict[str, pd.DataFrame] = {}
    for table in TABLES:
        rows = raw[table.name]
        typed = {
            column.name: _Column(table, column, rows, places.get(table.name), faults).typed()
            for column in table.columns
        }
        key = [column.name for column in table.primary_key.columns]
        frames[table.name] = pd.DataFrame(typed).sort_values(key, kind="stable", ignore_index=True)
    if faults:
        raise DatasetError(faults)
    return Dataset(**frames)


class _Column:
    """One column's raw values, to be typed; what cannot be becomes a fault."""

    def __init__(
        self,
        table: Table,
        column: Column[Any],
        rows: pd.DataFrame,
        places: Sequence[Place] | None,
        faults: list[Fault],
    ) -> None:
        self._table = table
        self._column = column
        self._rows = rows
        self._places = places
        self._faults = faults
        self._values = rows[column.name].astype(object)
        self._present = self._values.notna().to_numpy(dtype=bool)

    def typed(self) -> pd.Series:
        if not self._column.nullable and self._column.server_default is None:
            self._fault(~self._present, "The value is missing.", "Fill it in.")
        if isinstance(self._column.type, Float):
            return self._numbers()
        if isinstance(self._column.type, Integer):
            return self._integers()
        if isinstance(self._column.type, Boolean):
            return self._flags()
        if isinstance(self._column.type, DateTime):
            return self._times()
        return self._text()

    def _fault(self, mask: Any, message: str, remedy: str) -> None:
        for position in np.flatnonzero(mask).tolist():
            said = message.format(value=_abridged(self._values.iloc[position]))
            where = self._places[position] if self._places else self._place(position)
            self._faults.append(Fault(where.table, where.row, self._column.name, said, remedy))

    def _place(self, position: int) -> Place:
        if "id" in self._rows:
            return Place(self._table.name, f"id {self._rows['id'].iloc[position]}")
        return Place(self._table.name, f"row {position + 1}")

    def _numbers(self) -> pd.Series:
        # A flag or bytes would pass as a number, and an integer of 400 digits overflows.
        kind = pd.api.types.infer_dtype(self._values, skipna=True)
        odd = np.zeros(len(self._values), dtype=bool)
        if kind not in ("integer", "floating", "mixed-integer-float", "string", "empty"):
            odd |= self._where(lambda value: isinstance(value, (bool, bytes)))
        if kind not in ("floating", "string", "empty"):
            odd |= self._where(lambda value: isinstance(value, int) and abs(value) >= 1 << 1000)
        numbers = pd.to_numeric(self._values.mask(odd), errors="coerce").astype("float64")
        self._fault(
            self._present & numbers.isna().to_numpy(),
            "{value} is not a number.",
            "Write a number with a decimal point, such as 1.5.",
        )
        return numbers

    def _where(self, test: Callable[[Any], bool]) -> Any:
        return np.fromiter(map(test, self._values), dtype=bool, count=len(self._values))

    def _integers(self) -> pd.Series:
        numbers = self._numbers()
        filled = numbers.fillna(0)
        whole = (filled % 1 == 0) & (filled.abs() < _LARGEST_EXACT)
        self._fault(
            ~whole.to_numpy(dtype=bool),
            "{value} is not a whole number in range.",
            f"Write a whole number below {_LARGEST_EXACT}.",
        )
        integers = filled.where(whole, 0).astype("int64")
        if self._column.nullable:
            return integers.astype("Int64").mask(numbers.isna())
        return integers

    def _flags(self) -> pd.Series:
        keys = self._values.map(
            lambda value: value.strip().casefold() if isinstance(value, str) else value,
            na_action="ignore",
        )
        flags = keys.map(_FLAGS, na_action="ignore")
        self._fault(
            self._present & flags.isna().to_numpy(), "{value} is not a flag.", "Write 0 or 1."
        )
        return flags.eq(True)

    def _times(self) -> pd.Series:
        # Without a zone it is UTC, as SQLite's CURRENT_TIMESTAMP is.
        times = pd.to_datetime(
            self._values.map(str, na_action="ignore"), utc=True, errors="coerce", format="ISO8601"
        )
        self._fault(
            self._present & times.isna().to_numpy(),
            "{value} is not a time.",
            "Write it as 2024-12-31 23:59:59+00:00.",
        )
        return (
            times.map(lambda time: time.isoformat(), na_action="ignore")
            .astype(object)
            .where(times.notna(), None)
        )

    def _text(self) -> pd.Series:
        values = self._values.where(self._present, None)
        if pd.api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
            self._fault(
                self._where(lambda value: isinstance(value, (bytes, bool))),
                "{value} is not text.",
                "Write text.",
            )
            values = values.map(str, na_action="ignore").astype(object)
        if not _is_unicode("".join(value for value in values if value is not None)):
            self._fault(
                values.map(lambda value: value is not None and not _is_unicode(value)),
                "{value} holds characters that are not Unicode text.",
                "Write it again in UTF-8.",
            )
        if self._column.nullable:
            values = values.where(values != "", None)
        return values


def _is_unicode(text: str) -> bool:
    """Say whether text can be written as UTF-8; half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _abridged(value: Any, length: int = 60) -> str:
    # ascii(): what is wrong with the value must not break the message, too.
    try:
        said = repr(value) if _is_unicode(str(value)) else ascii(value)
    except ValueError:  # Python refuses to print an integer of thousands of digits
        return "A number of thousands of digits"
    return said if len(said) <= length else f"{said[:length]}..."


_FLAGS = {
    **dict.fromkeys((1, "1", "true", "yes"), True),
    **dict.fromkeys((0, "0", "false", "no", ""), False),
}
