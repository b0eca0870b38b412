"""Pages rendered with their data: recipes and ingredients, readable without JavaScript.

The scripts replace what is rendered here by its interactive form. Search engines, link previews
and readers without JavaScript get the text, the relatives and structured data (schema.org).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urljoin

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup
from sqlalchemy import Connection

from api.db.catalog.errors import NotFoundError
from api.db.catalog.ingredients import Ingredient, get_ingredient, list_ingredients
from api.db.catalog.paging import Page
from api.db.catalog.recipes import Recipe, RecipeSummary, get_recipe, search_recipes
from api.db.catalog.search import RecipeSearch
from api.db.catalog.units import Unit, units_by_id
from api.http import problems
from api.http.deps import PublishedDep
from api.http.problems import Problem
from api.http.published import LoadedSnapshot, Published
from api.http.snapshot_records import find_record
from api.http.transactions import ReadDep
from api.pages.convertors import ROW_ID
from api.pages.notes import NOTHING_NOTE, STALE_NOTE, UNREADABLE_NOTE, Note
from api.pages.recipe_lines import ShownLine, shown_lines
from api.pages.rendering import render
from api.storage.errors import StorageError

router = APIRouter(include_in_schema=False)

_NO_CACHE = {"Cache-Control": "no-cache"}
_BY_ACCEPT = {"Vary": "Accept"}
#: Recipes listed on an ingredient's page.
_LISTED = 100


@router.api_route(f"/recipes/{{recipe_id:{ROW_ID}}}", methods=["GET", "HEAD"])
async def recipe_page(
    recipe_id: int, request: Request, read: ReadDep, published: PublishedDep
) -> Response:
    """Return one recipe with its relatives."""

    def read_both(connection: Connection) -> tuple[Recipe, dict[int, Unit]]:
        return get_recipe(connection, recipe_id), units_by_id(connection)

    try:
        recipe, units = await read(read_both)
    except NotFoundError:
        message = f"There is no recipe {recipe_id}."
        return not_found(request, message, "/recipes", "Search the recipes")
    found, note = await to_thread.run_sync(
        _first_record, published, "recipe-similar", "recipe_id", [recipe_id]
    )
    similar = found or {}
    drawn = None if found is None else _picture(request)
    lines, total = shown_lines(recipe.ingredients, units)
    return HTMLResponse(
        render(
            "recipe",
            recipe=recipe,
            lines=lines,
            total=total,
            relatives=similar.get("similar", []),
            note=note,
            summary=_summary(recipe),
            address=_address(request),
            picture=recipe.image_url or drawn,
            structured=_for_html(structured_recipe(recipe, lines, _address(request), drawn)),
        ),
        headers=_NO_CACHE,
    )


@router.api_route(f"/ingredients/{{ingredient_id:{ROW_ID}}}", methods=["GET", "HEAD"])
async def ingredient_page(
    ingredient_id: int, request: Request, read: ReadDep, published: PublishedDep
) -> Response:
    """Return one ingredient: where it belongs, what replaces it, and the recipes that use it."""

    def read_all(
        connection: Connection,
    ) -> tuple[Ingredient, list[Ingredient], Sequence[Ingredient], Page[RecipeSummary]]:
        ingredient = get_ingredient(connection, ingredient_id)
        family = [get_ingredient(connection, one) for one in _above(ingredient)]
        kinds = list_ingredients(connection, parent_id=ingredient_id, limit=_LISTED).items
        search = RecipeSearch(ingredient=[ingredient_id])
        return ingredient, family, kinds, search_recipes(connection, search, limit=_LISTED)

    try:
        ingredient, family, kinds, recipes = await read(read_all)
    except NotFoundError:
        message = f"There is no ingredient {ingredient_id}."
        return not_found(request, message, "/ingredients", "Browse the ingredients")
    substitutes, note = await to_thread.run_sync(
        _first_record,
        published,
        "ingredient-substitutes",
        "ingredient_id",
        [ingredient_id, *reversed(_above(ingredient))],
    )
    return HTMLResponse(
        render(
            "ingredient",
            ingredient=ingredient,
            family=family,
            kinds=kinds,
            recipes=recipes.items,
            more=recipes.next_cursor is not None,
            substitutes=substitutes,
            note=note,
            summary=_ingredient_summary(ingredient, recipes.items),
            address=_address(request),
            picture=_picture(request) if recipes.items and not (note and note.hides) else None,
            structured=_for_html(
                structured_ingredient(ingredient, family, recipes.items, _address(request))
            ),
        ),
        headers=_NO_CACHE,
    )


def not_found(request: Request, message: str, link: str, label: str) -> Response:
    """Return a 404 page for people, and a problem document for programs."""
    if not wants_page(request):
        problem = Problem(404, "Not Found", message, headers=_BY_ACCEPT)
        return problem.response(problems.request_id(request))
    return HTMLResponse(
        render("not-found", message=message, link=link, label=label),
        status_code=404,
        headers={"Cache-Control": "no-store", **_BY_ACCEPT},
    )


def wants_page(request: Request) -> bool:
    """Return whether a person asks: browsers and search engines accept HTML by name."""
    return "text/html" in request.headers.get("accept", "")


def structured_recipe(
    recipe: Recipe, lines: Sequence[ShownLine], address: str, drawn: str | None = None
) -> dict[str, Any]:
    """Return a recipe as schema.org/Recipe JSON-LD; ``drawn`` stands in for a missing picture."""
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Recipe",
        "name": recipe.name,
        "url": address,
        "recipeCategory": "Cocktail",
        "recipeIngredient": [f"{line.amount} {line.ingredient_name}".strip() for line in lines],
    }
    if recipe.description:
        found["description"] = recipe.description
    if recipe.instructions:
        found["recipeInstructions"] = recipe.instructions
    if picture := recipe.image_url or drawn:
        found["image"] = picture
    if recipe.tags:
        found["keywords"] = ", ".join(recipe.tags)
    if recipe.rating.average is not None:
        found["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": recipe.rating.average,
            "ratingCount": recipe.rating.count,
        }
    return found


def structured_ingredient(
    ingredient: Ingredient,
    family: Sequence[Ingredient],
    recipes: Sequence[RecipeSummary],
    address: str,
) -> dict[str, Any]:
    """Return an ingredient's page as JSON-LD: its place in the tree, and the recipes that use it.

    schema.org has no type for an ingredient; the page is a collection of recipes.
    """

    def listed(rows: Iterable[tuple[int, str]], kind: str, link: str) -> list[dict[str, Any]]:
        return [
            {
                "@type": "ListItem",
                "position": position,
                "name": name,
                link: urljoin(address, f"/{kind}/{key}"),
            }
            for position, (key, name) in enumerate(rows, start=1)
        ]

    above = [(one.id, one.name) for one in [*family, ingredient]]
    using = [(one.id, one.name) for one in recipes]
    return {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": ingredient.name,
        "url": address,
        "breadcrumb": {
            "@type": "BreadcrumbList",
            "itemListElement": listed(above, "ingredients", "item"),
        },
        "mainEntity": {"@type": "ItemList", "itemListElement": listed(using, "recipes", "url")},
    }


def _summary(recipe: Recipe) -> str:
    if recipe.description:
        return recipe.description
    return f"{recipe.name}: {', '.join(line.ingredient_name for line in recipe.ingredients)}."


def _ingredient_summary(ingredient: Ingredient, recipes: Sequence[RecipeSummary]) -> str:
    names = ", ".join(recipe.name for recipe in recipes[:5])
    return f"{ingredient.name}: substitutes and recipes" + (f", such as {names}." if names else ".")


def _above(ingredient: Ingredient) -> list[int]:
    """Return the IDs above an ingredient, the root first."""
    parts = [int(part) for part in ingredient.path.split("/") if part.isdecimal()]
    return [part for part in parts if part != ingredient.id]


def _first_record(
    published: Published, name: str, key: str, candidates: Sequence[int]
) -> tuple[dict[str, Any] | None, Note | None]:
    """Return the record of the first candidate that has one, and what to know about it."""

    def find(loaded: LoadedSnapshot) -> tuple[dict[str, Any] | None, Note | None]:
        note = STALE_NOTE if published.is_stale(loaded) else None
        if name not in loaded.manifest.artifacts:
            return None, note
        records = (find_record(loaded, name, key, one) for one in candidates)
        found = next((json.loads(one) for one in records if one is not None), None)
        return found, note

    # The recipe is readable whatever the analytics: of another database, or out of reach.
    try:
        return published.read(find) or (None, NOTHING_NOTE)
    except Problem as problem:
        return None, Note(problem.title, problem.detail, hides=True)
    except StorageError:
        return None, UNREADABLE_NOTE


def _address(request: Request) -> str:
    return str(request.url.replace(query=""))


def _picture(request: Request) -> str:
    """Return where a picture of the same row is drawn: see :mod:`api.pages.pictures`."""
    return str(request.url.replace(path=f"/pictures{request.url.path}.png", query=""))


def _for_html(value: Any) -> Markup:
    """Return JSON that cannot end the script element it is in."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped above
