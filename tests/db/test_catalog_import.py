"""Imports are all or nothing, name every fault by row, and take back what was exported."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.db.catalog import recipes
from api.db.catalog.drafts import RecipeDraft, TagDraft
from api.db.catalog.errors import InvalidError
from api.db.catalog.search import RecipeSearch
from api.db.catalog.tags import create_tag
from api.db.catalog.writing import writing
from api.db.database import Database
from api.db.dataset import Dataset
from api.db.exchange.bulk import ImportCounts, import_recipes
from api.db.exchange.bulk_formats import join_tags, read_csv_rows, read_json_rows, split_tags
from api.db.exchange.export import write_csv, write_json
from api.db.exchange.formulas import guard, unguard
from api.db.exchange.json_document import to_json_document
from api.db.rules import TAG_SEPARATORS, clean_line
from api.db.write import write_dataset

MakeDatabase = Callable[[Dataset | None], Database]


def _import(database: Database, rows: Any, *, dry_run: bool = False) -> ImportCounts:
    with writing(database, dry_run=dry_run) as connection:
        return import_recipes(connection, rows)


def _document(**parts: Any) -> bytes:
    return json.dumps(parts).encode()


BAR = {
    "units": [{"name": "Ounce", "conversion_to_ml": 29.5735}],
    "ingredients": [{"name": "Gin", "parent": "Spirits"}, {"name": "Spirits"}],
    "recipes": [
        {
            "name": "Pink Gin",
            "source": "Navy",
            "tags": ["Stirred", "stirred"],
            "ingredients": [{"ingredient": "gin", "amount": 2, "unit": "OUNCE"}],
        },
        {"name": "Nothing"},
    ],
}


def _everything(database: Database) -> list[recipes.Recipe]:
    with database.snapshot() as connection:
        found = recipes.search_recipes(connection, RecipeSearch(), limit=100).items
        return recipes.get_recipes(connection, [one.id for one in found])


def test_recipes_are_merged_by_name(database: Database) -> None:
    rows = read_json_rows(_document(**BAR))
    assert _import(database, rows, dry_run=True) == ImportCounts(2, 0, 0, 1, 2, 1)
    assert _everything(database) == []
    assert _import(database, rows) == ImportCounts(2, 0, 0, 1, 2, 1)
    assert _import(database, rows) == ImportCounts(0, 0, 2, 0, 0, 0)
    change = _document(recipes=[{"name": "PINK GIN", "description": "Two things."}])
    assert _import(database, read_json_rows(change)) == ImportCounts(0, 1, 0, 0, 0, 0)
    pink = next(one for one in _everything(database) if one.name == "Pink Gin")
    assert (pink.description, pink.source, pink.tags) == ("Two things.", "Navy", ["Stirred"])
    assert [(x.ingredient_name, x.unit_name, x.amount) for x in pink.ingredients] == [
        ("Gin", "Ounce", 2.0)
    ]


def test_csv_has_a_line_for_each_ingredient(database: Database) -> None:
    _import(database, read_json_rows(_document(**BAR)))
    text = (
        "recipe,ingredient,amount,unit,tags,source\n"
        "Fizz,Gin,2,Ounce,tall;dry,Bar\n"
        "Fizz,spirits,,,,\n"
        "Pink Gin,Gin,2.0,ounce,stirred,Navy\n"
    )
    assert _import(database, read_csv_rows(text.encode())) == ImportCounts(1, 0, 1, 0, 0, 2)
    fizz = next(one for one in _everything(database) if one.name == "Fizz")
    assert (fizz.tags, len(fizz.ingredients)) == (["tall", "dry"], 2)


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({"drinks": []}, ["drinks"]),
        ({"recipes": {}}, ["recipes"]),
        ({"recipes": [3]}, ["recipes[0]"]),
        ({"recipes": [{"name": "a", "colour": "x"}]}, ["recipes[0].colour"]),
        ({"recipes": [{}]}, ["recipes[0].name"]),
        ({"recipes": [{"name": "A"}, {"name": "a"}]}, ["recipes[1].name"]),
        (
            {"recipes": [{"name": "A", "ingredients": [
                {"ingredient": "Gin", "amount": -1},
                {"ingredient": "Gum", "unit": "Cup"},
                {"amount": 1},
            ]}]},
            ["recipes[0].ingredients[0].amount", "recipes[0].ingredients[1].ingredient",
             "recipes[0].ingredients[1].unit", "recipes[0].ingredients[2].ingredient"],
        ),
        ({"recipes": [{"name": "A", "source_url": "javascript:x"}]}, ["recipes[0].source_url"]),
        ({"recipes": [{"name": "\ud800"}]}, ["recipes[0].name"]),
        ({"ingredients": [{"name": "A", "parent": "B"}, {"name": "B", "parent": "A"}]},
         ["ingredients[0].parent", "ingredients[1].parent"]),
        ({"recipes": [{"name": "A", "ingredients": [{"ingredient_id": 7}]}]},
         ["recipes[0].ingredients[0].ingredient_id"]),
        ({"ratings": [{"rating": 5}]}, ["ratings"]),
    ],
)  # fmt: skip
def test_every_fault_is_named_by_row(
    make_database: MakeDatabase, document: Any, fields: list[str]
) -> None:
    database = make_database(None)
    _import(database, read_json_rows(_document(**BAR)))
    before = _everything(database)
    document = {"tags": [{"name": "new"}], **document}
    with pytest.raises(InvalidError) as caught:
        _import(database, read_json_rows(_document(**document)))
    assert [fault.field for fault in caught.value.faults] == fields
    assert all(fault.message and fault.remedy for fault in caught.value.faults)
    assert _everything(database) == before


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "line 1"),
        ("name\nx\n", "line 1"),
        ("recipe,recipe\nx,y\n", "line 1"),
        ("recipe,source\nx\n", "line 2"),
        ('recipe\n"x\n', "line 2"),
        ("recipe,source\nx,a\nx,b\n", "line 3, source"),
        ("recipe,source\n,a\n", "line 2, recipe"),
        ("recipe,ingredient,amount\nx,Gin,two\n", "line 2, amount"),
        ("recipe,ingredient\n\nx,Gum\n", "line 3, ingredient"),
        ("recipe,line,ingredient\nx,1,Gin\nx,1,Gin\n", "line 3, name"),
    ],
)
def test_faults_of_csv_are_named_by_line(
    make_database: MakeDatabase, text: str, field: str
) -> None:
    database = make_database(None)
    _import(database, read_json_rows(_document(**BAR)))
    with pytest.raises(InvalidError) as caught:
        _import(database, read_csv_rows(text.encode()))
    assert [fault.field for fault in caught.value.faults] == [field]


def test_an_export_is_taken_back_unchanged(database: Database, sample: Dataset) -> None:
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    for write, read in ((write_json, read_json_rows), (write_csv, read_csv_rows)):
        with database.snapshot() as connection, write(connection) as file:
            content = file.read()
        assert _import(database, read(content)) == ImportCounts(0, 0, 101, 0, 0, 0)
    document = to_json_document(sample).encode()
    assert _import(database, read_json_rows(document)) == ImportCounts(0, 0, 101, 0, 0, 0)


def test_an_export_fills_an_empty_database(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(None)
    done = _import(database, read_json_rows(to_json_document(sample).encode()))
    assert done.created == 101
    with database.snapshot() as connection, write_json(connection) as file:
        exported = json.load(file)
    assert len(exported["ingredients"]) == len(sample.ingredients)


lines = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]), min_size=1, max_size=15
)
starts = st.sampled_from(["=", "+", "-", "@", "'", "''=", " =", "\uff1d", ";", "\\", ""])


def _is_tag(text: str) -> bool:
    return not any(mark in text for mark in TAG_SEPARATORS)


def _is_visible(text: str) -> bool:
    try:
        return bool(clean_line(text))
    except ValueError:
        return False


words = st.builds(str.__add__, starts, lines).map(str.strip).filter(_is_visible).map(clean_line)


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(words, min_size=1, max_size=4, unique_by=lambda one: one.casefold()),
    note=st.none() | words,
    tags=st.lists(words.filter(_is_tag), max_size=3),
)
def test_no_formula_leaves_and_every_text_comes_back(
    names: list[str], note: str | None, tags: list[str], shared: Database
) -> None:
    with writing(shared, dry_run=True) as connection:
        for name in names:
            draft = RecipeDraft(name=name, instructions=note, source=note, tags=tags)
            recipes.create_recipe(connection, draft)
        with write_csv(connection) as file:
            content = file.read()
        for name in names:
            assert name in content.decode().replace('""', '"')
        rows = read_csv_rows(content)
        assert [row.fields["name"] for row in rows.recipes] == names
        assert all((row.fields["instructions"] or None) == note for row in rows.recipes)
        done = import_recipes(connection, rows)
    assert done == ImportCounts(0, 0, len(names), 0, 0, 0)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Database:
    from sqlalchemy import URL

    from api.db.migrations import upgrade

    path = tmp_path_factory.mktemp("import") / "c.db"
    database = Database(URL.create("sqlite", database=str(path)))
    upgrade(database.engine)
    with writing(database) as connection:
        create_tag(connection, TagDraft(name="kept"))
    return database


@settings(max_examples=300)
@given(st.text(max_size=10) | words)
def test_a_guarded_cell_begins_no_formula(text: str) -> None:
    cell = guard(text)
    assert unguard(cell) == text
    assert cell.lstrip()[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20")
    assert not cell.startswith(("\t", "\r", "\n"))


@settings(max_examples=200)
@given(st.lists(words, max_size=5))
def test_tags_of_a_cell_come_back(names: list[str]) -> None:
    assert split_tags(join_tags(names)) == names


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda x: x.encode("utf-8", "replace")))
def test_no_body_is_a_traceback(body: bytes) -> None:
    for read in (read_csv_rows, read_json_rows):
        for content in (body, b"recipe,line,tags\n" + body):
            try:
                read(content)
            except InvalidError as error:
                assert error.faults, content  # noqa: PT017 - most bodies are refused
