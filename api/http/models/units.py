"""Shapes of units."""

from pydantic import BaseModel, ConfigDict, Field

from api.http.models.paging import NextCursor


class UnitBody(BaseModel):
    """A unit."""

    model_config = ConfigDict(from_attributes=True, title="Unit")

    id: int = Field(examples=[1])
    name: str = Field(examples=["Ounce"])
    abbreviation: str | None = Field(examples=["oz"])
    conversion_to_ml: float | None = Field(
        description="Its volume in ml; null if it has no fixed volume.", examples=[29.5735]
    )


class UnitPage(BaseModel):
    """A page of units, by name."""

    model_config = ConfigDict(from_attributes=True)

    items: list[UnitBody]
    next_cursor: NextCursor
