"""What every page of a list has."""

from typing import Annotated

from pydantic import Field

NextCursor = Annotated[
    str | None, Field(description="Pass it as `cursor` for the next page; null on the last page.")
]
