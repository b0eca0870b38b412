"""Recipes of a table: a row an ingredient, a row a recipe with numbered columns, or one text."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from api.db.exchange.drafts import CSV_COLUMNS, Collection, RecipeRow, Row
from api.db.exchange.line_texts import plain_number
from api.db.exchange.measures import parse_line
from api.db.exchange.sources.columns import (
    LINES,
    MEASURES,
    find_columns,
    key_of,
    numbered,
    unit_in_name,
    unit_of_number,
)
from api.db.exchange.sources.roles import (
    Roles,
    find_roles,
    guessed,
    is_total,
    not_read,
    take_by_values,
    unequal,
    varying,
)
from api.db.exchange.sources.tables import TableRows
from api.db.exchange.tag_cells import split_tags

_RECIPE = ("recipe", "recipe_id")
_REMARKS = ("instructions", "method", "glass", "garnish")
_LINE = ("ingredient", "measure", "amount", "amount_max", "unit", "line", "note", "optional")
_TEXTS = ("instructions", "description", "glass", "garnish", "method", "tags", "category",
          "image_url", "source", "source_url")  # fmt: skip
#: A longer cell is split as text: as a literal it would take a hundred times its size.
_MAX_LITERAL = 20_000
_NUMBER_LAST = re.compile(r"([^\W\d].*?)\s*[\s:=,-]\s*(\d+(?:[.,]\d+)?)")
_NO_HEADER = "(no header)"
_ALL_INGREDIENTS = frozenset(("ingredients", "ingredientes", "ingredienti", "zutaten"))
_EMPTY = frozenset(("", "na", "n/a", "null", "none", "nan", "-"))


def read_table(table: TableRows, name: str, program: str = "CSV") -> Collection | None:
    """Return the recipes of a table; None if it holds none that can be recognized.

    Parameters
    ----------
    name
        The file's name, for errors.
    program
        What the shape is called in the report: CSV, spreadsheet.
    """
    # A blank name would stand for the columns that are absent.
    table = table.renamed({"": _NO_HEADER})
    by_number = numbered(table.header)
    lists = [column for column in table.header if key_of(_without_unit(column)) in LINES]
    columns = find_columns(table.header, _RECIPE)
    if "recipe" not in columns:
        return None
    others = [column for column in table.header if column != columns["recipe"]]
    lists = [column for column in lists if column != columns["recipe"]]
    # Beside a list of all ingredients, a column such as "Spirit" is a fact about the recipe.
    whole = next((one for one in lists if _is_list(table, one, columns["recipe"])), None)
    read: set[str] = set()
    if by_number:
        by_number = _with_unknown_numbered(table, by_number)
        numbers = {column for one in by_number.values() for column in one.values()}
        read |= numbers
        columns |= find_columns([c for c in others if c not in numbers], _TEXTS)
        collection = Collection(f"{program}, a row a recipe with numbered ingredients")
        _read_wide(table, columns, by_number, collection)
    elif whole is None and "ingredient" in (found := find_columns(others, _LINE)):
        if _is_of_recipes(table, found.get("note"), columns["recipe"]):
            del found["note"]
        columns |= found
        columns |= find_columns([c for c in others if c not in found.values()], _TEXTS)
        collection = Collection(f"{program}, a row an ingredient")
        # Our export numbers the lines; other tables with such columns are people's own.
        collection.own = "line" in table.header and set(table.header) <= set(CSV_COLUMNS)
        if collection.own:
            collection.shape = "our own CSV, a row an ingredient"
            columns |= {name: name for name in ("original_text",) if name in table.header}
        roles = Roles() if collection.own else _roles_of(table, columns)
        _read_long(table, columns, collection, roles, read)
        collection.notes += guessed(name, roles, read)
    elif lists:
        columns |= find_columns([c for c in others if c not in lists], _TEXTS)
        collection = Collection(f"{program}, a row a recipe with its ingredients in one cell")
        _read_cells(table, columns, whole or lists[0], collection, read)
    else:
        return None
    rows = [cells for _, cells in table.rows]
    used = {*columns.values(), *lists, *read}
    collection.notes += not_read(name, "column", varying(rows, used))
    for label, message, remedy in (*table.faults, *(table.misfits if collection.own else ())):
        collection.add_fault(name, label, "-", message, remedy)
    if not collection.own:
        # One crooked row is no reason to refuse the rest of somebody's table.
        collection.notes += [f"{name}, {label} was left out: {message} {remedy}"
                             for label, message, remedy in table.misfits]  # fmt: skip
    return collection


def value_of(cell: Any) -> Any:
    """Return a cell's value; None for empty cells and for words such as NA."""
    if isinstance(cell, str):
        return None if cell.strip().casefold() in _EMPTY else cell.strip()
    return None if cell is None or cell != cell else cell


