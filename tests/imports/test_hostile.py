"""Files made to be expensive or to crash a reader are refused in words, within the time limit."""

import io
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from api.db.errors import DatabaseError
from api.db.exchange.sources import read_bytes
from api.db.exchange.time_limit import ImportTimeoutError, time_limit
from tests.conftest import Run


def _zip(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


REFUSED: dict[str, bytes] = {
    "a Boolean that is none": b"a: !!bool x",
    "a time that is none": b"a: !!timestamp x",
    "a number to the base of 60": b"a: 1" + b":1" * 400 + b".0",
    "questions": b"? " * 10_000,
    "deep lists": b'{"name": "a", "ingredients": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a wide table": b"recipe," + b",".join(b"c%d" % n for n in range(3_000)) + b"\nx\n",
    "an archive of much": _zip(**{"a.json": b"[" + b"{}," * 400_000 + b"{}]"}),
}

#: Ten lines that a naive reader expands to a gigabyte.
LAUGHS = """<!DOCTYPE r [<!ENTITY a "gin">
{}
]><recipes><recipe><name>&i;</name><ingredient>&i;</ingredient></recipe></recipes>""".format(
    "\n".join(f"<!ENTITY {two} '{f'&{one};' * 10}'>" for one, two in pairwise("abcdefghi"))
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(encoding: str) -> None:
    files = (
        LAUGHS.encode(encoding),
        _zip(**{"word/document.xml": LAUGHS.encode(encoding), "[Content_Types].xml": b""}),
    )
    for data in files:
        with pytest.raises(DatabaseError, match=r"entities|recognized"):
            read_bytes(data, "file", 1_000_000)


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_file_is_refused(name: str) -> None:
    with pytest.raises(DatabaseError, match=r"\."):
        read_bytes(REFUSED[name], "file", 1_000_000)


@pytest.mark.parametrize("depth", [50, 200, 400, 450, 480])
def test_nesting_is_no_crash(depth: int) -> None:
    """Each level is a list of ingredients, which is looked into for a list of recipes."""
    data = b'{"ingredients": [' * depth + b'"x"' + b"]}" * depth
    with suppress(DatabaseError):
        read_bytes(data, "file")


def _cross_join(directory: Path) -> bytes:
    """Return a database whose link joins each of its rows with a thousand by a thousand others."""
    path = directory / "source.db"
    with closing(sqlite3.connect(path)) as connection:
        for table in ("drinks", "ingredients"):
            connection.execute(f"CREATE TABLE {table} (id, name)")
            connection.executemany(
                f"INSERT INTO {table} VALUES (1, ?)",
                [(f"{n}",) for n in range(1_000)],
            )
        connection.execute("CREATE TABLE link (drink_id, ingredient_id, amount)")
        connection.executemany("INSERT INTO link VALUES (1, 1, ?)", [(n,) for n in range(1_000)])
        connection.commit()
    return path.read_bytes()


ENDLESS: dict[str, Callable[[Path], bytes]] = {
    "YAML": lambda _: b"- name: a\n  ingredients: [gin, rum]\n" * 60_000,
    "CSV": lambda _: b"recipe,ingredient\n" + b"a,gin\n" * 600_000,
    "files": lambda _: _zip(**{f"{n}.txt": b"a" for n in range(2_000)}),
    "a join": _cross_join,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_reading_ends_in_time(name: str, tmp_path: Path) -> None:
    data = ENDLESS[name](tmp_path)
    with pytest.raises(ImportTimeoutError, match=r"took longer than 0\.2 s"), time_limit(0.2):
        read_bytes(data, "file")


def test_command_has_a_time_limit(run: Run, tmp_path: Path) -> None:
    (tmp_path / "endless.yaml").write_bytes(ENDLESS["YAML"](tmp_path))
    done = run("import", "endless.yaml", "--time-limit", "1", code=1)
    assert "took longer than 1 s; nothing was changed" in done.stderr
    assert not list(tmp_path.glob("*.db"))
