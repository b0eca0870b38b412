"""The same two drinks, as different programs and people write them down."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.db.errors import DatabaseError
from api.db.exchange.planning import plan_import
from api.db.exchange.sources import read_bytes

ROOT = Path(__file__).parents[2]
DRINKS = {
    "Negroni": [("Gin", 30.0, "Milliliter"), ("Campari", 30.0, "Milliliter")],
    "Gimlet": [("Gin", 60.0, "Milliliter"), ("Lime Juice", 20.0, "Milliliter")],
}


def _read(data: bytes | str, name: str = "bar") -> dict[str, list[tuple[str, float, str]]]:
    plan = plan_import(read_bytes(data.encode() if isinstance(data, str) else data, name))
    assert plan.faults == []
    assert plan.report.unread == []
    return {
        str(recipe.fields["name"]): [
            (line.fields["ingredient"], line.fields["amount"], line.fields["unit"])
            for line in recipe.lines or ()
        ]
        for recipe in plan.collection.recipes
    }


LISTS = {"Negroni": ["30 ml gin", "30 ml Campari"], "Gimlet": ["60 ml gin", "20 ml lime juice"]}
MAPS = {
    "Negroni": {"Gin": "30 ml", "Campari": "30 ml"},
    "Gimlet": {"Gin": "60 ml", "Lime Juice": "20 ml"},
}
RECIPES = [{"name": name, "ingredients": lines} for name, lines in LISTS.items()]
UNKNOWN_KEYS = [
    {"bezeichnung": name, "rein": [{"wos": one, "wieviel": much} for one, much in lines.items()]}
    for name, lines in MAPS.items()
]

DOCUMENTS = {
    "WordPress": [
        {"id": number, "title": {"rendered": name}, "content": {
            "rendered": f"<p>Classic.</p><h1>Ingredients</h1><ul><li>{'<li>'.join(lines)}</ul>"}}
        for number, (name, lines) in enumerate({**LISTS, "About us": ["Hello"]}.items())
    ],
    "triples": [
        {"title": name, "ing": [[one, *much.split()] for one, much in lines.items()]}
        for name, lines in MAPS.items()
    ],
    "names in languages": [
        {"name": {"en": name}, "ingredients": [
            {"name": {"en": one, "de": "?"}, "quantity": much} for one, much in lines.items()
        ]} for name, lines in MAPS.items()
    ],
    "ids of lists beside": {
        "ingredients": [{"id": 1, "name": "Gin"}, {"id": 2, "name": "Campari"},
                        {"id": "lime", "name": "Lime juice"}],
        "units": {"5": {"name": "ml"}},
        "recipes": [
            {"title": "Negroni", "ingredients": [{"ingredientId": 1, "amount": 30, "unitId": 5},
                                                 {"ingredientId": 2, "amount": 30, "unitId": 5}]},
            {"title": "Gimlet", "ingredients": [{"ingredient": 1, "amount": 60, "unitId": "5"},
                                                {"ingredient": "lime", "amount": 20, "unitId": 5}]},
        ],
    },
    "recipes by category": {
        "Classics": {"Negroni": {"recipe": LISTS["Negroni"], "glass": "rocks"}},
        "Sours": {"Gimlet": {"recipe": LISTS["Gimlet"], "glass": "coupe"}},
    },
    "titles among lines": [
        {"name": name, "ingredients": f"# Base\n{lines[0]}\nTo finish:\n{lines[1]}"}
        for name, lines in LISTS.items()
    ],
    "Italian": {"ricette": [
        {"nome": name, "ingredienti": [
            {"nome": nome, "quantit\u00e0": amount.split()[0], "unit\u00e0": amount.split()[1]}
            for nome, amount in lines.items()
        ]} for name, lines in MAPS.items()
    ]},
    "a list of lines by name": LISTS,
    "amounts by ingredient by name": {"bar": MAPS},
    "deep below other keys": {"data": {"lists": [{"title": "Mine", "drinks": RECIPES}]}},
    "features": {"features": [{"properties": one, "geometry": None} for one in RECIPES]},
    "edges and nodes": {"all": {"edges": [{"node": one} for one in RECIPES]}},
    "columns and data": {"columns": ["name", "ingredients"], "data": list(LISTS.items())},
    "columns by row number": {
        "name": dict(enumerate(LISTS)),
        "ingredients": dict(enumerate(LISTS.values())),
    },
    "unknown keys of texts": [{"n": name, "i": one, "m": "Stir"} for name, one in LISTS.items()],
    "unknown keys of objects": {"sheet": UNKNOWN_KEYS},
    "sections": [
        {"name": name, "sections": [{"title": one, "ingredients": [one]} for one in lines]}
        for name, lines in LISTS.items()
    ],
    "lists side by side": [
        {"name": name, "ingredients": list(lines), "units": ["ml", "ml"],
         "quantities": [int(much[:2]) for much in lines.values()]}
        for name, lines in MAPS.items()
    ],
    "one text with slashes": [
        {"name": name, "spec": " / ".join(lines)} for name, lines in LISTS.items()
    ],
    "a quantity as an object": [
        {"name": name, "ingredients": [
            {"ingredient": {"name": one, "uuid": "b"},
             "quantity": {"amount": int(much[:2]), "quantityType": "MILLS"}}
            for one, much in lines.items()]}
        for name, lines in MAPS.items()
    ],
    "a unit under an unknown key": [
        {"name": name, "ingredients": [
            {"product": {"name": one}, "amount": int(much[:2]), "quantity_u": {"name": "ml"}}
            for one, much in lines.items()]}
        for name, lines in MAPS.items()
    ],
    "an amount as the description": {"recipes": [
        {"name": name, "description": "Stir", "items": [
            {"name": one, "description": much, "optional": False} for one, much in lines.items()]}
        for name, lines in MAPS.items()
    ]},
    "a unit as the key": [
        {"cocktailName": name, "pours": [
            {"liquid": one, "ml": int(much[:2])} for one, much in lines.items()]}
        for name, lines in MAPS.items()
    ],
    "numbers of the lines": [
        {"name": name, "ingredients_flat": [
            {"uid": number, "amount": much[:2], "unit": "ml", "name": one, "notes": ""}
            for number, (one, much) in enumerate(lines.items())]}
        for name, lines in MAPS.items()
    ],
    "titles among the lines": [
        {"name": name, "ingredients": "\n".join(["For the drink:", *lines])}
        for name, lines in LISTS.items()
    ],
    "a name in two languages": [
        {"name": {"en": name, "de": f"{name} auf Eis"}, "ingredients": lines}
        for name, lines in LISTS.items()
    ],
}  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_json_in_any_arrangement(document: object) -> None:
    assert _read(json.dumps(document)) == DRINKS


TEXTS = {
    "Evernote": """<?xml version="1.0"?><!DOCTYPE en-export SYSTEM "e.dtd"><en-export>
        <note><title>Negroni</title><content><![CDATA[<?xml version="1.0"?><en-note>
        <div>30 ml gin</div><div>30 ml Campari</div><div>Stir.</div></en-note>]]></content></note>
        <note><title>Gimlet</title><content><![CDATA[<en-note><ul><li>60 ml gin</li>
        <li>20 ml lime juice</li></ul></en-note>]]></content></note></en-export>""",
    "JSON in a column": """id,name,ingredients_json
        1,Negroni,"[{""item"": ""Gin"", ""ml"": 30}, {""item"": ""Campari"", ""ml"": 30}]"
        2,Gimlet,"[{""item"": ""Gin"", ""ml"": 60}, {""item"": ""Lime juice"", ""ml"": 20}]\"""",
    "the unit in the header": """Drink,Price,Base,Ingredients (ml)
        Negroni,12,Gin,30 Gin / 30 Campari
        Gimlet,11,Gin,60 Gin / 20 Lime juice""",
    "labels between rules": """name: Negroni
        ingredients:
        30 ml gin
        30 ml Campari
        method: stir
        ---
        name: Gimlet
        ingredients:
        60 ml gin
        20 ml lime juice
        method: shake""",
    "parts of recipes": """# Negroni
        ## For the base
        - 30 ml gin
        ## For the rest
        - 30 ml Campari
        # Gimlet
        ## Pour la base
        - 60 ml gin
        - 20 ml lime juice""",
    "Org mode": """* Negroni
        ** Ingredients
        - 30 ml gin
        - 30 ml Campari
        ** Directions
        Stir.
        * Gimlet
        - 60 ml gin
        - 20 ml lime juice""",
    "Wikipedia": """== Negroni ==
        * 30 ml gin
        * 30 ml Campari

        == Gimlet ==
        * 60 ml gin
        * 20 ml lime juice""",
    "remarks and tables": """# Our drinks
        ### Negroni
        *Served short*

        - 30 ml gin
        - 30 ml Campari

        Shake with crushed ice.
        ### Gimlet
        | Amount | Ingredient |
        |---|---|
        | 60 ml | gin |
        | 20 ml | lime juice |

        Shake with ice.""",
    "a column an ingredient": """Cocktail,Glass,Gin,Campari,Lime Juice
        Negroni,rocks,30 ml,30 ml,
        Gimlet,coupe,60 ml,,20 ml""",
    "units in the header": """name;Gin (ml);Campari (ml);Lime Juice (ml)
        Negroni;30;30;0
        Gimlet;60;;20""",
    "a column a recipe": """,Negroni,Gimlet
        Gin,30 ml,60 ml
        Campari,30 ml,
        Lime Juice,,20 ml""",
    "no header": """Negroni,Gin,30 ml
        Negroni,Campari,30 ml
        Gimlet,Gin,60 ml
        Gimlet,Lime juice,20 ml""",
    "lines above the header": """Drinks of the house
        Saved,2024

        Cocktail,Ingredient,Amount
        Negroni,Gin,30 ml
        ,Campari,30 ml
        Gimlet,Gin,60 ml
        ,Lime juice,20 ml""",
    "columns of one name": """Cocktail,Ingredient,Amount,Ingredient,Amount
        Negroni,Gin,30 ml,Campari,30 ml
        Gimlet,Gin,60 ml,Lime juice,20 ml""",
    "lines in columns of any name": """Cocktail,Base,Modifier
        Negroni,30 ml gin,30 ml Campari
        Gimlet,60 ml gin,20 ml lime juice""",
    "a fact beside the list": """Name,Spirit,Ingredients
        Negroni,Gin,"30 ml gin; 30 ml Campari"
        Gimlet,Gin,"60 ml gin; 20 ml lime juice\"""",
    "Portuguese": """Nome,Ingrediente,Quantidade,Unidade,Modo de preparo
        Negroni,Gin,30,ml,Mexer
        Negroni,Campari,30,ml,
        Gimlet,Gin,60,ml,Bater
        Gimlet,Lime juice,20,ml,""",
    "Japanese": """\u540d\u524d,\u6750\u6599,\u5206\u91cf,\u4f5c\u308a\u65b9
        Negroni,Gin,30ml,\u6df7\u305c\u308b
        Negroni,Campari,30ml,
        Gimlet,Gin,60ml,\u632f\u308b
        Gimlet,Lime juice,20ml,""",
    "Meal-Master": """MMMMM----- Recipe via Meal-Master (tm) v8.05

              Title: Negroni
         Categories: Drinks
              Yield: 1 Servings

             30 ml gin
             30 ml Campari

          Stir.

        MMMMM

        MMMMM----- Recipe via Meal-Master (tm) v8.05

              Title: Gimlet

             60 ml gin
             20 ml lime juice

        MMMMM""",
    "links of a wiki": """# Negroni
        - 30 ml [[Gin]]
        - 30 ml [[Campari|the bitter]]

        # Gimlet
        - 60 ml [[Gin#Dry|gin]]
        - 20 ml [[Lime juice]]""",
    "RecipeML": """<?xml version="1.0"?><recipeml version="0.5">
        <menu><recipe><head><title>Negroni</title></head><ingredients>
        <ing><amt><qty>30</qty><unit>ml</unit></amt><item>Gin</item></ing>
        <ing><amt><qty>30</qty><unit>ml</unit></amt><item>Campari</item></ing>
        </ingredients></recipe><recipe><head><title>Gimlet</title></head><ingredients>
        <ing><amt><qty>60</qty><unit>ml</unit></amt><item>Gin</item></ing>
        <ing><amt><qty>20</qty><unit>ml</unit></amt><item>Lime juice</item></ing>
        </ingredients></recipe></menu></recipeml>""",
    "a recipe in a table that arranges": """<html><body><table><tr><td>
        <h2 itemprop="name">Negroni</h2></td></tr><tr><td>Ingredients
        <div itemprop="recipeIngredients"><p>30 ml gin</p><p>30 ml Campari</p></div></td>
        <td><div itemprop="recipeDirections"><p>Stir</p></div></td></tr></table>
        <h2 itemprop="name">Gimlet</h2>
        <div itemprop="recipeIngredients"><p>60 ml gin</p><p>20 ml lime juice</p></div>
        </body></html>""",
    "numbers in words": """Cocktail,Ingredient One,Measure One,Ingredient Two,Measure Two
        Negroni,Gin,30 ml,Campari,30 ml
        Gimlet,Gin,60 ml,Lime juice,20 ml""",
    "a list that nobody quoted": """Name,Ingredients
        Negroni,30 ml gin,30 ml Campari
        Gimlet,60 ml gin,20 ml lime juice""",
    "Markdown": """# The bar
        Our house drinks.

        ## Negroni
        *A classic.*

        - 30 ml gin
        - 30 ml **Campari**

        1. Stir with ice.

        ## Gimlet
        ### Ingredients
        * 60 ml gin
        * 20 ml lime juice
        ### Directions
        Shake 2 times with ice.""",
    "a table of Markdown": """| Name | Ingredients |
        |:-----|:-----------:|
        | Negroni | 30 ml gin, 30 ml Campari |
        | Gimlet | 60 ml gin, 20 ml lime juice |""",
    "tables below titles": """# Negroni
        | Ingredient | Amount |
        |---|---|
        | Gin | 30 ml |
        | Campari | 30 ml |
        # Gimlet
        | Ingredient | Amount |
        |---|---|
        | Gin | 60 ml |
        | Lime juice | 20 ml |""",
    "plain text": """Negroni
        30 ml gin
        30 ml Campari
        Stir with ice and strain.

        Gimlet

        60 ml gin
        20 ml lime juice

        Shake. Strain into a coupe.
        Garnish: lime wheel""",
    "underlined titles": """NEGRONI
        =======
        Ingredients:
          30 ml gin
          30 ml Campari
        Method:
          Stir.

        GIMLET
        ======
        Ingredients:
          60 ml gin
          20 ml lime juice""",
    "a list in a list": """# Gin
        - Negroni
          - 30 ml gin
          - 30 ml Campari
        - Gimlet
          - 60 ml gin
          - 20 ml lime juice""",
    "German": """# Negroni
        **2 Gl\u00e4ser**

        ## Zutaten
        - 30 ml Gin
        - 30 ml Campari
        ## Zubereitung
        R\u00fchren.
        # Gimlet
        ## Zutaten
        - 60 ml Gin
        - 20 ml Limettensaft""",
    "amounts behind tabs": """Negroni
        \tGin\t30 ml
        \tCampari\t30 ml
        Gimlet
        \tGin\t60 ml
        \tLime juice\t20 ml""",
    "amounts behind colons": """Negroni
        Gin: 30 ml
        Campari: 30 ml

        Gimlet
        Gin: 60 ml
        Lime juice: 20 ml""",
    "JSON in cells": """name,ingredients
        Negroni,"[{""name"": ""Gin"", ""amount"": 30, ""unit"": ""ml""}, ""30 ml Campari""]"
        Gimlet,"{'Gin': '60 ml', 'Lime juice': '20 ml'}\"""",
    "labels": """Title: Negroni
        Ingredients: 30 ml gin, 30 ml Campari

        Title: Gimlet
        Glass: coupe
        Ingredients: 60 ml gin, 20 ml lime juice""",
    "a line a recipe": """Negroni: 30 ml gin, 30 ml Campari
        Gimlet - 60 ml gin, 20 ml lime juice""",
    "TOML": """[[drink]]
        name = "Negroni"
        ingredients = ["30 ml gin", "30 ml Campari"]
        [[drink]]
        name = "Gimlet"
        ingredients = {Gin = "60 ml", "Lime Juice" = "20 ml"}""",
    "XML": """<?xml version="1.0"?><bar><drink><name>Negroni</name><ingredients>
        <ingredient amount="30" unit="ml">Gin</ingredient>
        <ingredient amount="30" unit="ml">Campari</ingredient></ingredients></drink>
        <drink><name>Gimlet</name><ingredients>
        <ingredient><name>Gin</name><amount>60 ml</amount></ingredient>
        <ingredient><name>Lime juice</name><amount>20 ml</amount></ingredient>
        </ingredients></drink></bar>""",
    "a script": """// drinks
        export const drinks = [
          { name: 'Negroni', ingredients: ["30 ml gin", "30 ml Campari"], },
          { name: 'Gimlet', ingredients: ['60 ml gin', '20 ml lime juice'] },
        ];""",
    "a page with a table": """<html><table><tr><th>Drink</th><th>Ingredient</th><th>Amount</th></tr>
        <tr><td rowspan="2">Negroni</td><td>Gin</td><td>30 ml</td></tr>
        <tr><td>Campari</td><td>30&nbsp;ml</td></tr>
        <tr><td rowspan="2">Gimlet<td>Gin</td><td>60 ml</td></tr>
        <tr><td>Lime juice</td><td>20 ml</td></tr></table></html>""",
    "a page with lists": """<!DOCTYPE html><html><nav><li>1 oz of nothing</li></nav>
        <h2>Negroni</h2><ul><li>30 ml gin<li>30 ml Campari</ul><p>Stir.</p>
        <h2>Gimlet</h2><ul><li>60 ml gin</li><li>20 ml lime&nbsp;juice</li></ul></html>""",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_tables_and_texts_as_people_write(text: str) -> None:
    plain = "\n".join(line.removeprefix(" " * 8) for line in text.splitlines())
    found = _read(plain)
    assert {name.capitalize(): lines for name, lines in found.items()} == DRINKS


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("---\ntitle: Fizz\ningredients: [5 cl gin]\n---\nShake.\n", "Fizz", (5, "Centiliter")),
        ("Fizz\n5 cl gin\nEgg white 1\nShake.", "Fizz", (1, "Each")),
        ("Cocktail,Gin (ml),Orange bitters (dashes)\nFizz,60,2\nFix,50,1", "Fizz", (2, "Dash")),
        ("Drink,Ingredients,How\nFizz,5 cl gin,Shake", "Fizz", (5, "Centiliter")),
        ("Drink,Ingredient,min,max,unit\nFizz,gin,40,60,ml", "Fizz", (50, "Milliliter")),
        (
            "Drink,Ingredient,Qty,Unit\nFizz,gin,2,oz\nFizz,Method,Shake it,\n",
            "Fizz",
            (2, "Ounce"),
        ),
        ("Fizz\n1.0 Gin\n0.75 Simple\nShake / up", "Fizz", (0.75, "Part")),
        ("## Fizz\n- gin\n- le jus d'un demi citron vert", "Fizz", (15, "Milliliter")),
        ("Fizz\n\n1 oz gin\n1 (12-ounce) bottle ginger beer", "Fizz", (12, "Ounce")),
        ("#sour #gin\n\nrating:: 5\n\n## Ingredients\n- 1 oz gin\n", "file", (1, "Ounce")),
        (
            '{"name": "Fizz", "ingredients": [{"name": "soda water", "note": "to top"}]}',
            "Fizz",
            (None, "to top"),
        ),
    ],
)
def test_details_of_shapes(text: str, name: str, line: tuple[float | None, str]) -> None:
    plan = plan_import(read_bytes(text.encode(), "file.md"))
    recipe = plan.collection.recipes[0]
    last = (recipe.lines or [])[-1].fields
    assert (recipe.fields["name"], last["amount"], last["unit"]) == (name, *line)
    assert not any("not read" in note for note in plan.report.notes)


