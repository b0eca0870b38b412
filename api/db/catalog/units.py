"""Units of measure."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from api.db.catalog import rows
from api.db.catalog.drafts import UnitDraft
from api.db.catalog.paging import DEFAULT_PAGE_SIZE, Page
from api.db.catalog.values import as_number, as_text, version
from api.db.columns import TableColumns, read_table_columns
from api.db.schema import recipe_ingredients, recipes, units


@dataclass(frozen=True)
class Unit:
    """A unit; ``conversion_to_ml`` is None without a fixed volume."""

    id: int
    name: str
    abbreviation: str | None
    conversion_to_ml: float | None

    @property
    def version(self) -> str:
        """The entity tag."""
        return version(asdict(self), {})


def _query(available: TableColumns) -> Any:
    columns = (units.c.id, units.c.name, units.c.abbreviation, units.c.conversion_to_ml)
    return select(*(available.column(column) for column in columns))


def _unit(row: Row[Any]) -> Unit:
    return Unit(
        row.id, as_text(row.name) or "", as_text(row.abbreviation), as_number(row.conversion_to_ml)
    )


def list_units(
    connection: Connection,
    *,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_PAGE_SIZE,
) -> Page[Unit]:
    """Return a page of units by name."""
    available = read_table_columns(connection)
    use = (
        select(func.count())
        .select_from(recipe_ingredients)
        .where(recipe_ingredients.c.unit_id == units.c.id)
        .scalar_subquery()
    )
    return rows.read_named(
        connection, available, units, _query(available), q=q, cursor=cursor, limit=limit, use=use
    ).map(_unit)


def units_by_id(connection: Connection) -> dict[int, Unit]:
    """Return every unit; a bar has a few dozen at most."""
    found = connection.execute(_query(read_table_columns(connection)))
    return {unit.id: unit for unit in map(_unit, found)}


def get_unit(connection: Connection, identifier: int) -> Unit:
    """Return one unit; NotFoundError if there is none."""
    available = read_table_columns(connection)
    row = connection.execute(_query(available).where(units.c.id == identifier)).one_or_none()
    if row is None:
        raise rows.no_such(units, identifier)
    return _unit(row)


def create_unit(connection: Connection, draft: UnitDraft) -> Unit:
    """Add a unit; ConflictError if the name is taken."""
    rows.require_free_name(connection, units, draft.name)
    made = connection.execute(insert(units).values(draft.model_dump()).returning(units.c.id))
    return get_unit(connection, made.scalar_one())


def update_unit(
    connection: Connection,
    identifier: int,
    draft: UnitDraft,
    expected: Collection[str] | None = None,
) -> Unit:
    """Replace a unit if its version is one of ``expected``."""
    rows.require_version(get_unit(connection, identifier).version, expected, units)
    rows.require_free_name(connection, units, draft.name, exclude_id=identifier)
    connection.execute(update(units).where(units.c.id == identifier).values(draft.model_dump()))
    return get_unit(connection, identifier)


def delete_unit(
    connection: Connection, identifier: int, expected: Collection[str] | None = None
) -> None:
    """Delete a unit; ConflictError if a recipe uses it."""
    unit = get_unit(connection, identifier)
    rows.require_version(unit.version, expected, units)
    users = (
        select(recipes.c.id, recipes.c.name)
        .join(recipe_ingredients, recipe_ingredients.c.recipe_id == recipes.c.id)
        .where(recipe_ingredients.c.unit_id == identifier)
        .distinct()
        .order_by(recipes.c.id)
    )
    rows.refuse_if_used(
        connection,
        f"Unit {unit.name!r}",
        "recipes",
        users,
        "Change the unit in those recipes first.",
    )
    connection.execute(delete(units).where(units.c.id == identifier))
