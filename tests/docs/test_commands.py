"""Every command of the README, the tutorial and the guides, run as written.

A page's ``sh`` blocks run in one shell, in order, in a folder that looks like a fresh checkout with
its environment set up. An HTML comment before a block says what is special about it:

``<!-- example: server -->``
    its last line serves at port 8000 until the next such block or the end of the page;
``<!-- example: background -->``
    its last line runs until the end of the page;
``<!-- example: skip, REASON -->``
    it needs something that no test has: AWS, or a browser.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "docs/tutorial.md", "docs/how-to.md"]
PORT = 8000

_BLOCK = re.compile(
    r"^(?:<!-- example: (?P<note>[^>]*) -->\n)?```sh\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
#: Reasons for which a block may be skipped.
_UNTESTABLE = (
    "needs root and systemd",
    "needs an AWS account",
    "needs a browser",
    "needs Docker",
    "runs these very tests",
)

_PRELUDE = """
set -euo pipefail
background=() server=
stop() { kill -TERM -- "-$1" 2>/dev/null && wait "$1" 2>/dev/null || true; }
finish() {
    [ -z "$server" ] || stop "$server"
    for job in ${background[@]+"${background[@]}"}; do stop "$job"; done
}
trap finish EXIT
serve() {
    [ -z "$server" ] || stop "$server"
    setsid bash -c "$1" >server.log 2>&1 &
    server=$!
    for _ in $(seq 600); do
        ! grep -q '^Open http' server.log || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.2
    done
    cat server.log >&2
    return 1
}
keep() { setsid bash -c "$1" >>background.log 2>&1 & background+=($!); }
"""


@dataclass(frozen=True)
class Block:
    """One fenced block of commands, and where it is."""

    line: int
    note: str
    code: str


def blocks(page: str) -> list[Block]:
    """Return a page's blocks in order."""
    written = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(written.count("\n", 0, found.start()) + 1, found["note"] or "", found["code"])
        for found in _BLOCK.finditer(written)
    ]


def script(page: str) -> str:
    """Return the shell script that runs a page's blocks."""
    parts = [_PRELUDE]
    for block in blocks(page):
        if block.note.startswith("skip"):
            continue
        parts.append(f"echo {shlex.quote(f'--- {page}, line {block.line}')} >&2")
        if block.note:
            *before, last = block.code.strip().splitlines()
            function = {"server": "serve", "background": "keep"}[block.note]
            parts += [*before, f"{function} {shlex.quote(last)}"]
        else:
            parts.append(block.code)
    return "\n".join(parts)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder like a checkout whose `make` finds everything installed."""
    place = tmp_path / "checkout"
    place.mkdir()
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in tracked.stdout.split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place / name)
    (place / ".venv").mkdir()
    (place / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
    (place / ".tools" / "uv").mkdir(parents=True)
    (place / "node_modules").mkdir()
    for stamp in (".tools/uv", ".venv", "node_modules"):
        (place / stamp / ".installed").touch()
    (place / ".venv" / ".installed-dev").touch()
    shutil.copytree(ROOT / "api" / "sample", place / "my-recipes")
    return place


@pytest.fixture
def bar_database(postgresql_server: URL) -> Iterator[dict[str, str]]:
    """What the guides' PostgreSQL has: a role and an empty database, both called bar."""
    engine = create_engine(postgresql_server.set(drivername="postgresql+psycopg"))
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for command in ("DROP DATABASE IF EXISTS bar", "DROP ROLE IF EXISTS bar"):
            connection.execute(text(command))
        connection.execute(text("CREATE ROLE bar LOGIN"))
        connection.execute(text("CREATE DATABASE bar OWNER bar"))
        yield {"PGPORT": str(postgresql_server.port)}
        connection.execute(text("DROP DATABASE bar WITH (FORCE)"))
        connection.execute(text("DROP ROLE bar"))
    engine.dispose()


def _run(page: str, checkout: Path, environment: dict[str, str]) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            pytest.skip(f"port {PORT}, which the pages name, is in use")
    done = subprocess.run(
        ["bash", "-c", script(page)],
        cwd=checkout,
        env={
            **os.environ,
            "PATH": f"{checkout / '.venv' / 'bin'}:{os.environ['PATH']}",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"


@pytest.mark.parametrize("page", [page for page in PAGES if page != "docs/how-to.md"])
def test_commands_run_as_written(page: str, checkout: Path) -> None:
    _run(page, checkout, {})


def test_guides_run_as_written(checkout: Path, bar_database: dict[str, str]) -> None:
    _run("docs/how-to.md", checkout, bar_database)
    assert (checkout / "report.html").stat().st_size > 100_000
    assert (checkout / "bar-2026-11-24.db").is_file()


@pytest.mark.parametrize("page", PAGES)
def test_only_the_untestable_is_skipped(page: str) -> None:
    found = blocks(page)
    assert found
    for block in found:
        if block.note.startswith("skip"):
            assert block.note.removeprefix("skip, ") in _UNTESTABLE
        else:
            assert block.note in ("", "server", "background")
