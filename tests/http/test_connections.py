"""Clients that are slow, silent or many, against a real server on a loopback port."""

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from api.http.app import create_app
from api.http.connections import ConnectionLimits
from api.http.server import ListenError, RepeatFilter, connection_limits, create_server, listen
from tests.http.conftest import Site

QUICK = ConnectionLimits(total=40, per_client=30, header_seconds=1.0, write_seconds=1.0)
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextlib.contextmanager
def serving(app: FastAPI, limits: ConnectionLimits = QUICK) -> Iterator[int]:
    """Run a server in a thread; yield its port."""
    listening = listen("127.0.0.1", 0)
    server = create_server(app, limits)
    server.config.timeout_graceful_shutdown = 1
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


@pytest.fixture
def port(site: Site) -> Iterator[int]:
    with serving(create_app(site.settings())) as found:
        yield found


@contextlib.contextmanager
def connections(port: int, number: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            for _ in range(number)
        ]


def status(port: int) -> int:
    """Return the status of one request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        one.sendall(GET)
        return int(one.recv(100).split()[1])


def is_closed(one: socket.socket, seconds: float) -> bool:
    one.settimeout(seconds)
    try:
        while one.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def test_late_headers_close_the_connection(port: int) -> None:
    with connections(port, 2) as (silent, dribbling):
        deadline = time.monotonic() + 8
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                dribbling.sendall(b"G")  # each byte arrives, the headers never do
                time.sleep(0.1)
        assert time.monotonic() < deadline
        assert is_closed(silent, 5)


def test_late_second_request_closes_the_connection(port: int) -> None:
    with connections(port, 1) as (one,):
        one.sendall(GET)
        assert b"200" in one.recv(1 << 16)
        deadline = time.monotonic() + 8
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                one.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() < deadline


def test_idle_connections_do_not_keep_others_out(port: int) -> None:
    with connections(port, 60) as many:
        for one in many[:30]:
            with contextlib.suppress(ConnectionError):
                one.sendall(b"GET / HT")
        assert [status(port) for _ in range(5)] == [200] * 5


def test_proxies_may_have_more_connections() -> None:
    limits = ConnectionLimits(trusted_proxies=("10.0.0.1",))
    assert limits.trusts("10.0.0.1")
    assert not limits.trusts("10.0.0.2")
    assert ConnectionLimits(trusted_proxies=("*",)).trusts("10.0.0.2")


def test_client_that_does_not_read_is_dropped() -> None:
    app = FastAPI()
    produced = 0

    @app.get("/endless")
    def endless() -> StreamingResponse:
        def chunks() -> Iterator[bytes]:
            nonlocal produced
            for _ in range(10_000):
                produced += 1
                yield b"a" * 65_536

        return StreamingResponse(chunks())

    with serving(app) as port, connections(port, 5) as readers:
        for one in readers:
            one.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(2.5)
        before = produced
        for one in readers:
            assert is_closed(one, 5)
        # What was buffered for them is bounded by the sockets, not by the response.
        assert before < 5 * 300


def test_two_body_lengths_close_the_connection(port: int) -> None:
    smuggled = b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connections(port, 1) as (one,):
        one.sendall(
            b"POST /api/v1/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled
        )
        received = b""
        one.settimeout(10)
        while chunk := one.recv(1 << 16):
            received += chunk
        assert received.startswith(b"HTTP/1.1 400")
        assert received.count(b"HTTP/1.1") == 1


def test_accepted_connections_send_at_once() -> None:
    """Nagle's algorithm is off: a small segment never waits for the client's acknowledgment."""
    seen: list[int] = []

    class Recording(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            raw = transport.get_extra_info("socket")
            seen.append(raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    async def accept() -> None:
        listening = listen("127.0.0.1", 0)
        server = await asyncio.get_running_loop().create_server(Recording, sock=listening)
        async with server:
            port = listening.getsockname()[1]
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.1)
            writer.close()
            await writer.wait_closed()

    asyncio.run(accept())
    assert seen == [1]


def test_taken_port_is_explained() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ListenError, match=f"{port}.*--port"):
            listen("127.0.0.1", port)


def test_limits_respect_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 1024))
    monkeypatch.setattr("resource.setrlimit", lambda _, limits: set_to.append(limits))
    assert connection_limits(ConnectionLimits(total=5000)).total == 1024 - 128
    assert set_to == [(1024, 1024)]


def test_repeated_messages_are_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("api.http.server.time.monotonic", lambda: now)
    one_kind = RepeatFilter(per_minute=3)

    def passes(message: str) -> logging.LogRecord | None:
        record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, message, None, None)
        return record if one_kind.filter(record) else None

    assert sum(passes("Invalid HTTP request received.") is not None for _ in range(10)) == 3
    assert passes("Something else") is not None
    now = 61.0
    first = passes("Invalid HTTP request received.")
    assert first is not None
    assert "7 similar messages dropped" in first.getMessage()
    second = passes("Invalid HTTP request received.")
    assert second is not None
    assert "dropped" not in second.getMessage()
