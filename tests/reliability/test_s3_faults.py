"""S3 on a bad day: every call ends in time, with the right result or an error that helps."""

import time
from collections import Counter
from typing import Any

import pytest

from api.storage import s3
from api.storage.errors import PublishConflictError, StorageError
from api.storage.s3 import S3Store
from api.storage.snapshots import Snapshots
from tests.reliability.faulty_proxy import faulty_proxy


class Failing:
    """A policy that does ``action`` to the first ``times`` requests that hold a text."""

    def __init__(self, action: str, holding: str = "", times: int = 10**6) -> None:
        self.action, self.holding, self.left = action, holding, times
        self.seen: Counter[str] = Counter()

    def __call__(self, line: str) -> str:
        self.seen[line.split()[0]] += 1
        if self.holding in line and self.left > 0:
            self.left -= 1
            return self.action
        return "pass"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_READ_TIMEOUT", 1)


@pytest.mark.parametrize("action", ["slow down", "reset", "lose", "stall"])
@pytest.mark.parametrize("holding", ["PUT ", "GET ", "current.json", "manifest.json", "list-type"])
def test_a_passing_fault_is_survived(
    s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch, action: str, holding: str
) -> None:
    Snapshots(S3Store(bucket)).publish({"a": [1]})
    policy = Failing(action, holding, times=1)
    with faulty_proxy(s3_endpoint, policy) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        snapshots = Snapshots(S3Store(bucket))
        published = snapshots.publish({"a": [2]})
        assert snapshots.current() == published
        assert snapshots.history()[0] == published
    assert policy.left == 0


@pytest.mark.parametrize("times", [1, 3])
def test_a_body_that_breaks_off_is_read_again(
    s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    data = b"x" * 100_000
    S3Store(bucket).put("key", data)
    policy = Failing("truncate", "GET ", times)
    with faulty_proxy(s3_endpoint, policy) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert S3Store(bucket).get("key").data == data
    assert policy.seen["GET"] == times + 1


def test_a_lost_swap_response_is_not_a_conflict(
    s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request took effect; asked again, S3 says that the pointer has changed. By ourselves."""
    store = S3Store(bucket)
    store.put("current.json", b"old")
    version = store.get("current.json").version
    policy = Failing("lose", "PUT ", times=1)
    with faulty_proxy(s3_endpoint, policy) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        S3Store(bucket).swap("current.json", b"new", version)
        with pytest.raises(PublishConflictError):
            S3Store(bucket).swap("current.json", b"newer", version)
    assert store.get("current.json").data == b"new"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("slow down", "reduce your rate"),
        ("denied", "Allow s3:GetObject"),
        ("bad credentials", "valid AWS credentials"),
        ("reset", "network"),
        ("stall", "network"),
        ("truncate", "network"),
    ],
)
def test_a_lasting_fault_is_reported_in_time(
    s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch, action: str, message: str
) -> None:
    monkeypatch.setattr(s3, "_ATTEMPTS", 2)
    before = Snapshots(S3Store(bucket)).publish({"a": [1]})
    with faulty_proxy(s3_endpoint, Failing(action)) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        begun = time.monotonic()
        with pytest.raises(StorageError, match=message):
            Snapshots(S3Store(bucket)).publish({"a": [2]})
        assert time.monotonic() - begun < 20
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    assert Snapshots(S3Store(bucket)).current() == before


def test_one_call_is_bounded() -> None:
    """Not botocore's minute for each of five attempts."""
    config: Any = S3Store("bucket")._client.meta.config
    assert config.connect_timeout == 5
    assert config.read_timeout == 1  # as set above: the constant is what counts
    assert config.retries["total_max_attempts"] == 5


def test_a_denied_delete_does_not_fail_the_refresh(
    s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Snapshots(S3Store(bucket), keep=1).publish({"a": [1]})
    with faulty_proxy(s3_endpoint, Failing("denied", "?delete")) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        published = Snapshots(S3Store(bucket), keep=1).publish({"a": [2]})
        assert Snapshots(S3Store(bucket)).current() == published
    assert "could not be removed" in caplog.text