def _own_value(cell: Any) -> Any:
    """Return a cell of our own export: a recipe may be called NA."""
    return cell if isinstance(cell, str) and cell.strip() else None


def _is_list(table: TableRows, column: str, recipe: str) -> bool:
    """Return whether a column holds all of a recipe's ingredients: names occur once, texts long."""
    if key_of(column) not in _ALL_INGREDIENTS:
        return False
    names = [row.get(recipe) for _, row in table.rows]
    return len(set(map(str, names))) == len(names)


def _is_of_recipes(table: TableRows, column: str | None, recipe: str) -> bool:
    """Return whether a column such as "preparation" is about recipes, not about ingredients."""
    if column is None or find_columns([column], ["instructions"]) == {}:
        return False
    said = {
        (str(row.get(recipe)), str(row.get(column)))
        for _, row in table.rows
        if value_of(row.get(column)) is not None
    }
    names = {str(row.get(recipe)) for _, row in table.rows}
    return len(said) <= len(names) < len(table.rows)


def _read_long(
    table: TableRows,
    columns: Mapping[str, str],
    into: Collection,
    roles: Roles,
    read: set[str],
) -> None:
    value = _own_value if into.own else value_of
    known: dict[Any, RecipeRow] = {}
    previous: RecipeRow | None = None
    for label, cells in table.rows:
        name = value(cells.get(columns["recipe"]))
        if name is None and previous is not None:
            name = previous.fields["name"]  # merged cells of a spreadsheet
        if name is None:
            _skip_nameless(into, label)
            continue
        if not into.own and (is_total(name) or is_total(cells.get(columns["ingredient"]))):
            into.notes.append(f"{label}: not read, because it is a total.")
            continue
        key = value(cells.get(columns.get("recipe_id", ""))) or str(name)
        number = str(cells.get(columns.get("line", "")) or "").strip()
        recipe = known.get(key)
        if recipe is None or (number in ("1", "1.0") and _has_line_one(recipe)):
            recipe = RecipeRow(label, {"name": name}, lines=[])
            known[key] = recipe
            into.recipes.append(recipe)
        _add_texts(recipe, cells, columns, own=into.own)
        previous = recipe
        if not into.own and _take_remark(recipe, cells, columns):
            continue
        fields = {
            meaning: value(cells.get(columns[meaning]))
            for meaning in ("ingredient", "measure", "amount", "amount_max", "unit", "note",
                            "optional", "original_text")
            if meaning in columns
        }  # fmt: skip
        if not into.own:
            _complete(fields, cells, columns, roles, read)
        if any(value is not None for value in fields.values()) and recipe.lines is not None:
            recipe.lines.append(Row(label, {**fields, "number": number}))


def _roles_of(table: TableRows, columns: Mapping[str, str]) -> Roles:
    recipe, names = None, []
    for _, cells in table.rows:
        recipe = value_of(cells.get(columns["recipe"])) or recipe  # merged cells
        names.append(recipe)
    rows = [{column: value_of(cell) for column, cell in cells.items()} for _, cells in table.rows]
    return find_roles(rows, set(columns.values()), names)


def _complete(
    fields: dict[str, Any],
    cells: Mapping[str, Any],
    columns: Mapping[str, str],
    roles: Roles,
    read: set[str],
) -> None:
    """Complete a line by columns with a unit in their names, and by what columns hold."""
    named = columns.get("amount") or columns.get("measure")
    unit = unit_in_name(named) if named else None
    if unit and fields.get("unit") is None and plain_number(_amount_of(fields)) is not None:
        fields["unit"] = unit
    others = {
        column: value_of(cell) for column, cell in cells.items() if column not in columns.values()
    }
    take_by_values(fields, others, roles, read)


def _amount_of(fields: Mapping[str, Any]) -> Any:
    cell = fields.get("amount") if fields.get("amount") is not None else fields.get("measure")
    return cell.replace(",", ".") if isinstance(cell, str) else cell


def _take_remark(recipe: RecipeRow, cells: Mapping[str, Any], columns: Mapping[str, str]) -> bool:
    """Take a row below the ingredients such as 'Method, shake and strain'; False for others."""
    column = columns.get("ingredient", "")
    meaning = next(iter(find_columns([cells.get(column)], _REMARKS)), None)
    if meaning is None or recipe.lines is None or not recipe.lines:
        return False
    others = [one for one in cells if one not in (column, columns["recipe"])]
    texts = [str(value) for one in others if (value := value_of(cells[one])) is not None]
    if not texts or texts[0][:1].isdigit():
        return False
    recipe.fields.setdefault(meaning, " ".join(texts))
    return True