def test_recipes_without_ingredients_are_kept() -> None:
    drinks = [{"name": "Later", "ingredients": []}, {"name": "Fizz", "ingredients": ["gin"]}]
    assert list(_read(json.dumps(drinks))) == ["Later", "Fizz"]
    with pytest.raises(DatabaseError, match="no recipes"):
        read_bytes(b'{"ingredients": [], "shops": []}', "x.json")


def test_macs_and_japan_have_their_own_code_pages() -> None:
    french = "Nom;Ingr\u00e9dient;Quantit\u00e9;Unit\u00e9\nKir;Cr\u00e8me de cassis;1,5;cl\n"
    japanese = "\u30ab\u30af\u30c6\u30eb,\u6750\u6599,\u5206\u91cf\n" + (
        "\u30ad\u30fc\u30eb,\u30ab\u30b7\u30b9,15ml\n" * 3
    )
    for text, encoding in ((french, "mac_roman"), (french, "cp1252"), (japanese, "cp932")):
        recipe = read_bytes(text.encode(encoding), "x.csv").recipes[0]
        assert recipe.fields["name"] == text.splitlines()[1].partition(";")[0].partition(",")[0]
        assert (recipe.lines or [])[0].fields["ingredient"] in text


def _zip(**members: str | bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return packed.getvalue()


def _word(paragraphs: list[str]) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    texts = "".join(f"<w:p><w:r><w:t>{one}</w:t></w:r></w:p>" for one in paragraphs)
    return _zip(word__document_xml=f'<w:document xmlns:w="{space}">{texts}</w:document>')


def _sheet(rows: list[str]) -> bytes:
    spaces = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"'
        for one in ("text", "table")
    )
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>"
            for cell in row.split(",")
        )
        + "</table:table-row>"
        for row in rows
    )
    return _zip(
        mimetype="application/vnd.oasis.opendocument.spreadsheet",
        content_xml=f'<a {spaces}><table:table table:name="x">{cells}</table:table></a>',
    )


