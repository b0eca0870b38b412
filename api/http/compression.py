"""gzip where the client accepts it, with a separate entity tag for each encoding.

Two encodings of one resource are two representations, and strong entity tags must differ (RFC
9110, 8.8.3). Routes know one tag; here ``-gzip`` is appended on the way out and removed on the way
in.
"""

import zlib
from collections.abc import MutableSequence
from dataclasses import dataclass
from struct import pack

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Below this size, compression saves less than its headers cost.
MINIMUM_BYTES = 500
#: Compressing more than this takes milliseconds that the event loop should spend on others.
_THREAD_BYTES = 64 * 1024
_LEVEL = 6
#: Of streams and of what has megabytes: a third of the time for 7 % more bytes.
_LARGE_LEVEL = 4
_SUFFIX = "-gzip"
_COMPRESSIBLE = ("text/", "application/json", "application/problem+json", "application/javascript",
                 "image/svg+xml", "application/manifest+json")  # fmt: skip
_CONDITIONS = (b"if-none-match", b"if-match")


def accepts_gzip(header: str | None) -> bool:
    """Return whether an ``Accept-Encoding`` header accepts gzip.

    Examples
    --------
    >>> accepts_gzip("br, gzip"), accepts_gzip("gzip;q=0"), accepts_gzip("*"), accepts_gzip(None)
    (True, False, True, False)
    """
    accepted = {}
    for part in (header or "").split(","):
        coding, _, parameter = part.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            quality = float(value) if name.strip().lower() == "q" else 1.0
        except ValueError:
            quality = 0.0
        accepted[coding.strip().lower()] = quality > 0
    return accepted.get("gzip", accepted.get("x-gzip", accepted.get("*", False)))


def gzip_bytes(body: bytes) -> bytes:
    """Return ``body`` as a gzip stream; equal bodies give equal streams."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return compressor.compress(body) + compressor.flush()


@dataclass(frozen=True)
class GzipHead:
    """The beginning of bodies that differ in their end alone, compressed once.

    Attributes
    ----------
    data
        A gzip stream that goes on with whole blocks, which refer to nothing before them.
    check, size
        CRC-32 and length of what is compressed.

    Examples
    --------
    >>> import gzip
    >>> gzip.decompress(GzipHead.of(b"data, ").complete(b"metadata"))
    b'data, metadata'
    """

    data: bytes
    check: int
    size: int

    @classmethod
    def of(cls, head: bytes) -> "GzipHead":
        """Compress a beginning."""
        compressor = zlib.compressobj(_LARGE_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        data = compressor.compress(head) + compressor.flush(zlib.Z_FULL_FLUSH)
        return cls(data, zlib.crc32(head), len(head))

    def complete(self, tail: bytes) -> bytes:
        """Return the stream of the beginning and an end."""
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = compressor.compress(tail) + compressor.flush()
        size = (self.size + len(tail)) % 2**32  # RFC 1952, 2.3.1: ISIZE
        return self.data + packed + pack("<LL", zlib.crc32(tail, self.check), size)


class GzipMiddleware:
    """Compresses responses that benefit, and gives each encoding its own entity tag.

    A response that already has a ``Content-Encoding`` keeps its body; only its tag changes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        accepted = accepts_gzip(Headers(scope=scope).get("accept-encoding"))
        named = _strip_suffix(scope)
        await self._app(scope, receive, _Response(send, accepted, named).send)


class _Response:
    """One response being sent."""

    def __init__(self, send: Send, accepted: bool, condition_named_gzip: bool) -> None:
        self._send = send
        self._accepted = accepted
        self._condition_named_gzip = condition_named_gzip
        self._start: Message | None = None
        self._stream: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._first(self._start, message)
        elif message["type"] == "http.response.body" and self._stream is not None:
            await self._next(message, self._stream)
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers = MutableHeaders(raw=message["headers"])
        if message["status"] == 304:
            if self._condition_named_gzip:
                _mark(headers)
            _vary(headers)
        elif "content-encoding" in headers:
            _vary(headers)
            _mark(headers)
        elif headers.get("content-type", "").startswith(_COMPRESSIBLE) and (
            message["status"] not in (204, 206)
        ):
            _vary(headers)
            if self._accepted:
                self._start = message  # the headers depend on the body
                return
        await self._send(message)

    async def _first(self, start: Message, message: Message) -> None:
        self._start = None
        body = message.get("body", b"")
        headers = MutableHeaders(raw=start["headers"])
        if message.get("more_body"):
            self._stream = zlib.compressobj(_LARGE_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
            del headers["content-length"]
            headers["content-encoding"] = "gzip"
            _mark(headers)
            await self._send(start)
            await self._next(message, self._stream)
            return
        if len(body) >= MINIMUM_BYTES:
            body = (
                await to_thread.run_sync(gzip_bytes, body)
                if len(body) > _THREAD_BYTES
                else gzip_bytes(body)
            )
            headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(body))
            _mark(headers)
        await self._send(start)
        await self._send({**message, "body": body})

    async def _next(self, message: Message, stream: "zlib._Compress") -> None:
        body = message.get("body", b"")
        if len(body) >= _THREAD_BYTES:
            body = await to_thread.run_sync(stream.compress, body)
        else:
            body = stream.compress(body)
        if not message.get("more_body"):
            body += stream.flush()
        await self._send({**message, "body": body})


def _strip_suffix(scope: Scope) -> bool:
    """Restore the tags that the routes know; return whether one named the gzip encoding."""
    raw: MutableSequence[tuple[bytes, bytes]] = scope["headers"]
    named = False
    for index, (name, value) in enumerate(raw):
        if name in _CONDITIONS and b'-gzip"' in value:
            if not named:
                raw = scope["headers"] = list(raw)
            named = True
            raw[index] = (name, value.replace(b'-gzip"', b'"'))
    return named


def _mark(headers: MutableHeaders) -> None:
    etag = headers.get("etag")
    if etag is not None and etag.endswith('"') and not etag.startswith("W/"):
        headers["etag"] = f'{etag[:-1]}{_SUFFIX}"'


def _vary(headers: MutableHeaders) -> None:
    named = [name.strip().lower() for name in headers.get("vary", "").split(",")]
    if "accept-encoding" not in named and "*" not in named:
        headers.add_vary_header("Accept-Encoding")
