"""What the shelf questions take from published artifacts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.analysis.bar.menu import Region
from api.analysis.bar.without import Swap

Relatives = Mapping[int, Sequence[tuple[int, float]]]


def relatives(recipe_similar: Iterable[Mapping[str, Any]]) -> Relatives:
    """Return each recipe's neighbors and distances, the nearest first, from `recipe-similar`."""
    return {
        record["recipe_id"]: [(one["recipe_id"], one["distance"]) for one in record["similar"]]
        for record in recipe_similar
    }


def learned_map(
    atlas: Mapping[str, Any],
) -> tuple[dict[int, tuple[float, float]], list[Region]]:
    """Return where recipes lie on the learned map, and its neighborhoods, from `atlas`."""
    drawn = next(one for one in atlas["maps"] if one["key"] == "em")
    places = {
        recipe_id: (x, y)
        for recipe_id, x, y in zip(atlas["recipes"]["id"], drawn["x"], drawn["y"], strict=True)
        if x is not None
    }
    regions = [Region(one["name"], one["size"], one["x"], one["y"]) for one in drawn["regions"]]
    return places, regions


def swaps(ingredient_substitutes: Iterable[Mapping[str, Any]]) -> dict[int, list[Swap]]:
    """Return the substitutes of each ingredient, the best first."""
    return {
        record["ingredient_id"]: [
            Swap(one["ingredient_id"], one["relation"] != "swap", one["rating"], one["support"])
            for one in record["substitutes"]
        ]
        for record in ingredient_substitutes
    }
