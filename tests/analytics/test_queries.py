"""What AnalyticsQueries answers, against independent countings."""

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, text

from api.analysis.complexity import complexity_distribution
from api.analysis.ingredient_tree import tree_with_counts
from api.analysis.usage import ingredient_usage, usage_records
from api.analysis.volumes import line_volumes_ml
from api.db.database import Database
from api.db.dataset import build_dataset, read_dataset
from api.db.db_analytics import AnalyticsQueries
from api.db.errors import DatasetError
from api.db.fingerprint import database_fingerprint, dataset_fingerprint
from api.db.frames import Dataset
from api.db.write import write_dataset

MakeDatabase = Callable[[Dataset | None], Database]


@pytest.fixture
def real(real_db_path: Path) -> AnalyticsQueries:
    return AnalyticsQueries(Database(URL.create("sqlite", database=str(real_db_path))))


@pytest.fixture
def of_sample(make_database: MakeDatabase, sample: Dataset) -> AnalyticsQueries:
    return AnalyticsQueries(make_database(sample))


def test_usage_of_the_real_data_equals_sql(real: AnalyticsQueries, real_db_path: Path) -> None:
    uri = f"file:{real_db_path}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        expected = {
            row[0]: row[1:]
            for row in connection.execute(
                """
                SELECT i.id, i.name, i.path, i.parent_id,
                  (SELECT count(DISTINCT recipe_id) FROM recipe_ingredients
                   WHERE ingredient_id = i.id),
                  (SELECT count(DISTINCT recipe_id) FROM recipe_ingredients r
                   JOIN ingredients d ON d.id = r.ingredient_id
                   WHERE substr(d.path, 1, length(i.path)) = i.path),
                  EXISTS (SELECT 1 FROM ingredients c WHERE c.parent_id = i.id)
                FROM ingredients i
                """
            )
        }
    found = real.get_ingredient_usage_stats(all_ingredients=True)
    assert {record["ingredient_id"]: tuple(record.values())[1:] for record in found} == expected
    counts = [record["hierarchical_usage"] for record in found]
    assert counts == sorted(counts, reverse=True)


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[int | None], list[tuple[int, int]]]:
    n = draw(st.integers(1, 12))
    parents = [draw(st.none() | st.integers(0, i - 1)) if i else None for i in range(n)]
    lines = draw(st.lists(st.tuples(st.integers(1, 5), st.integers(0, n - 1)), max_size=25))
    return parents, lines


@settings(deadline=None)
@given(forests())
def test_usage_equals_counting_sets(data: tuple[list[int | None], list[tuple[int, int]]]) -> None:
    parents, lines = data
    paths: list[str] = []
    for number, parent in enumerate(parents):
        paths.append(f"{'/' if parent is None else paths[parent]}{number + 1}/")
    frame = pd.DataFrame(
        {
            "id": range(1, len(parents) + 1),
            "name": [f"n{i}" for i in range(len(parents))],
            "path": paths,
            "parent_id": pd.array([None if p is None else p + 1 for p in parents], dtype="Int64"),
        }
    )
    used = pd.DataFrame(
        [(recipe, node + 1) for recipe, node in lines], columns=["recipe_id", "ingredient_id"]
    ).astype("int64")
    for record in usage_records(ingredient_usage(frame, used)):
        node = record["ingredient_id"] - 1
        below = {i for i, path in enumerate(paths) if path.startswith(paths[node])}
        assert record["direct_usage"] == len({r for r, i in lines if i == node})
        assert record["hierarchical_usage"] == len({r for r, i in lines if i in below})
        assert record["has_children"] == (node in parents)


def test_usage_of_the_roots_and_of_children(of_sample: AnalyticsQueries) -> None:
    roots = of_sample.get_ingredient_usage_stats()
    assert roots
    assert {record["parent_id"] for record in roots} == {None}
    spirits = next(record for record in roots if record["ingredient_name"] == "Spirits")
    children = of_sample.get_ingredient_usage_stats(parent_id=spirits["ingredient_id"])
    assert "Whiskey" in {record["ingredient_name"] for record in children}
    assert {record["parent_id"] for record in children} == {spirits["ingredient_id"]}
    everything = of_sample.get_ingredient_usage_stats(all_ingredients=True)
    assert len(everything) == len(of_sample.dataset.ingredients)
    assert of_sample.get_ingredient_usage_stats(parent_id=10**9) == []


def test_complexity_of_the_real_data(real: AnalyticsQueries) -> None:
    # SELECT n, count(*) FROM (SELECT count(DISTINCT ingredient_id) n ... GROUP BY recipe_id)
    assert real.get_recipe_complexity_distribution() == [
        {"ingredient_count": n, "recipe_count": count}
        for n, count in [
            (2, 9), (3, 134), (4, 248), (5, 181), (6, 74), (7, 20), (8, 7), (9, 3), (10, 2),
        ]
    ]  # fmt: skip


def test_complexity_counts_an_ingredient_once() -> None:
    lines = pd.DataFrame({"recipe_id": [1, 1, 1, 2], "ingredient_id": [5, 5, 6, 5]})
    assert complexity_distribution(lines) == [
        {"ingredient_count": 1, "recipe_count": 1},
        {"ingredient_count": 2, "recipe_count": 1},
    ]
    assert complexity_distribution(lines.iloc[:0]) == []


