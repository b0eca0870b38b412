"""Pictures of recipes and ingredients on the map, for link previews."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.charts.palette import GROUP_KEYS
from api.db.catalog.errors import InvalidError
from api.db.catalog.recipes import list_recipe_ids
from api.db.catalog.search import RecipeSearch
from api.http.deps import DatabaseDep, PublishedDep
from api.http.etags import if_none_match, strong_etag
from api.http.problems import RETRY_AFTER_OUTAGE, Problem, no_analytics
from api.http.published import LoadedSnapshot, Published
from api.http.responses import stale_header
from api.pages.convertors import ROW_ID

router = APIRouter(include_in_schema=False)

#: Decoding a larger map, of more than some 100,000 recipes, would fill the server's memory.
_MOST_BYTES = 20_000_000
#: One picture is drawn at a time, so that a crowd of link previews takes no more than a processor;
#: few wait, so that the threads are there for others.
_drawing = threading.Lock()
_waiting = threading.BoundedSemaphore(4)


@router.api_route(f"/pictures/recipes/{{recipe_id:{ROW_ID}}}.png", methods=["GET", "HEAD"])
def recipe_picture(recipe_id: int, request: Request, published: PublishedDep) -> Response:
    """Return a recipe among its nearest relatives on the map."""

    def draw(loaded: LoadedSnapshot) -> bytes | None:
        found = _map(loaded)
        if found is None:
            return None
        row = found.rows.get(recipe_id)
        if row is None or not found.shows(row):
            raise Problem(404, "Not found", f"Recipe {recipe_id} is not on the map.")
        return _draw(found, tuple(found.near[row]), row)

    return _answer(request, published, draw)


@router.api_route(f"/pictures/ingredients/{{ingredient_id:{ROW_ID}}}.png", methods=["GET", "HEAD"])
def ingredient_picture(
    ingredient_id: int, request: Request, database: DatabaseDep, published: PublishedDep
) -> Response:
    """Return the map with the recipes that use an ingredient, or anything below it."""
    try:
        with database.snapshot() as connection:
            ids = list_recipe_ids(connection, RecipeSearch(ingredient=[ingredient_id]))
    except InvalidError as error:
        raise Problem(404, "Not found", f"There is no ingredient {ingredient_id}.") from error

    def draw(loaded: LoadedSnapshot) -> bytes | None:
        found = _map(loaded)
        if found is None:
            return None
        return _draw(found, tuple(found.rows[one] for one in ids if one in found.rows), None)

    return _answer(request, published, draw)


class _Map:
    """The learned map's points with what belongs to each."""

    def __init__(self, atlas: dict[str, Any]) -> None:
        import numpy as np  # after the first request: a cold start does without

        from api.charts.picture import MapPoints

        recipes = atlas["recipes"]
        chosen = next(one for one in atlas["maps"] if one["key"] == "em")
        keys = [GROUP_KEYS.index(group["key"]) for group in atlas["groups"]]
        self.points = MapPoints(
            np.array([chosen["x"], chosen["y"]], dtype=float).T,
            np.array([keys[group] for group in recipes["group"]], dtype=np.int64),
        )
        self.rows = {identifier: row for row, identifier in enumerate(recipes["id"])}
        self.near: list[list[int]] = atlas["near"]["row"]

    def shows(self, row: int) -> bool:
        """Return whether a recipe has a place on the map."""
        return bool((self.points.places[row] == self.points.places[row]).all())


def _map(loaded: LoadedSnapshot) -> _Map | None:
    entry = loaded.manifest.artifacts.get("atlas")
    if entry is None:
        return None
    if entry.size > _MOST_BYTES:
        raise Problem(404, "Not found", "The map is too large to draw pictures of.")
    return loaded.derived("picture map", lambda: _Map(loaded.value("atlas")))


@lru_cache(maxsize=200)
def _draw(found: _Map, chosen: tuple[int, ...], center: int | None) -> bytes:
    from api.charts.picture import draw_picture

    if not _waiting.acquire(blocking=False):
        raise Problem(
            503,
            "Service unavailable",
            "Too many pictures are being drawn. Try again later.",
            headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
        )
    try:
        with _drawing:
            return draw_picture(found.points, chosen, center)
    finally:
        _waiting.release()


def _answer(
    request: Request, published: Published, draw: Callable[[LoadedSnapshot], bytes | None]
) -> Response:
    def read(loaded: LoadedSnapshot) -> tuple[bytes, bool] | None:
        picture = draw(loaded)
        return None if picture is None else (picture, published.is_stale(loaded))

    found = published.read(read)
    if found is None:
        raise no_analytics("There is no map yet.")
    picture, stale = found
    # Caches ask each time: another database may have other recipes under the same addresses.
    etag = strong_etag(picture)
    headers = {"Cache-Control": "no-cache", "ETag": etag, **stale_header(stale)}
    if if_none_match(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type="image/png", headers=headers)
