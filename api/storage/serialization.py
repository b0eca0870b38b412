"""Artifacts as bytes: canonical JSON, so that equal data has equal bytes and an equal hash.

A list, or an iterator of records, is encoded record by record: memory is that of one record,
however long the artifact, and each record's place in the bytes is known.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")

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


def encode(
    data: Any,
    stream: BinaryIO,
    on_record: Callable[[Any, int, bytes], None] = lambda _record, _offset, _piece: None,
) -> tuple[str, int]:
    """Write ``data`` to ``stream`` as :func:`to_bytes` encodes it, a record at a time.

    Parameters
    ----------
    data
        A JSON value, or an iterator of JSON values, which becomes a list.
    stream
        Where to write.
    on_record
        Called with each record of a list, its place and its bytes.

    Returns
    -------
    sha256, size
        Of what was written.

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
    >>> _ = encode(({"id": n} for n in (7, 8)), stream, lambda *record: print(record))
    ({'id': 7}, 1, b'{"id":7}')
    ({'id': 8}, 10, b'{"id":8}')
    >>> stream.getvalue()
    b'[{"id":7},{"id":8}]'
    """
    if isinstance(data, list | Iterator):
        return write_list(((record, to_bytes(record)) for record in data), stream, on_record)
    piece = to_bytes(data)
    stream.write(piece)
    return sha256(piece), len(piece)


def write_list(
    records: Iterable[tuple[T, bytes]],
    stream: BinaryIO,
    on_record: Callable[[T, int, bytes], None],
) -> tuple[str, int]:
    """Write a list of records that are encoded already; see :func:`encode`.

    Parameters
    ----------
    records
        What ``on_record`` is called with, and the record as :func:`to_bytes` encodes it.
    stream, on_record
        See :func:`encode`.
    """
    digest = hashlib.sha256()
    size = 0

    def write(piece: bytes) -> None:
        nonlocal size
        digest.update(piece)
        stream.write(piece)
        size += len(piece)

    write(b"[")
    for number, (record, piece) in enumerate(records):
        if number:
            write(b",")
        on_record(record, size, piece)
        write(piece)
    write(b"]")
    return digest.hexdigest(), size
