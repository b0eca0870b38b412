"""Errors of catalog reads and writes, each with its remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True)
class FieldFault:
    """One invalid field of a request."""

    field: Annotated[
        str,
        Field(
            description="A path into the body (in imports after the row), or a parameter's name.",
            examples=["ingredients[0].amount"],
        ),
    ]
    message: Annotated[str, Field(description="What is wrong.", examples=["-30 is less than 0."])]
    remedy: Annotated[
        str, Field(description="What to do about it.", examples=["Enter a number of zero or more."])
    ]


class CatalogError(Exception):
    """The request was refused; nothing has changed.

    Attributes
    ----------
    faults
        The invalid fields, if any.
    """

    def __init__(self, detail: str, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)


class NotFoundError(CatalogError):
    """The row does not exist."""


class InvalidError(CatalogError):
    """A value is invalid."""

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        count = len(faults)
        super().__init__(
            f"{count} field{' is' if count == 1 else 's are'} invalid; see errors.", faults
        )


class ConflictError(CatalogError):
    """It conflicts with existing data: the name is taken, or the row is in use."""


class ChangedError(CatalogError):
    """The row has changed since the client read it."""


class OutdatedSchemaError(ConflictError):
    """The database lacks tables or columns that a write needs."""
