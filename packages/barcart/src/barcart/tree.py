"""The ingredient taxonomy as a tree, and distances along it.

Every function walks the tree with loops, never by recursion, so that its depth is limited by memory
alone.
"""

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from barcart.registry import Registry, normalize_id
from barcart.tree_metric import TreeMetric

#: Each node's parent (None at the root) and the weight of the edge to it.
ParentMap: TypeAlias = dict[str, tuple[str | None, float]]


def build_ingredient_tree(
    df: pd.DataFrame,
    id_col: str = "ingredient_id",
    name_col: str = "ingredient_name",
    path_col: str = "ingredient_path",
    weight_col: str | None = "substitution_level",
    root_id: str = "root",
    root_name: str = "All Ingredients",
    default_edge_weight: float = 1.0,
) -> tuple[dict[str, Any], ParentMap]:
    """Build the ingredient tree from materialised paths.

    Parameters
    ----------
    df
        One row an ingredient, in any order.
    id_col, name_col, path_col
        Columns of the id (text or integer), the name, and the path: the ids from the top of the
        tree down to the ingredient itself, such as ``/1/12/``.
    weight_col
        Column of the weight of the edge from the parent. A missing column or value means
        `default_edge_weight`.
    root_id, root_name
        Id and name of the node put above the topmost ingredients.
    default_edge_weight
        Non-negative weight of edges without one of their own.

    Returns
    -------
    tree : dict
        Nested nodes ``{"id", "name", "edge_weight", "children"}``, ids as text. The root has no
        ``edge_weight`` and always ``children``; other nodes have ``children`` only if there are
        any. Siblings keep the order of the rows.
    parent_map : dict
        ``{id: (parent id, edge weight)}``, with ``(None, 0.0)`` for the root.

    Raises
    ------
    ValueError
        If a column is missing; an id is missing, taken twice or equal to `root_id`; a path isn't of
        the form above, doesn't end in its row's id, names a parent without a row, disagrees with
        its parent's path or runs in a cycle; or a weight is negative, infinite or not a number.
    """
    for column in (id_col, name_col, path_col):
        if column not in df.columns:
            raise ValueError(
                f"the ingredient table has no column {column!r}; add it or pass its name"
            )
    default_weight = _as_weight(default_edge_weight, "default_edge_weight")
    labels = df.index.tolist()
    ids = _read_ids(df[id_col].tolist(), labels, id_col, root_id)
    names = _read_names(df[name_col].tolist(), labels, name_col)
    paths = df[path_col].tolist()
    if weight_col is None or weight_col not in df.columns:
        weights = [default_weight] * len(ids)
    else:
        weights = [
            default_weight
            if _is_missing(value)
            else _as_weight(value, f"row {label}: {weight_col}")
            for value, label in zip(df[weight_col].tolist(), labels, strict=True)
        ]

    row_of = {identifier: row for row, identifier in enumerate(ids)}
    parent_map: ParentMap = {root_id: (None, 0.0)}
    for row, identifier in enumerate(ids):
        parent = _parent_in_path(paths[row], identifier, f"row {labels[row]}: {path_col}")
        if parent is not None and parent not in row_of:
            raise ValueError(
                f"row {labels[row]}: {path_col} {paths[row]!r} names the parent {parent!r}, which "
                "has no row; add that ingredient or correct the path"
            )
        parent_map[identifier] = (root_id if parent is None else parent, weights[row])

    _reject_cycle(parent_map, {key: labels[row] for key, row in row_of.items()}, path_col)
    for row, identifier in enumerate(ids):
        parent = parent_map[identifier][0]
        above = "/" if parent == root_id or parent is None else paths[row_of[parent]]
        if paths[row] != f"{above}{identifier}/":
            raise ValueError(
                f"row {labels[row]}: {path_col} puts {parent!r} under other ancestors than the "
                f"row of {parent!r} itself, whose path is {_shorten(above)}; a node has one parent,"
                f" so the path should be that path followed by {identifier + '/'!r}"
            )
    return _nest(ids, names, parent_map, root_id, root_name), parent_map


def weighted_distance(u: Any, v: Any, parent_map: Mapping[str, tuple[str | None, float]]) -> float:
    """Return the length of the path between two nodes of the tree.

    Parameters
    ----------
    u, v
        Ids of the nodes.
    parent_map
        As returned by `build_ingredient_tree`.

    Returns
    -------
    float
        Sum of the edge weights between the nodes; infinite if they have no common ancestor.

    Raises
    ------
    ValueError
        If a node is unknown or the map has a cycle.
    """
    above_u = _distances_upwards(normalize_id(u), parent_map)
    above_v = _distances_upwards(normalize_id(v), parent_map)
    # The lowest common ancestor is the first of v's ancestors that is also one of u's; any higher
    # one would walk the stretch between twice.
    for node, distance in above_v.items():
        if node in above_u:
            return above_u[node] + distance
    return math.inf


