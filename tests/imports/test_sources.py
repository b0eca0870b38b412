"""Recipes in the shapes that other programs and people write them, recognized by content."""

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from api.db.errors import DatabaseError
from api.db.exchange.planning import plan_import
from api.db.exchange.sources import read_bytes, read_paths

NEGRONI = [("Gin", 30.0, "Milliliter"), ("Campari", 30.0, "Milliliter"),
           ("Sweet Vermouth", 30.0, "Milliliter")]  # fmt: skip

TEXTS: dict[str, Any] = {
    "list of texts": [{"title": "Negroni", "ingredients": [
        "30 ml gin", "30 ml Campari", "30 ml sweet vermouth"]}],
    "IBA list": [{"name": "Negroni", "glass": "old-fashioned", "category": "Before Dinner",
        "ingredients": [{"unit": "cl", "amount": 3, "ingredient": "Gin"},
                        {"unit": "cl", "amount": 3, "ingredient": "Campari"},
                        {"unit": "cl", "amount": 3, "ingredient": "Vermouth",
                         "label": "Sweet red vermouth"}],
        "garnish": "half an orange slice", "preparation": "Build over ice."}],
    "measure is the unit": {"name": "Negroni", "directions": ["Stir.", "Strain."],
        "keywords": ["bitter"], "ingredients": [
            {"quantity": "30", "measure": "ml", "ingredient": "Gin"},
            {"quantity": "30", "measure": "ml", "ingredient": "Campari"},
            {"quantity": "30", "measure": "ml", "ingredient": "Sweet vermouth"}]},
    "by name": {"Negroni": {"ingredients": {
        "gin": "30 ml", "Campari": "30 ml", "sweet vermouth": "30 ml"}}},
    "names over lists": {"drinks": {"Negroni": [
        "30 ml gin", "30 ml Campari", "30ml red vermouth"]}},
    "parallel lists": {"cocktails": [{"cocktail_name": "Negroni",
        "ingredients": ["gin", "Campari", "sweet vermouth"],
        "measures": ["30 ml", "30 ml", "30 ml"]}]},
    "nested names": {"data": {"recipes": [{"name": "Negroni", "ingredients": [
        {"ingredient": {"name": "Gin"}, "unit": {"name": "ml"}, "amount": 30},
        {"ingredient": {"name": "Campari"}, "unit": {"name": "ml"}, "amount": 30},
        {"ingredient": {"name": "Sweet Vermouth"}, "unit": {"name": "ml"}, "amount": 30}]}]}},
    "pairs": [{"drink": "Negroni", "ingredients": [
        ["gin", "30 ml"], ["Campari", "30 ml"], ["sweet vermouth", "30 ml"]]}],
    "triples": [{"drink": "Negroni", "ingredients": [
        [30, "ml", "gin"], [30, "ml", "Campari"], [30, "ml", "sweet vermouth"]]}],
    "amounts by unit": [{"name": "Negroni", "ingredients": [
        {"name": "gin", "ml": 30}, {"name": "Campari", "ml": 30},
        {"name": "sweet vermouth", "ml": 30}]}],
    "flat rows": [
        {"drink": "Negroni", "ingredient_name": "Gin", "amount": 30, "unit_name": "ml"},
        {"drink": "Negroni", "ingredient_name": "Campari", "amount": 30, "unit_name": "ml"},
        {"drink": "Negroni", "ingredient_name": "Sweet Vermouth", "amount": 30, "unit_name": "ml"}],
    "TheCocktailDB": {"drinks": [{"idDrink": "1", "strDrink": "Negroni", "strIngredient1": "Gin",
        "strMeasure1": "3 cl", "strIngredient2": "Campari", "strMeasure2": "3 cl ",
        "strIngredient3": "Sweet Vermouth", "strMeasure3": "3 cl", "strIngredient4": None}]},
    "Bar Assistant 4": {"recipe": {"_id": "negroni", "name": "Negroni", "ingredients": [
            {"_id": "gin", "amount": 30, "units": "ml", "optional": False},
            {"_id": "campari", "amount": 30, "units": "ml", "optional": False},
            {"_id": "vermouth", "amount": 30, "units": "ml", "optional": False}]},
        "ingredients": [{"_id": "gin", "name": "Gin"}, {"_id": "campari", "name": "Campari"},
                        {"_id": "vermouth", "name": "Sweet Vermouth"}]},
    "linked data": {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, {
        "@type": ["Recipe"], "name": "Negroni", "recipeIngredient": [
            "3 cl gin", "3 cl Campari", "3 cl sweet vermouth"],
        "recipeInstructions": [{"@type": "HowToSection", "itemListElement": [
            {"@type": "HowToStep", "text": "Stir."}]}]}]},
    "wide, spaced": "Drink,Ingredient 1,Amount 1,Unit 1,Ingredient 2,Amount 2,Unit 2,"
        "Ingredient 3,Amount 3,Unit 3\nNegroni,Gin,30,ml,Campari,30,ml,Sweet Vermouth,30,ml\n",
    "wide, whole lines": "name,ingredient_1,ingredient_2,ingredient_3\n"
        "Negroni,30 ml gin,30 ml Campari,30 ml sweet vermouth\n",
    "one cell": 'Cocktail Name,Bartender,Ingredients,Garnish\n'
        'Negroni,Count,"30 ml gin, 30 ml Campari, 30 ml sweet vermouth",orange\n',
    "Python lists": "Cocktail Name,Ingredients\n"
        "Negroni,\"['30 ml gin', '30 ml Campari', '30 ml sweet vermouth']\"\n",
    "Python pairs": "Cocktail Name,Ingredients\n"
        "Negroni,\"[('gin', '30 ml'), ('Campari', '30 ml'), ('30 ml', 'sweet vermouth')]\"\n",
    "short rows and remarks": "recipe,ingredient,measure,note,price\nNegroni,Gin,3 cl\n"
        "Negroni,Campari,3 cl\nNegroni,Sweet Vermouth,3 cl,,,\n",
    "long, measures": "name,category,row_id,ingredient_number,ingredient,measure\n"
        "Negroni,Classic,1,1,Gin,3 cl\nNegroni,Classic,1,2,Campari,3 cl\n"
        "Negroni,Classic,1,3,Sweet Vermouth,3 cl\n",
    "unit in the header": "cocktail;ingredient;amount_ml\nNegroni;Gin;30\nNegroni;Campari;30\n\n"
        "Negroni;Sweet Vermouth;30,0\n",
    "tabs": "Rezept\tZutat\tMenge\nNegroni\tGin\t3 cl\nNegroni\tCampari\t3 cl\n"
        "Negroni\tRoter Wermut\t3 cl\n",
    "merged cells": "recipe,ingredient,amount,unit\nNegroni,Gin,30,ml\n,Campari,30,ml\n"
        ",Sweet Vermouth,30,ml\n",
    "YAML list": "- name: Negroni\n  ingredients:\n    - 30 ml gin\n    - 30 ml Campari\n"
        "    - {name: sweet vermouth, amount: 30, unit: ml}\n",
    "YAML pairs": "- name: Negroni\n  ingredients:\n    - gin: 30 ml\n    - Campari: 30 ml\n"
        "    - sweet vermouth: 30 ml\n",
    "nested answer": {"data": {"cocktails": {"items": [{"title": "Negroni", "ingredients": [
        {"item": "gin", "qty": "30 ml"}, {"item": "Campari", "qty": "30 ml"},
        {"item": "sweet vermouth", "qty": "30 ml"}]}]}}},
    "foods by name": [{"name": "Negroni", "recipeIngredient": [
        {"quantity": 30, "unit": {"name": "ml"}, "food": {"name": name}}
        for name in ("gin", "Campari", "sweet vermouth")]}],
    "steps with ingredients": [{"name": "Negroni", "steps": [{"text": "Stir.", "ingredients": [
        {"food": {"name": name}, "unit": {"name": "ml"}, "amount": 30}
        for name in ("gin", "Campari", "sweet vermouth")]}]}],
    "YAML by name": "negroni:\n  name: Negroni\n  ingredients:\n    - ingredient: gin\n"
        "      quantity: 30ml\n    - ingredient: Campari\n      quantity: 30ml\n"
        "    - ingredient: sweet vermouth\n      quantity: 30ml\n",
    "web page": '<html><head><title>x</title><script type="application/ld+json">'
        '{"@type":"Recipe","name":"Negroni","recipeIngredient":'
        '["30 ml gin","30 ml Campari","30 ml sweet vermouth"]}</script></head></html>',
    "lines of JSON": '{"name": "Negroni", "ingredients": ["30 ml gin", "30 ml Campari",'
        ' "30 ml sweet vermouth"]}\n{"name": "Gin", "ingredients": ["30 ml gin"]}\n',
}  # fmt: skip


