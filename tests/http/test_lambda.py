"""The handler, given an event as API Gateway's HTTP API sends it (payload format 2.0)."""

import asyncio
import base64
import gzip
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.http.conftest import TOKEN, Site

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Context:
    aws_request_id = "8f5c3a52-9d3a-4d5e-8c1e-0123456789ab"


def event(path: str, method: str = "GET", query: str = "", **headers: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "accept": "*/*",
            "content-length": "0",
            "host": "abcdefghij.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "curl/8.5.0",
            "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": "abcdefghij.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "abcdefghij",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "10/Mar/2026:05:16:23 +0000",
            "timeEpoch": 1773119783000,
        },
        "isBase64Encoded": False,
    }


@pytest.fixture
def module(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The handler's module as a new instance loads it, its settings from the environment."""
    monkeypatch.setenv("DB_PATH", str(site.database_path))
    monkeypatch.setenv("ANALYTICS_DIR", str(site.analytics_dir))
    monkeypatch.setenv("REFRESH_QUEUE", str(site.directory / "queue.db"))
    monkeypatch.setenv("API_TOKEN", TOKEN)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # Mangum takes the thread's, and leaves it open
    sys.modules.pop("api.http.lambda_handler", None)
    yield importlib.import_module("api.http.lambda_handler")
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def handler(module: ModuleType) -> Handler:
    made: Handler = module.handler
    return made


def test_a_read(handler: Handler, site: Site) -> None:
    response = handler(event("/api/v1/analytics/recipe-complexity"), Context())
    assert response["statusCode"] == 200
    assert response["isBase64Encoded"] is False
    body = json.loads(response["body"])
    assert body["data"] == site.storage.get_analytics("recipe-complexity")
    headers = response["headers"]
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"] == Context.aws_request_id
    assert headers["strict-transport-security"]
    again = handler(
        event("/api/v1/analytics/recipe-complexity", if_none_match=headers["etag"]), Context()
    )
    assert again["statusCode"] == 304


def test_gzip_travels_as_base64(handler: Handler, site: Site) -> None:
    response = handler(event("/api/v1/analytics/cocktail-space", accept_encoding="gzip"), Context())
    assert response["isBase64Encoded"] is True
    assert response["headers"]["content-encoding"] == "gzip"
    body = json.loads(gzip.decompress(base64.b64decode(response["body"])))
    assert body["data"] == site.storage.get_analytics("cocktail-space")


def test_queries_writes_and_problems(handler: Handler) -> None:
    children = handler(event("/api/v1/analytics/ingredient-usage", query="parent_id=1"), Context())
    assert {record["parent_id"] for record in json.loads(children["body"])["data"]} <= {1}
    refused = handler(event("/api/v1/analytics/refresh", "POST"), Context())
    assert refused["statusCode"] == 401
    assert refused["headers"]["content-type"] == "application/problem+json"
    done = handler(
        event("/api/v1/analytics/refresh", "POST", authorization=f"Bearer {TOKEN}"), Context()
    )
    assert done["statusCode"] == 202


def test_requests_are_not_counted_in_an_instance(handler: Handler) -> None:
    response = handler(event("/api/v1/analytics/status"), Context())
    assert "ratelimit" not in response["headers"]


def test_oversized_response_is_explained(module: ModuleType) -> None:
    limit = module.MAX_RESPONSE_BYTES
    headers = {"content-type": "application/json", "etag": '"a"', "x-request-id": "id-1"}
    fits = {"statusCode": 200, "headers": headers, "body": "a" * (limit - 10)}
    assert module.within_limit(fits) is fits
    plain = module.within_limit({**fits, "body": "a" * limit})
    assert plain["statusCode"] == 406
    assert "Accept-Encoding: gzip" in json.loads(plain["body"])["detail"]
    assert json.loads(plain["body"])["request_id"] == "id-1"
    assert "etag" not in plain["headers"]
    packed = {**fits, "headers": {**headers, "content-encoding": "gzip"}, "body": "a" * limit}
    assert module.within_limit(packed)["statusCode"] == 500
    # JSON escapes make the body larger than its characters.
    assert module.within_limit({**fits, "body": '"' * (limit - 10)})["statusCode"] == 406
