"""Tables whose header does not say which column is what: the cells do.

Tried when no header is recognized (:func:`read_table_anyhow`): lines above the header; a column an
ingredient (or a column a recipe) with amounts in the cells; a table without a header; and headers
in unknown words.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from api.db.exchange.drafts import Collection, RecipeRow, Row
from api.db.exchange.sources.columns import find_columns, key_of, numbered, unit_in_name
from api.db.exchange.sources.content import is_amount, is_ingredient, is_measured_line, share
from api.db.exchange.sources.roles import (
    has_number,
    is_amount_name,
    is_total,
    not_read,
    varying,
)
from api.db.exchange.sources.table_recipes import read_table, split_cell, value_of
from api.db.exchange.sources.tables import TableRows, distinct
from api.db.exchange.sources.text import stem_of
from api.db.taxonomy.units import find_unit

_MOST_TITLE_ROWS = 12
_MOST = 0.6
_FEW = 0.1
#: A cell that says only that the ingredient is in the recipe.
_MARKS = frozenset(("x", "yes", "y", "true", "\u2713", "\u2714", "ja", "oui", "si"))
_ABSENT = frozenset(("0", "0.0", "no", "n", "false", "nein", "non"))
_FACTS = ("glass", "garnish", "method", "instructions", "description", "source", "source_url",
          "image_url")  # fmt: skip
_UNITS = ("ml", "cl", "oz", "dl")


def read_table_anyhow(table: TableRows, name: str, program: str = "CSV") -> Collection | None:
    """Return the recipes of a table by its header or, failing that, by its cells.

    Parameters
    ----------
    name
        The file's name, for errors.
    program
        What the shape is called in the report: CSV, spreadsheet.
    """
    found = read_table_by_header(table, name, program)
    if found is not None:
        return found
    for one in _from_each_row(table):
        found = (
            _read_line_columns(one, name, program)
            or _read_pairs(one, name, program)
            or _read_matrix(one, name, program)
        )
        if found is not None:
            return found
    named = _named_by_cells(table)
    return None if named is None else read_table(named, name, f"{program} without known headers")


def _with_name(table: TableRows, recipe: str) -> TableRows | None:
    """Return a table of the ingredients of one recipe, which is called like the file."""
    columns = find_columns(table.header, ("ingredient", "measure", "amount"))
    if "ingredient" not in columns or len(columns) < 2 or "recipe" in table.header:
        return None
    cells = [row.get(columns["ingredient"]) for _, row in table.rows]
    if share(cells, is_ingredient) < _MOST:
        return None
    first = table.header[0]
    if first not in columns.values() and _is_grouped([row.get(first) for _, row in table.rows]):
        return table.renamed({first: "recipe"})
    rows = [(label, {**row, "recipe": recipe}) for label, row in table.rows]
    return TableRows(["recipe", *table.header], rows, table.faults, table.misfits)


def _is_grouped(cells: Sequence[Any]) -> bool:
    """Return whether a column names what several rows belong to, each name in one run of rows."""
    texts = [str(cell) for cell in cells if value_of(cell) is not None]
    runs = [text for before, text in zip([None, *texts], texts, strict=False) if text != before]
    if len(runs) < 2 or len(set(runs)) < len(runs) or len(runs) * 2 > len(cells):
        return False
    return not any(text[:1].isdigit() or find_unit(text) is not None for text in runs)


def read_table_by_header(table: TableRows, name: str, program: str = "CSV") -> Collection | None:
    """Return the recipes of a table by the names of its columns, in one of its first rows."""
    for one in _from_each_row(table):
        found = read_table(one, name, program)
        if found is not None and (found.recipes or found.faults):
            return found
    one_recipe = _with_name(table, stem_of(name))
    return None if one_recipe is None else read_table(one_recipe, name, f"{program} a recipe")


def _from_each_row(table: TableRows) -> Iterator[TableRows]:
    """Yield the table as it is, then with each of its first rows as the header."""
    table = TableRows(distinct(table.header), table.rows, table.faults, table.misfits)
    if (joined := _with_second_header(table)) is not None:
        yield joined
    yield table
    raw = [list(cells.values()) for _, cells in table.rows[:_MOST_TITLE_ROWS]]
    for number, cells in enumerate(raw):
        texts = [str(cell or "").strip() for cell in cells]
        if sum(map(bool, texts)) < 2:
            continue
        header = distinct(texts)
        rows = [
            (label, dict(zip(header, row.values(), strict=False)))
            for label, row in table.rows[number + 1 :]
        ]
        yield TableRows(header, rows, table.faults, table.misfits)


def _with_second_header(table: TableRows) -> TableRows | None:
    """Return a table whose header has two rows, "Gin" above "ml", as one with "Gin (ml)".

    Cells of the first row that are merged stand for those after them: "Ingredient 1" above "Name"
    and "Amount".
    """
    if len(table.rows) < 2:
        return None
    second = [str(value_of(cell) or "") for cell in table.rows[0][1].values()]
    second += [""] * (len(table.header) - len(second))
    given = [text for text in second if text]
    units = [find_unit(text.strip("() ")) is not None for text in given]
    first = [re.sub(r"^\d+$", "", one) for one in table.header]
    if len(given) >= 2 and all(units):
        header = [f"{one} ({text.strip('() ')})" if text else one
                  for one, text in zip(first, second, strict=True)]  # fmt: skip
    elif first.count("") and len(given) > 2 and not any(map(has_number, given)):
        above, header = "", []
        for one, text in zip(first, second, strict=True):
            above = one or above
            header.append(f"{above} {text}".strip() if text else above)
        if not numbered(header):
            return None
    else:
        return None
    header = distinct(header)
    rows = [(label, dict(zip(header, row.values(), strict=False))) for label, row in table.rows[1:]]
    return TableRows(header, rows, table.faults, table.misfits)


def _read_line_columns(table: TableRows, name: str, program: str) -> Collection | None:
    """Read a table with whole lines in several columns: ``Base``, ``Modifier``, ``Citrus``."""
    recipe = find_columns(table.header, ["recipe"]).get("recipe")
    columns = [
        one for one in table.header
        if one and one != recipe
        and share([row.get(one) for _, row in table.rows], is_measured_line) >= _MOST
    ]  # fmt: skip
    if recipe is None or len(columns) < 2:
        return None
    numbers = {one: f"ingredient {number}" for number, one in enumerate(columns, 1)}
    return read_table(table.renamed(numbers), name, program)


def _read_pairs(table: TableRows, name: str, program: str) -> Collection | None:
    """Read a table with several columns of names, each before its amounts: Base, Base ml."""
    recipe = find_columns(table.header, ["recipe"]).get("recipe")
    if recipe is None:
        return None
    new: dict[str, str] = {}
    number = 0
    for one, after in pairwise(table.header):
        names, amounts = ([row.get(c) for _, row in table.rows] for c in (one, after))
        if recipe in (one, after) or share(amounts, _is_measured) < _MOST:
            continue
        if share(names, is_ingredient) < _MOST:
            continue
        number += 1
        unit = unit_in_name(after)
        new[one] = f"ingredient {number}"
        new[after] = f"amount {number}" + (f" ({unit})" if unit else "")
    if number < 2:
        return None
    return read_table(table.renamed(new), name, program)


def _amount_in(cell: Any) -> str | None:
    """Return the amount of a matrix' cell; "" for a mark, None for an ingredient that is absent."""
    value = value_of(cell)
    text = "" if value is None or value is False else str(value).strip()
    if not text or text.casefold() in _ABSENT:
        return None
    return "" if text.casefold() in _MARKS else text


