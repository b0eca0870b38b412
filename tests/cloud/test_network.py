"""Names whose addresses do not all answer: the way out of the API's Lambda is IPv6 alone.

A black hole on loopback is a listening socket whose backlog is full: Linux drops what comes next,
as a network without a route does. The resolver is replaced, because the point is what it may list.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from api.http.network import create_connection

ROOT = Path(__file__).parents[2]
DEAD = [f"127.0.1.{number}" for number in range(1, 9)]
KEY_SET = b'{"keys": [{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}]}'
NAME = "dual-stack.example"


class Live(HTTPServer):
    address_family = socket.AF_INET6

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, KEY_SET)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(202, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("::1", 0), Handler)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port that answers on ::1, and whose packets to the dead addresses are dropped."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        live = Live()
    except OSError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    number: int = live.server_address[1]
    threading.Thread(target=live.serve_forever, args=(0.02,), daemon=True).start()
    with ExitStack() as stack:
        for address in DEAD:
            hole = stack.enter_context(socket.socket())
            hole.bind((address, number))
            hole.listen(0)
            for _ in range(2):  # one more than the backlog of 0 keeps
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex((address, number))
        yield number
    live.shutdown()
    live.server_close()


def resolver(*, live: bool) -> str:
    """Return code that lists the dead addresses first, and the living one last, if at all."""
    return (
        "import socket\n"
        "known = socket.getaddrinfo\n"
        "def listed(host, port, *rest, **options):\n"
        f"    if host not in ({NAME!r}, {NAME.encode()!r}):\n"
        "        return known(host, port, *rest, **options)\n"
        f"    found = [(2, 1, 6, '', (a, int(port))) for a in {DEAD!r}]\n"
        f"    return found + [(10, 1, 6, '', ('::1', int(port), 0, 0))] * {int(live)}\n"
        "socket.getaddrinfo = listed\n"
    )


KEYS = """
import asyncio, time
from api.http.auth import Authenticator
from api.http.signing_keys import KeysUnavailableError
from api.settings import Settings
import httpx2  # its import is not at issue here
keys = Authenticator(Settings(auth_issuer=URL, auth_audience="client"))._verifier._keys
began = time.monotonic()
try:
    asyncio.run(keys.get("k"))
    found = "answered"
except KeysUnavailableError as error:
    found = str(error)
seconds = time.monotonic() - began
"""

PLAIN = """
import time, urllib.request
began = time.monotonic()
try:
    urllib.request.urlopen(URL, timeout=1.0).close()
    found = "answered"
except OSError as error:
    found = str(error)
seconds = time.monotonic() - began
"""

TRIGGER = """
import time
from api.utils import analytics_helpers
analytics_helpers.prepare_client()
began = time.monotonic()
found = "answered" if analytics_helpers.trigger_analytics_refresh() else "refused"
seconds = time.monotonic() - began
"""


def measured(code: str, port: int, *, live: bool, ipv6_first: bool = True) -> tuple[str, float]:
    """Run code in a process of its own, as the Lambda would; return what happened and how fast."""
    setup = "from api.http.network import prefer_ipv6\nprefer_ipv6()\n" if ipv6_first else ""
    url = f"http://{NAME}:{port}"
    # The check of the URL's scheme is not at issue here; a certificate would be.
    private = "import api.http.auth\napi.http.auth._is_private = lambda url: True\n"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{resolver(live=live)}{setup}{private}URL = {url!r}\n{code}\n"
            "import json\nprint(json.dumps([found, seconds]))",
        ],
        env={
            "AWS_ENDPOINT_URL_LAMBDA": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "ANALYTICS_TRIGGER_FUNCTION": "trigger",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found, seconds = json.loads(done.stdout.splitlines()[-1])
    return str(found), float(seconds)


def test_dead_addresses_are_dead(port: int) -> None:
    """Else the tests below would prove nothing."""
    with pytest.raises(TimeoutError):
        socket.create_connection((DEAD[0], port), timeout=0.4)


@pytest.mark.parametrize("code", [KEYS, TRIGGER], ids=["keys", "trigger"])
def test_living_ipv6_address_answers_at_once(port: int, code: str) -> None:
    found, seconds = measured(code, port, live=True)
    assert found == "answered"
    assert seconds < 1.0


@pytest.mark.parametrize(("code", "limit"), [(KEYS, 4.0), (TRIGGER, 2.5)], ids=["keys", "trigger"])
def test_no_answer_costs_a_bounded_wait(port: int, code: str, limit: float) -> None:
    found, seconds = measured(code, port, live=False)
    assert found != "answered"
    assert seconds < limit


def test_plain_python_waits_for_each_address(port: int) -> None:
    """What this module is for: the same, without it."""
    found, seconds = measured(PLAIN, port, live=True, ipv6_first=False)
    assert seconds > 5.0, found


def test_address_that_refuses_costs_nothing(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Any] = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 9, 0, 0)),
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: listed)
    with create_connection((NAME, port), timeout=5.0) as connection:
        assert connection.getpeername()[:2] == ("::1", port)
        assert connection.gettimeout() == 5.0


def test_last_error_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: listed)
    with pytest.raises(ConnectionRefusedError):
        create_connection((NAME, 9), timeout=1.0)
