"""Equal revisions mean equal data, and a commit never goes unseen."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert

from api.db.database import Database
from api.db.frames import Dataset
from api.db.revision import Revisions
from api.db.schema import ingredients, units
from api.http.bar_model import CurrentBar

MakeDatabase = Callable[[Dataset | None], Database]


def _write(database: Database, name: str, *, commit: bool = True) -> None:
    with database.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(insert(units), {"name": name})
        if not commit:
            transaction.rollback()


def test_revision_changes_with_each_commit(database: Database) -> None:
    revisions = Revisions(database)
    seen = [revisions.current()]
    assert seen[0] is not None
    assert revisions.current() == seen[0]
    for number in range(3):
        _write(database, f"Thimble {number}")
        found = revisions.current()
        assert found not in seen
        assert revisions.current() == found
        seen.append(found)
    revisions.close()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_other_programs_commits_are_seen(make_database: MakeDatabase, journal: str) -> None:
    database = make_database(None)
    path = database.sqlite_path
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"PRAGMA journal_mode = {journal}")
    revisions = Revisions(database)
    before = revisions.current()
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO units (name) VALUES ('Thimble')")
    assert revisions.current() == before  # not committed: nobody sees it
    other.execute("COMMIT")  # no lock of ours is in its way
    assert revisions.current() != before
    other.close()
    revisions.close()


def test_replaced_file_has_another_revision(make_database: MakeDatabase, tmp_path: Path) -> None:
    database = make_database(None)
    path = database.sqlite_path
    assert path is not None
    copy = tmp_path / "copy.db"
    shutil.copyfile(path, copy)
    revisions = Revisions(database)
    before = revisions.current()
    copy.replace(path)
    after = revisions.current()
    assert after is not None
    assert after != before
    path.unlink()
    assert revisions.current() is None
    revisions.close()


def test_recipes_are_read_once_a_commit(database: Database) -> None:
    bar = CurrentBar(database)
    first = bar.get()
    assert bar.get() is first
    with database.engine.begin() as connection:
        connection.execute(insert(ingredients), {"id": 7, "name": "Gin", "path": "/7/"})
    second = bar.get()
    assert second.name(7) == "Gin"
    assert bar.get() is second
    bar.close()