def _read_matrix(table: TableRows, name: str, program: str) -> Collection | None:
    """Read a table with the ingredients across, or down, and amounts in the cells."""
    if not table.rows or len(table.header) < 3:
        return None
    across = [column for column in table.header if _is_ingredient_column(column)]
    first = table.header[0]
    column = find_columns(table.header, ["recipe"]).get("recipe", first)
    if len(across) >= 2 and column not in across and len(across) * 2 >= len(table.header) - 2:
        cells = [row.get(one) for _, row in table.rows for one in across]
        if _holds_amounts(cells):
            across = [one for one in table.header if one in across or _may_be_another(table, one)]
            across = [one for one in across if one != column]
            return _by_rows(table, column, across, f"{program}, a column an ingredient", name)
    down = [row.get(first) for _, row in table.rows]
    if share(down, is_ingredient) < _MOST or share(table.header[1:], is_ingredient) > _FEW:
        return None
    columns = [one for one in table.header[1:] if one and not is_total(one)]
    if len(columns) < 2 or not _holds_amounts(row.get(c) for _, row in table.rows for c in columns):
        return None
    turned = [(one, {"recipe": one} | {str(row.get(first)): row.get(one) for _, row in table.rows})
              for one in columns]  # fmt: skip
    names = [str(one) for one in down if value_of(one) is not None and not is_total(one)]
    return _by_rows(TableRows(["recipe", *names], turned), "recipe", names,
                    f"{program}, a row an ingredient and a column a recipe", name)  # fmt: skip


