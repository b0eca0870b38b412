"""Recipes in JSON or YAML of other programs, under the keys that are common.

Known by name: TheCocktailDB and Bar Assistant. Others are read if their objects have a name and a
list of ingredients: texts (``2 oz gin``), pairs, objects (``ingredient_name``, ``amount``,
``unit``), or an object of amounts by ingredient.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from api.db.exchange.drafts import Collection, RecipeRow, Row
from api.db.exchange.line_texts import plain_text
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
from api.db.exchange.sources.content import is_amount, is_line
from api.db.exchange.sources.object_shapes import (
    arranged,
    is_part,
    is_recipe_by_name,
    named_by_values,
)
from api.db.exchange.sources.references import with_names_for_ids
from api.db.exchange.sources.table_recipes import (
    is_title_of_lines,
    read_table,
    split_cell,
    value_of,
)
from api.db.exchange.sources.tables import MOST_COLUMNS, TableRows
from api.db.exchange.sources.text import stem_of
from api.db.taxonomy.units import find_unit

_Object = Mapping[str, Any]
#: How deep the list of recipes may be below the top of a document.
_DEEPEST = 8
_HEADS = frozenset(("head", "header", "info", "meta", "metadata", "attributes", "properties"))
_HIDDEN = frozenset(("id", "slug", "createdat", "updatedat", "datemodified"))


def read_objects(value: Any, name: str, program: str = "JSON") -> Collection | None:
    """Return the recipes of a parsed document; None if there are none that can be recognized."""
    value = with_names_for_ids(arranged(value))
    found = list(_recipes(value, "", _DEEPEST))
    if found:
        return _read_nested(found, name, program)
    if isinstance(value, dict) and value.get(lines_key(value) or ""):
        # A file a recipe, which is called like the file.
        return _read_nested([("the document", value, stem_of(name))], name, program)
    table = _read_rows(value, name, program)
    if table is not None:
        return table
    # The keys tell nothing: the values may.
    found = [(f"[{number}]", row, None) for number, row in enumerate(named_by_values(value))]
    return _read_nested(found, name, f"{program} under unknown keys") if found else None


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
    labeled = [(f"[{number}]", dict(row)) for number, row in enumerate(rows)]
    table = read_table(TableRows(header, labeled), name, program)
    if table is not None and "strDrink" in header:
        table.shape = f"TheCocktailDB ({program})"
    return table


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
            for key, below in value.items():
                label = f"{where}.{key}" if where else str(key)
                if isinstance(below, dict):
                    below = _with_head(below)
                if isinstance(below, dict) and lines_key(below) is not None:
                    yield label, below, None if _has_name(below) else str(key)
                elif by_name and is_recipe_by_name(below):
                    yield label, {"ingredients": below}, str(key)
                else:
                    yield from _recipes(below, label, depth - 1)
    elif isinstance(value, list) and depth:
        for number, below in enumerate(value):
            if isinstance(below, (dict, list)):
                yield from _recipes(below, f"{where}[{number}]", depth - 1)


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
        if empty or (key_of(key) in LINES and value and isinstance(value, (list, dict))):
            if isinstance(value, list) and value and not _may_be_lines(value[0]):
                continue
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
        texts += [str(cell) for cell in (one.values() if isinstance(one, dict) else [one])]
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


def _read_nested(
    found: list[tuple[str, _Object, str | None]], name: str, program: str
) -> Collection:
    collection = Collection(f"{program}, recipes with lists of ingredients")
    ignored: dict[str, None] = {}
    for label, recipe, key_name in found:
        lines = lines_key(recipe)
        columns = find_columns([key for key in recipe if key != lines], RECIPE_MEANINGS)
        fields: dict[str, Any] = {
            meaning: _text_of(recipe[column]) for meaning, column in columns.items()
        }
        fields["name"] = key_name or fields.pop("recipe", None)
        tags = [tag for meaning in ("tags", "category") if meaning in columns
                for tag in _names_of(recipe[columns[meaning]])]  # fmt: skip
        row = RecipeRow(label, fields, lines=[], tags=tags)
        measures = next((key for key in recipe if key_of(key) in MEASURES), None)
        units = next((key for key in recipe if key_of(key) == "units"), None)
        amounts = _with_units(recipe.get(measures or ""), recipe.get(units or ""))
        row.lines = list(_lines(recipe.get(lines or ""), amounts, label))
        collection.recipes.append(row)
        used = {*columns.values(), lines, measures, units}
        ignored |= {str(key): None for key in recipe if key not in used
                    and key_of(key) not in _HIDDEN}  # fmt: skip
        if _is_bar_assistant(recipe, lines):
            collection.shape = f"Bar Assistant ({program})"
    if ignored:
        collection.notes.append(f"{name}: ignored the keys {', '.join(sorted(ignored))}.")
    return collection


def _is_bar_assistant(recipe: _Object, lines: str | None) -> bool:
    value = recipe.get(lines or "")
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and {"amount", "units", "_id"} <= set(first)


def _with_units(measures: Any, units: Any) -> Any:
    """Join lists of amounts and of units beside each other."""
    if not (isinstance(measures, list) and isinstance(units, list)):
        return measures
    if len(measures) != len(units):
        return measures
    pairs = zip(measures, units, strict=True)
    return [f"{plain_text(amount)} {unit or ''}".strip() for amount, unit in pairs]


def _lines(value: Any, measures: Any, label: str) -> Iterator[Row]:
    if isinstance(value, str):
        value = split_cell(value)
    if isinstance(value, dict):
        # {"Gin": "30 ml"}
        value = [
            {"ingredient": key, **amount}
            if isinstance(amount, dict)
            else {"ingredient": key, "measure": amount}
            for key, amount in value.items()
        ]
    paired = isinstance(measures, list) and len(measures) == len(value or [])
    for number, line in enumerate(value or []):
        where = f"{label}.ingredients[{number}]"
        if isinstance(line, str):
            if is_title_of_lines(line):
                continue
            fields: dict[str, Any] = {"line": line}
            if paired:
                fields = {"ingredient": line, "measure": _text_of(measures[number])}
            yield Row(where, fields)
        elif isinstance(line, list) and line:
            first, *rest = (str(cell) for cell in line if cell is not None)
            if rest and not first[:1].isdigit():
                yield Row(where, {"ingredient": first, "measure": " ".join(rest)})
            else:
                yield Row(where, {"line": " ".join((first, *rest))})
        elif isinstance(line, dict):
            yield Row(where, _line(line))


def _line(line: _Object) -> dict[str, Any]:
    flat = dict(line)
    for key, value in line.items():
        # {"ingredient": {"name": "Gin"}, "unit": {"name": "ml"}}
        if isinstance(value, dict):
            # {"quantity": {"amount": 30, "unit": "ml"}}
            if measured := find_columns(value, ("amount", "amount_max", "unit")):
                del flat[key]
                flat |= {meaning: _text_of(value[column]) for meaning, column in measured.items()}
                continue
            inner = find_columns(value, ["ingredient"])
            flat[key] = _text_of(value.get(inner["ingredient"]) if inner else value)
    columns = find_columns(flat, LINE_MEANINGS)
    if not columns and len(flat) == 1:
        # YAML's "- gin: 30 ml"
        [(name, measure)] = line.items()
        return {"ingredient": name, "measure": _text_of(measure)}
    fields: dict[str, Any] = {
        meaning: value_of(flat[column])
        for meaning, column in columns.items()
        if not isinstance(flat[column], (dict, list))
    }
    if names := _names_of(flat.get(columns.get("substitutes", ""))):
        fields["substitutes"] = names
    if "amount" not in fields and "measure" not in fields:
        for key, value in flat.items():
            if (unit := unit_in_name(str(key))) and value_of(value) is not None:
                fields |= {"amount": value_of(value), "unit": unit}
    _find_by_values(fields, {k: v for k, v in flat.items() if k not in columns.values()})
    if key_of(columns.get("ingredient", "")) == "special":
        return {"line": fields["ingredient"]}  # IBA's lists: {"special": "2 dashes bitters"}
    if fields.get("line_text") and fields.get("ingredient") is None:
        return {"line": fields["line_text"]}
    if fields.get("ingredient") and set(fields) <= {"ingredient", "optional"}:
        return {
            "line": fields["ingredient"],
            **{k: v for k, v in fields.items() if k == "optional"},
        }
    return fields


def _find_by_values(fields: dict[str, Any], others: _Object) -> None:
    """Take the amount or the unit of a line from a key that is not known, if it holds one."""
    texts = [value for value in others.values() if isinstance(value, str) and value.strip()]
    if "ingredient" not in fields:
        return
    if not {"amount", "measure", "line_text"} & set(fields):
        # Digits alone may be a number of anything.
        found = next((one for one in texts if is_amount(one) and not one.strip().isdigit()), None)
        if found is not None:
            fields["measure"] = found
    elif "unit" not in fields and "amount" in fields:
        unit = next((one for one in texts if find_unit(one) is not None), None)
        if unit is not None:
            fields["unit"] = unit


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
