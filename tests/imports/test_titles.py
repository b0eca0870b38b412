"""Titles, and what people write between a title and its ingredients."""

import pytest

from api.db.exchange.planning import plan_import
from api.db.exchange.sources import read_bytes

Line = tuple[str, float | None, str | None]

NEGRONI: list[Line] = [("Gin", 1.0, "Ounce"), ("Campari", 1.0, "Ounce")]
SOUR: list[Line] = [("Bourbon Whiskey", 2.0, "Ounce"), ("Lemon Juice", 0.75, "Ounce")]
DRINKS = {"Negroni": NEGRONI, "Whiskey Sour": SOUR}
#: Each stands between both titles and their ingredients.
ASIDES = [
    "Serves 1\n", "Makes 2 drinks\n", "\nServes one\n", "F\u00fcr 1 Person", "Pour 1 personne\n",
    "Para 1 persona", "Dosi per 1 persona", "Rende 1 por\u00e7\u00e3o\n", "Voor 1 persoon\n",
    "Coupe glass", "Rocks", "by Jerry Thomas\n", "\u2605\u2605\u2605\u2605\u2606", "4/5",
    "12 March 2019", "\n2019-03-12\n", '"The king of cocktails"', "classic, stirred, strong",
    "A classic from the 1880s, named for a club.\n", "\nSour and strong.\n", "30% ABV",
    "The one that started it all\n", "https://example.com/drink", "From: The Bar Book, p. 12",
    "Rocks, big cube, orange twist", "Prep time 5 minutes\nServings 1\nIngredients",
    "Ingredi\u00ebnten:", "\nSk\u0142adniki:", "Glass: coupe\nMethod: stir\nIngredients:",
    "Stir with ice, strain.", "*served up*", "''Serves 1''", "(for the bar)", "Base: strong",
]  # fmt: skip


def _read(text: str, name: str = "notes.txt") -> tuple[dict[str, list[Line]], list[str], list[str]]:
    """Return the lines by title, the instructions, and the notes of the report."""
    plan = plan_import(read_bytes(text.encode(), name))
    assert plan.faults == []
    found = {
        str(recipe.fields["name"]): [
            (line.fields["ingredient"], line.fields["amount"], line.fields["unit"])
            for line in recipe.lines or ()
        ]
        for recipe in plan.collection.recipes
    }
    said = [str(recipe.fields.get("instructions")) for recipe in plan.collection.recipes]
    return found, said, plan.report.notes


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("aside", ASIDES)
def test_asides_below_a_title_are_none(aside: str, end: str) -> None:
    text = (
        f"Negroni\n{aside}\n1 oz gin\n1 oz Campari\nStir over ice\n\n"
        f"Whiskey Sour\n{aside}\n2 oz bourbon\n3/4 oz lemon juice\nShake and strain\n"
    )
    found, said, _ = _read(text.replace("\n", end))
    assert found == DRINKS
    assert "Stir over ice" in said[0]
    assert "Shake and strain" in said[1]
    assert "Whiskey" not in said[0]


