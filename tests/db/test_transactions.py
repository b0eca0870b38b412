"""Every transaction ends its locks, and a replaced database file is noticed."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from api.db.catalog import ingredients, recipes, tags
from api.db.catalog.drafts import IngredientDraft, RecipeDraft, TagDraft
from api.db.catalog.errors import CatalogError, ConflictError, NotFoundError
from api.db.catalog.search import RecipeSearch
from api.db.catalog.writing import writing
from api.db.database import Database
from api.db.errors import DatabaseError
from api.db.frames import Dataset
from api.db.migrations import upgrade

MakeDatabase = Callable[[Dataset | None], Database]


@pytest.fixture
def bar(make_database: MakeDatabase) -> Iterator[Database]:
    database = make_database(None)
    with writing(database) as connection:
        for name in ("Gin", "G\u00edn", "G\u00een", "Rum"):
            ingredients.create_ingredient(connection, IngredientDraft(name=name))
            tags.create_tag(connection, TagDraft(name=name))
    yield database
    database.dispose()


def _require_unlocked(database: Database) -> None:
    assert database.sqlite_path is not None
    with closing(sqlite3.connect(database.sqlite_path, timeout=0, isolation_level=None)) as raw:
        raw.execute("BEGIN EXCLUSIVE")
        raw.execute("ROLLBACK")


def test_refused_write_leaves_no_lock(bar: Database) -> None:
    with pytest.raises(ConflictError) as caught, writing(bar) as connection:
        ingredients.create_ingredient(connection, IngredientDraft(name="gin"))
    assert caught.value.__traceback__ is not None  # which keeps the cursor alive
    _require_unlocked(bar)


def test_half_read_cursor_leaves_no_lock(bar: Database) -> None:
    kept = []
    with writing(bar) as connection:
        found = connection.execute(text("SELECT id FROM ingredients"))
        kept.append((found, found.fetchone()))
    _require_unlocked(bar)

    def read_and_fail() -> None:
        with bar.snapshot() as connection:
            found = connection.execute(text("SELECT id FROM ingredients"))
            kept.append((found, found.fetchone()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_and_fail()
    _require_unlocked(bar)
    assert len(kept) == 2


def test_every_error_leaves_no_lock(bar: Database) -> None:
    failures: list[tuple[type[Exception], Callable[[], object]]] = []

    def write(action: Callable[..., object], *arguments: object) -> Callable[[], object]:
        def run() -> object:
            with writing(bar) as connection:
                return action(connection, *arguments)

        return run

    failures += [
        (ConflictError, write(tags.create_tag, TagDraft(name="RUM"))),
        (NotFoundError, write(recipes.delete_recipe, 99)),
        (CatalogError, write(ingredients.update_ingredient, 1, IngredientDraft(name="Rum"))),
        (DatabaseError, write(lambda connection: connection.execute(text("SELECT nothing")))),
    ]
    for kind, run in failures:
        with pytest.raises(kind):
            run()
        _require_unlocked(bar)
    with pytest.raises(CatalogError), bar.snapshot() as connection:
        recipes.search_recipes(connection, RecipeSearch(have=[99]))
    _require_unlocked(bar)


def _names(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as raw:
        return {name for (name,) in raw.execute("SELECT name FROM recipes")}


def _rename(new: Path, path: Path) -> None:
    new.rename(path)


def _hard_link(new: Path, path: Path) -> None:
    path.unlink()
    os.link(new, path)


@pytest.fixture
def other_file(tmp_path: Path) -> Path:
    path = tmp_path / "other.db"
    database = Database(URL.create("sqlite", database=str(path)))
    upgrade(database.engine)
    database.dispose()
    return path


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
@pytest.mark.parametrize("replace", [_rename, _hard_link])
def test_writes_go_to_the_replacing_file(
    bar: Database, other_file: Path, journal: str, replace: Callable[[Path, Path], None]
) -> None:
    path = bar.sqlite_path
    assert path is not None
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA journal_mode = {journal}")
    with writing(bar) as connection:
        recipes.create_recipe(connection, RecipeDraft(name="Before"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    replace(other_file, path)
    for number in range(3):
        with writing(bar) as connection:
            recipes.create_recipe(connection, RecipeDraft(name=f"After {number}"))
    assert _names(path) == {"After 0", "After 1", "After 2"}


def test_write_during_a_replacement_fails(bar: Database, other_file: Path) -> None:
    path = bar.sqlite_path
    assert path is not None

    def write_overtaken() -> None:
        with writing(bar) as connection:
            recipes.create_recipe(connection, RecipeDraft(name="Lost"))
            shutil.copyfile(other_file, other_file.with_name("copy.db"))
            other_file.with_name("copy.db").rename(path)

    with pytest.raises(DatabaseError, match="was replaced"):
        write_overtaken()
    assert _names(path) == set()
    with writing(bar) as connection:
        recipes.create_recipe(connection, RecipeDraft(name="Kept"))
    assert _names(path) == {"Kept"}


def test_server_readers_do_not_wait_for_writers(postgresql: Database) -> None:
    with writing(postgresql) as connection:
        tags.create_tag(connection, TagDraft(name="held"))
        with postgresql.snapshot() as reader:
            assert tags.list_tags(reader).items == []


def test_server_connections_end_idle(postgresql: Database) -> None:
    with pytest.raises(NotFoundError), writing(postgresql) as connection:
        recipes.delete_recipe(connection, 99)
    with pytest.raises(CatalogError), postgresql.snapshot() as connection:
        recipes.search_recipes(connection, RecipeSearch(have=[99]))
    query = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    with postgresql.engine.connect() as connection:
        assert connection.scalar(query) == 0
