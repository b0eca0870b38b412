"""A database of another program opens as it is, and migrates completely or not at all."""

import hashlib
import itertools
import os
import signal
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, event, text

from api.db.catalog import ingredients, ratings, recipes, tags
from api.db.catalog.drafts import RecipeDraft
from api.db.catalog.search import RecipeSearch
from api.db.catalog.writing import writing
from api.db.check import check_dataset
from api.db.database import Database
from api.db.dataset import read_dataset
from api.db.db_analytics import read_checked_dataset
from api.db.errors import DatabaseError, Fault
from api.db.identity import read_database_id
from api.db.migrations import upgrade

#: Without path, foreign keys and search names, as other programs create them.
FOREIGN = """
CREATE TABLE units (id INTEGER PRIMARY KEY, name TEXT, abbreviation TEXT, conversion_to_ml REAL);
CREATE TABLE ingredients (id INTEGER PRIMARY KEY, name TEXT, parent_id INTEGER);
CREATE TABLE recipes (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE recipe_ingredients (
    id INTEGER PRIMARY KEY, recipe_id INTEGER, ingredient_id INTEGER, unit_id INTEGER, amount REAL
);
INSERT INTO units VALUES (1, 'Milliliter', 'ml', 1);
INSERT INTO ingredients VALUES (1, 'Spirits', NULL), (2, 'Gin', 1), (3, 'Tonic', NULL);
INSERT INTO recipes VALUES (1, 'Gin and Tonic'), (2, 'Gin Neat');
INSERT INTO recipe_ingredients VALUES (1, 1, 2, 1, 40), (2, 1, 3, 1, 80), (3, 2, 2, 1, 50);
"""
ORPHAN = "INSERT INTO recipe_ingredients VALUES (6, 99, 1, 1, 10);"
OTHER_RATINGS = """
CREATE TABLE ratings (
    id INTEGER PRIMARY KEY, cognito_user_id TEXT NOT NULL, recipe_id INTEGER, rating INTEGER
);
INSERT INTO ratings VALUES (1, 'ann', 1, 5), (2, 'bob', 99, 4), (3, 'eve', 2, 9);
"""
PRIVATE_TAGS = """
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_by TEXT);
CREATE TABLE recipe_tags (recipe_id INTEGER NOT NULL, tag_id INTEGER NOT NULL);
INSERT INTO tags VALUES (1, 'tall', NULL), (2, 'secret', 'ann');
INSERT INTO recipe_tags VALUES (1, 1), (1, 2);
"""
BROKEN_VIEW = "CREATE TABLE gone (x INTEGER); CREATE VIEW v AS SELECT * FROM gone; DROP TABLE gone;"

MakeForeign = Callable[..., Database]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_foreign(request: pytest.FixtureRequest, tmp_path: Path) -> MakeForeign:
    """Run SQL on an empty database of each kind."""
    if request.param == "sqlite":
        database = Database(URL.create("sqlite", database=str(tmp_path / "foreign.db")))
    else:
        database = request.getfixturevalue("empty_postgresql")

    def make(*scripts: str) -> Database:
        script = "\n".join(scripts)
        if database.sqlite_path is not None:
            with closing(sqlite3.connect(database.sqlite_path)) as raw:
                raw.executescript(script)
            return database
        script = script.replace("id INTEGER PRIMARY KEY", "id SERIAL PRIMARY KEY")
        with database.engine.begin() as connection:
            for statement in script.split(";"):
                if statement.strip():
                    connection.execute(text(statement))
            serials = text("SELECT relname FROM pg_class WHERE relkind = 'S'")
            for name in connection.scalars(serials).all():
                connection.execute(text(f"SELECT setval('{name}', 100)"))
        return database

    return make


def _faults(database: Database) -> list[Fault]:
    with database.snapshot() as connection:
        return check_dataset(read_dataset(connection))


def _digest(database: Database) -> str:
    assert database.sqlite_path is not None
    return hashlib.sha256(database.sqlite_path.read_bytes()).hexdigest()


