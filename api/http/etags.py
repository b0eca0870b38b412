"""Entity tags: whether the client's copy of a response is still current (RFC 9110, 13)."""

import hashlib
import os
import re
from typing import IO

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')

_PIECE_BYTES = 1 << 20


def strong_etag(*parts: bytes) -> str:
    """Return a strong entity tag that changes whenever any of ``parts`` does."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return f'"{digest.hexdigest()[:32]}"'


def file_etag(file: IO[bytes]) -> str:
    """Return the tag that :func:`strong_etag` gives a file's bytes, and go to its start.

    Examples
    --------
    >>> import io
    >>> file_etag(io.BytesIO(b"a")) == strong_etag(b"a")
    True
    """
    digest = hashlib.sha256(file.seek(0, os.SEEK_END).to_bytes(8, "big"))
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    file.seek(0)
    return f'"{digest.hexdigest()[:32]}"'


def if_none_match(header: str | None, etag: str) -> bool:
    """Return whether ``If-None-Match`` names this tag, so that 304 is the answer.

    The comparison is weak, as the RFC requires here: ``W/"a"`` equals ``"a"``.

    Examples
    --------
    >>> if_none_match('W/"b", "a"', '"a"'), if_none_match("*", '"a"'), if_none_match(None, '"a"')
    (True, True, False)
    """
    if header is None:
        return False
    if header.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(tag.removeprefix("W/") == opaque for tag in _TAG.findall(header))
