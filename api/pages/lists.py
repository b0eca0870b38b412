"""Every recipe and every ingredient as pages of links: the searches of readers without scripts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.db.catalog.errors import InvalidError
from api.db.catalog.ingredients import list_ingredients
from api.db.catalog.recipes import search_recipes
from api.db.catalog.search import RecipeSearch
from api.http.catalog_routes import Cursor, SearchText
from api.http.transactions import ReadDep
from api.pages.rendered import not_found
from api.pages.rendering import render

router = APIRouter(include_in_schema=False)

_PAGE = 100


@router.api_route("/recipes/all", methods=["GET", "HEAD"])
async def all_recipes(read: ReadDep, q: SearchText = "", cursor: Cursor = None) -> HTMLResponse:
    """Return a page of recipes by name, or the best matches."""
    search = RecipeSearch(q=q)
    return await _list(
        read,
        "recipes",
        q,
        lambda connection: search_recipes(connection, search, cursor=cursor, limit=_PAGE),
    )


@router.api_route("/ingredients/all", methods=["GET", "HEAD"])
async def all_ingredients(read: ReadDep, q: SearchText = "", cursor: Cursor = None) -> HTMLResponse:
    """Return a page of ingredients by name, or the best matches."""
    return await _list(
        read,
        "ingredients",
        q,
        lambda connection: list_ingredients(connection, q=q, cursor=cursor, limit=_PAGE),
    )


async def _list(read: ReadDep, kind: str, q: str, find: Any) -> HTMLResponse:
    try:
        page = await read(find)
    except InvalidError:
        return not_found("This page of the list does not exist.", f"/{kind}/all", "From the start")
    following = None
    if page.next_cursor is not None:
        wanted = {"q": q, "cursor": page.next_cursor} if q else {"cursor": page.next_cursor}
        following = f"/{kind}/all?{urlencode(wanted)}"
    html = render("all", kind=kind, q=q, rows=page.items, following=following)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})
