"""S3's protocol on this machine, and a database that is quick to compute."""

import uuid
from collections.abc import Callable, Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from api.db.database import Database
from api.db.dataset import Dataset
from benchmarks.small_database import first_recipes


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"analytics-{uuid.uuid4()}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def small(make_database: Callable[[Dataset | None], Database]) -> Database:
    return make_database(first_recipes(12))
