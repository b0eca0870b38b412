"""Data goes out and comes back the same; what people write wrong is said, never a traceback."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from api.db.check import check_dataset
from api.db.database import Database
from api.db.dataset import build_dataset, read_dataset
from api.db.errors import DatabaseError, Fault
from api.db.exchange.drafts import Collection
from api.db.exchange.export_files import to_json_document, write_csv_directory
from api.db.exchange.resolve import to_dataset
from api.db.exchange.sources.own_csv import read_csv_directory
from api.db.exchange.sources.own_json import read_json_document
from api.db.frames import TABLES, Dataset
from api.db.migrations import upgrade
from api.db.rules import clean_name
from api.db.schema import metadata
from api.db.search_names import same_name
from api.db.write import write_dataset


def _equal(one: Dataset, other: Dataset) -> None:
    for table in TABLES:
        pd.testing.assert_frame_equal(one.frame(table), other.frame(table))


def _without_faults(raw: Collection) -> Dataset:
    dataset, faults = to_dataset(raw)
    assert [fault for fault in faults if fault.severity == "error"] == []
    assert dataset is not None
    return dataset


def _is_clean(word: str) -> bool:
    try:
        return clean_name(word) == word
    except ValueError:
        return False


words = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12).filter(_is_clean)
names = st.lists(words, min_size=1, max_size=6, unique_by=same_name)
notes = st.none() | words


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    ingredient_names = draw(names)
    paths: list[str] = []
    ingredients = []
    for number, name in enumerate(ingredient_names, 1):
        parent = draw(st.none() | st.integers(1, number - 1)) if number > 1 else None
        paths.append(f"{paths[parent - 1] if parent else '/'}{number}/")
        ingredients.append(
            {
                "id": number,
                "name": name,
                "parent_id": parent,
                "path": paths[-1],
                "description": draw(notes),
                "allow_substitution": draw(st.booleans()),
            }
        )
    recipe_names = draw(st.lists(words, max_size=4))  # not unique
    unit_names, tag_names = draw(names), draw(names)
    lines: list[dict[str, Any]] = [
        {
            "recipe_id": draw(st.integers(1, len(recipe_names))),
            "ingredient_id": draw(st.integers(1, len(ingredient_names))),
            "unit_id": draw(st.none() | st.integers(1, len(unit_names))),
            "amount": draw(st.none() | st.floats(0, 1e6)),
        }
        for _ in range(draw(st.integers(0, 5)) if recipe_names else 0)
    ]
    tagged = draw(
        st.sets(
            st.tuples(st.integers(1, max(1, len(recipe_names))), st.integers(1, len(tag_names))),
            max_size=4,
        )
        if recipe_names
        else st.just(set())
    )
    return build_dataset(
        {
            "units": [
                {"id": n, "name": name, "conversion_to_ml": draw(st.none() | st.floats(0.01, 1e4))}
                for n, name in enumerate(unit_names, 1)
            ],
            "ingredients": ingredients,
            "recipes": [
                {"id": 2 * n, "name": name, "instructions": draw(notes), "source": draw(notes)}
                for n, name in enumerate(recipe_names, 1)
            ],
            "recipe_ingredients": [
                {"id": n, **line, "recipe_id": 2 * line["recipe_id"]}
                for n, line in enumerate(lines, 1)
            ],
            "tags": [{"id": n, "name": name} for n, name in enumerate(tag_names, 1)],
            "recipe_tags": [
                {"recipe_id": 2 * recipe, "tag_id": tag} for recipe, tag in sorted(tagged)
            ],
        }
    )


settings.register_profile(
    "files",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(settings.get_profile("files"))
@given(dataset=datasets())
def test_csv_round_trip(dataset: Dataset, tmp_path: Path) -> None:
    write_csv_directory(dataset, tmp_path)
    _equal(_without_faults(read_csv_directory(tmp_path)), dataset)


@settings(settings.get_profile("files"))
@given(dataset=datasets())
def test_json_round_trip(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(to_json_document(dataset), encoding="utf-8")
    _equal(_without_faults(read_json_document(path)), dataset)


def test_database_round_trip(database: Database, sample: Dataset) -> None:
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    with database.snapshot() as connection:
        _equal(read_dataset(connection), sample)


def test_the_next_row_gets_the_next_id(database: Database, sample: Dataset) -> None:
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
        connection.execute(text("INSERT INTO recipes (name) VALUES ('New')"))
        found = connection.scalar(text("SELECT max(id) FROM recipes"))
    assert found == len(sample.recipes) + 1


def test_a_failed_write_changes_nothing(database: Database, sample: Dataset) -> None:
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    lines = sample.recipe_ingredients.assign(ingredient_id=10**6)
    broken = Dataset(**{**vars(sample), "recipe_ingredients": lines})
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        write_dataset(connection, broken)
    with database.snapshot() as connection:
        _equal(read_dataset(connection), sample)


def test_spreadsheets_find_no_formula(tmp_path: Path) -> None:
    rows = {"recipes": [{"id": 1, "name": "=1+1", "source": "'Ti Punch", "description": "-x"}]}
    dataset = build_dataset(rows)
    write_csv_directory(dataset, tmp_path)
    written = (tmp_path / "recipes.csv").read_text()
    assert "'=1+1" in written
    assert "'-x" in written
    assert "''Ti" not in written
    _equal(_without_faults(read_csv_directory(tmp_path)), dataset)


def _files(directory: Path, **texts: str | bytes) -> Path:
    defaults: dict[str, str | bytes] = {
        "units": "name,conversion_to_ml\nOunce,29.5735\n",
        "ingredients": "name,parent\nSpirits,\nGin,spirits\n",
        "recipes": "name\nMartini\n",
        "recipe_ingredients": "recipe,ingredient,amount,unit\nMartini,Gin,2,Ounce\n",
    }
    for table, content in {**defaults, **texts}.items():
        data = content if isinstance(content, bytes) else content.encode()
        (directory / f"{table}.csv").write_bytes(data)
    return directory


def _faults(directory: Path) -> list[Fault]:
    return to_dataset(read_csv_directory(directory))[1]


def test_names_replace_ids(tmp_path: Path) -> None:
    dataset = _without_faults(read_csv_directory(_files(tmp_path)))
    assert dataset.ingredients["path"].tolist() == ["/1/", "/1/2/"]
    assert dataset.recipe_ingredients["ingredient_id"].tolist() == [2]
    assert check_dataset(dataset) == []


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    _without_faults(read_csv_directory(_files(tmp_path, recipes=b"\xef\xbb\xbfname\nMartini\n")))


@pytest.mark.parametrize(
    ("texts", "table", "row", "field"),
    [
        ({"recipes": ""}, "recipes.csv", "line 1", "-"),
        ({"recipes": "name,tint\nMartini,clear\n"}, "recipes.csv", "line 1", "tint"),
        ({"recipes": "name,name\nMartini,x\n"}, "recipes.csv", "line 1", "name"),
        ({"recipes": "name\nMartini,dry\n"}, "recipes.csv", "line 2", "-"),
        ({"recipes": 'name\n"Martini\n'}, "recipes.csv", "line 2", "-"),
        ({"ingredients": "name,parent\nGin,Spirit\n"}, "ingredients", "line 2", "parent"),
        (
            {"recipe_ingredients": "recipe,ingredient,amount,unit\nMartini,Gin,two,Ounce\n"},
            "recipe_ingredients",
            "line 2",
            "amount",
        ),
        (
            {"recipe_ingredients": 'recipe,ingredient,amount,unit\nMartini,Gin,"1,5",Ounce\n'},
            "recipe_ingredients",
            "line 2",
            "amount",
        ),
        (
            {"recipe_ingredients": "recipe,ingredient,amount,unit\n\nMartini,Gin,-1,Ounce\n"},
            "recipe_ingredients",
            "line 3",
            "amount",
        ),
        (
            {"recipe_ingredients": "recipe,ingredient,amount,unit\nMartini,Gin,1,Cup\n"},
            "recipe_ingredients",
            "line 2",
            "unit",
        ),
    ],
)
def test_faults_are_named_by_line(
    tmp_path: Path, texts: dict[str, str | bytes], table: str, row: str, field: str
) -> None:
    faults = _faults(_files(tmp_path, **texts))
    assert (table, row, field) in {(fault.table, fault.row, fault.field) for fault in faults}
    assert all(fault.message and fault.remedy for fault in faults)


def test_code_pages_are_read(tmp_path: Path) -> None:
    files = _files(
        tmp_path, recipes="name\nPiña\n".encode("cp1252"), recipe_ingredients=b"recipe\n"
    )
    found = read_csv_directory(files)
    assert [recipe.fields["name"] for recipe in found.recipes] == ["Piña"]


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    _files(tmp_path)
    (tmp_path / "units.csv").unlink()
    assert "units.csv" in {fault.table for fault in _faults(tmp_path)}


def test_an_ambiguous_recipe_name_needs_its_id(tmp_path: Path) -> None:
    (fault, *_) = _faults(_files(tmp_path, recipes="name\nMartini\nMARTINI\n"))
    assert (fault.field, fault.severity) == ("recipe", "error")
    assert "recipe_id" in fault.remedy


@settings(deadline=None, max_examples=150)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_csv_file_is_read_or_refused(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("csv")
    _files(directory, recipe_ingredients=content)
    for fault in _faults(directory):
        assert fault.remedy


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["units", "recipes", "ingredients", "id", "name", "tags", "amount"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(document=json_values)
def test_any_json_document_is_read_or_refused(
    document: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("json") / "d.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    for fault in to_dataset(read_json_document(path))[1]:
        assert fault.remedy


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"drinks": []}', b"[" * 100_000])
def test_invalid_documents_are_faults(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(content)
    assert to_dataset(read_json_document(path))[1]


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    database = Database(URL.create("sqlite", database=str(tmp_path / "other.db")))
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE recipes (id INTEGER)"))
    database.dispose()
    with (
        pytest.raises(DatabaseError, match="no table units, ingredients, recipe_ingredients"),
        database.snapshot() as connection,
    ):
        read_dataset(connection)


def test_migrations_make_the_schema(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    upgrade(database.engine)
    assert set(metadata.tables) < set(inspect(database.engine).get_table_names())


def test_an_older_database_is_adopted_with_its_rows(real_db_path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "adopted.db"
    copy.write_bytes(real_db_path.read_bytes())
    before = Database(URL.create("sqlite", database=str(real_db_path)))
    with before.snapshot() as connection:
        rows = read_dataset(connection)
    engine = create_engine(URL.create("sqlite", database=str(copy)))
    upgrade(engine)
    for table in TABLES:
        columns = {column["name"] for column in inspect(engine).get_columns(table.name)}
        assert columns >= {column.name for column in table.columns}
    engine.dispose()
    with Database(URL.create("sqlite", database=str(copy))).snapshot() as connection:
        _equal(read_dataset(connection), rows)
