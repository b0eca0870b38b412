"""Recipe search: by name, by ingredients with and without, by tag, and by what is at hand.

An ingredient matches itself and everything below it: a search for gin finds Tanqueray drinks.

*What can I make* (``have``): a recipe is covered if each of its lines is.

- What I have serves for itself and for every kind it belongs to: Tanqueray, where a line asks for
  gin.
- A line that asks for a leaf that allows substitution asks for the leaf's parent, as it does in the
  learned distance (:mod:`barcart.rollup`): where it names Tanqueray, and Tanqueray allows
  substitution, any gin of the same parent will do, and so will "gin", if that is the parent.
- No more than that: having "gin" does not cover a line that insists on Old Tom, because some other
  gin may be meant. Nor does it reach further up than the leaf's parent.
- Up to ``missing`` different ingredients may be missing, but at least one line must be covered:
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
    and_,
    case,
    distinct,
    func,
    literal,
    or_,
    select,
)

from api.db.catalog.errors import FieldFault, InvalidError
from api.db.catalog.paging import DEFAULT_PAGE_SIZE, Page, read_page
from api.db.catalog.rows import existing_ids
from api.db.columns import TableColumns
from api.db.schema import ingredients, recipe_ingredients, recipe_tags, recipes, tags
from api.db.search_names import NOTHING, contains_words, folded_column, search_key

#: The most values a search list may have.
MAX_TERMS = 200


@dataclass(frozen=True)
class RecipeSearch:
    """Search conditions; all of them must hold.

    Attributes
    ----------
    q
        Words of the name, in any order.
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
    """Return a page of ids and names, ordered by folded name and id.

    Raises
    ------
    InvalidError
        If an ingredient id does not exist, or the cursor is invalid.
    """
    _require_ingredients(connection, search)
    return read_page(
        connection,
        recipe_query(connection, available, search),
        folded_column(connection, available, recipes),
        recipes.c.id,
        cursor=cursor,
        limit=limit,
    )


def recipe_query(
    connection: Connection, available: TableColumns, search: RecipeSearch
) -> Select[Any]:
    """Return the query for a search, not yet ordered."""
    query = select(recipes.c.id, recipes.c.name)
    if search.q:
        query = query.where(
            *contains_words(folded_column(connection, available, recipes), search.q)
        )
    paths = _paths(connection, {*search.ingredient, *search.any_ingredient, *search.not_ingredient})
    for one in dict.fromkeys(search.ingredient):
        query = query.where(recipes.c.id.in_(_recipes_with([(one, paths[one])])))
    if search.any_ingredient:
        wanted = [(one, paths[one]) for one in dict.fromkeys(search.any_ingredient)]
        query = query.where(recipes.c.id.in_(_recipes_with(wanted)))
    if search.not_ingredient:
        unwanted = [(one, paths[one]) for one in dict.fromkeys(search.not_ingredient)]
        query = query.where(recipes.c.id.not_in(_recipes_with(unwanted)))
    for name in dict.fromkeys(search.tag):
        query = query.where(_tagged(connection, available, name))
    if search.have:
        query = query.where(recipes.c.id.in_(_makeable(connection, available, search)))
    return query


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


def _paths(connection: Connection, ids: set[int]) -> dict[int, str]:
    query = select(ingredients.c.id, ingredients.c.path).where(ingredients.c.id.in_(ids))
    return {identifier: str(path or "") for identifier, path in connection.execute(query)}


def _at_or_below(terms: Sequence[tuple[int, str]]) -> ColumnElement[bool]:
    """Return the condition for an ingredient in any of the subtrees.

    A subtree is a range of paths: '0' is the character after '/'. No wildcards to escape, and the
    index on path works on both databases.
    """
    path = ingredients.c.path
    return or_(
        ingredients.c.id.in_([identifier for identifier, _ in terms]),
        *(
            and_(path >= prefix, path < f"{prefix[:-1]}0")
            for _, prefix in terms
            if len(prefix) > 1 and prefix.endswith("/")
        ),
    )


def _recipes_with(terms: Sequence[tuple[int, str]]) -> Select[Any]:
    wanted = select(ingredients.c.id).where(_at_or_below(terms))
    line = recipe_ingredients.c
    # Unchecked databases may have lines without a recipe; NULL would make NOT IN unknown.
    return select(line.recipe_id).where(line.ingredient_id.in_(wanted), line.recipe_id.is_not(None))


def _tagged(connection: Connection, available: TableColumns, name: str) -> ColumnElement[bool]:
    if not (available.has("tags") and available.has("recipe_tags")):
        return NOTHING
    named = select(tags.c.id).where(
        folded_column(connection, available, tags) == literal(search_key(name))
    )
    return recipes.c.id.in_(select(recipe_tags.c.recipe_id).where(recipe_tags.c.tag_id.in_(named)))


def covered_ingredients(
    connection: Connection, available: TableColumns, have: Sequence[int]
) -> Select[Any]:
    """Return the query for the ids that a line may ask for, given what one has."""
    served = set(have)
    for path in _paths(connection, set(have)).values():
        served.update(int(part) for part in path.split("/") if part.isdecimal())
    asked: ColumnElement[Any] = ingredients.c.id
    if available.has("ingredients", "allow_substitution"):
        child = ingredients.alias("child")
        is_leaf = ~select(child.c.id).where(child.c.parent_id == ingredients.c.id).exists()
        asked = case(
            (
                and_(
                    ingredients.c.allow_substitution.is_(True),
                    ingredients.c.parent_id.is_not(None),
                    is_leaf,
                ),
                ingredients.c.parent_id,
            ),
            else_=ingredients.c.id,
        )
    return select(ingredients.c.id).where(
        or_(asked.in_(sorted(served)), ingredients.c.id.in_(sorted(served)))
    )


def _makeable(connection: Connection, available: TableColumns, search: RecipeSearch) -> Select[Any]:
    covered = covered_ingredients(connection, available, search.have)
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