PLAIN = TEXTS["plain text"].replace(" " * 8, "").splitlines()
FILES = {
    "a sheet with a column a recipe": _sheet(
        [",Negroni,Gimlet", "Gin,30 ml,60 ml", "Campari,30 ml,", "Lime juice,,20 ml"]
    ),
    "gzip": gzip.compress(json.dumps(RECIPES).encode()),
    "an archive of packed recipes": _zip(
        **{f"{one['name']}_packed": gzip.compress(json.dumps(one).encode()) for one in RECIPES}
    ),
    "Cooklang files": _zip(
        Negroni_cook="Stir @gin{30%ml} and @Campari{30%ml} with #ice{}. -- slowly\n",
        Gimlet_cook="---\ntitle: Gimlet\n---\nShake @gin{60%ml}, @lime juice{20%ml}(fresh).\n",
    ),
    "a file a recipe": _zip(
        Negroni_csv="Amount,Unit,Ingredient\n30,ml,Gin\n30,ml,Campari\n",
        Gimlet_md="---\ntags: [gin]\ningredients:\n- 60 ml gin\n- 20 ml lime juice\n---\nShake.\n",
    ),
    "a document": _word(PLAIN),
    "a sheet": _sheet(
        ["Cocktail,Ingredient,Amount", "Negroni,Gin,30 ml", "Negroni,Campari,30 ml",
         "Gimlet,Gin,60 ml", "Gimlet,Lime juice,20 ml"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_packed_files(data: bytes) -> None:
    assert _read(data) == DRINKS


@pytest.mark.parametrize(
    "path",
    ["Makefile", "pyproject.toml", "CONTRIBUTING.md", ".gitignore", "api/pages/router.py",
     "api/pages/static/js/recipes.js", "api/pages/static/css/app.css"],
)  # fmt: skip
def test_other_files_of_a_folder_hold_no_recipes(path: str) -> None:
    with pytest.raises(DatabaseError, match="no recipes"):
        read_bytes((ROOT / path).read_bytes(), path)


def test_a_stream_names_no_recipe() -> None:
    lines = b"- 2 oz gin\n- 1 oz lime juice\n"
    assert list(_read(lines, "Gimlet.md")) == ["Gimlet"]
    assert _read(lines, "body") == {}


@pytest.mark.parametrize(
    ("data", "remedy"),
    [
        (b"%PDF-1.7", "Save the text as"),
        (b"\xd0\xcf\x11\xe0", "as .xlsx"),
        (b"{\\rtf1 Negroni}", "as .docx"),
        (b"recipe\nNegroni\nMartini\n", "A recipe needs a name and ingredients"),
    ],
)
def test_what_cannot_be_read_names_the_remedy(data: bytes, remedy: str) -> None:
    with pytest.raises(DatabaseError, match=remedy):
        read_bytes(data, "bar")


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(
    ["# A", "Negroni", "30 ml gin", "- gin", "| a | b |", "|---|", "Glass: x", "Ingredients:", "",
     "1. Stir", "===", "a,b,c", "<b>x", "@gin{1%oz}", "{", "[x]", "x = 1", "---", "x: y", "\x00"]
), max_size=8).map("\n".join))  # fmt: skip
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        plan = plan_import(read_bytes(text.encode(), "bar"))
    except DatabaseError:
        return
    assert plan.collection.recipes or plan.faults or plan.report.notes
