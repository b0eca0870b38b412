"""Columns and keys under unknown names: the amounts and units of lines, found by their values."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.db.exchange.line_texts import plain_number, plain_text
from api.db.exchange.measures import parse_measure
from api.db.exchange.sources.columns import key_of, unit_in_name
from api.db.exchange.sources.content import is_amount, is_ingredient, share
from api.db.exchange.time_limit import check_time
from api.db.taxonomy.units import find_unit

_MOST = 0.8
_MOST_NAMES = 0.6
_SAMPLE = 200
#: More are no columns of a person's, and each costs time for every line.
_MOST_ROLES = 12
_MOST_NAMED = 40
#: Numbers of other things than amounts: folded words of a name.
_OTHERS = frozenset(
    ("id", "ids", "uid", "uuid", "pk", "fk", "key", "ref", "nr", "no", "line", "position", "pos",
     "order", "sort", "sorting", "index", "idx", "seq", "sequence", "step", "rank", "row", "price",
     "cost", "costs", "preis", "kosten", "precio", "precios", "costo", "prix", "cout", "prezzo",
     "prijs", "cena", "koszt", "abv", "alcohol", "alkohol", "alcool", "strength", "proof", "vol",
     "percent", "procent", "prozent", "year", "jahr", "ano", "annee", "anno", "jaar", "rok",
     "rating", "ratings", "votes", "stars", "score", "calories", "kcal", "kalorien", "sugar",
     "carbs", "serves", "servings", "portions", "yield", "likes", "views", "popularity", "density",
     "ph", "brix", "stock", "total", "date", "time", "minutes", "created", "updated", "version",
     "page")
)  # fmt: skip
_TOTALS = frozenset(
    ("total", "totals", "totale", "totaal", "sum", "summe", "gesamt", "gesamtmenge", "suma",
     "somme", "razem", "subtotal")
)  # fmt: skip
#: The names of the ends of a range.
RANGES = (("from", "to"), ("low", "high"), ("lo", "hi"), ("lower", "upper"), ("von", "bis"),
          ("de", "a"), ("da", "a"), ("od", "do"), ("van", "tot"), ("min", "max"))  # fmt: skip


@dataclass(frozen=True)
class Roles:
    """Names that say nothing, by what is below them, in their order."""

    amounts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def find_roles(
    rows: Sequence[Mapping[str, Any]], known: Collection[str], recipes: Sequence[Hashable]
) -> Roles:
    """Return which unknown columns of lines hold their amounts, units and names.

    Parameters
    ----------
    rows
        The lines of the whole source, cells by column.
    known
        The columns whose names say what they are.
    recipes
        The recipe of each row: what counts its lines is no amount, nor is what is the same for all.

    Examples
    --------
    >>> rows = [{"w": "gin", "x": 50, "y": "ml"}, {"w": "lime juice", "x": 20, "y": "ml"}]
    >>> find_roles(rows, [], [1, 1])
    Roles(amounts=('x',), units=('y',), names=('w',))
    """
    amounts, units, names = [], [], []
    unknown: dict[str, list[tuple[Hashable, Any]]] = {}
    for recipe, row in zip(recipes, rows, strict=True):
        check_time()
        for key, cell in row.items():
            if key and key not in known and is_given(cell):
                found = unknown.setdefault(key, [])
                if len(found) < _SAMPLE:
                    found.append((recipe, cell))
    for column, cells in unknown.items():
        texts = [plain_text(cell) for _, cell in cells]
        if not texts or any(isinstance(cell, (bool, dict, list)) for _, cell in cells):
            continue
        if _share(texts, [find_unit(text) is not None for text in texts]):
            units.append(column)
        elif (
            _share(texts, [plain_number(text) is not None or is_amount(text) for text in texts])
            and 5 * sum(map(_says_number, texts)) >= len(texts)
            and is_amount_name(column)
            and not _counts(cells)
            and not _is_of_recipes(cells)
        ):
            amounts.append(column)
        elif share(texts, is_ingredient) >= _MOST_NAMES:
            names.append(column)
    return Roles(tuple(amounts[:_MOST_ROLES]), tuple(units[:_MOST_ROLES]),
                 tuple(names[:_MOST_ROLES]))  # fmt: skip


def take_by_values(
    fields: dict[str, Any], cells: Mapping[str, Any], roles: Roles, read: set[str]
) -> None:
    """Complete the fields of a line from columns with a unit in their names, or by their values.

    Parameters
    ----------
    read
        Takes the columns that were read.
    """
    if fields.get("ingredient") is None:
        if not roles.names or fields.get("line_text") is not None:
            return
        fields["ingredient"] = cells.get(roles.names[0])
        read.add(roles.names[0])
    said = [fields.get(one) for one in ("amount", "measure", "line_text")]
    if not any(is_given(one) for one in said) or not any(map(has_number, said)):
        measured = [
            (column, unit) for column, cell in cells.items()
            if is_given(cell) and has_number(cell) and (unit := unit_in_name(str(column)))
        ]  # fmt: skip
        found = [one for one in roles.amounts if is_given(cells.get(one))]
        if measured:
            column, unit = measured[0]
            fields["amount"] = cells[column]
            read.add(column)
            if fields.get("unit") is None and not _has_unit(cells[column]):
                fields["unit"] = unit
        elif len(found) == 1:
            fields["amount"] = cells[found[0]]
            read.add(found[0])
        elif len(found) == 2 and tuple(key_of(one.rpartition(".")[2]) for one in found) in RANGES:
            fields["amount"], fields["amount_max"] = cells[found[0]], cells[found[1]]
            read |= set(found)
    if fields.get("unit") is None:
        units = [one for one in roles.units if is_given(cells.get(one))]
        given = [fields.get(one) for one in ("amount", "measure") if fields.get(one) is not None]
        if len(units) == 1 and not any(map(_has_unit, given)):
            fields["unit"] = cells[units[0]]
            read.add(units[0])


def _has_unit(cell: Any) -> bool:
    return parse_measure(plain_text(cell)).unit is not None


def is_given(cell: Any) -> bool:
    """Return whether a cell holds anything."""
    return cell is not None and cell != [] and cell != {} and bool(str(cell).strip())


def has_number(cell: Any) -> bool:
    """Return whether a cell holds a number, or a fraction."""
    return not isinstance(cell, bool) and any(map(str.isnumeric, plain_text(cell)))


def _says_number(text: str) -> bool:
    # 'two ounces', but not 'dash', which is one.
    return has_number(text) or (find_unit(text) is None and parse_measure(text).low is not None)


def is_amount_name(column: str) -> bool:
    """Return whether a column of numbers may be one of amounts: not ``price`` or ``drink_id``."""
    words = {key_of(word) for word in column.replace("_", " ").replace(".", " ").split()}
    return not (words | {key_of(column)}) & _OTHERS and not column.endswith(("Id", "ID"))


def is_total(text: object) -> bool:
    """Return whether a text is the title of a sum, and no ingredient or recipe."""
    return key_of(text) in _TOTALS


def varying(rows: Sequence[Mapping[str, Any]], used: Collection[str | None]) -> list[str]:
    """Return the columns that no rule read and whose values differ, or that have only one.

    Parameters
    ----------
    used
        The columns that a rule read.
    """
    count: dict[str, int] = {}
    first: dict[str, str] = {}
    differs: set[str] = set()
    for row in rows:
        check_time()
        for column, cell in row.items():
            if column and column not in used and is_given(cell):
                text = str(cell)
                count[column] = count.get(column, 0) + 1
                if first.setdefault(column, text) != text:
                    differs.add(column)
    return [
        column for column, number in count.items()
        if number == 1 or column in differs or number < len(rows)
    ]  # fmt: skip


def guessed(name: str, roles: Roles, read: Collection[str]) -> list[str]:
    """Return the note that names which unknown columns were read as amounts, units and names."""
    parts = [
        f"{column} as the {noun}"
        for noun, columns in (("name", roles.names), ("amount", roles.amounts),
                              ("unit", roles.units))
        for column in columns
        if column in read
    ]  # fmt: skip
    return [f"{name}: by their values, read {', '.join(parts)}."] if parts else []


def not_read(name: str, noun: str, columns: Collection[str]) -> list[str]:
    """Return the note that names what was not read; none if there is nothing."""
    if not columns:
        return []
    named = list(columns)[:_MOST_NAMED]
    more = f" and {len(columns) - len(named)} more" if len(columns) > len(named) else ""
    return [f"{name}: not read: {noun}{'s' if len(columns) > 1 else ''} {', '.join(named)}{more}."]


def unequal(label: str, column: str, values: int, lines: int) -> str:
    """Return the note that names a list of amounts that does not fit the list of ingredients."""
    return f"{label}: {column} has {values} values for {lines} ingredients and was not read."


def _share(texts: Sequence[str], passed: Sequence[bool]) -> bool:
    return sum(passed) >= _MOST * len(texts)


def _by_recipe(cells: Sequence[tuple[Hashable, Any]]) -> list[list[str]]:
    found: dict[Hashable, list[str]] = {}
    for recipe, cell in cells:
        found.setdefault(recipe, []).append(plain_text(cell))
    return list(found.values())


def _counts(cells: Sequence[tuple[Hashable, Any]]) -> bool:
    """Return whether the numbers count the lines of each recipe, or those of all."""
    lists = _by_recipe(cells)
    longer = [one for one in lists if len(one) > 2] or [[text for one in lists for text in one]]
    return all(
        len(one) > 2 and one in ([str(n + first) for n in range(len(one))] for first in (0, 1))
        for one in longer
    )


def _is_of_recipes(cells: Sequence[tuple[Hashable, Any]]) -> bool:
    """Return whether all lines of each recipe have the same value, as a price has."""
    lists = _by_recipe(cells)
    longer = [one for one in lists if len(one) > 1]
    return len(lists) > 1 and bool(longer) and all(len(set(one)) == 1 for one in longer)
