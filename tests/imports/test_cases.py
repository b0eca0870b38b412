"""Every input that failed when the product was tried as its users would, and a whole collection."""

import csv
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from api.db.catalog import recipes
from api.db.database import Database
from api.db.exchange.drafts import Collection, RecipeRow, Row
from api.db.exchange.importing import import_collection
from api.db.exchange.planning import ImportPlan, plan_import
from api.db.exchange.sources import read_paths
from api.db.frames import Dataset

SHARED = Path(__file__).parents[3] / "shared" / "data"
MakeDatabase = Callable[[Dataset | None], Database]

Line = tuple[str, float | None, str | None]


def _case(name: str) -> Path:
    path = SHARED / "cases" / name
    if not path.is_file():
        pytest.skip("the cases are not on this machine")
    return path


def _imported(database: Database, name: str) -> tuple[ImportPlan, dict[str, list[Line]]]:
    plan = import_collection(database, read_paths([_case(name)]))
    with database.snapshot() as connection:
        ids = [number for (number,) in connection.exec_driver_sql("SELECT id FROM recipes")]
        found = recipes.get_recipes(connection, ids)
    return plan, {
        one.name: [(x.ingredient_name, x.amount, x.unit_name) for x in one.ingredients]
        for one in found
    }


def _kinds(database: Database, ingredient: str) -> list[str]:
    """Return an ingredient's ancestors, the nearest first."""
    query = """WITH RECURSIVE up(id, name, parent_id) AS (
        SELECT id, name, parent_id FROM ingredients WHERE name = ?
        UNION ALL SELECT i.id, i.name, i.parent_id FROM ingredients i JOIN up ON i.id = up.parent_id
    ) SELECT name FROM up"""
    with closing(sqlite3.connect(str(database.sqlite_path))) as connection:
        return [name for (name,) in connection.execute(query, (ingredient,))][1:]


def test_nine_ways_to_write_an_amount(make_database: MakeDatabase, sample: Dataset) -> None:
    plan, lines = _imported(make_database(sample), "measures.csv")
    assert plan.report.unread == []
    assert (
        lines
        | {
            "A": [("Gin", 1.5, "Ounce")],
            "B": [("Gin", 0.5, "Ounce")],
            "C": [("Gin", 1.5, "Teaspoon")],
            "D": [("Gin", 2.0, "Ounce")],
            "E": [("Gin", 2.0, "Dash")],
            "F": [("Gin", 4.0, "Centiliter")],
            "G": [("Soda Water", None, "to top")],
            "H": [("Gin", 1.0, "Part")],
            "I": [("Soda Water", 1.0, "Splash")],
        }
        == lines
    )


