"""Rolling interchangeable ingredients up onto their kind."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from barcart.rollup import apply_rollup, create_rollup_mapping


def shelf(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["ingredient_id", "parent_id", "allow_substitution"])


def lines(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["recipe_id", "recipe_name", "ingredient_id", "volume"])


def test_flagged_ingredients_roll_up_to_their_kind() -> None:
    mapping = create_rollup_mapping(
        shelf(
            (1, None, 1),  # topmost: has nothing to roll up onto
            (2, 1, 1),  # flagged: what is below it does not matter
            (3, 2, 1),
            (4, 2, 0),
            (5, 4, 1),
            (6, 1, True),
            (7, None, 1),
        )
    )
    assert mapping == {"2": "1", "3": "1", "5": "4", "6": "1"}


@pytest.mark.parametrize("flag", [0, 1])
def test_a_bottle_below_keeps_the_flag(flag: int) -> None:
    before = shelf(("gin", None, 0), ("brand", "gin", 1), ("other", "gin", 0))
    after = shelf(*before.itertuples(index=False, name=None), ("bottle", "brand", flag))
    old, new = create_rollup_mapping(before), create_rollup_mapping(after)
    assert old == {"brand": "gin"}
    assert {key: new[key] for key in old} == old


def test_ids_may_be_text() -> None:
    assert create_rollup_mapping(shelf(("gin", None, 0), ("brand", "gin", 1))) == {"brand": "gin"}


def test_no_ingredients_no_mapping() -> None:
    assert create_rollup_mapping(shelf()) == {}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, None, 0), (2, 9, 1)], "row 1: parent_id '9' of ingredient '2' has no row"),
        ([(1, 1, 1)], "row 0: parent_id '1' of ingredient '1' is the ingredient itself"),
        ([(1, 2, 1), (2, 1, 1)], "row 0: the parents of ingredient '1' form a cycle"),
        ([(1, None, 0), (1, None, 0)], "row 1: ingredient_id '1' was already given in row 0"),
        ([(1, None, 2)], "row 0: allow_substitution 2 is neither"),
        ([(1, None, None)], "row 0: allow_substitution"),
        ([(1, None, "1")], "row 0: allow_substitution"),
        ([(None, None, 1)], "row 0: ingredient_id"),
    ],
)
def test_faulty_ingredients_are_named(rows: list[tuple[Any, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        create_rollup_mapping(shelf(*rows))


@pytest.mark.parametrize("column", ["ingredient_id", "parent_id", "allow_substitution"])
def test_a_missing_ingredient_column_is_named(column: str) -> None:
    with pytest.raises(ValueError, match=f"no column '{column}'"):
        create_rollup_mapping(shelf().drop(columns=column))


def test_volumes_add_up_in_order_of_appearance() -> None:
    rolled = apply_rollup(
        lines(
            (2, "Martinez", 3, 30.0),
            (2, "Martinez", 9, 10.0),
            (2, "Martinez", 2, 15.0),
            (1, "Martini", 3, 60.0),
        ),
        {"3": "2"},
    )
    assert rolled.to_dict("list") == {
        "recipe_id": [2, 2, 1],
        "recipe_name": ["Martinez", "Martinez", "Martini"],
        "ingredient_id": ["2", "9", "2"],
        "volume": [45.0, 10.0, 60.0],
    }


def test_recipes_of_one_name_stay_apart() -> None:
    frame = lines((1, "Martini", 3, 1.0), (2, "Martini", 3, 2.0))
    before = frame.copy()
    rolled = apply_rollup(frame, {"3": "2"})
    assert rolled["volume"].tolist() == [1.0, 2.0]
    pd.testing.assert_frame_equal(frame, before)


def test_a_recipe_without_a_name_keeps_its_lines() -> None:
    rolled = apply_rollup(lines((1, None, 3, 1.0), (1, None, 2, 2.0)), {"3": "2"})
    assert rolled["volume"].tolist() == [3.0]


def test_totals_are_kept() -> None:
    rng = np.random.default_rng(0)
    frame = lines(*((int(r), "x", int(i), float(v)) for r, i, v in rng.integers(1, 9, (50, 3))))
    rolled = apply_rollup(frame, {"1": "2", "3": "2", "4": "5"})
    assert not {"1", "3", "4"} & set(rolled["ingredient_id"])
    pd.testing.assert_series_equal(
        rolled.groupby("recipe_id")["volume"].sum(), frame.groupby("recipe_id")["volume"].sum()
    )


def test_faulty_volumes_are_not_summed_away() -> None:
    with pytest.raises(ValueError, match="row 1: volume nan"):
        apply_rollup(lines((1, "A", 3, 1.0), (1, "A", 3, float("nan"))), {})
    with pytest.raises(ValueError, match="no column 'volume'"):
        apply_rollup(lines().drop(columns="volume"), {})
