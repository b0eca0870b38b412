"""What happens to every request before the routes: each class is one layer, outermost first."""

import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from anyio import to_thread
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.auth import Authenticator, Principal
from api.http.problems import Problem, unexpected
from api.http.rate_limits import RateLimitResult, RateLimits, client_address

logger = logging.getLogger(__name__)

API = "/api/"
READS = frozenset({"GET", "HEAD", "OPTIONS"})
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_RAW_SECURITY_HEADERS = [(k.encode(), v.encode()) for k, v in _SECURITY_HEADERS.items()]
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._=-]{1,64}")
#: What a write may carry. A form on another site can send none of these without asking first (a
#: CORS preflight), unlike text/plain and the form types.
_BODY_TYPES = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json|text/csv")
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json")


class RequestContext:
    """Gives each request an id, its response the security headers, and the log one line of it.

    An error that nobody caught ends here: the log has its traceback, the client a problem document.

    Parameters
    ----------
    app
        The next layer.
    log
        Receives the access log's lines, JSON each; standard error by default.
    """

    def __init__(self, app: ASGIApp, log: Callable[[str], object] | None = None) -> None:
        self._app = app
        self._log = log or _to_stderr

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        request_id = _request_id(scope)
        # A copy: a lifespan's state is shared by every request.
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        raw_id = (b"x-request-id", request_id.encode())
        status, size = 0, 0

        async def sending(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                raw = message["headers"] = list(message.get("headers", ()))
                present = {name for name, _ in raw}
                raw.extend(item for item in _RAW_SECURITY_HEADERS if item[0] not in present)
                raw.append(raw_id)
                if scope["scheme"] == "https":
                    raw.append(_HSTS)
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            logger.exception("[%s] %s %s failed", request_id, scope["method"], scope["path"])
            if status:
                raise  # the response is half sent: the server must cut the connection
            await unexpected().response(request_id)(scope, receive, sending)
        finally:
            self._log(_line(scope, request_id, status, size, time.perf_counter() - begun))


class HeadAsGet:
    """Answers HEAD as GET without the body (RFC 9110, 9.3.2): routes name GET alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                if not message.get("more_body"):
                    await send({"type": "http.response.body"})
                return
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


class ApiGuard:
    """Stands before the API: counts requests, and lets no write in that may not be.

    Whoever adds a route can forget to ask for a principal; a write below ``/api/`` needs one all
    the same. Nothing of a body is read before its sender is known, and no more than the limit.
    Bodies of JSON are parsed here once before the route does so: what nests deeper than 200 levels,
    holds NaN or half a surrogate pair never gets further.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        rate_limits: RateLimits,
        max_body_bytes: int,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limits = rate_limits
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            verdict, receive = await self._admit(scope, receive)
        except Problem as problem:
            await problem.response(scope["state"]["request_id"])(scope, receive, send)
            return
        if verdict is None:
            await self._app(scope, receive, send)
            return
        told = verdict.headers()

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *told]
            await send(message)

        await self._app(scope, receive, telling)

    async def _admit(
        self, scope: Scope, receive: Receive
    ) -> tuple[RateLimitResult | None, Receive]:
        """Return what the rate limit says, and from where the route reads its body."""
        headers = Headers(scope=scope)
        if _declared_length(headers) > self._max_body_bytes:
            raise self._too_large()
        if not scope["path"].startswith(API):
            return None, receive
        address = client_address(scope["client"][0] if scope.get("client") else None)
        if scope["method"] in READS:
            return self._counted("read", address), receive
        verdict = await self._authenticate(scope, headers, address)
        body = await self._read(receive)
        if body:
            _check_type(headers.get("content-type", ""), body)
        return verdict, _replay(body, receive)

    async def _authenticate(
        self, scope: Scope, headers: Headers, address: str
    ) -> RateLimitResult | None:
        try:
            # In a thread: the issuer's keys may have to be fetched.
            principal = await to_thread.run_sync(
                self._authenticator.authenticate, headers.get("authorization")
            )
        except Problem:
            # Guessing tokens is limited like writing.
            self._counted("write", address)
            raise
        scope["state"]["principal"] = principal
        return self._counted("write", _client(principal, address))

    def _counted(self, kind: str, client: str) -> RateLimitResult | None:
        verdict = self._limits.hit(kind, client)
        if verdict is not None and not verdict.allowed:
            raise verdict.refusal()
        return verdict

    async def _read(self, receive: Receive) -> bytes:
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Problem(400, "Disconnected", "The client went away while it was sending.")
            chunk = message.get("body", b"")
            size += len(chunk)
            # A body without a Content-Length shows its size only on the way.
            if size > self._max_body_bytes:
                raise self._too_large()
            chunks.append(chunk)
            if not message.get("more_body"):
                return b"".join(chunks)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "Body too large",
            f"A body may hold {self._max_body_bytes} bytes here. Send less at a time.",
            headers={"Connection": "close"},
        )


def _client(principal: Principal, address: str) -> str:
    # Everybody on this machine has the same token; elsewhere a principal is a person.
    return address if principal.kind == "token" else f"sub:{principal.subject}"


def _declared_length(headers: Headers) -> int:
    value = headers.get("content-length", "0")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0


def _check_type(content_type: str, body: bytes) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if not _BODY_TYPES.fullmatch(media_type):
        raise Problem(
            415,
            "Unknown type of body",
            f"The body's type is {media_type[:80] or 'not said'}; send Content-Type: "
            f"application/json.",
            headers={"Accept": "application/json"},
        )
    if _JSON_TYPE.fullmatch(media_type):
        try:
            from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise Problem(400, "Not JSON", f"The body is not JSON: {error}.") from error


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replaying() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replaying


def _request_id(scope: Scope) -> str:
    context = scope.get("aws.context")
    given = getattr(context, "aws_request_id", None) or Headers(scope=scope).get("x-request-id")
    if isinstance(given, str) and _REQUEST_ID.fullmatch(given):
        return given
    return secrets.token_hex(8)


def _line(scope: Scope, request_id: str, status: int, size: int, seconds: float) -> str:
    principal = scope["state"].get("principal")
    return json.dumps(
        {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request_id": request_id,
            "method": scope["method"],
            # Without the query, which is the client's own business.
            "path": scope["path"],
            "status": status or 500,
            "bytes": size,
            "ms": round(seconds * 1000, 2),
            "client": scope["client"][0] if scope.get("client") else None,
            "principal": principal.subject if principal else None,
        }
    )


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
