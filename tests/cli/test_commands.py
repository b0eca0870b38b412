"""The commands, from a database to its report."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.conftest import Run


def test_from_nothing_to_a_report(run: Run, tmp_path: Path) -> None:
    assert run("db", "init").stdout.strip() == "var/cocktails.db"
    run("db", "init", code=1)
    assert "no snapshot" in run("report", code=1).stderr
    assert "no snapshot" in run("snapshots", "list").stderr

    first = json.loads(run("refresh").stdout)
    assert first["status"] == "success"
    assert first["changed"]
    assert not json.loads(run("refresh").stdout)["changed"]
    second = json.loads(run("refresh", "--force").stdout)
    listed = run("snapshots", "list").stdout
    assert listed.index(second["snapshot_id"]) < listed.index(first["snapshot_id"])
    assert (
        next(line for line in listed.splitlines() if "*" in line).split()[1]
        == second["snapshot_id"]
    )

    assert run("snapshots", "rollback").stdout.strip() == first["snapshot_id"]
    listed = run("snapshots", "list").stdout
    assert (
        next(line for line in listed.splitlines() if "*" in line).split()[1] == first["snapshot_id"]
    )
    run("snapshots", "rollback", "nonsense", code=1)

    assert run("report").stdout.strip() == "var/report.html"
    html = (tmp_path / "var/report.html").read_text(encoding="utf-8")
    assert "Negroni" in html
    assert json.dumps("Piña Colada") in html


def test_export_and_import_give_the_same_data(run: Run, tmp_path: Path) -> None:
    run("db", "init")
    run("db", "export", "out")
    run("db", "export", "out.json")
    before = (tmp_path / "out.json").read_text()
    for source in ("out", "out.json"):
        run("db", "init", "--empty", "--force")
        assert "101 created" in run("db", "import", source).stdout
        run("db", "export", "again.json")
        assert (tmp_path / "again.json").read_text() == before


def test_check_names_the_fault_and_fails(run: Run, tmp_path: Path) -> None:
    run("db", "init")
    assert run("db", "check").stdout == ""
    run("db", "export", "out")
    assert run("db", "check", "out").stdout == ""
    path = tmp_path / "var/cocktails.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE ingredients SET parent_id = 2 WHERE id = 2")
    done = run("db", "check", code=1)
    assert "error: ingredients, id 2, parent_id" in done.stdout
    assert done.stdout == run("db", "check", str(path), code=1).stdout
    assert "cycle" in run("refresh", code=1).stderr


def test_a_bad_import_changes_nothing(run: Run, tmp_path: Path) -> None:
    run("db", "init")
    run("db", "export", "before.json")
    run("db", "export", "out")
    lines = (tmp_path / "out/recipe_ingredients.csv").read_text().replace(",30.0", ",-30.0", 1)
    (tmp_path / "out/recipe_ingredients.csv").write_text(lines)
    done = run("db", "import", "out", code=1)
    assert "line 2, amount" in done.stderr
    run("db", "export", "after.json")
    assert (tmp_path / "after.json").read_text() == (tmp_path / "before.json").read_text()


def test_missing_sources_are_said(run: Run) -> None:
    assert "There is no nowhere" in run("db", "import", "nowhere", code=1).stderr
    assert "DB_PATH" in run("db", "export", "out", code=1).stderr
    assert "db init" in run("db", "migrate", code=1).stderr


def test_migrate_keeps_the_rows(run: Run, tmp_path: Path, real_db_path: Path) -> None:
    target = tmp_path / "var/cocktails.db"
    target.parent.mkdir()
    target.write_bytes(real_db_path.read_bytes())
    run("db", "migrate")
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(image_url), count(*) FROM recipes").fetchone() == (
            0,
            678,
        )
