"""Plans in bar measures: parts that can be poured, and that add up."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.analysis.bar_measures import BarUnit, bar_unit
from api.analysis.pouring import divide, pour_steps
from api.analysis.recipe_lines import RecipeLines
from api.analysis.swap_plans import KEEP, swap_plans
from barcart.transport import TransportPlans
from tests.analytics.swap_plan_reference import Flow, Line, Step, swap_plan

OUNCE = bar_unit("Ounce", "oz", 29.5735)
MILLILITER = bar_unit("Milliliter", None, 1.0)
DASH = bar_unit("Dash", "dash", 0.616115)
TEASPOON = bar_unit("Teaspoon", "tsp", 4.92892)
PIECES = bar_unit(None, None, None)
TOP = bar_unit("to top", "top", None)
RINSE = bar_unit("to rinse", "rinse", None)
KINDS = ("swap", "add", "leave out", "keep")

Pair = tuple[list[Line], list[Line], list[Flow]]


def _oz(name: str, column: int, amount: float) -> Line:
    return Line(name, column, amount, OUNCE, amount * 29.5735)


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (1.5, OUNCE, "1 1/2 oz"),
        (0.333333, bar_unit("Ounce", None, 29.5735), "1/3 oz"),
        (0.42, OUNCE, "0.42 oz"),
        (0.998, OUNCE, "1 oz"),
        (22.5, MILLILITER, "22.5 ml"),
        (2, DASH, "2 dashes"),
        (1, DASH, "1 dash"),
        (3, bar_unit("Drop", None, 0.05), "3 drops"),
        (4.5, bar_unit("Centiliter", None, 10.0), "4.5 cl"),
        (2, PIECES, "2"),
        (1, bar_unit("Each", "each", None), "1"),
        (0, TOP, "to top"),
        (1, RINSE, "rinse"),
        (1, TEASPOON, "1 tsp"),
    ],
)
def test_amounts_read_like_a_recipe(amount: float, unit: BarUnit, text: str) -> None:
    assert unit.text(amount) == text


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.25, 0.42, 0.75, 1.0, 1.5, 2.0, 3.5, 22.5, 30.0, 47.0, 60.0]),
            st.sampled_from([OUNCE, MILLILITER, DASH, TEASPOON]),
            st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6),
        ),
        max_size=3,
    )
)
def test_parts_add_up_and_can_be_poured(lines: list[tuple[float, BarUnit, list[float]]]) -> None:
    amounts = np.array([amount for amount, _, _ in lines])
    steps = pour_steps(amounts, np.array([unit.step for _, unit, _ in lines]))
    shares = [[weight / sum(weights) for weight in weights] for _, _, weights in lines]
    starts = np.cumsum([0, *map(len, shares)])
    divided = divide(amounts, steps, np.array(list(chain(*shares))), starts[:-1])
    for number, (amount, step) in enumerate(zip(amounts, steps, strict=True)):
        parts = divided[starts[number] : starts[number + 1]]
        assert sum(parts) == pytest.approx(amount)
        assert min(parts) >= 0
        off = [part for part in parts if abs(part / step - round(part / step)) > 1e-6]
        assert len(off) <= 1  # only the largest part may take a remainder
        for part, share in zip(parts, shares[number], strict=True):
            assert abs(part - share * amount) <= 2 * step + 1e-9


def _recipe_lines(recipes: Sequence[Sequence[Line]]) -> RecipeLines:
    lines = [(row, line) for row, recipe in enumerate(recipes) for line in recipe]
    units = list(dict.fromkeys(line.unit for _, line in lines))
    names = list(dict.fromkeys(line.name for _, line in lines))
    frame = pd.DataFrame(
        [
            (
                row,
                line.column,
                line.ml,
                line.role,
                line.amount,
                units.index(line.unit),
                names.index(line.name),
            )
            for row, line in lines
        ],
        columns=["recipe", "column", "ml", "role", "amount", "unit", "name"],
    )
    return RecipeLines.build(frame, units, names, len(recipes))


def _plans(pairs: Sequence[Pair]) -> list[list[Step]]:
    """Return each pair's steps, then what is kept."""
    lines = _recipe_lines([recipe for first, second, _ in pairs for recipe in (first, second)])
    flows = [flow for *_, flows in pairs for flow in flows]
    solved = TransportPlans(
        distances=np.zeros(len(pairs)),
        indptr=np.cumsum([0, *(len(flows) for *_, flows in pairs)]),
        source=np.array([source for source, _, _ in flows], dtype=np.int32),
        target=np.array([target for _, target, _ in flows], dtype=np.int32),
        flow=np.array([share for *_, share in flows], dtype=np.float64),
    )
    plans = swap_plans(lines, np.arange(2 * len(pairs)).reshape(-1, 2), solved)
    names = [*lines.names, None]
    steps = []
    for kind, pour, taking in zip(plans.kind, plans.pour, plans.taking, strict=True):
        name = names[lines.name[plans.line[pour]]]
        giving, taken = (None, name) if KINDS[kind] == "add" else (name, names[taking])
        amount, ml = float(plans.amount[pour]), float(plans.ml[pour])
        steps.append(Step(KINDS[kind], amount, ml, giving, taken))
    for begin, middle, end in zip(plans.starts, plans.keep_starts, plans.ends, strict=True):
        assert (plans.kind[begin:end] == KEEP).tolist() == [n >= middle for n in range(begin, end)]
    return [steps[begin:end] for begin, end in zip(plans.starts, plans.ends, strict=True)]


