"""Servers of our own for campaigns: S3's protocol (moto) and PostgreSQL, on loopback ports."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def s3_server(directory: Path) -> Iterator[dict[str, str]]:
    """Run moto's server; yield the environment that leads to it."""
    port = free_port()
    with (directory / "moto.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.kill()
        server.wait()


@contextmanager
def postgresql_server(directory: Path) -> Iterator[str]:
    """Run PostgreSQL; yield the URL of its server, without a database's name.

    Raises
    ------
    FileNotFoundError
        If it is not installed.
    """
    binaries = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = shutil.which("initdb") or next(
        (str(path / "initdb") for path in binaries if (path / "initdb").exists()), None
    )
    if found is None:
        raise FileNotFoundError("PostgreSQL is not installed (no initdb).")
    programs = Path(found).resolve().parent
    # The server refuses to run as root.
    prefix = (
        ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        if os.geteuid() == 0
        else []
    )
    home = directory / "postgresql"
    home.mkdir(mode=0o700)
    if prefix:
        os.chown(home, _NOBODY, _NOBODY)
        directory.chmod(0o711)
    port = free_port()
    subprocess.run(
        [*prefix, str(programs / "initdb"), "-D", str(home / "data"), "-U", "cocktail",
         "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, cwd=home,
    )  # fmt: skip
    server = subprocess.Popen(
        [*prefix, str(programs / "postgres"), "-D", str(home / "data"), "-p", str(port),
         "-h", "127.0.0.1", "-k", str(home), "-F"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home,
    )  # fmt: skip
    try:
        for _ in range(300):
            ready = subprocess.run(
                [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)],
                capture_output=True,
                check=False,
            )
            if ready.returncode == 0:
                break
            time.sleep(0.1)
        yield f"postgresql://cocktail@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
