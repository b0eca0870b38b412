"""Spreadsheets: every sheet of an xlsx file is a table."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from api.db.exchange.drafts import Collection, merged
from api.db.exchange.sources.table_recipes import read_table
from api.db.exchange.sources.tables import table_of


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
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ValueError(f"the spreadsheet is damaged: {error}") from error
    found = []
    for title, table in sheets:
        collection = read_table(table, f"{name}, sheet {title}", "spreadsheet")
        if collection is not None:
            found.append(collection)
    return merged(found) if found else None


def _cells(sheet: Any) -> Iterator[list[Any]]:
    for row in sheet.iter_rows(values_only=True):
        # 30.0 is 30 to whoever typed it.
        yield [int(c) if isinstance(c, float) and c.is_integer() else c for c in row]
