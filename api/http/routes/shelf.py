"""The shelf of whoever sends the request; nobody sees another's.

The analytics do not depend on it, so no write requests a refresh.
"""

from typing import Any

from fastapi import APIRouter, Response

from api.db.catalog import shelf
from api.http.catalog_routes import (
    NOT_MODIFIED,
    WITH_VERSION,
    CatalogRoute,
    IfMatch,
    IfNoneMatch,
    expected_versions,
    is_unchanged,
    set_version,
)
from api.http.deps import WriterDep
from api.http.models.common import problem_responses
from api.http.models.shelf import ShelfBody, ShelfDraft
from api.http.transactions import ReadDep, WriteDep

router = APIRouter(prefix="/shelf", tags=["bar"], route_class=CatalogRoute)

#: A cache between us and the reader might give it to somebody else.
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


@router.get(
    "",
    operation_id="get_shelf",
    summary="Read your shelf",
    response_model=ShelfBody,
    responses={200: WITH_VERSION, **NOT_MODIFIED, **problem_responses(401, 403)},
)
async def get_shelf(
    reader: WriterDep, read: ReadDep, response: Response, if_none_match: IfNoneMatch = None
) -> Any:
    """Return your shelf with its version; empty at first. The token says who you are."""
    found = await read(lambda connection: shelf.get_shelf(connection, reader.subject))
    if is_unchanged(found.version, if_none_match):
        return Response(status_code=304, headers={"ETag": f'"{found.version}"', **_PRIVATE})
    response.headers.update(_PRIVATE)
    set_version(response, found.version)
    return ShelfBody.model_validate(found)


@router.put(
    "",
    operation_id="replace_shelf",
    summary="Replace your shelf",
    responses={200: WITH_VERSION, **problem_responses(409, 412)},
)
async def replace_shelf(
    draft: ShelfDraft, write: WriteDep, response: Response, if_match: IfMatch = None
) -> ShelfBody:
    """Replace the bottles of your shelf. With `If-Match`, no other device's change is lost."""
    made = await write(
        lambda connection: shelf.replace_shelf(
            connection, write.principal.subject, draft.ingredient_ids, expected_versions(if_match)
        ),
        affects_analytics=False,
    )
    response.headers.update(_PRIVATE)
    set_version(response, made.version)
    return ShelfBody.model_validate(made)
