"""From the published artifacts to the data that the page carries.

Both maps show the same recipes, and names repeat; the page's data therefore holds each recipe and
each ingredient name once, in columns, which keeps 20,000 recipes at about 2 MB.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from api.analysis.base_spirit import BaseSpiritClassifier
from api.analysis.neighborhoods import name_neighborhoods
from api.charts.palette import GROUP_KEYS, GROUPS

EMPTY_TREE: Final[Mapping[str, Any]] = {
    "id": "root",
    "name": "All Ingredients",
    "recipe_count": 0,
    "hierarchical_recipe_count": 0,
    "children": [],
}

#: Nearest recipes that the page knows of each.
NEAREST: Final = 6

#: Key of each map and its artifact.
MAP_ARTIFACTS: Final = (("manhattan", "cocktail-space"), ("em", "cocktail-space-em"))


def build_atlas(
    artifacts: Mapping[str, Any],
    known: Mapping[str, Mapping[str, int]] | None = None,
    distance: str = "learned",
    strengths: Mapping[int, float] | None = None,
) -> dict[str, Any]:
    """Arrange the artifacts for the page.

    Parameters
    ----------
    artifacts
        Artifacts by name; one that is missing counts as empty. Of similar recipes their ids and
        distances are read, once, from any iterable.
    known
        Names of the last maps' regions with their level, by the map's artifact; they are kept
        where they still fit.
    distance
        Which distance the learned map shows: "learned", or "tree" or "manhattan" on a collection
        where that one does better (:mod:`api.analysis.completion`).
    strengths
        Alcohol by volume in percent, by recipe id (:mod:`api.analysis.strength`).

    Returns
    -------
    dict
        JSON-like data. ``recipes`` holds the columns ``id``, ``name``, ``group`` (index into
        ``groups``), ``ingredients`` (indices into ``names``) and ``strength`` (percent or None);
        ``near`` holds each recipe's
        nearest by the learned distance, nearest first, as positions (``row``) and ``distance``;
        each entry of ``maps`` holds
        ``x`` and ``y`` in the recipes' order (None where a recipe is not on that map), scaled to
        [-1, 1] by one common factor for both axes.

    Raises
    ------
    ValueError
        When a row lacks a field, a coordinate is not finite, or a map holds a recipe twice.
    """
    tree: Mapping[str, Any] = artifacts.get("ingredient-tree") or EMPTY_TREE
    classifier = BaseSpiritClassifier(tree)
    tables = {key: _map_rows(artifacts.get(name) or [], name) for key, name in MAP_ARTIFACTS}

    recipes: dict[int, Mapping[str, Any]] = {}
    for table in tables.values():
        for recipe_id, row in table.items():
            recipes.setdefault(recipe_id, row)
    ordered = [recipes[recipe_id] for recipe_id in sorted(recipes)]

    ingredients = [[str(name) for name in row["ingredients"]] for row in ordered]
    name_index: dict[str, int] = {}
    for names in ingredients:
        for name in names:
            name_index.setdefault(name, len(name_index))
    ancestors = _ancestors(tree)
    return {
        "groups": [
            {"key": group.key, "label": group.label, "shape": group.shape} for group in GROUPS
        ],
        "distance": distance,
        "names": list(name_index),
        "recipes": {
            "id": [row["recipe_id"] for row in ordered],
            "name": [str(row["recipe_name"]) for row in ordered],
            "group": [GROUP_KEYS.index(classifier.recipe(names)) for names in ingredients],
            "ingredients": [[name_index[name] for name in names] for names in ingredients],
            "strength": [(strengths or {}).get(row["recipe_id"]) for row in ordered],
        },
        "near": _near([row["recipe_id"] for row in ordered], artifacts.get("recipe-similar") or []),
        "maps": [
            _map(
                key,
                [tables[key].get(row["recipe_id"]) for row in ordered],
                ingredients,
                ancestors,
                (known or {}).get(name, {}),
            )
            for key, name in MAP_ARTIFACTS
        ],
        "tree": _tree(tree, classifier),
        "usage": [
            {
                "id": str(row["ingredient_id"]),
                "name": str(row["ingredient_name"]),
                "direct": int(row["direct_usage"]),
                "total": int(row["hierarchical_usage"]),
                "group": GROUP_KEYS.index(classifier.node(str(row["ingredient_id"]))),
            }
            for row in artifacts.get("ingredient-usage") or []
        ],
        "complexity": complexity_rows(artifacts),
    }


def complexity_rows(artifacts: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Pairs (ingredients in a recipe, recipes), fewest ingredients first."""
    rows = artifacts.get("recipe-complexity") or []
    return sorted((int(row["ingredient_count"]), int(row["recipe_count"])) for row in rows)


