"""Ingredients and their tree.

Each write asks for a refresh: the analytics depend on them.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.db.catalog import ingredients
from api.db.catalog.drafts import MAX_ID, IngredientDraft
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
from api.http.models.ingredients import IngredientBody, IngredientPage

router = APIRouter(prefix="/ingredients", tags=["ingredients"], route_class=CatalogRoute)

ParentId = Annotated[
    int | None,
    Query(
        ge=0,
        le=MAX_ID,
        description="Only what is right below this ingredient; 0 for what is at the top.",
    ),
]


@router.get("", operation_id="list_ingredients", summary="List ingredients by name")
def list_ingredients(
    database: DatabaseDep,
    q: SearchText = "",
    parent_id: ParentId = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> IngredientPage:
    """Return a page of ingredients, ordered by name without accents and case."""
    with database.snapshot() as connection:
        page = ingredients.list_ingredients(
            connection, q=q, parent_id=parent_id, cursor=cursor, limit=limit
        )
    return IngredientPage.model_validate(page)


@router.post(
    "",
    status_code=201,
    operation_id="create_ingredient",
    summary="Add an ingredient",
    responses={201: WITH_VERSION, **problem_responses(409)},
)
def create_ingredient(
    draft: IngredientDraft,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    request: Request,
    response: Response,
) -> IngredientBody:
    """Add an ingredient. Its name must be free, in whatever case."""
    with writing(database) as connection:
        made = ingredients.create_ingredient(connection, draft)
    refresh()
    response.headers["Location"] = f"{request.url.path}/{made.id}"
    set_version(response, made.version)
    return IngredientBody.model_validate(made)


@router.get(
    "/{ingredient_id}",
    response_model=IngredientBody,
    operation_id="get_ingredient",
    summary="Read an ingredient",
    responses={200: WITH_VERSION, **NOT_MODIFIED, **problem_responses(404)},
)
def get_ingredient(
    ingredient_id: RowIdPath,
    database: DatabaseDep,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> IngredientBody | Response:
    """Return one ingredient with its version."""
    with database.snapshot() as connection:
        found = ingredients.get_ingredient(connection, ingredient_id)
    if is_unchanged(found.version, if_none_match):
        return Response(status_code=304, headers={"ETag": f'"{found.version}"'})
    set_version(response, found.version)
    return IngredientBody.model_validate(found)


@router.put(
    "/{ingredient_id}",
    operation_id="replace_ingredient",
    summary="Replace an ingredient",
    responses={200: WITH_VERSION, **problem_responses(404, 409, 412)},
)
def replace_ingredient(
    ingredient_id: RowIdPath,
    draft: IngredientDraft,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    response: Response,
    if_match: IfMatch = None,
) -> IngredientBody:
    """Replace an ingredient whole; what the body leaves out is emptied."""
    with writing(database) as connection:
        made = ingredients.update_ingredient(
            connection, ingredient_id, draft, expected_versions(if_match)
        )
    refresh()
    set_version(response, made.version)
    return IngredientBody.model_validate(made)


@router.delete(
    "/{ingredient_id}",
    status_code=204,
    operation_id="delete_ingredient",
    summary="Delete an ingredient",
    responses=problem_responses(404, 409, 412),
)
def delete_ingredient(
    ingredient_id: RowIdPath,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    if_match: IfMatch = None,
) -> None:
    """Delete an ingredient. Refused while something uses it."""
    with writing(database) as connection:
        ingredients.delete_ingredient(connection, ingredient_id, expected_versions(if_match))
    refresh()
