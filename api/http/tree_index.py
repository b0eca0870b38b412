"""Looking up ingredients in the published tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.http.problems import Problem
from api.http.published import LoadedSnapshot


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
        self._top = [int(child["id"]) for child in tree.get("children") or ()]
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

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, ingredient_id: int) -> bool:
        return ingredient_id in self._nodes

    def name(self, ingredient_id: int) -> str:
        """Return an ingredient's name."""
        return str(self._nodes[ingredient_id].usage["ingredient_name"])

    def children_usage(self, ingredient_id: int | None) -> list[dict[str, Any]]:
        """Return the usage records of an ingredient's children, the most used first.

        Those of the top level for None. The records are those of
        ``AnalyticsQueries.get_ingredient_usage_stats``.
        """
        children = self._top if ingredient_id is None else self._nodes[ingredient_id].children
        return [self._nodes[child].usage for child in children]

    def ancestors(self, ingredient_id: int) -> Iterator[int]:
        """Yield an ingredient's ancestors, the nearest first."""
        above = self._nodes[ingredient_id].parent
        while above is not None:
            yield above
            above = self._nodes[above].parent


def tree_index(loaded: LoadedSnapshot) -> TreeIndex:
    """Return a snapshot's tree, indexed once."""
    return loaded.derived("tree-index", lambda: TreeIndex(loaded.value("ingredient-tree")))


def no_ingredient(ingredient_id: int) -> Problem:
    """Return the problem document of an ingredient that is not in the snapshot."""
    return Problem(
        404,
        "Not found",
        f"Ingredient {ingredient_id} is not in the analytics. A new ingredient appears after the "
        f"next refresh.",
    )