def _skip_nameless(into: Collection, label: str) -> None:
    """Refuse a row of ours without a recipe's name; in other tables it may be a remark."""
    if into.own:
        into.add_fault("recipes", label, "recipe", "The name is missing.", "Enter a name.")
    else:
        into.notes.append(f"{label}: ignored, because it names no recipe.")


def _has_line_one(recipe: RecipeRow) -> bool:
    return any(line.fields.get("number") in ("1", "1.0") for line in recipe.lines or ())


def _add_texts(
    recipe: RecipeRow, cells: Mapping[str, Any], columns: Mapping[str, str], *, own: bool = False
) -> None:
    read = _own_value if own else value_of
    for meaning in _TEXTS:
        value = read(cells.get(columns.get(meaning, "")))
        if value is None or recipe.fields.get(meaning) is not None:
            continue
        if meaning in ("tags", "category"):
            names = split_tags(str(value)) if own or ";" in str(value) else str(value).split(",")
            recipe.tags = [*(recipe.tags or []), *(one.strip() for one in names if one.strip())]
            recipe.fields.setdefault(meaning, value)
        else:
            recipe.fields[meaning] = value


def _with_unknown_numbered(
    table: TableRows, by_number: Mapping[int, Mapping[str, str]]
) -> dict[int, dict[str, str]]:
    """Add numbered columns of unknown names that hold amounts or units: "foo 1", "foo 2"."""
    taken = {column for one in by_number.values() for column in one.values()}
    numbers: dict[str, dict[int, str]] = {}
    of_names = {found["ingredient"]: number for number, found in by_number.items()}
    for before, column in zip(["", *table.header], table.header, strict=False):
        match = re.fullmatch(r"(\D*)(\d{1,2})(\D*)", column)
        if column.isdigit() and before in of_names:  # a blank header beside "Ingredient 1"
            numbers.setdefault("beside", {})[of_names[before]] = column
        elif match and column not in taken and int(match[2]) in by_number:
            numbers.setdefault(key_of(match[1] + match[3]), {})[int(match[2])] = column
    rows: list[dict[str, Any]] = []
    recipes = []
    for label, cells in table.rows:
        for number in by_number:
            found = {key: value_of(cells.get(of[number])) for key, of in numbers.items()
                     if number in of}  # fmt: skip
            rows.append(found)
            recipes.append(label)
    roles = find_roles(rows, (), recipes)
    completed = {number: dict(found) for number, found in by_number.items()}
    meanings = {key: meaning for meaning, keys in (("amount", roles.amounts), ("unit", roles.units))
                for key in keys[:1]}  # fmt: skip
    for key, meaning in meanings.items():
        for number, column in numbers[key].items():
            if meaning == "unit" or "measure" not in completed[number]:
                completed[number].setdefault(meaning, column)
    return completed


def _read_wide(
    table: TableRows,
    columns: Mapping[str, str],
    by_number: Mapping[int, Mapping[str, str]],
    into: Collection,
) -> None:
    for label, cells in table.rows:
        name = value_of(cells.get(columns["recipe"]))
        if name is None:
            _skip_nameless(into, label)
            continue
        recipe = RecipeRow(label, {"name": name}, lines=[])
        _add_texts(recipe, cells, columns)
        for number, found in by_number.items():
            fields = {meaning: value_of(cells.get(column)) for meaning, column in found.items()}
            if fields.get("ingredient") is not None and recipe.lines is not None:
                unit = unit_of_number(found.get("amount") or found.get("measure") or "")
                if unit and "unit" not in found and plain_number(_amount_of(fields)) is not None:
                    fields["unit"] = unit
                if "measure" not in fields and "amount" not in fields:
                    fields = {"line": fields["ingredient"]}
                recipe.lines.append(Row(f"{label}, ingredient {number}", fields))
            elif texts := [str(cell) for cell in fields.values() if cell is not None]:
                into.notes.append(
                    f"{label}: not read: {' '.join(texts)}, because ingredient {number} is blank."
                )
        into.recipes.append(recipe)


def _read_cells(
    table: TableRows,
    columns: Mapping[str, str],
    column: str,
    into: Collection,
    read: set[str],
) -> None:
    measures, units = _beside(table, columns, column)
    unit = unit_in_name(column) if "(" in column else None
    for label, cells in table.rows:
        name = value_of(cells.get(columns["recipe"]))
        if name is None:
            _skip_nameless(into, label)
            continue
        recipe = RecipeRow(label, {"name": name}, lines=[])
        _add_texts(recipe, cells, columns)
        names = split_cell(cells.get(column))
        amounts = split_cell(cells.get(measures)) if measures else []
        of_amounts = split_cell(cells.get(units)) if units else []
        if amounts and len(amounts) != len(names):
            into.notes.append(unequal(label, measures or "", len(amounts), len(names)))
        if amounts and len(amounts) == len(names):
            read |= {measures or "", units or ""}
            given = unit_in_name(measures or "")
            rows: list[dict[str, Any]] = []
            for number, (one, amount) in enumerate(zip(names, amounts, strict=True)):
                if len(of_amounts) == len(names):
                    amount = f"{amount} {of_amounts[number]}"
                elif given and plain_number(amount.replace(",", ".")) is not None:
                    amount = f"{amount} {given}"
                rows.append({"ingredient": one, "measure": amount})
        else:
            rows = [line_with_unit(one, unit) for one in names]
        recipe.lines = [Row(f"{label}, ingredient {n}", row) for n, row in enumerate(rows, 1)]
        into.recipes.append(recipe)


