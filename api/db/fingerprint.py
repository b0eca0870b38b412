"""A hash of the data that analytics depend on, to detect changes."""

import hashlib
import json
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from math import nan
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, null, select, type_coerce
from sqlalchemy.types import NullType

from api.db.columns import TableColumns, read_table_columns
from api.db.schema import metadata

if TYPE_CHECKING:
    from api.db.frames import Dataset

#: Columns that analytics depend on, and their types. A new description or image needs no refresh.
#: ``path`` is not among them: it follows from ``parent_id``.
_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "units": {"id": "integer", "name": "text", "conversion_to_ml": "number"},
    "ingredients": {
        "id": "integer",
        "name": "text",
        "parent_id": "integer or null",
        "allow_substitution": "flag",
    },
    "recipes": {"id": "integer", "name": "text"},
    "recipe_ingredients": {
        "id": "integer",
        "recipe_id": "integer",
        "ingredient_id": "integer",
        "unit_id": "integer or null",
        "amount": "number",
    },
}
#: In place of a missing integer; those of a dataset are below 2**53.
_NO_INTEGER: Final = -(2**63)
_MAX_INTEGER: Final = 2**53
#: Rows are read in pieces, so that other threads are not kept from running.
_PIECE_ROWS: Final = 2_000


class _UnusualRowsError(Exception):
    """Rows that only :func:`api.db.dataset.read_dataset` can judge."""


def dataset_fingerprint(dataset: "Dataset") -> str:
    """Return a SHA-256 over the rows that the analytics depend on, ordered by id."""
    columns: dict[tuple[str, str], Sequence[Any]] = {}
    for table, types in _COLUMNS.items():
        frame = getattr(dataset, table).sort_values("id")
        for column in types:
            values = frame[column].astype(object).where(frame[column].notna(), None).tolist()
            columns[table, column] = _converted(types[column])(values)
    return _digest(columns)


def database_fingerprint(connection: Connection) -> str:
    """Return :func:`dataset_fingerprint` of a database, without reading it into data frames.

    Of 100,000 recipes this takes a sixth of the time. Where a value is not plainly what its column
    says, the dataset is read after all.

    Raises
    ------
    DatabaseError
        As :func:`api.db.dataset.read_dataset`.
    """
    available = read_table_columns(connection)
    try:
        return _digest(_stored(connection, available))
    except _UnusualRowsError:
        # Here, not at the top: it imports pandas, which would delay the server's start.
        from api.db.dataset import read_dataset

        return dataset_fingerprint(read_dataset(connection))


def _stored(
    connection: Connection, available: TableColumns
) -> dict[tuple[str, str], Sequence[Any]]:
    columns: dict[tuple[str, str], Sequence[Any]] = {}
    for name, types in _COLUMNS.items():
        table = metadata.tables[name]
        wanted = [
            type_coerce(table.c[column], NullType()) if available.has(name, column) else null()
            for column in types
        ]
        convert = [_converted(kind) for kind in types.values()]
        found: list[Any] = [one([]) for one in convert]
        last = _NO_INTEGER
        # The driver's own rows: it hands over every value as it is.
        cursor = connection.execute(select(*wanted).order_by(table.c.id)).cursor
        if cursor is None:  # pragma: no cover - a query has one
            raise _UnusualRowsError
        while rows := cursor.fetchmany(_PIECE_ROWS):
            for column, one, values in zip(found, convert, zip(*rows, strict=True), strict=True):
                column.extend(one(values))
            ids = found[0][-len(rows) :]
            if last >= ids[0] or any(map(int.__ge__, ids, ids[1:])):
                raise _UnusualRowsError  # ids that repeat
            last = ids[-1]
        cursor.close()
        columns.update(
            {(name, column): values for column, values in zip(types, found, strict=True)}
        )
    known = set(columns["recipes", "id"])
    if not known.issuperset(columns["recipe_ingredients", "recipe_id"]):
        raise _UnusualRowsError  # lines of recipes that no longer exist
    return columns


def _converted(kind: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
    by_kind: dict[str, Callable[[Sequence[Any]], Sequence[Any]]] = {
        "integer": _integers,
        "integer or null": lambda values: _integers(
            [_NO_INTEGER if value is None else value for value in values], _NO_INTEGER
        ),
        "number": _numbers,
        "flag": _flags,
        "text": _texts,
    }
    return by_kind[kind]


def _require(values: Iterable[Any], *types: type) -> set[type]:
    # Exact types: True is no integer, and a driver's own kinds are not ours.
    found = set(map(type, values))
    if not found.issubset(types):
        raise _UnusualRowsError
    return found


def _integers(values: Sequence[Any], least: int = 1 - _MAX_INTEGER) -> "array[int]":
    _require(values, int)
    if values and not least <= min(values) <= max(values) < _MAX_INTEGER:
        raise _UnusualRowsError
    return array("q", values)


def _numbers(values: Sequence[Any]) -> "array[float]":
    present = [nan if value is None or value != value else value for value in values]
    if _require(present, int, float) != {float}:
        _integers([value for value in present if type(value) is int])
    return array("d", present)


def _flags(values: Sequence[Any]) -> "array[int]":
    present = [0 if value is None else value for value in values]
    _require(present, int, bool)
    if not set(present).issubset((0, 1)):
        raise _UnusualRowsError
    return array("b", present)


def _texts(values: Sequence[Any]) -> list[str]:
    _require(values, str)
    return list(values)


def _digest(columns: dict[tuple[str, str], Sequence[Any]]) -> str:
    digest = hashlib.sha256()
    for (table, column), values in columns.items():
        if isinstance(values, array):
            if sys.byteorder == "big":
                values = values[:]
                values.byteswap()
            data: bytes | array[Any] = values
        else:
            data = json.dumps(values).encode()
        # With the length, so that no value moves from one column to the next.
        digest.update(json.dumps([table, column, len(values)]).encode())
        digest.update(data)
    return digest.hexdigest()
