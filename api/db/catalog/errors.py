"""Why the catalogue refuses something, in words a user can act on."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldFault:
    """One thing wrong with what was asked.

    Attributes
    ----------
    field
        Where, such as ``ingredients[3].unit_id``; in an import with the row before it.
    message, remedy
        What is wrong, and what to do about it.
    """

    field: str
    message: str
    remedy: str


class CatalogError(Exception):
    """The catalogue refuses; nothing was changed.

    Attributes
    ----------
    faults
        Each field that is wrong, where fields are.
    """

    def __init__(self, detail: str, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)


class NotFoundError(CatalogError):
    """There is no such row."""


class InvalidError(CatalogError):
    """A value is wrong."""

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        count = len(faults)
        super().__init__(
            f"{count} field{' is' if count == 1 else 's are'} wrong; see errors.", faults
        )


class ConflictError(CatalogError):
    """It does not fit with what is there: a name that is taken, a row that is used."""


class ChangedError(CatalogError):
    """Somebody has changed it since it was read."""


class OutdatedSchemaError(ConflictError):
    """The database lacks what a write needs."""
