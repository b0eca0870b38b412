"""Amounts, units and names under keys and columns that nobody foresaw: none is lost in silence."""

import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.db.exchange.planning import ImportPlan, plan_import
from api.db.exchange.sources import read_bytes

Lines = list[tuple[str, float | None, str | None]]
ML, OZ = "Milliliter", "Ounce"
DRINKS = {
    "Gimlet": [("gin", 60), ("lime juice", 20)],
    "Sidecar": [("cognac", 50), ("triple sec", 25), ("lemon juice", 20)],
}
MOJITO: Lines = [("White Rum", 50, ML), ("Mint Leaf", 8, "Each"), ("Soda Water", None, "to top")]


def _drinks(unit: str = ML, share: float = 1) -> dict[str, Lines]:
    return {
        name: [(one.title(), amount * share, unit) for one, amount in lines]
        for name, lines in DRINKS.items()
    }


def _plan(data: Any) -> ImportPlan:
    if not isinstance(data, bytes):
        data = (data if isinstance(data, str) else json.dumps(data)).encode()
    return plan_import(read_bytes(data, "bar"))


def _lines(plan: ImportPlan) -> dict[str, Lines]:
    return {
        str(recipe.fields["name"]): [
            (line.fields["ingredient"], line.fields["amount"], line.fields["unit"])
            for line in recipe.lines or ()
        ]
        for recipe in plan.collection.recipes
    }


def _objects(line: Callable[[str, int], Any], name: str = "name", key: str = "ingredients") -> Any:
    return [{name: drink, key: [line(*one) for one in lines]} for drink, lines in DRINKS.items()]


def _arrays(**more: Callable[[int], Any]) -> Any:
    return [
        {"name": drink, "ingredients": [one for one, _ in lines],
         **{key: [cell(amount) for _, amount in lines] for key, cell in more.items()}}
        for drink, lines in DRINKS.items()
    ]  # fmt: skip


def _rows(header: str, row: str) -> str:
    """Return CSV with a row for each line; ``row`` takes the drink, the name and the amount."""
    return "\n".join(
        [header, *(row.format(drink, one, amount, amount - 5, amount + 5)
                   for drink, lines in DRINKS.items() for one, amount in lines)]
    )  # fmt: skip


