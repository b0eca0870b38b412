"""The artifacts of the current snapshot, and the state of the refresh."""

from functools import partial
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from api.db.catalog.errors import CatalogError
from api.db.catalog.paging import Position, read_cursor
from api.http.catalog_routes import LIMIT, Cursor, Limit, as_problem
from api.http.deps import PublishedDep, ReaderDep, RefreshDep, ServicesDep, WriterDep
from api.http.models.analytics import (
    AnalyticsStatus,
    Atlas,
    ComplexityBin,
    Envelope,
    IngredientUsage,
    MapPoint,
    RecordPage,
    RefreshAccepted,
    SimilarRecipes,
    Substitutes,
    TreeNode,
)
from api.http.models.common import problem_responses
from api.http.problems import RETRY_AFTER_OUTAGE, Problem
from api.http.published import LoadedSnapshot
from api.http.refresh_state import analytics_status
from api.http.responses import ENVELOPE_RESPONSES, Body, IfNoneMatch, respond, whole_artifact
from api.http.snapshot_records import find_record, find_substitutes, record_page
from api.http.tree_index import no_ingredient, tree_index
from api.storage.serialization import to_bytes

router = APIRouter(prefix="/analytics", tags=["analytics"])

#: The range that JavaScript, SQLite and PostgreSQL share.
Id = Annotated[int, Path(ge=1, le=2**53 - 1, description="The ID.", examples=[1])]


@router.get(
    "/ingredient-usage",
    operation_id="get_ingredient_usage",
    summary="Recipes per ingredient",
    response_model=Envelope[list[IngredientUsage]],
    responses=ENVELOPE_RESPONSES,
)
async def ingredient_usage(
    request: Request,
    services: ServicesDep,
    if_none_match: IfNoneMatch = None,
    parent_id: Annotated[
        int | None,
        Query(
            ge=1,
            le=2**53 - 1,
            description="Return this ingredient's children; by default the top level.",
        ),
    ] = None,
) -> Response:
    """Return the usage of the top-level ingredients, or of one ingredient's children."""

    def children(loaded: LoadedSnapshot) -> bytes:
        if parent_id is None:
            return loaded.artifact("ingredient-usage")
        index = tree_index(loaded)
        if parent_id not in index:
            raise no_ingredient(parent_id)
        return to_bytes(index.children_usage(parent_id))

    return await respond(request, services, "ingredient-usage", parent_id, children)