def _map_rows(rows: Sequence[Mapping[str, Any]], artifact: str) -> dict[int, Mapping[str, Any]]:
    """Rows of a map by recipe, checked."""
    table: dict[int, Mapping[str, Any]] = {}
    for number, row in enumerate(rows):
        where = f"artifact {artifact!r}, row {number}"
        for field in ("recipe_id", "recipe_name", "x", "y", "ingredients"):
            if field not in row:
                raise ValueError(f"{where}: field {field!r} is missing; refresh the analytics")
        for axis in ("x", "y"):
            if not math.isfinite(row[axis]):
                raise ValueError(
                    f"{where}: {axis} is {row[axis]}, a position must be finite; "
                    "refresh the analytics"
                )
        if row["recipe_id"] in table:
            raise ValueError(
                f"{where}: recipe_id {row['recipe_id']} is on the map twice; refresh the analytics"
            )
        table[row["recipe_id"]] = row
    return table


def _map(
    key: str,
    rows: Sequence[Mapping[str, Any] | None],
    ingredients: Sequence[Sequence[str]],
    ancestors: Mapping[str, Sequence[str]],
    known: Mapping[str, int],
) -> dict[str, Any]:
    """One map's columns and neighborhoods."""
    present = [index for index, row in enumerate(rows) if row is not None]
    raw = np.array(
        [(row["x"], row["y"]) for row in rows if row is not None], dtype=np.float64
    ).reshape(-1, 2)
    positions = _fit_to_unit_square(raw)
    x: list[float | None] = [None] * len(rows)
    y: list[float | None] = [None] * len(rows)
    for index, (px, py) in zip(present, positions.tolist(), strict=True):
        x[index], y[index] = px, py
    regions = name_neighborhoods(
        positions, [ingredients[index] for index in present], ancestors, known
    )
    return {
        "key": key,
        "x": x,
        "y": y,
        "regions": [
            {
                "x": region.x,
                "y": region.y,
                "name": region.name,
                "size": region.size,
                "level": region.level,
            }
            for region in regions
        ],
    }


def _near(ids: Sequence[int], similar: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Each recipe's nearest as columns of lists, in the order of ``ids``."""
    row_of = {recipe_id: row for row, recipe_id in enumerate(ids)}
    rows: list[list[int]] = [[] for _ in ids]
    distances: list[list[float]] = [[] for _ in ids]
    for record in similar:
        row = row_of.get(record["recipe_id"])
        if row is None:
            continue
        for other in record["similar"]:
            if len(rows[row]) < NEAREST and other["recipe_id"] in row_of:
                rows[row].append(row_of[other["recipe_id"]])
                distances[row].append(round(other["distance"], 3))
    return {"row": rows, "distance": distances}


def _fit_to_unit_square(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Center positions and divide both axes by the same factor, so that shapes are kept.

    Five decimals are a hundredth of a pixel at the page's largest zoom on a wide screen.
    """
    if not len(positions):
        return positions
    low, high = positions.min(axis=0), positions.max(axis=0)
    half = float((high - low).max()) / 2 or 1.0
    # Adding 0.0 turns -0.0 into 0.0.
    scaled: npt.NDArray[np.float64] = np.round((positions - (low + high) / 2) / half, 5) + 0.0
    return scaled


def _ancestors(tree: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Names above each ingredient, nearest last, without the root."""
    above: dict[str, tuple[str, ...]] = {}
    stack: list[tuple[Mapping[str, Any], tuple[str, ...]]]
    stack = [(child, ()) for child in tree.get("children") or ()]
    while stack:
        node, names = stack.pop()
        name = str(node["name"])
        above.setdefault(name, names)
        below: tuple[str, ...] = (*names, name)
        stack.extend((child, below) for child in node.get("children") or ())
    return above


def _tree(tree: Mapping[str, Any], classifier: BaseSpiritClassifier) -> list[list[Any]]:
    """The tree as rows [parent's row or -1, id, name, direct, total, group], parents first.

    Flat, because JSON readers and writers recurse over nested data and a deep tree would stop them.
    """
    rows: list[list[Any]] = []
    stack: list[tuple[Mapping[str, Any], int]] = [(tree, -1)]
    while stack:
        node, parent = stack.pop()
        node_id = str(node["id"])
        rows.append(
            [
                parent,
                node_id,
                str(node["name"]),
                int(node.get("recipe_count") or 0),
                int(node.get("hierarchical_recipe_count") or 0),
                GROUP_KEYS.index(classifier.node(node_id)),
            ]
        )
        index = len(rows) - 1
        stack.extend((child, index) for child in reversed(node.get("children") or ()))
    return rows
