"""What catalog routes share: errors as problem documents, entity tags, list parameters."""

import re
from collections.abc import Callable, Collection, Coroutine
from typing import Annotated, Any

from fastapi import Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator

from api.db.catalog.errors import (
    CatalogError,
    ChangedError,
    ConflictError,
    FieldFault,
    InvalidError,
    NotFoundError,
)
from api.db.catalog.paging import DEFAULT_PAGE_SIZE, MAX_CURSOR_LENGTH, MAX_PAGE_SIZE
from api.db.rules import MAX_ID, clean_query
from api.http import etags
from api.http.problems import Problem

_STATUS: dict[type[CatalogError], tuple[int, str]] = {
    NotFoundError: (404, "Not found"),
    ChangedError: (412, "Changed since you read it"),
    ConflictError: (409, "Conflict"),
    InvalidError: (422, "Invalid request"),
}
_ENTITY_TAG = re.compile(r'(?:W/)?"([!\x23-\x7e\x80-\xff]*)"')


class CatalogRoute(APIRoute):
    """A route whose catalog errors become problem documents."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def translating(request: Request) -> Response:
            try:
                return await handle(request)
            except CatalogError as error:
                raise as_problem(error) from error

        return translating


def as_problem(error: CatalogError) -> Problem:
    """Return the problem document of a catalog error."""
    status, title = next(
        (found for kind, found in _STATUS.items() if isinstance(error, kind)), (422, "Refused")
    )
    errors = [
        FieldFault(
            field=_printable(fault.field),
            message=_printable(fault.message),
            remedy=_printable(fault.remedy),
        )
        for fault in error.faults
    ]
    return Problem(status, title, _printable(error.detail), errors)


def _printable(text: str) -> str:
    # An error may quote what was sent: half a surrogate pair has no UTF-8.
    return text.encode("utf-8", "backslashreplace").decode()


def set_version(response: Response, version: str) -> None:
    """Set a strong entity tag."""
    response.headers["ETag"] = f'"{version}"'


def is_unchanged(version: str, if_none_match: str | None) -> bool:
    """Return whether the client already has this version."""
    return etags.if_none_match(if_none_match, f'"{version}"')


def expected_versions(if_match: str | None) -> Collection[str] | None:
    """Return the versions that a write would accept; None for any.

    Weak tags are accepted, although RFC 9110 (13.1.1) compares strongly here: a proxy that
    compresses our responses weakens their tags (nginx with ``gzip on``), and every edit behind it
    would be refused. That is safe with our tags, which are digests of the content: equal tags mean
    equal content, whatever its encoding.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    return [found[1] for found in _ENTITY_TAG.finditer(if_match)]


RowIdPath = Annotated[int, Path(ge=1, le=MAX_ID, description="The row's ID.", examples=[1])]
Limit = Annotated[
    int, Query(ge=1, le=MAX_PAGE_SIZE, description="Maximum number of items on a page.")
]
Cursor = Annotated[
    str | None,
    Query(
        max_length=MAX_CURSOR_LENGTH,
        description="`next_cursor` of the previous page; omit it for the first page.",
    ),
]
SearchText = Annotated[
    str,
    Query(
        max_length=200,
        description=(
            "Words in the name, in any order, ignoring accents, case and apostrophes. The best "
            "matches come first; if nothing matches, one typo a word is forgiven."
        ),
        examples=["pina colada"],
    ),
    AfterValidator(clean_query),
]
IfMatch = Annotated[
    str | None,
    Header(
        description=(
            "The `ETag` of the version you read: 412 if somebody else has changed it since."
        )
    ),
]
IfNoneMatch = Annotated[
    str | None, Header(description="The `ETag` of your copy: 304 if it is still current.")
]
LIMIT = DEFAULT_PAGE_SIZE
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Your copy is still current (`If-None-Match`)."}
}
WITH_VERSION: dict[str, Any] = {
    "headers": {
        "ETag": {
            "description": "The version, for `If-Match` and `If-None-Match`.",
            "schema": {"type": "string"},
        }
    }
}
