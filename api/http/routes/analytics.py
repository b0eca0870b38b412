"""The analytics: the current snapshot's artifacts, and the state of the refresh."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.http.compression import accepts_gzip
from api.http.deps import PublishedDep, RefreshDep, ServicesDep, WriterDep
from api.http.etags import if_none_match
from api.http.models.analytics import (
    AnalyticsStatus,
    Atlas,
    ComplexityBin,
    Envelope,
    IngredientUsage,
    MapPoint,
    RefreshAccepted,
    SimilarRecipes,
    Substitutes,
    TreeNode,
)
from api.http.models.common import problem_responses
from api.http.problems import RETRY_AFTER_OUTAGE, Problem
from api.http.published import LoadedSnapshot, Rendered
from api.http.refresh_state import analytics_status
from api.http.tree_index import TreeIndex
from api.storage.serialization import to_bytes

router = APIRouter(prefix="/analytics", tags=["analytics"])

#: What JavaScript, SQLite and PostgreSQL can all hold.
Id = Annotated[int, Path(ge=1, le=2**53 - 1, description="The id.", examples=[1])]
IfNoneMatch = Annotated[
    str | None,
    Header(description="The `ETag` of a copy that the client has; 304 if it is still right."),
]

_HEADERS = {
    "ETag": {
        "description": "Changes with every byte of the answer.",
        "schema": {"type": "string"},
    },
    "X-Analytics-Stale": {
        "description": "The same as `metadata.stale`.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"headers": _HEADERS},
    304: {"description": "The client's copy is still right.", "headers": _HEADERS},
    **problem_responses(404),
}

Body = Callable[[LoadedSnapshot], bytes]


@router.get(
    "/ingredient-usage",
    operation_id="getIngredientUsage",
    summary="How many recipes use each ingredient",
    response_model=Envelope[list[IngredientUsage]],
    responses=_RESPONSES,
)
async def ingredient_usage(
    request: Request,
    services: ServicesDep,
    if_none_match: IfNoneMatch = None,
    parent_id: Annotated[
        int | None,
        Query(ge=1, le=2**53 - 1, description="Whose children; by default the top level."),
    ] = None,
) -> Response:
    """Return the usage of the top-level ingredients, or of one ingredient's children."""

    def children(loaded: LoadedSnapshot) -> bytes:
        if parent_id is None:
            return loaded.artifact("ingredient-usage")
        index = _tree_index(loaded)
        if parent_id not in index:
            raise _no_ingredient(parent_id)
        return to_bytes(index.children_usage(parent_id))

    return await _respond(request, services, "ingredient-usage", parent_id, children)


def _whole(name: str) -> Body:
    return lambda loaded: loaded.artifact(name)