def test_missing_path_is_derived(make_foreign: MakeForeign) -> None:
    database = make_foreign(FOREIGN)
    assert _faults(database) == []
    assert list(read_checked_dataset(database).ingredients["path"]) == ["/1/", "/1/2/", "/3/"]
    with database.snapshot() as connection:
        listed = ingredients.list_ingredients(connection).items
        assert {one.name: one.path for one in listed}["Gin"] == "/1/2/"
        found = recipes.search_recipes(connection, RecipeSearch(ingredient=[1])).items
        assert [one.name for one in found] == ["Gin and Tonic", "Gin Neat"]
    upgrade(database.engine)
    with database.snapshot() as connection:
        stored = connection.execute(text("SELECT path FROM ingredients ORDER BY id")).scalars()
        assert list(stored) == ["/1/", "/1/2/", "/3/"]


def test_wrong_path_is_ignored_and_repaired(make_foreign: MakeForeign) -> None:
    database = make_foreign(
        FOREIGN,
        "ALTER TABLE ingredients ADD COLUMN path VARCHAR(500);",
        "UPDATE ingredients SET path = '/9/' WHERE id = 2;",
    )
    assert [(f.row, f.field, f.severity) for f in _faults(database)] == [
        ("id 2", "path", "warning")
    ]
    assert "3 ingredients" in " ".join(upgrade(database.engine))
    assert _faults(database) == []


def test_orphan_line_is_a_warning(make_foreign: MakeForeign) -> None:
    database = make_foreign(FOREIGN, ORPHAN)
    for _ in range(2):  # as it is, and migrated
        (fault,) = _faults(database)
        assert (fault.table, fault.row, fault.severity) == ("recipe_ingredients", "id 6", "warning")
        assert "Recipe 99 does not exist" in fault.message
        assert len(read_checked_dataset(database).recipe_ingredients) == 3
        upgrade(database.engine)


def test_ratings_of_another_program_are_adopted(make_foreign: MakeForeign) -> None:
    database = make_foreign(FOREIGN, OTHER_RATINGS)
    assert [(f.table, f.severity) for f in _faults(database)] == [("ratings", "warning")]
    with database.snapshot() as connection:
        assert ratings.list_ratings(connection).items == []
    (note, path) = upgrade(database.engine)
    assert "1 of its 3 rows were copied, with cognito_user_id as user_id" in note
    assert "path" in path
    with database.snapshot() as connection:
        (rating,) = ratings.list_ratings(connection).items
        assert (rating.user_id, rating.rating) == ("ann", 5)
        kept = connection.scalar(text("SELECT count(*) FROM ratings_before_migration"))
        assert kept == 3


def test_private_tags_stay_private(make_foreign: MakeForeign) -> None:
    database = make_foreign(FOREIGN, PRIVATE_TAGS)
    for _ in range(2):
        with database.snapshot() as connection:
            assert [tag.name for tag in tags.list_tags(connection).items] == ["tall"]
            assert recipes.get_recipe(connection, 1).tags == ["tall"]
            secret = recipes.search_recipes(connection, RecipeSearch(tag=["secret"])).items
            assert secret == []
            dataset = read_dataset(connection)
        assert list(dataset.tags["name"]) == ["tall"]
        assert [f.field for f in dataset.faults] == ["created_by"]
        upgrade(database.engine)
    # A public tag of the same name is another tag.
    with writing(database) as connection:
        made = recipes.create_recipe(connection, RecipeDraft(name="New", tags=["secret"]))
    assert made.tags == ["secret"]
    with database.snapshot() as connection:
        assert recipes.get_recipe(connection, 1).tags == ["tall"]


def test_migrated_database_can_be_written(make_foreign: MakeForeign) -> None:
    database = make_foreign(FOREIGN, OTHER_RATINGS, PRIVATE_TAGS)
    upgrade(database.engine)
    with writing(database) as connection:
        made = recipes.create_recipe(connection, RecipeDraft(name="New", tags=["tall"]))
        recipes.delete_recipe(connection, made.id)


def test_broken_view_stops_nothing(tmp_path: Path) -> None:
    database = _sqlite(tmp_path, FOREIGN, OTHER_RATINGS, BROKEN_VIEW)
    assert len(read_checked_dataset(database).recipes) == 2
    with database.snapshot() as connection:
        assert len(recipes.search_recipes(connection, RecipeSearch()).items) == 2
    upgrade(database.engine)
    assert _faults(database) == []


