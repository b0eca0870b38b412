"""What a shelf makes, against definitions written out by hand and by brute force."""

from hypothesis import given
from hypothesis import strategies as st

from api.analysis.bar.makeable import (
    bottle_uses,
    buy_next,
    graph_distances,
    kind_offers,
    makeable_now,
    neighbor_graph,
    one_bottle_away,
)
from api.analysis.bar.model import BarModel, Ingredient, Line, Recipe
from api.analysis.bar.without import Swap, fixes_without

GIN, LONDON_DRY, TANQUERAY, BEEFEATER, OLD_TOM = 1, 2, 3, 4, 5
LIME, LEMON, CAMPARI, APEROL, VERMOUTH, SPIRITS = 6, 7, 8, 9, 10, 11


def recipe(recipe_id: int, name: str, *ingredient_ids: int, rating: float | None = None) -> Recipe:
    return Recipe(recipe_id, name, tuple(Line(one, 1.0, "oz") for one in ingredient_ids), rating)


BAR = BarModel.build(
    [
        Ingredient(SPIRITS, "Spirits"),
        Ingredient(GIN, "Gin", SPIRITS),
        Ingredient(LONDON_DRY, "London Dry Gin", GIN),
        Ingredient(TANQUERAY, "Tanqueray", LONDON_DRY, allow_substitution=True),
        Ingredient(BEEFEATER, "Beefeater", LONDON_DRY, allow_substitution=True),
        Ingredient(OLD_TOM, "Old Tom Gin", GIN),
        Ingredient(LIME, "Lime Juice"),
        Ingredient(LEMON, "Lemon Juice"),
        Ingredient(CAMPARI, "Campari"),
        Ingredient(APEROL, "Aperol"),
        Ingredient(VERMOUTH, "Sweet Vermouth"),
    ],
    [
        recipe(1, "Gimlet", GIN, LIME, rating=3.0),
        recipe(2, "Tanqueray Sour", TANQUERAY, LEMON, rating=5.0),
        recipe(3, "Martinez", OLD_TOM, VERMOUTH),
        recipe(4, "Negroni", GIN, CAMPARI, VERMOUTH, rating=4.0),
        recipe(5, "Nothing"),
    ],
)


def names(found: list) -> list[str]:  # type: ignore[type-arg]
    return [one.recipe.name for one in found]


def test_bottle_covers_itself_and_its_kinds() -> None:
    assert BAR.coverage({OLD_TOM}) == {OLD_TOM, GIN, SPIRITS}


def test_kind_covers_everything_below_it() -> None:
    assert {LONDON_DRY, TANQUERAY, BEEFEATER, OLD_TOM} <= BAR.coverage({GIN})


def test_substitution_flag_covers_the_other_brand() -> None:
    assert TANQUERAY in BAR.coverage({BEEFEATER})
    assert OLD_TOM not in BAR.coverage({BEEFEATER})


def test_kind_makes_no_fewer_drinks_than_bottle() -> None:
    for bottle in BAR.below(GIN):
        made = {one.recipe.id for one in makeable_now(BAR, {bottle, LIME, LEMON, VERMOUTH})}
        assert made <= {one.recipe.id for one in makeable_now(BAR, {GIN, LIME, LEMON, VERMOUTH})}


def test_empty_shelf_makes_nothing() -> None:
    assert makeable_now(BAR, set()) == []


def test_now_is_ordered_as_asked() -> None:
    shelf = {GIN, LIME, LEMON, VERMOUTH, CAMPARI}
    assert names(makeable_now(BAR, shelf)) == ["Gimlet", "Martinez", "Tanqueray Sour", "Negroni"]
    assert names(makeable_now(BAR, shelf, order="rating"))[:2] == ["Tanqueray Sour", "Negroni"]
    near = makeable_now(BAR, shelf, order="similarity", distances={4: 0.0, 3: 0.5})
    assert names(near)[:2] == ["Negroni", "Martinez"]
    assert near[2].distance is None


def test_one_away_counts_what_a_bottle_unlocks() -> None:
    found = one_bottle_away(BAR, {LIME, LEMON, VERMOUTH})
    # Tanqueray also serves recipes that ask for any gin.
    assert [(BAR.name(one.ingredient_id), len(one.unlocked)) for one in found] == [
        ("Gin", 3),
        ("Old Tom Gin", 2),
        ("Tanqueray", 2),
    ]


def test_shopping_list_builds_on_itself() -> None:
    chosen = buy_next(BAR, {GIN, LIME}, count=3)
    assert [BAR.name(one.ingredient_id) for one in chosen] == [
        "Lemon Juice",
        "Sweet Vermouth",
        "Campari",
    ]
    assert [recipe.name for recipe in chosen[2].unlocked] == ["Negroni"]


