"""Recipes in JSON or YAML of other programs, under the keys that are common.

Known by name: TheCocktailDB and Bar Assistant. Others are read if their objects have a name and a
list of ingredients: texts (``2 oz gin``), pairs, objects (``ingredient_name``, ``amount``,
``unit``), or an object of amounts by ingredient.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.db.exchange.drafts import Collection, RecipeRow, Row
from api.db.exchange.line_texts import plain_number, plain_text
from api.db.exchange.measures import parse_measure
from api.db.exchange.sources.columns import (
    LINE_MEANINGS,
    LINES,
    MEASURES,
    RECIPE_MEANINGS,
    WEAK_LINES,
    find_columns,
    key_of,
    numbered,
    unit_in_name,
)
from api.db.exchange.sources.content import is_amount, is_line, share
from api.db.exchange.sources.object_shapes import (
    arranged,
    is_part,
    is_recipe_by_name,
    key_of_lines,
    named_by_values,
    text_of_pair,
)
from api.db.exchange.sources.references import with_names_for_ids
from api.db.exchange.sources.roles import (
    RANGES,
    Roles,
    find_roles,
    guessed,
    has_number,
    is_given,
    not_read,
    take_by_values,
    unequal,
    varying,
)
from api.db.exchange.sources.table_recipes import (
    is_title_of_lines,
    line_with_unit,
    read_table,
    split_cell,
    value_of,
)
from api.db.exchange.sources.table_shapes import read_table_anyhow
from api.db.exchange.sources.tables import MOST_COLUMNS, TableRows
from api.db.exchange.sources.text import stem_of
from api.db.exchange.time_limit import check_time
from api.db.taxonomy.units import find_unit

_Object = Mapping[str, Any]
#: How deep the list of recipes may be below the top of a document.
_DEEPEST = 8
_HEADS = frozenset(
    ("head", "header", "info", "meta", "metadata", "attributes", "properties", "settings", "config")
)
_NUMERATORS = ("num", "numerator", "n", "zaehler", "zahler", "top")
_DENOMINATORS = ("den", "denominator", "denom", "d", "nenner", "bottom")
#: What says only which line it is.
_NUMBERS = frozenset(("id", "uid", "uuid", "sort", "position", "order", "slug", "number", "line"))
_HIDDEN = frozenset(("id", "slug", "createdat", "updatedat", "datemodified"))


def read_objects(value: Any, name: str, program: str = "JSON") -> Collection | None:
    """Return the recipes of a parsed document; None if there are none that can be recognized."""
    value = with_names_for_ids(arranged(value))
    unit = _unit_of_all(value)
    found = list(_recipes(value, "", _DEEPEST))
    if found:
        collection = _read_nested(found, name, program, unit)
        labels = {label for label, _, _ in found}
        above = {x[: mark.start()] for x in labels for mark in re.finditer(r"[.\[]", x)}
        collection.notes += _few(list(_left_out(value, "", labels, above, _DEEPEST)))
        return collection
    if isinstance(value, dict) and value.get(lines_key(value) or ""):
        # A file a recipe, which is called like the file.
        return _read_nested([("the document", value, stem_of(name))], name, program)
    table = _read_rows(value, name, program)
    if table is not None:
        return table
    # The keys tell nothing: the values may.
    found = [(f"[{number}]", row, None) for number, row in enumerate(named_by_values(value))]
    if found:
        return _read_nested(found, name, f"{program} under unknown keys", unit)
    rows = _flat_rows(value)
    if rows is None or any(isinstance(one, (dict, list)) for row in rows for one in row.values()):
        return None
    cells = _table_of(rows)
    return None if len(cells.header) > MOST_COLUMNS else read_table_anyhow(cells, name, program)


def _read_rows(value: Any, name: str, program: str) -> Collection | None:
    rows = _flat_rows(value)
    if rows is None:
        return None
    header = list(dict.fromkeys(key for row in rows for key in row))
    column = find_columns(header, ["ingredient"]).get("ingredient")
    if any(isinstance(row.get(column or ""), (list, dict)) for row in rows):
        return None
    if len(header) > MOST_COLUMNS:
        return None
    table = read_table(_table_of(rows), name, program)
    if table is not None and "strDrink" in header:
        table.shape = f"TheCocktailDB ({program})"
    return table


def _table_of(rows: list[_Object]) -> TableRows:
    header = list(dict.fromkeys(str(key) for row in rows for key in row))
    by_name = [{str(key): cell for key, cell in row.items()} for row in rows]
    return TableRows(header, [
        (f"[{number}]", {column: row.get(column) for column in header})
        for number, row in enumerate(by_name)
    ])  # fmt: skip


def _flat_rows(value: Any) -> list[_Object] | None:
    """Return the first list of objects, at the top or below a key."""
    candidates = [value, *(value.values() if isinstance(value, dict) else ())]
    for one in candidates:
        if isinstance(one, list) and one and all(isinstance(row, dict) for row in one):
            return one
    return [value] if isinstance(value, dict) and numbered(map(str, value)) else None


def _recipes(value: Any, where: str, depth: int) -> Iterator[tuple[str, _Object, str | None]]:
    """Yield (label, recipe, name from its key) of every object with a list of lines."""
    if isinstance(value, dict):
        value = _with_lines_of_steps(_with_names(_with_head(value)))
        if lines_key(value) is not None and _has_name(value):
            yield where or "the document", value, None
        elif depth:
            # {"Negroni": ["30 ml gin", ...], "Gimlet": {"Gin": "60 ml"}}; beside texts, such a list
            # belongs to a recipe that has its name there.
            by_name = not any(isinstance(one, str) for one in value.values())
            shared = key_of_lines(value)
            for key, below in value.items():
                label = f"{where}.{key}" if where else str(key)
                if isinstance(below, dict):
                    below = _with_head(below)
                if shared is not None:
                    lines = {"ingredients": below[shared]}
                    if unit := unit_in_name(shared):
                        lines["unit"] = unit
                    yield label, {k: v for k, v in below.items() if k != shared} | lines, str(key)
                elif isinstance(below, dict) and lines_key(below) is not None:
                    yield label, below, None if _has_name(below) else str(key)
                elif by_name and is_recipe_by_name(below):
                    yield label, {"ingredients": below}, str(key)
                else:
                    yield from _recipes(below, label, depth - 1)
    elif isinstance(value, list) and depth:
        for number, below in enumerate(value):
            if isinstance(below, (dict, list)):
                yield from _recipes(below, f"{where}[{number}]", depth - 1)


def _few(notes: list[str], most: int = 20) -> list[str]:
    more = [f"{len(notes) - most} more were left out for the same reason."] * (len(notes) > most)
    return notes[:most] + more


def _left_out(value: Any, where: str, read: set[str], above: set[str], depth: int) -> Iterator[str]:
    """Yield a note for each object with a list beside recipes, in which no lines were found."""
    if not depth or where in read or not isinstance(value, (dict, list)):
        return
    children = (
        [(f"{where}.{key}" if where else str(key), one) for key, one in value.items()]
        if isinstance(value, dict)
        else [(f"{where}[{number}]", one) for number, one in enumerate(value)]
    )
    siblings = any(label in read for label, _ in children)
    for label, one in children:
        check_time()
        if label in read or label in above:
            yield from _left_out(one, label, read, above, depth - 1)
        elif one and (
            (siblings and isinstance(one, (dict, list)))
            or (label.isidentifier() and isinstance(one, list) and _may_be_recipes(one))
        ):
            yield f"{label} was left out: no ingredients were recognized in it."


def _may_be_recipes(rows: list[Any]) -> bool:
    """Return whether all are objects with lists of their own, as recipes are."""
    return all(
        isinstance(row, dict) and any(isinstance(one, list) and one for one in row.values())
        for row in rows[:20]
    )


def _has_name(recipe: _Object) -> bool:
    """Return whether an object has a name beside its lines, which is no list of recipes."""
    lines = lines_key(recipe)
    column = find_columns([key for key in recipe if key != lines], ["recipe"]).get("recipe")
    value = recipe.get(column) if column is not None else None
    return column is not None and not (
        isinstance(value, list) and value and isinstance(value[0], dict)
    )


def _with_head(recipe: _Object) -> _Object:
    """Join what an object says about a recipe below a key of its own, where it has no name."""
    if lines_key(recipe) is None or find_columns(recipe, ["recipe"]):
        return recipe
    for key, value in recipe.items():
        if key_of(key) in _HEADS and isinstance(value, dict) and find_columns(value, ["recipe"]):
            return {**value, **{other: one for other, one in recipe.items() if other != key}}
    return recipe


def _with_names(document: _Object) -> _Object:
    """Join Bar Assistant's newer form, in which ingredients are named beside the recipe."""
    recipe, known = document.get("recipe"), document.get("ingredients")
    if not (isinstance(recipe, dict) and isinstance(known, list) and "ingredients" in recipe):
        return document
    names = {one.get("_id"): one.get("name") for one in known if isinstance(one, dict)}
    lines = [
        {"name": names.get(line.get("_id"), line.get("_id")), **line}
        for line in recipe["ingredients"]
        if isinstance(line, dict)
    ]
    return {**recipe, "ingredients": lines}


