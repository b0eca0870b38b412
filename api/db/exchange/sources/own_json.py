"""Our JSON document: ``units``, ``ingredients``, ``tags``, ``recipes``, ``ratings``, each a list.

A recipe has its lines as ``ingredients`` and its ``tags`` as names::

    {"recipes": [{"name": "Negroni", "tags": ["stirred"], "ingredients":
        [{"ingredient": "Gin", "amount": 30, "unit": "Milliliter"}]}]}

Fields are those of the database; as in CSV files, a name may replace an id.
"""

from collections.abc import Collection as SizedCollection
from pathlib import Path
from typing import Any

from api.db.exchange.drafts import FIELDS, OWN_TABLES, Collection, RecipeRow, Row
from api.db.exchange.sources.json_text import parse_json
from api.db.exchange.sources.own_csv import RecipesByReference
from api.db.exchange.sources.text import decode

_LINE_FIELDS = FIELDS["recipe_ingredients"]
_RECIPE_FIELDS = FIELDS["recipes"] | {"ingredients", "tags"}


def read_json_document(path: Path) -> Collection:
    """Read a document from a file; what cannot be read becomes a fault."""
    try:
        document = parse_json(decode(path.read_bytes()))
    except ValueError as error:
        collection = Collection("our own JSON", own=True)
        collection.add_fault(path.name, "file", "-", f"Invalid JSON: {error}.", "Correct it.")
        return collection
    return read_document(document, path.name)


def is_own_document(document: Any) -> bool:
    """Return whether a JSON value has the keys and fields of our own documents, and no others."""
    if not isinstance(document, dict) or not document or not set(document) <= set(OWN_TABLES):
        return False
    recipes = document.get("recipes", [])
    for recipe in recipes if isinstance(recipes, list) else []:
        if not isinstance(recipe, dict) or not set(recipe) <= _RECIPE_FIELDS:
            return False
        lines = recipe.get("ingredients") or []
        if not isinstance(lines, list):
            return False
        for line in lines:
            if not isinstance(line, dict) or not set(line) <= _LINE_FIELDS:
                return False
            if not {"ingredient", "ingredient_id"} & set(line):
                return False
    return True


def read_document(document: Any, name: str) -> Collection:
    """Return what a parsed document says.

    Parameters
    ----------
    name
        What to call the document in errors.
    """
    collection = Collection("our own JSON", own=True)
    if not isinstance(document, dict):
        remedy = f"Use the keys {', '.join(OWN_TABLES)}."
        collection.add_fault(name, "file", "-", "Expected a JSON object.", remedy)
        return collection
    for key in document:
        if key not in OWN_TABLES:
            remedy = f"Use {', '.join(OWN_TABLES)}."
            collection.add_fault(name, "file", str(key)[:80], "Unknown key.", remedy)

    def rows(value: Any, label: str, allowed: SizedCollection[str]) -> list[Row]:
        return _rows(collection, name, value, label, allowed)

    def table(key: str) -> list[Row]:
        return rows(document.get(key, []), key, FIELDS[key])

    collection.units, collection.ingredients = table("units"), table("ingredients")
    collection.tags = table("tags")
    for row in rows(document.get("recipes", []), "recipes", _RECIPE_FIELDS):
        lines, tags = row.fields.pop("ingredients", None), row.fields.pop("tags", None)
        if tags is not None and not isinstance(tags, list):
            collection.add_fault(
                name, row.where, "tags", "Expected a list.", "Use a list of names."
            )
            tags = []
        recipe = RecipeRow(
            row.where,
            row.fields,
            lines=None if lines is None else rows(lines, f"{row.where}.ingredients", _LINE_FIELDS),
            tags=None if tags is None else [str(tag) for tag in tags if tag is not None],
        )
        collection.recipes.append(recipe)
    owners = RecipesByReference(collection)
    for row in table("ratings"):
        owners.attach("ratings", row)
    return collection


def _rows(
    collection: Collection, name: str, value: Any, label: str, allowed: SizedCollection[str]
) -> list[Row]:
    if not isinstance(value, list):
        collection.add_fault(name, label, "-", "Expected a list.", "Use a list of objects.")
        return []
    found = []
    for number, item in enumerate(value):
        where = f"{label}[{number}]"
        if not isinstance(item, dict):
            collection.add_fault(name, where, "-", "Expected a JSON object.", "Use an object.")
            continue
        fields = {}
        for key, cell in item.items():
            if key not in allowed:
                remedy = f"Use {', '.join(sorted(allowed))}."
                collection.add_fault(name, where, str(key)[:80], "Unknown field.", remedy)
            elif isinstance(cell, (dict, list)) and key not in ("ingredients", "tags"):
                remedy = "Use text or a number."
                collection.add_fault(name, where, key, "Expected a single value.", remedy)
            else:
                fields[key] = cell
        found.append(Row(where, fields))
    return found
