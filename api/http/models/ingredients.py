"""Ingredients and their tree as the API shows them."""

from pydantic import BaseModel, ConfigDict, Field

from api.http.models.paging import NextCursor


class IngredientBody(BaseModel):
    """An ingredient."""

    model_config = ConfigDict(from_attributes=True, title="Ingredient")

    id: int = Field(examples=[12])
    name: str = Field(examples=["London Dry Gin"])
    description: str | None
    parent_id: int | None = Field(description="The kind it belongs to.", examples=[1])
    path: str = Field(
        description="Its ancestors' ids from the top, then its own.", examples=["/1/12/"]
    )
    allow_substitution: bool = Field(
        description="Whether any other of its kind serves as well: brands mostly."
    )
    has_children: bool
    recipe_count: int = Field(
        description="Recipes that name this very ingredient; those of its kinds are not counted.",
        examples=[55],
    )


class IngredientPage(BaseModel):
    """Some of the ingredients, by name."""

    model_config = ConfigDict(from_attributes=True)

    items: list[IngredientBody]
    next_cursor: NextCursor
