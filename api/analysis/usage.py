"""How often each ingredient is used, alone and with everything below it."""

from typing import Any

import numpy as np
import pandas as pd


def ingredient_usage(ingredients: pd.DataFrame, recipe_ingredients: pd.DataFrame) -> pd.DataFrame:
    """Count the recipes that use each ingredient.

    Each (recipe, ingredient) pair climbs the tree one level at a time, all pairs at once, so the
    time is linear in the number of lines times the depth of the tree.

    Parameters
    ----------
    ingredients
        With ``id``, ``name``, ``path`` and ``parent_id``; a forest without cycles.
    recipe_ingredients
        With ``recipe_id`` and ``ingredient_id``, each known.

    Returns
    -------
    pandas.DataFrame
        ``ingredient_id``, ``ingredient_name``, ``path``, ``parent_id``, ``direct_usage`` (recipes
        that name it), ``hierarchical_usage`` (recipes that name it or a descendant, each counted
        once) and ``has_children``; the most used first, then by name and id.
    """
    index = pd.Index(ingredients["id"])
    n = len(index)
    parent = index.get_indexer(ingredients["parent_id"].fillna(-1).astype("int64"))
    lines = recipe_ingredients[["recipe_id", "ingredient_id"]].drop_duplicates()
    recipe = pd.factorize(lines["recipe_id"])[0].astype(np.int64)
    node = index.get_indexer(lines["ingredient_id"]).astype(np.int64)

    reached = []
    climbing_recipe, climbing_node = recipe, node
    while climbing_node.size:
        reached.append(climbing_recipe * n + climbing_node)
        above = parent[climbing_node]
        has_parent = above >= 0
        climbing_recipe, climbing_node = climbing_recipe[has_parent], above[has_parent]
    pairs = np.unique(np.concatenate(reached)) if reached else np.empty(0, dtype=np.int64)

    has_children = np.zeros(n, dtype=bool)
    has_children[parent[parent >= 0]] = True
    usage = pd.DataFrame(
        {
            "ingredient_id": ingredients["id"].to_numpy(),
            "ingredient_name": ingredients["name"].to_numpy(),
            "path": ingredients["path"].to_numpy(),
            "parent_id": ingredients["parent_id"].array,
            "direct_usage": np.bincount(node, minlength=n),
            "hierarchical_usage": np.bincount(pairs % max(n, 1), minlength=n),
            "has_children": has_children,
        }
    )
    return usage.sort_values(
        ["hierarchical_usage", "ingredient_name", "ingredient_id"],
        ascending=[False, True, True],
        ignore_index=True,
    )


def usage_records(usage: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of :func:`ingredient_usage` as JSON values."""
    # Column by column: a frame's rows would turn an optional integer into a float.
    columns = {
        str(name): [None if missing else value for value, missing in zip(values, gone, strict=True)]
        for name, column in usage.items()
        for values, gone in [(column.tolist(), column.isna())]
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
