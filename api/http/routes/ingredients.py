"""Ingredients and their tree."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.db.catalog import ingredients
from api.db.catalog.drafts import IngredientDraft
from api.db.rules import MAX_ID
from api.http.catalog_routes import LIMIT, CatalogRoute, Cursor, Limit, SearchText
from api.http.models.ingredients import IngredientBody, IngredientPage
from api.http.routes.crud import Resource, add_crud
from api.http.transactions import ReadDep

router = APIRouter(prefix="/ingredients", tags=["ingredients"], route_class=CatalogRoute)

INGREDIENT = Resource(
    name="ingredient",
    draft=IngredientDraft,
    body=IngredientBody,
    create=ingredients.create_ingredient,
    read=ingredients.get_ingredient,
    replace=ingredients.update_ingredient,
    delete=ingredients.delete_ingredient,
    on_replace="Moved to another parent, it takes everything below it along.",
    on_delete="Refused while a recipe or another ingredient uses it.",
)
ParentId = Annotated[
    int | None,
    Query(
        ge=0,
        le=MAX_ID,
        description="Only direct children of this ingredient; 0 for the top level.",
    ),
]


@router.get("", operation_id="list_ingredients", summary="List ingredients by name")
async def list_ingredients(
    read: ReadDep,
    q: SearchText = "",
    parent_id: ParentId = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> IngredientPage:
    """Return a page of ingredients, ordered by name ignoring accents and case."""
    return await read(
        lambda connection: IngredientPage.model_validate(
            ingredients.list_ingredients(
                connection, q=q, parent_id=parent_id, cursor=cursor, limit=limit
            )
        )
    )


add_crud(router, INGREDIENT)
