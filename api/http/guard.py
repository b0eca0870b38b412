"""The guard before the API: hosts, framing, rates, authentication, and the size of bodies."""

import re
from collections.abc import Iterable

import anyio
from anyio import CapacityLimiter, to_thread
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.auth import Authenticator, Principal
from api.http.hosts import AllowedHosts
from api.http.problems import Problem
from api.http.rate_limits import RateLimitResult, RateLimits, client_address

API = "/api/"
#: Writes that need no token: they are how one is obtained.
OPEN_WRITES = frozenset({("POST", "/api/v1/sign-in")})
#: The only write that may send up to the configured limit; the others are one row each.
IMPORT = "/api/v1/recipes/import"
#: Longer than any row: the longest texts, each character escaped.
MAX_ROW_BYTES = 1_000_000
#: Reads that cost nothing and are not counted.
FREE_READS = ("/static/", "/docs/", "/health", "/favicon.ico")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Seconds within which a whole body must arrive.
BODY_SECONDS = 30.0
#: Checking more JSON than this takes milliseconds that the event loop should spend on others.
_THREAD_BYTES = 64 * 1024
#: The media types of a write. A form on another site can send none of these without asking first (a
#: CORS preflight), unlike text/plain and the form types.
_BODY_TYPES = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json|text/csv")
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json")


class RequestGuard:
    """Refuses requests for other hosts, and those whose body has two lengths.

    Servers and proxies disagree on a request with both ``Content-Length`` and
    ``Transfer-Encoding``: what one takes for its body, another takes for the next request (RFC
    9112, 6.3). The connection is closed.
    """

    def __init__(self, app: ASGIApp, hosts: AllowedHosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                self._check(scope["headers"])
            except Problem as problem:
                await problem.response(scope["state"]["request_id"])(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        names = {name for name, _ in headers}
        if b"content-length" in names and b"transfer-encoding" in names:
            raise Problem(
                400,
                "Bad Request",
                "The request has both Content-Length and Transfer-Encoding. Send only one of them.",
                headers={"Connection": "close"},
            )
        for name, value in headers:
            if name == b"host" and not self._hosts.allow(value.decode("latin-1")):
                raise Problem(
                    421,
                    "Unknown host",
                    "This server does not answer to the host name of the request. The operator "
                    "adds it with ALLOWED_HOSTS.",
                    headers={"Connection": "close"},
                )


class ApiGuard:
    """Counts requests, and admits only authenticated writes.

    A route may forget to require a principal; a write below ``/api/`` needs one all the same.
    Requests are counted before anything else is done for them. Nothing of a body is read before its
    sender is known, and never more than the limit. JSON bodies are parsed here once before the
    route does: documents that nest deeper than 200 levels, or hold NaN or half a surrogate pair,
    get no further.

    Parameters
    ----------
    body_seconds
        Seconds within which a whole body must arrive.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        rate_limits: RateLimits,
        max_body_bytes: int,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limits = rate_limits
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        #: Large bodies are checked one after the other: each keeps the interpreter busy.
        self._checking = CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            result, receive = await self._admit(scope, receive)
        except Problem as problem:
            await problem.response(scope["state"]["request_id"])(scope, receive, send)
            return
        if result is None:
            await self._app(scope, receive, send)
            return
        rate_headers = result.headers()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *rate_headers]
            await send(message)

        await self._app(scope, receive, sending)

    async def _admit(
        self, scope: Scope, receive: Receive
    ) -> tuple[RateLimitResult | None, Receive]:
        """Return the state of the rate limit, and where the route reads its body from."""
        headers = Headers(scope=scope)
        path, method = scope["path"], scope["method"]
        limit = self._body_limit(path)
        if _declared_length(headers) > limit:
            raise _too_large(limit)
        in_api = path.startswith(API)
        if path.startswith(FREE_READS):
            return None, receive
        address = client_address(scope["client"][0] if scope.get("client") else None)
        if method in READS or not in_api:
            return self._limits.count("read", address), receive
        if (method, path) in OPEN_WRITES:
            result = self._limits.count("write", address)
        else:
            result = await self._authenticate(scope, headers, address)
        body = await self._read(receive, limit)
        if body:
            _check_type(headers.get("content-type", ""), any_file=path == IMPORT)
            if _JSON_TYPE.fullmatch(_media_type(headers.get("content-type", ""))):
                await self._check_json(body)
        return result, _replay(body, receive)

    async def _authenticate(
        self, scope: Scope, headers: Headers, address: str
    ) -> RateLimitResult | None:
        # Before any work: failed attempts count, so a client has no more of them than writes.
        self._limits.require("write", address)
        try:
            principal = await self._authenticator.authenticate(headers.get("authorization"))
        except Problem:
            self._limits.count("write", address)
            raise
        scope["state"]["principal"] = principal
        return self._limits.count("write", _client(principal, address))

    def _body_limit(self, path: str) -> int:
        if path == IMPORT:
            return self._max_body_bytes
        return min(self._max_body_bytes, MAX_ROW_BYTES)

    async def _check_json(self, body: bytes) -> None:
        if len(body) > _THREAD_BYTES:
            await to_thread.run_sync(_check_json, body, limiter=self._checking)
        else:
            _check_json(body)

    async def _read(self, receive: Receive, limit: int) -> bytes:
        try:
            with anyio.fail_after(self._body_seconds):
                return await _read_body(receive, limit)
        except TimeoutError as error:
            raise Problem(
                408,
                "Request timeout",
                f"The body did not arrive within {self._body_seconds:g} s. Send less at a time.",
                headers={"Connection": "close"},
            ) from error


async def _read_body(receive: Receive, limit: int) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "Disconnected", "The client disconnected before sending the body.")
        chunk = message.get("body", b"")
        size += len(chunk)
        # A body without a Content-Length shows its size only as it arrives.
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "Body too large",
        f"A body may have at most {limit} bytes here. Send less at a time.",
        headers={"Connection": "close"},
    )


def _client(principal: Principal, address: str) -> str:
    # Everybody on this machine has the same token; elsewhere a principal is a person.
    return address if principal.kind == "token" else f"sub:{principal.subject}"


def _declared_length(headers: Headers) -> int:
    value = headers.get("content-length", "0")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _check_type(content_type: str, *, any_file: bool) -> None:
    media_type = _media_type(content_type)
    # An import recognizes its file by content: spreadsheets and archives have no type of text.
    is_file = any_file and media_type == "application/octet-stream"
    if not is_file and not _BODY_TYPES.fullmatch(media_type):
        raise Problem(
            415,
            "Unsupported media type",
            f"The body's media type is {media_type[:80] or 'missing'}. Send Content-Type: "
            f"application/json.",
            headers={"Accept": "application/json"},
        )


def _check_json(body: bytes) -> None:
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Problem(400, "Not JSON", f"The body is not valid JSON: {error}.") from error


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replaying() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replaying
