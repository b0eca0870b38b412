"""Ratings: one for each user and recipe; everyone writes only their own.

The analytics do not depend on them, so no write requests a refresh.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.db.catalog import ratings
from api.db.catalog.drafts import RatingDraft
from api.db.rules import MAX_ID
from api.http.catalog_routes import LIMIT, CatalogRoute, Cursor, Limit, RowIdPath
from api.http.deps import ReaderDep
from api.http.models.common import problem_responses
from api.http.models.ratings import RatingBody, RatingPage
from api.http.transactions import ReadDep, WriteDep

router = APIRouter(prefix="/ratings", tags=["ratings"], route_class=CatalogRoute)

RecipeIdQuery = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description="Only ratings of this recipe.")
]


@router.get("", operation_id="list_ratings", summary="List ratings")
async def list_ratings(
    read: ReadDep,
    reader: ReaderDep,
    recipe_id: RecipeIdQuery = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> RatingPage:
    """Return a page of ratings, the oldest first. Only your own show who gave them."""
    page = await read(
        lambda connection: RatingPage.model_validate(
            ratings.list_ratings(connection, recipe_id=recipe_id, cursor=cursor, limit=limit)
        )
    )
    subject = None if reader is None else reader.subject
    return page.model_copy(update={"items": [one.for_reader(subject) for one in page.items]})


@router.put(
    "/{recipe_id}",
    operation_id="rate_recipe",
    summary="Rate a recipe",
    responses={
        200: {"description": "Your rating was changed."},
        201: {"description": "Your first rating of this recipe.", "model": RatingBody},
        **problem_responses(404, 409),
    },
)
async def rate(
    recipe_id: RowIdPath, draft: RatingDraft, write: WriteDep, response: Response
) -> RatingBody:
    """Set your own rating of a recipe; the token says who you are."""
    made, first = await write(
        lambda connection: ratings.rate(connection, recipe_id, write.principal.subject, draft),
        affects_analytics=False,
    )
    response.status_code = 201 if first else 200
    return RatingBody.model_validate(made)


@router.delete(
    "/{recipe_id}",
    status_code=204,
    operation_id="unrate_recipe",
    summary="Delete your rating",
    responses=problem_responses(404, 409),
)
async def unrate(recipe_id: RowIdPath, write: WriteDep) -> None:
    """Delete your own rating of a recipe."""
    await write(
        lambda connection: ratings.unrate(connection, recipe_id, write.principal.subject),
        affects_analytics=False,
    )
