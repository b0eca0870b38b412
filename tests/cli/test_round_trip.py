"""A collection goes through every door, over both kinds of database, and comes out the same."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.db.database import Database
from api.http.app import create_app
from api.settings import Settings
from tests.conftest import Run

#: What was seen to break: separators in tags, formulas, lengths, offsets, numbers as names.
COLLECTION = {
    "units": [{"name": "Ounce", "abbreviation": "oz", "conversion_to_ml": 29.5735}],
    "ingredients": [
        {"name": "Gin", "description": "two\nlines", "parent": None},
        {"name": "B & B", "parent": "Gin", "allow_substitution": 1},
        {"name": "1.0", "parent": None},
        {"name": "Piña, \"fresh\"; 'cut'", "parent": None},
    ],
    "tags": [{"name": "sour, tall; \\pink"}, {"name": "unused"}],
    "recipes": [
        {
            "name": "=1+1",
            "instructions": "Stir.\n\tStrain.",
            "source_url": "https://example.com/a?b=c#d",
            "tags": ["sour, tall; \\pink", "nan"],
            "ingredients": [
                {"ingredient": "Gin", "amount": 1 / 3, "unit": "Ounce", "original_text": "⅓ oz"},
                {"ingredient": "1.0", "amount": 1e6},
                {"ingredient": "1.0"},
            ],
        },
        {"name": "Recipe 1.0", "ingredients": [{"ingredient": "B & B", "amount": 2}]},
        {"name": "N" * 200, "ingredients": [{"ingredient": "Piña, \"fresh\"; 'cut'"}]},
        {"name": "NA", "ingredients": [{"ingredient": "Gin", "amount": 0, "unit": "Ounce"}]},
    ],
    "ratings": [
        {"recipe": "=1+1", "user_id": "ann", "rating": 5,
         "created_at": "2026-07-01T12:00:00+02:00"},
        {"recipe": "NA", "user_id": "-bob", "rating": 1, "created_at": "2026-01-01 00:30:00"},
    ],
}  # fmt: skip
TOKEN = "a-token-for-this-test"


@pytest.fixture
def make_address(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str, str], str]:
    """Make the DATABASE_URL of a database of a kind that does not hold anything yet."""

    def make(kind: str, name: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        made: Database = request.getfixturevalue("make_postgresql")()
        return made.url.render_as_string(hide_password=False)

    return make


def _files(directory: Path, leave_out: str = "") -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in directory.iterdir() if one.name != leave_out}


@pytest.mark.parametrize("kinds", [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_every_door_keeps_the_collection(
    kinds: tuple[str, str], run: Run, make_address: Callable[[str, str], str], tmp_path: Path
) -> None:
    first, other = kinds
    (tmp_path / "bar.json").write_text(json.dumps(COLLECTION))
    places: dict[str, Any] = {
        "ANALYTICS_DIR": str(tmp_path / "analytics"),
        "REFRESH_QUEUE": str(tmp_path / "q.db"),
    }
    run("db", "check", "bar.json")
    one: dict[str, Any] = {**places, "DATABASE_URL": make_address(first, "one")}
    run("import", "bar.json", "--refresh", **one)
    published = json.loads(run("status", **one).stdout)["run"]["history"][0]
    assert (published["state"], published["changed"]) == ("succeeded", True)
    run("db", "export", "csv", **one)
    # A database of the other kind, by command: ratings and their times are there, too.
    two = {**places, "DATABASE_URL": make_address(other, "two")}
    run("import", "csv", **two)
    run("db", "export", "again", **two)
    assert _files(tmp_path / "again") == _files(tmp_path / "csv")
    # A third by HTTP, which takes no ratings of other people.
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in _files(tmp_path / "csv").items():
            file.writestr(name, content)
    three = {**places, "DATABASE_URL": make_address(other, "three")}
    run("db", "init", "--empty", **three)
    settings = Settings(
        database_url=three["DATABASE_URL"], analytics_dir=tmp_path / "site",
        refresh_queue=tmp_path / "site.db", api_token=TOKEN,
    )  # fmt: skip
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        done = client.post(
            "/api/v1/recipes/import", content=archive.getvalue(),
            headers={"Authorization": f"Bearer {TOKEN}",
                     "Content-Type": "application/octet-stream"},
        )  # fmt: skip
        assert (done.status_code, done.json().get("created")) == (200, 4), done.text
        (tmp_path / "site.json").write_bytes(client.get("/api/v1/recipes/export").content)
    four = {**places, "DATABASE_URL": make_address(first, "four")}
    run("import", "site.json", "--refresh", **four)
    run("db", "export", "last", **four)
    run("db", "check", **four)
    assert _files(tmp_path / "last", "ratings.csv") == _files(tmp_path / "csv", "ratings.csv")
