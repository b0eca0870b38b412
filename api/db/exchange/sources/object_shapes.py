"""Parsed documents in other arrangements, brought to lists of recipes with the common keys.

:func:`arranged` needs only the arrangement: tables as columns or as rows, GraphQL's edges, a list
of lists. :func:`named_by_values` finds the name and the ingredients of a recipe under unknown keys
by what the values say; it is tried when the keys tell nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.db.exchange.line_texts import plain_text
from api.db.exchange.sources.columns import find_columns, key_of, unit_in_name
from api.db.exchange.sources.content import is_amount, is_ingredient, is_line, share
from api.db.exchange.sources.roles import has_number
from api.db.exchange.sources.tables import distinct

_DEEPEST = 12
_MOST = 0.6
#: Parts of one recipe, each with ingredients of its own.
_PARTS = frozenset(("steps", "sections", "parts", "groups", "ingredientgroups",
                    "ingredientsections"))  # fmt: skip
_AMOUNTS = ("measure", "amount", "unit")
_NAMES = ("name", "title", "drink", "cocktail", "recipe")


def arranged(value: Any, depth: int = _DEEPEST) -> Any:
    """Return a document with its tables as lists of objects.

    Examples
    --------
    >>> arranged({"columns": ["name", "ingredients"], "data": [["Negroni", "1 oz gin"]]})
    [{'name': 'Negroni', 'ingredients': '1 oz gin'}]
    >>> arranged({"edges": [{"node": {"name": "Negroni"}}]})
    [{'name': 'Negroni'}]
    """
    if not depth:
        return value
    if isinstance(value, list):
        rows = _of_rows(value)
        return [arranged(one, depth - 1) for one in (value if rows is None else rows)]
    if not isinstance(value, dict):
        return value
    edges = value.get("edges")
    if isinstance(edges, list) and all(isinstance(one, dict) and "node" in one for one in edges):
        return [arranged(one["node"], depth - 1) for one in edges]
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        return arranged([columns, *data], depth - 1)
    if (rows := _of_columns(value)) is not None:
        return [arranged(one, depth - 1) for one in rows]
    return {key: arranged(one, depth - 1) for key, one in value.items()}


def _of_rows(value: Sequence[Any]) -> list[dict[str, Any]] | None:
    """Return a header and rows of cells as objects."""
    header = value[0] if value else None
    if not (isinstance(header, list) and len(header) > 1 and len(value) > 1):
        return None
    if not all(isinstance(one, str) and one and not one[:1].isdigit() for one in header):
        return None
    known = {"ingredients", "ingredient", "instructions"} & {key_of(one) for one in header}
    if not known or not all(isinstance(row, list) and len(row) == len(header) for row in value):
        return None
    names = distinct(header)
    return [dict(zip(names, row, strict=True)) for row in value[1:]]


def _of_columns(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return columns of cells by row number as objects: {"name": {"0": "Negroni"}}."""
    columns = list(value.values())
    if len(columns) < 2 or not all(isinstance(one, dict) and one for one in columns):
        return None
    numbers = list(columns[0])
    if not all(str(one).isdigit() for one in numbers):
        return None
    if not all(list(one) == numbers for one in columns):
        return None
    return [{key: cells[number] for key, cells in value.items()} for number in numbers]


def is_part(key: object) -> bool:
    """Return whether a key holds parts of one recipe, each with ingredients of its own."""
    return key_of(key) in _PARTS


def is_recipe_by_name(value: Any) -> bool:
    """Return whether a value is the ingredients alone, as below a recipe's name.

    Examples
    --------
    >>> is_recipe_by_name({"Gin": "30 ml", "Campari": 30}), is_recipe_by_name(["2 oz gin", "lime"])
    (True, True)
    >>> is_recipe_by_name({"glass": "rocks", "garnish": "orange"}), is_recipe_by_name(["classic"])
    (False, False)
    """
    if isinstance(value, list) and value:
        if all(isinstance(one, str) for one in value):
            return share(value, is_line) >= _MOST
        if all(isinstance(one, list) and len(one) > 1 for one in value):
            return share((text_of_pair(one) for one in value), is_line) >= _MOST
        if all(isinstance(one, dict) and len(one) == 1 for one in value):
            return share((key for one in value for key in one), is_ingredient) >= _MOST
    if isinstance(value, dict) and value:
        return share(value, is_ingredient) >= _MOST
    return False