def lines_key(recipe: _Object) -> str | None:
    """Return the key under which an object has its list of ingredients."""
    for key, value in recipe.items():
        # A recipe may have no ingredients yet.
        empty = key_of(key) == "ingredients" and value == []
        if empty or (
            key_of(_without_unit(str(key))) in LINES and value and isinstance(value, (list, dict))
        ):
            if isinstance(value, list) and value and not _may_be_lines(value[0]):
                continue
            if isinstance(value, dict) and find_columns(value, ["ingredient"]):
                continue  # one ingredient, not amounts by name
            if key_of(key) in WEAK_LINES and not _names_an_ingredient(value):
                continue
            return key
    for key, value in recipe.items():
        if key_of(key) == "ingredients" and isinstance(value, str):
            return key
    return None


def _names_an_ingredient(value: list[Any] | _Object) -> bool:
    """Return whether the first lines name a known ingredient: "build" may be a program's."""
    texts = list(value) if isinstance(value, dict) else []
    for one in value if isinstance(value, list) else ():
        if isinstance(one, list):
            texts.append(text_of_pair(one))
        else:
            texts += [
                str(cell) for cell in (_flat(one).values() if isinstance(one, dict) else [one])
            ]
    return any(is_line(text) for text in texts[:40] if isinstance(text, str))