FIRST, SECOND = "1 oz gin\n1 oz Campari", "2 oz bourbon\n3/4 oz lemon juice"
LAYOUTS = {
    "rules between paragraphs": f"Negroni\n{FIRST}\nStir.\n***\nWhiskey Sour\n{SECOND}\nShake.",
    "rules below steps": f"Negroni\n{FIRST}\nStir over ice\n---\nWhiskey Sour\n{SECOND}\nShake it",
    "rules of equals": f"Negroni\n{FIRST}\n\nStir.\n=====\nWhiskey Sour\n{SECOND}\nShake.",
    "underlined": f"Negroni\n-------\nServes 1\n\n{FIRST}\nStir.\nWhiskey Sour\n------------\n"
        f"Serves 1\n\n{SECOND}\nShake.",
    "numbers": f"1. Negroni\n\n{FIRST}\n\nStir.\n\n2. Whiskey Sour\n\n{SECOND}\n\nShake.",
    "numbers in headings": f"## 1. Negroni\n{FIRST}\nStir.\n## 2. Whiskey Sour\n{SECOND}\nShake.",
    "bold, with servings": f"**Negroni**\n{FIRST}\nStir.\n\n**Whiskey Sour** (for one)\n{SECOND}\n"
        "Shake.",
    "pictures": "\U0001f378 Negroni\n\U0001f538 1 oz gin\n\U0001f538 1 oz Campari\nStir.\n\n"
        "\U0001f378 Whiskey Sour\n\u2705 2 oz bourbon\n\u2705 3/4 oz lemon juice\nShake.",
    "a menu": "OUR DRINKS\n\nNegroni .... 12\n1 oz gin, 1 oz Campari\nStir.\n\nWhiskey Sour $11\n"
        "2 oz bourbon, 3/4 oz lemon juice\nShake.",
    "a book": f"GIN\n\nNegroni\n\n{FIRST}\n\nStir.\n\nWHISKEY\n\nWhiskey Sour\n\n{SECOND}\n\n"
        "Shake.",
    "no empty line": f"Negroni\nRocks\n{FIRST}\nStir over ice\nWhiskey Sour\nCoupe\n{SECOND}\n"
        "Shake",
    "columns pasted": "Negroni\n\n1 oz\ngin\n1 oz\nCampari\n\nStir.\n\nWhiskey Sour\n\n2 oz\n"
        "bourbon\n3/4 oz\nlemon juice\n\nShake.",
    "sentences": "Negroni\nStir 1 oz gin and 1 oz Campari over ice.\n\n"
        "Whiskey Sour\nShake 2 oz bourbon with 3/4 oz lemon juice. Strain.",
    "steps on the line": "Negroni - 1 oz gin, 1 oz Campari. Stir, strain.\n"
        "Whiskey Sour - 2 oz bourbon, 3/4 oz lemon juice. Shake, strain.",
    "entries with lines": f"\u2022 Negroni\n{FIRST}\nStir.\n\u2022 Whiskey Sour\n{SECOND}\nShake.",
    "a heading for all": f"# My bar\n\nNegroni\n{FIRST}\nStir.\n\nWhiskey Sour\n{SECOND}\nShake.",
    "headings with asides": f"# Negroni\n\nThe king\n\n{FIRST}\n\nStir.\n\n# Whiskey Sour\n\n"
        f"Everybody's darling\n\n{SECOND}\n\nShake.",
    "a label with a list": "## Negroni\n\n**Ingredients:** 1 oz gin, 1 oz Campari\n\n**Method:** "
        "Stir.\n\n## Whiskey Sour\n**Ingredients:** 2 oz bourbon, 3/4 oz lemon juice\n\nShake.",
    "a wiki": "== Negroni ==\n''Serves 1''\n* 1 oz gin\n* 1 oz Campari\n=== Preparation ===\n"
        "# Stir.\n== Whiskey Sour ==\n* 2 oz bourbon\n* 3/4 oz lemon juice\n# Shake.",
    "tables of three columns": "# Negroni\n\nServes 1\n\n| Amount | Unit | Ingredient |\n"
        "|--:|---|---|\n| 1 | oz | gin |\n| 1 | oz | Campari |\n\nStir.\n\n# Whiskey Sour\n\n"
        "| Amount | Unit | Ingredient |\n|--:|---|---|\n| 2 | oz | bourbon |\n"
        "| 3/4 | oz | lemon juice |\n\nShake.",
    "tags": f"#Negroni\n{FIRST}\nStir.\n\n# Whiskey Sour\n{SECOND}\nShake.",
    "periods of old books": "NEGRONI.\n1 oz gin.\n1 oz Campari.\nStir well.\n\n"
        "WHISKEY SOUR.\n2 oz bourbon.\n3/4 oz lemon juice.\nShake well.",
    "breaks in cells": "| Drink | Ingredients | Method |\n|---|---|---|\n"
        "| Negroni | 1 oz gin<br>1 oz Campari | Stir |\n"
        "| Whiskey Sour | 2 oz bourbon<br />3/4 oz lemon juice | Shake |",
    "italics": f"*Negroni*\n{FIRST}\nStir.\n\n*Whiskey Sour*\n{SECOND}\nShake.",
    "stars": f"*** Negroni ***\n{FIRST}\nStir.\n* * *\n--- Whiskey Sour ---\n{SECOND}\nShake.",
    "boxes": f"+---------+\n| Negroni |\n+---------+\n{FIRST}\nStir.\n\n+--------------+\n"
        f"| Whiskey Sour |\n+--------------+\n{SECOND}\nShake.",
    "an answer to a letter": "> Negroni\n> 1 oz gin\n> 1 oz Campari\n> Stir.\n>\n> Whiskey Sour\n"
        "> 2 oz bourbon\n> 3/4 oz lemon juice\n> Shake.",
    "labels with lists": "Negroni\nIngredients: 1 oz gin, 1 oz Campari\nInstructions: Stir.\n\n"
        "Whiskey Sour\nIngredients: 2 oz bourbon, 3/4 oz lemon juice\nInstructions: Shake.",
    "lists in a list": "<html><ul><li>Negroni<ul><li>1 oz gin</li><li>1 oz Campari</li></ul>"
        "<p>Stir.</p></li><li>Whiskey Sour<ul><li>2 oz bourbon</li><li>3/4 oz lemon juice</li></ul>"
        "<p>Shake.</p></li></ul></html>",
    "definitions": "<html><h2>Negroni</h2><p>Serves 1</p><dl><dt>Gin</dt><dd>1 oz</dd>"
        "<dt>Campari</dt><dd>1 oz</dd></dl><p>Stir.</p><h2>Whiskey Sour</h2><dl><dt>Bourbon</dt>"
        "<dd>2 oz</dd>"
        "<dt>Lemon juice</dt><dd>3/4 oz</dd></dl><p>Shake.</p></html>",
    "breaks": "<html><p><b>Negroni</b><br>Serves 1<br>1 oz gin<br>1 oz Campari<br>Stir.</p><p>"
        "<b>Whiskey Sour</b><br>2 oz bourbon<br>&frac34; oz lemon juice<br>Shake.</p></html>",
    "blocks": "<html><div>Negroni</div><div>Serves 1</div><ul><li>1 oz gin<li>1 oz Campari</ul>"
        "<div>Stir.</div><div>Whiskey Sour</div><div>Serves 1</div><ul><li>2 oz bourbon<li>3/4 oz "
        "lemon juice</ul><div>Shake.</div></html>",
}  # fmt: skip


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_titles_in_any_layout(text: str) -> None:
    found, said, _ = _read(text)
    assert {name.title(): lines for name, lines in found.items()} == DRINKS
    assert "Stir" in said[0]
    assert "Shake" in said[1]
    assert "Whiskey" not in said[0]


