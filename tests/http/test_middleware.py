"""What is true of every response and of every request, whatever route it goes to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse, StreamingResponse

from api.http.compression import GzipMiddleware
from api.http.middleware import CONTENT_SECURITY_POLICY, RequestContext
from api.http.rate_limits import RateLimits, RateLimitSettingsError, client_address
from api.settings import Settings

REFRESH = "/api/v1/analytics/refresh"
STATUS = "/api/v1/analytics/status"


@pytest.mark.parametrize(
    "path", ["/health", STATUS, "/nowhere", "/openapi.json", "/api/v1/recipes/x"]
)
def test_every_response_has_the_security_headers(client: TestClient, path: str) -> None:
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


def test_https_is_insisted_on_once_it_is_there(client: TestClient) -> None:
    secure = client.get("https://testserver/health")
    assert secure.headers["strict-transport-security"].startswith("max-age=31536000")


def test_a_request_id_is_kept_if_it_is_harmless(client: TestClient) -> None:
    given_id = "trace-4711.abc"
    assert (
        client.get("/health", headers={"X-Request-Id": given_id}).headers["x-request-id"]
        == given_id
    )
    for bad in ("a" * 65, "x y", "<script>"):
        assert client.get("/health", headers={"X-Request-Id": bad}).headers["x-request-id"] != bad
    problem = client.get("/nowhere", headers={"X-Request-Id": given_id}).json()
    assert problem["request_id"] == given_id


def test_the_access_log_is_one_line_of_json_without_the_query(
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


def test_an_error_that_nobody_foresaw_is_a_problem_that_leaks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = FastAPI()

    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError("password=hunter2")

    app.add_middleware(RequestContext, log=lambda line: None)
    response = TestClient(app).get("/fails")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["content-security-policy"]
    assert "hunter2" not in response.text
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "hunter2" in caplog.text
    assert response.headers["x-request-id"] in caplog.text


def test_a_body_larger_than_the_limit(
    make_client: Callable[..., TestClient], auth: dict[str, str]
) -> None:
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
    # Whoever is nobody learns so without its body being read.
    assert client.post("/api/v1/tags", content=chunks()).status_code == 401


def test_an_endless_body_is_cut_off_at_the_limit(
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
def test_json_that_would_do_harm_gets_no_further(
    client: TestClient, auth: dict[str, str], body: bytes
) -> None:
    headers = {**auth, "Content-Type": "application/json"}
    response = client.post("/api/v1/tags", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


def test_reads_and_writes_are_counted_apart(
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
    assert client.get("/health").status_code == 200  # not the API's
    writes = [client.post(REFRESH, headers=auth).status_code for _ in range(3)]
    assert writes == [202, 202, 429]


def test_guessing_tokens_is_limited_like_writing(make_client: Callable[..., TestClient]) -> None:
    client = make_client(rate_limit_writes="3/minute")
    codes = [
        client.post(REFRESH, headers={"Authorization": f"Bearer guess-number-{n}"}).status_code
        for n in range(5)
    ]
    assert codes == [401, 401, 401, 429, 429]


def test_a_limit_comes_back() -> None:
    limits = RateLimits(Settings(rate_limit="1/second"))
    first, second = limits.hit("read", "a"), limits.hit("read", "a")
    other = limits.hit("read", "b")
    assert first is not None
    assert second is not None
    assert other is not None
    assert (first.allowed, second.allowed, other.allowed) == (True, False, True)


def test_addresses_that_one_customer_has_count_as_one() -> None:
    assert client_address("2001:db8::1") == client_address("2001:db8::ffff:1")
    assert client_address("2001:db8::1") != client_address("2001:db8:0:1::1")
    assert client_address("::ffff:192.0.2.1") == client_address("192.0.2.1") == "192.0.2.1"
    assert client_address(None) == "unknown"


def test_a_limit_that_cannot_be_read_is_named() -> None:
    with pytest.raises(RateLimitSettingsError, match="RATE_LIMIT_WRITES"):
        RateLimits(Settings(rate_limit_writes="often"))


def test_other_sites_are_let_in_by_setting_alone(make_client: Callable[..., TestClient]) -> None:
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
def test_a_streamed_body_is_compressed_on_the_way(chunks: list[bytes]) -> None:
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


def test_the_api_describes_itself(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operations = {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    known_tags = {tag["name"] for tag in document["tags"]}
    for key, operation in operations.items():
        assert operation["summary"], key
        assert operation["description"], key
        assert set(operation["tags"]) <= known_tags, key
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (key, status)
        if key[1].startswith("/api/"):
            assert {"429", "500", "503"} <= set(operation["responses"]), key
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["ProblemBody"]["example"]
    assert ("get", "/api/v1/analytics/recipe-similar/{recipe_id}") in operations
