"""Shapes of recipes."""

from pydantic import BaseModel, ConfigDict, Field

from api.http.models.paging import NextCursor


class RatingSummaryBody(BaseModel):
    """A recipe's ratings, summarized."""

    model_config = ConfigDict(from_attributes=True, title="RatingSummary")

    average: float | None = Field(description="The mean; null without ratings.", examples=[4.5])
    count: int = Field(examples=[2])


class LineBody(BaseModel):
    """One ingredient of a recipe."""

    model_config = ConfigDict(from_attributes=True, title="RecipeLine")

    ingredient_id: int = Field(examples=[12])
    ingredient_name: str = Field(examples=["London Dry Gin"])
    unit_id: int | None = Field(examples=[1])
    unit_name: str | None = Field(examples=["Milliliter"])
    amount: float | None = Field(examples=[30])
    volume_ml: float | None = Field(
        description="The volume the analytics use: 'to top' counts as 90 ml, a piece as 1 ml.",
        examples=[30],
    )
    original_text: str | None = Field(
        default=None,
        description="The line as an imported source has it.",
        examples=["1 1/2 oz fresh"],
    )


class RecipeBody(BaseModel):
    """A recipe."""

    model_config = ConfigDict(from_attributes=True, title="Recipe")

    id: int = Field(examples=[1])
    name: str = Field(examples=["Negroni"])
    description: str | None
    instructions: str | None = Field(examples=["Stir with ice and strain."])
    image_url: str | None
    source: str | None = Field(examples=["IBA"])
    source_url: str | None
    ingredients: list[LineBody] = Field(description="In the order of the recipe.")
    tags: list[str] = Field(examples=[["stirred"]])
    rating: RatingSummaryBody


class RecipeSummaryBody(BaseModel):
    """A recipe in a list."""

    model_config = ConfigDict(from_attributes=True, title="RecipeSummary")

    id: int = Field(examples=[1])
    name: str = Field(examples=["Negroni"])
    ingredients: list[str] = Field(examples=[["Gin", "Campari", "Sweet Vermouth"]])
    tags: list[str] = Field(examples=[["stirred"]])
    rating: RatingSummaryBody
    missing: list[str] | None = Field(
        default=None,
        description="With `have`: the ingredients that are missing; otherwise null.",
        examples=[["Campari"]],
    )


class RecipePage(BaseModel):
    """A page of recipes, by name."""

    model_config = ConfigDict(from_attributes=True)

    items: list[RecipeSummaryBody]
    next_cursor: NextCursor


class RecipeIds(BaseModel):
    """Every recipe that meets a search, the best match first."""

    ids: list[int] = Field(examples=[[12, 7]])


class RecipeFactsBody(BaseModel):
    """Ratings and tags in columns: one entry per recipe that has either."""

    model_config = ConfigDict(from_attributes=True, title="RecipeFacts")

    id: list[int] = Field(examples=[[1]])
    rating: list[float | None] = Field(
        description="Means, from 1 to 5; null without ratings.", examples=[[4.5]]
    )
    tags: list[list[str]] = Field(examples=[[["stirred"]]])
