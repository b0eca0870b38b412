"""A whole dataset as a directory of CSV files or as one JSON document, ids included.

Text that a spreadsheet would run as a formula is guarded (:mod:`api.db.exchange.formulas`).
"""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd

from api.db.exchange.formulas import guard
from api.db.exchange.tag_cells import join_tags
from api.db.frames import Dataset


def write_csv_directory(dataset: Dataset, directory: Path) -> None:
    """Write a dataset for :func:`api.db.exchange.sources.own_csv.read_csv_directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    names = {
        table: getattr(dataset, table).set_index("id")["name"]
        for table in ("units", "ingredients", "recipes", "tags")
    }
    tags = (
        dataset.recipe_tags.assign(tag=dataset.recipe_tags["tag_id"].map(names["tags"]))
        .groupby("recipe_id")["tag"]
        .agg(join_tags)
    )
    lines = dataset.recipe_ingredients
    frames = {
        "units": dataset.units,
        "ingredients": dataset.ingredients.assign(
            parent=dataset.ingredients["parent_id"].map(names["ingredients"])
        ),
        "recipes": dataset.recipes.assign(tags=dataset.recipes["id"].map(tags)),
        "recipe_ingredients": lines.assign(
            recipe=lines["recipe_id"].map(names["recipes"]),
            ingredient=lines["ingredient_id"].map(names["ingredients"]),
            unit=lines["unit_id"].map(names["units"]),
        ),
        "tags": dataset.tags,
        "ratings": dataset.ratings,
    }
    for table, frame in frames.items():
        with (directory / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
            # CRLF, as RFC 4180 has it: the module then quotes a lone CR in a text, too.
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(frame.columns)
            writer.writerows(
                [_cell(value) for value in row] for row in frame.itertuples(index=False)
            )


def _cell(value: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, str):
        return guard(value)
    if isinstance(value, bool):
        return str(int(value))
    return repr(value.item() if hasattr(value, "item") else value)


def to_json_document(dataset: Dataset) -> str:
    """Return a dataset as a document for :mod:`api.db.exchange.sources.own_json`."""
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
