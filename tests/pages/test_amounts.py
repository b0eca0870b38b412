"""Amounts: the scripts and the server write the same figures, and figures on a page add up."""

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.analysis.bar_measures import written_amount
from api.db.catalog.recipes import Line
from api.db.catalog.units import Unit as StoredUnit
from api.db.exchange.formulas import guard
from api.db.taxonomy.units import Unit as ShippedUnit
from api.db.taxonomy.units import known_units
from api.pages.recipe_lines import shown_lines

SCRIPTS = Path(__file__).parents[2] / "api/pages/static/js"
Unit = dict[str, Any]
OUNCE: Unit = {"name": "Ounce", "abbreviation": "oz", "conversion_to_ml": 29.5735}
MILLILITER: Unit = {"name": "Milliliter", "abbreviation": None, "conversion_to_ml": 1}
DASH: Unit = {"name": "Dash", "abbreviation": "dash", "conversion_to_ml": 0.616115}
EACH: Unit = {"name": "Each", "abbreviation": "each", "conversion_to_ml": None}
TO_TOP: Unit = {"name": "to top", "abbreviation": "top", "conversion_to_ml": None}
UNITS: list[Unit | None] = [
    OUNCE,
    MILLILITER,
    DASH,
    EACH,
    TO_TOP,
    {"name": "to rinse", "abbreviation": "rinse", "conversion_to_ml": None},
    {"name": "to taste", "abbreviation": None, "conversion_to_ml": None},
    {"name": "Centiliter", "abbreviation": None, "conversion_to_ml": 10},
    {"name": "Barspoon", "abbreviation": "bsp", "conversion_to_ml": 2.46446},
    {"name": "Splash", "abbreviation": "splash", "conversion_to_ml": 6},
    None,
]
AMOUNTS: list[float | None] = [
    None, 0, 0.05, 1 / 12, 0.125, 1 / 6, 0.25, 1 / 3, 0.42, 0.5, 0.666666666666667, 0.75, 5 / 6,
    0.996, 1, 1.004, 1.16666666666667, 1.5, 1.875, 2, 3.14159, 4.5, 22.5, 30, 1000,
]  # fmt: skip