def _beside(
    table: TableRows, columns: Mapping[str, str], column: str
) -> tuple[str | None, str | None]:
    """Return the columns of amounts and of units beside one with lists of names."""
    others = [one for one in table.header if one and one not in (column, *columns.values())]
    named = next((one for one in others if key_of(_without_unit(one)) in MEASURES), None)
    rows: list[dict[str, Any]] = []
    recipes = []
    for label, cells in table.rows:
        names = split_cell(cells.get(column))
        lists = {one: split_cell(cells.get(one)) for one in others}
        same = {one: parts for one, parts in lists.items() if len(parts) == len(names) > 1}
        rows += [{one: parts[n] for one, parts in same.items()} for n in range(len(names))]
        recipes += [label] * len(names)
    roles = find_roles(rows, (), recipes)
    return (
        named or next(iter(roles.amounts), None),
        next((one for one in roles.units if one != named), None),
    )


def _without_unit(column: str) -> str:
    return re.sub(r"\([^()]*\)\s*$", "", column) if unit_in_name(column) else column


def line_with_unit(text: str, unit: str | None) -> dict[str, Any]:
    """Return a line with the unit of its column, 'Ingredients (oz)', where it names none."""
    found = parse_line(text)
    if unit is not None and not found.understood and (last := _NUMBER_LAST.fullmatch(text)):
        return {"ingredient": last[1], "amount": last[2], "unit": unit}  # 'gin: 60'
    if unit is None or found.low is None or found.unit is not None:
        return {"line": text}
    return {"ingredient": found.rest, "amount": found.low, "amount_max": found.high, "unit": unit}


def split_cell(cell: Any) -> list[str]:
    """Return the ingredients of one cell: a list as Python or JSON writes it, lines, or a series.

    Examples
    --------
    >>> split_cell("['2 oz gin', '1 lime']"), split_cell("2 oz gin; 1,5 cl lime")
    (['2 oz gin', '1 lime'], ['2 oz gin', '1,5 cl lime'])
    """
    value = value_of(cell)
    if value is None:
        return []
    text = str(value)
    if text.startswith(("[", "{", "(")) and len(text) <= _MAX_LITERAL:
        found = _literal(text)
        if isinstance(found, dict):
            found = list(found.items())
        if isinstance(found, (list, tuple)):
            return [_joined(one) for one in found if one is not None]
    for separator in ("\n", "|", ";"):
        if separator in text:
            parts = [one.strip(" -*\u2022\r\t") for one in text.split(separator)]
            return [one for one in parts if one and not is_title_of_lines(one)]
    if len(parts := re.split(r"\s+[/+]\s+(?=[\d\u00bc-\u00be])", text)) > 1:
        return [one.strip() for one in parts]
    # A comma between digits is a decimal one.
    return [one.strip() for one in re.split(r",(?!\d)\s*", text) if one.strip()]


def is_title_of_lines(text: str) -> bool:
    """Return whether a line is the title of those that follow: ``# Garnish``, ``For the syrup:``.

    Examples
    --------
    >>> is_title_of_lines("# Garnish"), is_title_of_lines("#1 gin"), is_title_of_lines("2 oz gin")
    (True, False, False)
    """
    return text.rstrip().endswith(":") or re.match(r"#+\s", text.lstrip()) is not None


def _literal(text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None


def _joined(item: Any) -> str:
    """Return 'measure ingredient' for a pair in either order, and for an object."""
    if isinstance(item, dict):
        columns = find_columns(item, ("ingredient", "measure", "amount", "unit"))
        fields = {meaning: item[column] for meaning, column in columns.items()}
        others = {str(k): x for k, x in item.items() if k not in columns.values()}
        take_by_values(fields, others, find_roles([others], (), [0]), set())
        order = ("amount", "measure", "unit", "ingredient")
        return " ".join(str(fields[one]).strip() for one in order if fields.get(one) is not None)
    if not isinstance(item, (list, tuple)):
        return str(item).strip()
    parts = [str(part).strip() for part in item if part is not None]
    return " ".join(parts if parts and parts[0][:1].isdigit() else reversed(parts))
