"""Recipe search: by name, by ingredients with and without, by tag, and by what is at hand.

An ingredient matches itself and everything below it: a search for gin finds Tanqueray drinks.

*What can I make* (``have``): a recipe is covered if each of its lines is. What is at hand covers

- itself, and every kind above it: Tanqueray, where a line asks for gin;
- everything below it: "Gin" at hand means that any gin will do;
- ingredients that allow substitution and whose parent is covered: where a line asks for Tanqueray,
  and Tanqueray allows substitution, another gin will do. A single step: the parent's own parent
  does not count.

Up to ``missing`` different ingredients may be missing, but at least one line must be covered:
otherwise every short recipe would match. Recipes without ingredients never match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    distinct,
    func,
    literal,
    or_,
    select,
)

from api.db.catalog.errors import FieldFault, InvalidError
from api.db.catalog.matching import NameMatch, has_match, match_names, matching_ingredients
from api.db.catalog.paging import DEFAULT_PAGE_SIZE, Page, read_page
from api.db.catalog.rows import existing_ids
from api.db.columns import TableColumns
from api.db.schema import ingredients, recipe_ingredients, recipe_tags, recipes, tags
from api.db.search_names import NOTHING, folded_column, search_key

#: After every match of a name.
_HOLDS_RANK = "6"
#: The most values a search list may have.
MAX_TERMS = 200


@dataclass(frozen=True)
class RecipeSearch:
    """Search conditions; all of them must hold.

    Attributes
    ----------
    q
        Words of the name or of an ingredient, in any order (:mod:`.matching`).
    ingredient, any_ingredient, not_ingredient
        Ids: all of these, at least one of these, none of these.
    have
        Ids of the ingredients at hand.
    missing
        How many ingredients may be missing, with ``have``.
    tag
        Names: all of these.
    """

    q: str = ""
    ingredient: Sequence[int] = ()
    any_ingredient: Sequence[int] = ()
    not_ingredient: Sequence[int] = ()
    have: Sequence[int] = ()
    missing: int = 0
    tag: Sequence[str] = ()


def find_recipes(
    connection: Connection,
    available: TableColumns,
    search: RecipeSearch,
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_PAGE_SIZE,
) -> Page[Row[Any]]:
    """Return a page of ids and names: the best matches of ``q`` first, otherwise by folded name.

    Raises
    ------
    InvalidError
        If an ingredient id does not exist, or the cursor is invalid.
    """
    _require_ingredients(connection, search)
    query, key = recipe_query(connection, available, search)
    return read_page(connection, query, key, recipes.c.id, cursor=cursor, limit=limit)


def find_recipe_ids(
    connection: Connection, available: TableColumns, search: RecipeSearch
) -> list[int]:
    """Return the ids of every recipe that :func:`find_recipes` would page through, in its order.

    Raises
    ------
    InvalidError
        If an ingredient id does not exist.
    """
    _require_ingredients(connection, search)
    query, key = recipe_query(connection, available, search)
    return list(
        connection.scalars(query.with_only_columns(recipes.c.id).order_by(key, recipes.c.id))
    )


def recipe_query(
    connection: Connection, available: TableColumns, search: RecipeSearch
) -> tuple[Select[Any], ColumnElement[str]]:
    """Return the query for a search, and the key to order by."""
    query = select(recipes.c.id, recipes.c.name)
    key = folded_column(connection, available, recipes)
    if search.q:
        match = _match(connection, available, key, search.q)
        query, key = query.where(match.condition), match.key(key, None)
    for one in dict.fromkeys(search.ingredient):
        query = query.where(recipes.c.id.in_(_recipes_with([one])))
    if search.any_ingredient:
        query = query.where(recipes.c.id.in_(_recipes_with(search.any_ingredient)))
    if search.not_ingredient:
        query = query.where(recipes.c.id.not_in(_recipes_with(search.not_ingredient)))
    for name in dict.fromkeys(search.tag):
        query = query.where(_tagged(connection, available, name))
    if search.have:
        query = query.where(recipes.c.id.in_(_makeable(available, search)))
    return query, key


def _match(
    connection: Connection, available: TableColumns, key: ColumnElement[str], q: str
) -> NameMatch:
    """Match names of recipes first, then recipes with an ingredient of that name."""
    ingredient_key = folded_column(connection, available, ingredients)
    for forgive in (False, True):
        named = match_names(connection, recipes, key, q, forgive=forgive)
        held = matching_ingredients(connection, ingredient_key, q, forgive=forgive)
        if held or has_match(connection, recipes, named):
            break
    if not held:
        return named
    rank = case((named.condition, named.rank), else_=_HOLDS_RANK)
    return NameMatch(or_(named.condition, recipes.c.id.in_(_recipes_with(held))), rank)


def _require_ingredients(connection: Connection, search: RecipeSearch) -> None:
    lists = {
        "ingredient": search.ingredient,
        "any_ingredient": search.any_ingredient,
        "not_ingredient": search.not_ingredient,
        "have": search.have,
    }
    known = existing_ids(
        connection, ingredients, {one for wanted in lists.values() for one in wanted}
    )
    faults = [
        FieldFault(field, f"Ingredient {one} does not exist.", "Use an id from /ingredients.")
        for field, wanted in lists.items()
        for one in dict.fromkeys(wanted)
        if one not in known
    ]
    if faults:
        raise InvalidError(faults)


def at_or_below(ids: Sequence[int]) -> Select[Any]:
    """Return the query for the ids of some ingredients and of everything below them.

    By ``parent_id``, so that it works without ``path``; UNION ends at a damaged tree's cycle.
    """
    below = select(ingredients.c.id).where(ingredients.c.id.in_(sorted(set(ids))))
    found = below.cte(recursive=True)
    found = found.union(select(ingredients.c.id).join(found, ingredients.c.parent_id == found.c.id))
    return select(found.c.id)


def _at_or_above(ids: Sequence[int]) -> Select[Any]:
    column = ingredients.c
    above = select(column.id, column.parent_id).where(column.id.in_(sorted(set(ids))))
    found = above.cte(recursive=True)
    found = found.union(
        select(column.id, column.parent_id).join(found, column.id == found.c.parent_id)
    )
    return select(found.c.id)


def _recipes_with(ids: Sequence[int]) -> Select[Any]:
    line = recipe_ingredients.c
    # Unchecked databases may have lines without a recipe; NULL would make NOT IN unknown.
    return select(line.recipe_id).where(
        line.ingredient_id.in_(at_or_below(ids)), line.recipe_id.is_not(None)
    )


def _tagged(connection: Connection, available: TableColumns, name: str) -> ColumnElement[bool]:
    if not (available.has("tags", "name") and available.has("recipe_tags", "tag_id")):
        return NOTHING
    named = select(tags.c.id).where(
        folded_column(connection, available, tags) == literal(search_key(name)),
        available.public_tag(),
    )
    return recipes.c.id.in_(select(recipe_tags.c.recipe_id).where(recipe_tags.c.tag_id.in_(named)))


def covered_ingredients(available: TableColumns, have: Sequence[int]) -> Select[Any]:
    """Return the query for the ids that a line may ask for, given what one has."""
    direct = select(at_or_below(have).union(_at_or_above(have)).subquery().c.id)
    covered: ColumnElement[bool] = ingredients.c.id.in_(direct)
    if available.has("ingredients", "allow_substitution"):
        covered |= ingredients.c.allow_substitution.is_(True) & ingredients.c.parent_id.in_(direct)
    return select(ingredients.c.id).where(covered)


def _makeable(available: TableColumns, search: RecipeSearch) -> Select[Any]:
    covered = covered_ingredients(available, search.have)
    line, every = recipe_ingredients, recipe_ingredients.alias("every")
    # From the ingredients at hand to their recipes, then to the other lines: both by index.
    asked = (
        select(func.count(distinct(every.c.ingredient_id)))
        .where(every.c.recipe_id == line.c.recipe_id)
        .scalar_subquery()
    )
    return (
        select(line.c.recipe_id)
        .where(line.c.ingredient_id.in_(covered))
        .group_by(line.c.recipe_id)
        .having(asked - func.count(distinct(line.c.ingredient_id)) <= search.missing)
    )