DOCUMENTS: dict[str, Any] = {
    "unknown keys": _objects(lambda n, a: {"name": n, "pour": a, "in": "ml"}),
    "German": _objects(lambda n, a: {"zutat": n, "wieviel": a, "mass": "ml"}, "titel", "zutaten"),
    "Spanish": _objects(lambda n, a: {"ingrediente": n, "cuanto": f"{a}ml"}, key="ingredientes"),
    "Polish": _objects(
        lambda n, a: {"nazwa": n, "ile": a, "jednostka": "ml"}, "nazwa", "sk\u0142adniki"
    ),
    "an unknown key of the name": _objects(lambda n, a: {"xyz": n, "pour": a, "in": "ml"}),
    "strengths and positions": _objects(
        lambda n, a: {"position": 1, "name": n, "abv": 40, "x": a, "y": "ml"}
    ),
    "objects by name": {
        name: {"parts": {one: {"n": amount, "u": "ml"} for one, amount in lines}, "x": {"y": 1}}
        for name, lines in DRINKS.items()
    },
    "the unit of a recipe": [
        {"name": name, "unit": "ml", "ingredients": dict(lines)} for name, lines in DRINKS.items()
    ],
    "the unit of all": {
        "meta": {"units": "ml"}, "cocktails": _objects(lambda n, a: {"name": n, "amount": a})
    },
    "arrays side by side": _arrays(pours=float, measured_in=lambda _: "ml"),
    "an array with the unit in its key": _arrays(amounts_ml=int),
    "a range as a list": _objects(lambda n, a: {"item": n, "amount": [a - 5, a + 5], "u": "ml"}),
    "a range as an object": _objects(
        lambda n, a: {"item": n, "qty": {"from": a - 5, "to": a + 5, "unit": "ml"}}
    ),
    "a range of two keys": _objects(
        lambda n, a: {"item": n, "von": a - 5, "bis": a + 5, "u": "ml"}
    ),
    "a fraction": _objects(
        lambda n, a: {"name": n, "q": {"numerator": 2 * a, "denominator": 2}, "unit": "ml"}
    ),
    "metric and imperial": _objects(
        lambda n, a: {"name": n, "metric": {"amount": a, "unit": "ml"},
                      "imperial": {"amount": a / 30, "unit": "oz"}}
    ),
    "a value of a unit": _objects(lambda n, a: {"name": n, "quantity": {"value": a, "of": "ml"}}),
    "groups of lines": [
        {"name": name, "ingredients": {"a": [f"{lines[0][1]} ml {lines[0][0]}"],
                                       "b": [f"{amount} ml {one}" for one, amount in lines[1:]]}}
        for name, lines in DRINKS.items()
    ],
    "names by amount": _objects(lambda n, a: {f"{a} ml": n}),
    "amounts by name": _objects(lambda n, a: {n: {"amount": a, "unit": "ml"}}),
    "triples by drink": {
        name: [[amount, "ml", one] for one, amount in lines] for name, lines in DRINKS.items()
    },
    "pairs by drink": {"bar": {
        name: {"recipe": [[one, f"{amount} ml"] for one, amount in lines]}
        for name, lines in DRINKS.items()
    }},
    "rows": [
        {"drink": name, "what": one, "pour": amount, "in": "ml"}
        for name, lines in DRINKS.items() for one, amount in lines
    ],
    "an amount by its unit": _objects(lambda n, a: {"name": n, "amount": {"ml": a, "oz": a / 30}}),
    "amounts by name beside names": [
        {"name": name, "ingredients": [one for one, _ in lines],
         "amounts": {one: f"{amount} ml" for one, amount in lines}}
        for name, lines in DRINKS.items()
    ],
    "numbers last": [
        {"name": name, "unit": "ml", "ingredients": [f"{one}: {amount}" for one, amount in lines]}
        for name, lines in DRINKS.items()
    ],
    "objects in lines": _objects(
        lambda n, a: {"ingredient": {"name": n, "type": "x"}, "pour": {"qty": a, "unit": "ml"}},
        key="specs",
    ),
    "a column an ingredient in JSON": [
        {"cocktail": name, **{f"{one} (ml)": amount for one, amount in lines}}
        for name, lines in DRINKS.items()
    ],
    "a drink under an unknown header": _rows("Barkarte;Zutat;Menge", "{0};{1};{2} ml"),
    "names before amounts": "Cocktail,A,A ml,B,B ml,C,C ml\nGimlet,gin,60,lime juice,20,,\n"
        "Sidecar,cognac,50,triple sec,25,lemon juice,20",
    "columns": _rows("drink,what,pour,in", "{0},{1},{2},ml"),
    "a unit without a header": _rows("Drink,Ingredient,Amount,", "{0},{1},{2},ml"),
    "ids": _rows("id,drink,what,x,u", "7{2},{0},{1},{2},ml"),
    "two columns of a range": _rows("Cocktail;Zutat;Von;Bis;Einheit", "{0};{1};{3};{4};ml"),
    "the unit in a header": _rows("Cocktail,Zutat,Menge in ml", "{0},{1},{2}"),
    "a row of units": "Drink,gin,lime juice,cognac,triple sec,lemon juice\n,ml,ml,(ml),ml,ml\n"
        "Gimlet,60,20,,,\nSidecar,,,50,25,20",
    "two header rows": "Cocktail,Ingredient 1,,Ingredient 2,,Ingredient 3,\n"
        ",Name,Amount,Name,Amount,Name,Amount\nGimlet,gin,60 ml,lime juice,20 ml,,\n"
        "Sidecar,cognac,50 ml,triple sec,25 ml,lemon juice,20 ml",
    "amounts without a header": "Cocktail,Ingredient 1,,Ingredient 2,,Ingredient 3,\n"
        "Gimlet,gin,60 ml,lime juice,20 ml,,\n"
        "Sidecar,cognac,50 ml,triple sec,25 ml,lemon juice,20 ml",
    "numbered amounts in a unit": "Cocktail,Ingredient 1,Pour 1 (ml),Ingredient 2,Pour 2 (ml),"
        "Ingredient 3,Pour 3 (ml)\nGimlet,gin,60,lime juice,20,,\n"
        "Sidecar,cognac,50,triple sec,25,lemon juice,20",
    "objects in cells": 'name,ingredients\n' + "\n".join(
        f'{name},"' + str([{"what": n, "x": a, "in": "ml"} for n, a in lines]) + '"'
        for name, lines in DRINKS.items()
    ),
    "ordinal headers": "Drink,1st ingredient,1st amount,2nd ingredient,2nd amount,3rd ingredient,"
        "3rd amount\nGimlet,gin,60 ml,lime juice,20 ml,,\n"
        "Sidecar,cognac,50 ml,triple sec,25 ml,lemon juice,20 ml",
    "lists in cells": "name,ingredients,pours\nGimlet,gin|lime juice,60 ml|20 ml\n"
        "Sidecar,cognac|triple sec|lemon juice,50 ml|25 ml|20 ml",
}  # fmt: skip


