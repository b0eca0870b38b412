"""Measures as people write them, read back whatever the notation."""

import csv
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.db.exchange.measures import NEED_A_NUMBER, Measure, parse_line, parse_measure
from api.db.taxonomy.units import find_unit, known_units, unit_words

COLLECTION = Path(__file__).parents[3] / "shared" / "data" / "collections" / "cocktails-long.csv"


@pytest.mark.parametrize(
    ("text", "amount", "unit", "rest"),
    [
        ("1 1/2 oz", 1.5, "Ounce", ""),
        ("1½ oz", 1.5, "Ounce", ""),
        ("1-1/2 oz", 1.5, "Ounce", ""),
        ("½", 0.5, None, ""),
        ("1\u20442 oz", 0.5, "Ounce", ""),
        ("1-2 tsp", 1.5, "Teaspoon", ""),
        ("1 \u2013 2 tsp", 1.5, "Teaspoon", ""),
        ("2 or 3", 2.5, None, ""),
        ("3/4-1 cup", 0.875, "Cup", ""),
        ("4 cl", 4, "Centiliter", ""),
        ("4cl", 4, "Centiliter", ""),
        ("2,5 cl", 2.5, "Centiliter", ""),
        ("0,125 L", 0.125, "Liter", ""),
        ("1,000 ml", 1000, "Milliliter", ""),
        (".5 oz", 0.5, "Ounce", ""),
        ("2 dashes", 2, "Dash", ""),
        ("1 part", 1, "Part", ""),
        ("a splash", 1, "Splash", ""),
        ("half an ounce", 0.5, "Ounce", ""),
        ("top up", None, "to top", ""),
        ("Top it up with", None, "to top", ""),
        ("Fill with", None, "to top", ""),
        ("to taste", None, "to taste", ""),
        ("(if needed)", None, "to taste", ""),
        ("10 cl (2 parts)", 10, "Centiliter", ""),
        ("70ml/2fl oz", 70, "Milliliter", ""),
        ("1 oz white", 1, "Ounce", "white"),
        ("1 jigger", 1, "Shot", ""),
        ("3 leaves", 3, "Leaf", ""),
        ("2 Fresh leaves", 2, "Leaf", ""),
        ("3 2-inch strips", 3, "Twist", ""),
        ("1 small bottle", 1, "Bottle", ""),
        ("About 8 drops", 8, "Drop", ""),
        ("Around rim put 1 pinch", 1, "Pinch", "Around rim put"),
        ("mikey bottle", 1, "Bottle", "mikey"),
        ("2 bar spoons", 2, "Barspoon", ""),
        ("1 T.", 1, "Tablespoon", ""),
        ("1 t", 1, "Teaspoon", ""),
        ("2 fl. oz.", 2, "Ounce", ""),
        ("1 c. à s.", 1, "Tablespoon", ""),
        ("2 cuillères à café", 2, "Teaspoon", ""),
        ("1 EL", 1, "Tablespoon", ""),
        ("2 cucharadas", 2, "Tablespoon", ""),
        ("", None, None, ""),
    ],
)
def test_measures_are_read(text: str, amount: float | None, unit: str | None, rest: str) -> None:
    found = parse_measure(text)
    assert (found.amount, found.unit, found.rest) == (amount, unit, rest)
    assert found.understood


@pytest.mark.parametrize(
    ("text", "amount", "unit", "rest", "form"),
    [
        ("60 ml gin", 60, "Milliliter", "gin", None),
        ("½ oz dry vermouth", 0.5, "Ounce", "dry vermouth", None),
        ("2 dashes of orange bitters", 2, "Dash", "orange bitters", None),
        ("1 lemon twist", 1, None, "lemon twist", None),
        ("Juice of 1/2 lime", 0.5, None, "lime", "juice"),
        ("Top with soda water", None, "to top", "soda water", None),
        ("Soda water, to top", None, "to top", "Soda water", None),
        ("Gin - 60 ml", 60, "Milliliter", "Gin", None),
        ("Gin (60ml)", 60, "Milliliter", "Gin", None),
        ("4 to 6 mint leaves", 5, None, "mint leaves", None),
        ("a dash of Angostura", 1, "Dash", "Angostura", None),
        ("4 cl de rhum", 4, "Centiliter", "rhum", None),
        ("Lime wedge for garnish", None, None, "Lime wedge", "garnish"),
    ],
)
def test_lines_are_split(
    text: str, amount: float | None, unit: str | None, rest: str, form: str | None
) -> None:
    found = parse_line(text)
    assert (found.amount, found.unit, found.rest, found.form) == (amount, unit, rest, form)