def _may_be_lines(first: Any) -> bool:
    # Not a list of recipes, each of which has lines: {"drinks": {"items": [{...}]}}.
    if isinstance(first, dict):
        key = lines_key(first)
        return key is None or not isinstance(first[key], list)
    return isinstance(first, (str, list))


def _with_lines_of_steps(recipe: _Object) -> _Object:
    """Join the ingredients of steps (Tandoor), where the recipe has no list of its own."""
    if lines_key(recipe) is not None:
        return recipe
    for name, value in recipe.items():
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            lists = [one[key] for one in value if (key := lines_key(one)) and len(one) > 1]
            part = is_part(name) or not any(find_columns(one, ["recipe"]) for one in value)
            if lists and part:
                return {**recipe, "ingredients": [line for lines in lists for line in lines]}
    return recipe


@dataclass
class _Recipe:
    """A recipe with its lines as they are written."""

    label: str
    recipe: _Object
    key_name: str | None
    key: str | None
    """Where the lines are."""
    lines: list[Any]
    unit: str | None
    """Of numbers that have none."""
    amounts: list[Any] | None = None
    """Beside the lines."""


def _read_nested(
    found: list[tuple[str, _Object, str | None]], name: str, program: str, unit: str | None = None
) -> Collection:
    collection = Collection(f"{program}, recipes with lists of ingredients")
    ignored: dict[str, None] = {}
    drafts = [_draft(*one, unit) for one in found]
    flat = [(one.label, line) for one in drafts for line in one.lines if isinstance(line, dict)]
    keys = dict.fromkeys(key for _, line in flat for key in line)
    known = set(find_columns(keys, LINE_MEANINGS).values())
    roles = find_roles([line for _, line in flat], known, [label for label, _ in flat])
    read: set[str] = set()
    for draft in drafts:
        label, recipe, lines = draft.label, draft.recipe, draft.key
        columns = find_columns([key for key in recipe if key != lines], RECIPE_MEANINGS)
        fields: dict[str, Any] = {
            meaning: _text_of(recipe[column]) for meaning, column in columns.items()
        }
        fields["name"] = draft.key_name or fields.pop("recipe", None)
        tags = [tag for meaning in ("tags", "category") if meaning in columns
                for tag in _names_of(recipe[columns[meaning]])]  # fmt: skip
        row = RecipeRow(label, fields, lines=[], tags=tags)
        beside = _read_beside(draft, collection)
        row.lines = list(_lines(draft, roles, read))
        collection.recipes.append(row)
        used = {*columns.values(), lines, *beside}
        ignored |= {str(key): None for key in recipe if key not in used
                    and key_of(key) not in _HIDDEN and is_given(recipe[key])}  # fmt: skip
        if _is_bar_assistant(recipe, lines):
            collection.shape = f"Bar Assistant ({program})"
    collection.notes += guessed(name, roles, read)
    collection.notes += not_read(name, "key", sorted(ignored))
    lost = varying([line for _, line in flat], read)
    collection.notes += not_read(name, "key", [
        f"{one} (of ingredients)" for one in lost if key_of(one.rpartition(".")[2]) not in _NUMBERS
    ])  # fmt: skip
    return collection