@pytest.mark.parametrize("data", DOCUMENTS.values(), ids=DOCUMENTS)
def test_values_say_what_names_do_not(data: Any) -> None:
    plan = _plan(data)
    assert _lines(plan) == _drinks()
    assert (plan.faults, plan.report.unread) == ([], [])


def test_an_amount_beside_a_column_of_units() -> None:
    plan = _plan(
        "- title: Mojito\n  components:\n  - {what: white rum, how_much: 50, measure: ml}\n"
        "  - {what: mint leaves, how_much: 8}\n  - {what: soda water, measure: top}\n"
    )
    assert _lines(plan) == {"Mojito": MOJITO}
    assert plan.report.notes == ["bar: by their values, read how_much as the amount."]


def test_words_are_amounts_where_numbers_are_too() -> None:
    lines = [("gin", "two ounces"), ("angostura bitters", "dash"), ("soda water", "top")]
    plan = _plan([{"name": "Fix", "ingredients": [{"name": n, "pour": a} for n, a in lines]}])
    assert [line[1:] for line in _lines(plan)["Fix"]] == [(2, OZ), (1, "Dash"), (None, "to top")]


@pytest.mark.parametrize("column", ["Price \u20ac", "abv_percent", "shelf_id", "calories"])
def test_other_numbers_are_no_amounts(column: str) -> None:
    plan = _plan(f"Drink,Ingredient,{column}\nFix,gin,40\nFix,lime juice,7")
    assert [line[1] for line in _lines(plan)["Fix"]] == [None, None]
    assert plan.report.notes == [f"bar: not read: column {column}."]


def test_a_second_unit_fills_in_for_blanks() -> None:
    text = "Drink,Ingredient,ml,dashes\nFix,gin,60,\nFix,angostura bitters,,2"
    assert _lines(_plan(text))["Fix"] == [("Gin", 60, ML), ("Angostura Bitters", 2, "Dash")]


