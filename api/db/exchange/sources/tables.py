"""Tables of text: CSV with any separator, and rows of cells from other programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.db.exchange.formulas import unguard

_SEPARATORS = ",;\t|"
#: No field of a recipe is longer; an unclosed quote would otherwise swallow the rest of the file.
_FIELD_LIMIT = 1_000_000
_SAMPLE_LINES = 40


@dataclass
class TableRows:
    """A header and the rows below it.

    Attributes
    ----------
    rows
        (label, cells by column name); blank rows are left out.
    faults
        (label, message, remedy) of what could not be read.
    """

    header: list[str]
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[tuple[str, str, str]] = field(default_factory=list)


def read_csv(text: str) -> TableRows:
    """Read CSV with whichever separator fits best; blank rows are skipped."""
    csv.field_size_limit(_FIELD_LIMIT)
    separator = find_separator(text)
    name = {"\t": "tab"}.get(separator, repr(separator))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    table = TableRows([])
    end = 0
    try:
        for cells in reader:
            label, end = f"line {end + 1}", reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not table.header:
                table.header = [cell.strip() for cell in cells]
                continue
            cells = _fit(cells, len(table.header))
            if len(cells) != len(table.header):
                message = f"The row has {len(cells)} cells, the header {len(table.header)}."
                remedy = f"Put text that contains the separator {name} into double quotes."
                table.faults.append((label, message, remedy))
                continue
            named = zip(table.header, map(unguard, cells), strict=True)
            table.rows.append((label, dict(named)))
    except csv.Error as error:
        remedy = "Close every double quote, and double those inside a text."
        table.faults.append((f"line {reader.line_num}", f"Invalid CSV: {error}.", remedy))
    return table


def _fit(cells: list[str], width: int) -> list[str]:
    """Add or drop empty cells at the end, as spreadsheets leave them out or add them."""
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells + [""] * (width - len(cells))


def find_separator(text: str) -> str:
    """Return the separator with which the first lines have the most columns, and equally many.

    Examples
    --------
    >>> find_separator("recipe;amount\\nSour;1,5\\n")
    ';'
    """

    def fitness(separator: str) -> tuple[float, int]:
        sample = "\n".join(text.splitlines()[:_SAMPLE_LINES])
        try:
            rows = list(csv.reader(io.StringIO(sample, newline=""), delimiter=separator))
        except csv.Error:
            return (0.0, 0)
        widths = [len(row) for row in rows if any(cell.strip() for cell in row)]
        if not widths or widths[0] < 2:
            return (0.0, 0)
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    best = max(_SEPARATORS, key=fitness)
    return best if fitness(best)[0] > 0 else ","


def table_of(cells: Iterable[Sequence[Any]], first_row: int = 1) -> TableRows:
    """Return rows of cells as a table; the header is the first row with two texts or more."""
    table = TableRows([])
    for number, row in enumerate(cells, first_row):
        values = [None if isinstance(cell, str) and not cell.strip() else cell for cell in row]
        present = [value for value in values if value is not None]
        if not table.header:
            if len(present) >= 2 and all(isinstance(value, str) for value in present):
                table.header = [str(value or "").strip() for value in values]
            continue
        if present:
            named = zip(table.header, values, strict=False)
            table.rows.append((f"row {number}", {name: cell for name, cell in named if name}))
    return table
