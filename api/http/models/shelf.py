"""Shapes of the shelf."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.db.catalog.search import MAX_TERMS
from api.db.rules import RowId
from api.http.models.bar import IngredientRef


class ShelfDraft(BaseModel):
    """The bottles of a shelf; a kind covers what is below it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ingredient_ids: Annotated[
        frozenset[RowId],
        Field(
            max_length=MAX_TERMS,
            description="Ingredients that do not exist (any more) are left out.",
            examples=[[1, 2]],
        ),
    ]


class ShelfBottle(IngredientRef):
    """A bottle on the shelf."""

    model_config = ConfigDict(from_attributes=True)


class ShelfBody(BaseModel):
    """Your shelf: the bottles that you have, by ID."""

    model_config = ConfigDict(from_attributes=True, title="Shelf")

    bottles: list[ShelfBottle]