@pytest.mark.parametrize("keys", [True, False])
def test_units_and_names_by_id(tmp_path: Path, keys: bool) -> None:
    names = ("rezepte", "zutaten", "masse") if not keys else ("a", "b", "c")
    columns = ("rezept_id", "zutat_id", "masse_id") if not keys else ("x", "y", "z")
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection, connection:
        for name in names:
            connection.execute(f"CREATE TABLE {name} (pk INTEGER PRIMARY KEY, t TEXT)")
        made = ", ".join(
            f"{column} INTEGER" + (f" REFERENCES {name} (pk)" if keys else "")
            for column, name in zip(columns, names, strict=True)
        )
        connection.execute(f"CREATE TABLE m ({made}, v REAL)")
        connection.execute(f"INSERT INTO {names[2]} VALUES (1, 'oz'), (2, 'ml')")
        number = 0
        for drink, (name, lines) in enumerate(DRINKS.items(), 1):
            connection.execute(f"INSERT INTO {names[0]} VALUES (?, ?)", (drink, name))
            for one, amount in lines:
                number += 1
                connection.execute(f"INSERT INTO {names[1]} VALUES (?, ?)", (number, one))
                connection.execute("INSERT INTO m VALUES (?, ?, 2, ?)", (drink, number, amount))
    assert _lines(_plan((tmp_path / "x.db").read_bytes())) == _drinks()


def test_totals_are_no_ingredients_and_no_recipes() -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in (
        ["", "Gimlet", "Sidecar", "Total"], ["gin", "6 cl", None, "6 cl"],
        ["lime juice", "2 cl", None, "2 cl"], ["cognac", None, "5 cl", "5 cl"],
        ["triple sec", None, "2,5 cl", "2,5 cl"], ["lemon juice", None, "2 cl", "2 cl"],
        ["Total", "8 cl", "9,5 cl", "17,5 cl"],
    ):  # fmt: skip
        book.active.append(row)  # type: ignore[union-attr]
    made = io.BytesIO()
    book.save(made)
    assert _lines(_plan(made.getvalue())) == _drinks("Centiliter", 0.1)
    text = "Drink,Ingredient,ml\nFix,gin,60\nFix,Total,60"
    assert _lines(_plan(text)) == {"Fix": [("Gin", 60, ML)]}


def test_a_bare_unit_of_volume_is_listed() -> None:
    plan = _plan({"name": "Fix", "ingredients": [{"name": "gin", "unit": "ml"}, "cup sugar",
                                                 {"name": "bitters", "unit": "dash"}]})  # fmt: skip
    assert [line[1] for line in _lines(plan)["Fix"]] == [None, None, 1]
    assert [one.text for one in plan.report.unread] == ["ml gin", "cup sugar"]


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ([{"name": "Fix", "hue": "red", "ingredients": [{"name": "gin", "foo": "x", "ml": 6},
                                                           {"name": "ice", "foo": "y"}]}],
         "foo (of ingredients)"),
        ([{"name": "Fix", "ingredients": ["gin", "ice"], "amounts": ["6 cl"]}],
         "amounts has 1 values for 2 ingredients"),
        ("Drink,Ingredient,a,b\nFix,gin,6,9\nFix,rum,2,7", "not read: columns a, b."),
        ("Drink,gin (ml),rum (ml),Price\nFix,60,20,9\nFox,40,,8", "not read: column Price."),
        ('name,ingredients,amounts\nFix,"gin, ice",6 cl', "amounts has 1 values for 2 ingr"),
        ([{"name": "Fix", "ingredients": [{"ml": 6}, {"name": "gin", "ml": 6}]}],
         "ingredients[0] was left out"),
        ([{"name": "Fix", "ingredients": ["6 cl gin"]}, {"name": "Fox", "xyz": [{"a": "?"}]}],
         "[1] was left out"),
        ({"drinks": [{"name": "Fix", "ingredients": ["6 cl gin"]}],
          "shots": [{"nom": "Fox", "xyz": ["2 cl rum"]}]}, "shots was left out"),
        ("Drink,Ingredient 1,Measure 1,Ingredient 2,Measure 2\nFix,gin,6 cl,,2 cl",
         "not read: 2 cl, because ingredient 2 is blank"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(data: Any, note: str) -> None:
    assert any(note in one for one in _plan(data).report.notes)
