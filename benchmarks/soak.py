"""Soak a server: mixed reads and writes, with refreshes, for minutes; nothing may grow or fail.

    python -m benchmarks.soak --minutes 10
    DB_PATH=bar.db python -m benchmarks.soak --minutes 10

Starts ``cocktaildb serve`` with its worker on a copy of the database that DB_PATH names (default:
the sample), and drives it from this process: readers with and without ETags, searches and lists,
pages, and writers that add, change and delete recipes of their own, so that the number of recipes
stays. Each second it samples the server's memory, descriptors and threads, and the disk.

The last line on stdout is one JSON object; the exit code is 1 if a request failed or was answered
5xx, or if a bound below does not hold. Growth compares medians: that of the last fifth with that of
the second fifth, since the first one fills caches.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2

CLIENTS = 6
WRITERS = 1
TOKEN = "soak-token-of-enough-characters"
#: What the last fifth may have more than the second.
MAX_MB, MAX_DESCRIPTORS, MAX_THREADS, MAX_DISK_MB = 40.0, 8, 4, 20.0
READS = (
    "/api/v1/analytics/cocktail-space",
    "/api/v1/analytics/cocktail-space-em",
    "/api/v1/analytics/ingredient-tree",
    "/api/v1/analytics/ingredient-usage",
    "/api/v1/analytics/recipe-complexity",
    "/api/v1/analytics/status",
    "/api/v1/analytics/recipe-similar/1",
    "/api/v1/recipes?q=gin",
    "/api/v1/recipes?ingredient=1&limit=20",
    "/api/v1/recipes/1",
    "/api/v1/ingredients?limit=100",
    "/api/v1/units",
    "/api/v1/tags",
    "/health",
    "/ready",
)


class Outcome:
    """What the clients saw; shared by their threads."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.errors: list[str] = []
        self._lock = threading.Lock()

    def add(self, status: int, seconds: float, error: str | None = None) -> None:
        with self._lock:
            self.statuses[status] += 1
            self.seconds.append(seconds)
            if error is not None and len(self.errors) < 20:
                self.errors.append(error)


def _ask(client: httpx2.Client, outcome: Outcome, method: str, path: str, **more: Any) -> Any:
    begun = time.perf_counter()
    try:
        response = client.request(method, path, **more)
    except httpx2.HTTPError as error:
        outcome.add(0, time.perf_counter() - begun, f"{method} {path}: {error!r}")
        return None
    fine = response.status_code < 400
    outcome.add(
        response.status_code,
        time.perf_counter() - begun,
        None if fine else f"{method} {path}: {response.status_code} {response.text[:200]}",
    )
    return response


def _read(base: str, pages: list[str], stop: threading.Event, outcome: Outcome, seed: int) -> None:
    dice = random.Random(seed)
    etags: dict[str, str] = {}
    paths = [*READS, *pages]
    with httpx2.Client(base_url=base, timeout=30) as client:
        while not stop.is_set():
            path = dice.choice(paths)
            headers = (
                {"If-None-Match": etags[path]} if path in etags and dice.random() < 0.7 else {}
            )
            response = _ask(client, outcome, "GET", path, headers=headers)
            if response is not None and "etag" in response.headers:
                etags[path] = response.headers["etag"]
            stop.wait(0.02)


def _write(base: str, stop: threading.Event, outcome: Outcome, seed: int) -> None:
    dice = random.Random(seed)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx2.Client(base_url=base, timeout=30, headers=headers) as client:
        while not stop.is_set():
            recipe: dict[str, Any] = {
                "name": f"Soak {seed} {dice.randrange(10**9)}",
                "ingredients": [
                    {"ingredient_id": number, "unit_id": None, "amount": dice.randint(1, 60)}
                    for number in (1, 2)
                ],
                "tags": ["soak"],
            }
            made = _ask(client, outcome, "POST", "/api/v1/recipes", json=recipe)
            stop.wait(1)
            if made is None or made.status_code != 201:
                continue
            path = f"/api/v1/recipes/{made.json()['id']}"
            _ask(client, outcome, "PUT", path, json={**recipe, "name": recipe["name"] + "!"})
            stop.wait(1)
            _ask(client, outcome, "DELETE", path)
            stop.wait(1)


def _sample(pid: int, directory: Path) -> tuple[float, int, int, float]:
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    disk = 0
    for path in directory.rglob("*"):
        if path.name == "server.log":
            continue  # a line a request; whoever runs the server rotates it
        try:
            disk += path.stat().st_size
        except FileNotFoundError:
            continue
    return (
        int(status["VmRSS"].split()[0]) / 1e3,
        sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()),
        int(status["Threads"]),
        disk / 1e6,
    )