def build_ingredient_distance_matrix(
    parent_map: Mapping[str, tuple[str | None, float]],
    id_to_name: Mapping[Any, str],
    root_id: str = "root",
) -> tuple[npt.NDArray[np.float64], Registry]:
    """Return the tree distances between all ingredients.

    Parameters
    ----------
    parent_map
        As returned by `build_ingredient_tree`.
    id_to_name
        Names by ingredient id (text or integer).
    root_id
        The node to leave out, which is no ingredient.

    Returns
    -------
    distance_matrix : numpy.ndarray
        float64, shape (m, m), symmetric with a zero diagonal; in units of the edge weights.
    registry : Registry
        The ingredients of its rows and columns, in the order of `parent_map`.

    Raises
    ------
    ValueError
        If an ingredient has no name or `parent_map` isn't a tree.
    """
    names = {normalize_id(key): str(name) for key, name in id_to_name.items()}
    ids = tuple(node for node in parent_map if node != root_id)
    for node in ids:
        if node not in names:
            raise ValueError(f"id_to_name has no entry for ingredient {node!r}; add its name")
    registry = Registry(ids, tuple(names[node] for node in ids))
    return TreeMetric.from_parent_map(parent_map, ids).cost_matrix(), registry


def _read_ids(values: list[Any], labels: list[Any], id_col: str, root_id: str) -> list[str]:
    ids: list[str] = []
    first_row: dict[str, Any] = {}
    for value, label in zip(values, labels, strict=True):
        try:
            identifier = normalize_id(value)
        except ValueError as error:
            raise ValueError(f"row {label}: {id_col} {error}") from error
        if "/" in identifier:
            raise ValueError(
                f"row {label}: {id_col} {identifier!r} contains '/', which separates the ids of a "
                "path; choose another id"
            )
        if identifier == root_id:
            raise ValueError(
                f"row {label}: {id_col} {identifier!r} is also the id of the root; pass another "
                "root_id"
            )
        if identifier in first_row:
            raise ValueError(
                f"row {label}: {id_col} {identifier!r} was already given in row "
                f"{first_row[identifier]}; ids must be unique, so drop or renumber one of them"
            )
        first_row[identifier] = label
        ids.append(identifier)
    return ids


def _read_names(values: list[Any], labels: list[Any], name_col: str) -> list[str]:
    for value, label in zip(values, labels, strict=True):
        if _is_missing(value):
            raise ValueError(f"row {label}: {name_col} is missing; give the ingredient a name")
    return [str(value) for value in values]


def _parent_in_path(path: Any, identifier: str, where: str) -> str | None:
    """Return the last id but one of a path, None for a topmost ingredient."""
    if not isinstance(path, str) or len(path) < 3 or path[0] != "/" or path[-1] != "/":
        raise ValueError(
            f"{where} {_shorten(path)} is no path; write the ids from the top down to the "
            "ingredient itself, such as '/1/12/'"
        )
    above, _, last = path[:-1].rpartition("/")
    if last != identifier:
        raise ValueError(
            f"{where} {_shorten(path)} ends in {last!r}, not in the ingredient's own id "
            f"{identifier!r}; correct the path or the id"
        )
    if not above:
        return None
    parent = above.rpartition("/")[2]
    if not parent:
        raise ValueError(f"{where} {_shorten(path)} has an empty id; remove the doubled '/'")
    return parent


def _reject_cycle(parent_map: ParentMap, labels: Mapping[str, Any], path_col: str) -> None:
    # Nodes known to reach the root; each node is walked over once.
    settled = {node for node, (parent, _) in parent_map.items() if parent is None}
    for start in parent_map:
        walked: dict[str, None] = {}
        node = start
        while node not in settled:
            if node in walked:
                nodes = list(walked)
                cycle = " -> ".join(map(repr, [*nodes[nodes.index(node) :][:5], node]))
                raise ValueError(
                    f"row {labels[node]}: {path_col} makes a cycle: each of {cycle} is under the "
                    "next; give one of them a parent outside the cycle"
                )
            walked[node] = None
            parent = parent_map[node][0]
            if parent is None:
                break
            node = parent
        settled.update(walked)


def _nest(
    ids: list[str], names: list[str], parent_map: ParentMap, root_id: str, root_name: str
) -> dict[str, Any]:
    nodes: dict[str, dict[str, Any]] = {
        root_id: {"id": root_id, "name": str(root_name), "children": []}
    }
    for identifier, name in zip(ids, names, strict=True):
        nodes[identifier] = {
            "id": identifier,
            "name": name,
            "edge_weight": parent_map[identifier][1],
        }
    for identifier in ids:
        parent = parent_map[identifier][0]
        if parent is not None:
            nodes[parent].setdefault("children", []).append(nodes[identifier])
    return nodes[root_id]


def _distances_upwards(
    node: str, parent_map: Mapping[str, tuple[str | None, float]]
) -> dict[str, float]:
    """Return the distance from a node to itself and each of its ancestors, nearest first."""
    found: dict[str, float] = {}
    current: str | None = node
    distance = 0.0
    while current is not None:
        if current in found:
            raise ValueError(f"parent_map has a cycle through {current!r}; a tree has none")
        if current not in parent_map:
            raise ValueError(
                f"parent_map has no node {current!r}; its nodes are ids as text, such as '12'"
            )
        found[current] = distance
        current, weight = parent_map[current]
        distance += weight
    return found


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _as_weight(value: Any, where: str) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{where} {value!r} is not a number; give a weight of 0 or more"
        ) from error
    if not (math.isfinite(weight) and weight >= 0.0):
        raise ValueError(f"{where} {value!r} is not a finite weight of 0 or more; correct it")
    return weight


def _shorten(text: Any, limit: int = 80) -> str:
    shown = repr(text)
    return shown if len(shown) <= limit else f"{shown[: limit // 2]}...{shown[-limit // 2 :]}"
