"""Imports through the API are all or nothing, name every fault, and read back every export."""

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
from api.db.exchange.export import write_csv, write_json
from api.db.exchange.export_files import to_json_document
from api.db.exchange.formulas import guard, unguard
from api.db.exchange.report import ImportReport, OnDuplicate
from api.db.exchange.requests import import_request, read_request
from api.db.exchange.tag_cells import join_tags, split_tags
from api.db.frames import Dataset
from api.db.rules import clean_name
from api.db.write import write_dataset

MakeDatabase = Callable[[Dataset | None], Database]


def _import(
    database: Database, body: Any, on_duplicate: OnDuplicate = "skip", *, dry_run: bool = False
) -> ImportReport:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with writing(database, dry_run=dry_run) as connection:
        return import_request(connection, read_request(content), on_duplicate, dry_run=dry_run)


def _counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, len(report.skipped)


BAR = {
    "units": [{"name": "Ounce", "conversion_to_ml": 29.5735}],
    "ingredients": [{"name": "Gin", "parent": "Spirits"}, {"name": "Spirits", "parent": None}],
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
    done = _import(database, BAR, dry_run=True)
    assert _counts(done) == (2, 0, 0, 0)
    assert _everything(database) == []
    assert _counts(_import(database, BAR)) == (2, 0, 0, 0)
    assert _counts(_import(database, BAR)) == (0, 0, 2, 0)
    change = {"recipes": [{"name": "PINK GIN", "description": "Two things."}]}
    assert _counts(_import(database, change)) == (0, 0, 0, 1)
    assert _counts(_import(database, change, "update")) == (0, 1, 0, 0)
    pink = next(one for one in _everything(database) if one.name == "Pink Gin")
    assert (pink.description, pink.source, pink.tags) == ("Two things.", "Navy", ["Stirred"])
    assert [(x.ingredient_name, x.unit_name, x.amount) for x in pink.ingredients] == [
        ("Gin", "Ounce", 2.0)
    ]


def test_keep_both_adds_a_second_recipe(make_database: MakeDatabase) -> None:
    database = make_database(None)
    _import(database, BAR)
    assert _counts(_import(database, BAR, "keep-both")) == (2, 0, 0, 0)
    assert [one.name for one in _everything(database)].count("Pink Gin") == 2


def test_csv_has_a_line_for_each_ingredient(make_database: MakeDatabase) -> None:
    database = make_database(None)
    _import(database, BAR)
    text = (
        "recipe,line,ingredient,amount,unit,tags,source\n"
        "Fizz,1,Gin,2,Ounce,tall;a\\;b,Bar\n"
        "Fizz,2,spirits,,,,\n"
        "Pink Gin,1,Gin,2.0,ounce,stirred,Navy\n"
    )
    assert _counts(_import(database, text.encode())) == (1, 0, 1, 0)
    fizz = next(one for one in _everything(database) if one.name == "Fizz")
    assert (fizz.tags, len(fizz.ingredients)) == (["tall", "a;b"], 2)


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        (b"", ["body"]),
        ({"recipes": {}}, ["recipes"]),
        ({"recipes": [{}]}, ["recipes[0].name"]),
        (
            {"recipes": [{"name": "A", "ingredients": [
                {"ingredient": "Gin", "amount": -1},
                {"ingredient": "Gin", "amount": 1e308, "unit": "Ounce"},
            ]}]},
            ["recipes[0].ingredients[0].amount", "recipes[0].ingredients[1].amount"],
        ),
        ({"recipes": [{"name": "A", "source_url": "javascript:x"}]}, ["recipes[0].source_url"]),
        ({"recipes": [{"name": "\ud800"}]}, ["recipes[0].name"]),
        ({"recipes": [{"name": "x" * 300}]}, ["recipes[0].name"]),
        ({"ingredients": [{"name": "A", "parent": "B"}, {"name": "B", "parent": "A"}]},
         ["ingredients[0].parent", "ingredients[1].parent"]),
        ({"recipes": [{"name": "A", "ingredients": [{"ingredient_id": 7}]}]},
         ["recipes[0].ingredients[0].ingredient_id"]),
        (b'{"recipes": [], "recipes": []}', ["body"]),
        (b"recipe,line,ingredient\n,1,Gin\n", ["line 2, recipe"]),
        (b'recipe,ingredient\n"x,Gin\n', ["line 2"]),
        (b"recipe,line,ingredient\nx,1,Gin,1\n", ["line 2"]),
        (b"recipe,line,ingredient,amount\nx,1,Gin,-2\n", ["line 2, amount"]),
    ],
)  # fmt: skip
def test_every_fault_is_named_by_row(
    make_database: MakeDatabase, document: Any, fields: list[str]
) -> None:
    database = make_database(None)
    _import(database, BAR)
    before = _everything(database)
    if isinstance(document, dict):
        document = {"tags": [{"name": "new"}], **document}
    with pytest.raises(InvalidError) as caught:
        _import(database, document)
    assert [fault.field for fault in caught.value.faults] == fields
    assert all(fault.message and fault.remedy for fault in caught.value.faults)
    assert _everything(database) == before