def _may_be_another(table: TableRows, column: str) -> bool:
    """Return whether a column is one of an ingredient that is not known: it holds amounts."""
    cells = [row.get(column) for _, row in table.rows]
    said = is_amount_name(column) and not is_total(column) and not find_columns([column], _FACTS)
    return said and any(map(str.isalpha, column)) and share(cells, _is_measured) >= _MOST


def _is_measured(text: str) -> bool:
    return has_number(text) and is_amount(text)


def _is_ingredient_column(column: str) -> bool:
    return is_ingredient(_without_unit(column))


def _without_unit(column: str) -> str:
    if unit_in_name(column) is None:
        return column
    if match := re.fullmatch(r"(.*\S)\s*[(\[][^()\[\]]*[)\]]\s*", column):
        return match[1]
    text = column.strip()
    for unit in _UNITS:
        if text.casefold().endswith(unit):
            return text[: -len(unit)].strip(" ([_-,")
    return column


def _holds_amounts(cells: Any) -> bool:
    amounts = [text for cell in cells if (text := _amount_in(cell))]
    return not amounts or share(amounts, is_amount) >= _MOST


def _by_rows(
    table: TableRows, column: str, across: Sequence[str], shape: str, name: str
) -> Collection:
    collection = Collection(shape)
    others = [one for one in table.header if one not in across and one != column]
    columns = find_columns(others, _FACTS)
    for label, cells in table.rows:
        recipe = value_of(cells.get(column))
        if recipe is None or is_total(recipe):
            if any(_amount_in(cells.get(one)) for one in across):
                reason = "it names no recipe" if recipe is None else "it is a total"
                collection.notes.append(f"{label}: not read, because {reason}.")
            continue
        fields = {meaning: value_of(cells.get(one)) for meaning, one in columns.items()}
        row = RecipeRow(label, {"name": recipe, **fields}, lines=[])
        for one in across:
            amount = _amount_in(cells.get(one))
            if amount is None:
                continue
            unit = (
                unit_in_name(one) if amount.replace(",", ".").replace(".", "").isdigit() else None
            )
            line = {"ingredient": _without_unit(one), "measure": f"{amount} {unit or ''}".strip()}
            row.lines = [*(row.lines or []), Row(f"{label}, {one}", line)]
        collection.recipes.append(row)
    rows = [cells for _, cells in table.rows]
    used = {column, *across, *columns.values()}
    collection.notes += not_read(name, "column", varying(rows, used))
    return collection


def _named_by_cells(table: TableRows) -> TableRows | None:
    """Return the table with headers that say what its cells hold; None if they do not tell."""
    rows = [list(row.values()) for _, row in table.rows]
    headless = (
        share(table.header, is_ingredient) > 0
        or any(map(is_measured_line, table.header))
        or sum(map(bool, table.header)) == 1
    )
    if headless:
        rows = [[*table.header], *rows]
    if not rows:
        return None
    header: list[str] = []
    for number in range(len(table.header)):
        cells = [row[number] for row in rows if number < len(row)]
        header.append(_meaning_of(cells, header))
    left = [number for number, one in enumerate(header) if not one]
    if "recipe" not in header and left:
        header[_most_named(rows, table.header, left)] = "recipe"
    if "recipe" not in header:
        return None
    if "ingredients" not in header and not {"ingredient", "measure"} <= set(header):
        return None
    kept = [one or (f"column {number}" if headless else table.header[number])
            for number, one in enumerate(header)]  # fmt: skip
    labels = (["line 1"] if headless else []) + [label for label, _ in table.rows]
    named = [(label, dict(zip(kept, row, strict=False)))
             for label, row in zip(labels, rows, strict=True)]  # fmt: skip
    return TableRows(kept, named, table.faults, table.misfits)


def _most_named(rows: Sequence[Sequence[Any]], header: Sequence[str], left: list[int]) -> int:
    """Return the column for the names: by a word of its header, or the first with short texts."""
    for number in left:
        if any(word in key_of(header[number]) for word in ("name", "title", "drink", "cocktail")):
            return number
    for number in left:
        if share([row[number] for row in rows if number < len(row)], _is_name) > _MOST:
            return number
    return left[0]


def _is_name(text: str) -> bool:
    return len(text) <= 60 and any(mark.isalpha() for mark in text)


def _meaning_of(cells: Sequence[Any], taken: Sequence[str]) -> str:
    parts = [part for cell in cells[:40] if len(split := split_cell(cell)) > 1 for part in split]
    if len(parts) > len(cells[:40]) and share(parts, is_measured_line) >= _MOST:
        return "" if "ingredients" in taken else "ingredients"
    if share(cells, is_ingredient) >= _MOST:
        return "" if "ingredient" in taken else "ingredient"
    if share(cells, is_amount) >= _MOST and "measure" not in taken:
        return "measure"
    return ""
