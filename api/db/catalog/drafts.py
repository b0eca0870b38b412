"""What may be written: each a whole row as its author says it, checked field by field.

The HTTP API takes them as bodies and the import makes them from rows, so that both hold to the
same rules. What needs the database to judge, such as references, is checked when writing.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.db.catalog.text import (
    Abbreviation,
    IngredientName,
    LongText,
    RecipeName,
    ShortName,
    Source,
    WebAddress,
)

#: SQLite's integers and PostgreSQL's bigint end here.
MAX_ID = 2**63 - 1
#: Far above any bar's; sums over a recipe stay finite.
LARGEST_AMOUNT = 1e6
MAX_LINES = 100
MAX_TAGS = 50

RowId = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]
Volume = Annotated[float, Field(gt=0, le=LARGEST_AMOUNT, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=LARGEST_AMOUNT, allow_inf_nan=False)]


class _Draft(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitDraft(_Draft):
    """A unit of measure."""

    name: ShortName = Field(examples=["Ounce"])
    abbreviation: Abbreviation | None = Field(default=None, examples=["oz"])
    conversion_to_ml: Volume | None = Field(
        default=None,
        description="How many ml one is; null if it has no fixed volume, such as 'Each'.",
        examples=[29.5735],
    )


class TagDraft(_Draft):
    """A tag."""

    name: ShortName = Field(examples=["stirred"])


class IngredientDraft(_Draft):
    """An ingredient and its place in the tree."""

    name: IngredientName = Field(examples=["London Dry Gin"])
    description: LongText | None = Field(default=None, examples=["Juniper first, no sugar added."])
    parent_id: RowId | None = Field(
        default=None, description="The kind it belongs to; null at the top.", examples=[1]
    )
    allow_substitution: bool = Field(
        default=False, description="Whether any other of its kind serves as well: brands mostly."
    )


class LineDraft(_Draft):
    """One ingredient of a recipe."""

    ingredient_id: RowId = Field(examples=[1])
    unit_id: RowId | None = Field(default=None, examples=[1])
    amount: Amount | None = Field(
        default=None, description="How much of the unit; null for 'to top'.", examples=[30]
    )


class RecipeDraft(_Draft):
    """A recipe. Tags that do not exist yet are made."""

    name: RecipeName = Field(examples=["Negroni"])
    description: LongText | None = Field(default=None, examples=["Bitter, and equal parts."])
    instructions: LongText | None = Field(default=None, examples=["Stir with ice and strain."])
    image_url: WebAddress | None = Field(default=None, examples=["https://example.com/n.jpg"])
    source: Source | None = Field(default=None, examples=["IBA"])
    source_url: WebAddress | None = Field(default=None, examples=["https://example.com/negroni"])
    ingredients: list[LineDraft] = Field(default=[], max_length=MAX_LINES)
    tags: list[ShortName] = Field(default=[], max_length=MAX_TAGS, examples=[["stirred"]])


class RatingDraft(_Draft):
    """One's opinion of a recipe."""

    rating: Annotated[int, Field(ge=1, le=5, strict=True)] = Field(examples=[5])