@router.get(
    "/recipe-complexity",
    operation_id="get_recipe_complexity",
    summary="Ingredients per recipe",
    response_model=Envelope[list[ComplexityBin]],
    responses=ENVELOPE_RESPONSES,
)
async def recipe_complexity(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the number of recipes for each number of ingredients, in ascending order."""
    name = "recipe-complexity"
    return await respond(request, services, name, None, whole_artifact(name))


@router.get(
    "/cocktail-space",
    operation_id="get_cocktail_space",
    summary="Map by Manhattan distance",
    response_model=Envelope[list[MapPoint]],
    responses=ENVELOPE_RESPONSES,
)
async def cocktail_space(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the recipes, placed by the Manhattan distance of their volume fractions."""
    name = "cocktail-space"
    return await respond(request, services, name, None, whole_artifact(name))


@router.get(
    "/cocktail-space-em",
    operation_id="get_cocktail_space_em",
    summary="Map by learned distance",
    response_model=Envelope[list[MapPoint]],
    responses=ENVELOPE_RESPONSES,
)
async def cocktail_space_em(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the recipes, placed by the Earth Mover's Distance under the learned costs."""
    name = "cocktail-space-em"
    return await respond(request, services, name, None, whole_artifact(name))


@router.get(
    "/ingredient-tree",
    operation_id="get_ingredient_tree",
    summary="Ingredient tree with counts",
    response_model=Envelope[TreeNode],
    responses=ENVELOPE_RESPONSES,
)
async def ingredient_tree(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return every ingredient below one root, with the number of recipes at each."""
    name = "ingredient-tree"
    return await respond(request, services, name, None, whole_artifact(name))


@router.get(
    "/recipe-similar",
    operation_id="list_similar_recipes",
    summary="Similar recipes of all recipes",
    response_model=Envelope[RecordPage[SimilarRecipes]],
    responses={**ENVELOPE_RESPONSES, **problem_responses(422)},
)
async def all_recipe_similar(
    request: Request,
    services: ServicesDep,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a page of `recipe-similar/{recipe_id}`, ordered by recipe ID."""
    page = _page("recipe-similar", "recipe_id", cursor, limit)
    return await respond(request, services, "recipe-similar", ("page", cursor, limit), page)


@router.get(
    "/recipe-similar/{recipe_id}",
    operation_id="get_similar_recipes",
    summary="Similar recipes",
    response_model=Envelope[SimilarRecipes],
    responses=ENVELOPE_RESPONSES,
)
async def recipe_similar(
    request: Request, services: ServicesDep, recipe_id: Id, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the ten recipes closest to one, and what turns it into each of them."""

    def record(loaded: LoadedSnapshot) -> bytes:
        found = find_record(loaded, "recipe-similar", "recipe_id", recipe_id)
        if found is None:
            raise Problem(
                404,
                "Not found",
                f"Recipe {recipe_id} is not in the analytics. A new recipe appears after the next "
                f"refresh; a recipe without ingredients never does.",
            )
        return found

    return await respond(request, services, "recipe-similar", recipe_id, record)


@router.get(
    "/ingredient-substitutes",
    operation_id="list_ingredient_substitutes",
    summary="Substitutes for all ingredients",
    response_model=Envelope[RecordPage[Substitutes]],
    responses={**ENVELOPE_RESPONSES, **problem_responses(422)},
)
async def all_ingredient_substitutes(
    request: Request,
    services: ServicesDep,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a page of the ingredients that have substitutes of their own, ordered by ID."""
    name = "ingredient-substitutes"
    page = _page(name, "ingredient_id", cursor, limit)
    return await respond(request, services, name, ("page", cursor, limit), page)


@router.get(
    "/ingredient-substitutes/{ingredient_id}",
    operation_id="get_ingredient_substitutes",
    summary="Substitutes for an ingredient",
    response_model=Envelope[Substitutes],
    responses=ENVELOPE_RESPONSES,
)
async def ingredient_substitutes(
    request: Request, services: ServicesDep, ingredient_id: Id, if_none_match: IfNoneMatch = None
) -> Response:
    """Return an ingredient's substitutes, or those of its nearest ancestor that has some."""
    return await respond(
        request,
        services,
        "ingredient-substitutes",
        ingredient_id,
        lambda loaded: find_substitutes(loaded, ingredient_id),
    )


@router.get(
    "/atlas",
    operation_id="get_atlas",
    summary="All data of the map page",
    response_model=Envelope[Atlas],
    responses=ENVELOPE_RESPONSES,
)
async def atlas(
    request: Request, services: ServicesDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Return both maps, the tree and the counts, each name once, in one small document."""
    name = "atlas"
    return await respond(request, services, name, None, whole_artifact(name))


@router.get(
    "/status",
    operation_id="get_analytics_status",
    summary="Status of the analytics",
)
async def status(
    services: ServicesDep, published: PublishedDep, reader: ReaderDep, response: Response
) -> AnalyticsStatus:
    """Return the current snapshot, the progress of the refresh, and earlier runs.

    With a valid token, the errors of earlier runs are included; without, only that they failed.
    """
    response.headers["Cache-Control"] = "no-store"
    return await to_thread.run_sync(
        partial(
            analytics_status,
            services.settings,
            services.storage,
            published,
            services.freshness,
            with_details=reader is not None,
        )
    )


@router.post(
    "/refresh",
    operation_id="refresh_analytics",
    summary="Request a refresh",
    status_code=202,
)
def refresh(_writer: WriterDep, request_refresh: RefreshDep) -> RefreshAccepted:
    """Request a refresh of the present data; requests before it begins share one refresh."""
    asked = request_refresh()
    via: Literal["lambda", "local-queue", "none"] = asked.via
    if via == "none":
        raise Problem(
            503,
            "Service unavailable",
            "The refresh could not be requested; the server's log says why. Try again later.",
            headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
        )
    return RefreshAccepted(via=via, job_id=asked.job_id, absorbed=asked.absorbed)


def _page(name: str, key: str, cursor: str | None, limit: int) -> Body:
    try:
        after = 0 if cursor is None else read_cursor(cursor).row
    except CatalogError as error:
        raise as_problem(error) from error

    def render(loaded: LoadedSnapshot) -> bytes:
        records, last = record_page(loaded, name, key, after, limit)
        following = None if last is None else Position("", last).encode()
        return b'{"items":[' + b",".join(records) + b'],"next_cursor":' + to_bytes(following) + b"}"

    return render
