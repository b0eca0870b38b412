"""The database opens on any mount and shows one consistent state."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, text

from api.db import sqlite_snapshot
from api.db.database import Database, get_database
from api.db.errors import DatabaseError
from api.settings import Settings

ROOT = Path(__file__).parents[2]


def _sqlite(path: Path) -> Database:
    return Database(URL.create("sqlite", database=str(path)))


def _in_read_only_mount(directory: Path, code: str) -> str:
    """Run Python code with ``directory`` mounted read-only, which stops even root."""
    script = textwrap.dedent(code)
    shell = (
        f'mount --bind "{directory}" "{directory}" && mount -o remount,ro,bind "{directory}" && '
        f'exec "{sys.executable}" -c "$SCRIPT"'
    )
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("this machine lets no test mount a directory read-only")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", shell],
        env={**os.environ, "SCRIPT": script, "DIRECTORY": str(directory), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


COUNT_ROWS = """
    import os
    from pathlib import Path
    from sqlalchemy import URL, text
    from api.db.database import Database
    directory = Path(os.environ["DIRECTORY"])
    try:
        (directory / "probe").touch()
    except OSError:
        pass
    else:
        raise SystemExit("the mount is writable")
    database = Database(URL.create("sqlite", database=str(directory / "c.db")))
    with database.snapshot() as connection:
        print(connection.scalar(text("SELECT count(*) FROM t")))