def _sqlite(tmp_path: Path, *scripts: str) -> Database:
    path = tmp_path / "foreign.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript("\n".join(scripts))
    return Database(URL.create("sqlite", database=str(path)))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("ALTER TABLE recipes ADD COLUMN kind TEXT NOT NULL DEFAULT 'x';", None),
        ("CREATE TRIGGER units_renamed AFTER UPDATE ON units BEGIN SELECT 1; END;", "already exis"),
        (
            "DROP TABLE units; CREATE TABLE units (id TEXT PRIMARY KEY, name TEXT);",
            "units.id is not an integer primary key",
        ),
        (
            "DROP TABLE recipes; CREATE TABLE recipes "
            "(id INTEGER PRIMARY KEY, name TEXT, owner TEXT NOT NULL);",
            "recipes.owner requires a value",
        ),
        # SQLite numbers none of these rows by itself.
        *(
            (
                f"DROP TABLE recipes; CREATE TABLE recipes (id {key}",
                "recipes.id is not an integer primary key",
            )
            for key in (
                "INT PRIMARY KEY, name TEXT);",
                "BIGINT PRIMARY KEY, name TEXT);",
                "INTEGER PRIMARY KEY DESC, name TEXT);",
                "INTEGER PRIMARY KEY, name TEXT) WITHOUT ROWID;",
            )
        ),
        (
            "DROP TABLE recipes; CREATE TABLE recipes (id INTEGER PRIMARY KEY, title TEXT, "
            "name TEXT GENERATED ALWAYS AS (upper(title)) VIRTUAL);",
            "recipes.name is computed",
        ),
        (
            "DROP TABLE recipes; CREATE TABLE menus (id INTEGER PRIMARY KEY); CREATE TABLE recipes "
            "(id INTEGER PRIMARY KEY, name TEXT, menu_id INTEGER REFERENCES menus); "
            "DROP TABLE menus;",
            "recipes.menu_id refers to a table that does not exist",
        ),
        (
            "CREATE TABLE alembic_version (version_num TEXT); "
            "INSERT INTO alembic_version VALUES ('abcdef');",
            "Another program",
        ),
        ("CREATE TABLE database_identity (x INTEGER);", "database_identity already exists"),
        (
            "ALTER TABLE recipes RENAME TO other; CREATE VIEW recipes AS SELECT * FROM other;",
            "recipes is a view",
        ),
        ("ALTER TABLE recipes RENAME TO r; ALTER TABLE r RENAME TO Recipes;", "written Recipes"),
        ("ALTER TABLE recipes RENAME COLUMN name TO Name;", "recipes.name is written Name"),
        (
            "CREATE TABLE notes (rating_id INTEGER REFERENCES ratings (id)); "
            "INSERT INTO notes VALUES (1);",
            "notes refers to it",
        ),
    ],
)
def test_failed_migration_changes_no_byte(tmp_path: Path, script: str, reason: str | None) -> None:
    database = _sqlite(tmp_path, FOREIGN, OTHER_RATINGS, script)
    before = _digest(database)
    if "units.id" not in (reason or ""):
        # It opens as it is, nonetheless.
        assert read_checked_dataset(database).database_id is not None
    if reason is None:
        upgrade(database.engine)
        assert _digest(database) != before
        return
    with pytest.raises(DatabaseError, match=reason) as caught:
        upgrade(database.engine)
    assert "Nothing has changed" in str(caught.value)
    assert _digest(database) == before


#: What SQLite takes, and a server does not.
SERVER_ONLY = {
    "ALTER TABLE recipe_ingredients ALTER amount TYPE TEXT;": "amount has the type TEXT",
    "ALTER TABLE ingredients ALTER parent_id TYPE TEXT;": "parent_id has the type TEXT",
    "ALTER TABLE recipes ADD COLUMN instructions JSON;": "instructions has the type JSON",
    "ALTER TABLE recipes ADD COLUMN search_name INTEGER;": "search_name has the type INTEGER",
    "CREATE VIEW names AS SELECT id FROM recipes;": "view names depends on column",
    "CREATE VIEW stars AS SELECT * FROM ratings;": "view stars depends on table ratings",
    "ALTER TABLE recipes RENAME TO r; CREATE VIEW recipes AS SELECT * FROM r;": "is a view",
    "CREATE TABLE notes (rating_id INTEGER REFERENCES ratings);": "notes refers to it",
}


