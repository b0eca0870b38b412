"""Shapes of ingredients."""

from pydantic import BaseModel, ConfigDict, Field

from api.http.models.paging import NextCursor


class IngredientBody(BaseModel):
    """An ingredient."""

    model_config = ConfigDict(from_attributes=True, title="Ingredient")

    id: int = Field(examples=[12])
    name: str = Field(examples=["London Dry Gin"])
    description: str | None
    parent_id: int | None = Field(description="The parent in the ingredient tree.", examples=[1])
    path: str = Field(
        description="Its ancestors' IDs from the top, then its own.", examples=["/1/12/"]
    )
    allow_substitution: bool = Field(
        description="Whether any other ingredient of its kind works as well; mostly for brands."
    )
    has_children: bool
    recipe_count: int = Field(
        description="Recipes that name this ingredient itself, not one below it.",
        examples=[55],
    )


class IngredientPage(BaseModel):
    """A page of ingredients, by name."""

    model_config = ConfigDict(from_attributes=True)

    items: list[IngredientBody]
    next_cursor: NextCursor
