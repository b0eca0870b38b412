"""Shapes of tags."""

from pydantic import BaseModel, ConfigDict, Field

from api.http.models.paging import NextCursor


class TagBody(BaseModel):
    """A tag."""

    model_config = ConfigDict(from_attributes=True, title="Tag")

    id: int = Field(examples=[1])
    name: str = Field(examples=["stirred"])


class TagPage(BaseModel):
    """A page of tags, by name."""

    model_config = ConfigDict(from_attributes=True)

    items: list[TagBody]
    next_cursor: NextCursor
