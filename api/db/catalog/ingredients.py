"""Ingredients and their tree."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, ScalarSelect, delete, func, insert, select, update

from api.db.catalog import rows
from api.db.catalog.drafts import IngredientDraft
from api.db.catalog.errors import FieldFault, InvalidError
from api.db.catalog.paging import DEFAULT_PAGE_SIZE, Page
from api.db.catalog.values import as_text, version
from api.db.columns import TableColumns, read_table_columns
from api.db.rules import MAX_PATH
from api.db.schema import ingredients, recipe_ingredients, recipes


@dataclass(frozen=True)
class Ingredient:
    """An ingredient.

    Attributes
    ----------
    path
        ``/1/12/``: its ancestors' ids from the top, then its own.
    recipe_count
        How many recipes list this ingredient itself, not one below it.
    """

    id: int
    name: str
    description: str | None
    parent_id: int | None
    path: str
    allow_substitution: bool
    has_children: bool
    recipe_count: int

    @property
    def version(self) -> str:
        """The entity tag."""
        shown = asdict(self)
        written = {name: shown[name] for name in IngredientDraft.model_fields}
        return version(written, shown)


def _query(available: TableColumns) -> Any:
    column = ingredients.c
    child = ingredients.alias("child")
    return select(
        *(
            available.column(wanted)
            for wanted in (column.id, column.name, column.description, column.parent_id,
                           column.path, column.allow_substitution)
        ),
        select(child.c.id).where(child.c.parent_id == column.id).exists().label("has_children"),
        _uses().label("recipe_count"),
    )  # fmt: skip


def _uses() -> ScalarSelect[int]:
    return (
        select(func.count(recipe_ingredients.c.recipe_id.distinct()))
        .where(recipe_ingredients.c.ingredient_id == ingredients.c.id)
        .scalar_subquery()
    )


def _ingredients(connection: Connection, found: Sequence[Row[Any]]) -> list[Ingredient]:
    parents: dict[int, int | None] = {}
    if any(not row.path for row in found):  # not migrated yet: path follows from parent_id
        query = select(ingredients.c.id, ingredients.c.parent_id)
        parents = {one: parent for one, parent in connection.execute(query)}  # noqa: C416 - rows
    return [
        Ingredient(
            row.id,
            as_text(row.name) or "",
            as_text(row.description),
            row.parent_id,
            as_text(row.path) or _path(row.id, parents),
            bool(row.allow_substitution),
            bool(row.has_children),
            row.recipe_count,
        )
        for row in found
    ]


def _path(identifier: int, parents: Mapping[int, int | None]) -> str:
    chain: list[int] = []
    node: int | None = identifier
    while node is not None and node not in chain:
        chain.append(node)
        node = parents.get(node)
    return f"/{''.join(f'{one}/' for one in reversed(chain))}"


def list_ingredients(
    connection: Connection,
    *,
    q: str | None = None,
    parent_id: int | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_PAGE_SIZE,
) -> Page[Ingredient]:
    """Return a page of ingredients by name.

    Parameters
    ----------
    q
        Words of the name.
    parent_id
        Only direct children of this ingredient; 0 for the top level.
    """
    available = read_table_columns(connection)
    query = _query(available)
    if parent_id == 0:
        query = query.where(ingredients.c.parent_id.is_(None))
    elif parent_id is not None:
        query = query.where(ingredients.c.parent_id == parent_id)
    page = rows.read_named(
        connection, available, ingredients, query, q=q, cursor=cursor, limit=limit, use=_uses()
    )
    return Page(_ingredients(connection, page.items), page.next_cursor)


def get_ingredient(connection: Connection, identifier: int) -> Ingredient:
    """Return one ingredient; NotFoundError if there is none."""
    query = _query(read_table_columns(connection)).where(ingredients.c.id == identifier)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise rows.no_such(ingredients, identifier)
    return _ingredients(connection, [row])[0]


def create_ingredient(connection: Connection, draft: IngredientDraft) -> Ingredient:
    """Add an ingredient below its parent."""
    rows.require_free_name(connection, ingredients, draft.name)
    above = _chain(connection, draft.parent_id)
    made = connection.execute(
        insert(ingredients).values(**draft.model_dump(), path="/").returning(ingredients.c.id)
    ).scalar_one()
    _write_paths(connection, made, above)
    return get_ingredient(connection, made)


def update_ingredient(
    connection: Connection,
    identifier: int,
    draft: IngredientDraft,
    expected: Collection[str] | None = None,
) -> Ingredient:
    """Replace an ingredient. Its descendants move with it to a new parent."""
    before = get_ingredient(connection, identifier)
    rows.require_version(before.version, expected, ingredients)
    rows.require_free_name(connection, ingredients, draft.name, exclude_id=identifier)
    above = _chain(connection, draft.parent_id)
    if identifier in above:
        query = select(ingredients.c.id, ingredients.c.name).where(ingredients.c.id.in_(above))
        names = {one: name for one, name in connection.execute(query)}  # noqa: C416 - rows
        line = " > ".join(names[one] for one in above[above.index(identifier) :])
        raise _invalid_parent(
            f"The ingredient would be below itself: {line} > {before.name}.",
            "Choose a parent that is not below it.",
        )
    connection.execute(
        update(ingredients).where(ingredients.c.id == identifier).values(draft.model_dump())
    )
    _write_paths(connection, identifier, above)
    return get_ingredient(connection, identifier)


def delete_ingredient(
    connection: Connection, identifier: int, expected: Collection[str] | None = None
) -> None:
    """Delete an ingredient; ConflictError if a recipe or another ingredient uses it."""
    found = get_ingredient(connection, identifier)
    rows.require_version(found.version, expected, ingredients)
    what = f"Ingredient {found.name!r}"
    below = (
        select(ingredients.c.id, ingredients.c.name)
        .where(ingredients.c.parent_id == identifier)
        .order_by(ingredients.c.id)
    )
    rows.refuse_if_used(
        connection, what, "ingredients below it,", below, "Move or delete those first."
    )
    users = (
        select(recipes.c.id, recipes.c.name)
        .join(recipe_ingredients, recipe_ingredients.c.recipe_id == recipes.c.id)
        .where(recipe_ingredients.c.ingredient_id == identifier)
        .distinct()
        .order_by(recipes.c.id)
    )
    rows.refuse_if_used(connection, what, "recipes", users, "Replace it in those recipes first.")
    connection.execute(delete(ingredients).where(ingredients.c.id == identifier))


def _invalid_parent(message: str, remedy: str) -> InvalidError:
    return InvalidError([FieldFault("parent_id", message, remedy)])


def _chain(connection: Connection, identifier: int | None) -> list[int]:
    """Return the ids from the top down to ``identifier``, following the parents."""
    chain: list[int] = []
    wanted = identifier
    while wanted is not None:
        if wanted in chain:
            raise _invalid_parent(
                "The parents above it form a cycle.", "Find it with: cocktaildb db check"
            )
        row = connection.execute(
            select(ingredients.c.parent_id).where(ingredients.c.id == wanted)
        ).one_or_none()
        if row is None:
            raise _invalid_parent(
                f"Ingredient {wanted} does not exist.", "Add it first, or use an existing one."
            )
        chain.append(wanted)
        wanted = row.parent_id
    return chain[::-1]


def _write_paths(connection: Connection, identifier: int, above: list[int]) -> None:
    """Write the path of an ingredient and of all below it, level by level."""
    level = {identifier: f"/{''.join(f'{one}/' for one in above)}{identifier}/"}
    while level:
        if any(len(path) > MAX_PATH for path in level.values()):
            raise _invalid_parent("The tree would be too deep.", "Choose a parent further up.")
        stored = connection.execute(
            select(ingredients.c.id, ingredients.c.path).where(ingredients.c.id.in_(level))
        )
        for one, path in stored.all():
            if path != level[one]:
                connection.execute(
                    update(ingredients).where(ingredients.c.id == one).values(path=level[one])
                )
        children = connection.execute(
            select(ingredients.c.id, ingredients.c.parent_id).where(
                ingredients.c.parent_id.in_(level)
            )
        )
        level = {child: f"{level[parent]}{child}/" for child, parent in children.all()}
