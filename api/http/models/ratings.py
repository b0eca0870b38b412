"""Shapes of ratings."""

from pydantic import BaseModel, ConfigDict, Field

from api.http.models.paging import NextCursor


class RatingBody(BaseModel):
    """A user's rating of a recipe."""

    model_config = ConfigDict(from_attributes=True, title="Rating")

    recipe_id: int = Field(examples=[1])
    user_id: str | None = Field(
        description="Your own ID on your own ratings; null on those of others.", examples=["local"]
    )
    rating: int = Field(description="From 1 to 5.", examples=[5])
    created_at: str | None = Field(
        description="When it was last changed (UTC).", examples=["2026-01-31T12:00:00+00:00"]
    )

    def for_reader(self, subject: str | None) -> "RatingBody":
        """Return what one reader may see; None for the public."""
        return self if self.user_id == subject else self.model_copy(update={"user_id": None})


class RatingPage(BaseModel):
    """A page of ratings, the oldest first."""

    model_config = ConfigDict(from_attributes=True)

    items: list[RatingBody]
    next_cursor: NextCursor
