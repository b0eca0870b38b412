"""The ingredient tree with the recipes counted at each node."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from barcart.distance import build_ingredient_tree

ROOT_ID = "root"
ROOT_NAME = "All Ingredients"


def tree_with_counts(usage: Sequence[Mapping[str, Any]], recipe_count: int) -> dict[str, Any]:
    """Build the nested tree of every ingredient.

    Parameters
    ----------
    usage
        Records of :func:`api.analysis.usage.usage_records` for all ingredients; siblings keep
        their order.
    recipe_count
        How many recipes use any ingredient: the root's hierarchical count.

    Returns
    -------
    dict
        Nodes ``{id, name, edge_weight, recipe_count, hierarchical_recipe_count, children}``; leaves
        have no ``children``, the root no ``edge_weight``.
    """
    frame = pd.DataFrame(
        {
            "ingredient_id": [record["ingredient_id"] for record in usage],
            "ingredient_name": [record["ingredient_name"] for record in usage],
            "ingredient_path": [record["path"] for record in usage],
            "substitution_level": [1.0] * len(usage),
        }
    )
    tree, _ = build_ingredient_tree(
        frame,
        id_col="ingredient_id",
        name_col="ingredient_name",
        path_col="ingredient_path",
        weight_col="substitution_level",
        root_id=ROOT_ID,
        root_name=ROOT_NAME,
        default_edge_weight=1.0,
    )
    counts = {
        str(record["ingredient_id"]): (record["direct_usage"], record["hierarchical_usage"])
        for record in usage
    }
    counts[ROOT_ID] = (0, recipe_count)
    pending = [tree]
    while pending:  # not recursion: a user's tree may be deeper than Python's stack
        node = pending.pop()
        node["recipe_count"], node["hierarchical_recipe_count"] = counts[node["id"]]
        # Last, so that a reader of the JSON meets a node's facts before its subtree.
        if "children" in node:
            children = node.pop("children")
            node["children"] = children
            pending.extend(children)
    tree.setdefault("children", [])
    return tree
