"""What happens to every request before the guard: each class is one layer, outermost first."""

import logging
import re
import secrets
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.access_log import AccessLog
from api.http.metrics import RequestMetrics
from api.http.problems import unexpected

logger = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
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


class RequestContext:
    """Gives each request an ID, its response the security headers, and the log one line.

    An error that nobody handled ends here: the log gets its traceback, the client a problem
    document.

    Parameters
    ----------
    app
        The next layer.
    log
        Where requests are logged; to standard error by default.
    metrics
        Where they are counted.
    """

    def __init__(
        self, app: ASGIApp, log: AccessLog | None = None, metrics: RequestMetrics | None = None
    ) -> None:
        self._app = app
        self._log = log or AccessLog()
        self._metrics = metrics or RequestMetrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        request_id = _request_id(scope)
        # A copy: the state of the lifespan is shared by all requests.
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
            # As repr: a line break in the path forges no line of the log.
            logger.exception(
                "[%s] %s %.300r failed", request_id, scope["method"][:20], scope["path"]
            )
            if status:
                raise  # the response is half sent: the server must close the connection
            await unexpected().response(request_id)(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - begun
            self._log.request(scope, request_id, status=status, size=size, seconds=seconds)
            self._metrics.observe(scope, status=status, seconds=seconds)


class HeadAsGet:
    """Answers HEAD like GET without the body (RFC 9110, 9.3.2): routes declare only GET."""

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


def _request_id(scope: Scope) -> str:
    context = scope.get("aws.context")
    given = getattr(context, "aws_request_id", None) or Headers(scope=scope).get("x-request-id")
    if isinstance(given, str) and _REQUEST_ID.fullmatch(given):
        return given
    return secrets.token_hex(8)
