"""Imports lose nothing, change nothing when they fail, and round-trip whatever is exported."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, text

from api.db.database import Database
from api.db.dataset import build_dataset, read_dataset
from api.db.errors import DatabaseError, DatasetError
from api.db.exchange.export_files import to_json_document, write_csv_directory
from api.db.exchange.importing import import_collection, replace_all
from api.db.exchange.mapping import Mapping, Target, read_mapping, write_mapping
from api.db.exchange.planning import plan_import
from api.db.exchange.report import summary
from api.db.exchange.sources import read_bytes, read_paths
from api.db.exchange.sources.own_csv import read_csv_directory
from api.db.frames import Dataset

MakeDatabase = Callable[[Dataset | None], Database]
TWO = json.dumps({"recipes": [
    {"name": "Negroni", "ingredients": ["3 cl gin"]},
    {"name": "House Sour", "ingredients": ["6 cl Old Grogram rum", "1 oz zorbl", "1 oz of Gin"]},
]}).encode()  # fmt: skip


def _digest(database: Database) -> str:
    assert database.sqlite_path is not None
    return hashlib.sha256(database.sqlite_path.read_bytes()).hexdigest()


def _dataset(database: Database) -> Dataset:
    with database.snapshot() as connection:
        return read_dataset(connection)


def _ingredients(database: Database) -> dict[str, str | None]:
    """Return each ingredient's parent."""
    frame = _dataset(database).ingredients
    names = dict(zip(frame["id"], frame["name"], strict=True))
    return {
        name: names.get(parent)
        for name, parent in zip(names.values(), frame["parent_id"], strict=True)
    }


