"""The menu check."""

import numpy as np
import pytest

from api.analysis.bar import MAX_MENU
from api.analysis.bar.learned_map import LearnedMap, Region
from api.analysis.bar.menu import check_menu
from api.analysis.bar.neighbor_graph import NeighborGraph
from tests.bar.bars import Written, ingredient, make_bar

BAR = make_bar(
    [ingredient(one, f"i{one}") for one in range(1, 6)],
    [
        Written(1, "Negroni", [1, 2, 3]),
        Written(2, "Boulevardier", [4, 2, 3]),
        Written(3, "Daiquiri", [5]),
        Written(4, "Mojito", [5]),
    ],
)
GRAPH = NeighborGraph.of(
    [(1, [(2, 0.1), (3, 0.9)]), (2, [(1, 0.1)]), (3, [(4, 0.3), (1, 0.9)]), (4, [(3, 0.3)])]
)
REGIONS = [Region("bitter", 2, 0.05, 0.0), Region("sour", 3, 1.0, 1.0)]
#: Recipe 9 is not in the database any more.
MAP = LearnedMap(
    np.array([1, 2, 3, 4, 9]),
    np.array([0.0, 0.1, 1.0, 0.9, 1.0]),
    np.array([0.0, 0.0, 1.0, 1.0, 1.0]),
    REGIONS,
)


def test_relatives_on_one_menu_are_reported() -> None:
    found = check_menu(BAR, [1, 2, 3], GRAPH, MAP)
    assert [(one.first.name, one.second.name, one.distance) for one in found.duplicates] == [
        ("Negroni", "Boulevardier", 0.1)
    ]


def test_unserved_region_is_a_gap() -> None:
    (gap,) = check_menu(BAR, [1, 2], GRAPH, MAP).gaps
    assert (gap.region, gap.size, gap.suggestion.name) == ("sour", 3, "Daiquiri")
    assert check_menu(BAR, [1, 4], GRAPH, MAP).gaps == ()


def test_single_use_names_the_only_drink() -> None:
    alone = check_menu(BAR, [1, 2], GRAPH, MAP).single_use
    assert {one: recipe.name for one, recipe in alone.items()} == {1: "Negroni", 4: "Boulevardier"}


def test_empty_collection_has_nothing_to_report() -> None:
    nowhere = LearnedMap(np.array([], int), np.array([]), np.array([]), [])
    found = check_menu(make_bar([], []), [], NeighborGraph.of([]), nowhere)
    assert (found.duplicates, found.gaps, dict(found.single_use)) == ((), (), {})


@pytest.mark.parametrize("menu", [[9], list(range(100, 101 + MAX_MENU))])
def test_bad_menu_is_refused(menu: list[int]) -> None:
    with pytest.raises(ValueError, match="menu: "):
        check_menu(BAR, menu, GRAPH, MAP)


def test_map_is_read_from_its_bytes() -> None:
    read = LearnedMap.from_bytes(MAP.to_bytes())
    assert read is not None
    assert read.to_bytes() == MAP.to_bytes()
    assert check_menu(BAR, [1, 2], GRAPH, read) == check_menu(BAR, [1, 2], GRAPH, MAP)
    assert LearnedMap.from_bytes(b"map 2") is None
