"""Asking for a refresh after a write: the right place is asked, and no failure comes back."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from api.jobs.local_queue import LocalQueue
from api.jobs.request_refresh import RefreshRequest, request_refresh
from api.settings import Settings
from api.utils import analytics_helpers
from api.utils.analytics_helpers import trigger_analytics_refresh

FUNCTION = "cocktail-db-dev-analytics-trigger"


class Endpoint(ThreadingHTTPServer):
    """A Lambda endpoint of our own: moto cannot tell what it was asked."""

    def __init__(self) -> None:
        self.status = 202
        self.seconds = 0.0
        self.requests: list[tuple[str, str | None, bytes]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.requests.append(
                    (self.path, self.headers.get("X-Amz-Invocation-Type"), body)
                )
                time.sleep(endpoint.seconds)
                self.send_response(endpoint.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    server = Endpoint()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "ANALYTICS_TRIGGER_FUNCTION": FUNCTION,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(analytics_helpers, "_lambda_client", None)
    yield server
    server.shutdown()
    server.server_close()


def test_the_function_is_invoked_asynchronously(endpoint: Endpoint) -> None:
    assert trigger_analytics_refresh()
    ((path, invocation_type, body),) = endpoint.requests
    assert path == f"/2015-03-31/functions/{FUNCTION}/invocations"
    assert invocation_type == "Event"
    assert json.loads(body) == {"asynchronous": True}


def test_the_client_is_made_once_by_many_threads(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    make = boto3.client

    def counted(*arguments: Any, **options: Any) -> Any:
        made.append(arguments)
        return make(*arguments, **options)

    monkeypatch.setattr(boto3, "client", counted)
    monkeypatch.setattr(analytics_helpers, "MAX_WAIT_SECONDS", 60.0)  # a busy machine is no failure
    threads = [threading.Thread(target=trigger_analytics_refresh) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(endpoint.requests) == 8
    assert made == [("lambda",)]


def _refused(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


def _fails(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.status = 500


def _forbidden(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.status = 403


def _hangs(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint.seconds = 2.0
    monkeypatch.setattr(analytics_helpers, "_READ_TIMEOUT", 0.2)


def _no_credentials(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "one-that-does-not-exist")


def _settings_are_wrong(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYTICS_KEEP", "none")


Trouble = Callable[[Endpoint, pytest.MonkeyPatch], None]


@pytest.mark.parametrize(
    "trouble", [_refused, _fails, _forbidden, _hangs, _no_credentials, _settings_are_wrong]
)
def test_a_failure_is_logged_and_never_raised(
    trouble: Trouble,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    trouble(endpoint, monkeypatch)
    with caplog.at_level(logging.INFO):
        assert not trigger_analytics_refresh()
        assert request_refresh() == RefreshRequest("none")
    warnings = [record for record in caplog.records if record.name.startswith("api.")]
    assert [record.levelname for record in warnings] == ["WARNING"] * 2
    assert all(record.exc_info for record in warnings)


def test_writer_waits_two_seconds_at_most(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    assert trigger_analytics_refresh()  # makes the client
    endpoint.seconds = 0.7  # within the timeout of a read: only the sum is too long
    endpoint.status = 500
    analytics_helpers.prepare_client().meta.events.register(
        "request-created.lambda.Invoke", lambda **_: time.sleep(1.5)
    )
    began = time.monotonic()
    assert not trigger_analytics_refresh()
    assert time.monotonic() - began < analytics_helpers.MAX_WAIT_SECONDS + 0.5
    assert analytics_helpers.MAX_WAIT_SECONDS <= 2
    assert "within 2 s" in caplog.text


@pytest.mark.parametrize("value", [None, "", " "])
def test_without_a_function_nothing_is_done(
    value: str | None,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if value is None:
        monkeypatch.delenv("ANALYTICS_TRIGGER_FUNCTION")
    else:
        monkeypatch.setenv("ANALYTICS_TRIGGER_FUNCTION", value)
    # By name: a test before this one may have configured logging.
    with caplog.at_level(logging.DEBUG, logger=analytics_helpers.logger.name):
        assert not trigger_analytics_refresh()
    assert [(record.levelname, record.name) for record in caplog.records] == [
        ("DEBUG", "api.utils.analytics_helpers")
    ]
    assert endpoint.requests == []
    assert analytics_helpers._lambda_client is None


def test_the_function_is_invoked_if_configured(endpoint: Endpoint, tmp_path: Path) -> None:
    settings = Settings(refresh_queue=tmp_path / "queue.db")
    assert request_refresh(settings) == RefreshRequest("lambda")
    assert len(endpoint.requests) == 1
    assert LocalQueue(settings.refresh_queue).jobs() == []


def test_the_local_queue_is_used_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFRESH_QUEUE", str(tmp_path / "queue.db"))
    first, second = request_refresh(), request_refresh()
    (job,) = LocalQueue(tmp_path / "queue.db").jobs()
    assert first == RefreshRequest("local-queue", job.job_id, absorbed=False)
    assert second == RefreshRequest("local-queue", job.job_id, absorbed=True)


def test_a_broken_queue_is_logged_and_not_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(refresh_queue=tmp_path / "file" / "queue.db")
    assert request_refresh(settings) == RefreshRequest("none")
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "REFRESH_QUEUE" in caplog.text
