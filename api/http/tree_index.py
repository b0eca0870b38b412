"""Looking up ingredients in the published tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Node:
    usage: dict[str, Any]
    parent: int | None
    children: list[int]


class TreeIndex:
    """The published ingredient tree, indexed by ingredient.

    Parameters
    ----------
    tree
        The artifact ``ingredient-tree``; see
        :func:`api.analysis.ingredient_tree.tree_with_counts`.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._nodes: dict[int, _Node] = {}
        pending: list[tuple[Mapping[str, Any], int | None, str]] = [
            (child, None, "/") for child in tree.get("children") or ()
        ]
        while pending:  # no recursion: a tree may be deeper than Python's stack
            node, parent, above = pending.pop()
            ingredient_id = int(node["id"])
            path = f"{above}{ingredient_id}/"
            children = node.get("children") or ()
            usage = {
                "ingredient_id": ingredient_id,
                "ingredient_name": node["name"],
                "path": path,
                "parent_id": parent,
                "direct_usage": node["recipe_count"],
                "hierarchical_usage": node["hierarchical_recipe_count"],
                "has_children": bool(children),
            }
            self._nodes[ingredient_id] = _Node(
                usage, parent, [int(child["id"]) for child in children]
            )
            pending.extend((child, ingredient_id, path) for child in children)

    def __contains__(self, ingredient_id: int) -> bool:
        return ingredient_id in self._nodes

    def name(self, ingredient_id: int) -> str:
        """Return an ingredient's name."""
        return str(self._nodes[ingredient_id].usage["ingredient_name"])

    def children_usage(self, ingredient_id: int) -> list[dict[str, Any]]:
        """Return the usage records of an ingredient's children, the most used first.

        The records are those of ``AnalyticsQueries.get_ingredient_usage_stats``.
        """
        return [self._nodes[child].usage for child in self._nodes[ingredient_id].children]

    def ancestors(self, ingredient_id: int) -> Iterator[int]:
        """Yield an ingredient's ancestors, the nearest first."""
        above = self._nodes[ingredient_id].parent
        while above is not None:
            yield above
            above = self._nodes[above].parent
