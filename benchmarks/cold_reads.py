"""Reads of a large collection from a cold server: the first answer of each kind, p50 and p99.

    DB_PATH=folder/large.db ANALYTICS_DIR=folder/analytics python -m benchmarks.cold_reads

The database and its published analytics have to be there: benchmarks/large_refresh.py --keep makes
both. Starts `cocktaildb serve` without a worker, waits until /health answers, and then asks one
question after the other on one connection, each of another recipe or ingredient, so that no answer
was rendered before. "p99" is of all answers but the first of each kind; processor time is that of
the server's threads, which depends less on what else the machine does (Linux).
"""

import argparse
import gzip
import http.client
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.servers import free_port

_HOST = "127.0.0.1"
WORDS = ("recipe", "gin", "12", "recipe%207", "99", "e%205")


@dataclass
class Kind:
    """A kind of question: its path for a recipe's and an ingredient's id, and ms by answer.

    ``taken`` is by the clock, ``worked`` of the server's processor time.
    """

    title: str
    path: Callable[[int, int], str]
    taken: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    def row(self) -> list[str]:
        """Return the title, the first answer, and the others' medians and 99th percentiles."""
        cells = [self.title, f"{self.taken[0]:.0f}"]
        for figures in (self.taken, self.worked):
            rest = sorted(figures[1:])
            cells += [f"{rest[rank]:.1f}" for rank in (len(rest) // 2, len(rest) * 99 // 100)]
        return cells


def _shelf(ingredient: int) -> str:
    return "&".join(f"have={one}" for one in range(ingredient, ingredient + 20))


def kinds() -> list[Kind]:
    """Return the questions."""
    return [
        Kind("recipe-similar/ID", lambda r, _: f"/api/v1/analytics/recipe-similar/{r}"),
        Kind("ingredient-substitutes/ID",
             lambda _, i: f"/api/v1/analytics/ingredient-substitutes/{i}"),
        Kind("recipes/ID", lambda r, _: f"/api/v1/recipes/{r}"),
        Kind("recipe page", lambda r, _: f"/recipes/{r}"),
        Kind("ingredient page", lambda _, i: f"/ingredients/{i}"),
        Kind("search by word", lambda r, _: f"/api/v1/recipes?q={WORDS[r % len(WORDS)]}"),
        Kind("search by ingredient", lambda _, i: f"/api/v1/recipes?ingredient={i}"),
        Kind("recipes, first page", lambda r, _: f"/api/v1/recipes?limit={20 + r % 30}"),
        Kind("ingredients", lambda r, _: f"/api/v1/ingredients?limit={20 + r % 30}"),
        Kind("atlas", lambda _, __: "/api/v1/analytics/atlas"),
        Kind("status", lambda _, __: "/api/v1/analytics/status"),
        Kind("bar/now", lambda _, i: f"/api/v1/analytics/bar/now?{_shelf(i)}"),
        Kind("bar/next", lambda _, i: f"/api/v1/analytics/bar/next?{_shelf(i)}"),
        Kind("bar/stock", lambda _, i: f"/api/v1/analytics/bar/stock?{_shelf(i)}"),
        Kind("bar/without", lambda _, i: f"/api/v1/analytics/bar/without?{_shelf(i)}&empty={i}"),
        Kind("bar/menu", lambda r, _: f"/api/v1/analytics/bar/menu?recipe={r}&recipe={r + 1}"),
        Kind("bar/now, by similarity", lambda r, i:
             f"/api/v1/analytics/bar/now?{_shelf(i)}&order=similarity&like={r}"),
    ]  # fmt: skip


class Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(_HOST, port)

    def get(self, path: str) -> tuple[int, bytes, float]:
        """Return the status, the body and the milliseconds."""
        begun = time.perf_counter()
        self._connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        response = self._connection.getresponse()
        body = response.read()
        milliseconds = (time.perf_counter() - begun) * 1000
        if response.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        return response.status, body, milliseconds


def _wait(port: int) -> None:
    for _ in range(1200):
        try:
            if Client(port).get("/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server does not answer")


def _processor_ms(process: int) -> float:
    """Return the processor time of a process's threads: proc(5), "/proc/pid/schedstat"."""
    stats = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in stats) / 1e6


def _peak_mb(process: int) -> float:
    """Return the peak of a process's memory: proc(5), "/proc/pid/status"."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return int(status["VmHWM"].split()[0]) * 1024 / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=30)
    arguments = parser.parse_args()
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "api.cli.main", "serve", "--port", str(port), "--no-worker"],
        env={**os.environ, "RATE_LIMIT": "off"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    asked = kinds()
    draw = random.Random(1)
    failed: Counter[tuple[str, int]] = Counter()
    try:
        _wait(port)
        client = Client(port)
        for turn in range(arguments.repeat):
            if turn == 1:
                usage = json.loads(client.get("/api/v1/analytics/ingredient-usage")[1])["data"]
                status = json.loads(client.get("/api/v1/analytics/status")[1])
                print("snapshot", status["snapshot"]["snapshot_id"])
            for kind in asked:
                ingredient = 1 if turn == 0 else draw.choice(usage)["ingredient_id"]
                path = kind.path(draw.randrange(1, 1000), ingredient)
                before = _processor_ms(server.pid)
                code, _, milliseconds = client.get(path)
                kind.taken.append(milliseconds)
                kind.worked.append(_processor_ms(server.pid) - before)
                if code >= 400:
                    failed[kind.title, code] += 1
        print(f"the server's peak memory: {_peak_mb(server.pid):.0f} MB")
    finally:
        server.terminate()
        server.wait()
    table = Table("question", "first ms", "p50 ms", "p99 ms", "processor p50", "processor p99")
    for kind in asked:
        table.add_row(*kind.row())
    Console().print(table)
    for (title, code), count in failed.items():
        print(f"{title}: {count} answers of status {code}")


if __name__ == "__main__":
    main()
