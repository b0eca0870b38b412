"""What a shelf makes, against definitions written out by hand and by brute force."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.analysis.bar.makeable import bottle_uses, kind_offers, makeable_now, next_bottles
from api.analysis.bar.model import BarModel
from api.analysis.bar.neighbor_graph import NeighborGraph
from api.analysis.bar.without import Swap, fixes_without
from api.db.bar_rows import IngredientRow
from tests.bar.bars import Written, ingredient, make_bar

GIN, LONDON_DRY, TANQUERAY, BEEFEATER, OLD_TOM = 1, 2, 3, 4, 5
LIME, LEMON, CAMPARI, APEROL, VERMOUTH, SPIRITS = 6, 7, 8, 9, 10, 11


BAR = make_bar(
    [
        ingredient(SPIRITS, "Spirits"),
        ingredient(GIN, "Gin", SPIRITS),
        ingredient(LONDON_DRY, "London Dry Gin", GIN),
        ingredient(TANQUERAY, "Tanqueray", LONDON_DRY, allow_substitution=True),
        ingredient(BEEFEATER, "Beefeater", LONDON_DRY, allow_substitution=True),
        ingredient(OLD_TOM, "Old Tom Gin", GIN),
        ingredient(LIME, "Lime Juice"),
        ingredient(LEMON, "Lemon Juice"),
        ingredient(CAMPARI, "Campari"),
        ingredient(APEROL, "Aperol"),
        ingredient(VERMOUTH, "Sweet Vermouth"),
    ],
    [
        Written(1, "Gimlet", [GIN, LIME], 3.0),
        Written(2, "Tanqueray Sour", [TANQUERAY, LEMON], 5.0),
        Written(3, "Martinez", [OLD_TOM, VERMOUTH]),
        Written(4, "Negroni", [GIN, CAMPARI, VERMOUTH], 4.0),
        Written(5, "Nothing"),
    ],
)


def names(found: list[Any]) -> list[str]:
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
    chains = NeighborGraph.of([(4, [(3, 0.5)])]).chains(4)
    near = makeable_now(BAR, shelf, order="similarity", chains=chains)
    assert names(near)[:2] == ["Negroni", "Martinez"]
    assert near[2].distance is None


def test_one_away_counts_what_a_bottle_unlocks() -> None:
    found = next_bottles(BAR, {LIME, LEMON, VERMOUTH})[0]
    # Tanqueray also serves recipes that ask for any gin.
    assert [(BAR.name(one.ingredient_id), len(one.unlocked)) for one in found] == [
        ("Gin", 3),
        ("Old Tom Gin", 2),
        ("Tanqueray", 2),
    ]


def test_shopping_list_builds_on_itself() -> None:
    chosen = next_bottles(BAR, {GIN, LIME}, count=3)[1]
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
    kinds = [ingredient(GIN, "Gin"), ingredient(OLD_TOM, "Old Tom Gin", GIN)]
    kinds += [ingredient(LONDON_DRY, "London Dry Gin", GIN), ingredient(LIME, "Lime Juice")]
    gimlet = Written(2, "London Gimlet", [LONDON_DRY, LIME])
    shelf = {OLD_TOM, LIME}
    assert kind_offers(make_bar(kinds, [gimlet]), shelf) == []
    (offer,) = kind_offers(make_bar(kinds, [gimlet, Written(1, "Gin", [GIN])]), shelf)
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


def _ingredients(parents: list[int | None], allowed: list[bool]) -> list[IngredientRow]:
    return [
        ingredient(number, f"i{number}", parent, allow)
        for number, (parent, allow) in enumerate(zip(parents, allowed, strict=True), 1)
    ]


@st.composite
def bars(draw: st.DrawFn) -> tuple[BarModel, list[Written]]:
    count = draw(st.integers(1, 12))
    parents = [
        draw(st.one_of(st.none(), st.integers(1, one - 1))) if one > 1 else None
        for one in range(1, count + 1)
    ]
    allowed = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    # 13 is not in the tree.
    wishes = st.lists(st.integers(1, count) | st.just(13), max_size=6)
    recipes = [
        Written(number, draw(st.sampled_from(["A", "a", "B"])), draw(wishes), draw(ratings))
        for number in draw(st.sets(st.integers(1, 30), max_size=12))
    ]
    return make_bar(_ingredients(parents, allowed), recipes), recipes


ratings = st.none() | st.sampled_from([1.0, 2.5])
shelves = st.sets(st.integers(1, 13))


def made(bar: BarModel, recipes: list[Written], shelf: set[int]) -> list[Written]:
    """Return what a shelf makes by the definition, by name."""
    covered = bar.coverage(shelf)
    found = [
        one for one in recipes if one.ingredient_ids and covered.issuperset(one.ingredient_ids)
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


def ids(recipes: Any) -> list[int]:
    return [one.id for one in recipes]


@given(bars(), shelves)
def test_now_equals_the_definition(drawn: tuple[BarModel, list[Written]], shelf: set[int]) -> None:
    bar, recipes = drawn
    expected = made(bar, recipes, shelf)
    found = makeable_now(bar, shelf, order="rating")
    by_rating = sorted(
        expected, key=lambda one: float("inf") if one.rating is None else -one.rating
    )
    assert [(one.recipe.id, one.rating) for one in found] == [
        (one.id, one.rating) for one in by_rating
    ]
    by_count = sorted(expected, key=lambda one: len(set(one.ingredient_ids)))
    assert [(one.recipe.id, one.ingredient_count) for one in makeable_now(bar, shelf)] == [
        (one.id, len(set(one.ingredient_ids))) for one in by_count
    ]


@given(bars(), shelves)
def test_next_equals_trying_every_bottle(
    drawn: tuple[BarModel, list[Written]], shelf: set[int]
) -> None:
    bar, recipes = drawn
    have, chosen = set(shelf), []
    for number in range(4):
        covered, before = bar.coverage(have), made(bar, recipes, have)
        lacking = [set(one.ingredient_ids) - covered for one in recipes]
        expected = []
        for bottle in {min(one) for one in lacking if len(one) == 1}:
            after = made(bar, recipes, have | {bottle})
            expected.append((bottle, ids(one for one in after if one not in before)))
        expected.sort(key=lambda one: (-len(one[1]), bar.name(one[0]), one[0]))
        if number == 0:
            one_away, to_buy = next_bottles(bar, shelf, 4)
            assert [(one.ingredient_id, ids(one.unlocked)) for one in one_away] == expected
        if not expected:
            break
        chosen.append(expected[0])
        have.add(expected[0][0])
    assert [(one.ingredient_id, ids(one.unlocked)) for one in to_buy] == chosen


@given(bars(), shelves)
def test_kinds_equal_trying_each(drawn: tuple[BarModel, list[Written]], shelf: set[int]) -> None:
    bar, recipes = drawn
    before = len(made(bar, recipes, shelf))
    asked = {one for recipe in recipes for one in recipe.ingredient_ids}
    expected = []
    for kind in bar.ingredients:
        below = [one for one in sorted(shelf) if next(bar.ancestors(one), None) == kind]
        gained = len(made(bar, recipes, shelf | {kind})) - before
        is_offered = kind in asked or next(bar.ancestors(kind), None) is not None
        if below and kind not in shelf and is_offered and gained:
            expected.append((kind, tuple(below), gained))
    expected.sort(key=lambda one: (-one[2], bar.name(one[0]), one[0]))
    assert [(one.kind_id, one.bottles, one.gained) for one in kind_offers(bar, shelf)] == expected


@given(bars(), shelves)
def test_stock_equals_the_definition(
    drawn: tuple[BarModel, list[Written]], shelf: set[int]
) -> None:
    bar, recipes = drawn
    covered = bar.coverage(shelf)
    ordered = sorted(recipes, key=lambda one: (one.name.casefold(), one.id))
    expected = []
    for bottle in sorted(shelf):
        covers = bar.coverage([bottle])
        using = [one for one in ordered if covers.intersection(one.ingredient_ids)]
        makeable = [one.id for one in using if covered.issuperset(one.ingredient_ids)]
        needs = [
            (one.id, tuple(sorted(set(one.ingredient_ids) - covered)))
            for one in using
            if one.id not in makeable
        ]
        needs.sort(key=lambda one: len(one[1]))
        expected.append((bottle, makeable, len(using), needs[:3]))
    expected.sort(key=lambda one: (len(one[1]), one[2], bar.name(one[0])))
    assert [
        (
            one.ingredient_id,
            ids(one.makeable),
            one.all_recipes,
            [(need.recipe.id, need.missing) for need in one.would_use],
        )
        for one in bottle_uses(bar, shelf)
    ] == expected


@given(bars(), shelves, st.integers(1, 12))
def test_fixes_equal_the_definition(
    drawn: tuple[BarModel, list[Written]], shelf: set[int], empty: int
) -> None:
    bar, recipes = drawn
    after = bar.coverage(shelf - {empty})
    # The lines of a recipe are in the order of ingredients here.
    expected = [
        (recipe.id, one)
        for recipe in made(bar, recipes, shelf | {empty})
        for one in sorted(recipe.ingredient_ids)
        if one not in after
    ]
    found = fixes_without(bar, shelf, empty, {})
    assert [(one.recipe.id, one.line.ingredient_id) for one in found] == expected


@given(bars(), shelves, st.integers(1, 12))
def test_another_bottle_never_makes_fewer_drinks(
    drawn: tuple[BarModel, list[Written]], shelf: set[int], bottle: int
) -> None:
    bar, _ = drawn
    before = {one.recipe.id for one in makeable_now(bar, shelf)}
    assert before <= {one.recipe.id for one in makeable_now(bar, shelf | {bottle})}


def test_kind_unlocks_hundreds_of_recipes() -> None:
    kind = ingredient(1, "Gin")
    bottles = [ingredient(one, f"i{one}", 1) for one in range(2, 151)]
    bar = make_bar([kind, *bottles], [Written(one, f"r{one}", [one]) for one in range(1, 151)])
    one_away, _ = next_bottles(bar, set())
    assert [len(one.unlocked) for one in one_away] == [150] + [2] * 149
    assert {tuple(ids(one.unlocked)) for one in one_away[1:]} == {(1, one) for one in range(2, 151)}