def key_of_lines(recipes: Mapping[str, Any]) -> str | None:
    """Return the unknown key under which each of several objects by name has its ingredients.

    Examples
    --------
    >>> key_of_lines({"Fix": {"in": {"Gin": "6 cl"}}, "Fizz": {"in": {"Rum": "5 cl"}}})
    'in'
    >>> key_of_lines({"Gin": {"Fix": {"Gin": "6 cl"}}, "Rum": {"Fox": {"Rum": "5 cl"}}})
    """
    rows = list(recipes.values())
    if len(rows) < 2 or not all(isinstance(one, dict) and one for one in rows):
        return None
    for key in rows[0]:
        if all(is_recipe_by_name(one.get(key)) for one in rows):
            return str(key)
    return None


def text_of_pair(cells: Sequence[Any]) -> str:
    """Return the line that a list of cells says, its amount first.

    Examples
    --------
    >>> text_of_pair(["gin", "2 oz"]), text_of_pair([2, "oz", "gin"])
    ('2 oz gin', '2 oz gin')
    """
    texts = [text for cell in cells if (text := plain_text(cell))]
    if texts and not (has_number(texts[0]) and is_amount(texts[0])):
        texts = [*texts[1:], texts[0]]
    return " ".join(texts)


def named_by_values(value: Any, depth: int = _DEEPEST) -> list[dict[str, Any]]:
    """Return the recipes of a document with unknown keys, under ``name`` and ``ingredients``."""
    for rows in _lists(value, depth):
        key = _lines_key(rows)
        if key is None:
            continue
        name = _name_key(rows, key)
        if name is None:
            continue
        lines = [line for row in rows if isinstance(row.get(key), list)
                 for line in row[key] if isinstance(line, dict)]  # fmt: skip
        meanings = _line_keys(lines)
        return [
            {**({"unit": unit} if (unit := unit_in_name(key)) else {}),
             **_without(row, (key, name)), "name": row.get(name),
             "ingredients": row[key] if isinstance(row.get(key), dict) else
             [_renamed(line, meanings) for line in row.get(key) or ()]}
            for row in rows
        ]  # fmt: skip
    return []


def _lists(value: Any, depth: int) -> Iterator[list[dict[str, Any]]]:
    """Yield every list of objects, those at the top first."""
    if isinstance(value, list):
        if value and all(isinstance(one, dict) for one in value):
            yield value
        if depth:
            for one in value[:5]:
                yield from _lists(one, depth - 1)
    elif isinstance(value, dict) and depth:
        if len(value) > 1 and all(isinstance(one, dict) and one for one in value.values()):
            yield [{"name": key, **one} for key, one in value.items()]
        for one in value.values():
            yield from _lists(one, depth - 1)
        if any(isinstance(one, list) for one in value.values()):
            yield [value]


def _lines_key(rows: Sequence[Mapping[str, Any]]) -> str | None:
    for key in dict.fromkeys(key for row in rows[:20] for key in row):
        maps = [row[key] for row in rows[:20] if isinstance(row.get(key), dict) and row[key]]
        if 2 * len(maps) >= len(rows[:20]) and all(map(is_recipe_by_name, maps)):
            return str(key)
        lists = [row[key] for row in rows[:20] if isinstance(row.get(key), list) and row[key]]
        found = [line for lines in lists for line in lines]
        if 2 * len(lists) < len(rows[:20]) or not found:
            continue
        if all(isinstance(one, str) for one in found) and share(found, is_line) >= _MOST:
            return str(key)
        if all(isinstance(one, dict) for one in found) and "ingredient" in _line_keys(found):
            return str(key)
    return None


def _line_keys(lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the keys of the ingredient and its measure, by their values."""
    found: dict[str, str] = {}
    keys = list(dict.fromkeys(str(key) for line in lines[:40] for key in line))
    # What is known by its name, or by the unit in it, is no guess: {"liquid": "Gin", "cl": 3}.
    named = bool(find_columns(keys, _AMOUNTS)) or any(unit_in_name(key) for key in keys)
    for key in keys:
        values = [line.get(key) for line in lines]
        if any(isinstance(one, (dict, list)) for one in values):
            continue
        if "ingredient" not in found and share(values, is_ingredient) >= _MOST:
            found["ingredient"] = key
        elif not named and "measure" not in found and share(values, is_amount) >= _MOST:
            found["measure"] = key
    return found


def _name_key(rows: Sequence[Mapping[str, Any]], lines: str) -> str | None:
    texts = [
        str(key) for key, one in rows[0].items()
        if isinstance(one, str) and one.strip() and key != lines and len(one) <= 80
    ]  # fmt: skip
    words = [key for key in texts if any(word in key_of(key) for word in _NAMES)]
    return next(iter([*words, *texts]), None)


def _without(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: one for key, one in row.items() if key not in keys}


def _renamed(line: Any, meanings: Mapping[str, str]) -> Any:
    if not isinstance(line, dict):
        return line
    named = {meaning: line.get(key) for meaning, key in meanings.items()}
    return named | _without(line, list(meanings.values()))
