"""The pages of the analytics with their data as plain lists, for readers without JavaScript.

The lists are within ``noscript``: with JavaScript nothing jumps. They are the API's own records,
the first some hundred; links lead to the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.http.compression import accepts_gzip
from api.http.deps import PublishedDep, ServicesDep
from api.http.etags import if_none_match
from api.http.problems import Problem
from api.http.published import LoadedSnapshot, Published, Rendered
from api.http.refresh_state import analytics_status
from api.http.snapshot_history import own_snapshots
from api.http.snapshot_records import find_substitutes, record_page
from api.http.tree_index import tree_index
from api.pages.notes import NOTHING_NOTE, STALE_NOTE, UNREADABLE_NOTE, current_note
from api.pages.plain_lists import map_groups, tree_rows
from api.pages.rendering import render
from api.storage.errors import StorageError

router = APIRouter(include_in_schema=False)

_NO_CACHE: Final = {"Cache-Control": "no-cache"}
#: Rows of a page's list, and of the tree's: every reader downloads them, with JavaScript too.
_LISTED: Final = 300
_TREE: Final = 1000
#: A larger artifact, of more than some 20,000 rows, would take too long to decode for a page.
_MOST_BYTES: Final = 5_000_000


@router.api_route("/", methods=["GET", "HEAD"])
@router.api_route("/map", methods=["GET", "HEAD"])
def map_page(request: Request, published: PublishedDep) -> Response:
    """Return the map; without JavaScript, its recipes by neighborhood."""

    def collect(loaded: LoadedSnapshot) -> dict[str, Any]:
        _check_size(loaded, "atlas")
        atlas = loaded.value("atlas")
        count = len(atlas["recipes"]["id"])
        return {"groups": map_groups(atlas, _LISTED), "count": count, "more": count > _LISTED}

    return _answer(request, published, "map", None, collect)


@router.api_route("/tree", methods=["GET", "HEAD"])
def tree_page(request: Request, published: PublishedDep) -> Response:
    """Return the ingredient tree; without JavaScript, as nested lists."""

    def collect(loaded: LoadedSnapshot) -> dict[str, Any]:
        _check_size(loaded, "ingredient-tree")
        index = tree_index(loaded)
        rows = tree_rows(index, _TREE)
        return {"rows": rows, "more": len(index) > len(rows)}

    return _answer(request, published, "tree", None, collect)


@router.api_route("/ingredients", methods=["GET", "HEAD"])
def ingredients_page(request: Request, published: PublishedDep, parent_id: str = "") -> Response:
    """Return how many recipes use each ingredient; without JavaScript, as a list of one level."""
    parent = _number(parent_id)

    def collect(loaded: LoadedSnapshot) -> dict[str, Any]:
        _check_size(loaded, "ingredient-tree")
        index = tree_index(loaded)
        known = parent if parent is not None and parent in index else None
        rows = index.children_usage(known)
        return {
            "rows": rows[:_LISTED],
            "more": len(rows) > _LISTED,
            "family": None if known is None else (known, index.name(known)),
        }

    return _answer(request, published, "ingredients", parent, collect)


@router.api_route("/substitutes", methods=["GET", "HEAD"])
def substitutes_page(
    request: Request, published: PublishedDep, ingredient: str = "", after: str = ""
) -> Response:
    """Return the substitutes of one ingredient; without ``ingredient``, an index.

    Parameters
    ----------
    after
        The ID after which a page of the index begins.
    """
    chosen, start = _number(ingredient), _number(after) or 0

    def one(loaded: LoadedSnapshot) -> dict[str, Any]:
        _check(loaded, "ingredient-substitutes")
        return {"record": json.loads(find_substitutes(loaded, chosen or 0))}

    def index(loaded: LoadedSnapshot) -> dict[str, Any]:
        name = "ingredient-substitutes"
        _check(loaded, name)
        found, last = record_page(loaded, name, "ingredient_id", start, _LISTED)
        records = sorted(map(json.loads, found), key=lambda one: one["ingredient_name"].casefold())
        return {"record": None, "records": records, "last": last}

    collect = index if chosen is None else one
    return _answer(request, published, "substitutes", (chosen, start), collect)


@router.api_route("/status", methods=["GET", "HEAD"])
def status_page(services: ServicesDep, published: PublishedDep) -> Response:
    """Return what is published, and whether it is up to date."""
    try:
        found = analytics_status(services.settings, services.storage, published, services.freshness)
    except StorageError:
        return HTMLResponse(render("status", reason=UNREADABLE_NOTE.text), headers=_NO_CACHE)
    return HTMLResponse(render("status", reason=None, status=found), headers=_NO_CACHE)


@router.api_route("/downloads", methods=["GET", "HEAD"])
def downloads_page(services: ServicesDep) -> Response:
    """Return links to every artifact of every kept snapshot."""
    try:
        earlier = own_snapshots(services)
        current = services.published.current()
        note = current_note(services.published)
    except StorageError:
        earlier, current, note = [], None, UNREADABLE_NOTE
    if current is not None:
        earlier = [one for one in earlier if one.snapshot_id != current.manifest.snapshot_id]
    return HTMLResponse(render("downloads", earlier=earlier, note=note), headers=_NO_CACHE)


def _answer(
    request: Request,
    published: Published,
    template: str,
    parameter: Hashable,
    collect: Callable[[LoadedSnapshot], dict[str, Any]],
) -> Response:
    """Return a page with what ``collect`` finds, or why there is nothing, rendered once."""

    def page(loaded: LoadedSnapshot) -> Rendered:
        stale = STALE_NOTE if published.is_stale(loaded) else None

        def make() -> Rendered:
            about = {"computed": loaded.manifest.created_at, "stale": stale}
            html = render(template, reason=None, **about, **collect(loaded))
            return Rendered.of(html.encode())

        return loaded.rendered(("page", template, parameter, stale), make)

    reason = NOTHING_NOTE.text
    try:
        found = published.read(page)
    except Problem as problem:
        found, reason = None, problem.detail
    except StorageError:
        found, reason = None, UNREADABLE_NOTE.text
    if found is None:
        return HTMLResponse(render(template, reason=reason), headers=_NO_CACHE)
    return _rendered(request, found)


def _rendered(request: Request, found: Rendered) -> Response:
    headers = {**_NO_CACHE, "ETag": found.etag}
    if if_none_match(request.headers.get("if-none-match"), found.etag):
        return Response(status_code=304, headers=headers)
    if found.compressed is not None and accepts_gzip(request.headers.get("accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        return HTMLResponse(found.compressed, headers=headers)
    return HTMLResponse(found.body, headers=headers)


def _check(loaded: LoadedSnapshot, name: str) -> None:
    if name not in loaded.manifest.artifacts:
        raise Problem(
            404,
            "Not in this snapshot",
            "An older version computed the analytics, without this part. The next refresh adds it.",
        )


def _check_size(loaded: LoadedSnapshot, name: str) -> None:
    _check(loaded, name)
    if loaded.manifest.artifacts[name].size > _MOST_BYTES:
        raise Problem(404, "Too large", "There is too much to list on one page.")


def _number(text: str) -> int | None:
    """Return an ID as a script would read it from the address; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 16 else None
