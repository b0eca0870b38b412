"""The snapshot's records as the rows of plain lists: what the map and the tree draw, in words."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.http.tree_index import TreeIndex


@dataclass(frozen=True)
class TreeRow:
    """An ingredient in a nested list.

    Attributes
    ----------
    usage
        Its record, as the API returns it.
    opens
        Whether a list of its kinds follows.
    closes
        How many lists end after it.
    """

    usage: dict[str, Any]
    opens: bool
    closes: int


def tree_rows(index: TreeIndex, limit: int) -> list[TreeRow]:
    """Return at most ``limit`` ingredients, each before its kinds; higher levels come first.

    No recursion, here or in the template: a tree may be deeper than Python's stack.
    """
    chosen: set[int] = set()
    waiting = deque(index.children_usage(None))
    while waiting and len(chosen) < limit:
        identifier = waiting.popleft()["ingredient_id"]
        chosen.add(identifier)
        waiting.extend(index.children_usage(identifier))

    ordered: list[tuple[dict[str, Any], int]] = []
    pending: list[tuple[int | None, int]] = [(None, 0)]
    usage_of: dict[int | None, dict[str, Any]] = {}
    while pending:
        one, depth = pending.pop()
        if one is not None:
            ordered.append((usage_of[one], depth))
        below = [row for row in index.children_usage(one) if row["ingredient_id"] in chosen]
        usage_of.update((row["ingredient_id"], row) for row in below)
        pending.extend((row["ingredient_id"], depth + 1) for row in reversed(below))
    following = [*(depth for _, depth in ordered[1:]), 1]
    return [
        TreeRow(usage, after > depth, max(depth - after, 0))
        for (usage, depth), after in zip(ordered, following, strict=True)
    ]


@dataclass
class MapGroup:
    """Recipes under one heading; each is its ID, its name and its ingredients."""

    name: str
    recipes: list[tuple[int, str, list[str]]] = field(default_factory=list)


def map_groups(atlas: Mapping[str, Any], limit: int) -> list[MapGroup]:
    """Return the first recipes of a map by neighborhood: the nearest name on the learned map.

    A map of few recipes has no names; then by base spirit.
    """
    recipes, names = atlas["recipes"], atlas["names"]
    chosen = next(one for one in atlas["maps"] if one["key"] == "em")
    regions = [region for region in chosen["regions"] if region["level"] == 0]
    groups: dict[str, MapGroup] = {}
    for row, (identifier, name) in enumerate(
        zip(recipes["id"][:limit], recipes["name"], strict=False)
    ):
        x, y = chosen["x"][row], chosen["y"][row]
        if not regions:
            heading = atlas["groups"][recipes["group"][row]]["label"]
        elif x is None or y is None:
            heading = "Not on this map"
        else:
            heading = min(regions, key=lambda one: (one["x"] - x) ** 2 + (one["y"] - y) ** 2)[
                "name"
            ]
        ingredients = [names[one] for one in recipes["ingredients"][row]]
        groups.setdefault(heading, MapGroup(heading)).recipes.append(
            (identifier, name, ingredients)
        )
    return sorted(groups.values(), key=lambda group: (-len(group.recipes), group.name))