def test_dead_stock_comes_first() -> None:
    uses = bottle_uses(BAR, {GIN, LIME, CAMPARI, APEROL})
    assert BAR.name(uses[0].ingredient_id) == "Aperol"
    assert uses[0].all_recipes == 0
    assert BAR.name(uses[1].ingredient_id) == "Campari"
    assert [one.recipe.name for one in uses[1].would_use] == ["Negroni"]
    assert uses[1].would_use[0].missing == (VERMOUTH,)


def test_kind_is_offered_where_it_helps() -> None:
    offers = kind_offers(BAR, {OLD_TOM, LIME, LEMON})
    assert [(offer.kind_id, offer.bottles, offer.gained) for offer in offers] == [
        (GIN, (OLD_TOM,), 1)
    ]


def test_root_is_offered_if_recipes_want_it() -> None:
    kinds = [Ingredient(GIN, "Gin"), Ingredient(OLD_TOM, "Old Tom Gin", GIN)]
    kinds += [Ingredient(LONDON_DRY, "London Dry Gin", GIN), Ingredient(LIME, "Lime Juice")]
    gimlet = recipe(2, "London Gimlet", LONDON_DRY, LIME)
    shelf = {OLD_TOM, LIME}
    assert kind_offers(BarModel.build(kinds, [gimlet]), shelf) == []
    (offer,) = kind_offers(BarModel.build(kinds, [gimlet, recipe(1, "Gin", GIN)]), shelf)
    assert (offer.kind_id, offer.gained) == (GIN, 1)


def test_missing_bottle_is_replaced_or_reported() -> None:
    swaps = {
        CAMPARI: [Swap(APEROL, True, "excellent", 4)],
        LIME: [Swap(VERMOUTH, False, "in a pinch", 1)],
    }
    shelf = {GIN, LIME, CAMPARI, VERMOUTH, APEROL}
    (fix,) = fixes_without(BAR, shelf, CAMPARI, swaps)
    assert (fix.recipe.name, fix.line.ingredient_id, fix.swap) == (
        "Negroni",
        CAMPARI,
        swaps[CAMPARI][0],
    )
    (unfixed,) = fixes_without(BAR, shelf - {APEROL}, CAMPARI, swaps)
    assert unfixed.swap is None
    # Another bottle of the kind needs no fix.
    assert fixes_without(BAR, {TANQUERAY, OLD_TOM, LIME}, OLD_TOM, swaps) == []


def test_swap_never_repeats_an_ingredient() -> None:
    swaps = {CAMPARI: [Swap(VERMOUTH, False, "good", 9)]}
    (fix,) = fixes_without(BAR, {GIN, CAMPARI, VERMOUTH}, CAMPARI, swaps)
    assert fix.swap is None


def test_distances_follow_chains_of_relatives() -> None:
    graph = neighbor_graph({1: [(2, 1.0)], 2: [(3, 0.5)], 4: [(5, 1.0)]})
    assert graph_distances(graph, 1) == {1: 0.0, 2: 1.0, 3: 1.5}
    assert graph_distances(graph, 3) == {3: 0.0, 2: 0.5, 1: 1.5}
    assert graph_distances(graph, 9) == {}


@st.composite
def bars(draw: st.DrawFn) -> BarModel:
    count = draw(st.integers(1, 12))
    ingredients = [
        Ingredient(
            one,
            f"i{one}",
            draw(st.one_of(st.none(), st.integers(1, one - 1))) if one > 1 else None,
            draw(st.booleans()),
        )
        for one in range(1, count + 1)
    ]
    recipes = [
        recipe(number, f"r{number}", *draw(st.lists(st.integers(1, count), max_size=5)))
        for number in range(draw(st.integers(0, 8)))
    ]
    return BarModel.build(ingredients, recipes)


@given(bars(), st.sets(st.integers(1, 12)))
def test_one_away_equals_trying_every_bottle(bar: BarModel, shelf: set[int]) -> None:
    made = {one.recipe.id for one in makeable_now(bar, shelf)}
    for one in one_bottle_away(bar, shelf):
        direct = {found.recipe.id for found in makeable_now(bar, shelf | {one.ingredient_id})}
        assert {found.id for found in one.unlocked} == direct - made


@given(bars(), st.sets(st.integers(1, 12)), st.integers(1, 12))
def test_another_bottle_never_makes_fewer_drinks(
    bar: BarModel, shelf: set[int], bottle: int
) -> None:
    before = {one.recipe.id for one in makeable_now(bar, shelf)}
    assert before <= {one.recipe.id for one in makeable_now(bar, shelf | {bottle})}