def test_volumes_follow_the_conventions() -> None:
    units = pd.DataFrame(
        {
            "id": [1, 2, 3, 4, 5],
            "name": ["Ounce", "to top", "To Rinse", "Each", "to top "],
            "conversion_to_ml": [30.0, None, None, None, 50.0],
        }
    )
    lines = pd.DataFrame(
        [(1, 2.0, 60), (2, None, 90), (2, 0.0, 90), (3, 1.0, 5), (4, 3.0, 3), (None, 2.0, 2),
         (None, None, 1), (1, None, 30), (1, 0.0, 0), (5, 2.0, 100)],
        columns=["unit_id", "amount", "expected"],
    )  # fmt: skip
    lines["unit_id"] = lines["unit_id"].astype("Int64")
    assert line_volumes_ml(lines, units).tolist() == lines["expected"].tolist()


def test_tree_has_every_ingredient_with_its_counts(of_sample: AnalyticsQueries) -> None:
    usage = of_sample.get_ingredient_usage_stats(all_ingredients=True)
    tree = tree_with_counts(usage, 101)
    assert (tree["id"], tree["name"], tree["hierarchical_recipe_count"]) == (
        "root",
        "All Ingredients",
        101,
    )
    found: dict[str, tuple[int, int, str | None]] = {}

    def walk(node: dict[str, Any], parent: str | None) -> None:
        for child in node.get("children", []):
            found[child["id"]] = (
                child["recipe_count"],
                child["hierarchical_recipe_count"],
                parent,
            )
            walk(child, child["id"])

    walk(tree, None)
    assert found == {
        str(record["ingredient_id"]): (
            record["direct_usage"],
            record["hierarchical_usage"],
            None if record["parent_id"] is None else str(record["parent_id"]),
        )
        for record in usage
    }


@pytest.mark.parametrize("which", ["manhattan", "em"])
def test_a_map_places_every_recipe(of_sample: AnalyticsQueries, which: str) -> None:
    points = (
        of_sample.compute_cocktail_space_umap()
        if which == "manhattan"
        else of_sample.compute_cocktail_space_umap_em()
    )
    recipes = of_sample.dataset.recipes
    assert [(p["recipe_id"], p["recipe_name"]) for p in points] == list(
        zip(recipes["id"], recipes["name"], strict=True)
    )
    assert len({(p["x"], p["y"]) for p in points}) > 0.9 * len(points)
    negroni = next(p for p in points if p["recipe_name"] == "Negroni")
    assert sorted(negroni["ingredients"]) == ["Campari", "Gin", "Sweet Red Vermouth"]
    fizz = next(p for p in points if p["recipe_name"] == "John Collins")
    assert fizz["ingredients"] == ["Soda Water", "Gin", "Lemon Juice", "Simple Syrup"]


def _distance(points: list[dict[str, Any]], one: str, other: str) -> float:
    at = {p["recipe_name"]: (p["x"], p["y"]) for p in points}
    return math.dist(at[one], at[other])


def test_relatives_lie_closer_than_strangers(of_sample: AnalyticsQueries) -> None:
    manhattan = of_sample.compute_cocktail_space_umap()
    learned = of_sample.compute_cocktail_space_umap_em()
    for points in (manhattan, learned):
        relatives = _distance(points, "Negroni", "Boulevardier")
        assert relatives < _distance(points, "Negroni", "Piña Colada")
    # They share one of three ingredients: where a map of 101 recipes puts them is chance.
    metric = of_sample.learn_ground_metric()
    names = metric.recipes.names
    nearest = metric.fit.neighbors.indices[names.index("Sidecar")]
    assert "Margarita" in {names[other] for other in nearest}


def test_rollup_makes_brands_one(of_sample: AnalyticsQueries) -> None:
    metric = of_sample.learn_ground_metric()
    names = set(metric.ingredients.names)
    assert "Orange Liqueur" in names
    assert names.isdisjoint({"Cointreau", "Triple Sec"})
    assert metric.volumes.sum(axis=1) == pytest.approx(1.0)


def test_two_recipes_of_one_name_stay_two(make_database: MakeDatabase, sample: Dataset) -> None:
    first = sample.recipes.iloc[0]
    double = pd.concat([sample.recipes, first.to_frame().T.assign(id=999)], ignore_index=True)
    double["id"] = double["id"].astype("int64")
    lines = sample.recipe_ingredients
    copied = lines[lines["recipe_id"] == first["id"]].assign(recipe_id=999)
    copied["id"] += 10_000
    both = Dataset(
        **{
            **vars(sample),
            "recipes": double,
            "recipe_ingredients": pd.concat([lines, copied], ignore_index=True),
        }
    )
    queries = AnalyticsQueries(make_database(both))
    for points in (queries.compute_cocktail_space_umap(), queries.compute_cocktail_space_umap_em()):
        assert Counter(p["recipe_name"] for p in points)[first["name"]] == 2
        assert len(points) == len(sample.recipes) + 1


