"""Errors as problem documents (RFC 9457): what is wrong, and what to do about it."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.db.catalog.errors import FieldFault
from api.db.errors import DatabaseError, DatabaseFullError
from api.http.models.common import PROBLEM_MEDIA_TYPE, ProblemBody
from api.storage.errors import StorageError

logger = logging.getLogger(__name__)

#: Seconds after which a client should retry when the database or the store is unavailable.
RETRY_AFTER_OUTAGE = 5
#: How much of a refused value an error quotes.
_SHOWN_CHARACTERS = 80


class Problem(Exception):  # noqa: N818 - the term of RFC 9457
    """An error for the client: raise it anywhere below a route.

    Parameters
    ----------
    status
        The HTTP status.
    title
        The kind of problem, in a few words.
    detail
        What is wrong here, and what to do about it. Clients read it: nothing internal.
    errors
        Each field that is wrong.
    headers
        Additional response headers.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def response(self, request_id: str | None = None) -> Response:
        """Return the problem document as a response."""
        body = ProblemBody(
            title=self.title,
            status=self.status,
            detail=self.detail,
            request_id=request_id,
            errors=self.errors,
        )
        return Response(
            body.model_dump_json(),
            status_code=self.status,
            headers={"Cache-Control": "no-store", **self.headers},
            media_type=PROBLEM_MEDIA_TYPE,
        )


def no_analytics(missing: str, more: str = "") -> Problem:
    """Return the problem document of analytics that no refresh has published yet.

    Parameters
    ----------
    missing
        What is missing, as a sentence.
    more
        What follows the remedy.
    """
    return Problem(
        404,
        "No analytics yet",
        f"{missing} Request a refresh with POST /api/v1/analytics/refresh, or run: "
        f"cocktaildb refresh{more}",
    )


def unexpected() -> Problem:
    """Return the problem document of an unexpected error; the details are in the log."""
    return Problem(
        500,
        "Internal error",
        "The server failed to handle this request. Its log has the details under the request ID.",
    )


def register(app: FastAPI) -> None:
    """Turn every error that leaves a route into a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(DatabaseError, _database_error)
    app.add_exception_handler(OperationalError, _database_error)
    app.add_exception_handler(StorageError, _storage_error)


def request_id(request: Request) -> str | None:
    """Return the ID under which the log has this request."""
    found = request.scope.get("state", {}).get("request_id")
    return found if isinstance(found, str) else None


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for no other
    return error.response(request_id(request))


def _database_error(request: Request, error: Exception) -> Response:
    if isinstance(error, DatabaseFullError):
        logger.error("[%s] %s", request_id(request), error)
        return Problem(
            503,
            "Disk full",
            "The disk of the database is full; nothing was changed. Try again later.",
            headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
        ).response(request_id(request))
    return _outage(request, error, "The database")


def _storage_error(request: Request, error: Exception) -> Response:
    return _outage(request, error, "The analytics store")


def _outage(request: Request, error: Exception, what: str) -> Response:
    # The error names paths, hosts and remedies: for the operator, not for the client.
    # It says what is wrong in words: a traceback for each request would only fill the disk.
    logger.error("[%s] %s", request_id(request), error)
    return Problem(
        503,
        "Service unavailable",
        f"{what} is unavailable. Try again later; the server's log has the details under the "
        f"request ID.",
        headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
    ).response(request_id(request))


def http_error(request: Request, error: Exception) -> Response:
    """Return the problem document of an error of the framework, such as an unknown path."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for no other
    headers = dict(error.headers or {})
    path = _short(request.url.path)
    phrase = HTTPStatus(error.status_code).phrase
    title, detail = phrase, str(error.detail)
    if error.status_code == 404 and detail == phrase:
        detail = f"Nothing at {path}. See /openapi.json for the API."
    elif error.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
        detail = f"{path} does not support {request.method}. Supported: {headers['Allow']}."
    return Problem(error.status_code, title, detail, headers=headers).response(request_id(request))


def _methods(request: Request) -> list[str]:
    """Return the methods of every route at this path; Starlette's own list is the first route's."""
    found = {
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    }
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for no other
    errors = [_field_error(fault) for fault in error.errors()]
    count = len(errors)
    return Problem(
        422,
        "Invalid request",
        f"{count} invalid field{'' if count == 1 else 's'}; see errors.",
        errors,
    ).response(request_id(request))


def _field_error(fault: Mapping[str, object]) -> FieldFault:
    location = fault.get("loc")
    parts = list(location) if isinstance(location, tuple | list) else []
    where, path = (str(parts[0]), _path(parts[1:])) if parts else ("body", "")
    kind = str(fault.get("type"))
    message = str(fault.get("msg") or "Invalid value.").removeprefix("Value error, ")
    if kind == "json_invalid":
        return FieldFault(
            field="body", message="The body is not valid JSON.", remedy="Send a JSON document."
        )
    if kind == "missing":
        return FieldFault(
            field=path or where,
            message="Missing.",
            remedy=f"Add it to the {where}." if path else "Send a JSON document as the body.",
        )
    if kind == "extra_forbidden":
        return FieldFault(
            field=path,
            message="Unknown field.",
            remedy="Remove it or correct its name.",
        )
    found = _short(repr(fault.get("input")))
    return FieldFault(
        field=path or where,
        message=f"{message.rstrip('.')}; found {found}.",
        remedy="See the API schema for accepted values.",
    )


def _path(parts: Sequence[object]) -> str:
    """Return a place in a document as the catalog writes it: ``ingredients[0].amount``."""
    written = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts]
    return "".join(written).removeprefix(".")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