def _draft(label: str, recipe: _Object, key_name: str | None, unit: str | None) -> _Recipe:
    key = lines_key(recipe)
    written = find_columns([one for one in recipe if one != key], ["unit"]).get("unit")
    unit = _unit_of(recipe.get(written or "")) or unit_in_name(key or "") or unit
    return _Recipe(label, recipe, key_name, key, _listed(recipe.get(key or "")), unit)


def _unit_of_all(document: Any) -> str | None:
    """Return the unit that a document names at its top, or below a key such as "meta"."""
    if not isinstance(document, dict):
        return None
    heads = [
        one for key, one in document.items() if key_of(key) in _HEADS and isinstance(one, dict)
    ]
    units = (_unit_of(one.get(find_columns(one, ["unit"]).get("unit", "")))
             for one in (document, *heads))  # fmt: skip
    return next((unit for unit in units if unit is not None), None)


def _unit_of(value: Any) -> str | None:
    return value if isinstance(value, str) and find_unit(value) is not None else None


def _read_beside(draft: _Recipe, collection: Collection) -> set[str]:
    """Take the lists of amounts and units beside the list of names; return their keys."""
    recipe, count = draft.recipe, len(draft.lines)
    lists = {
        str(key): value for key, value in recipe.items()
        if key != draft.key and isinstance(value, list) and value
        and not any(isinstance(one, dict) for one in value)
    }  # fmt: skip
    used = set()
    if (unit := find_columns([k for k in recipe if k != draft.key], ["unit"]).get("unit")) and (
        _unit_of(recipe[unit]) is not None
    ):
        used.add(unit)
    if not all(isinstance(line, str) for line in draft.lines):
        return used
    for key, value in recipe.items():
        if key != draft.key and isinstance(value, dict) and set(draft.lines) == set(value):
            found = [_measure_of(value[line]) for line in draft.lines]  # {"gin": "6 cl"}
            if not any(isinstance(one, (dict, list)) for one in found):
                draft.amounts = [plain_text(one) for one in found]
                return used | {str(key)}
    cells = {key: [_measure_of(one) for one in value] for key, value in lists.items()}
    rows = [
        {key: values[number] for key, values in cells.items() if len(values) == count}
        for number in range(count)
    ]
    roles = find_roles(rows, (), [0] * len(rows))
    named = [key for key in lists if key_of(_without_unit(key)) in MEASURES]
    units = [key for key in lists if key_of(key) == "units"] or list(roles.units)
    for key in [*named, *roles.amounts][:1]:
        if len(cells[key]) != count:
            collection.notes.append(unequal(draft.label, key, len(cells[key]), count))
            used.add(key)
            continue
        amounts = [plain_text(one) for one in cells[key]]
        given = unit_in_name(key)
        if units and len(cells[units[0]]) == count:
            amounts = [
                f"{one} {plain_text(text)}".strip()
                for one, text in zip(amounts, cells[units[0]], strict=True)
            ]
            used.add(units[0])
        elif given:
            amounts = [
                f"{one} {given}" if plain_number(one) is not None else one for one in amounts
            ]
        draft.amounts = amounts
        used.add(key)
    return used


def _without_unit(key: str) -> str:
    return re.sub(r"[\W_]*[^\W_]+[\W_]*$", "", key) if unit_in_name(key) else key


