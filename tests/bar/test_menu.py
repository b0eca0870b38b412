"""The menu check."""

import pytest

from api.analysis.bar.menu import MAX_MENU, Region, check_menu
from api.analysis.bar.model import BarModel, Ingredient, Line, Recipe

BAR = BarModel.build(
    [Ingredient(one, f"i{one}") for one in range(1, 6)],
    [
        Recipe(1, "Negroni", (Line(1), Line(2), Line(3))),
        Recipe(2, "Boulevardier", (Line(4), Line(2), Line(3))),
        Recipe(3, "Daiquiri", (Line(5),)),
        Recipe(4, "Mojito", (Line(5),)),
    ],
)
RELATIVES = {1: [(2, 0.1), (3, 0.9)], 2: [(1, 0.1)], 3: [(4, 0.3), (1, 0.9)], 4: [(3, 0.3)]}
POSITIONS = {1: (0.0, 0.0), 2: (0.1, 0.0), 3: (1.0, 1.0), 4: (0.9, 1.0)}
REGIONS = [Region("bitter", 2, 0.05, 0.0), Region("sour", 3, 1.0, 1.0)]


def test_relatives_on_one_menu_are_reported() -> None:
    found = check_menu(BAR, [1, 2, 3], RELATIVES, POSITIONS, REGIONS)
    assert [(one.first.name, one.second.name, one.distance) for one in found.duplicates] == [
        ("Negroni", "Boulevardier", 0.1)
    ]


def test_unserved_region_is_a_gap() -> None:
    (gap,) = check_menu(BAR, [1, 2], RELATIVES, POSITIONS, REGIONS).gaps
    assert (gap.region, gap.size, gap.suggestion.name) == ("sour", 3, "Daiquiri")
    assert check_menu(BAR, [1, 4], RELATIVES, POSITIONS, REGIONS).gaps == ()


def test_single_use_names_the_only_drink() -> None:
    alone = check_menu(BAR, [1, 2], RELATIVES, POSITIONS, REGIONS).single_use
    assert {one: recipe.name for one, recipe in alone.items()} == {1: "Negroni", 4: "Boulevardier"}


def test_empty_collection_has_nothing_to_report() -> None:
    found = check_menu(BarModel.build([], []), [], {}, {}, [])
    assert (found.duplicates, found.gaps, dict(found.single_use)) == ((), (), {})


@pytest.mark.parametrize("menu", [[9], list(range(100, 101 + MAX_MENU))])
def test_bad_menu_is_refused(menu: list[int]) -> None:
    with pytest.raises(ValueError, match="menu: "):
        check_menu(BAR, menu, RELATIVES, POSITIONS, REGIONS)
