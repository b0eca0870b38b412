"""Reads of the analytics over HTTP beside a bare static file from the same server.

    python -m benchmarks.http_reads [--seconds 8] [--connections 64]
    python -m benchmarks.http_reads --keep-alive

The second command measures small answers one after the other on one connection, from two servers
side by side: with Nagle's algorithm on, as a plain socket has it, and off, as `cocktaildb serve`
sets it.

Starts uvicorn, one process, as `cocktaildb serve` does (access log included, rates not limited), on
the sample or on the database that DB_PATH names, and loads it with wrk from this machine: client
and server share its cores, so the ratios are the result. The static file holds the same bytes as
the largest answer, and is sent by Starlette's StaticFiles with nothing around it.
"""

import argparse
import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

ANALYTICS = "/api/v1/analytics"
STATIC = "/bare/cocktail-space.json"
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Measured:
    """What wrk says of one kind of request: latencies in ms."""

    requests_per_second: float
    p50: float
    p99: float
    failed: int


def app() -> ASGIApp:
    """Return the application, and beside it, with no layer in common, the static file."""
    from api.http.app import create_app

    whole = create_app()
    bare = StaticFiles(directory=os.environ["BENCHMARK_STATIC"])

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/bare/"):
            await bare({**scope, "root_path": "/bare"}, receive, send)
        else:
            await whole(scope, receive, send)

    return dispatch


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Build the sample if DB_PATH names no database, refresh, and run the server."""
    static = directory / "static"
    static.mkdir()
    environment = {
        **os.environ,
        "ANALYTICS_DIR": str(directory / "analytics"),
        "REFRESH_QUEUE": str(directory / "queue.db"),
        "RATE_LIMIT": "off",
        "BENCHMARK_STATIC": str(static),
    }
    command = [sys.executable, "-m", "api.cli.main"]
    if "DB_PATH" not in environment:
        environment["DB_PATH"] = str(directory / "cocktails.db")
        subprocess.run([*command, "db", "init"], env=environment, check=True, capture_output=True)
    subprocess.run([*command, "refresh"], env=environment, check=True, capture_output=True)
    with (directory / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--factory", "benchmarks.http_reads:app", "--host",
             _HOST, "--port", "0", "--no-access-log", "--no-server-header"],
            env=environment,
            stderr=log,
        )  # fmt: skip
        try:
            base = _address(directory / "log")
            with urllib.request.urlopen(f"{base}{ANALYTICS}/cocktail-space") as response:
                (static / "cocktail-space.json").write_bytes(response.read())
            yield base
        finally:
            server.terminate()
            server.wait()


def _address(log: Path) -> str:
    for _ in range(600):
        found = re.search(rf"running on (http://{_HOST}:\d+)", log.read_text())
        if found:
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(log.read_text())


def tag(url: str, headers: dict[str, str]) -> str:
    """Return the entity tag of a response."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
        return str(response.headers["ETag"])


def load(url: str, headers: dict[str, str], seconds: int, connections: int) -> Measured:
    """Load one URL with wrk."""
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *sent, url],
        check=True,
        capture_output=True,
        text=True,
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    if rate is None:
        raise RuntimeError(done.stdout)
    return Measured(
        float(rate[1]),
        _milliseconds(done.stdout, "50%"),
        _milliseconds(done.stdout, "99%"),
        int(failed[1]) if failed else 0,
    )


def _milliseconds(text: str, percentile: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)\b", text)
    if found is None:
        raise RuntimeError(text)
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def small_answers(listening: socket.socket, requests: int) -> list[float]:
    """Serve on a socket; return the milliseconds of each request, one after the other."""
    import uvicorn

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(b"content-length", b"2")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"ok"})

    server = uvicorn.Server(uvicorn.Config(answer, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    taken = []
    connection = http.client.HTTPConnection(*listening.getsockname()[:2])
    for _ in range(requests):
        begun = time.perf_counter()
        connection.request("GET", "/")
        connection.getresponse().read()
        taken.append((time.perf_counter() - begun) * 1000)
    connection.close()
    server.should_exit = True
    thread.join()
    return sorted(taken)


def compare_nagle(requests: int = 200) -> None:
    """Print the latency of small answers with Nagle's algorithm on and off."""
    from api.http.server import listen

    plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    plain.bind((_HOST, 0))
    plain.listen()
    table = Table("small answers, keep-alive", "p50 ms", "p99 ms", box=None)
    for title, listening in (("plain socket", plain), ("cocktaildb serve", listen(_HOST, 0))):
        with listening:
            taken = small_answers(listening, requests)
        p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
        table.add_row(title, f"{p50:.2f}", f"{p99:.2f}")
    Console().print(table)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--keep-alive", action="store_true")
    arguments = parser.parse_args()
    if arguments.keep_alive:
        compare_nagle()
        return

    plain, gzip = {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip"}
    cases = [
        ("static file", STATIC, plain, False),
        ("static file, ETag known: 304", STATIC, plain, True),
        ("cocktail-space", f"{ANALYTICS}/cocktail-space", plain, False),
        ("cocktail-space, gzip", f"{ANALYTICS}/cocktail-space", gzip, False),
        ("cocktail-space, ETag known: 304", f"{ANALYTICS}/cocktail-space", gzip, True),
        ("recipe-similar/1, ETag known: 304", f"{ANALYTICS}/recipe-similar/1", gzip, True),
        ("atlas, gzip", f"{ANALYTICS}/atlas", gzip, False),
        ("atlas, ETag known: 304", f"{ANALYTICS}/atlas", gzip, True),
    ]
    table = Table("", "requests/s", "p50 ms", "p99 ms", "of the static file's rate", box=None)
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as base:
        baselines: dict[bool, float] = {}
        for title, path, headers, conditional in cases:
            url = base + path
            if conditional:
                headers = {**headers, "If-None-Match": tag(url, headers)}
            load(url, headers, 1, arguments.connections)
            found = load(url, headers, arguments.seconds, arguments.connections)
            if found.failed:
                raise RuntimeError(f"{found.failed} requests for {path} failed")
            baseline = baselines.setdefault(conditional, found.requests_per_second)
            table.add_row(
                title,
                f"{found.requests_per_second:,.0f}",
                f"{found.p50:.1f}",
                f"{found.p99:.1f}",
                f"{found.requests_per_second / baseline:.2f}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
