"""Amounts, units and names under keys and columns that nobody foresaw: none is lost in silence."""

import json
from typing import Any

import pytest

from api.db.exchange.planning import ImportPlan, plan_import
from api.db.exchange.sources import read_bytes

Lines = list[tuple[str, float | None, str | None]]


def _plan(data: Any) -> ImportPlan:
    text = data if isinstance(data, str) else json.dumps(data)
    return plan_import(read_bytes(text.encode(), "bar"))


def _lines(plan: ImportPlan) -> dict[str, Lines]:
    return {
        str(recipe.fields["name"]): [
            (line.fields["ingredient"], line.fields["amount"], line.fields["unit"])
            for line in recipe.lines or ()
        ]
        for recipe in plan.collection.recipes
    }


MOJITO: dict[str, Lines] = {
    "Mojito": [("White Rum", 50, "Milliliter"), ("Mint Leaf", 8, "Each"),
               ("Soda Water", None, "to top")]
}  # fmt: skip
GIMLET: dict[str, Lines] = {"Gimlet": [("Gin", 2, "Ounce"), ("Lime Cordial", 0.75, "Ounce")]}

DOCUMENTS: dict[str, tuple[Any, dict[str, Lines]]] = {
    "an amount under an unknown key": (
        "- title: Mojito\n  components:\n  - {what: white rum, how_much: 50, measure: ml}\n"
        "  - {what: mint leaves, how_much: 8}\n  - {what: soda water, measure: top}\n",
        MOJITO,
    ),
    "pairs of a name and an amount": (
        {"cocktails": {"Gimlet": {"recipe": [["gin", "2 oz"], ["lime cordial", "3/4 oz"]]}}},
        GIMLET,
    ),
}


@pytest.mark.parametrize(("data", "lines"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_values_say_what_names_do_not(data: Any, lines: dict[str, Lines]) -> None:
    plan = _plan(data)
    assert _lines(plan) == lines
    assert (plan.faults, plan.report.unread, plan.report.notes) == ([], [], [])


def test_a_bare_unit_of_volume_is_listed() -> None:
    plan = _plan({"name": "Fix", "ingredients": [{"name": "gin", "unit": "ml"}, "cup sugar",
                                                 {"name": "bitters", "unit": "dash"}]})  # fmt: skip
    assert [line[1] for line in _lines(plan)["Fix"]] == [None, None, 1]
    assert [one.text for one in plan.report.unread] == ["ml gin", "cup sugar"]
