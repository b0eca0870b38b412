"""An S3 bucket as an object store."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from api.storage.errors import ObjectNotFoundError, PublishConflictError, StorageError
from api.storage.objects import StoredObject, Versioned

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, PutObjectRequestTypeDef

logger = logging.getLogger(__name__)

#: S3 deletes this many objects a request: DeleteObjects, Amazon S3 API Reference.
_DELETE_BATCH = 1000
#: Seconds without a connection, or without a byte, before an attempt is given up, and attempts:
#: their product and the backoff between bound one call. With botocore's own minute each, a stalled
#: network would hold a refresh for five minutes a call.
_CONNECT_TIMEOUT, _READ_TIMEOUT, _ATTEMPTS = 5, 15, 5
#: botocore retries requests, not the reading of a body that breaks off.
_BROKEN_BODY = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_JSON, _BYTES = "application/json", "application/octet-stream"
_CONFLICT_CODES = {"PreconditionFailed", "ConditionalRequestConflict"}
_MISSING_CODES = {"NoSuchKey", "404"}
_REMEDIES = {
    "NoSuchBucket": "Set ANALYTICS_BUCKET to a bucket that exists in this account and region.",
    "AccessDenied": "Allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket on it.",
    "InvalidAccessKeyId": "Set valid AWS credentials.",
    "SignatureDoesNotMatch": "Set valid AWS credentials.",
    "ExpiredToken": "Renew the AWS credentials.",
}


class _BeyondEndError(StorageError):
    """A part of an object was wanted that begins beyond its end."""


class S3Store:
    """An :class:`~api.storage.objects.ObjectStore` over one prefix of a bucket.

    S3 reads are strongly consistent after a write and a PUT is atomic (Amazon S3 User Guide,
    "Amazon S3 data consistency model"), so nothing here needs a lock: two writers meet at
    :meth:`swap`, which uses conditional writes ("How to prevent object overwrites with
    conditional writes").
    """

    #: Twice the Batch job's time limit: no writer that began earlier can still be running.
    abandoned_after = timedelta(hours=2)

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @cached_property
    def _client(self) -> "S3Client":
        # 'standard' retries throttling and resets with jittered backoff; 'legacy' misses some
        # throttling codes.
        return boto3.client(
            "s3",
            config=Config(
                connect_timeout=_CONNECT_TIMEOUT,
                read_timeout=_READ_TIMEOUT,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                tcp_keepalive=True,
            ),
        )

    def describe(self, key: str = "") -> str:
        return f"s3://{self.bucket}/{self._prefix}{key}"

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        yield

    def get(self, key: str) -> Versioned:
        return self._read(key)

    def get_range(self, key: str, start: int, length: int) -> bytes:
        try:
            return self._read(key, Range=f"bytes={start}-{start + length - 1}").data
        except _BeyondEndError:
            return b""

    def _read(self, key: str, **what: Any) -> Versioned:
        with self._reporting(key):
            for attempt in range(1, _ATTEMPTS + 1):
                found = self._client.get_object(Bucket=self.bucket, Key=self._prefix + key, **what)
                try:
                    return Versioned(found["Body"].read(), found["ETag"], _age(found))
                except _BROKEN_BODY as error:
                    if attempt == _ATTEMPTS:
                        raise
                    logger.info("%s broke off (%s): reading it again", self.describe(key), error)
        raise AssertionError("unreachable")

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        if not isinstance(data, bytes):
            data.seek(0)
        with self._reporting(key):
            self._client.put_object(**self._request(key, data))

    def swap(self, key: str, data: bytes, expected: str | None) -> None:
        request = self._request(key, data)
        if expected is None:
            request["IfNoneMatch"] = "*"
        else:
            request["IfMatch"] = expected
        try:
            with self._reporting(key):
                self._client.put_object(**request)
        except PublishConflictError:
            # After a lost response the request is repeated, and then meets what the first one
            # wrote: that is success, not a rival. The pointer's nonce makes the bytes unique.
            if self.get(key).data != data:
                raise

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with self._reporting(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    yield StoredObject(item["Key"].removeprefix(self._prefix), item["LastModified"])

    def delete(self, keys: Iterable[str]) -> None:
        remaining = iter(keys)
        while batch := [*islice(remaining, _DELETE_BATCH)]:
            with self._reporting(batch[0]):
                response = self._client.delete_objects(
                    Bucket=self.bucket,
                    Delete={"Objects": [{"Key": self._prefix + key} for key in batch]},
                )
            for failure in response.get("Errors", ()):
                raise StorageError(
                    f"s3://{self.bucket}/{failure.get('Key')} cannot be deleted: "
                    f"{failure.get('Message')}."
                )

    def _request(self, key: str, data: bytes | BinaryIO) -> "PutObjectRequestTypeDef":
        return {
            "Bucket": self.bucket,
            "Key": self._prefix + key,
            "Body": data,
            "ContentType": _JSON if key.endswith(".json") else _BYTES,
        }

    @contextmanager
    def _reporting(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _MISSING_CODES:
                raise ObjectNotFoundError(f"There is no {self.describe(key)}.") from error
            if code == "InvalidRange":
                raise _BeyondEndError(f"{self.describe(key)} is shorter.") from error
            if code in _CONFLICT_CODES:
                raise PublishConflictError(
                    f"{self.describe(key)} was changed by another process."
                ) from error
            remedy = _REMEDIES.get(code, "")
            raise StorageError(f"{self.describe(key)}: {error}. {remedy}".rstrip()) from error
        except BotoCoreError as error:
            raise StorageError(
                f"{self.describe(key)}: {error}. Check the network and the AWS credentials."
            ) from error


def _age(response: "GetObjectOutputTypeDef") -> timedelta | None:
    """Return the age of an object by S3's clock: the answer's date less that of the last write."""
    try:
        answered = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, ValueError):
        return None
    return answered - response["LastModified"]
