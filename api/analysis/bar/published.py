"""What the shelf questions take from published artifacts."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from api.analysis.bar.menu import LearnedMap, Region
from api.analysis.bar.neighbor_graph import NeighborGraph
from api.analysis.bar.without import Swap


def neighbor_graph(
    summary: bytes | None, recipe_similar: Callable[[], Iterable[Mapping[str, Any]]]
) -> NeighborGraph:
    """Return each recipe's neighbors from the summary of `recipe-similar`, or from its records.

    Small artifacts and those of earlier releases have no summary.
    """
    graph = None if summary is None else NeighborGraph.from_bytes(summary)
    return NeighborGraph.from_records(recipe_similar()) if graph is None else graph


def learned_map(atlas: Mapping[str, Any]) -> LearnedMap:
    """Return where recipes lie on the learned map, and its neighborhoods, from `atlas`."""
    drawn = next(one for one in atlas["maps"] if one["key"] == "em")
    x, y = np.array(drawn["x"], np.float64), np.array(drawn["y"], np.float64)
    placed = ~np.isnan(x)  # None, where a recipe is not on this map
    regions = [Region(one["name"], one["size"], one["x"], one["y"]) for one in drawn["regions"]]
    return LearnedMap(
        np.array(atlas["recipes"]["id"], np.int64)[placed], x[placed], y[placed], regions
    )


def swaps(ingredient_substitutes: Iterable[Mapping[str, Any]]) -> dict[int, list[Swap]]:
    """Return the substitutes of each ingredient, the best first."""
    return {
        record["ingredient_id"]: [
            Swap(one["ingredient_id"], one["relation"] != "swap", one["rating"], one["support"])
            for one in record["substitutes"]
        ]
        for record in ingredient_substitutes
    }