def _lines(data: bytes, name: str = "file") -> list[tuple[str, float, str]]:
    """Return the first recipe's lines, amounts of centiliters in milliliters."""
    plan = plan_import(read_bytes(data, name))
    assert plan.faults == []
    (recipe, *_) = plan.collection.recipes
    assert recipe.fields["name"] == "Negroni"
    found = []
    for line in recipe.lines or ():
        amount, unit = line.fields["amount"], line.fields["unit"]
        if unit == "Centiliter":
            amount, unit = amount * 10, "Milliliter"
        found.append((line.fields["ingredient"], amount, unit))
    return found


@pytest.mark.parametrize("shape", TEXTS)
def test_shapes_are_recognized(shape: str) -> None:
    value = TEXTS[shape]
    text = value if isinstance(value, str) else json.dumps(value)
    assert _lines(text.encode()) == NEGRONI


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_do_not_count(encoding: str) -> None:
    text = "recipe,ingredient,amount,unit\nPiña é,Crème de Cassis,10,ml\n"
    plan = plan_import(read_bytes(text.encode(encoding), "x"))
    assert plan.collection.recipes[0].fields["name"] == "Piña é"


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    notes = book.create_sheet("Notes", 0)
    notes.append(["Our recipes"])
    sheet = book.create_sheet("Drinks")
    for row in ([], ["Cocktail", "Ingredient", "Amount", "Unit"], ["Negroni", "Gin", 30, "ml"],
                [], [None, "Campari", 30.0, "ml"], [None, "Sweet Vermouth", 30, "ml"]):  # fmt: skip
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_spreadsheets_are_read() -> None:
    assert _lines(_workbook(), "no suffix") == NEGRONI