def test_servers_migrate_completely_or_not(empty_postgresql: Database) -> None:
    foreign = (FOREIGN + OTHER_RATINGS).replace("id INTEGER PRIMARY KEY", "id SERIAL PRIMARY KEY")
    for script, reason in SERVER_ONLY.items():
        with empty_postgresql.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
            for statement in (foreign + script).split(";"):
                if statement.strip():
                    connection.execute(text(statement))
        assert len(read_checked_dataset(empty_postgresql).recipes) == 2
        before = _content(empty_postgresql)
        with pytest.raises(DatabaseError, match=reason) as caught:
            upgrade(empty_postgresql.engine)
        assert "Nothing has changed" in str(caught.value)
        assert "CASCADE" not in str(caught.value)
        assert _content(empty_postgresql) == before


def _content(database: Database) -> list[object]:
    """Return every column and row of a server."""
    columns = text(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
    )
    with database.engine.connect() as connection:
        found: list[object] = list(connection.execute(columns))
        for name in sorted({row.table_name for row in connection.execute(columns)}):
            found += connection.execute(text(f'SELECT * FROM "{name}" AS t ORDER BY t::text')).all()
    return found


def test_a_killed_migration_changes_nothing(make_foreign: MakeForeign) -> None:
    database = make_foreign(FOREIGN, OTHER_RATINGS, PRIVATE_TAGS)
    content = _content if database.sqlite_path is None else _digest_after_recovery
    before = content(database)
    for statement in (60, 160):
        database.dispose()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads, which the child does not use
            child = os.fork()
        if child == 0:
            try:
                _die_at(database.engine, statement)
                upgrade(database.engine)
            finally:
                os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL, statement
        assert content(database) == before, statement
    upgrade(database.engine)
    assert _faults(database)[0].field == "created_by"


def _die_at(engine: Engine, statement: int) -> None:
    count = itertools.count(1)

    @event.listens_for(engine, "before_cursor_execute")
    def die(*_arguments: object) -> None:
        if next(count) == statement:
            os.kill(os.getpid(), signal.SIGKILL)


def _digest_after_recovery(database: Database) -> list[object]:
    assert database.sqlite_path is not None
    with closing(sqlite3.connect(database.sqlite_path)) as raw:
        return list(raw.iterdump())


def test_case_files_open_and_migrate(tmp_path: Path) -> None:
    cases = Path(__file__).parents[3] / "shared" / "data" / "cases"
    if not cases.is_dir():
        pytest.skip("the case files are not on this machine")
    for name in ("ratings_other_user_column", "orphan_line"):
        (tmp_path / name).mkdir()
        database = _sqlite(tmp_path / name, (cases / f"{name}.sql").read_text())
        for _ in range(2):
            assert {fault.severity for fault in _faults(database)} <= {"warning"}
            assert len(read_checked_dataset(database).recipes) == 3
            upgrade(database.engine)


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
def test_earlier_versions_upgrade_once(empty_database: Database, revision: str) -> None:
    upgrade(empty_database.engine, revision)
    with empty_database.engine.begin() as connection:
        connection.execute(text("INSERT INTO units (name) VALUES ('Ounce')"))
    identities = set()
    for _ in range(2):
        assert upgrade(empty_database.engine) == []
        with empty_database.snapshot() as connection:
            identities.add(read_database_id(connection))
            assert connection.scalar(text("SELECT name FROM units")) == "Ounce"
    assert len(identities) == 1
    assert not identities.pop().startswith("derived-")
    with writing(empty_database) as connection:
        recipes.create_recipe(connection, RecipeDraft(name="New"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database(URL.create("sqlite", database=str(tmp_path / "empty.db")))
    found: Database = request.getfixturevalue("empty_postgresql")
    return found
