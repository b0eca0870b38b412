"""What every page of a list says."""

from typing import Annotated

from pydantic import Field

NextCursor = Annotated[
    str | None, Field(description="Pass as `cursor` for the next page; null on the last one.")
]
