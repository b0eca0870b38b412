"""Backups are consistent under writes; restores are all or nothing."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import URL, text
from typer.testing import CliRunner

from api.cli.main import app
from api.db import backup
from api.db.backup import create_backup, restore
from api.db.database import Database
from api.db.dataset import read_dataset
from api.db.errors import DatabaseError
from api.db.frames import Dataset

MakeDatabase = Callable[[Dataset | None], Database]
ROOT = Path(__file__).parents[2]


def _sqlite(path: Path) -> Database:
    return Database(URL.create("sqlite", database=str(path)))


def _rows(database: Database) -> dict[str, list[object]]:
    with database.snapshot() as connection:
        dataset = read_dataset(connection)
    return {
        name: getattr(dataset, name).astype(object).fillna("").values.tolist()
        for name in ("units", "ingredients", "recipes", "recipe_ingredients", "tags", "recipe_tags")
    }


def _rename_everything(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE recipes SET name = 'changed ' || id"))
    database.dispose()


@pytest.fixture
def bar(make_database: MakeDatabase, sample: Dataset) -> Database:
    return make_database(sample)


def test_restore_undoes_later_changes(bar: Database, tmp_path: Path) -> None:
    before = _rows(bar)
    create_backup(bar, tmp_path / "b" / "backup.db")
    _rename_everything(bar)
    kept = restore(tmp_path / "b" / "backup.db", bar, overwrite=True)
    assert _rows(bar) == before
    assert kept is not None
    with closing(sqlite3.connect(kept)) as old:
        assert old.execute("SELECT name FROM recipes WHERE id = 1").fetchone() == ("changed 1",)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"b", "cocktails.db", kept.name, f"{kept.name}.sha256"}


def test_round_trip_on_both_databases(
    database: Database, sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.db.write import write_dataset

    monkeypatch.chdir(tmp_path)  # where the previous rows of a server are kept

    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    before = _rows(database)
    create_backup(database, tmp_path / "backup.db")
    _rename_everything(database)
    restore(tmp_path / "backup.db", database, overwrite=True)
    assert _rows(database) == before
    with database.engine.begin() as connection:  # the next id follows the highest
        connection.execute(text("INSERT INTO units (name) VALUES ('Firkin')"))


def test_round_trip_between_databases(bar: Database, postgresql: Database, tmp_path: Path) -> None:
    create_backup(bar, tmp_path / "backup.db")
    restore(tmp_path / "backup.db", postgresql)
    assert _rows(postgresql) == _rows(bar)
    create_backup(postgresql, tmp_path / "back.db")
    restored = _sqlite(tmp_path / "new.db")
    restore(tmp_path / "back.db", restored)
    assert _rows(restored) == _rows(bar)


def test_foreign_tables_are_kept(bar: Database, tmp_path: Path) -> None:
    with bar.engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (x)"))
        connection.execute(text("INSERT INTO theirs VALUES (7)"))
    create_backup(bar, tmp_path / "backup.db")
    new = _sqlite(tmp_path / "new.db")
    assert restore(tmp_path / "backup.db", new) is None
    with new.snapshot() as connection:
        assert connection.scalar(text("SELECT x FROM theirs")) == 7


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_backup_during_writes_is_consistent(tmp_path: Path, journal_mode: str) -> None:
    """A writer moves amounts between rows; committed states keep their sum and pairing."""
    path = tmp_path / "c.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, n INTEGER, pad TEXT)")
        connection.executemany(
            "INSERT INTO account VALUES (?, 0, ?)", [(i, "x" * 500) for i in range(200)]
        )
    stop, writes = threading.Event(), 0

    def write() -> None:
        nonlocal writes
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("PRAGMA cache_size = 2")
            while not stop.is_set():
                with connection:
                    connection.execute("UPDATE account SET n = n + 1 WHERE id % 2 = 0")
                    connection.execute("UPDATE account SET n = n - 1 WHERE id % 2 = 1")
                writes += 1
                time.sleep(0.03)

    writer = threading.Thread(target=write)
    writer.start()
    states = set()
    try:
        for number in range(10):
            target = tmp_path / f"backup-{number}.db"
            create_backup(_sqlite(path), target)
            with closing(sqlite3.connect(target)) as copy:
                assert copy.execute("SELECT sum(n) FROM account").fetchone() == (0,)
                (value,) = copy.execute("SELECT max(n) FROM account").fetchone()
                counts = copy.execute("SELECT count(DISTINCT abs(n)) FROM account").fetchone()
                assert counts == (1,)
            assert not target.with_name(f"{target.name}-wal").exists()
            states.add(value)
            time.sleep(0.03)
    finally:
        stop.set()
        writer.join()
    assert writes > 5
    assert len(states) > 1


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def _scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:4296] = b"\xff" * 200  # a page's header
    path.write_bytes(data)


def _change_a_letter(path: Path) -> None:
    data = path.read_bytes()
    assert b"Negroni" in data
    path.write_bytes(data.replace(b"Negroni", b"Negrino", 1))


@pytest.mark.parametrize("damage", [_cut, _scribble, _change_a_letter, lambda p: p.write_text("?")])
@pytest.mark.parametrize("with_checksum", [True, False])
def test_damaged_backup_changes_nothing(
    bar: Database, tmp_path: Path, damage: Callable[[Path], object], with_checksum: bool
) -> None:
    backup_file = tmp_path / "b" / "backup.db"
    create_backup(bar, backup_file)
    _rename_everything(bar)
    damage(backup_file)
    if not with_checksum:
        if damage is _change_a_letter:
            pytest.skip("undetectable without the checksum")
        (tmp_path / "b" / "backup.db.sha256").unlink()
    before = (tmp_path / "cocktails.db").read_bytes()
    with pytest.raises(DatabaseError, match=r"damaged|not a readable"):
        restore(backup_file, bar, overwrite=True)
    assert (tmp_path / "cocktails.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "cocktails.db"]


def test_other_files_are_refused(bar: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(DatabaseError, match="no table units"):
        restore(tmp_path / "other.db", bar, overwrite=True)
    with pytest.raises(DatabaseError, match="not found"):
        restore(tmp_path / "missing.db", bar, overwrite=True)
    path = bar.sqlite_path
    assert path is not None
    with pytest.raises(DatabaseError, match="the database itself"):
        restore(path, bar, overwrite=True)
    with pytest.raises(DatabaseError, match="the database itself"):
        create_backup(bar, path, overwrite=True)


def test_overwriting_needs_force(bar: Database, tmp_path: Path) -> None:
    create_backup(bar, tmp_path / "backup.db")
    with pytest.raises(DatabaseError, match="--force"):
        create_backup(bar, tmp_path / "backup.db")
    with pytest.raises(DatabaseError, match=r"101 recipes.*--force"):
        restore(tmp_path / "backup.db", bar)
    create_backup(bar, tmp_path / "backup.db", overwrite=True)


def test_damaged_database_can_be_replaced(bar: Database, tmp_path: Path) -> None:
    before = _rows(bar)
    create_backup(bar, tmp_path / "backup.db")
    (tmp_path / "cocktails.db").write_bytes(b"damaged " * 1000)
    with pytest.raises(DatabaseError, match="cannot be read"):
        restore(tmp_path / "backup.db", bar)
    kept = restore(tmp_path / "backup.db", bar, overwrite=True)
    assert _rows(bar) == before
    assert kept is not None
    assert kept.read_bytes() == b"damaged " * 1000


def test_locked_database_is_unchanged(
    bar: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_backup(bar, tmp_path / "backup.db")
    monkeypatch.setattr(backup, "LOCK_SECONDS", 0.5)
    before = _rows(bar)
    with closing(sqlite3.connect(tmp_path / "cocktails.db")) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="locked"):
            restore(tmp_path / "backup.db", bar, overwrite=True)
    assert _rows(bar) == before


def test_open_reader_sees_restored_rows(bar: Database, tmp_path: Path) -> None:
    """A renamed file would leave a server's open connections on the old one."""
    with closing(sqlite3.connect(tmp_path / "cocktails.db")) as raw:
        raw.execute("PRAGMA journal_mode = wal")
    create_backup(bar, tmp_path / "backup.db")
    with closing(sqlite3.connect(tmp_path / "cocktails.db")) as server:
        with server:
            server.execute("UPDATE recipes SET name = 'not checkpointed' WHERE id = 1")
        restore(tmp_path / "backup.db", bar, overwrite=True)
        (name,) = server.execute("SELECT name FROM recipes WHERE id = 1").fetchone()
        assert name != "not checkpointed"
        with server:
            server.execute("UPDATE recipes SET name = 'later' WHERE id = 1")
    with bar.snapshot() as connection:
        assert connection.scalar(text("SELECT name FROM recipes WHERE id = 1")) == "later"


