"""What every command has in common: how it starts, prints and fails."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import Run

#: What makes a command slow to start, and no --help needs.
HEAVY = ["boto3", "fastapi", "numpy", "pandas", "pydantic", "scipy", "sqlalchemy"]


def _error(done: subprocess.CompletedProcess[str]) -> str:
    """Return the message of a command that ended in one explained line."""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert "Traceback" not in done.stderr
    return line


def test_version_is_the_distributions(run: Run) -> None:
    expected = f"cocktaildb {version('cocktaildb-analytics')}"
    assert run("--version").stdout.strip() == expected


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from api.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "refresh" in done.stdout
    assert done.stderr.strip() == "[]"


def test_names_in_brackets_are_printed_literally(run: Run) -> None:
    assert "Gin [red] :lemon:" in _error(run("restore", "Gin [red] :lemon:", code=1))


@pytest.mark.parametrize(
    ("name", "value", "explained"),
    [
        ("ANALYTICS_KEEP", "abc", "ANALYTICS_KEEP=abc cannot be used: it takes a whole number"),
        ("ANALYTICS_KEEP", "0", "ANALYTICS_KEEP=0 cannot be used: it takes a number of at least 1"),
        ("MAX_BODY_BYTES", "5MB", "MAX_BODY_BYTES=5MB cannot be used: it takes a whole number"),
    ],
)
def test_bad_setting_is_one_explained_line(run: Run, name: str, value: str, explained: str) -> None:
    for command in (["refresh"], ["snapshots", "list"], ["status"], ["db", "check"]):
        assert explained in _error(run(*command, code=1, **{name: value}))


def test_every_bad_setting_is_named(run: Run) -> None:
    done = run("refresh", code=1, ANALYTICS_KEEP="abc", MAX_BODY_BYTES="5MB")
    assert "ANALYTICS_KEEP" in _error(done)
    assert "MAX_BODY_BYTES" in _error(done)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["db", "init"], {"DB_PATH": "file/cocktails.db"}),
        (["db", "export", "file/out"], {}),
        (["db", "export", "file/out.json"], {}),
        (["backup", "file/backup.db"], {}),
        (["report", "--output", "file/report.html"], {}),
        (["refresh"], {"ANALYTICS_DIR": "file/analytics"}),
        (["trigger"], {"REFRESH_QUEUE": "file/queue.db"}),
    ],
)
def test_unwritable_target_is_one_explained_line(
    run: Run, tmp_path: Path, arguments: list[str], environment: dict[str, str]
) -> None:
    if "DB_PATH" not in environment:
        run("db", "init")
    if arguments[0] == "report":
        run("refresh")
    # Nobody, root included, can write below a file.
    (tmp_path / "file").write_text("in the way")
    message = _error(run(*arguments, code=1, **environment))
    assert "file" in message
    assert (tmp_path / "file").read_text() == "in the way"


def test_locked_database_is_one_explained_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.db.sqlite_snapshot.BUSY_TIMEOUT_SECONDS", 0.1)
    run("db", "init")
    path = tmp_path / "var/cocktails.db"
    run("db", "export", "out")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        message = _error(run("db", "import", "out", code=1))
    assert "locked" in message
    assert "another process" in message


def test_dash_means_stdout(run: Run, tmp_path: Path) -> None:
    run("db", "init")
    run("refresh")
    run("report")
    page = run("report", "--output", "-").stdout
    assert page == (tmp_path / "var/report.html").read_text(encoding="utf-8")
    backup = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "backup", "-"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    (tmp_path / "backup.db").write_bytes(backup.stdout)
    with closing(sqlite3.connect(tmp_path / "backup.db")) as connection:
        assert connection.execute("SELECT count(*) FROM recipes").fetchone() == (101,)


def test_tables_are_json_on_request(run: Run, tmp_path: Path) -> None:
    run("db", "init")
    published = json.loads(run("refresh").stdout)["snapshot_id"]
    (row,) = json.loads(run("snapshots", "list", "--json").stdout)
    assert (row["snapshot_id"], row["current"], row["recipes"]) == (published, True, 101)
    with closing(sqlite3.connect(tmp_path / "var/cocktails.db")) as connection, connection:
        connection.execute("UPDATE ingredients SET parent_id = 99999 WHERE id = 2")
    faults = json.loads(run("db", "check", "--json", code=1).stdout)
    wanted = {"table": "ingredients", "field": "parent_id", "severity": "error"}
    assert any(wanted.items() <= fault.items() for fault in faults)


def test_counts_agree_in_number(run: Run, tmp_path: Path) -> None:
    run("db", "init")
    assert "0 errors, 0 warnings" in run("db", "check").stderr
    with closing(sqlite3.connect(tmp_path / "var/cocktails.db")) as connection, connection:
        connection.execute(
            "UPDATE ingredients SET parent_id = 99999 WHERE id ="
            " (SELECT max(id) FROM ingredients WHERE id NOT IN"
            " (SELECT parent_id FROM ingredients WHERE parent_id IS NOT NULL))"
        )
    assert "1 error, " in run("db", "check", code=1).stderr
