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

CSV = "recipe,ingredient,measure\nHouse Sour,Gin,6 cl\nHouse Sour,Zorbl,mikey\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bar.csv").write_text(CSV)
    return {
        **os.environ,
        "DB_PATH": str(tmp_path / "bar.db"),
        "ANALYTICS_DIR": str(tmp_path / "analytics"),
        "REFRESH_QUEUE": str(tmp_path / "queue.db"),
    }


def _run(
    environment: dict[str, str], *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli.main", "import", *arguments],
        env=environment, input=stdin, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_report_says_what_was_read(environment: dict[str, str], tmp_path: Path) -> None:
    done = _run(environment, str(tmp_path / "bar.csv"))
    assert done.returncode == 0, done.stderr
    assert "Recognized: CSV, a row an ingredient" in done.stdout
    assert "1 created" in done.stdout
    assert "Zorbl (1 line" in done.stdout
    assert "'mikey Zorbl'" in done.stdout
    assert "queued" in done.stderr
    assert (tmp_path / "queue.db").exists()


def test_json_comes_alone_on_stdout(environment: dict[str, str]) -> None:
    done = _run(environment, "-", "--dry-run", "--json", stdin=CSV)
    report = json.loads(done.stdout)
    assert (report["created"], report["dry_run"], len(report["unread"])) == (1, True, 1)


def test_a_dry_run_leaves_nothing_behind(environment: dict[str, str], tmp_path: Path) -> None:
    done = _run(
        environment, str(tmp_path / "bar.csv"), "--dry-run", "--mapping", str(tmp_path / "m")
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bar.csv", "m"]


def test_errors_end_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("hello\n")
    for source, message in (
        ("nowhere.csv", "There is no nowhere.csv"),
        (str(tmp_path / "bad.csv"), "bad.csv holds no recipes"),
    ):
        done = _run(environment, source)
        assert done.returncode == 1
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "bar.db").exists()


def test_replacing_says_what_goes(environment: dict[str, str], tmp_path: Path) -> None:
    source = str(tmp_path / "bar.csv")
    _run(environment, source)
    done = _run(environment, source, "--replace")
    assert "Replaced: " in done.stdout
    assert "1 recipes" in done.stdout
    assert len(list(tmp_path.glob("bar.before-import-*.db"))) == 1


def test_a_terminal_is_asked(environment: dict[str, str], tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli.main", "import", str(tmp_path / "bar.csv")],
        env=environment, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, text=True,
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
