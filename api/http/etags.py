"""Entity tags: whether the client's copy of a response is still current (RFC 9110, 13)."""

import hashlib
import re

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def strong_etag(*parts: bytes) -> str:
    """Return a strong entity tag that changes whenever any of ``parts`` does."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
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