"""


def _make(path: Path, rows: int, journal_mode: str = "delete") -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    connection.execute("CREATE TABLE t (x INTEGER)")
    connection.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(rows)])
    connection.commit()
    return connection


def test_real_database_opens_unchanged(real_db_path: Path) -> None:
    with _sqlite(real_db_path).snapshot() as connection:
        assert connection.scalar(text("SELECT count(*) FROM recipes")) == 678


def test_snapshot_cannot_write(tmp_path: Path) -> None:
    _make(tmp_path / "c.db", 1).close()
    with (
        _sqlite(tmp_path / "c.db").snapshot() as connection,
        pytest.raises(Exception, match="attempt to write a readonly database"),
    ):
        connection.execute(text("DELETE FROM t"))


def test_read_only_mount(tmp_path: Path) -> None:
    _make(tmp_path / "c.db", 3).close()
    assert _in_read_only_mount(tmp_path, COUNT_ROWS) == "3"


def test_read_only_wal_shows_uncheckpointed_rows(tmp_path: Path) -> None:
    with closing(_make(tmp_path / "c.db", 3, "wal")) as writer:
        writer.execute("INSERT INTO t VALUES (99)")
        writer.commit()
        assert (tmp_path / "c.db-wal").stat().st_size > 0
        # Without its index a reader would have to write one.
        (tmp_path / "c.db-shm").unlink()
        assert _in_read_only_mount(tmp_path, COUNT_ROWS) == "4"


def test_read_only_wal_closed_cleanly(tmp_path: Path) -> None:
    _make(tmp_path / "c.db", 3, "wal").close()
    assert not (tmp_path / "c.db-wal").exists()
    assert _in_read_only_mount(tmp_path, COUNT_ROWS) == "3"


def test_read_only_mount_with_hot_journal(tmp_path: Path) -> None:
    _make(tmp_path / "c.db", 5000).close()
    # A tiny cache makes the writer spill changed pages into the file before it commits.
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys, time\n"
            "c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA cache_size = 2')\n"
            "c.execute('UPDATE t SET x = -1'); c.execute('DELETE FROM t WHERE rowid > 100')\n"
            "print('dirty', flush=True); time.sleep(60)",
            str(tmp_path / "c.db"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    with writer, writer.stdout:
        assert writer.stdout.readline() == "dirty\n"
        writer.send_signal(signal.SIGKILL)
    assert (tmp_path / "c.db-journal").stat().st_size > 0
    assert b"\xff" in (tmp_path / "c.db").read_bytes()
    code = COUNT_ROWS.replace("SELECT count(*) FROM t", "SELECT count(*) FROM t WHERE x >= 0")
    assert _in_read_only_mount(tmp_path, code) == "5000"


def _transfer(path: str, journal_mode: str, started: "multiprocessing.synchronize.Event") -> None:
    """Move money between rows forever; the sum never changes."""
    connection = sqlite3.connect(path, timeout=30)
    connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    connection.execute("PRAGMA cache_size = 2")
    number = 0
    while True:
        with connection:
            connection.execute("UPDATE account SET n = n + 1 WHERE id % 2 = 0")
            connection.execute("UPDATE account SET n = n - 1 WHERE id % 2 = 1")
        started.set()
        number += 1
        time.sleep(0.03)


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
@pytest.mark.parametrize("way", ["in place", "copy"])
def test_concurrent_writer_causes_no_torn_read(
    tmp_path: Path, journal_mode: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, n INTEGER, pad TEXT)")
        connection.executemany(
            "INSERT INTO account VALUES (?, 0, ?)", [(i, "x" * 500) for i in range(200)]
        )
    if way == "copy":
        original = sqlite_snapshot._open

        def refuse_in_place(uri: str) -> sqlite3.Connection:
            if uri.endswith("mode=ro"):
                raise sqlite3.OperationalError("unable to open database file")
            return original(uri)

        monkeypatch.setattr(sqlite_snapshot, "_open", refuse_in_place)

    context = multiprocessing.get_context("spawn")
    started = context.Event()
    writer = context.Process(target=_transfer, args=(str(path), journal_mode, started), daemon=True)
    writer.start()
    try:
        assert started.wait(30)
        states: set[tuple[Any, Any]] = set()
        deadline = time.monotonic() + 30
        while len(states) < 5 and time.monotonic() < deadline:
            with _sqlite(path).snapshot() as connection_:
                total = connection_.scalar(text("SELECT sum(n) FROM account"))
                one = connection_.scalar(text("SELECT n FROM account WHERE id = 0"))
                other = connection_.scalar(text("SELECT n FROM account WHERE id = 199"))
            assert total == 0
            assert one == -other
            states.add(one)
        assert len(states) >= 5
    finally:
        writer.kill()
        writer.join()


def test_statements_of_a_snapshot_agree(tmp_path: Path) -> None:
    with (
        closing(_make(tmp_path / "c.db", 1, "wal")) as writer,
        _sqlite(tmp_path / "c.db").snapshot() as connection,
    ):
        assert connection.scalar(text("SELECT count(*) FROM t")) == 1
        writer.execute("INSERT INTO t VALUES (2)")
        writer.commit()
        assert connection.scalar(text("SELECT count(*) FROM t")) == 1


def test_postgresql_snapshot_ignores_later_commits(postgresql: Database) -> None:
    database = postgresql
    with database.snapshot() as connection:
        assert connection.scalar(text("SELECT count(*) FROM units")) == 0
        with database.engine.begin() as writer:
            writer.execute(text("INSERT INTO units (name) VALUES ('Pint')"))
        assert connection.scalar(text("SELECT count(*) FROM units")) == 0
    with database.snapshot() as connection:
        assert connection.scalar(text("SELECT count(*) FROM units")) == 1


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to have a header" * 9])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.db"
    path.write_bytes(content)
    if not content:
        with _sqlite(path).snapshot() as connection:  # SQLite's own view: no tables yet
            assert connection.scalar(text("SELECT count(*) FROM sqlite_schema")) == 0
        return
    with (
        pytest.raises(DatabaseError, match="not a readable SQLite database"),
        _sqlite(path).snapshot(),
    ):
        pytest.fail("opened")


@pytest.mark.parametrize("name", ["missing.db", "."])
def test_missing_file_names_the_setting(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatabaseError, match="DB_PATH"), _sqlite(tmp_path / name).snapshot():
        pytest.fail("opened")


def test_unreachable_server_is_reported() -> None:
    database = get_database(Settings(database_url="postgresql://u:secret@127.0.0.1:1/x"))
    with pytest.raises(DatabaseError, match="cannot be reached") as caught, database.snapshot():
        pytest.fail("opened")
    assert "secret" not in str(caught.value)


def test_password_is_hidden() -> None:
    database = get_database(Settings(database_url="postgresql://u:secret@host/x"))
    assert "secret" not in repr(database)


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match="DATABASE_URL"):
        get_database(Settings(database_url=url))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "var/cocktails.db"),
        ({"DB_NAME": "bar"}, "var/bar.db"),
        ({"DB_PATH": "some/file.db"}, "some/file.db"),
        ({"DB_PATH": "some/file.db", "DB_NAME": "bar"}, "some/file.db"),
        ({"DB_PATH": "{directory}", "DB_NAME": "bar"}, "{directory}/bar.db"),
        ({"DB_PATH": "", "DATABASE_URL": " "}, "var/cocktails.db"),
    ],
)
def test_environment_selects_the_database(
    environment: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(directory=tmp_path))
    assert get_database().sqlite_path == Path(expected.format(directory=tmp_path))


def test_database_url_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PATH", "file.db")
    monkeypatch.setenv("DATABASE_URL", "postgresql://host/x")
    assert get_database().sqlite_path is None
