"""Recipes as distributions over ingredients."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barcart.registry import Registry
from barcart.volumes import build_recipe_volume_matrix

SHELF = Registry(("10", "20", "30"), ("Gin", "Vermouth", "Campari"))


def lines(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["recipe_id", "recipe_name", "ingredient_id", "volume"])


def test_rows_are_shares_of_volume() -> None:
    matrix, recipes = build_recipe_volume_matrix(
        lines(
            (2, "Martini", 10, 60.0),
            (1, "Negroni", 10, 30.0),
            (2, "Martini", 20, 20.0),
            (1, "Negroni", 20, 30.0),
            (1, "Negroni", 30, 60.0),
        ),
        SHELF,
    )
    assert recipes == Registry(("1", "2"), ("Negroni", "Martini"))
    np.testing.assert_array_equal(matrix.toarray(), [[0.25, 0.25, 0.5], [0.75, 0.25, 0.0]])
    assert matrix.dtype == np.float64
    assert matrix.format == "csr"


def test_lines_of_one_ingredient_add_up() -> None:
    matrix, _ = build_recipe_volume_matrix(
        lines((1, "Martini", 10, 40.0), (1, "Martini", 20, 20.0), (1, "Martini", 10, 20.0)), SHELF
    )
    assert matrix.nnz == 2
    np.testing.assert_array_equal(matrix.toarray(), [[0.75, 0.25, 0.0]])


def test_two_recipes_of_one_name_stay_two() -> None:
    matrix, recipes = build_recipe_volume_matrix(
        lines((1, "Martini", 10, 1.0), (2, "Martini", 20, 1.0)), SHELF
    )
    assert recipes.names == ("Martini", "Martini")
    np.testing.assert_array_equal(matrix.toarray(), [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    ("ids", "ordered"),
    [
        ([10, 9, 100], ("9", "10", "100")),
        (["10", "9", "100"], ("9", "10", "100")),
        (["b", "10", "9"], ("10", "9", "b")),
    ],
)
def test_numeric_ids_order_rows_by_number(ids: list[Any], ordered: tuple[str, ...]) -> None:
    _, recipes = build_recipe_volume_matrix(
        lines(*((identifier, "A", 10, 1.0) for identifier in ids)), SHELF
    )
    assert recipes.ids == ordered


def test_ingredients_without_volume_are_left_out() -> None:
    matrix, _ = build_recipe_volume_matrix(
        lines((1, "A", 10, 1.0), (1, "A", 20, 0.0), (1, "A", 30, 0)), SHELF
    )
    assert matrix.nnz == 1


def test_columns_go_by_the_callers_names() -> None:
    frame = lines((1, "A", 10, 1.0)).set_axis(["r", "n", "i", "v"], axis=1)
    matrix, _ = build_recipe_volume_matrix(frame, SHELF, "r", "n", "i", "v")
    assert matrix.shape == (1, 3)


def test_no_recipes_make_a_matrix_without_rows() -> None:
    matrix, recipes = build_recipe_volume_matrix(lines(), SHELF)
    assert matrix.shape == (0, 3)
    assert len(recipes) == 0


@pytest.mark.parametrize("unit", [1e308, 1e-308, 5e-324])
def test_units_of_any_size_neither_overflow_nor_vanish(unit: float) -> None:
    matrix, _ = build_recipe_volume_matrix(
        lines((1, "A", 10, unit), (1, "A", 20, unit), (1, "A", 10, unit)), SHELF
    )
    np.testing.assert_allclose(matrix.toarray(), [[2 / 3, 1 / 3, 0.0]], rtol=1e-15)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((1, "A", 10, -1.0), "row 1: volume -1.0"),
        ((1, "A", 10, float("nan")), "row 1: volume nan"),
        ((1, "A", 10, float("inf")), "row 1: volume inf"),
        ((1, "A", 10, "much"), "row 1: volume 'much'"),
        ((1, "A", 99, 1.0), "row 1: ingredient_id .*99.* is not among the 3"),
        ((1, "A", None, 1.0), "row 1: ingredient_id"),
        ((None, "A", 10, 1.0), "row 1: recipe_id"),
        ((1, "B", 10, 1.0), "row 1: recipe '1' is called 'B' but was called 'A'"),
    ],
)
def test_faulty_lines_are_named(row: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_recipe_volume_matrix(lines((1, "A", 10, 1.0), row), SHELF)


def test_errors_name_the_callers_own_row_labels() -> None:
    frame = lines((1, "A", 10, 1.0), (1, "A", 20, -1.0)).set_axis(["x", "y"])
    with pytest.raises(ValueError, match="row y: volume"):
        build_recipe_volume_matrix(frame, SHELF)


def test_a_recipe_without_mass_is_named_or_dropped() -> None:
    frame = lines((1, "A", 10, 1.0), (2, "Air", 10, 0.0), (3, "C", 30, 1.0))
    with pytest.raises(ValueError, match=r"recipe '2' \(Air\) has no mass"):
        build_recipe_volume_matrix(frame, SHELF)
    matrix, recipes = build_recipe_volume_matrix(frame, SHELF, on_empty="drop")
    assert recipes == Registry(("1", "3"), ("A", "C"))
    np.testing.assert_array_equal(matrix.toarray(), [[1, 0, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match="on_empty"):
        build_recipe_volume_matrix(frame, SHELF, on_empty="keep")  # type: ignore[arg-type]


@pytest.mark.parametrize("column", ["recipe_id", "recipe_name", "ingredient_id", "volume"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(ValueError, match=f"no column '{column}'"):
        build_recipe_volume_matrix(lines().drop(columns=column), SHELF)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from([10, 20, 30]), st.floats(1e-3, 1e3)),
        min_size=1,
        max_size=20,
    )
)
def test_rows_sum_to_one_and_keep_proportions(rows: list[tuple[int, int, float]]) -> None:
    matrix, recipes = build_recipe_volume_matrix(
        lines(*((recipe, f"r{recipe}", item, volume) for recipe, item, volume in rows)), SHELF
    )
    expected = np.zeros((len(recipes), 3))
    for recipe, item, volume in rows:
        expected[recipes.index_of(recipe), SHELF.index_of(item)] += volume
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(matrix.toarray(), expected, rtol=1e-12)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, rtol=1e-12)
    assert matrix.has_canonical_format