def _database(path: Path, *, keys: bool) -> bytes:
    reference = " references drinks(id)" if keys else ""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            f"""create table drinks(id integer primary key, name text, glass text);
            create table ingredients(id integer primary key, name text);
            create table units(id integer primary key, name text);
            create table drink_ingredients(id integer primary key, drink_id int{reference},
                ingredient_id int, unit_id int, amount real);
            insert into drinks values(7, 'Negroni', 'Rocks');
            insert into ingredients values(1, 'Campari'), (2, 'Gin'), (3, 'Sweet Vermouth');
            insert into units values(1, 'oz'), (2, 'ml');
            insert into drink_ingredients values(1, 7, 2, 2, 30), (2, 7, 1, 2, 30),
                (3, 7, 3, 2, 30);
            """
        )
    return path.read_bytes()


@pytest.mark.parametrize("keys", [True, False])
def test_other_databases_are_joined(tmp_path: Path, keys: bool) -> None:
    assert _lines(_database(tmp_path / "x.db", keys=keys)) == NEGRONI


@pytest.mark.parametrize("name", ["orphan_line.sql", "ratings_other_user_column.sql"])
def test_our_tables_of_other_programs_are_read(tmp_path: Path, name: str) -> None:
    script = Path(__file__).parents[3] / "shared" / "data" / "cases" / name
    if not script.is_file():
        pytest.skip("the cases are not on this machine")
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(script.read_text())
    plan = plan_import(read_paths([path]))
    assert plan.faults == []
    assert [len(recipe.lines or ()) for recipe in plan.collection.recipes] == [2, 2, 1]
    assert any("ignored" in note for note in plan.report.notes)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE recipes RENAME TO r; ALTER TABLE r RENAME TO Recipes",
        "ALTER TABLE recipes RENAME COLUMN name TO Name",
        "ALTER TABLE recipes RENAME TO r; CREATE VIEW recipes AS SELECT id, upper(name) AS name "
        "FROM r",
        "CREATE TABLE u (id TEXT PRIMARY KEY, name TEXT); INSERT INTO u VALUES ('1', 'Ounce'); "
        "DROP TABLE units; ALTER TABLE u RENAME TO units",
        "ALTER TABLE recipe_ingredients DROP COLUMN id",
        "ALTER TABLE recipes RENAME COLUMN name TO title",
        "CREATE VIEW broken AS SELECT * FROM gone",
    ],
)
def test_our_tables_in_other_forms_are_read(tmp_path: Path, change: str) -> None:
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "CREATE TABLE units (id INTEGER, name TEXT);"
            "CREATE TABLE ingredients (id INTEGER, name TEXT, parent_id INTEGER);"
            "CREATE TABLE recipes (id INTEGER, name TEXT);"
            "CREATE TABLE recipe_ingredients (id INTEGER, recipe_id INTEGER,"
            " ingredient_id INTEGER, unit_id INTEGER, amount REAL);"
            "CREATE TABLE tags (id INTEGER, name TEXT, created_by TEXT);"
            "CREATE TABLE recipe_tags (recipe_id INTEGER, tag_id INTEGER);"
            "INSERT INTO units VALUES (1, 'Ounce');"
            "INSERT INTO ingredients VALUES (1, 'Gin', NULL);"
            "INSERT INTO recipes VALUES (1, 'GIMLET');"
            "INSERT INTO recipe_ingredients VALUES (1, 1, 1, 1, 2);"
            "INSERT INTO tags VALUES (1, 'sour', NULL), (2, 'secret', 'ann');"
            "INSERT INTO recipe_tags VALUES (1, 1), (1, 2);" + change
        )
    plan = plan_import(read_paths([path]))
    assert plan.faults == []
    [recipe] = plan.collection.recipes
    (line,) = recipe.lines or []
    assert recipe.fields["name"] == "GIMLET"
    assert (line.fields["ingredient"], line.fields["amount"], line.fields["unit"]) == (
        "Gin", 2, "Ounce",
    )  # fmt: skip
    if plan.collection.shape.startswith("our"):
        assert recipe.tags == ["sour"]