def _is_bar_assistant(recipe: _Object, lines: str | None) -> bool:
    value = recipe.get(lines or "")
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and {"amount", "units", "_id"} <= set(first)


def _listed(value: Any) -> list[Any]:
    """Return the lines of a recipe as a list of texts and of objects with plain values."""
    if isinstance(value, str):
        value = split_cell(value)
    if isinstance(value, dict):
        value = _lines_of_map(value)
    return [_flat(line) if isinstance(line, dict) else line for line in value or ()]


def _lines_of_map(value: _Object) -> list[Any]:
    """Return the lines of {"Gin": "30 ml"}, of {"30 ml": "Gin"}, or of {"base": ["30 ml gin"]}."""
    groups = [one for one in value.values() if isinstance(one, list)]
    if groups and len(groups) == len(value) and all(_measure_of(one) is one for one in groups):
        return [line for one in groups for line in one]
    if share(value, is_amount) >= 0.6:
        return [{"ingredient": one, "measure": key} for key, one in value.items()]
    return [
        {"ingredient": key, **amount}
        if isinstance(amount, dict) and _measure_of(amount) is amount
        else {"ingredient": key, "measure": amount}
        for key, amount in value.items()
    ]


def _measure_of(value: Any) -> Any:
    """Return a range, [1, 2], a pair, [2, "oz"], or a fraction of an object as one value."""
    if isinstance(value, list) and 1 <= len(value) <= 3:
        texts = [plain_text(one) for one in value if not isinstance(one, (dict, list))]
        numbers = [plain_number(text) is not None for text in texts]
        if len(texts) == len(value) and numbers[0] and all(numbers[:-1]):
            if len(numbers) == 3 or (len(numbers) == 2 and numbers[1]):
                return "-".join(texts[:2]) + "".join(f" {text}" for text in texts[2:])
            return " ".join(texts)
    if isinstance(value, dict):
        by_key = {key_of(key): plain_number(one) for key, one in value.items()}
        above = next((by_key[key] for key in _NUMERATORS if by_key.get(key) is not None), None)
        below = next((by_key[key] for key in _DENOMINATORS if by_key.get(key)), None)
        if above is not None and below:
            return (by_key.get("whole") or 0) + above / below
        for low, high in RANGES:
            if by_key.get(low) is not None and by_key.get(high) is not None and len(by_key) == 2:
                return f"{plain_text(by_key[low])}-{plain_text(by_key[high])}"
    return value


def _lines(draft: _Recipe, roles: Roles, read: set[str]) -> Iterator[Row]:
    for number, line in enumerate(draft.lines):
        where = f"{draft.label}.ingredients[{number}]"
        if line is None or line in ("", []):
            continue
        if isinstance(line, dict):
            fields = _line(line, roles, read)
        elif draft.amounts is not None:
            fields = {"ingredient": line, "measure": draft.amounts[number]}
        elif isinstance(line, list):
            fields = _pair(line)
        elif is_title_of_lines(str(line)):
            continue
        else:
            fields = {"line": str(line)}
        yield Row(where, _with_unit(fields, draft.unit))


def _pair(cells: list[Any]) -> dict[str, Any]:
    """Return a line of a name and its amount, in either order."""
    texts = [text for cell in cells if (text := plain_text(_measure_of(cell)))]
    if len(texts) > 1 and not (has_number(texts[0]) and is_amount(texts[0])):
        return {"ingredient": texts[0], "measure": " ".join(texts[1:])}
    return {"line": " ".join(texts)}


def _with_unit(fields: dict[str, Any], unit: str | None) -> dict[str, Any]:
    """Return a line with the unit of its recipe where it has a number alone."""
    if unit is None or fields.get("unit") is not None:
        return fields
    if fields.get("line") is not None:
        return line_with_unit(str(fields["line"]), unit)
    values = [fields[one] for one in ("amount", "measure") if fields.get(one) is not None]
    alone = len(values) == 1 and (parsed := parse_measure(plain_text(values[0]))).unit is None
    return {**fields, "unit": unit} if alone and parsed.low is not None else fields