def test_too_many_recipes_are_refused() -> None:
    many = json.dumps({"recipes": [{"name": f"r{n}"} for n in range(5001)]})
    with pytest.raises(InvalidError) as caught:
        read_request(many.encode())
    assert "5,001 recipes" in caught.value.faults[0].message


def test_ratings_of_a_body_are_ignored(make_database: MakeDatabase) -> None:
    rating = {"recipe": "Pink Gin", "user_id": "u", "rating": 5}
    report = _import(make_database(None), {**BAR, "ratings": [rating]})
    assert (report.created, report.ratings_created) == (2, 0)
    assert report.notes == ["Ratings belong to users and were ignored."]


def test_exports_are_read_back_unchanged(database: Database, sample: Dataset) -> None:
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    for write in (write_json, write_csv):
        with database.snapshot() as connection, write(connection) as file:
            content = file.read()
        assert _counts(_import(database, content)) == (0, 0, 101, 0)
    assert _counts(_import(database, to_json_document(sample).encode())) == (0, 0, 101, 0)


def test_an_export_fills_an_empty_database(make_database: MakeDatabase, sample: Dataset) -> None:
    database = make_database(None)
    done = _import(database, to_json_document(sample).encode())
    assert (done.created, done.ingredients_created, done.unread) == (101, [], [])
    with database.snapshot() as connection, write_json(connection) as file:
        exported = json.load(file)
    assert len(exported["ingredients"]) == len(sample.ingredients)


lines = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]), min_size=1, max_size=15
)
starts = st.sampled_from(["=", "+", "-", "@", "'", "''=", " =", "\uff1d", ";", "\\", ",", ""])


def _is_visible(text: str) -> bool:
    try:
        return bool(clean_name(text))
    except ValueError:
        return False


words = st.builds(str.__add__, starts, lines).map(str.strip).filter(_is_visible).map(clean_name)


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(words, min_size=1, max_size=4, unique_by=lambda one: one.casefold()),
    note=st.none() | words,
    tags=st.lists(words, max_size=3),
)
def test_every_text_survives_csv(
    names: list[str], note: str | None, tags: list[str], shared: Database
) -> None:
    with writing(shared, dry_run=True) as connection:
        for name in names:
            draft = RecipeDraft(name=name, instructions=note, source=note, tags=tags)
            recipes.create_recipe(connection, draft)
        with write_csv(connection) as file:
            content = file.read()
        source = read_request(content)
        assert [row.fields["name"] for row in source.recipes] == names
        assert all((row.fields.get("instructions") or None) == note for row in source.recipes)
        done = import_request(connection, source, "skip", dry_run=True)
    assert _counts(done) == (0, 0, len(names), 0)


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
def test_tags_survive_a_cell(names: list[str]) -> None:
    assert split_tags(join_tags(names)) == names


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda x: x.encode("utf-8", "replace")))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for content in (body, b"recipe,line,tags\n" + body, b"name: " + body, b"<script " + body):
        try:
            read_request(content)
        except InvalidError as error:
            assert error.faults, content  # noqa: PT017 - most bodies are refused
