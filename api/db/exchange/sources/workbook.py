"""Spreadsheets: every sheet of an xlsx file is a table."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from api.db.exchange.drafts import Collection, merged
from api.db.exchange.sources.office import ZIP_ERRORS
from api.db.exchange.sources.roles import not_read
from api.db.exchange.sources.table_shapes import read_table_anyhow
from api.db.exchange.sources.tables import TableRows, table_of


def read_workbook(data: bytes, name: str) -> Collection | None:
    """Return the recipes of every sheet that holds some; None if none does.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    # Here, not above: only spreadsheets need it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [(sheet.title, table_of(_cells(sheet))) for sheet in book.worksheets]
    except (*ZIP_ERRORS, InvalidFileException) as error:
        raise ValueError(f"the spreadsheet is damaged: {error}") from error
    return _read_tables(sheets, name)


def read_sheets(sheets: Iterable[tuple[str, list[list[str]]]], name: str) -> Collection | None:
    """Return the recipes of the sheets of another program, each a name and rows of cells."""
    return _read_tables([(title, table_of(rows)) for title, rows in sheets], name)


def _read_tables(sheets: Iterable[tuple[str, TableRows]], name: str) -> Collection | None:
    found, others = [], []
    for title, table in sheets:
        collection = read_table_anyhow(table, f"{name}, sheet {title}", "spreadsheet")
        if collection is not None:
            found.append(collection)
        elif table.rows:
            others.append(title)
    if not found:
        return None
    whole = merged(found)
    whole.notes += not_read(name, "sheet", others)
    return whole


def _cells(sheet: Any) -> Iterator[list[Any]]:
    for row in sheet.iter_rows(values_only=True):
        # 30.0 is 30 to whoever typed it.
        yield [int(c) if isinstance(c, float) and c.is_integer() else c for c in row]
