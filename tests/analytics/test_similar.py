"""Similar recipes and substitutes say what the learned distance knows."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from api.analysis.analysis import Analysis
from api.analysis.recipe_lines import LENGTHENER, recipe_lines
from api.db.database import Database
from api.db.db_analytics import AnalyticsQueries
from api.db.frames import Dataset
from api.storage.serialization import to_bytes

with warnings.catch_warnings():
    # POT's sources hold escapes that Python warns of when it compiles them.
    warnings.simplefilter("ignore")
    import ot


@pytest.fixture(scope="module")
def queries(sample: Dataset, tmp_path_factory: pytest.TempPathFactory) -> AnalyticsQueries:
    from sqlalchemy import URL

    from api.db.migrations import upgrade
    from api.db.write import write_dataset

    path = tmp_path_factory.mktemp("db") / "c.db"
    database = Database(URL.create("sqlite", database=str(path)))
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    database.dispose()
    return AnalyticsQueries(database)


def _named(records: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(record for record in records if record[f"{kind}_name"] == name)


def test_every_recipe_has_its_ten_nearest(queries: AnalyticsQueries) -> None:
    records = list(queries.compute_recipe_similar())
    assert [record["recipe_id"] for record in records] == queries.dataset.recipes["id"].tolist()
    for record in records:
        ids = [other["recipe_id"] for other in record["similar"]]
        distances = [other["distance"] for other in record["similar"]]
        assert len(set(ids)) == 10
        assert record["recipe_id"] not in ids
        assert distances == sorted(distances)


def test_distances_equal_pot(queries: AnalyticsQueries) -> None:
    metric = queries.learn_ground_metric()
    dense = metric.volumes.toarray()
    row_of = {int(identifier): row for row, identifier in enumerate(metric.recipes.ids)}
    for record in list(queries.compute_recipe_similar())[::9]:
        here = row_of[record["recipe_id"]]
        for other in record["similar"]:
            there = row_of[other["recipe_id"]]
            expected = ot.emd2(dense[here], dense[there], metric.fit.cost_matrix)
            assert other["distance"] == pytest.approx(expected, abs=1e-6)
        # And nothing nearer was missed.
        everywhere = [
            ot.emd2(dense[here], dense[row], metric.fit.cost_matrix)
            for row in range(len(dense))
            if row != here
        ]
        assert record["similar"][-1]["distance"] == pytest.approx(
            float(np.sort(everywhere)[9]), abs=1e-6
        )


def test_plan_lists_each_swap(queries: AnalyticsQueries) -> None:
    negroni = _named(list(queries.compute_recipe_similar()), "recipe", "Negroni")
    boulevardier = _named(negroni["similar"], "recipe", "Boulevardier")
    assert boulevardier["plan"] == ["30 ml Gin -> Bourbon Whiskey"]
    assert {(kept["measure"], kept["name"]) for kept in boulevardier["keep"]} == {
        ("30 ml", "Campari"),
        ("30 ml", "Sweet Red Vermouth"),
    }


def test_plans_add_up_to_the_recipe(queries: AnalyticsQueries) -> None:
    total = queries._volumes.lines.groupby("recipe_id")["volume"].sum()
    names = queries._volumes.ingredients_by_volume
    for record in list(queries.compute_recipe_similar()):
        own = names[record["recipe_id"]]
        for other in record["similar"]:
            used = [step for step in other["steps"] if step["kind"] != "add"]
            poured = sum(part["ml"] for part in (*used, *other["keep"]))
            # Each volume is rounded to 0.1 ml.
            off = 0.05 * len((*used, *other["keep"])) + 1e-6
            assert poured == pytest.approx(total.loc[record["recipe_id"]], abs=off)
            assert {step["from"] for step in used} <= set(own)
            taken = {step["to"] for step in other["steps"] if step["to"]}
            theirs = set(names[other["recipe_id"]])
            assert all(name in theirs or set(name.split(" and ")) <= theirs for name in taken)
            assert len(other["plan"]) == len(other["steps"])


def test_top_ups_only_replace_top_ups(queries: AnalyticsQueries) -> None:
    lines = recipe_lines(queries._volumes, queries.dataset, queries.learn_ground_metric())
    long: dict[int, set[str]] = {recipe_id: set() for recipe_id in queries._volumes.names}
    for recipe_id, name, role in zip(
        queries._volumes.lines["recipe_id"], lines.name, lines.role, strict=True
    ):
        if role & LENGTHENER:
            long[recipe_id].add(lines.names[name])
    all_names = set().union(*long.values())
    assert "Soda Water" in all_names
    assert all_names.isdisjoint(
        {"Gin", "Lime Juice", "Campari", "Sweet Red Vermouth", "Simple Syrup"}
    )
    swaps = 0
    for record in list(queries.compute_recipe_similar()):
        here = long[record["recipe_id"]]
        for other in record["similar"]:
            there = long[other["recipe_id"]]
            for step in other["steps"]:
                if step["kind"] == "swap":
                    swaps += 1
                    assert (step["from"] in here) == (step["to"] in there), step
    assert swaps > 300


def test_published_records_are_canonical_json(sample: Dataset) -> None:
    odd = ' "1" \\ \u2028\t\u00e9'
    dataset = replace(
        sample,
        recipes=sample.recipes.assign(name=sample.recipes["name"] + odd),
        ingredients=sample.ingredients.assign(name=sample.ingredients["name"] + odd),
        units=sample.units.assign(abbreviation=odd),
    )
    for recipe_id, record in Analysis(dataset).recipe_similar_json():
        found = json.loads(record)
        assert to_bytes(found).decode() == record
        assert found["recipe_id"] == recipe_id
        for other in found["similar"]:
            assert other["recipe_name"].endswith(odd)
            assert all(kept["name"].endswith(odd) for kept in other["keep"])


def test_one_recipe_has_no_neighbors(sample: Dataset) -> None:
    lines = sample.recipe_ingredients
    dataset = replace(
        sample,
        recipes=sample.recipes.head(1),
        recipe_ingredients=lines[lines["recipe_id"] == sample.recipes["id"].iloc[0]],
    )
    analysis = Analysis(dataset)
    assert [record["similar"] for record in analysis.compute_recipe_similar()] == [[]]


def test_substitutes_are_family_first(queries: AnalyticsQueries) -> None:
    records = queries.compute_ingredient_substitutes()
    assert len(records) == len(queries.learn_ground_metric().ingredients)
    ratings = ["excellent", "good", "in a pinch"]
    for record in records:
        found = record["substitutes"]
        assert (record["verdict"] == "none") == (not found)
        order = [
            (other["relation"] == "swap", ratings.index(other["rating"]), -other["rate"])
            for other in found
        ]
        assert order == sorted(order)
        assert record["ingredient_id"] not in {other["ingredient_id"] for other in found}
        for other in found:
            assert 0 <= other["low"] <= other["rate"] <= other["high"]
            assert other["weak"] == (other["support"] < 3)
            # Without family, only evidence counts.
            assert other["relation"] != "swap" or other["support"] >= 3


def test_rolled_up_kind_lists_its_members(queries: AnalyticsQueries) -> None:
    record = _named(queries.compute_ingredient_substitutes(), "ingredient", "Orange Liqueur")
    assert {"Cointreau", "Triple Sec"} <= set(record["members"])
    names = {other["ingredient_name"] for other in record["substitutes"]}
    assert names.isdisjoint(record["members"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Campari", "Aperol"),
        ("Lime Juice", "Lemon Juice"),
        ("Rye Whiskey", "Bourbon Whiskey"),
        ("Gin", "London Dry Gin"),
    ],
)
def test_bartenders_first_choice_is_on_top(
    queries: AnalyticsQueries, name: str, expected: str
) -> None:
    found = _named(queries.compute_ingredient_substitutes(), "ingredient", name)["substitutes"]
    assert expected in [other["ingredient_name"] for other in found[:2]]


@pytest.mark.parametrize(
    ("name", "absurd"),
    [
        ("Gin", {"Soda Water", "Lime Juice", "Simple Syrup"}),
        ("Lemon Juice", {"Sweet Red Vermouth", "Gin", "Simple Syrup"}),
        ("Soda Water", {"Gin", "Campari", "Lime Juice"}),
        ("Orange Liqueur", {"London Dry Gin", "Gin", "Lime Juice"}),
        ("Simple Syrup", {"Gin", "White Rum", "Lemon Juice"}),
    ],
)
def test_absurd_substitutes_are_absent(
    queries: AnalyticsQueries, name: str, absurd: set[str]
) -> None:
    found = _named(queries.compute_ingredient_substitutes(), "ingredient", name)["substitutes"]
    assert absurd.isdisjoint(other["ingredient_name"] for other in found)


def test_no_good_substitute_is_said(queries: AnalyticsQueries) -> None:
    record = _named(queries.compute_ingredient_substitutes(), "ingredient", "Egg White")
    assert (record["verdict"], record["substitutes"]) == ("none", [])


def test_an_empty_database_has_none(make_database: Callable[[Dataset | None], Database]) -> None:
    empty = AnalyticsQueries(make_database(None))
    assert list(empty.compute_recipe_similar()) == []
    assert empty.compute_ingredient_substitutes() == []
