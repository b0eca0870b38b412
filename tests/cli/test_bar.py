"""``cocktaildb bar`` on the sample."""

import json
from pathlib import Path

import pytest
from sqlalchemy import URL
from typer.testing import CliRunner

from api.cli.main import app
from api.db.database import Database
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.write import write_dataset


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


def test_unknown_bottle_suggests_names_like_it() -> None:
    done = CliRunner().invoke(app, ["bar", "stock", "--have", "Campary"])
    assert done.exit_code == 2
    assert "Campari" in done.output


def test_menu_without_analytics_names_the_command() -> None:
    done = CliRunner().invoke(app, ["bar", "menu", "Negroni"])
    assert done.exit_code == 1
    assert "cocktaildb refresh" in done.output