def _brief(pair: Pair) -> list[tuple[str, float, str | None, str | None]]:
    """Return what is not kept, without the ml."""
    (steps,) = _plans([pair])
    return [
        (step.kind, step.amount, step.giving, step.taking) for step in steps if step.kind != "keep"
    ]


def test_swap_is_in_the_recipes_own_unit() -> None:
    negroni = [_oz("Gin", 0, 1), _oz("Campari", 1, 1), _oz("Vermouth", 2, 1)]
    other = [_oz("Bourbon", 3, 1.5), _oz("Campari", 1, 1), _oz("Vermouth", 2, 1)]
    third = 1 / 3
    (steps,) = _plans([(negroni, other, [(0, 3, third), (1, 1, third), (2, 2, third)])])
    assert steps == [
        Step("swap", 1, 29.5735, "Gin", "Bourbon"),
        Step("keep", 1, 29.5735, "Campari", None),
        Step("keep", 1, 29.5735, "Vermouth", None),
    ]


def test_soda_is_no_swap() -> None:
    soda = Line("Soda Water", 0, 0.0, TOP, 90.0)
    highball = [soda, _oz("Rum", 1, 2)]
    punch = [_oz("Rum", 1, 2), _oz("Pineapple Juice", 2, 1)]
    assert _brief((highball, punch, [(0, 1, 0.1), (0, 2, 0.3), (1, 1, 0.6)])) == [
        ("add", 1, None, "Pineapple Juice"),
        ("leave out", 0, "Soda Water", None),
    ]
    assert _brief((punch, highball, [(1, 0, 0.1), (1, 1, 0.6), (2, 0, 0.3)])) == [
        ("add", 0, None, "Soda Water"),
        ("leave out", 1, "Pineapple Juice", None),
    ]


def test_bitters_are_no_swap_for_a_base() -> None:
    bitters = Line("Bitters", 2, 2.0, DASH, 1.2)
    manhattan = [_oz("Rye", 0, 2), _oz("Vermouth", 1, 1), bitters]
    other = [_oz("Rye", 0, 2), _oz("Vermouth", 1, 1), _oz("Cynar", 3, 0.5)]
    assert _brief((manhattan, other, [(0, 0, 0.5), (1, 1, 0.3), (2, 3, 0.2)])) == [
        ("add", 0.5, None, "Cynar"),
        ("leave out", 2, "Bitters", None),
    ]


@st.composite
def cases(draw: st.DrawFn) -> Pair:
    """Draw two recipes, some with several lines of one content, and flows between them."""

    def recipe() -> list[Line]:
        lines = []
        for number in range(draw(st.integers(1, 5))):
            column = draw(st.integers(0, 5))
            amount = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, 22.5, 40.0]))
            unit, ml_each = draw(
                st.sampled_from(
                    [(OUNCE, 29.5735), (MILLILITER, 1.0), (DASH, 0.616115), (PIECES, 1.0), (TOP, 0)]
                )
            )
            ml = amount * ml_each if ml_each else 90.0
            name = f"ingredient {column}" + draw(st.sampled_from(["", " aged", f" {number}"]))
            lines.append(Line(name, column, amount, unit, ml, draw(st.booleans())))
        return lines

    first, second = recipe(), recipe()
    # Their sums are exact, as those of real flows, and often equal.
    share = st.integers(1, 16).map(lambda steps: steps / 16)
    arcs = [(one, other) for one in _columns(first) for other in _columns(second)]
    flows = [(*arc, draw(share)) for arc in arcs if draw(st.integers(0, 3))]
    return first, second, flows


def _columns(lines: Sequence[Line]) -> list[int]:
    return sorted({line.column for line in lines})


@settings(deadline=None)
@given(st.lists(cases(), max_size=3))
def test_plans_equal_the_reference(pairs: list[Pair]) -> None:
    assert _plans(pairs) == [swap_plan(*pair) for pair in pairs]


@settings(deadline=None)
@given(cases())
def test_plan_adds_up_to_the_recipe(case: Pair) -> None:
    first, second, _ = case
    (steps,) = _plans([case])
    ml: dict[str, float] = defaultdict(float)
    for line in first:
        ml[line.name] -= line.ml
    for step in steps:
        if step.giving is not None:
            ml[step.giving] += step.ml
    assert dict(ml) == pytest.approx(dict.fromkeys(ml, 0.0), abs=1e-9)
    # Nothing that the second recipe lacks is asked for.
    names = {line.name for line in second}
    taken = {step.taking for step in steps if step.taking}
    assert all(name in names or set(name.split(" and ")) <= names for name in taken)