@pytest.mark.parametrize("text", ["151 proof rum", "7-Up", "7up", "40% vodka", "Licor 43", "gin"])
def test_numbers_of_names_are_no_amounts(text: str) -> None:
    assert parse_line(text) == Measure(rest=text, understood=False)


@pytest.mark.parametrize(
    "text",
    [
        "Bacardi",
        "(Claret)",
        ", orange",
        "1/0",
        "?",
        "oui",
        "1e400 ml",
        "1e3 ml",
        "-3 oz",
        "inf oz",
        "nan",
        "1/0 oz",
        "99999999999 oz",
        "ml",
        "oz white",
        "Cup",
    ],
)
def test_unknown_measures_are_reported(text: str) -> None:
    assert not parse_measure(text).understood


units = st.sampled_from(sorted(key for key in unit_words() if len(key) > 1))
PIECES = ["1", "2", "1/2", "½", "-", "to", "oz", "dash", "of", "juice", "(", ")", ",", ".", "x"]
wholes = st.integers(0, 400)
halves = st.sampled_from([(1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 8), (7, 8)])


@given(whole=wholes, part=st.none() | halves, word=units, space=st.sampled_from(["", " ", "  "]))
def test_every_notation_of_a_number_agrees(
    whole: int, part: tuple[int, int] | None, word: str, space: str
) -> None:
    value = Fraction(whole) + (Fraction(*part) if part else 0)
    notations = [f"{whole} {part[0]}/{part[1]}" if part else str(whole)]
    if not part or part[1] in (2, 4, 8):
        decimal = f"{float(value):.3f}".rstrip("0").rstrip(".")
        notations += [decimal, decimal.replace(".", ",") if value < 1 else decimal]
    expected = find_unit(word)
    assert expected is not None
    for notation in notations:
        found = parse_measure(f"{notation}{space}{word.upper()}")
        assert (found.unit, found.rest) == (expected.name, "")
        if not expected.name.startswith("to "):
            assert math.isclose(found.amount or 0, value)


@given(
    low=st.integers(1, 50),
    extra=st.integers(1, 50),
    link=st.sampled_from(["-", " - ", "\u2013", " to ", " or "]),
)
def test_ranges_keep_both_ends(low: int, extra: int, link: str) -> None:
    found = parse_measure(f"{low}{link}{low + extra} oz")
    assert (found.low, found.high, found.amount) == (low, low + extra, low + extra / 2)


@settings(max_examples=500)
@given(
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(
            ["1", "2", "1/2", "½", "-", "to", "oz", "dash", "of", "juice", "(", ")", ",", ".", "x"]
        ),
        max_size=8,
    ).map(" ".join)
)
def test_any_text_is_read_or_reported(text: str) -> None:
    for found in (parse_measure(text), parse_line(text)):
        assert found.low is None or (math.isfinite(found.low) and found.low >= 0)
        assert found.unit is None or found.unit in known_units()
        if not found.understood:
            assert (found.low, found.form) == (None, None)
            assert found.unit is None or found.unit in NEED_A_NUMBER


def test_one_percent_of_a_collection_is_unread() -> None:
    if not COLLECTION.is_file():
        pytest.skip("cocktails-long.csv is not on this machine")
    with COLLECTION.open(encoding="utf-8", newline="") as stream:
        measures = [row["measure"] for row in csv.DictReader(stream)]
    unread = [text for text in measures if not parse_measure(text).understood]
    assert len(measures) == 2104
    assert len(unread) <= 21, unread


def test_judged_lines_are_read_as_judged() -> None:
    """Lines as people write them, each answer judged by hand."""
    with (Path(__file__).parent / "lines.csv").open(encoding="utf-8", newline="") as file:
        judged = list(csv.DictReader(file))
    assert len(judged) > 200
    for row in judged:
        found = parse_line(row["line"])
        ends = [f"{round(end, 4):g}" if end is not None else "" for end in (found.low, found.high)]
        read = {"low": ends[0], "high": ends[1], "unit": found.unit or "",
                "ingredient": found.rest, "form": found.form or ""}  # fmt: skip
        assert {"line": row["line"], **read} == row