def soak(minutes: float, database: Path | None, directory: Path) -> dict[str, Any]:
    """Soak a server in ``directory`` and return the figures and what was wrong."""
    environment = {
        **os.environ,
        "DB_PATH": str(directory / "soak.db"),
        "ANALYTICS_DIR": str(directory / "analytics"),
        "ANALYTICS_KEEP": "3",
        "REFRESH_QUEUE": str(directory / "queue.db"),
        "API_TOKEN": TOKEN,
        "RATE_LIMIT": "off",
        "RATE_LIMIT_WRITES": "off",
    }
    for name in ("DATABASE_URL", "ANALYTICS_BUCKET", "ANALYTICS_TRIGGER_FUNCTION"):
        environment.pop(name, None)
    cocktaildb = [sys.executable, "-m", "api.cli.main"]
    if database is None:
        subprocess.run([*cocktaildb, "db", "init"], env=environment, check=True, stdout=2)
    else:
        shutil.copy(database, directory / "soak.db")
        subprocess.run([*cocktaildb, "db", "migrate"], env=environment, check=True, stdout=2)
    subprocess.run([*cocktaildb, "refresh"], env=environment, check=True, stdout=2)
    with (directory / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*cocktaildb, "serve", "--port", "0"], env=environment, stdout=log, stderr=log
        )
    try:
        base = _address(directory / "server.log", server)
        result = _drive(base, server.pid, minutes, directory)
    finally:
        server.terminate()
        code = server.wait(60)
    if code not in (0, -15):
        result["faults"].append(f"the server ended with exit code {code}")
    text = (directory / "server.log").read_text(errors="replace")
    result["tracebacks_in_the_log"] = text.count("Traceback")
    if result["tracebacks_in_the_log"]:
        result["faults"].append(text[text.index("Traceback") :][:2000])
    return result


def _address(log: Path, server: "subprocess.Popen[bytes]") -> str:
    import re

    for _ in range(600):
        found = re.search(r"http://127\.0\.0\.1:[1-9]\d+", log.read_text(errors="replace"))
        if found:
            try:
                if httpx2.get(f"{found[0]}/health", timeout=5).status_code == 200:
                    return found[0]
            except httpx2.HTTPError:
                pass
        if server.poll() is not None:
            raise RuntimeError(f"the server did not start:\n{log.read_text()}")
        time.sleep(0.1)
    raise RuntimeError(f"the server does not answer:\n{log.read_text()}")


def _drive(base: str, pid: int, minutes: float, directory: Path) -> dict[str, Any]:
    outcome, stop = Outcome(), threading.Event()
    pages = [p for p in ("/", "/recipes", "/status") if httpx2.get(base + p).status_code == 200]
    threads = [
        threading.Thread(target=_read, args=(base, pages, stop, outcome, seed))
        for seed in range(CLIENTS)
    ] + [
        threading.Thread(target=_write, args=(base, stop, outcome, 100 + seed))
        for seed in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    samples = []
    snapshots: set[str] = set()
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        samples.append(_sample(pid, directory))
        snapshots |= {path.name for path in (directory / "analytics" / "snapshots").glob("*")}
        time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()

    fifth = max(1, len(samples) // 5)
    faults = list(outcome.errors)
    growth = {}
    bounds = (MAX_MB, MAX_DESCRIPTORS, MAX_THREADS, MAX_DISK_MB)
    for column, name in enumerate(("rss_mb", "descriptors", "threads", "disk_mb")):
        early = statistics.median(row[column] for row in samples[fifth : 2 * fifth] or samples)
        late = statistics.median(row[column] for row in samples[-fifth:])
        growth[name] = [round(early, 1), round(late, 1)]
        if late - early > bounds[column]:
            faults.append(f"{name} grew from {early:.1f} to {late:.1f}")
    ordered = sorted(outcome.seconds)
    return {
        "minutes": minutes,
        "pages": pages,
        "requests": len(ordered),
        "statuses": dict(sorted(outcome.statuses.items())),
        "p50_ms": round(1e3 * ordered[len(ordered) // 2], 1),
        "p99_ms": round(1e3 * ordered[int(0.99 * len(ordered))], 1),
        "snapshots_published": len(snapshots),
        "median_of_second_and_last_fifth": growth,
        "faults": faults,
    }


def main() -> None:
    """Parse the command line, run, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    arguments = parser.parse_args()
    named = os.environ.get("DB_PATH")
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        result = soak(arguments.minutes, Path(named) if named else None, Path(directory))
    print(json.dumps(result))
    sys.exit(1 if result["faults"] else 0)


if __name__ == "__main__":
    main()