def _javascript(expression: str, given: object, module: str = "amounts.js") -> Any:
    """Return what an expression of a module gives for ``given``."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    program = (
        f"import * as amounts from {json.dumps((SCRIPTS / module).as_uri())};"
        f"const given = {json.dumps(given)};"
        f"console.log(JSON.stringify({expression}));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", program], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def _cases() -> Iterator[tuple[float | None, Unit | None]]:
    yield from ((amount, unit) for amount in AMOUNTS for unit in UNITS)


def test_scripts_write_what_the_server_writes() -> None:
    cases = list(_cases())
    written = _javascript("given.map(([amount, unit]) => amounts.writeAmount(amount, unit))", cases)
    expected = [
        written_amount(amount, *((unit or {}).get(key) for key in OUNCE)) for amount, unit in cases
    ]
    assert dict(enumerate(written)) == dict(enumerate(expected)), cases
    assert "3/4 oz" in written


def test_server_writes_volumes_and_their_total() -> None:
    units = {1: OUNCE, 2: MILLILITER, 3: DASH, 4: TO_TOP}
    given = [(1.5, 1), (0.75, 1), (22.5, 2), (2, 3), (None, 4), (1000, 1), (None, None)]
    recipe = [_line(amount, units.get(unit or 0)) for amount, unit in given]
    lines = [
        Line(7, "Gin", unit, (line["unit"] or {}).get("name"), amount, line["volume_ml"])
        for line, (amount, unit) in zip(recipe, given, strict=True)
    ]
    rows, total = shown_lines(lines, {key: StoredUnit(key, **unit) for key, unit in units.items()})
    shown = _javascript("amounts.writeLines(given)", recipe)
    dash = "\u2013"
    assert [(row.amount or dash, row.volume) for row in rows] == [
        (row["text"], row["volume"]) for row in shown["rows"]
    ]
    assert total == shown["total"] == "29,754.7 ml"


def test_edited_text_reads_as_the_same_amount() -> None:
    read = _javascript(
        "given.map((amount) => amounts.readAmount(amounts.editAmount(amount, null)))", AMOUNTS
    )
    # A figure that no fraction is near has two decimals.
    for amount, again in zip(AMOUNTS, read, strict=True):
        assert again == (amount if amount is None else pytest.approx(amount, abs=0.006))
    texts = ["3/4", "1 1/2", "1,5", "½", "1 ½", "1/0", "a lot"]
    assert _javascript("given.map(amounts.readAmount)", texts) == [
        0.75, 1.5, 1.5, 0.5, 1.5, None, None
    ]  # fmt: skip


def _line(amount: float | None, unit: Unit | None) -> dict[str, Any]:
    each = (unit or {}).get("conversion_to_ml")
    ml = 90.0 if unit == TO_TOP else (1 if amount is None else amount) * (each or 1)
    return {"amount": amount, "unit": unit, "volume_ml": ml}


DRINK = [_line(1.5, OUNCE), _line(0.75, OUNCE), _line(22.5, MILLILITER), _line(2, DASH)]


def test_units_to_create_are_the_shipped_ones() -> None:
    # Read as text: the module imports the site's others, which need a browser.
    text = (SCRIPTS / "units.js").read_text(encoding="utf-8")
    rows = json.loads(f"[{text.split('USUAL = [')[1].split('].map')[0].strip().rstrip(',')}]")
    assert len(rows) > 10
    for name, abbreviation, ml in rows:
        assert known_units()[name] == ShippedUnit(name, abbreviation, ml)


@pytest.mark.parametrize(
    ("style", "drinks", "texts", "volumes"),
    [
        ("written", 1, "1 1/2 oz, 3/4 oz, 22.5 ml, 2 dashes", "44 ml, 22 ml, , 1.2 ml, 89.7 ml"),
        ("ml", 1, "45 ml, 22.5 ml, 22.5 ml, 2 dashes", ", , , 1.2 ml, 91.2 ml"),
        ("oz", 1, "1 1/2 oz, 3/4 oz, 3/4 oz, 2 dashes", ", , , 0.04 oz, 3.04 oz"),
        ("parts", 1, "2 parts, 1 part, 1 part, 2 dashes", "44 ml, 22 ml, 22.5 ml, 1.2 ml, 89.7 ml"),
        ("oz", 8, "12 oz, 6 oz, 6 oz, 16 dashes", ", , , 0.32 oz, 24.32 oz"),
        ("parts", 2, "2 parts, 1 part, 1 part, 4 dashes", "88 ml, 44 ml, 45 ml, 2.4 ml, 179.4 ml"),
    ],
)
def test_totals_are_the_sum_of_what_is_shown(
    style: str, drinks: int, texts: str, volumes: str
) -> None:
    shown = _javascript(f"amounts.writeLines(given, {json.dumps(style)}, {drinks})", DRINK)
    assert ", ".join(row["text"] for row in shown["rows"]) == texts
    assert ", ".join([*(row["volume"] for row in shown["rows"]), shown["total"]]) == volumes


def test_menu_file_runs_no_formula() -> None:
    line = {"ingredient_id": 1, "ingredient_name": "@Gin, dry", **_line(1, None), "unit_id": 1}
    menu = [{"id": 7, "name": '=HYPERLINK("x")', "ingredients": [line]}]
    units = [{"id": 1, **OUNCE}]
    expression = "amounts.menuCsv(given.menu, given.units, 'ml', 'http://here')"
    text = _javascript(expression, {"menu": menu, "units": units}, "menu-file.js")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[1] == ['\'=HYPERLINK("x")', "30 ml", "'@Gin, dry", "http://here/recipes/7"]
    assert rows[1][0] == guard(menu[0]["name"])  # type: ignore[arg-type]


def test_parts_are_whole_where_they_can_be() -> None:
    ratios: list[list[float]] = [[2, 0.75, 0.75], [1.5, 1, 0.5], [2, 1], [6, 0.25], []]
    shown = _javascript(
        "given.map((lines) => amounts.writeLines(lines, 'parts').rows.map(({ text }) => text))",
        [[_line(amount, OUNCE) for amount in ratio] for ratio in ratios],
    )
    assert shown == [
        ["8 parts", "3 parts", "3 parts"],
        ["3 parts", "2 parts", "1 part"],
        ["2 parts", "1 part"],
        ["24 parts", "1 part"],
        [],
    ]
