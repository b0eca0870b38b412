"""One JSON document: ``units``, ``ingredients`` and ``recipes``, each a list of objects.

A recipe carries its lines as ``ingredients`` and its ``tags`` as names::

    {"recipes": [{"name": "Negroni", "tags": ["stirred"], "ingredients":
        [{"ingredient": "Gin", "amount": 30, "unit": "Milliliter"}]}]}

Fields are those of the database; as in CSV files, a name may stand in for an id.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from api.db.dataset import Dataset
from api.db.errors import Fault
from api.db.exchange.csv_files import add_tags
from api.db.exchange.resolve import FIELDS, RawRows

_TABLES = ("units", "ingredients", "recipes", "tags", "ratings")


def read_json_document(path: Path) -> RawRows:
    """Read a document; what cannot be read becomes a fault."""
    raw = RawRows()

    def fault(row: str, name: str, message: str, remedy: str) -> None:
        raw.faults.append(Fault(path.name, row, name, message, remedy))

    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        fault("file", "-", f"This is not JSON: {error}.", "Mend it there.")
        return raw
    if not isinstance(document, dict):
        fault("file", "-", "This is not an object.", f"Use the keys {', '.join(_TABLES)}.")
        return raw
    for name in document.keys() - set(_TABLES):
        fault("file", str(name), "There is no such key.", f"Use {', '.join(_TABLES)}.")

    def rows(value: Any, label: str, allowed: set[str]) -> list[tuple[str, dict[str, Any]]]:
        if not isinstance(value, list):
            fault(label, "-", "This is not a list.", "Write a list of objects.")
            return []
        good = []
        for number, row in enumerate(value):
            where = f"{label}[{number}]"
            if not isinstance(row, dict):
                fault(where, "-", "This is not an object.", "Write an object.")
                continue
            for name, cell in row.items():
                if name not in allowed:
                    fault(where, name, "There is no such field.", f"Use {sorted(allowed)}.")
                elif isinstance(cell, (dict, list)) and name not in ("ingredients", "tags"):
                    fault(where, name, "A single value is wanted.", "Write text or a number.")
            good.append(
                (
                    where,
                    {
                        name: cell
                        for name, cell in row.items()
                        if name in allowed
                        and (not isinstance(cell, (dict, list)) or name in ("ingredients", "tags"))
                    },
                )
            )
        return good

    # Tags first, so that a tag listed there keeps its id when a recipe names it.
    for table in ("units", "ingredients", "tags", "recipes", "ratings"):
        extra = {"ingredients", "tags"} if table == "recipes" else set()
        found = rows(document.get(table, []), table, FIELDS[table] | extra)
        following = 1 + max((_given_id(row) for _, row in found), default=0)
        for label, row in found:
            if table == "recipes":
                # Numbered here: a recipe's lines belong to it, even if another has its name.
                if row.get("id") is None:
                    row["id"], following = following, following + 1
                lines, tags = row.pop("ingredients", []), row.pop("tags", [])
                if not isinstance(tags, list):
                    fault(label, "tags", "This is not a list.", "Write a list of names.")
                    tags = []
                add_tags(raw, row, [str(tag) for tag in tags], label)
                allowed = FIELDS["recipe_ingredients"]
                for line_label, line in rows(lines, f"{label}.ingredients", allowed):
                    raw.add("recipe_ingredients", {**line, "recipe_id": row["id"]}, line_label)
            raw.add(table, row, label)
    return raw


def _given_id(row: dict[str, Any]) -> int:
    given = row.get("id")
    return given if isinstance(given, int) else 0


def to_json_document(dataset: Dataset) -> str:
    """Return a dataset as a document that :func:`read_json_document` gives back."""
    tag_names = dataset.tags.set_index("id")["name"].to_dict()
    names = {
        "ingredient": dataset.ingredients.set_index("id")["name"].to_dict(),
        "unit": dataset.units.set_index("id")["name"].to_dict(),
    }
    tags: dict[int, list[str]] = {}
    pairs = dataset.recipe_tags[["recipe_id", "tag_id"]]
    for row in pairs.itertuples(index=False, name=None):
        tags.setdefault(int(row[0]), []).append(tag_names[row[1]])
    lines: dict[int, list[dict[str, Any]]] = {}
    for line in _records(dataset.recipe_ingredients):
        for name, found in names.items():
            if f"{name}_id" in line:
                line[name] = found[line[f"{name}_id"]]
        lines.setdefault(line.pop("recipe_id"), []).append(line)
    document = {
        "units": _records(dataset.units),
        "ingredients": _records(dataset.ingredients),
        "tags": _records(dataset.tags),
        "recipes": [
            {
                **recipe,
                "tags": tags.get(recipe["id"], []),
                "ingredients": lines.get(recipe["id"], []),
            }
            for recipe in _records(dataset.recipes)
        ],
        "ratings": _records(dataset.ratings),
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain objects, without the fields that are empty."""
    return [
        {
            name: value.item() if hasattr(value, "item") else value
            for name, value in zip(frame.columns, row, strict=True)
            if value is not None and not pd.isna(value)
        }
        for row in frame.itertuples(index=False, name=None)
    ]
