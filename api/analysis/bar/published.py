"""What the shelf questions take from published artifacts."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from api.analysis.bar.learned_map import LearnedMap
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


def learned_map(summary: bytes | None, atlas: Callable[[], Mapping[str, Any]]) -> LearnedMap:
    """Return the learned map from the summary of `atlas`, or from itself."""
    drawn = None if summary is None else LearnedMap.from_bytes(summary)
    return LearnedMap.from_atlas(atlas()) if drawn is None else drawn


def swaps(ingredient_substitutes: Iterable[Mapping[str, Any]]) -> dict[int, list[Swap]]:
    """Return the substitutes of each ingredient, the best first."""
    return {
        record["ingredient_id"]: [
            Swap(one["ingredient_id"], one["relation"] != "swap", one["rating"], one["support"])
            for one in record["substitutes"]
        ]
        for record in ingredient_substitutes
    }