def test_existing_recipes_are_skipped(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(sample)
    before = to_json_document(_dataset(database))
    report = import_collection(database, read_bytes(TWO, "x")).report
    assert (report.created, report.skipped) == (1, ["Negroni"])
    after = json.loads(to_json_document(_dataset(database)))
    old = json.loads(before)
    assert after["recipes"][: len(old["recipes"])] == old["recipes"]
    assert after["ingredients"][: len(old["ingredients"])] == old["ingredients"]


def test_impossible_amounts_are_listed(make_database: MakeDatabase) -> None:
    rows = "A,Gin,1e400,ml\nA,Lime Juice,-3,oz\nA,Campari,2,oz\n"
    source = read_bytes(f"cocktail,ingredient,amount,unit\n{rows}".encode(), "x")
    database = make_database(None)
    report = import_collection(database, source).report
    assert [line.text for line in report.unread] == ["1e400 ml Gin", "-3 oz Lime Juice"]
    amounts = _dataset(database).recipe_ingredients["amount"]
    assert (amounts.isna().tolist(), amounts[2]) == ([True, True, False], 2)


def test_unknown_names_are_placed_visibly(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(sample)
    report = import_collection(database, read_bytes(TWO, "x")).report
    parents = _ingredients(database)
    assert parents["Old Grogram rum"] == "Rum"
    assert (parents["zorbl"], parents["Unsorted"]) == ("Unsorted", None)
    assert [one.written for one in report.unsorted] == ["zorbl"]
    assert [one.written for one in report.guessed] == ["Old Grogram rum"]


def test_a_dry_run_changes_no_byte(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(sample)
    before = _digest(database)
    report = import_collection(database, read_bytes(TWO, "x"), dry_run=True).report
    assert (report.dry_run, report.created) == (True, 1)
    assert (
        replace_all(database, read_bytes(TWO, "x"), dry_run=True).report.replaced["recipes"] == 101
    )
    database.dispose()
    assert _digest(database) == before


GIN = {"ingredient": "Gin", "amount": 1}


def _own(*recipes: dict[str, Any]) -> dict[str, Any]:
    return {"units": [], "ingredients": [{"name": "Gin"}], "recipes": recipes}


@pytest.mark.parametrize(
    "bad",
    [{"name": "x" * 300}, {"name": "y", "ingredients": [GIN] * 101}, {"name": "\x00"}],
)
def test_a_failed_import_changes_no_byte(
    make_database: MakeDatabase, sample: Dataset, bad: dict[str, Any]
) -> None:
    database = make_database(sample)
    before = _digest(database)
    source = json.dumps(_own({"name": "A", "ingredients": [GIN]}, {"ingredients": [GIN], **bad}))
    with pytest.raises(DatasetError):
        import_collection(database, read_bytes(source.encode(), "x"))
    database.dispose()
    assert _digest(database) == before


def test_a_failed_import_creates_no_file(tmp_path: Path) -> None:
    database = Database(URL.create("sqlite", database=str(tmp_path / "new.db")))
    source = json.dumps(_own({"name": "x" * 300, "ingredients": [GIN]}))
    with pytest.raises(DatasetError):
        import_collection(database, read_bytes(source.encode(), "x"))
    assert list(tmp_path.iterdir()) == []
    import_collection(database, read_bytes(TWO, "x"), dry_run=True)
    assert list(tmp_path.iterdir()) == []
    assert import_collection(database, read_bytes(TWO, "x")).report.created == 2
    assert [path.name for path in tmp_path.iterdir()] == ["new.db"]


def test_replacing_keeps_a_backup(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(sample)
    before = to_json_document(_dataset(database))
    report = replace_all(database, read_bytes(TWO, "x")).report
    assert report.replaced["recipes"] == 101
    assert sorted(_dataset(database).recipes["name"]) == ["House Sour", "Negroni"]
    assert report.backup is not None
    kept = Database(URL.create("sqlite", database=report.backup))
    assert to_json_document(_dataset(kept)) == before


def test_a_mapping_is_written_and_read_back(tmp_path: Path) -> None:
    database = Database(URL.create("sqlite", database=str(tmp_path / "c.db")))
    plan = import_collection(database, read_bytes(TWO, "x"), dry_run=True)
    path = tmp_path / "mapping.yaml"
    write_mapping(path, plan.names)
    assert "zorbl: zorbl  # unsorted" in path.read_text()
    found = read_mapping(path)
    assert found.ingredients["zorbl"] == Target("zorbl")
    corrected = Mapping(
        {"zorbl": Target("Campari"), "old grogram rum": Target("Grog", "Dark Rum"), "gin": None}
    )
    report = import_collection(database, read_bytes(TWO, "x"), mapping=corrected).report
    assert report.unsorted == []
    parents = _ingredients(database)
    assert parents["Grog"] == "Dark Rum"
    assert "Campari" in parents
    assert "Gin" not in parents


@pytest.mark.parametrize("content", ["a: 1", "ingredients: [x]", "ingredients: {a: {b: c}}", "{"])
def test_invalid_mappings_are_explained(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(content)
    with pytest.raises(DatabaseError, match="mapping"):
        read_mapping(path)


def test_one_odd_row_refuses_no_collection(make_database: MakeDatabase) -> None:
    rows = [
        ("Negr\u043eni", "C\u0430mpari", "30 ml"),  # Cyrillic letters among Latin ones
        ("Gimlet", "Gin", "60 ml"),
        ("Gimlet", "", "20 ml"),
        ("Fizz, long", "Gin", "30 ml"),  # nobody quoted it
        ("\u200b", "Gin", "30 ml"),
        ("N" * 300, "Gin", "30 ml"),
        *(("Punch", f"Rum {number}", "1 ml") for number in range(101)),
    ]
    text = "recipe,ingredient,measure\n" + "\n".join(map(",".join, rows))
    report = import_collection(make_database(None), read_bytes(text.encode(), "x")).report
    assert report.created == 4
    notes = "\n".join(report.notes)
    for said in (
        "line 2: recipe 'Negr\u043eni' was changed to 'Negroni'",
        "line 2: ingredient 'C\u0430mpari' was changed to 'Campari'",
        "line 4 was left out: it names no ingredient",
        "line 5 was left out: The row has 4 cells",
        "line 6 was left out: it names no recipe",
        "line 7: recipe 'NNN",
        "only the first 100 of 101 ingredients",
    ):
        assert said in notes


def test_odd_texts_of_others_are_cleaned(make_database: MakeDatabase) -> None:
    recipe = {
        "name": "Kir\u202e\x00",
        "image": "data:image/png;base64,x",
        "url": "www.example.com/a",
        "author": "x" * 900,
        "tags": ["t" * 200, "dry"],
        "ingredients": ["1 oz " + "z" * 300],
    }
    database = make_database(None)
    report = import_collection(database, read_bytes(json.dumps([recipe]).encode(), "x")).report
    (row,) = _dataset(database).recipes.to_dict("records")
    assert (row["name"], row["image_url"], row["source_url"]) == (
        "Kir",
        None,
        "https://www.example.com/a",
    )
    assert len(row["source"]) == 500
    assert report.tags_created == 2
    assert len(report.notes) == 4


RATED = build_dataset(
    {
        "units": [{"id": 3, "name": "Ounce", "conversion_to_ml": 29.5735}],
        "ingredients": [
            {"id": 5, "name": "Spirits", "path": "/5/"},
            {"id": 9, "name": "Gin", "parent_id": 5, "path": "/5/9/"},
        ],
        "recipes": [{"id": 4, "name": "Sour"}, {"id": 8, "name": "Sour"}],
        "recipe_ingredients": [
            {"id": 2, "recipe_id": 4, "ingredient_id": 9, "unit_id": 3, "amount": 2.0,
             "original_text": "2 oz gin, chilled"},
            {"id": 6, "recipe_id": 8, "ingredient_id": 9, "unit_id": 3, "amount": 1.5},
        ],
        "tags": [{"id": 1, "name": "a;b"}, {"id": 2, "name": "c, d"}],
        "recipe_tags": [{"recipe_id": 4, "tag_id": 1}, {"recipe_id": 4, "tag_id": 2}],
        "ratings": [{"id": 1, "recipe_id": 4, "user_id": "u", "rating": 5,
                     "created_at": "2024-01-31T18:00:00+01:00"}],
    }
)  # fmt: skip


def test_files_round_trip_between_databases(database: Database, tmp_path: Path) -> None:
    write_csv_directory(RATED, tmp_path / "out")
    import_collection(database, read_csv_directory(tmp_path / "out"))
    first = to_json_document(_dataset(database))
    time = str(_dataset(database).ratings["created_at"][0])
    assert time.replace("T", " ").startswith("2024-01-31 17:00:00"), "an offset is not dropped"
    other = Database(URL.create("sqlite", database=str(tmp_path / "other.db")))
    (tmp_path / "first.json").write_text(first, encoding="utf-8")
    import_collection(other, read_paths([tmp_path / "first.json"]))
    write_csv_directory(_dataset(other), tmp_path / "again")
    with database.engine.begin() as connection:
        for table in ("recipe_tags", "tags", "ratings", "recipe_ingredients", "recipes"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("UPDATE ingredients SET parent_id = NULL"))
        connection.execute(text("DELETE FROM ingredients"))
        connection.execute(text("DELETE FROM units"))
    import_collection(database, read_paths([tmp_path / "again"]))
    assert to_json_document(_dataset(database)) == first


def test_a_rating_without_a_time_is_from_now(make_database: MakeDatabase) -> None:
    document = {
        "recipes": [{"name": "A"}],
        "ratings": [{"recipe": "A", "user_id": "u", "rating": 4}],
    }
    database = make_database(None)
    report = import_collection(database, read_bytes(json.dumps(document).encode(), "x")).report
    assert report.ratings_created == 1


@pytest.mark.parametrize("into", ["empty", "filled"])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"created_at": "yesterday-ish"}, "'yesterday-ish' is not a time"),
        ({"rating": "five"}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": True}, "rating"),
        ({"rating": None}, "rating"),
    ],
)
def test_invalid_ratings_are_faults(
    make_database: MakeDatabase, fields: dict[str, Any], message: str, into: str
) -> None:
    rating = {"recipe": "A", "user_id": "u", "rating": 4} | fields
    document = {"recipes": [{"name": "A", "instructions": 5}], "ratings": [rating]}
    database = make_database(None)
    if into == "filled":
        import_collection(database, read_bytes(b'{"recipes": [{"name": "B"}]}', "b.json"))
    with pytest.raises(DatasetError, match=message):
        import_collection(database, read_bytes(json.dumps(document).encode(), "x"))
    document["ratings"] = []
    import_collection(database, read_bytes(json.dumps(document).encode(), "x"))


def test_a_unit_alone_is_no_amount() -> None:
    line = {"ingredient": "Gin", "amount": "abc", "unit": "oz"}
    recipe = {"name": "A", "ingredients": [line]}
    for document in (recipe, {"recipes": [recipe]}):
        plan = plan_import(read_bytes(json.dumps(document).encode(), "x.json"))
        [unread] = plan.report.unread
        assert unread.ingredient == "Gin"
        lines = plan.collection.recipes[0].lines or []
        assert lines[0].fields["amount"] is None


@pytest.mark.parametrize("into", ["empty", "filled"])
def test_names_without_a_tree_are_merged(make_database: MakeDatabase, into: str) -> None:
    names = ["Gin", "Pi\u00f1a, fresh", "Light rum", "Rum, light", "Zorbl"]
    document = {
        "ingredients": [{"name": name} for name in names],
        "recipes": [
            {"name": "A", "ingredients": [{"ingredient": "Pi\u00f1a, fresh", "amount": 1}]}
        ],
    }
    source = json.dumps(document).encode()
    database = make_database(None)
    if into == "filled":
        import_collection(database, read_bytes(b'{"recipes": [{"name": "B"}]}', "b.json"))
    report = import_collection(database, read_bytes(source, "names.json")).report
    assert {(one.written, one.ingredient) for one in report.renamed} == {
        ("Pi\u00f1a, fresh", "Pineapple"),
        ("Light rum", "White Rum"),
        ("Rum, light", "White Rum"),
    }
    assert [one.written for one in report.unsorted] == ["Zorbl"]
    assert any("Light rum -> White Rum" in line for line in summary(report))
    with database.snapshot() as connection:
        text_kept = connection.scalar(text("SELECT original_text FROM recipe_ingredients"))
    assert text_kept == "1 Pi\u00f1a, fresh"
    again = import_collection(database, read_bytes(source, "names.json")).report
    assert (again.unchanged, again.ingredients_created) == (1, [])


def test_a_tree_or_a_mapping_keeps_names() -> None:
    placed = {"ingredients": [{"name": "Light rum", "parent": None}]}
    listed = {"ingredients": [{"name": "Light rum"}]}
    mapping = Mapping({"light rum": Target("Light rum", "Rum")})
    for document, decided in ((placed, None), (listed, mapping)):
        source = read_bytes(json.dumps(document).encode(), "names.json")
        plan = plan_import(source, None, decided)
        assert "Light rum" in [row.text("name") for row in plan.collection.ingredients]
        assert plan.report.renamed == []