def test_archives_and_folders_are_read(tmp_path: Path) -> None:
    files = {
        "cocktails/negroni/data.json": json.dumps(TEXTS["Bar Assistant 4"]).encode(),
        "cocktails/kir.yml": b"name: Kir\ningredients: [1 cl cassis, 9 cl white wine]\n",
        "cocktails/negroni/1.jpg": b"\xff\xd8",
        "ingredients/gin/data.json": b'{"_id": "gin", "name": "Gin"}',
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for name, content in files.items():
            written.writestr(name, content)
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for collection in (read_bytes(archive.getvalue(), "x.zip"), read_paths([tmp_path])):
        assert sorted(recipe.fields["name"] for recipe in collection.recipes) == ["Kir", "Negroni"]
        assert "ingredients/gin/data.json was skipped: it holds no recipes." in collection.notes


def test_several_sources_are_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"recipe,ingredient\n{name},Gin\n")
    collection = read_paths([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert [recipe.where for recipe in collection.recipes] == ["a.csv, line 2", "b.csv, line 2"]


def test_garnish_leaves_the_ingredients() -> None:
    text = json.dumps({"name": "Gimlet", "instructions": "Shake", "ingredients": [
        "60 ml gin", "1 lime wheel for garnish",
        {"name": "Mint (garnish)", "amount": 1}]})  # fmt: skip
    (recipe,) = plan_import(read_bytes(text.encode(), "x")).collection.recipes
    assert [line.fields["ingredient"] for line in recipe.lines or ()][:1] == ["Gin"]
    assert "Garnish: lime wheel" in recipe.fields["instructions"]


def test_ignored_columns_are_named() -> None:
    text = "recipe,ingredient,measure,price\nSour,Gin,6 cl,9\n"
    assert read_bytes(text.encode(), "x.csv").notes == ["x.csv: not read: column price."]


def test_a_separator_in_a_text_is_explained() -> None:
    text = "recipe;line;ingredient;amount\nSour;1;Gin;1\nA;B;1;Gin;1\n"
    (fault,) = read_bytes(text.encode(), "x.csv").faults
    assert "separator ';'" in fault.remedy


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no recipes"),
        (b"hello", "no recipes"),
        (b"a,b\n1,2\n", "no recipes"),
        (b'{"a": 1}', "no recipes"),
        (b'{"a": 1, "a": 2}', "occurs twice"),
        (b"[1, NaN]", "NaN"),
        (b"[" * 100_000, "nested"),
        (b"PK\x03\x04 broken", "cannot be unpacked"),
        (b"SQLite format 3\0 broken", "damaged"),
        (b"<html></html>", "no recipes"),
        (b"a: &x [1]\nb: *x\n", "no recipes"),
    ],
)
def test_what_is_not_recognized_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(DatabaseError, match=message):
        read_bytes(data, "x")


def test_archives_that_explode_are_refused() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("x.csv", b"0" * (2 << 20))
    with pytest.raises(DatabaseError, match="in parts"):
        read_bytes(archive.getvalue(), "x.zip", limit=1 << 20)


def test_endless_numbers_are_refused_in_words() -> None:
    from api.db.exchange.sources.json_text import parse_json

    with pytest.raises(ValueError, match="a number of 5,000 digits is too large"):
        parse_json("9" * 5000)
