"""What is true of every response and of every request, whatever route it goes to."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse, StreamingResponse

from api.http.access_log import AccessLog
from api.http.auth import Authenticator
from api.http.compression import GzipMiddleware
from api.http.guard import ApiGuard
from api.http.middleware import CONTENT_SECURITY_POLICY, RequestContext
from api.http.problems import Problem
from api.http.rate_limits import RateLimits, RateLimitSettingsError, client_address
from api.settings import Settings
from tests.http.conftest import TOKEN

REFRESH = "/api/v1/analytics/refresh"
STATUS = "/api/v1/analytics/status"


@pytest.mark.parametrize(
    "path", ["/health", STATUS, "/nowhere", "/openapi.json", "/api/v1/recipes/x"]
)
def test_every_response_has_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    # Over plain HTTP a browser must ignore it, and a laptop has no certificate to insist on.
    assert "strict-transport-security" not in headers
    assert len(headers["x-request-id"]) == 16


def test_https_responses_have_hsts(client: TestClient) -> None:
    secure = client.get("https://testserver/health")
    assert secure.headers["strict-transport-security"].startswith("max-age=31536000")


def test_harmless_request_id_is_kept(client: TestClient) -> None:
    given_id = "trace-4711.abc"
    assert (
        client.get("/health", headers={"X-Request-Id": given_id}).headers["x-request-id"]
        == given_id
    )
    for bad in ("a" * 65, "x y", "<script>"):
        assert client.get("/health", headers={"X-Request-Id": bad}).headers["x-request-id"] != bad
    problem = client.get("/nowhere", headers={"X-Request-Id": given_id}).json()
    assert problem["request_id"] == given_id


def test_access_log_is_json_without_query(
    client: TestClient, auth: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/health?token=secret", headers={"X-Request-Id": "abc"})
    client.get("/%0a%7B%22forged%22:1%7D")
    client.post(REFRESH, headers=auth)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = [json.loads(line) for line in captured.err.splitlines()]
    assert len(lines) == 3
    assert lines[0]["path"] == "/health"
    assert lines[0]["request_id"] == "abc"
    assert lines[0]["status"] == 200
    assert lines[0]["ms"] >= 0
    assert lines[0]["principal"] is None
    assert lines[2]["principal"] == "local"
    assert "secret" not in captured.err
    assert auth["Authorization"].split()[1] not in captured.err


def test_unexpected_error_is_500_without_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = FastAPI()

    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError("password=hunter2")

    app.add_middleware(RequestContext, log=AccessLog(lambda line: None))
    response = TestClient(app).get("/fails")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["content-security-policy"]
    assert "hunter2" not in response.text
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "hunter2" in caplog.text
    assert response.headers["x-request-id"] in caplog.text


def test_large_body_is_413(make_client: Callable[..., TestClient], auth: dict[str, str]) -> None:
    client = make_client(max_body_bytes=1000)
    headers = {**auth, "Content-Type": "application/json"}
    declared = client.post("/api/v1/tags", content=b" " * 1001, headers=headers)

    def chunks() -> Iterator[bytes]:
        for _ in range(11):
            yield b" " * 100

    chunked = client.post("/api/v1/tags", content=chunks(), headers=headers)
    for response in (declared, chunked):
        assert response.status_code == 413
        assert "1000" in response.json()["detail"]
    assert client.post("/api/v1/tags", content=b" " * 1000, headers=headers).status_code == 400
    # Without a token, the body is not even read.
    assert client.post("/api/v1/tags", content=chunks()).status_code == 401


def test_endless_body_is_cut_off(
    make_client: Callable[..., TestClient], auth: dict[str, str]
) -> None:
    app = make_client(max_body_bytes=1000).app
    received = 0

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b"a" * 100, "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": REFRESH, "raw_path": REFRESH.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1",
        "headers": [(b"authorization", auth["Authorization"].encode())],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 413
    assert received == 11


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b'{"name": NaN}', b'{"name": 1e999}',
     b'{"name": "\\ud800"}', b'{"name": "\xff"}', b"{", b"\x00", b'{"name": Infinity}'],
)  # fmt: skip
def test_harmful_json_is_rejected(client: TestClient, auth: dict[str, str], body: bytes) -> None:
    headers = {**auth, "Content-Type": "application/json"}
    response = client.post("/api/v1/tags", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


def test_reads_and_writes_are_counted_separately(
    make_client: Callable[..., TestClient], auth: dict[str, str]
) -> None:
    client = make_client(rate_limit="5/minute", rate_limit_writes="2/minute")
    states = [client.get(STATUS) for _ in range(6)]
    assert [response.status_code for response in states] == [200] * 5 + [429]
    assert states[0].headers["ratelimit-policy"] == '"read";q=5;w=60'
    assert states[0].headers["ratelimit"].startswith('"read";r=4;t=')
    refused = states[-1]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.get("/health").status_code == 200  # costs nothing
    assert client.get("/ready").status_code == 429
    writes = [client.post(REFRESH, headers=auth).status_code for _ in range(3)]
    assert writes == [202, 202, 429]


def test_guessing_tokens_is_limited(make_client: Callable[..., TestClient]) -> None:
    client = make_client(rate_limit_writes="3/minute")
    codes = [
        client.post(REFRESH, headers={"Authorization": f"Bearer guess-number-{n}"}).status_code
        for n in range(5)
    ]
    assert codes == [401, 401, 401, 429, 429]


def test_limits_are_per_client() -> None:
    limits = RateLimits(Settings(rate_limit="1/second"))
    limits.require("read", "a")
    limits.count("read", "a")
    for refuse in (limits.count, limits.require):
        with pytest.raises(Problem) as caught:
            refuse("read", "a")
        assert caught.value.status == 429
    limits.count("read", "b")


def test_ipv6_network_counts_as_one_client() -> None:
    assert client_address("2001:db8::1") == client_address("2001:db8::ffff:1")
    assert client_address("2001:db8::1") != client_address("2001:db8:0:1::1")
    assert client_address("::ffff:192.0.2.1") == client_address("192.0.2.1") == "192.0.2.1"
    assert client_address(None) == "unknown"


def test_invalid_limit_is_named() -> None:
    with pytest.raises(RateLimitSettingsError, match="RATE_LIMIT_WRITES"):
        RateLimits(Settings(rate_limit_writes="often"))


def test_cors_needs_the_setting(make_client: Callable[..., TestClient]) -> None:
    origin = "https://bar.example"
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    closed = make_client()
    assert (
        "access-control-allow-origin" not in closed.get(STATUS, headers={"Origin": origin}).headers
    )
    assert "access-control-allow-origin" not in closed.options(REFRESH, headers=preflight).headers
    opened = make_client(cors_origins=(origin,))
    assert (
        opened.get(STATUS, headers={"Origin": origin}).headers["access-control-allow-origin"]
        == origin
    )
    assert opened.options(REFRESH, headers=preflight).status_code == 200
    other = opened.get(STATUS, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    # Nothing rides on cookies, so none may be sent.
    assert (
        "access-control-allow-credentials" not in opened.options(REFRESH, headers=preflight).headers
    )
    assert opened.post(REFRESH, headers={"Origin": origin}).headers["access-control-allow-origin"]


@settings(max_examples=30, deadline=None)
@given(chunks=st.lists(st.binary(max_size=2000), min_size=1, max_size=5))
def test_streamed_body_is_compressed(chunks: list[bytes]) -> None:
    app = FastAPI()

    @app.get("/streamed")
    def streamed() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        return StreamingResponse(body(), media_type="text/plain", headers={"ETag": '"s"'})

    @app.get("/whole")
    def whole() -> PlainTextResponse:
        return PlainTextResponse(b"".join(chunks), headers={"ETag": '"w"'})

    app.add_middleware(GzipMiddleware)
    client = TestClient(app)
    response = client.get("/streamed", headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["etag"] == '"s-gzip"'
    assert response.content == b"".join(chunks)
    response = client.get("/whole", headers={"Accept-Encoding": "gzip"})
    assert ("content-encoding" in response.headers) is (len(response.content) >= 500)
    assert response.content == b"".join(chunks)


def test_openapi_document_is_complete(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operations = {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch("[a-z]+(_[a-z]+)+", one)] == []
    known_tags = {tag["name"] for tag in document["tags"]}
    for key, operation in operations.items():
        assert operation["summary"], key
        assert operation["description"], key
        assert set(operation["tags"]) <= known_tags, key
        closed = key[0] != "get" and key[1] != "/api/v1/sign-in"
        closed = closed or key[1] in ("/api/v1/shelf", "/metrics")
        is_open = not operation["security"] or {} in operation["security"]
        assert is_open is not closed, key
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (key, status)
        if key[1].startswith("/api/"):
            assert {"429", "500", "503"} <= set(operation["responses"]), key
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["ProblemBody"]["example"]
    assert ("get", "/api/v1/analytics/recipe-similar/{recipe_id}") in operations


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("testserver", 200), ("TESTSERVER.:8000", 200), ("localhost:8000", 200),
        ("127.0.0.1:8000", 200), ("[::1]:8000", 200), ("192.0.2.7", 200), ("app.localhost", 200),
        ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("", 421), ("testserver.evil", 421),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/health", "/", "/ready", STATUS])
def test_foreign_hosts_are_refused(client: TestClient, path: str, host: str, status: int) -> None:
    response = client.get(path, headers={"Host": host})
    assert response.status_code == status
    if status == 421:
        assert "ALLOWED_HOSTS" in response.json()["detail"]


def test_two_body_lengths_are_refused(client: TestClient, auth: dict[str, str]) -> None:
    headers = {**auth, "Content-Length": "4", "Transfer-Encoding": "chunked"}
    response = client.post(REFRESH, headers=headers)
    assert response.status_code == 400
    assert response.headers["connection"] == "close"


def test_slow_body_is_408(auth: dict[str, str]) -> None:
    async def unreachable(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("the body never ends")

    authenticator = Authenticator(Settings(api_token=TOKEN))
    guard = ApiGuard(unreachable, authenticator, RateLimits(Settings()), 1000, body_seconds=0.2)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": REFRESH, "query_string": b"",
        "headers": [(b"authorization", auth["Authorization"].encode())],
        "client": ("127.0.0.1", 1), "state": {"request_id": "id"},
    }  # fmt: skip
    asyncio.run(guard(scope, receive, send))
    assert sent[0]["status"] == 408


@pytest.mark.parametrize(
    "path",
    [
        "/recipes/",
        "/ingredients/",
        "/api/v1/recipes/",
        "/api/v1/units/",
        "/api/v1/analytics/recipe-similar/",
    ],
)
def test_absurdly_long_ids_are_refused(client: TestClient, path: str) -> None:
    for digits in (18, 19, 20, 4_300, 4_301):
        assert client.get(path + "9" * digits).status_code in (404, 422), digits


def test_access_log_is_bounded() -> None:
    lines: list[str] = []
    now = 0.0
    log = AccessLog(lines.append, rate=10, burst=5, clock=lambda: now)
    scope: dict[str, Any] = {
        "method": "GET",
        "path": "/" + "a" * 100_000,
        "client": None,
        "state": {},
    }

    def request() -> None:
        log.request(scope, "id", status=429, size=0, seconds=0.0)

    for _ in range(1000):
        request()
    assert len(lines) == 5
    assert all(len(line) < 1000 for line in lines)
    now = 0.1
    request()
    assert json.loads(lines[5])["suppressed_requests"] == 995
    assert json.loads(lines[6])["status"] == 429
