"""Ratings: one for each user and recipe, and everyone writes only their own.

No write asks for a refresh: the analytics do not depend on them.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.db.catalog import ratings
from api.db.catalog.drafts import MAX_ID, RatingDraft
from api.db.catalog.writing import writing
from api.http.catalog_routes import LIMIT, CatalogRoute, Cursor, Limit, RowIdPath
from api.http.deps import DatabaseDep, WriterDep
from api.http.models.common import problem_responses
from api.http.models.ratings import RatingBody, RatingPage

router = APIRouter(prefix="/ratings", tags=["ratings"], route_class=CatalogRoute)

RecipeIdQuery = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description="Only those of this recipe.")
]


@router.get("", operation_id="list_ratings", summary="List ratings")
def list_ratings(
    database: DatabaseDep,
    recipe_id: RecipeIdQuery = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> RatingPage:
    """Return a page of ratings, the oldest first."""
    with database.snapshot() as connection:
        page = ratings.list_ratings(connection, recipe_id=recipe_id, cursor=cursor, limit=limit)
    return RatingPage.model_validate(page)


@router.put(
    "/{recipe_id}",
    operation_id="rate_recipe",
    summary="Rate a recipe",
    responses={
        200: {"description": "Your rating was changed."},
        201: {"description": "Your first rating of it.", "model": RatingBody},
        **problem_responses(404, 409),
    },
)
def rate(
    recipe_id: RowIdPath,
    draft: RatingDraft,
    database: DatabaseDep,
    writer: WriterDep,
    response: Response,
) -> RatingBody:
    """Set your own rating of a recipe; whose it is, the token says."""
    with writing(database) as connection:
        made, first = ratings.rate(connection, recipe_id, writer.subject, draft)
    response.status_code = 201 if first else 200
    return RatingBody.model_validate(made)


@router.delete(
    "/{recipe_id}",
    status_code=204,
    operation_id="unrate_recipe",
    summary="Take your rating back",
    responses=problem_responses(404, 409),
)
def unrate(recipe_id: RowIdPath, database: DatabaseDep, writer: WriterDep) -> None:
    """Delete your own rating of a recipe."""
    with writing(database) as connection:
        ratings.unrate(connection, recipe_id, writer.subject)
