"""Putting a database on the file system: sound ones only, and replacing one only on request."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from api.cloud.install_database import lambda_handler

KEY = "install/cocktails.db"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "efs" / "cocktails.db"
    path.parent.mkdir()
    monkeypatch.setenv("DB_PATH", str(path))
    monkeypatch.setenv("ANALYTICS_BUCKET", "bucket")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        yield path


def upload(data: bytes) -> None:
    boto3.client("s3").put_object(Bucket="bucket", Key=KEY, Body=data)


def database(directory: Path, recipes: int) -> bytes:
    path = directory / f"{recipes}.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (id INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO recipes VALUES (?)", [(i,) for i in range(recipes)])
        connection.commit()
    return path.read_bytes()


def test_puts_it_in_place(target: Path, tmp_path: Path) -> None:
    data = database(tmp_path, 3)
    upload(data)
    assert lambda_handler({"key": KEY}, None) == {
        "path": str(target),
        "bytes": len(data),
        "recipes": 3,
    }
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def versions() -> list[str]:
    listed = boto3.client("s3").list_object_versions(Bucket="bucket")
    assert "DeleteMarkers" not in listed
    return [item["Key"] for item in listed.get("Versions", [])]


def test_installed_upload_leaves_no_version(target: Path, tmp_path: Path) -> None:
    upload(database(tmp_path, 3))
    assert versions() == [KEY]
    lambda_handler({"key": KEY}, None)
    assert versions() == []


def test_refused_upload_is_kept(target: Path) -> None:
    upload(b"not a database" * 100)
    with pytest.raises(ValueError, match="not a recipe database"):
        lambda_handler({"key": KEY}, None)
    assert versions() == [KEY]


def test_keeps_the_existing_database_by_default(target: Path, tmp_path: Path) -> None:
    upload(database(tmp_path, 3))
    lambda_handler({"key": KEY}, None)
    old = target.read_bytes()
    upload(database(tmp_path, 5))
    with pytest.raises(FileExistsError, match="replace"):
        lambda_handler({"key": KEY}, None)
    assert target.read_bytes() == old
    assert lambda_handler({"key": KEY, "replace": True}, None)["recipes"] == 5
    assert target.with_name(f"{target.name}.replaced").read_bytes() == old


def test_refuses_while_it_is_written_to(target: Path, tmp_path: Path) -> None:
    upload(database(tmp_path, 3))
    target.write_bytes(b"old")
    target.with_name(f"{target.name}-journal").write_bytes(b"hot")
    with pytest.raises(ValueError, match="being written to"):
        lambda_handler({"key": KEY, "replace": True}, None)
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("data", [b"", b"no database" * 100])
def test_refuses_other_files(target: Path, data: bytes) -> None:
    upload(data)
    with pytest.raises(ValueError, match="not a recipe database"):
        lambda_handler({"key": KEY}, None)
    assert list(target.parent.iterdir()) == []
