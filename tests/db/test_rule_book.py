"""One rule book: what the check of a file passes, every other step accepts and keeps."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, delete

from api.analytics.analytics_refresh import regenerate_analytics
from api.db.catalog.drafts import IngredientDraft, RecipeDraft, TagDraft, UnitDraft
from api.db.catalog.writing import writing
from api.db.check import check_dataset
from api.db.database import Database
from api.db.dataset import read_dataset
from api.db.db_analytics import read_checked_dataset
from api.db.exchange.export import write_json
from api.db.exchange.export_files import to_json_document, write_csv_directory
from api.db.exchange.requests import import_request, read_request
from api.db.exchange.resolve import to_dataset
from api.db.exchange.sources.own_csv import read_csv_directory
from api.db.exchange.sources.own_json import read_json_document
from api.db.fingerprint import dataset_fingerprint
from api.db.frames import TABLES, Dataset
from api.db.migrations import upgrade
from api.db.rules import LARGEST_AMOUNT, clean_text, clean_url, without_forbidden
from api.db.search_names import same_name
from api.db.write import write_dataset
from api.utils.analytics_cache import AnalyticsStorage

odd_names = st.one_of(
    st.sampled_from(
        ["gin ", "=1+1", "'Ti", "x" * 200, "x" * 300, " ", "a,b;c", "Pin\u0303a", "a\u200bb",
         "\u200b", "a\nb", "abc\u202enuor", "\\", "1.0", "-", "nan"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)  # fmt: skip
plain_names = st.sampled_from(["Gin", "G\u00edn", "B & B", "Pi\u00f1a", "Rum", "Lime", "O'Neil"])
names = st.integers(0, 9).flatmap(lambda one: odd_names if one == 0 else plain_names)
odd_amounts = st.sampled_from([1e6 + 1, 1e308, -1, "2", "two", True])
amounts = st.integers(0, 19).flatmap(
    lambda one: odd_amounts if one == 0 else st.none() | st.floats(0, LARGEST_AMOUNT)
)
volumes = st.integers(0, 9).flatmap(
    lambda one: amounts if one == 0 else st.none() | st.floats(0.01, LARGEST_AMOUNT)
)
urls = st.sampled_from(
    [None, None, "", "www.example.com", "https://example.com/a?b=c#d", "http://x.org", "x y"]
)
times = st.sampled_from(
    [None, "2026-01-31", "2026-07-01T12:00:00+02:00", "2026-07-01 10:00:00", "yesterday"]
)
notes = st.none() | names | st.just("two\r\nlines\ttab")


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents in our form, mostly right."""
    units = draw(st.lists(names, max_size=2, unique_by=same_name))
    known = draw(st.lists(names, min_size=1, max_size=3, unique_by=same_name))
    recipes = draw(st.lists(names, max_size=2, unique_by=same_name))
    return {
        "units": [{"name": one, "conversion_to_ml": draw(volumes)} for one in units],
        "ingredients": [
            {
                "name": one,
                "description": draw(notes),
                "parent": draw(st.sampled_from([None, known[0]])) if number else None,
            }
            for number, one in enumerate(known)
        ],
        "recipes": [
            {
                "name": one,
                "instructions": draw(notes),
                "source_url": draw(urls),
                "tags": draw(st.lists(names, max_size=2, unique_by=same_name)),
                "ingredients": [
                    {
                        "ingredient": draw(st.sampled_from(known)),
                        "unit": draw(st.sampled_from([None, *units])),
                        "amount": draw(amounts),
                    }
                    for _ in range(draw(st.integers(0, 2)))
                ],
            }
            for one in recipes
        ],
        "ratings": [
            {"recipe": one, "user_id": draw(names), "rating": draw(st.sampled_from([1, 3, 5, 6])),
             "created_at": draw(times)}
            for one in recipes[: draw(st.integers(0, 1))]
        ],
    }  # fmt: skip


