"""Recipes: read, searched and written."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from api.db.catalog import rows
from api.db.catalog.drafts import LineDraft, RecipeDraft
from api.db.catalog.errors import ConflictError, FieldFault, InvalidError
from api.db.catalog.paging import DEFAULT_PAGE_SIZE, Page
from api.db.catalog.ratings import RatingSummary, summaries
from api.db.catalog.search import (
    RecipeSearch,
    covered_ingredients,
    find_recipe_ids,
    find_recipes,
)
from api.db.catalog.tags import ids_of_tags
from api.db.catalog.values import as_number, as_text, version
from api.db.columns import TableColumns, read_table_columns
from api.db.schema import (
    ingredients,
    ratings,
    recipe_ingredients,
    recipe_tags,
    recipes,
    tags,
    units,
)
from api.db.volumes import unit_volume

_TEXTS = ("description", "instructions", "image_url", "source", "source_url")


@dataclass(frozen=True)
class Line:
    """One ingredient of a recipe.

    Attributes
    ----------
    volume_ml
        The volume that analytics assume (:mod:`api.db.volumes`); None if it is not finite.
    original_text
        The line as an imported source has it; None for lines that were typed here.
    """

    ingredient_id: int
    ingredient_name: str
    unit_id: int | None
    unit_name: str | None
    amount: float | None
    volume_ml: float | None
    original_text: str | None = None


@dataclass(frozen=True)
class Recipe:
    """A recipe with its lines in order, its tags and a summary of its ratings."""

    id: int
    name: str
    description: str | None
    instructions: str | None
    image_url: str | None
    source: str | None
    source_url: str | None
    ingredients: Sequence[Line]
    tags: Sequence[str]
    rating: RatingSummary

    @property
    def version(self) -> str:
        """The entity tag."""
        shown = asdict(self)
        written = {name: shown[name] for name in ("name", *_TEXTS, "tags")}
        written["ingredients"] = [
            {name: line[name] for name in LineDraft.model_fields} for line in shown["ingredients"]
        ]
        return version(written, shown)


@dataclass(frozen=True)
class RecipeSummary:
    """A recipe in a list.

    Attributes
    ----------
    ingredients
        Distinct names, in the order of the recipe.
    missing
        Those not at hand; None without ``have``.
    """

    id: int
    name: str
    ingredients: Sequence[str]
    tags: Sequence[str]
    rating: RatingSummary
    missing: Sequence[str] | None = None


@dataclass(frozen=True)
class RecipeFacts:
    """What people say of recipes, in columns: one entry per recipe that has a rating or a tag.

    Attributes
    ----------
    rating
        Means, from 1 to 5; None without ratings.
    """

    id: Sequence[int]
    rating: Sequence[float | None]
    tags: Sequence[Sequence[str]]


def search_recipes(
    connection: Connection,
    search: RecipeSearch,
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_PAGE_SIZE,
) -> Page[RecipeSummary]:
    """Return a page of recipes by name."""
    available = read_table_columns(connection)
    page = find_recipes(connection, available, search, cursor=cursor, limit=limit)
    ids = [row.id for row in page.items]
    lines, tag_names = _lines(connection, available, ids), _tags(connection, available, ids)
    rated = summaries(connection, available, ids)
    covered: set[int] | None = None
    if search.have:
        covered = set(connection.scalars(covered_ingredients(available, search.have)))

    def summary(row: Any) -> RecipeSummary:
        named = {line.ingredient_id: line.ingredient_name for line in lines.get(row.id, ())}
        missing = (
            None
            if covered is None
            else [name for number, name in named.items() if number not in covered]
        )
        return RecipeSummary(
            row.id,
            as_text(row.name) or "",
            list(named.values()),
            tag_names.get(row.id, []),
            rated.get(row.id, RatingSummary()),
            missing,
        )

    return page.map(summary)


def list_recipe_ids(connection: Connection, search: RecipeSearch) -> list[int]:
    """Return the ids of every recipe that meets a search, the best match first."""
    return find_recipe_ids(connection, read_table_columns(connection), search)


def list_recipe_facts(connection: Connection) -> RecipeFacts:
    """Return the mean rating and the public tags of every recipe that has any."""
    available = read_table_columns(connection)
    rated = summaries(connection, available, None)
    named = _tags(connection, available, None)
    ids = sorted({*rated, *named})
    return RecipeFacts(
        ids,
        [rated[one].average if one in rated else None for one in ids],
        [named.get(one, []) for one in ids],
    )


def get_recipe(connection: Connection, identifier: int) -> Recipe:
    """Return one recipe; NotFoundError if there is none."""
    found = get_recipes(connection, [identifier])
    if not found:
        raise rows.no_such(recipes, identifier)
    return found[0]


def get_recipes(connection: Connection, ids: Sequence[int]) -> list[Recipe]:
    """Return the recipes that exist, in the order of ``ids``."""
    available = read_table_columns(connection)
    columns = [available.column(recipes.c[name]) for name in ("id", "name", *_TEXTS)]
    found = {
        row.id: row
        for row in connection.execute(select(*columns).where(recipes.c.id.in_(list(ids))))
    }
    lines, tag_names = (
        _lines(connection, available, found),
        _tags(connection, available, found),
    )
    rated = summaries(connection, available, found)
    return [
        Recipe(
            id=one,
            name=as_text(found[one].name) or "",
            description=as_text(found[one].description),
            instructions=as_text(found[one].instructions),
            image_url=as_text(found[one].image_url),
            source=as_text(found[one].source),
            source_url=as_text(found[one].source_url),
            ingredients=lines.get(one, []),
            tags=tag_names.get(one, []),
            rating=rated.get(one, RatingSummary()),
        )
        for one in ids
        if one in found
    ]


def create_recipe(connection: Connection, draft: RecipeDraft) -> Recipe:
    """Add a recipe and its new tags."""
    _require_references(connection, draft)
    _require_name(connection, draft.name)
    return get_recipe(connection, write_recipe(connection, None, draft))


def update_recipe(
    connection: Connection,
    identifier: int,
    draft: RecipeDraft,
    expected: Collection[str] | None = None,
) -> Recipe:
    """Replace a recipe if its version is one of ``expected``."""
    before = get_recipe(connection, identifier)
    rows.require_version(before.version, expected, recipes)
    _require_references(connection, draft)
    _require_name(connection, draft.name, exclude_id=identifier)
    write_recipe(connection, identifier, draft)
    return get_recipe(connection, identifier)


def write_recipe(connection: Connection, identifier: int | None, draft: RecipeDraft) -> int:
    """Write a recipe with valid name and references; return its id.

    Parameters
    ----------
    identifier
        The recipe to replace; None for a new one.
    """
    columns = {name: getattr(draft, name) for name in ("name", *_TEXTS)}
    if identifier is None:
        made = insert(recipes).values(columns).returning(recipes.c.id)
        identifier = connection.execute(made).scalar_one()
    else:
        connection.execute(update(recipes).where(recipes.c.id == identifier).values(columns))
    _write_lines(connection, identifier, draft.ingredients)
    _write_tags(connection, identifier, draft.tags)
    return identifier


def delete_recipe(
    connection: Connection, identifier: int, expected: Collection[str] | None = None
) -> None:
    """Delete a recipe with its lines, ratings and tags."""
    rows.require_version(get_recipe(connection, identifier).version, expected, recipes)
    # Explicitly: adopted databases have no cascades.
    for table in (recipe_ingredients, ratings, recipe_tags):
        connection.execute(delete(table).where(table.c.recipe_id == identifier))
    connection.execute(delete(recipes).where(recipes.c.id == identifier))


def draft_of(recipe: Recipe) -> RecipeDraft:
    """Return the draft that would produce this recipe, not validated."""
    shown = asdict(recipe)
    lines = [
        LineDraft.model_construct(**{name: line[name] for name in LineDraft.model_fields})
        for line in shown["ingredients"]
    ]
    return RecipeDraft.model_construct(
        name=recipe.name,
        tags=list(recipe.tags),
        ingredients=lines,
        **{name: shown[name] for name in _TEXTS},
    )


def _require_name(connection: Connection, name: str, *, exclude_id: int | None = None) -> None:
    """Refuse a taken name if an adopted database requires unique names; ours does not."""
    taken = connection.scalar(select(recipes.c.id).where(recipes.c.name == name).limit(1))
    if taken is not None and taken != exclude_id and _names_are_unique(connection):
        raise ConflictError(
            f"Recipe {taken} already has the name {name!r}.",
            [FieldFault("name", f"Recipe {taken} already has this name.", "Choose another name.")],
        )


def _names_are_unique(connection: Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    for index in connection.exec_driver_sql("PRAGMA index_list('recipes')").mappings().all():
        columns = connection.exec_driver_sql(
            "SELECT name FROM pragma_index_info(?)", (index["name"],)
        )
        if index["unique"] and [name for (name,) in columns] == ["name"]:
            return True
    return False


def _require_references(connection: Connection, draft: RecipeDraft) -> None:
    lines = draft.ingredients
    known = {
        "ingredient_id": rows.existing_ids(
            connection, ingredients, [line.ingredient_id for line in lines]
        ),
        "unit_id": rows.existing_ids(
            connection, units, [line.unit_id for line in lines if line.unit_id is not None]
        ),
    }
    faults = [
        FieldFault(
            f"ingredients[{number}].{field}",
            f"{field.removesuffix('_id').capitalize()} {getattr(line, field)} does not exist.",
            f"Use an id from /{field.removesuffix('_id')}s, or add it first.",
        )
        for number, line in enumerate(lines)
        for field, ids in known.items()
        if getattr(line, field) is not None and getattr(line, field) not in ids
    ]
    if faults:
        raise InvalidError(faults)


def _write_lines(connection: Connection, recipe_id: int, wanted: Sequence[LineDraft]) -> None:
    """Write a recipe's lines, leaving unchanged ones alone.

    Their ids are part of the data fingerprint: a new description must not look like new data.
    """
    table = recipe_ingredients
    present = connection.execute(
        select(
            table.c.id,
            table.c.ingredient_id,
            table.c.unit_id,
            table.c.amount,
            table.c.original_text,
        )
        .where(table.c.recipe_id == recipe_id)
        .order_by(table.c.id)
    ).all()
    for row, line in zip(present, wanted, strict=False):
        same = tuple(row[1:4]) == (line.ingredient_id, line.unit_id, line.amount)
        # An editor does not send the source's text; it is kept while it describes the line.
        if not same or line.original_text not in (None, row.original_text):
            connection.execute(update(table).where(table.c.id == row.id).values(line.model_dump()))
    added = [{"recipe_id": recipe_id, **line.model_dump()} for line in wanted[len(present) :]]
    if added:
        connection.execute(insert(table), added)
    surplus = [row.id for row in present[len(wanted) :]]
    if surplus:
        connection.execute(delete(table).where(table.c.id.in_(surplus)))


def _write_tags(connection: Connection, recipe_id: int, names: Sequence[str]) -> None:
    wanted = set(ids_of_tags(connection, names))
    own = recipe_tags.c.recipe_id == recipe_id
    present = set(connection.scalars(select(recipe_tags.c.tag_id).where(own)))
    if present - wanted:
        gone = recipe_tags.c.tag_id.in_(sorted(present - wanted))
        connection.execute(delete(recipe_tags).where(own, gone))
    if wanted - present:
        connection.execute(
            insert(recipe_tags),
            [{"recipe_id": recipe_id, "tag_id": one} for one in sorted(wanted - present)],
        )


def _lines(
    connection: Connection, available: TableColumns, recipe_ids: Iterable[int]
) -> Mapping[int, list[Line]]:
    line = recipe_ingredients.c
    query = (
        select(
            line.recipe_id,
            line.ingredient_id,
            ingredients.c.name.label("ingredient_name"),
            line.unit_id,
            units.c.name.label("unit_name"),
            line.amount,
            available.column(line.original_text),
            available.column(units.c.conversion_to_ml),
        )
        .join_from(
            recipe_ingredients, ingredients, line.ingredient_id == ingredients.c.id, isouter=True
        )
        .join(units, line.unit_id == units.c.id, isouter=True)
        .where(line.recipe_id.in_(list(recipe_ids)))
        .order_by(line.recipe_id, line.id)
    )
    found: dict[int, list[Line]] = {}
    for row in connection.execute(query):
        amount = as_number(row.amount)
        unit_name = as_text(row.unit_name)
        found.setdefault(row.recipe_id, []).append(
            Line(
                row.ingredient_id,
                # Unchecked databases may have dangling references.
                as_text(row.ingredient_name) or f"ingredient {row.ingredient_id}",
                row.unit_id,
                unit_name,
                amount,
                as_number(unit_volume(unit_name, as_number(row.conversion_to_ml)).of(amount)),
                as_text(row.original_text),
            )
        )
    return found


def _tags(
    connection: Connection, available: TableColumns, recipe_ids: Iterable[int] | None
) -> Mapping[int, list[str]]:
    if not (available.has("tags", "name") and available.has("recipe_tags", "tag_id")):
        return {}
    query = (
        select(recipe_tags.c.recipe_id, tags.c.name)
        .join(tags, tags.c.id == recipe_tags.c.tag_id)
        .where(available.public_tag())
        .order_by(recipe_tags.c.recipe_id, tags.c.id)
    )
    if recipe_ids is not None:
        query = query.where(recipe_tags.c.recipe_id.in_(list(recipe_ids)))
    found: dict[int, list[str]] = {}
    for recipe_id, name in connection.execute(query):
        found.setdefault(recipe_id, []).append(as_text(name) or "")
    return found
