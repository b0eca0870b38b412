"""Artifacts as tables, for spreadsheets and data frames."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO

from api.db.exchange.formulas import guard
from api.extras import requires_extra


def to_csv(artifact: Any) -> str:
    """Return an artifact, records or a tree of records below ``children``, as CSV.

    See :func:`write_csv`.
    """
    buffer = io.StringIO()
    write_csv(lambda: _records(artifact), buffer)
    return buffer.getvalue()


def write_csv(read: Callable[[], Iterable[Mapping[str, Any]]], file: TextIO) -> None:
    """Write records as CSV (RFC 4180), with a header row.

    A list of records inside a record makes a row each, its columns prefixed with the list's name; a
    list of texts is joined with semicolons. A text that a spreadsheet would run as a formula starts
    with an apostrophe.

    Parameters
    ----------
    read
        Returns the records, once for the header and once for the rows.
    """
    columns = dict.fromkeys(name for record in read() for row in _rows(record) for name in row)
    writer = csv.DictWriter(file, list(columns), restval="")
    writer.writeheader()
    writer.writerows(row for record in read() for row in _rows(record))


def to_parquet(artifact: Any) -> bytes:
    """Return an artifact as Parquet: a row per record, lists and records inside them as they are.

    Parameters
    ----------
    artifact
        As for `to_csv`.

    Raises
    ------
    MissingExtraError
        If pyarrow is not installed: it comes with the extra ``parquet``.
    """
    with requires_extra("parquet", "Parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(_records(artifact))), sink, compression="zstd")
    return bytes(sink.getvalue())


def _records(artifact: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(artifact, list):
        yield from artifact
        return
    pending: list[tuple[Mapping[str, Any], Any]] = [(artifact, None)]
    while pending:  # a user's tree may be deeper than Python's stack
        node, parent = pending.pop()
        own = {name: value for name, value in node.items() if name != "children"}
        yield {**own, "parent": parent}
        pending.extend((child, node["id"]) for child in reversed(node.get("children") or ()))


def _rows(record: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    scalars: dict[str, str] = {}
    nested: dict[str, list[Mapping[str, Any]]] = {}
    for name, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            nested[name] = value
        else:
            scalars[name] = _cell(value)
    if not nested:
        yield scalars
    for name, items in nested.items():
        for item in items:
            inner = {
                f"{name}_{key}": _cell(value)
                for key, value in item.items()
                if not isinstance(value, list) or not value or isinstance(value[0], str)
            }
            yield {**scalars, **inner}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guard(value)
    if isinstance(value, list):
        return guard("; ".join(_texts(value)))
    return str(value)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    yield from (str(value) for value in values)
