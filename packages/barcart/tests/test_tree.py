"""The ingredient tree and the distances along it."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barcart.tree import (
    build_ingredient_distance_matrix,
    build_ingredient_tree,
    weighted_distance,
)


def table(*rows: tuple[Any, ...], weights: list[Any] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["ingredient_id", "ingredient_name", "ingredient_path"])
    if weights is not None:
        frame["substitution_level"] = weights
    return frame


BAR = table(
    # Children before parents: the order of rows must not matter for the shape.
    (12, "Rye", "/1/12/"),
    (1, "Whiskey", "/1/"),
    (13, "Overproof Rye", "/1/12/13/"),
    (2, "Gin", "/2/"),
    (11, "Bourbon", "/1/11/"),
    weights=[0.5, 2.0, None, 3.0, 0.25],
)


def test_tree_and_parent_map_by_hand() -> None:
    tree, parents = build_ingredient_tree(BAR, default_edge_weight=4.0)
    assert tree == {
        "id": "root",
        "name": "All Ingredients",
        "children": [
            {
                "id": "1",
                "name": "Whiskey",
                "edge_weight": 2.0,
                "children": [
                    {
                        "id": "12",
                        "name": "Rye",
                        "edge_weight": 0.5,
                        "children": [{"id": "13", "name": "Overproof Rye", "edge_weight": 4.0}],
                    },
                    {"id": "11", "name": "Bourbon", "edge_weight": 0.25},
                ],
            },
            {"id": "2", "name": "Gin", "edge_weight": 3.0},
        ],
    }
    assert parents == {
        "root": (None, 0.0),
        "12": ("1", 0.5),
        "1": ("root", 2.0),
        "13": ("12", 4.0),
        "2": ("root", 3.0),
        "11": ("1", 0.25),
    }


def test_columns_root_and_weights_can_be_renamed() -> None:
    frame = BAR.set_axis(["i", "n", "p", "w"], axis=1)
    tree, parents = build_ingredient_tree(frame, "i", "n", "p", "w", "top", "Bar", 4.0)
    assert (tree["id"], tree["name"]) == ("top", "Bar")
    assert parents["2"] == ("top", 3.0)


@pytest.mark.parametrize("weight_col", ["substitution_level", None])
def test_edges_get_the_default_without_weights(weight_col: str | None) -> None:
    frame = BAR.drop(columns="substitution_level")
    _, parents = build_ingredient_tree(frame, weight_col=weight_col, default_edge_weight=0.5)
    assert {weight for node, (_, weight) in parents.items() if node != "root"} == {0.5}


def test_no_ingredients_leave_the_root() -> None:
    tree, parents = build_ingredient_tree(table())
    assert tree == {"id": "root", "name": "All Ingredients", "children": []}
    assert parents == {"root": (None, 0.0)}
    matrix, registry = build_ingredient_distance_matrix(parents, {})
    assert matrix.shape == (0, 0)
    assert len(registry) == 0


def test_float_and_text_ids_work() -> None:
    _, parents = build_ingredient_tree(table((1.0, "A", "/1/"), (2.0, "B", "/1/2/")))
    assert parents["2"] == ("1", 1.0)
    _, parents = build_ingredient_tree(table(("a", "A", "/a/"), ("b", "B", "/a/b/")))
    assert parents["b"] == ("a", 1.0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, "A", "/1/"), (2, "B", "/1/3/")], r"row 1: .*ends in '3'.*own id '2'"),
        ([(1, "A", "/2/1/"), (2, "B", "/1/2/")], r"row \d: .*cycle"),
        ([(1, "A", "/1/1/")], r"row 0: .*cycle"),
        ([(1, "A", "/1/2/1/"), (2, "B", "/1/2/")], r"row \d: .*cycle"),
        (
            [(1, "A", "/1/"), (2, "B", "/2/"), (3, "C", "/1/3/"), (4, "D", "/2/3/4/")],
            r"row 3: .*one parent",
        ),
        ([(1, "A", "/1/"), (2, "B", "/9/1/2/")], r"row 1: .*one parent"),
        ([(1, "A", "/1/"), (1, "B", "/1/")], r"row 1: .*'1' was already given in row 0"),
        ([(1, "A", "/1/"), (2, "B", "/9/2/")], r"row 1: .*parent '9'.*no row"),
        ([(1, "A", "1/")], r"row 0: .*no path"),
        ([(1, "A", "/1")], r"row 0: .*no path"),
        ([(1, "A", None)], r"row 0: .*no path"),
        ([(1, "A", "//1/")], r"row 0: .*empty id"),
        ([(None, "A", "/1/")], r"row 0: ingredient_id .*no identifier"),
        ([(1.5, "A", "/1/")], r"row 0: ingredient_id .*no identifier"),
        ([(1, None, "/1/")], r"row 0: ingredient_name is missing"),
        ([("root", "A", "/root/")], r"row 0: .*id of the root"),
        ([("a/b", "A", "/a/b/")], r"row 0: .*contains '/'"),
    ],
)
def test_faulty_rows_are_named(rows: list[tuple[Any, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_ingredient_tree(table(*rows))


def test_errors_name_the_callers_own_row_labels() -> None:
    frame = table((1, "A", "/1/"), (2, "B", "/3/")).set_axis(["first", "second"])
    with pytest.raises(ValueError, match="row second"):
        build_ingredient_tree(frame)


@pytest.mark.parametrize("weight", [-1.0, math.inf, "heavy"])
def test_faulty_weights_are_refused(weight: object) -> None:
    frame = table((1, "A", "/1/"), (2, "B", "/2/"), weights=[1.0, weight])
    with pytest.raises(ValueError, match="row 1: substitution_level"):
        build_ingredient_tree(frame)


@pytest.mark.parametrize("weight", [-1.0, math.nan])
def test_a_faulty_default_weight_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="default_edge_weight"):
        build_ingredient_tree(BAR, default_edge_weight=weight)


@pytest.mark.parametrize("column", ["ingredient_id", "ingredient_name", "ingredient_path"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(ValueError, match=f"no column '{column}'"):
        build_ingredient_tree(BAR.drop(columns=column))


def test_a_chain_of_ten_thousand_is_no_problem() -> None:
    depth = 10_000
    path, rows = "/", []
    for number in range(depth):
        path = f"{path}{number}/"
        rows.append((number, "Level", path))
    tree, parents = build_ingredient_tree(table(*rows))
    assert weighted_distance(depth - 1, 0, parents) == depth - 1
    node, levels = tree, 0
    while "children" in node:
        (node,) = node["children"]
        levels += 1
    assert levels == depth


def test_distances_by_hand() -> None:
    _, parents = build_ingredient_tree(BAR, default_edge_weight=4.0)
    assert weighted_distance("13", "11", parents) == 4.0 + 0.5 + 0.25
    assert weighted_distance(13, 12, parents) == 4.0
    assert weighted_distance("2", "13", parents) == 3.0 + 2.0 + 0.5 + 4.0
    assert weighted_distance("1", "1", parents) == 0.0
    assert weighted_distance("root", "2", parents) == 3.0


def test_distances_in_faulty_maps() -> None:
    with pytest.raises(ValueError, match="no node 'x'"):
        weighted_distance("x", "root", {"root": (None, 0.0)})
    with pytest.raises(ValueError, match="cycle"):
        weighted_distance("a", "b", {"a": ("b", 1.0), "b": ("a", 1.0)})
    assert weighted_distance("a", "b", {"a": (None, 0.0), "b": (None, 0.0)}) == math.inf


def test_matrix_keeps_the_maps_order_without_root() -> None:
    _, parents = build_ingredient_tree(BAR)
    names = dict(zip(BAR["ingredient_id"], BAR["ingredient_name"], strict=True))
    matrix, registry = build_ingredient_distance_matrix(parents, names)
    assert registry.ids == ("12", "1", "13", "2", "11")
    assert registry.name_at(registry.index_of(13)) == "Overproof Rye"
    assert matrix.dtype == np.float64
    assert matrix[registry.index_of(12), registry.index_of(11)] == 0.75


def test_matrix_needs_a_name_for_each_ingredient() -> None:
    _, parents = build_ingredient_tree(BAR)
    with pytest.raises(ValueError, match="'12'"):
        build_ingredient_distance_matrix(parents, {1: "Whiskey"})


@st.composite
def random_trees(draw: st.DrawFn) -> pd.DataFrame:
    size = draw(st.integers(1, 12))
    paths: list[str] = []
    for number in range(size):
        above = draw(st.integers(-1, number - 1))
        paths.append(f"{paths[above] if above >= 0 else '/'}{number}/")
    weights = draw(st.lists(st.floats(0.0, 100.0), min_size=size, max_size=size))
    rows = [(number, f"n{number}", path) for number, path in enumerate(paths)]
    frame = table(*rows, weights=weights)
    return frame.iloc[draw(st.permutations(range(size)))]


@settings(deadline=None, max_examples=50)
@given(random_trees())
def test_matrix_agrees_with_shortest_paths(frame: pd.DataFrame) -> None:
    _, parents = build_ingredient_tree(frame)
    names = dict(zip(frame["ingredient_id"], frame["ingredient_name"], strict=True))
    matrix, registry = build_ingredient_distance_matrix(parents, names)

    # Floyd and Warshall's shortest paths know nothing of trees.
    nodes = list(parents)
    shortest = np.full((len(nodes), len(nodes)), np.inf)
    np.fill_diagonal(shortest, 0.0)
    for node, (parent, weight) in parents.items():
        if parent is not None:
            a, b = nodes.index(node), nodes.index(parent)
            shortest[a, b] = shortest[b, a] = weight
    for via in range(len(nodes)):
        shortest = np.minimum(shortest, shortest[:, [via]] + shortest[[via], :])

    chosen = [nodes.index(identifier) for identifier in registry]
    np.testing.assert_allclose(matrix, shortest[np.ix_(chosen, chosen)], rtol=1e-12)
    single = [[weighted_distance(u, v, parents) for v in registry] for u in registry]
    np.testing.assert_allclose(matrix, single, rtol=1e-12)
