"""`cocktaildb serve`, run as a person runs it."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from api.cli.serve import _network_address, _show_for_phones
from tests.http.conftest import Site


@contextmanager
def serving(directory: Path, *arguments: str, **environment: str) -> Iterator[tuple[str, str, Any]]:
    """Start the server; yield its address, its one-time code (empty if none) and its process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli.main", "serve", "--port", "0", *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        seen = []
        for line in process.stderr:
            seen.append(line)
            found = re.search(r"Open (http://\S+?)(?:#code=(\S+))?$", line.strip())
            if found:
                yield found[1], found[2] or "", process
                return
        raise AssertionError("".join(seen))
    finally:
        process.kill()
        process.communicate()


def call(
    url: str, method: str = "GET", token: str | None = None, body: Any = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method, headers=headers)
    for _ in range(100):
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except urllib.error.URLError:
            time.sleep(0.05)  # it listens, but does not answer yet
    raise AssertionError(f"{url} does not answer")


def test_serve_refreshes_and_stops_cleanly(site: Site) -> None:
    with serving(
        site.directory, DB_PATH=str(site.database_path), ANALYTICS_DIR=str(site.analytics_dir)
    ) as (url, code, process):
        assert url.startswith("http://127.0.0.1:")
        token_file = site.directory / "var/api-token"
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        token = token_file.read_text().strip()
        signed_in = call(f"{url}api/v1/sign-in", "POST", body={"code": code})
        assert signed_in == (200, {"token": token})
        assert call(f"{url}api/v1/sign-in", "POST", body={"code": code})[0] == 403
        assert call(f"{url}ready")[0] == 200
        assert call(f"{url}api/v1/analytics/refresh", "POST")[0] == 401
        status, asked = call(f"{url}api/v1/analytics/refresh", "POST", token)
        assert (status, asked["via"]) == (202, "local-queue")
        # The worker inside takes it up; nothing has changed, so it ends soon.
        deadline = time.monotonic() + 60
        while call(f"{url}api/v1/analytics/status")[1]["refresh"]["state"] != "idle":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        history = call(f"{url}api/v1/analytics/status")[1]["history"]
        assert history[0]["state"] == "succeeded"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert process.returncode in (0, -signal.SIGTERM)
        assert out == ""


def test_token_persists_and_is_never_printed(site: Site) -> None:
    paths = {"DB_PATH": str(site.database_path), "ANALYTICS_DIR": str(site.analytics_dir)}
    tokens, codes = set(), set()
    for _ in range(2):
        with serving(site.directory, "--no-worker", **paths) as (url, code, _process):
            codes.add(code)
            tokens.add(call(f"{url}api/v1/sign-in", "POST", body={"code": code})[1]["token"])
    assert len(tokens) == 1
    assert len(codes) == 2
    assert not tokens & codes


def test_operators_token_prints_no_code(site: Site) -> None:
    paths = {"DB_PATH": str(site.database_path), "ANALYTICS_DIR": str(site.analytics_dir)}
    token = "a-token-of-ones-own"
    with serving(site.directory, "--no-worker", API_TOKEN=token, **paths) as (url, code, _process):
        assert code == ""
        status, _ = call(f"{url}api/v1/analytics/refresh", "POST", token)
        assert status == 202


def test_missing_settings_are_explained(tmp_path: Path, site: Site) -> None:
    def run(**environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "api.cli.main", "serve", "--port", "0"],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        return " ".join(done.stderr.split())

    assert "cocktaildb db init" in run()
    database = str(site.database_path)
    assert "AUTH_AUDIENCE" in run(DB_PATH=database, AUTH_ISSUER="https://issuer.example")


def test_phones_get_an_address_in_the_network(capfd: pytest.CaptureFixture[str]) -> None:
    here = _network_address()
    assert here is None or ip_address(here)
    _show_for_phones("http://192.0.2.7:8000/#code=abc")
    # A QR code is for people: not in a log.
    assert capfd.readouterr().err == (
        "On a phone in the same network: http://192.0.2.7:8000/#code=abc\n"
    )