@pytest.fixture
def two_databases(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> Iterator[tuple[Database, Database]]:
    """Two databases of one kind, to be emptied by each example."""
    other = Database(URL.create("sqlite", database=str(tmp_path / "other.db")))
    if database.sqlite_path is None:
        other.dispose()
        other = request.getfixturevalue("make_postgresql")()
    upgrade(other.engine)
    yield database, other
    other.dispose()


def _emptied(database: Database) -> Database:
    with database.engine.begin() as connection:
        for table in reversed(TABLES):
            connection.execute(delete(table))
    return database


def _equal(one: Dataset, other: Dataset) -> None:
    for table in TABLES:
        pd.testing.assert_frame_equal(one.frame(table), other.frame(table))


def _passed(document: dict[str, Any], path: Path) -> Dataset | None:
    path.write_text(json.dumps(document), encoding="utf-8")
    dataset, faults = to_dataset(read_json_document(path))
    errors = [fault for fault in faults if fault.severity == "error"]
    assert all(fault.message and fault.remedy and fault.row for fault in faults)
    return None if errors else dataset


def _draft_all(dataset: Dataset) -> None:
    """Validate every row as the API would."""
    for row in dataset.units.itertuples():
        ml = float(str(row.conversion_to_ml))
        draft_unit = UnitDraft(name=str(row.name), conversion_to_ml=None if ml != ml else ml)
        assert draft_unit.name == row.name
    for row in dataset.ingredients.itertuples():
        draft = IngredientDraft(name=row.name, description=row.description)
        assert (draft.name, draft.description) == (row.name, row.description)
    for row in dataset.tags.itertuples():
        assert TagDraft(name=row.name).name == row.name
    for row in dataset.recipes.itertuples():
        fields = {name: getattr(row, name) for name in ("name", "instructions", "source_url")}
        assert RecipeDraft(**fields).model_dump(include=set(fields)) == fields


def _export(database: Database) -> bytes:
    with database.snapshot() as connection, write_json(connection) as file:
        return file.read()


@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(document=documents())
def test_what_check_passes_every_step_keeps(
    document: dict[str, Any], two_databases: tuple[Database, Database], tmp_path: Path
) -> None:
    dataset = _passed(document, tmp_path / "d.json")
    event("passed" if dataset else "refused")
    if dataset is None:
        return
    _draft_all(dataset)
    database, other = map(_emptied, two_databases)
    with database.engine.begin() as connection:
        write_dataset(connection, dataset)
    with database.snapshot() as connection:
        stored = read_dataset(connection)
    assert [fault for fault in check_dataset(stored) if fault.severity == "error"] == []
    assert stored.faults == ()
    unrated = [table for table in TABLES if table.name != "ratings" or not dataset.ratings.empty]
    for table in unrated:
        frame = dataset.frame(table)
        if table.name == "ratings":
            # A missing time is the time of the import.
            frame = frame.assign(
                created_at=frame["created_at"].fillna(stored.ratings["created_at"])
            )
        pd.testing.assert_frame_equal(stored.frame(table), frame)
    fingerprint = dataset_fingerprint(read_checked_dataset(database))
    assert fingerprint == dataset_fingerprint(stored)
    if len(stored.recipe_ingredients) > 1:  # it costs the most
        event("refreshed")
        storage = AnalyticsStorage(directory=tmp_path / fingerprint)
        assert regenerate_analytics(database=database, storage=storage)["snapshot_id"]
    # CSV and JSON of the command line.
    write_csv_directory(stored, tmp_path / "csv")
    again, _ = to_dataset(read_csv_directory(tmp_path / "csv"))
    assert again is not None
    _equal(again, stored)
    (tmp_path / "e.json").write_text(to_json_document(stored), encoding="utf-8")
    again, _ = to_dataset(read_json_document(tmp_path / "e.json"))
    assert again is not None
    _equal(again, stored)
    # The API's export into an empty database, and out again.
    exported = _export(database)
    with writing(other) as connection:
        import_request(connection, read_request(exported), "skip", dry_run=False)
    assert json.loads(_export(other)) == json.loads(exported)


def test_a_web_address_gets_its_scheme() -> None:
    assert clean_url("www.example.com") == "https://www.example.com"
    assert clean_url("Example.com/a?b#c") == "https://Example.com/a?b#c"
    for text in ("javascript:alert(1)", "mailto:a@example.com", "example", "ftp://example.com"):
        with pytest.raises(ValueError, match="Not a web address"):
            clean_url(text)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"units": [{"name": "Dash", "conversion_to_ml": 1e308}]}, "is not a valid volume"),
        ({"units": [{"name": "Dash", "conversion_to_ml": "nan"}]}, "'nan' is not a number"),
        ({"ingredients": [{"name": "x" * 300}]}, "at most 200"),
        ({"recipes": [{"name": "\u200b"}]}, "empty"),
        ({"recipes": [{"name": "x", "source_url": "javascript:alert(1)"}]}, "Not a web address"),
        (
            {
                "recipes": [{"name": "x"}],
                "ratings": [
                    {"recipe": "x", "user_id": "ann", "rating": 5, "created_at": "yesterday"}
                ],
            },
            "is not a time",
        ),
    ],
)
def test_each_rule_names_the_fault(document: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    _, faults = to_dataset(read_json_document(path))
    assert any(message in fault.message for fault in faults if fault.severity == "error"), faults


def test_cleaned_foreign_texts_hold_no_forbidden_character() -> None:
    """What an import removes and what the rules refuse are one list."""
    marks = [chr(code) for code in (*range(0x3000), 0xD800, 0xDFFF, 0xFEFF, 0xE0041)]
    refused = []
    for mark in marks:
        try:
            clean_text(f"a{mark}b")
        except ValueError:
            refused.append(mark)
            assert without_forbidden(f"a{mark}b") == "ab"
    assert len(refused) > 70
    cleaned = without_forbidden("".join(f"a{mark}" for mark in marks))
    assert clean_text(cleaned) is not None