def test_killed_restore_is_all_or_nothing(bar: Database, tmp_path: Path) -> None:
    with bar.engine.begin() as connection:
        connection.execute(text("CREATE TABLE ballast (x)"))
        connection.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000) "
                "INSERT INTO ballast SELECT hex(randomblob(500)) FROM n"
            )
        )
    create_backup(bar, tmp_path / "new.db")
    with closing(sqlite3.connect(tmp_path / "new.db")) as new, new:
        new.execute("UPDATE recipes SET name = 'restored'")
        new.execute("UPDATE ballast SET x = hex(randomblob(500))")
    (tmp_path / "new.db.sha256").unlink()
    code = (
        "import sys; from pathlib import Path; from sqlalchemy import URL\n"
        "from api.db import backup; from api.db.database import Database\n"
        "target = Database(URL.create('sqlite', database=sys.argv[2]))\n"
        "copy = backup._copy\n"
        "def announce(raw, path):\n"
        "    if str(path) == sys.argv[2]: print('now', flush=True)\n"
        "    copy(raw, path)\n"
        "backup._copy = announce\n"
        "backup.restore(Path(sys.argv[1]), target, overwrite=True)\n"
    )
    outcomes = set()
    for milliseconds in (0, 4, 12):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "new.db"), str(bar.sqlite_path)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"now\n"
            time.sleep(milliseconds / 1000)
            child.send_signal(signal.SIGKILL)
        with closing(sqlite3.connect(tmp_path / "cocktails.db")) as found:
            names = {name for (name,) in found.execute("SELECT DISTINCT name FROM recipes")}
            assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert "restored" not in names or names == {"restored"}
            outcomes.add("restored" in names)
            with found:
                found.execute("UPDATE recipes SET name = 'old ' || id")
    assert False in outcomes


