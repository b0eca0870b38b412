"""What slow clients cost `cocktaildb serve`: held connections, memory, log, and others' waiting.

    python -m benchmarks.slow_clients [--connections 300] [--readers 90] [--seconds 15]

Runs the server on the sample, or on the database that DB_PATH names, with its default limits. First
many connections send their headers a byte at a time; then many clients request the export and read
nothing. Meanwhile /health is requested once in a while, on a connection of its own each time.
"""

import argparse
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

_HOST = "127.0.0.1"
_GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def memory(self) -> float:
        """Return the resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def sockets(self) -> int:
        """Return the number of open sockets."""
        descriptors = Path(f"/proc/{self.process.pid}/fd").iterdir()
        names = []
        for one in descriptors:
            with contextlib.suppress(OSError):
                names.append(str(one.readlink()))
        return sum(name.startswith("socket:") for name in names)

    def connect(self) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection((_HOST, self.port), timeout=10)


@dataclass
class Observed:
    """The worst that was seen."""

    health: list[float] = field(default_factory=list)
    failed: int = 0
    memory: float = 0.0
    sockets: int = 0

    def look(self, server: Server) -> None:
        """Request /health once, and note the rest."""
        begun = time.monotonic()
        try:
            with server.connect() as one:
                one.sendall(_GET % b"/health")
                served = b" 200 " in one.recv(100)
        except OSError:
            served = False
        self.failed += not served
        self.health.append(time.monotonic() - begun)
        self.memory = max(self.memory, server.memory())
        self.sockets = server.sockets()


@contextlib.contextmanager
def serving(directory: Path) -> Iterator[Server]:
    """Create the sample if DB_PATH names no database, and run the server."""
    environment = {
        **os.environ,
        "ANALYTICS_DIR": str(directory / "analytics"),
        "REFRESH_QUEUE": str(directory / "queue.db"),
        "API_TOKEN": "a-token-for-this-benchmark",
    }
    command = [sys.executable, "-m", "api.cli.main"]
    if "DB_PATH" not in environment:
        environment["DB_PATH"] = str(directory / "cocktails.db")
        subprocess.run([*command, "db", "init"], env=environment, check=True, capture_output=True)
    log = directory / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0", "--no-worker"], env=environment, stderr=stream
        )
    try:
        for _ in range(600):
            found = re.search(rf"Open http://{_HOST}:(\d+)/", log.read_text(encoding="utf-8"))
            if found:
                break
            time.sleep(0.1)
        else:
            raise RuntimeError(log.read_text(encoding="utf-8"))
        yield Server(process, int(found[1]), log)
    finally:
        process.terminate()
        process.wait()


def attack(
    server: Server, clients: list[socket.socket], seconds: float, act: Callable[[int], bytes]
) -> Observed:
    """Let each client send what ``act`` returns, ten times a second; observe the server."""
    seen = Observed()
    begun = time.monotonic()
    turn = 0
    while time.monotonic() < begun + seconds:
        for one in clients:
            with contextlib.suppress(OSError):
                one.send(act(turn))
        seen.look(server)
        turn += 1
        time.sleep(0.1)
    return seen


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=300)
    parser.add_argument("--readers", type=int, default=90)
    parser.add_argument("--seconds", type=float, default=15)
    arguments = parser.parse_args()
    table = Table(
        "", "/health, worst ms", "failed", "sockets held", "memory MB", "log kB", box=None
    )
    dribble = _GET % b"/"
    cases: list[tuple[str, int, Callable[[int], bytes]]] = [
        ("at rest", 0, lambda turn: b""),
        ("slow headers", arguments.connections, lambda turn: dribble[turn : turn + 1] or b"x"),
        (
            "export, not read",
            arguments.readers,
            lambda turn: _GET % b"/api/v1/recipes/export" if turn == 0 else b"",
        ),
    ]
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server:
        with server.connect() as first:  # imports what an export needs
            first.settimeout(60)
            first.sendall(_GET % b"/api/v1/recipes/export")
            first.recv(100)
        for title, number, act in cases:
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(server.connect()) for _ in range(number)]
                seen = attack(server, clients, arguments.seconds if number else 2, act)
            table.add_row(
                title,
                f"{max(seen.health) * 1000:.0f}",
                f"{seen.failed} of {len(seen.health)}",
                str(seen.sockets),
                f"{seen.memory:.0f}",
                f"{server.log.stat().st_size / 1024:.0f}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
