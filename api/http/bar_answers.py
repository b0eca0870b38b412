"""Answers about a shelf, as the API sends them and `cocktaildb bar` prints them."""

from collections.abc import Mapping, Sequence

from api.analysis.bar import Order
from api.analysis.bar.makeable import (
    NextBottle,
    bottle_uses,
    kind_offers,
    makeable_now,
    next_bottles,
)
from api.analysis.bar.menu import MenuCheck
from api.analysis.bar.model import BarModel
from api.analysis.bar.neighbor_graph import Chains
from api.analysis.bar.recipe_table import Recipe
from api.analysis.bar.without import Fix, Swap, fixes_without
from api.http.models.bar import (
    BottleStock,
    IngredientRef,
    KindOption,
    MakeableRecipe,
    MakeableRecipes,
    MapGap,
    MenuReport,
    NearDuplicatePair,
    NextBottles,
    RecipeFix,
    RecipeRef,
    Replacement,
    ShoppingNeed,
    SingleUse,
    Stock,
    Unlocks,
    Without,
)

#: Recipes and bottles beyond this are counted, not listed.
_LISTED = 50


def makeable_answer(
    bar: BarModel, have: Sequence[int], order: Order, chains: Chains | None
) -> MakeableRecipes:
    """Return what the shelf makes now."""
    return MakeableRecipes(
        recipes=[
            MakeableRecipe(
                recipe_id=one.recipe.id,
                recipe_name=one.recipe.name,
                ingredient_count=one.ingredient_count,
                rating=one.rating,
                distance=one.distance,
            )
            for one in makeable_now(bar, have, order=order, chains=chains)
        ]
    )


def next_answer(bar: BarModel, have: Sequence[int], count: int) -> NextBottles:
    """Return what each missing bottle unlocks, a shopping list, and the kinds that would help."""
    one_away, to_buy = next_bottles(bar, have, count)
    return NextBottles(
        one_away=[_unlocks(bar, one) for one in one_away[:_LISTED]],
        shopping_list=[_unlocks(bar, one) for one in to_buy],
        kinds=[
            KindOption(
                **_ingredient(bar, one.kind_id).model_dump(),
                bottles=[_ingredient(bar, bottle) for bottle in one.bottles],
                gained=one.gained,
            )
            for one in kind_offers(bar, have)
        ],
    )


def without_answer(
    bar: BarModel, have: Sequence[int], empty: int, swaps: Mapping[int, Sequence[Swap]]
) -> Without:
    """Return the drinks that an empty bottle affects, each with its best fix."""
    return Without(affected=[_fix(bar, one) for one in fixes_without(bar, have, empty, swaps)])


def stock_answer(bar: BarModel, have: Sequence[int]) -> Stock:
    """Return the shelf's bottles by use."""
    return Stock(
        bottles=[
            BottleStock(
                **_ingredient(bar, one.ingredient_id).model_dump(),
                serves=len(one.makeable),
                wanted_by=one.all_recipes,
                recipes=[_recipe(recipe) for recipe in one.makeable[:_LISTED]],
                would_use=[
                    ShoppingNeed(
                        **_recipe(need.recipe).model_dump(),
                        missing=[_ingredient(bar, missing) for missing in need.missing],
                    )
                    for need in one.would_use
                ],
            )
            for one in bottle_uses(bar, have)
        ]
    )


def menu_answer(bar: BarModel, found: MenuCheck) -> MenuReport:
    """Return a menu check by names."""
    return MenuReport(
        duplicates=[
            NearDuplicatePair(
                first=_recipe(one.first), second=_recipe(one.second), distance=one.distance
            )
            for one in found.duplicates
        ],
        gaps=[
            MapGap(region=one.region, size=one.size, suggestion=_recipe(one.suggestion))
            for one in found.gaps
        ],
        single_use=[
            SingleUse(**_ingredient(bar, key).model_dump(), recipe=_recipe(one))
            for key, one in found.single_use.items()
        ],
    )


def _recipe(recipe: Recipe) -> RecipeRef:
    return RecipeRef(recipe_id=recipe.id, recipe_name=recipe.name)


def _ingredient(bar: BarModel, ingredient_id: int) -> IngredientRef:
    return IngredientRef(ingredient_id=ingredient_id, ingredient_name=bar.name(ingredient_id))


def _unlocks(bar: BarModel, one: NextBottle) -> Unlocks:
    return Unlocks(
        **_ingredient(bar, one.ingredient_id).model_dump(),
        unlocks=len(one.unlocked),
        recipes=[_recipe(recipe) for recipe in one.unlocked[:_LISTED]],
    )


def _fix(bar: BarModel, fix: Fix) -> RecipeFix:
    swap = fix.swap
    return RecipeFix(
        **_recipe(fix.recipe).model_dump(),
        ingredient=_ingredient(bar, fix.line.ingredient_id),
        amount=fix.line.amount,
        unit=fix.line.unit,
        replacement=None
        if swap is None
        else Replacement(
            **_ingredient(bar, swap.ingredient_id).model_dump(),
            family=swap.family,
            rating=swap.rating,
            support=swap.support,
        ),
    )