def test_commands(bar: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PATH", str(bar.sqlite_path))
    run = CliRunner().invoke
    target = tmp_path / "backup.db"
    done = run(app, ["backup", str(target)])
    assert (done.exit_code, done.stdout) == (0, f"{target}\n")
    checked = subprocess.run(
        ["sha256sum", "--check", f"{target.name}.sha256"], cwd=tmp_path, check=False
    )
    assert checked.returncode == 0
    refused = run(app, ["restore", str(target)])
    assert refused.exit_code == 1
    assert "--force" in str(refused.exception)
    monkeypatch.setenv("REFRESH_QUEUE", str(tmp_path / "queue.db"))
    for number, command in enumerate((["restore", str(target)], ["db", "init", "--empty"]), 1):
        done = run(app, [*command, "--force"])
        assert (done.exit_code, done.stdout) == (0, f"{bar.sqlite_path}\n")
        assert "before-restore" in done.stderr
        # Neither may leave analytics of the previous rows without a refresh.
        assert "A refresh of the analytics is queued" in done.stderr, number
    _cut(target)
    refused = run(app, ["restore", "--force", str(target)])
    assert refused.exit_code == 1
    assert "damaged" in str(refused.exception)


def test_full_disk_leaves_no_partial_backup(bar: Database, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)],
        capture_output=True,
        check=False,
    )
    if os.geteuid() != 0 or mounted.returncode != 0:
        pytest.skip("this machine lets no test mount a small disk")
    try:
        with pytest.raises(DatabaseError, match=r"full|space"):
            create_backup(bar, small / "backup.db")
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_names_with_url_characters(bar: Database, tmp_path: Path) -> None:
    expected = {"a#b.db", "a%20b.db", "a?b.db", "a\nb.db", "a\\b.db"}
    for name in expected:
        create_backup(bar, tmp_path / "odd" / name)
        kept = restore(tmp_path / "odd" / name, bar, overwrite=True)
        assert kept is not None
        if checker := shutil.which("sha256sum"):
            command = [checker, "--check", f"{name}.sha256"]
            subprocess.run(command, cwd=tmp_path / "odd", check=True, capture_output=True)
    # Verifying a backup must not create an empty file beside it.
    left = {path.name for path in (tmp_path / "odd").iterdir()}
    assert left == expected | {f"{name}.sha256" for name in expected}


def test_times_survive_a_change_of_database(
    postgresql: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the previous rows of a server are kept
    with postgresql.engine.begin() as connection:
        connection.execute(text("INSERT INTO recipes (id, name) VALUES (1, 'Martini')"))
        connection.execute(text("SET TIME ZONE 'Europe/Berlin'"))
        connection.execute(
            text(
                "INSERT INTO ratings (recipe_id, user_id, rating, created_at) "
                "VALUES (1, 'ann', 5, '2026-07-01T12:00:00+02:00')"
            )
        )
    times = []
    for _ in range(2):
        with postgresql.snapshot() as connection:
            times += list(read_dataset(connection).ratings["created_at"])
        create_backup(postgresql, tmp_path / "b.db", overwrite=True)
        with _sqlite(tmp_path / "b.db").snapshot() as connection:
            times += list(read_dataset(connection).ratings["created_at"])
        kept = restore(tmp_path / "b.db", postgresql, overwrite=True)
        assert kept is not None
        with _sqlite(tmp_path / kept).snapshot() as connection:
            times += list(read_dataset(connection).ratings["created_at"])
    assert set(times) == {"2026-07-01T10:00:00+00:00"}


def test_files_are_private_whatever_the_umask(bar: Database, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_backup(bar, tmp_path / "kept" / "backup.db")
        restored = Database(URL.create("sqlite", database=str(tmp_path / "new" / "bar.db")))
        restore(tmp_path / "kept" / "backup.db", restored)
        with restored.engine.begin() as connection:
            connection.execute(text("UPDATE recipes SET name = name"))
        restored.dispose()
    finally:
        os.umask(before)
    for made in ("kept", "kept/backup.db", "new", "new/bar.db"):
        assert not (tmp_path / made).stat().st_mode & 0o027, made
