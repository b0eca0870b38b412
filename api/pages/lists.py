"""The search for recipes and the list of ingredients, with their rows: readable without scripts.

With JavaScript the search goes on from what is rendered here; it asks for the same again only when
the reader changes the question.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError

from api.db.catalog.errors import InvalidError
from api.db.catalog.ingredients import list_ingredients
from api.db.catalog.recipes import search_recipes
from api.db.errors import DatabaseError
from api.http.catalog_routes import Cursor, SearchText
from api.http.routes.recipes import SearchDep
from api.http.transactions import ReadDep
from api.pages.rendered import not_found
from api.pages.rendering import render

logger = logging.getLogger(__name__)


class _PageRoute(APIRoute):
    """A route that answers people with a page where the API would send a problem document."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                message = "There is no such search."
                return not_found(request, message, request.url.path, "From the start")

        return answer


router = APIRouter(include_in_schema=False, route_class=_PageRoute)

_HEADERS = {"Cache-Control": "no-cache"}
#: Recipes and ingredients on a page; the first as many as the script fetches at a time.
_RECIPES, _INGREDIENTS = 30, 100


@router.api_route("/recipes", methods=["GET", "HEAD"])
async def recipes_page(
    request: Request, read: ReadDep, search: SearchDep, mode: str = "", cursor: Cursor = None
) -> HTMLResponse:
    """Return the search for recipes with the first rows of what it finds."""
    makes = bool(search.have) or mode == "make"
    if makes:  # as the form: it asks one question or the other
        search = replace(search, ingredient=(), any_ingredient=(), not_ingredient=())
    found, reason, status = None, None, 200
    try:
        if search.have or not makes:
            found = await read(
                lambda connection: search_recipes(connection, search, cursor=cursor, limit=_RECIPES)
            )
    except InvalidError as error:
        reason = " ".join(f"{fault.message} {fault.remedy}" for fault in error.faults)
        status = 404
    except (DatabaseError, OperationalError) as error:
        logger.error("the recipes are shown without their first rows: %s", error)
        reason, status = "The recipes cannot be read at the moment. Try again later.", 503
    html = render(
        "recipes",
        search=search,
        makes=makes,
        found=found,
        reason=reason,
        served=request.url.query,
        following=_following(request, found.next_cursor if found else None),
    )
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


@router.api_route("/recipes/all", methods=["GET", "HEAD"])
async def all_recipes(request: Request) -> RedirectResponse:
    """Redirect the former list to the search, which needs no scripts any more."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/recipes{query}", status_code=301)


@router.api_route("/ingredients/all", methods=["GET", "HEAD"])
async def all_ingredients(
    request: Request, read: ReadDep, q: SearchText = "", cursor: Cursor = None
) -> Response:
    """Return a page of ingredients by name, or the best matches."""
    try:
        page = await read(
            lambda connection: list_ingredients(connection, q=q, cursor=cursor, limit=_INGREDIENTS)
        )
    except InvalidError:
        message = "This page of the list does not exist."
        return not_found(request, message, "/ingredients/all", "From the start")
    html = render("all", q=q, rows=page.items, following=_following(request, page.next_cursor))
    return HTMLResponse(html, headers=_HEADERS)


def _following(request: Request, cursor: str | None) -> str | None:
    """Return the address of the next page of the same question."""
    if cursor is None:
        return None
    asked = [
        (name, value) for name, value in request.query_params.multi_items() if name != "cursor"
    ]
    return f"{request.url.path}?{urlencode([*asked, ('cursor', cursor)])}"
