"""``cocktaildb import`` as users run it."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Run

CSV = "recipe,ingredient,measure\nHouse Sour,Gin,6 cl\nHouse Sour,Zorbl,mikey\n"


@pytest.fixture(autouse=True)
def bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection, and a place for what is made of it."""
    (tmp_path / "bar.csv").write_text(CSV)
    monkeypatch.setenv("DB_PATH", str(tmp_path / "bar.db"))
    monkeypatch.setenv("ANALYTICS_DIR", str(tmp_path / "analytics"))
    monkeypatch.setenv("REFRESH_QUEUE", str(tmp_path / "queue.db"))


def test_the_report_says_what_was_read(run: Run, tmp_path: Path) -> None:
    done = run("import", "bar.csv")
    assert "Recognized: CSV, a row an ingredient" in done.stdout
    assert "1 created" in done.stdout
    assert "Zorbl (1 line" in done.stdout
    assert "'mikey Zorbl'" in done.stdout
    assert "queued" in done.stderr
    assert (tmp_path / "queue.db").exists()


def test_json_comes_alone_on_stdout(run: Run) -> None:
    done = run("import", "-", "--dry-run", "--json", stdin=CSV)
    report = json.loads(done.stdout)
    assert (report["created"], report["dry_run"], len(report["unread"])) == (1, True, 1)


def test_a_dry_run_leaves_nothing_behind(run: Run, tmp_path: Path) -> None:
    run("import", "bar.csv", "--dry-run", "--mapping", "m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bar.csv", "m"]


def test_errors_end_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("hello\n")
    for source, message in (
        ("nowhere.csv", "There is no nowhere.csv"),
        ("bad.csv", "bad.csv holds no recipes"),
    ):
        done = run("import", source, code=1)
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "bar.db").exists()


def test_replacing_says_what_goes(run: Run, tmp_path: Path) -> None:
    run("import", "bar.csv")
    done = run("import", "bar.csv", "--replace")
    assert "Replaced: " in done.stdout
    assert "1 recipes" in done.stdout
    assert len(list(tmp_path.glob("bar.before-import-*.db"))) == 1


def test_a_terminal_is_asked(tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli.main", "import", str(tmp_path / "bar.csv")],
        stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, text=True,
    )  # fmt: skip
    os.close(terminal)
    shown, deadline, answered = "", time.monotonic() + 100, False
    while process.poll() is None and time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            try:
                shown += os.read(master, 4096).decode(errors="replace")
            except OSError:
                break
        if ">" in shown and "Zorbl" in shown and not answered:
            os.write(master, b"Campari\n")
            answered = True
    report = process.communicate(timeout=60)[0]
    os.close(master)
    assert answered
    assert process.returncode == 0
    assert "Unsorted" not in report
    assert "2 with a place in the tree (100.0%)" in report
