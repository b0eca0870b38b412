"""Plans in bar measures: parts that can be poured, and that add up."""

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.analysis.bar_measures import Measure, measure_line
from api.analysis.swap_plans import Drink, Line, SwapPlan, swap_plan

OUNCE, MILLILITER, DASH, TEASPOON = 29.5735, 1.0, 0.616115, 4.92892


def _oz(amount: float) -> Measure:
    return measure_line(amount, "Ounce", "oz", OUNCE)


@pytest.mark.parametrize(
    ("amount", "unit", "abbreviation", "ml_each", "text"),
    [
        (1.5, "Ounce", "oz", OUNCE, "1 1/2 oz"),
        (0.333333, "Ounce", None, OUNCE, "1/3 oz"),
        (0.42, "Ounce", "oz", OUNCE, "0.42 oz"),
        (22.5, "Milliliter", None, MILLILITER, "22.5 ml"),
        (2, "Dash", "dash", DASH, "2 dashes"),
        (1, "Dash", "dash", DASH, "1 dash"),
        (3, "Drop", None, 0.05, "3 drops"),
        (4.5, "Centiliter", None, 10.0, "4.5 cl"),
        (2, None, None, None, "2"),
        (1, "Each", "each", None, "1"),
        (0, "to top", "top", None, "to top"),
        (1, "to rinse", "rinse", None, "rinse"),
        (None, "Teaspoon", "tsp", TEASPOON, "1 tsp"),
    ],
)
def test_amounts_read_like_a_recipe(
    amount: float | None, unit: str | None, abbreviation: str | None, ml_each: float, text: str
) -> None:
    assert measure_line(amount, unit, abbreviation, ml_each).text() == text


@given(
    amount=st.sampled_from([0.25, 0.42, 0.75, 1.0, 1.5, 2.0, 3.5, 22.5, 30.0, 47.0, 60.0]),
    ml_each=st.sampled_from([OUNCE, MILLILITER, DASH, TEASPOON, 10.0]),
    weights=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6),
)
def test_parts_add_up_and_can_be_poured(
    amount: float, ml_each: float, weights: list[float]
) -> None:
    measure = measure_line(amount, "unit", None, ml_each)
    shares = [weight / sum(weights) for weight in weights]
    parts = measure.split(shares)
    assert sum(parts) == pytest.approx(amount)
    assert min(parts) >= 0
    off = [part for part in parts if abs(part / measure.step - round(part / measure.step)) > 1e-6]
    assert len(off) <= 1  # only the largest part may take a remainder
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - share * amount) <= 2 * measure.step + 1e-9


def _plan(first: list[Line], second: list[Line], flows: list[tuple[int, int, float]]) -> SwapPlan:
    return swap_plan(Drink.of(first), Drink.of(second), flows)


def _texts(plan: SwapPlan) -> list[str]:
    return [step.text() for step in plan.steps]


def test_swap_is_in_the_recipes_own_unit() -> None:
    negroni = [Line("Gin", 0, _oz(1)), Line("Campari", 1, _oz(1)), Line("Vermouth", 2, _oz(1))]
    other = [Line("Bourbon", 3, _oz(1.5)), Line("Campari", 1, _oz(1)), Line("Vermouth", 2, _oz(1))]
    third = 1 / 3
    plan = _plan(negroni, other, [(0, 3, third), (1, 1, third), (2, 2, third)])
    assert _texts(plan) == ["1 oz Gin -> Bourbon"]
    assert [(text, name) for text, name, _ in plan.keep] == [
        ("1 oz", "Campari"),
        ("1 oz", "Vermouth"),
    ]


def test_soda_is_no_swap() -> None:
    top = measure_line(0, "to top", "top", None)
    highball = [Line("Soda Water", 0, top, lengthener=True), Line("Rum", 1, _oz(2))]
    punch = [Line("Rum", 1, _oz(2)), Line("Pineapple Juice", 2, _oz(1))]
    plan = _plan(highball, punch, [(0, 1, 0.1), (0, 2, 0.3), (1, 1, 0.6)])
    assert _texts(plan) == ["add 1 oz Pineapple Juice", "leave out Soda Water"]
    back = _plan(punch, highball, [(1, 1, 0.6), (1, 0, 0.1), (2, 0, 0.3)])
    assert _texts(back) == ["top with Soda Water", "leave out 1 oz Pineapple Juice"]


def test_bitters_are_no_swap_for_a_base() -> None:
    bitters = measure_line(2, "Dash", "dash", DASH)
    manhattan = [Line("Rye", 0, _oz(2)), Line("Vermouth", 1, _oz(1)), Line("Bitters", 2, bitters)]
    other = [Line("Rye", 0, _oz(2)), Line("Vermouth", 1, _oz(1)), Line("Cynar", 3, _oz(0.5))]
    flows = [(0, 0, 0.5), (1, 1, 0.3), (2, 3, 0.2)]
    assert _texts(_plan(manhattan, other, flows)) == [
        "add 1/2 oz Cynar",
        "leave out 2 dashes Bitters",
    ]


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Line], list[Line], list[tuple[int, int, float]]]:
    def recipe() -> list[Line]:
        columns = draw(st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True))
        return [
            Line(
                f"ingredient {column}",
                column,
                measure_line(draw(st.sampled_from([0.25, 0.5, 1.0, 2.0, 10.0])), "u", None, each),
                draw(st.booleans()),
            )
            for column in columns
            for each in [draw(st.sampled_from([OUNCE, MILLILITER, DASH, TEASPOON]))]
        ]

    first, second = recipe(), recipe()
    flows = [
        (one.column, other.column, draw(st.floats(0.01, 1.0))) for one in first for other in second
    ]
    return first, second, flows


@settings(deadline=None)
@given(plans())
def test_plan_adds_up_to_the_recipe(
    case: tuple[list[Line], list[Line], list[tuple[int, int, float]]],
) -> None:
    first, second, flows = case
    plan = _plan(first, second, flows)
    ml: dict[str, float] = defaultdict(float)
    for _, name, volume in plan.keep:
        ml[name] += volume
    for step in plan.steps:
        if step.giving is not None:
            ml[step.giving] += step.ml
    assert dict(ml) == pytest.approx({line.name: line.measure.ml for line in first})
    # Nothing that the second recipe lacks is asked for, and nothing twice.
    names = {line.name for line in second}
    assert {step.taking for step in plan.steps if step.taking} <= names
    assert len(set(_texts(plan))) == len(plan.steps)
