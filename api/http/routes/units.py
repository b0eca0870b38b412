"""Units of measure.

Each write asks for a refresh: the analytics depend on them.
"""

from fastapi import APIRouter, Request, Response

from api.db.catalog import units
from api.db.catalog.drafts import UnitDraft
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
from api.http.deps import DatabaseDep, RefreshDep, WriterDep
from api.http.models.common import problem_responses
from api.http.models.units import UnitBody, UnitPage

router = APIRouter(prefix="/units", tags=["units"], route_class=CatalogRoute)


@router.get("", operation_id="list_units", summary="List units by name")
def list_units(
    database: DatabaseDep,
    q: SearchText = "",
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> UnitPage:
    """Return a page of units, ordered by name without accents and case."""
    with database.snapshot() as connection:
        page = units.list_units(connection, q=q, cursor=cursor, limit=limit)
    return UnitPage.model_validate(page)


@router.post(
    "",
    status_code=201,
    operation_id="create_unit",
    summary="Add a unit",
    responses={201: WITH_VERSION, **problem_responses(409)},
)
def create_unit(
    draft: UnitDraft,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    request: Request,
    response: Response,
) -> UnitBody:
    """Add a unit. Its name must be free, in whatever case."""
    with writing(database) as connection:
        made = units.create_unit(connection, draft)
    refresh()
    response.headers["Location"] = f"{request.url.path}/{made.id}"
    set_version(response, made.version)
    return UnitBody.model_validate(made)


@router.get(
    "/{unit_id}",
    response_model=UnitBody,
    operation_id="get_unit",
    summary="Read a unit",
    responses={200: WITH_VERSION, **NOT_MODIFIED, **problem_responses(404)},
)
def get_unit(
    unit_id: RowIdPath,
    database: DatabaseDep,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> UnitBody | Response:
    """Return one unit with its version."""
    with database.snapshot() as connection:
        found = units.get_unit(connection, unit_id)
    if is_unchanged(found.version, if_none_match):
        return Response(status_code=304, headers={"ETag": f'"{found.version}"'})
    set_version(response, found.version)
    return UnitBody.model_validate(found)


@router.put(
    "/{unit_id}",
    operation_id="replace_unit",
    summary="Replace a unit",
    responses={200: WITH_VERSION, **problem_responses(404, 409, 412)},
)
def replace_unit(
    unit_id: RowIdPath,
    draft: UnitDraft,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    response: Response,
    if_match: IfMatch = None,
) -> UnitBody:
    """Replace a unit whole; what the body leaves out is emptied."""
    with writing(database) as connection:
        made = units.update_unit(connection, unit_id, draft, expected_versions(if_match))
    refresh()
    set_version(response, made.version)
    return UnitBody.model_validate(made)


@router.delete(
    "/{unit_id}",
    status_code=204,
    operation_id="delete_unit",
    summary="Delete a unit",
    responses=problem_responses(404, 409, 412),
)
def delete_unit(
    unit_id: RowIdPath,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    if_match: IfMatch = None,
) -> None:
    """Delete a unit. Refused while something uses it."""
    with writing(database) as connection:
        units.delete_unit(connection, unit_id, expected_versions(if_match))
    refresh()
