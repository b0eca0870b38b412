"""Drafts: rows as their authors write them, validated field by field.

They are the request bodies of the HTTP API, and imports build them from rows, so that both follow
the same rules. References and other rules that need the database are checked when writing.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.db.rules import (
    MAX_LINES,
    MAX_TAGS,
    Abbreviation,
    Amount,
    IngredientName,
    LongText,
    RecipeName,
    RowId,
    Source,
    TagName,
    UnitName,
    Volume,
    WebAddress,
)


class _Draft(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitDraft(_Draft):
    """A unit of measure."""

    name: UnitName = Field(examples=["Ounce"])
    abbreviation: Abbreviation | None = Field(default=None, examples=["oz"])
    conversion_to_ml: Volume | None = Field(
        default=None,
        description="Volume in ml; null for units without a fixed volume, such as 'Each'.",
        examples=[29.5735],
    )


class TagDraft(_Draft):
    """A tag."""

    name: TagName = Field(examples=["stirred"])


class IngredientDraft(_Draft):
    """An ingredient and its place in the tree."""

    name: IngredientName = Field(examples=["London Dry Gin"])
    description: LongText | None = Field(default=None, examples=["Juniper first, no sugar added."])
    parent_id: RowId | None = Field(
        default=None,
        description="The parent in the ingredient tree; null at the top.",
        examples=[1],
    )
    allow_substitution: bool = Field(
        default=False,
        description="Whether any other ingredient with the same parent will do, as for brands.",
    )


class LineDraft(_Draft):
    """One ingredient of a recipe."""

    ingredient_id: RowId = Field(examples=[1])
    unit_id: RowId | None = Field(default=None, examples=[1])
    amount: Amount | None = Field(
        default=None, description="The amount in units; null for 'to top'.", examples=[30]
    )
    original_text: LongText | None = Field(
        default=None,
        description="The line as its source has it; left out, an unchanged line keeps its text.",
        examples=["1 1/2 oz fresh"],
    )


class RecipeDraft(_Draft):
    """A recipe. Tags that do not exist yet are created."""

    name: RecipeName = Field(examples=["Negroni"])
    description: LongText | None = Field(default=None, examples=["Bitter, and equal parts."])
    instructions: LongText | None = Field(default=None, examples=["Stir with ice and strain."])
    image_url: WebAddress | None = Field(default=None, examples=["https://example.com/n.jpg"])
    source: Source | None = Field(default=None, examples=["IBA"])
    source_url: WebAddress | None = Field(default=None, examples=["https://example.com/negroni"])
    ingredients: list[LineDraft] = Field(default=[], max_length=MAX_LINES)
    tags: list[TagName] = Field(default=[], max_length=MAX_TAGS, examples=[["stirred"]])


class RatingDraft(_Draft):
    """A user's rating of a recipe."""

    rating: Annotated[int, Field(ge=1, le=5, strict=True)] = Field(examples=[5])