def test_csv_adds_an_ingredient(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(sample)
    _, lines = _imported(database, "csv_new_ingredient.csv")
    assert lines["My Drink"] == [("Clairin", 60.0, "Milliliter")]
    assert "Rum" in _kinds(database, "Clairin")


def test_accents_do_not_count(make_database: MakeDatabase, sample: Dataset) -> None:
    plan, lines = _imported(make_database(sample), "accents.json")
    assert lines["My Kir"] == [("Crème de Cassis", 10.0, "Milliliter")]
    assert lines["My Caip"] == [("Cachaça", 60.0, "Milliliter")]
    assert lines["My Manhattan"] == [("Sweet Red Vermouth", 30.0, "Milliliter")]
    assert plan.report.ingredients_created == []


@pytest.mark.parametrize(
    ("name", "recipe", "line"),
    [
        ("excel_semicolon.csv", "Daiquiri X", ("White Rum", 60.0, "Milliliter")),
        ("excel_cp1252.csv", "Café X", ("Gin", 30.0, "Milliliter")),
        ("decimal_comma.csv", "Decimal comma", ("Gin", 4.5, "Centiliter")),
    ],
)
def test_european_spreadsheets_are_read(
    make_database: MakeDatabase, sample: Dataset, name: str, recipe: str, line: Line
) -> None:
    _, lines = _imported(make_database(sample), name)
    assert lines[recipe] == [line]


def test_thecocktaildb_is_read(make_database: MakeDatabase, sample: Dataset) -> None:
    plan, lines = _imported(make_database(sample), "thecocktaildb_one.json")
    assert plan.report.shape == "TheCocktailDB (JSON)"
    assert lines["My Sour"] == [
        ("White Rum", 1.5, "Ounce"),
        ("Lime Juice", 15.0, "Milliliter"),
        ("Sugar", 1.5, "Teaspoon"),
        ("Soda Water", None, "to top"),
    ]


def test_schema_org_is_read(make_database: MakeDatabase, sample: Dataset) -> None:
    plan, lines = _imported(make_database(sample), "schema_org_one.json")
    assert "schema.org" in plan.report.shape
    assert lines["My Martini"] == [
        ("Gin", 60.0, "Milliliter"),
        ("Dry Vermouth", 0.5, "Ounce"),
        ("Orange Bitters", 2.0, "Dash"),
        ("Lemon Peel", 1.0, "Each"),
    ]


def test_bar_assistant_is_read(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(sample)
    plan, lines = _imported(database, "barassistant_one.json")
    assert "Bar Assistant" in plan.report.shape
    assert lines["My Cobbler"] == [("Gin", 45.0, "Milliliter"), ("Soda Water", None, "to top")]
    with closing(sqlite3.connect(str(database.sqlite_path))) as connection:
        (how,) = connection.execute(
            "SELECT instructions FROM recipes WHERE name = 'My Cobbler'"
        ).fetchone()
        texts = [text for (text,) in connection.execute(
            "SELECT original_text FROM recipe_ingredients WHERE original_text IS NOT NULL"
        )]  # fmt: skip
    assert how == "Shake.\nGlass: Wine.\nMethod: Shake.\nGarnish: Orange slice."
    assert texts == ["45 ml Gin (or Old Tom Gin)", "1 topup Club soda (optional)"]


def test_flat_ingredients_find_their_spirit(make_database: MakeDatabase) -> None:
    database = make_database(None)
    _, lines = _imported(database, "flat_no_spirit.json")
    assert [line[0] for line in lines["Daiquiri"]] == ["White Rum", "Lime Juice", "Simple Syrup"]
    assert _kinds(database, "White Rum") == ["Rum", "Spirits"]
    assert "Spirits" in _kinds(database, lines["Whiskey Sour"][0][0])


def test_a_collection_imports_whole(make_database: MakeDatabase) -> None:
    path = SHARED / "collections" / "cocktails-long.csv"
    if not path.is_file():
        pytest.skip("cocktails-long.csv is not on this machine")
    database = make_database(None)
    report = import_collection(database, read_paths([path])).report
    assert (report.created, report.lines) == (546, 2103)
    assert report.placed >= 0.9 * report.lines
    assert len(report.unread) <= 0.01 * report.lines
    again = import_collection(database, read_paths([path])).report
    assert (again.created, again.unchanged, again.ingredients_created) == (0, 546, [])


def test_sampled_lines_are_placed_right() -> None:
    """Judged by reading: 200 lines drawn at random from cocktails-long.csv."""
    with (Path(__file__).parent / "sample-200.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    recipes_ = [
        RecipeRow(str(number), {"name": str(number)}, lines=[
            Row(str(number), {"ingredient": row["written"], "measure": row["measure"]})
        ])
        for number, row in enumerate(rows)
    ]  # fmt: skip
    plan = plan_import(Collection("sample", recipes=recipes_))
    found = [recipe.lines[0].fields["ingredient"] for recipe in plan.collection.recipes
             if recipe.lines]  # fmt: skip
    wrong = [
        (row["written"], ingredient)
        for row, ingredient in zip(rows, found, strict=True)
        if ingredient != row["expected"]
    ]
    assert len(rows) == 200
    assert len(wrong) <= 10, wrong