def _flat(line: _Object) -> dict[str, Any]:
    """Return a line with plain values: the name of an object, its amount, its unit."""
    if len(line) == 1:
        [(key, value)] = line.items()
        named = isinstance(value, dict) and not find_columns([key], LINE_MEANINGS)
        if named and not find_columns(value, ["ingredient"]):
            line = {"ingredient": key, **value}  # YAML's "- gin: {amount: 30, unit: ml}"
    flat: dict[str, Any] = {}
    for key, value in ((str(key), value) for key, value in line.items()):
        value = _measure_of(value)
        if not isinstance(value, dict):
            # Names are kept as a list: there may be several substitutes.
            flat[key] = value if isinstance(value, (list, bool)) else value_of(value)
            continue
        # {"ingredient": {"name": "Gin"}, "quantity": {"amount": 30, "unit": "ml"}}
        inner = find_columns(value, ["ingredient"])
        rest = {one: x for one, x in value.items() if one != inner.get("ingredient")}
        measured = find_columns(rest, ("amount", "amount_max", "unit"))
        if not measured and not inner and any(unit_in_name(str(one)) for one in value):
            # {"amount": {"ml": 60, "oz": 2}}
            flat |= {f"{key}.{one}": value_of(x) for one, x in value.items()
                     if not isinstance(x, (dict, list))}  # fmt: skip
            continue
        if not measured or find_columns([key], ["ingredient"]):
            flat[key] = _text_of(value[inner["ingredient"]] if inner else value)
        if measured and not {"amount", "unit"} & set(flat):
            flat |= {one: _text_of(_measure_of(value[column])) for one, column in measured.items()}
            flat |= {
                f"{key}.{one}": value_of(x) for one, x in value.items()
                if one not in (*measured.values(), *inner.values())
                and not isinstance(x, (dict, list))
            }  # fmt: skip
        elif measured:
            flat[key] = _text_of(value)
    return flat


def _line(flat: _Object, roles: Roles, read: set[str]) -> dict[str, Any]:
    """Return the fields of a line, and add the keys that it has them from to ``read``."""
    columns = find_columns(flat, LINE_MEANINGS)
    alone = next(iter(flat), "") if len(flat) == 1 else ""
    if alone and not columns and (has_number(alone) or not unit_in_name(alone)):
        # YAML's "- gin: 30 ml"
        [(name, measure)] = flat.items()
        read.add(name)
        if is_amount(str(name)) and has_number(str(name)):
            name, measure = measure, name
        return {"ingredient": name, "measure": _text_of(measure)}
    read |= set(columns.values())
    fields: dict[str, Any] = {
        meaning: value_of(flat[column])
        for meaning, column in columns.items()
        if not isinstance(flat[column], (dict, list))
    }
    for meaning in ("measure", "amount"):
        if isinstance(flat.get(columns.get(meaning, "")), list):
            fields[meaning] = _text_of(flat[columns[meaning]])
    if names := _names_of(flat.get(columns.get("substitutes", ""))):
        fields["substitutes"] = names
    take_by_values(fields, flat, roles, read)
    if key_of(columns.get("ingredient", "")) == "special":
        return {"line": fields["ingredient"]}  # IBA's lists: {"special": "2 dashes bitters"}
    if fields.get("line_text") and fields.get("ingredient") is None:
        return {"line": fields["line_text"]}
    if fields.get("ingredient") and {k for k, v in fields.items() if v is not None} <= {
        "ingredient", "optional"
    }:  # fmt: skip
        return {
            "line": fields["ingredient"],
            **{k: v for k, v in fields.items() if k == "optional"},
        }
    # A line that names nothing is reported with what it says.
    said = ", ".join(f"{key}: {cell}" for key, cell in flat.items() if is_given(cell))
    return fields if any(map(is_given, fields.values())) else {"note": said}


def _text_of(value: Any) -> Any:
    """Return a value as one text: steps on lines of their own, the name of an object."""
    if isinstance(value, list):
        return "\n".join(str(text) for one in value if (text := _text_of(one)) is not None) or None
    if isinstance(value, dict):
        for key in ("name", "text", "title", "url", "uri", "value"):
            if isinstance(value.get(key), (str, int, float)):
                return value[key]
        # {"en": "Negroni", "de": "Negroni"}
        return next((one for one in value.values() if isinstance(one, str)), None)
    return value_of(value)


def _names_of(value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return []
    return [str(text).strip() for one in value if (text := _text_of(one))]
