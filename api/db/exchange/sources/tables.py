"""Tables of text: CSV with any separator, and rows of cells from other programs."""

import csv
import io
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.db.exchange.drafts import FIELDS
from api.db.exchange.formulas import unguard
from api.db.exchange.sources.columns import LINES, key_of
from api.db.exchange.time_limit import check_time

_SEPARATORS = ",;\t|"
#: No field of a recipe is longer; an unclosed quote would otherwise swallow the rest of the file.
_FIELD_LIMIT = 1_000_000
_SAMPLE_LINES = 40
#: Wider ones are no tables of recipes.
MOST_COLUMNS = 2000
_OWN_COLUMNS = frozenset(name for names in FIELDS.values() for name in names)


@dataclass
class TableRows:
    """A header and the rows below it.

    Attributes
    ----------
    rows
        (label, cells by column name); blank rows are left out.
    faults
        (label, message, remedy) of what could not be read.
    misfits
        The same of rows that have too many cells, which are left out.
    """

    header: list[str]
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    misfits: list[tuple[str, str, str]] = field(default_factory=list)

    def renamed(self, names: Mapping[str, str]) -> "TableRows":
        """Return this table with other names of some columns; names it does not have are ignored.

        Examples
        --------
        >>> TableRows(["a", "b"], [("row 1", {"a": 1, "b": 2})]).renamed({"a": "x"}).rows
        [('row 1', {'x': 1, 'b': 2})]
        """
        if not names.keys() & set(self.header):
            return self
        header = [names.get(column, column) for column in self.header]
        rows = [(label, {names.get(column, column): cell for column, cell in cells.items()})
                for label, cells in self.rows]  # fmt: skip
        return TableRows(header, rows, self.faults, self.misfits)


def read_csv(text: str) -> TableRows:
    """Read CSV with whichever separator fits best; blank rows are skipped."""
    csv.field_size_limit(_FIELD_LIMIT)
    separator = find_separator(text)
    name = {"\t": "tab"}.get(separator, repr(separator))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    table = TableRows([])
    end, found = 0, []
    try:
        for cells in reader:
            check_time()
            label, end = f"line {end + 1}", reader.line_num
            if any(cell.strip() for cell in cells):
                found.append((label, cells))
    except csv.Error as error:
        remedy = "Close every double quote, and double those inside a text."
        table.faults.append((f"line {reader.line_num}", f"Invalid CSV: {error}.", remedy))
    if not found or len(found[0][1]) > MOST_COLUMNS:
        return table
    table.header = [cell.strip() for cell in found[0][1]]
    if sum(map(bool, table.header)) < 2 and table.header[0] not in _OWN_COLUMNS:  # a title
        widest = max(len(cells) for _, cells in found)
        table.header += [""] * (widest - len(table.header))
    keys = distinct(table.header)
    for label, cells in found[1:]:
        check_time()
        cells = _fit(cells, table.header)
        if len(cells) != len(keys):
            message = f"The row has {len(cells)} cells, the header {len(keys)}."
            remedy = f"Put text that contains the separator {name} into double quotes."
            table.misfits.append((label, message, remedy))
            continue
        table.rows.append((label, dict(zip(keys, map(unguard, cells), strict=True))))
    return table


def distinct(names: Sequence[str]) -> list[str]:
    """Return names of which none repeats: those that do are numbered.

    Examples
    --------
    >>> distinct(["name", "item", "amount", "item", "amount"])
    ['name', 'item 1', 'amount 1', 'item 2', 'amount 2']
    """
    total, so_far = Counter(names), Counter[str]()
    found = []
    for name in names:
        so_far[name] += 1
        found.append(f"{name} {so_far[name]}".strip() if total[name] > 1 else name)
    return found


def _fit(cells: list[str], header: Sequence[str]) -> list[str]:
    """Add or drop empty cells at the end, as spreadsheets leave them out or add them."""
    width = len(header)
    end = max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)
    cells = cells[: max(width, end)]
    last = key_of(header[-1])
    if len(cells) > width and last in LINES and last != "ingredient":
        # A list of ingredients that nobody quoted.
        return [*cells[: width - 1], "; ".join(cells[width - 1 :])]
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
        if not widths or max(widths) < 2:
            return (0.0, 0)
        # The header's width; below a title, which is one cell, the commonest.
        wanted = widths[0] if widths[0] > 1 else statistics.mode(widths)
        if wanted < 2:
            return (0.0, 0)
        return (sum(width == wanted for width in widths) / len(widths), wanted)

    best = max(_SEPARATORS, key=fitness)
    return best if fitness(best)[0] > 0 else ","


def table_of(cells: Iterable[Sequence[Any]], first_row: int = 1) -> TableRows:
    """Return rows of cells as a table; the header is the first row with two texts or more."""
    table = TableRows([])
    for number, row in enumerate(cells, first_row):
        check_time()
        values = [None if isinstance(cell, str) and not cell.strip() else cell for cell in row]
        present = [value for value in values if value is not None]
        if not table.header:
            if 2 <= len(present) <= len(values) <= MOST_COLUMNS and all(
                isinstance(value, str) for value in present
            ):
                table.header = distinct([str(value or "").strip() for value in values])
            continue
        if present:
            named: dict[str, Any] = {}
            for name, cell in zip(table.header, values, strict=False):
                # The column of ingredients beside a recipe a column often has no header.
                if named.get(name) is None and (name or cell is not None):
                    named[name] = cell
            table.rows.append((f"row {number}", named))
    return table