def test_all_answers_come_from_one_reading(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(sample)
    queries = AnalyticsQueries(database)
    before = queries.get_recipe_complexity_distribution()
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM recipe_ingredients"))
    database.dispose()
    assert queries.get_recipe_complexity_distribution() == before
    assert AnalyticsQueries(database).get_recipe_complexity_distribution() == []


def test_invalid_rows_fail_with_their_ids(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(sample)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE ingredients SET parent_id = 4 WHERE id = 4"))
    database.dispose()
    with pytest.raises(DatasetError, match="id 4, parent_id"):
        AnalyticsQueries(database)


def test_both_kinds_of_database_give_the_same(
    make_database: MakeDatabase, postgresql: Database, sample: Dataset
) -> None:
    with postgresql.engine.begin() as connection:
        write_dataset(connection, sample)
    embedded, server = (AnalyticsQueries(db) for db in (make_database(sample), postgresql))
    assert _fingerprint(embedded.db) == _fingerprint(server.db)
    assert embedded.get_ingredient_usage_stats() == server.get_ingredient_usage_stats()
    assert embedded.compute_cocktail_space_umap_em() == server.compute_cocktail_space_umap_em()


@pytest.mark.parametrize(
    ("table", "column", "value", "matters"),
    [
        ("recipe_ingredients", "amount", 3.25, True),
        ("recipes", "name", "Renamed", True),
        ("ingredients", "allow_substitution", True, True),
        ("units", "conversion_to_ml", 28.0, True),
        ("recipes", "instructions", "Shake harder.", False),
    ],
)
def test_fingerprint_changes_with_what_matters(
    make_database: MakeDatabase,
    sample: Dataset,
    table: str,
    column: str,
    value: object,
    matters: bool,
) -> None:
    database = make_database(sample)
    before = _fingerprint(database)
    with database.engine.begin() as connection:
        connection.execute(
            text(f"UPDATE {table} SET {column} = :value WHERE id = 1"), {"value": value}
        )
    database.dispose()
    assert (_fingerprint(database) != before) == matters


@pytest.mark.parametrize(
    ("statement", "matters"),
    [
        ("UPDATE recipe_ingredients SET amount = NULL WHERE id = 1", True),
        ("UPDATE recipe_ingredients SET unit_id = NULL WHERE id = 1", True),
        ("UPDATE recipe_ingredients SET unit_id = CAST(unit_id AS REAL)", False),
        ("UPDATE recipe_ingredients SET ingredient_id = 2.0 WHERE ingredient_id = 2", False),
        ("UPDATE ingredients SET path = '/'", False),
        ("UPDATE recipes SET name = CAST(name AS BLOB)", False),
        ("INSERT INTO recipe_ingredients (recipe_id, ingredient_id) VALUES (987654, 1)", False),
        ("ALTER TABLE ingredients DROP COLUMN description", False),
    ],
)
def test_fingerprint_of_rows_that_are_odd(
    make_database: MakeDatabase, sample: Dataset, statement: str, matters: bool
) -> None:
    database = make_database(sample)
    before = _fingerprint(database)
    assert database.sqlite_path is not None
    with closing(sqlite3.connect(database.sqlite_path)) as connection, connection:
        connection.execute(statement)
    assert (_fingerprint(database) != before) == matters


def _fingerprint(database: Database) -> str:
    """Return the fingerprint, computed in both ways."""
    with database.snapshot() as connection:
        dataset = read_dataset(connection)
        stored = database_fingerprint(connection)
    assert stored == dataset_fingerprint(dataset)
    return stored


@pytest.mark.parametrize("recipes", range(6))
def test_few_recipes_have_a_sensible_layout(make_database: MakeDatabase, recipes: int) -> None:
    lines: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for recipe in range(1, recipes + 1):
        lines["recipes"].append({"id": recipe, "name": f"r{recipe}"})
        for ingredient in (1, 2):
            lines["recipe_ingredients"].append(
                {
                    "id": 10 * recipe + ingredient,
                    "recipe_id": recipe,
                    "ingredient_id": ingredient,
                    "unit_id": 1,
                    "amount": recipe if ingredient == 1 else 2,
                }
            )
    dataset = build_dataset(
        {
            "units": [{"id": 1, "name": "Ounce", "conversion_to_ml": 30}],
            "ingredients": [
                {"id": 1, "name": "Gin", "path": "/1/"},
                {"id": 2, "name": "Tonic", "path": "/2/"},
            ],
            **lines,
        }
    )
    queries = AnalyticsQueries(make_database(dataset))
    for points in (queries.compute_cocktail_space_umap(), queries.compute_cocktail_space_umap_em()):
        assert len(points) == recipes
        assert len({(p["x"], p["y"]) for p in points}) == recipes


def test_recipes_without_volume_are_left_out_and_named(
    make_database: MakeDatabase, sample: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    database = make_database(sample)
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO recipes (id, name) VALUES (500, 'Draft')"))
    database.dispose()
    points = AnalyticsQueries(database).compute_cocktail_space_umap()
    assert len(points) == len(sample.recipes)
    assert "Draft (500)" in caplog.text
