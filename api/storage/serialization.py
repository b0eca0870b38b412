"""Artifacts as bytes: canonical JSON, so that equal data has equal bytes and an equal hash.

A list, or an iterator of records, is encoded record by record: memory is that of one record,
however long the artifact, and each record's place in the bytes is known.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_bytes(data: Any) -> bytes:
    """Return ``data`` as compact UTF-8 JSON.

    Keys keep their order, which the code that builds an artifact fixes.

    Raises
    ------
    ValueError
        If ``data`` holds a NaN or an infinity, which JSON cannot represent.
    TypeError
        If it holds something that is not a JSON value.
    """
    return _ENCODER.encode(data).encode()


def from_bytes(data: bytes) -> Any:
    """Return the value that :func:`to_bytes` encoded."""
    return json.loads(data)


def sha256(data: bytes) -> str:
    """Return the SHA-256 digest of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@dataclass
class RecordIndex:
    """Where the records of an encoded list are.

    Attributes
    ----------
    key
        The field that identifies a record.
    ids, offsets, lengths, checks
        Of each record: its identifier, its bytes' place and number, and their CRC-32.
    """

    key: str
    ids: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Encoded:
    """What :func:`encode` wrote: the SHA-256, the number of bytes, and where the records are."""

    sha256: str
    size: int
    index: RecordIndex | None


def encode(data: Any, stream: BinaryIO, key: str | None = None) -> Encoded:
    """Write ``data`` to ``stream`` as :func:`to_bytes` encodes it, a record at a time.

    Parameters
    ----------
    data
        A JSON value, or an iterator of JSON values, which becomes a list.
    stream
        Where to write.
    key
        If the records of a list are to be found by this field, its name.

    Raises
    ------
    ValueError, TypeError
        As for :func:`to_bytes`.
    OSError
        If the stream cannot be written.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> encode(({"id": n} for n in (7, 8)), stream, key="id").index.offsets
    [1, 10]
    >>> stream.getvalue()
    b'[{"id":7},{"id":8}]'
    """
    digest = hashlib.sha256()
    size = 0
    index = None

    def write(piece: bytes) -> None:
        nonlocal size
        digest.update(piece)
        stream.write(piece)
        size += len(piece)

    if isinstance(data, list | Iterator):
        index = None if key is None else RecordIndex(key)
        write(b"[")
        for number, record in enumerate(data):
            if number:
                write(b",")
            piece = to_bytes(record)
            if index is not None:
                index.ids.append(record[index.key])
                index.offsets.append(size)
                index.lengths.append(len(piece))
                index.checks.append(zlib.crc32(piece))
            write(piece)
        write(b"]")
    else:
        write(to_bytes(data))
    return Encoded(digest.hexdigest(), size, index)
