"""Imports through the HTTP API: the same readers and sink, with limits and field errors."""

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from api.db.catalog.errors import FieldFault, InvalidError
from api.db.errors import DatabaseError, DatasetError, Fault
from api.db.exchange import mapping
from api.db.exchange.drafts import Collection
from api.db.exchange.importing import import_into
from api.db.exchange.report import ImportReport, OnDuplicate
from api.db.exchange.sources import read_bytes
from api.db.exchange.time_limit import ImportTimeoutError, time_limit
from api.db.search_names import same_name

#: Unpacked: a small archive may hold much.
MAX_BYTES = 16 << 20
MAX_RECIPES = 5_000
MAX_LINES = 50_000
#: Names that are not known are compared with all that are.
MAX_NAMES = 5_000
#: How long reading a body may take, and then writing what it says, in seconds.
MAX_SECONDS = 20.0
#: How many faults one answer lists.
MAX_FAULTS = 100

_NAMES = TypeAdapter(dict[str, str | None])


def read_request(body: bytes) -> Collection:
    """Return what a body says, in any shape of :mod:`api.db.exchange.sources`.

    Raises
    ------
    InvalidError
        If nothing is recognized, or there is more than one request may bring, or reading takes
        longer than :data:`MAX_SECONDS`.
    """
    try:
        with time_limit(MAX_SECONDS):
            collection = read_bytes(body, "body", MAX_BYTES)
    except ImportTimeoutError as error:
        raise _too_slow(error) from error
    except DatabaseError as error:
        remedy = "See docs/import.md for the shapes that are recognized."
        raise InvalidError([FieldFault("body", str(error), remedy)]) from error
    lines = [line for recipe in collection.recipes for line in recipe.lines or ()]
    names = {same_name(line.text("ingredient") or line.text("line")) for line in lines}
    for count, limit, noun in (
        (len(collection.recipes), MAX_RECIPES, "recipes"),
        (len(lines), MAX_LINES, "ingredient lines"),
        (len(names | {row.text("name") or "" for row in collection.ingredients}), MAX_NAMES,
         "different ingredients"),
    ):  # fmt: skip
        if count > limit:
            message = f"There are {count:,} {noun}; the limit is {limit:,}."
            raise InvalidError([FieldFault("recipes", message, "Import them in parts.")])
    for recipe in collection.recipes:
        if recipe.ratings:
            # Anybody could rate in another's name.
            recipe.ratings = []
            collection.notes = ["Ratings belong to users and were ignored."]
    return collection


def read_names(text: str) -> dict[str, str | None]:
    """Return what names mean, from a JSON object.

    Raises
    ------
    InvalidError
        If it is not an object of texts and nulls.
    """
    try:
        return _NAMES.validate_json(text)
    except ValidationError as error:
        remedy = 'Send a JSON object such as {"House blend": "Aged Rum"}.'
        raise InvalidError([FieldFault("mapping", "Invalid mapping.", remedy)]) from error


def import_request(
    connection: Connection,
    source: Collection,
    on_duplicate: OnDuplicate,
    names: Mapping[str, str | None] | None = None,
    *,
    dry_run: bool,
) -> ImportReport:
    """Merge a source and return the report; the caller's transaction decides.

    Parameters
    ----------
    names
        What names of the source mean; None leaves a name's lines out.

    Raises
    ------
    InvalidError
        With each fault by row and field, or if it takes longer than :data:`MAX_SECONDS`.
    """
    decided = mapping.Mapping(
        {
            same_name(name): mapping.Target(meaning) if meaning else None
            for name, meaning in (names or {}).items()
        }
    )
    try:
        with time_limit(MAX_SECONDS):
            report = import_into(connection, source, on_duplicate, decided).report
    except ImportTimeoutError as error:
        raise _too_slow(error) from error
    except DatasetError as error:
        raise _invalid(error.faults) from error
    report.dry_run = dry_run
    return report


def _too_slow(error: ImportTimeoutError) -> InvalidError:
    message, _, remedy = str(error).partition(". ")
    return InvalidError([FieldFault("body", f"{message}.", remedy)])


def _invalid(faults: tuple[Fault, ...]) -> InvalidError:
    error = InvalidError([_field_fault(fault) for fault in faults[:MAX_FAULTS]])
    if len(faults) > MAX_FAULTS:
        error.detail = (
            f"{len(faults)} fields are invalid; errors has the first {MAX_FAULTS}. "
            f"Nothing was changed."
        )
    return error


def _field_fault(fault: Fault) -> FieldFault:
    field = fault.row
    if fault.field != "-":
        field += f".{fault.field}" if fault.row.endswith("]") else f", {fault.field}"
    return FieldFault(field, fault.message, fault.remedy)
