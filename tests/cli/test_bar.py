"""``cocktaildb bar`` on the sample."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL
from typer.testing import CliRunner

from api.cli.main import app
from api.db.catalog.ingredients import list_ingredients
from api.db.catalog.shelf import replace_shelf
from api.db.catalog.writing import writing
from api.db.database import Database, get_database
from api.db.frames import Dataset
from api.db.identity import read_database_id
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.utils.analytics_cache import AnalyticsStorage


@pytest.fixture(autouse=True)
def _sample(sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bar.db"
    database = Database(URL.create("sqlite", database=str(path)))
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    database.dispose()
    monkeypatch.setenv("DB_PATH", str(path))
    monkeypatch.setenv("ANALYTICS_DIR", str(tmp_path / "analytics"))
    monkeypatch.setenv("REFRESH_QUEUE", str(tmp_path / "queue.db"))


def test_now_reads_a_shelf_file(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf.txt"
    shelf.write_text("gin\nCampari\n\nsweet red vermouth\n")
    done = CliRunner().invoke(app, ["bar", "now", "--shelf", str(shelf), "--json"])
    assert done.exit_code == 0, done.output
    assert "Negroni" in {one["recipe_name"] for one in json.loads(done.stdout)["recipes"]}


def test_next_prints_a_shopping_list() -> None:
    done = CliRunner().invoke(app, ["bar", "next", "--have", "Gin, Sweet Red Vermouth"])
    assert done.exit_code == 0, done.output
    assert len(done.stdout.strip().splitlines()) == 4


def _keep(user: str, *names: str) -> None:
    database = get_database()
    with writing(database) as connection:
        found = [list_ingredients(connection, q=name, limit=1).items[0] for name in names]
        replace_shelf(connection, user, [one.id for one in found])
    database.dispose()


def _made(*options: str) -> set[str]:
    done = CliRunner().invoke(app, ["bar", "now", "--json", *options])
    assert done.exit_code == 0, done.output
    return {one["recipe_name"] for one in json.loads(done.stdout)["recipes"]}


def test_stored_shelf_is_read_unless_bottles_are_named() -> None:
    _keep("local", "Gin", "Campari", "Sweet Red Vermouth")
    _keep("ann", "White Rum", "Lime Juice", "Superfine Sugar")
    local, ann = _made(), _made("--user", "ann")
    assert "Negroni" in local - ann
    assert "Daiquiri" in ann - local
    # Named bottles take its place: they are not added to it.
    assert "Negroni" not in _made("--have", "Campari")


def test_two_shelves_at_once_are_refused() -> None:
    done = CliRunner().invoke(app, ["bar", "now", "--have", "Gin", "--user", "ann"])
    assert done.exit_code == 2
    assert "take the place" in done.output


def test_empty_stored_shelf_names_the_others() -> None:
    _keep("ann", "Gin")
    done = CliRunner().invoke(app, ["bar", "now", "--json"])
    assert json.loads(done.stdout)["recipes"] == []
    assert "The shelf of local on the server is empty" in done.stderr
    assert "ann" in done.stderr


def test_unknown_bottle_suggests_names_like_it() -> None:
    done = CliRunner().invoke(app, ["bar", "stock", "--have", "Campary"])
    assert done.exit_code == 2
    assert "Campari" in done.output


def test_menu_without_analytics_names_the_command() -> None:
    done = CliRunner().invoke(app, ["bar", "menu", "Negroni"])
    assert done.exit_code == 1
    assert "cocktaildb refresh" in done.output


@pytest.mark.parametrize(
    "command",
    [
        ["bar", "now", "--order", "similarity", "--like", "Negroni", "--have", "Gin"],
        ["bar", "without", "Gin", "--have", "Gin"],
        ["bar", "menu", "Negroni"],
        ["report", "-o", "-"],
    ],
)
def test_commands_refuse_another_databases_analytics(command: list[str]) -> None:
    """Stale analytics are shown with a warning; foreign ones never."""
    storage = AnalyticsStorage.from_settings()
    empty: dict[str, Any] = {
        "recipe-similar": [],
        "ingredient-substitutes": [],
        "atlas": {},
    }
    storage.snapshots.publish(empty, database_fingerprint="x", database_id="another")
    storage.put_analytics("ingredient-usage", [])  # a patch keeps the identity
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, done.stdout) == (1, "")
    # The commands of `bar` explain errors themselves; for others, the program does.
    assert "computed from another database" in f"{done.stderr}{done.exception}"
    listed = CliRunner().invoke(app, ["snapshots", "list", "--json"])
    assert [one["foreign"] for one in json.loads(listed.stdout)] == [True, True]
    status = CliRunner().invoke(app, ["status"])
    assert json.loads(status.stdout)["analytics"] == "foreign"


def test_commands_warn_of_stale_analytics() -> None:
    with get_database() as database, database.snapshot() as connection:
        own = read_database_id(connection)
    storage = AnalyticsStorage.from_settings()
    storage.snapshots.publish(
        {"ingredient-substitutes": []}, database_fingerprint="x", database_id=own
    )
    done = CliRunner().invoke(app, ["bar", "without", "Gin", "--have", "Gin"])
    assert done.exit_code == 0, done.output
    assert "Recipes have changed" in done.stderr
    status = CliRunner().invoke(app, ["status"])
    assert json.loads(status.stdout)["analytics"] == "stale"