@router.get(
    "/recipe-complexity",
    operation_id="getRecipeComplexity",
    summary="How many ingredients recipes have",
    response_model=Envelope[list[ComplexityBin]],
    responses=_RESPONSES,
)
async def recipe_complexity(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return recipes by their number of ingredients, the fewest first."""
    name = "recipe-complexity"
    return await _respond(request, services, name, None, _whole(name))


@router.get(
    "/cocktail-space",
    operation_id="getCocktailSpace",
    summary="The map by Manhattan distance",
    response_model=Envelope[list[MapPoint]],
    responses=_RESPONSES,
)
async def cocktail_space(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the recipes, placed by the Manhattan distance of their volume fractions."""
    name = "cocktail-space"
    return await _respond(request, services, name, None, _whole(name))


@router.get(
    "/cocktail-space-em",
    operation_id="getCocktailSpaceEm",
    summary="The map by the learned distance",
    response_model=Envelope[list[MapPoint]],
    responses=_RESPONSES,
)
async def cocktail_space_em(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the recipes, placed by the Earth Mover's Distance under the learned costs."""
    name = "cocktail-space-em"
    return await _respond(request, services, name, None, _whole(name))


@router.get(
    "/ingredient-tree",
    operation_id="getIngredientTree",
    summary="The tree of ingredients with counts",
    response_model=Envelope[TreeNode],
    responses=_RESPONSES,
)
async def ingredient_tree(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return every ingredient below one root, recipes counted at each."""
    name = "ingredient-tree"
    return await _respond(request, services, name, None, _whole(name))


@router.get(
    "/recipe-similar/{recipe_id}",
    operation_id="getSimilarRecipes",
    summary="A recipe's nearest relatives",
    response_model=Envelope[SimilarRecipes],
    responses=_RESPONSES,
)
async def recipe_similar(
    request: Request, services: ServicesDep, recipe_id: Id, if_none_match: IfNoneMatch = None
) -> Response:
    """Return a recipe's ten nearest and what turns it into each of them."""

    def record(loaded: LoadedSnapshot) -> bytes:
        found = _records(loaded, "recipe-similar", "recipe_id").get(recipe_id)
        if found is None:
            raise Problem(
                404,
                "Not found",
                f"The analytics know no recipe {recipe_id}. One that was just written is known "
                f"after the next refresh; one without ingredients is left out.",
            )
        return found

    return await _respond(request, services, "recipe-similar", recipe_id, record)


@router.get(
    "/ingredient-substitutes/{ingredient_id}",
    operation_id="getIngredientSubstitutes",
    summary="What may stand in for an ingredient",
    response_model=Envelope[Substitutes],
    responses=_RESPONSES,
)
async def ingredient_substitutes(
    request: Request, services: ServicesDep, ingredient_id: Id, if_none_match: IfNoneMatch = None
) -> Response:
    """Return an ingredient's substitutes, or those of the one above it that stands for it."""
    return await _respond(
        request,
        services,
        "ingredient-substitutes",
        ingredient_id,
        lambda loaded: _substitutes(loaded, ingredient_id),
    )


def _substitutes(loaded: LoadedSnapshot, ingredient_id: int) -> bytes:
    records = _records(loaded, "ingredient-substitutes", "ingredient_id")
    if ingredient_id in records:
        return records[ingredient_id]
    index = _tree_index(loaded)
    if ingredient_id not in index:
        raise _no_ingredient(ingredient_id)
    for above in index.ancestors(ingredient_id):
        if above in records:
            record = json.loads(records[above])
            record["answered_for"] = {
                "ingredient_id": ingredient_id,
                "ingredient_name": index.name(ingredient_id),
            }
            return to_bytes(record)
    raise Problem(
        404,
        "Not found",
        f"No recipe tells of substitutes for {index.name(ingredient_id)} (ingredient "
        f"{ingredient_id}), nor for anything above it in the tree.",
    )


@router.get(
    "/atlas",
    operation_id="getAtlas",
    summary="Everything that the map page draws",
    response_model=Envelope[Atlas],
    responses=_RESPONSES,
)
async def atlas(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return both maps, the tree and the counts, each name once: small enough to draw at once."""
    name = "atlas"
    return await _respond(request, services, name, None, _whole(name))


@router.get(
    "/status",
    operation_id="getAnalyticsStatus",
    summary="What is published and what the refresh is doing",
)
def status(services: ServicesDep, published: PublishedDep, response: Response) -> AnalyticsStatus:
    """Return the current snapshot, the refresh's progress, and what went before."""
    response.headers["Cache-Control"] = "no-store"
    return analytics_status(services.settings, services.storage, published, services.freshness)


@router.post(
    "/refresh",
    operation_id="refreshAnalytics",
    summary="Ask for a refresh",
    status_code=202,
)
def refresh(_writer: WriterDep, request_refresh: RefreshDep) -> RefreshAccepted:
    """Ask for a refresh of the present data; many requests before it begins make one refresh."""
    asked = request_refresh()
    via: Literal["lambda", "local-queue", "none"] = asked.via
    if via == "none":
        raise Problem(
            503,
            "Out of reach",
            "The refresh could not be asked for; the server's log tells why. Try again later.",
            headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
        )
    return RefreshAccepted(via=via, job_id=asked.job_id, absorbed=asked.absorbed)


async def _respond(
    request: Request, services: ServicesDep, name: str, parameter: int | None, body: Body
) -> Response:
    """Answer with ``body`` of the current snapshot, from memory where it was asked for before."""
    published, freshness = services.published, services.freshness
    loaded = published.recent()
    if loaded is not None:
        stale = freshness.known(loaded.manifest.database_fingerprint)
        if stale is not None:
            finished = loaded.finished((name, parameter, stale))
            if finished is not None:
                return _response(request, finished, stale)

    def render() -> tuple[Rendered, bool] | None:
        def of(loaded: LoadedSnapshot) -> tuple[Rendered, bool]:
            stale = freshness.compare(loaded.manifest.database_fingerprint)
            rendered = loaded.rendered(
                (name, parameter, stale), lambda: _envelope(loaded, name, stale, body)
            )
            return rendered, stale

        return published.read(of)

    made = await to_thread.run_sync(render)
    if made is None:
        raise Problem(
            404,
            "No analytics yet",
            "Nothing has been computed yet. Ask for it with POST /api/v1/analytics/refresh, or "
            "run: cocktaildb refresh. It takes seconds; /api/v1/analytics/status tells how far it "
            "is.",
        )
    return _response(request, *made)


def _envelope(loaded: LoadedSnapshot, name: str, stale: bool, body: Body) -> bytes:
    manifest = loaded.manifest
    try:
        data = body(loaded)
    except KeyError as error:
        raise Problem(
            404,
            "Not in this snapshot",
            f"The current snapshot {manifest.snapshot_id} holds no {error}: an older version made "
            f"it. The next refresh makes one that does.",
        ) from error
    metadata: dict[str, Any] = {
        "snapshot_id": manifest.snapshot_id,
        "generated_at": manifest.created_at.isoformat(),
        "stale": stale,
        "schema_version": manifest.schema_version,
    }
    if name in manifest.details:
        metadata["quality"] = manifest.details[name]
    # The artifact is JSON already: decoding it to encode it again would be most of the work.
    return b'{"data":' + data + b',"metadata":' + to_bytes(metadata) + b"}"


def _response(request: Request, rendered: Rendered, stale: bool) -> Response:
    headers = {
        "ETag": rendered.etag,
        "Cache-Control": "no-cache",
        "X-Analytics-Stale": "true" if stale else "false",
    }
    if if_none_match(request.headers.get("if-none-match"), rendered.etag):
        return Response(status_code=304, headers=headers)
    body = rendered.body
    if rendered.compressed is not None and accepts_gzip(request.headers.get("accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        body = rendered.compressed
    return Response(body, headers=headers, media_type="application/json")


def _tree_index(loaded: LoadedSnapshot) -> TreeIndex:
    return loaded.derived("tree-index", lambda: TreeIndex(loaded.value("ingredient-tree")))


def _records(loaded: LoadedSnapshot, name: str, key: str) -> dict[int, bytes]:
    """Return an artifact's records by id, each encoded, so that no value is kept twice."""
    return loaded.derived(
        name, lambda: {record[key]: to_bytes(record) for record in loaded.value(name)}
    )


def _no_ingredient(ingredient_id: int) -> Problem:
    return Problem(
        404,
        "Not found",
        f"The analytics know no ingredient {ingredient_id}. One that was just written is known "
        f"after the next refresh.",
    )
