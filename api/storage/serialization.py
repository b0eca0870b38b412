"""Artifacts as bytes: canonical JSON, so that equal data has equal bytes and an equal hash."""

import hashlib
import json
from typing import Any


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
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def from_bytes(data: bytes) -> Any:
    """Return the value that :func:`to_bytes` encoded."""
    return json.loads(data)


def sha256(data: bytes) -> str:
    """Return the SHA-256 digest of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
