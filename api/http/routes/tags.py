"""Tags.

No write asks for a refresh: the analytics do not depend on them.
"""

from fastapi import APIRouter, Request, Response

from api.db.catalog import tags
from api.db.catalog.drafts import TagDraft
from api.db.catalog.writing import writing
from api.http.catalog_routes import (
    LIMIT,
    NOT_MODIFIED,
    WITH_VERSION,
    CatalogRoute,
    Cursor,
    IfMatch,
    IfNoneMatch,
    Limit,
    RowIdPath,
    SearchText,
    expected_versions,
    is_unchanged,
    set_version,
)
from api.http.deps import DatabaseDep, WriterDep
from api.http.models.common import problem_responses
from api.http.models.tags import TagBody, TagPage

router = APIRouter(prefix="/tags", tags=["tags"], route_class=CatalogRoute)


@router.get("", operation_id="list_tags", summary="List tags by name")
def list_tags(
    database: DatabaseDep,
    q: SearchText = "",
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> TagPage:
    """Return a page of tags, ordered by name without accents and case."""
    with database.snapshot() as connection:
        page = tags.list_tags(connection, q=q, cursor=cursor, limit=limit)
    return TagPage.model_validate(page)


@router.post(
    "",
    status_code=201,
    operation_id="create_tag",
    summary="Add a tag",
    responses={201: WITH_VERSION, **problem_responses(409)},
)
def create_tag(
    draft: TagDraft,
    database: DatabaseDep,
    _writer: WriterDep,
    request: Request,
    response: Response,
) -> TagBody:
    """Add a tag. Its name must be free, in whatever case."""
    with writing(database) as connection:
        made = tags.create_tag(connection, draft)
    response.headers["Location"] = f"{request.url.path}/{made.id}"
    set_version(response, made.version)
    return TagBody.model_validate(made)


@router.get(
    "/{tag_id}",
    response_model=TagBody,
    operation_id="get_tag",
    summary="Read a tag",
    responses={200: WITH_VERSION, **NOT_MODIFIED, **problem_responses(404)},
)
def get_tag(
    tag_id: RowIdPath,
    database: DatabaseDep,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> TagBody | Response:
    """Return one tag with its version."""
    with database.snapshot() as connection:
        found = tags.get_tag(connection, tag_id)
    if is_unchanged(found.version, if_none_match):
        return Response(status_code=304, headers={"ETag": f'"{found.version}"'})
    set_version(response, found.version)
    return TagBody.model_validate(found)


@router.put(
    "/{tag_id}",
    operation_id="replace_tag",
    summary="Replace a tag",
    responses={200: WITH_VERSION, **problem_responses(404, 409, 412)},
)
def replace_tag(
    tag_id: RowIdPath,
    draft: TagDraft,
    database: DatabaseDep,
    _writer: WriterDep,
    response: Response,
    if_match: IfMatch = None,
) -> TagBody:
    """Replace a tag whole; what the body leaves out is emptied."""
    with writing(database) as connection:
        made = tags.update_tag(connection, tag_id, draft, expected_versions(if_match))
    set_version(response, made.version)
    return TagBody.model_validate(made)


@router.delete(
    "/{tag_id}",
    status_code=204,
    operation_id="delete_tag",
    summary="Delete a tag",
    responses=problem_responses(404, 409, 412),
)
def delete_tag(
    tag_id: RowIdPath,
    database: DatabaseDep,
    _writer: WriterDep,
    if_match: IfMatch = None,
) -> None:
    """Delete a tag, and take it off every recipe."""
    with writing(database) as connection:
        tags.delete_tag(connection, tag_id, expected_versions(if_match))
