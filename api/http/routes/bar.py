"""Questions about a shelf of bottles: what it makes, what to buy, what replaces an empty bottle.

The shelf comes with each request. Recipes are those of the database, so that one just written
counts; distances, substitutes and the map come from the current snapshot.

What answers them is imported where it is used: it brings NumPy, which a cold start on Lambda would
wait for.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import APIRouter, Query, Response

from api.analysis.bar import MAX_MENU, Order
from api.db.catalog.errors import FieldFault
from api.db.catalog.search import MAX_TERMS
from api.db.rules import MAX_ID
from api.http.deps import BarDep, PublishedDep
from api.http.models.bar import MakeableRecipes, MenuReport, NextBottles, Stock, Without
from api.http.models.common import problem_responses
from api.http.problems import Problem, no_analytics
from api.http.published import LoadedSnapshot, Published
from api.http.responses import STALE_HEADER, stale_header

if TYPE_CHECKING:
    from api.analysis.bar.neighbor_graph import NeighborGraph

router = APIRouter(prefix="/analytics/bar", tags=["bar"])

T = TypeVar("T")

_Id = Annotated[int, Query(ge=1, le=MAX_ID)]
Have = Annotated[
    list[_Id],
    Query(
        default_factory=list,
        max_length=MAX_TERMS,
        description="Ingredient IDs of the bottles; repeat it. Kinds cover what is below them.",
    ),
]
Empty = Annotated[int, Query(ge=1, le=MAX_ID, description="The bottle that ran out.")]
Menu = Annotated[
    list[_Id], Query(max_length=MAX_MENU, description="Recipe IDs of the menu; repeat it.")
]


@router.get(
    "/now",
    operation_id="get_bar_now",
    summary="What the shelf makes",
    responses={200: STALE_HEADER, **problem_responses(404, 422)},
)
def now(
    response: Response,
    bar: BarDep,
    analytics: PublishedDep,
    have: Have,
    order: Annotated[Order, Query(description="How to sort; ties by name.")] = "ingredients",
    like: Annotated[
        int | None,
        Query(ge=1, le=MAX_ID, description="A recipe to be near; needed by `order=similarity`."),
    ] = None,
) -> MakeableRecipes:
    """Return the recipes all of whose ingredients the shelf covers."""
    if order == "similarity" and like is None:
        raise _invalid("like", "order=similarity needs a recipe to compare with.", "Add like=ID.")
    from api.http.bar_answers import makeable_answer

    chains = None if like is None else _graph(response, analytics).chains(like)
    return makeable_answer(bar.get(), have, order, chains)


@router.get("/next", operation_id="get_bar_next", summary="Which bottle to buy next")
def next_bottles(
    bar: BarDep,
    have: Have,
    count: Annotated[int, Query(ge=1, le=10, description="Length of the shopping list.")] = 3,
) -> NextBottles:
    """Return what each missing bottle unlocks, and a greedy shopping list."""
    from api.http.bar_answers import next_answer

    return next_answer(bar.get(), have, count)


@router.get(
    "/without",
    operation_id="get_bar_without",
    summary="What replaces an empty bottle",
    responses={200: STALE_HEADER, **problem_responses(404)},
)
def without(
    response: Response, bar: BarDep, analytics: PublishedDep, have: Have, empty: Empty
) -> Without:
    """Return the drinks that the empty bottle affects, each with its best fix from the shelf."""
    from api.analysis.bar import published
    from api.http.bar_answers import without_answer

    name = "ingredient-substitutes"
    swaps = _from_snapshot(
        response,
        analytics,
        name,
        lambda loaded: loaded.derived("bar swaps", lambda: published.swaps(loaded.records(name))),
    )
    return without_answer(bar.get(), have, empty, swaps)


@router.get("/stock", operation_id="get_bar_stock", summary="Which bottles sit unused")
def stock(bar: BarDep, have: Have) -> Stock:
    """Return the shelf's bottles by how many drinks they serve, unused ones first."""
    from api.http.bar_answers import stock_answer

    return stock_answer(bar.get(), have)


@router.get(
    "/menu",
    operation_id="get_bar_menu",
    summary="Check a menu",
    responses={200: STALE_HEADER, **problem_responses(404, 422)},
)
def menu(response: Response, bar: BarDep, analytics: PublishedDep, recipe: Menu) -> MenuReport:
    """Return near-duplicates, gaps on the map, and ingredients that one drink alone asks for."""
    from api.analysis.bar import published
    from api.analysis.bar.menu import check_menu
    from api.http.bar_answers import menu_answer

    model, graph = bar.get(), _graph(response, analytics)
    drawn = _from_snapshot(
        response,
        analytics,
        "atlas",
        lambda loaded: loaded.derived(
            "bar map",
            lambda: published.learned_map(loaded.summary("atlas"), lambda: loaded.value("atlas")),
        ),
    )
    try:
        found = check_menu(model, recipe, graph, drawn)
    except ValueError as error:
        remedy = "Use IDs of recipes that have ingredients."
        raise _invalid("recipe", f"{error}.", remedy) from error
    return menu_answer(model, found)


def _graph(response: Response, analytics: Published) -> "NeighborGraph":
    from api.analysis.bar import published

    name = "recipe-similar"

    def make(loaded: LoadedSnapshot) -> "NeighborGraph":
        def read() -> "NeighborGraph":
            return published.neighbor_graph(loaded.summary(name), lambda: loaded.records(name))

        return loaded.derived("bar graph", read)

    return _from_snapshot(response, analytics, name, make)


def _from_snapshot(
    response: Response, analytics: Published, name: str, make: Callable[[LoadedSnapshot], T]
) -> T:
    def derived(loaded: LoadedSnapshot) -> tuple[T, bool] | None:
        if name not in loaded.manifest.artifacts:
            return None
        return make(loaded), analytics.is_stale(loaded)

    found = analytics.read(derived)
    if found is None:
        raise no_analytics("This question needs analytics that have not been computed yet.")
    value, stale = found
    response.headers.update(stale_header(stale))
    return value


def _invalid(field: str, message: str, remedy: str) -> Problem:
    return Problem(422, "Invalid request", message, [FieldFault(field, message, remedy)])