@pytest.mark.parametrize(
    "title",
    ["20th Century", "1919", "3 Wise Men", "Corpse Reviver No. 2", "What the Hell?", "By the Sea",
     '"Perfect" Martini', "Add It Up", "In the Sticks", "Variation: Perfect Manhattan",
     "Gin Rickey", "Eggnog", "manhattan", "From Here to Eternity", "Manhattan 2:1"],
)  # fmt: skip
def test_titles_that_look_otherwise(title: str) -> None:
    found, _, _ = _read(f"Negroni\n{FIRST}\nStir.\n\n{title}\n{SECOND}\nShake.\n")
    assert found == {"Negroni": NEGRONI, title: SOUR}


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (f"Sour\n\n{SECOND}\nfermented quandong\nShake.", "line 5: 'fermented quandong'"),
        (f"Sour\n{SECOND}\nStir.\n\nThen it goes on, for long, and on.\n\n1 oz gin", "line 8"),
        (f"Sour\nl oz gin\n{SECOND}\nShake.", "'l oz gin' was not read"),
        (f"# Sour\n## For nights\n{SECOND}\nShake.", "'Sour' was not taken"),
        (f"Sour\n1 pt gin\n{SECOND}\nShake.", "'1 pt gin' was not read"),
        (f"Sour\nA darling of bars\n{SECOND}\nShake.", "not 'A darling of bars'"),
        (f"Here is the drink, as promised:\n{SECOND}\n\nThere:\n\nBye!\n{FIRST}", "'There:'"),
    ],
)
def test_what_is_not_sure_is_reported(text: str, note: str) -> None:
    _, _, notes = _read(text)
    assert any(note in one for one in notes)


def test_steps_below_steps_are_no_ingredients() -> None:
    text = f"Sour\n{SECOND}\n\nMuddle with 2 tsp sugar.\nAdd 2 oz rum and shake.\nTop with soda.\n"
    found, said, _ = _read(text)
    assert found == {"Sour": SOUR}
    assert "Top with soda." in said[0]


def test_equal_parts_are_parts() -> None:
    found, _, _ = _read("Negroni\nEqual parts\ngin\nCampari\nStir.\n")
    assert found == {"Negroni": [("Gin", 1.0, "Part"), ("Campari", 1.0, "Part")]}
