"""What the columns and keys of other programs mean."""

import re
from collections.abc import Iterable, Mapping

from api.db.exchange.time_limit import check_time
from api.db.search_names import fold
from api.db.taxonomy.units import find_unit

_NAME_ABROAD = ("nom", "nombre", "nome", "naam", "navn", "namn", "nazwa", "bezeichnung")
#: meaning -> names in order of preference, folded, without what separates words.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "recipe": ("recipe", "recipename", "recipetitle", "strdrink", "drink", "drinkname", "cocktail",
               "cocktailname", "beverage", "rezept", "receta", "recette", "ricetta", "receita",
               "recept", "przepis", "bevanda", "boisson", "bebida", "getrank", "napoj",
               "drinks", "recipes", "cocktails", "name", "title", "label", "headline", "titel",
               "nom", "nombre", "nome", "titre", "titulo", "naam", "navn", "namn", "nazwa",
               "coctel", "\u540d\u524d", "\u6599\u7406\u540d", "\u30ab\u30af\u30c6\u30eb\u540d",
               "\u30ab\u30af\u30c6\u30eb", "\u30ec\u30b7\u30d4"),
    "recipe_id": ("recipeid", "iddrink", "drinkid", "cocktailid", "idrecipe", "idcocktail"),
    "line": ("line", "ingredientnumber", "lineno", "linenumber", "ingredientno", "position",
             "ingredientorder", "sort", "step"),
    "ingredient": ("ingredient", "ing", "ingr", "food", "ingredientname", "stringredient", "zutat",
                   "ingrediente", "ingredienttext", "special", "component", "item", "product",
                   "element", "spirit", "bottle", "what", "skladnik", "liquid", "wat", "was",
                   "quoi", "que", "cosa", "co", "ingredients", "\u6750\u6599", "name", "title",
                   "label", *_NAME_ABROAD),
    "measure": ("measure", "strmeasure", "measurement", "measuretext", "amounttext",
                "quantitytext", "dose", "menge", "mesure", "medida", "misura", "portion",
                "originaltext", "howmuch", "size", "miara", "dosis", "dosi", "\u5206\u91cf"),
    "amount": ("amount", "quantity", "qty", "quantities", "value", "number", "count", "volume",
               "anzahl", "cantidad", "quantite", "quantita", "quantidade", "hoeveelheid",
               "ilosc", "amountmin", "parts", "min", "minimum", "quantitymin", "minamount",
               "\u91cf"),
    "amount_max": ("amountmax", "quantitymax", "maxamount", "max", "maximum"),
    "unit": ("unit", "units", "unitname", "uom", "einheit", "unidad", "unite", "unita",
             "unidade", "eenheid", "unitofmeasure", "measureunit", "measurementunit",
             "unitabbreviation", "quantitytype", "quantityunit", "jednostka", "qu", "\u5358\u4f4d"),
    "line_text": ("text", "raw", "rawtext", "original", "full", "display", "displaytext",
                  "originalstring"),
    "detail": ("label", "brand", "variety", "variant"),
    "note": ("note", "notes", "comment", "preparation", "prep"),
    "optional": ("optional", "isoptional"),
    "substitutes": ("substitutes", "alternatives", "substitute"),
    "instructions": ("instructions", "strinstructions", "instruction", "directions", "preparation",
                     "steps", "howto", "how", "zubereitung", "preparacion", "preparazione",
                     "recipeinstructions", "procedure", "description2", "build", "methodtext",
                     "making", "instrucciones", "istruzioni", "instrucoes", "mododepreparo",
                     "preparo", "preparacao", "elaboracion", "anleitung", "bereiding",
                     "instructionsflat", "recipedirections", "\u4f5c\u308a\u65b9",
                     "\u624b\u9806"),
    "description": ("description", "about", "history", "summary", "intro", "story", "notes",
                    "comment", "beschreibung"),
    "glass": ("glass", "strglass", "glassware", "glasstype", "glas", "vaso", "verre", "bicchiere",
              "servedin", "vessel"),
    "garnish": ("garnish", "garnishes", "garniture", "decoration", "strgarnish", "dekoration",
                "garnishtext"),
    "method": ("method", "technique", "mixingmethod", "style"),
    "tags": ("tags", "strtags", "keywords", "tag", "labels"),
    "category": ("category", "categories", "strcategory", "type", "recipecategory", "family",
                 "striba", "iba", "kategorie", "categoria", "categorie", "genre"),
    "image_url": ("imageurl", "strdrinkthumb", "image", "img", "picture", "photo", "thumbnail",
                  "imageuri"),
    "source": ("source", "author", "bartender", "creator", "origin", "book", "publication",
               "strimagesource"),
    "source_url": ("sourceurl", "url", "link", "href", "permalink", "website", "uri"),
}  # fmt: skip
#: The last word of a column of amounts; in parentheses, any unit is one.
_UNIT_COLUMNS = frozenset(
    ("ml", "cl", "oz", "dl", "floz", "parts", "dash", "dashes", "ounces", "milliliters", "tsp",
     "tbsp", "barspoons", "drops", "g", "gr", "gram", "grams", "milliliter",
     "centiliter", "centiliters", "shots", "teile", "partes")
)  # fmt: skip
#: The list of lines of a recipe.
LINES = ("ingredients", "ingredientsjson", "ing", "ings", "ingredient", "recipeingredient",
         "ingredientlist", "zutaten",
         "ingredientes", "ingredienti", "ingredienten", "skladniki", "components",
         "contents", "lines", "recipeingredients",
         "items", "build", "recipe", "specs", "spec", "formula", "mix", "ingredientsflat",
         "\u6750\u6599")  # fmt: skip
#: Those that mean other things in other files.
WEAK_LINES = ("components", "contents", "lines", "items", "build", "recipe", "specs", "spec",
              "formula", "mix")  # fmt: skip
#: A list of measures beside the list of ingredients.
MEASURES = (
    "measures",
    "measurements",
    "amounts",
    "quantities",
    "strmeasures",
    "mengen",
    "quantites",
    "cantidades",
    "quantita",
    "hoeveelheden",
    "ilosci",
)
_NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
RECIPE_MEANINGS = ("recipe", "recipe_id", "instructions", "description", "glass", "garnish",
                   "method", "tags", "category", "image_url", "source", "source_url")  # fmt: skip
LINE_MEANINGS = ("ingredient", "detail", "measure", "amount", "amount_max", "unit", "line_text",
                 "note", "optional", "substitutes")  # fmt: skip


def key_of(name: object) -> str:
    """Return a column's name without case, accents and what separates words."""
    check_time()
    return re.sub(r"[\W_]+", "", fold(str(name)))


def find_columns(names: Iterable[object], meanings: Iterable[str]) -> dict[str, str]:
    """Return the column for each of ``meanings`` that has one; each column serves once.

    Examples
    --------
    >>> find_columns(["strDrink", "ingredient", "measure"], ["recipe", "ingredient", "measure"])
    {'recipe': 'strDrink', 'ingredient': 'ingredient', 'measure': 'measure'}
    """
    by_key: dict[str, str] = {}
    for name in names:
        by_key.setdefault(key_of(name), str(name))
    found: dict[str, str] = {}
    for meaning in meanings:
        for candidate in _NAMES[meaning]:
            if candidate in by_key and by_key[candidate] not in found.values():
                found[meaning] = by_key[candidate]
                break
    return found


def unit_in_name(name: str) -> str | None:
    """Return the unit of a column such as ``amount_ml`` or ``oz``; None if it names none."""
    last = re.split(r"[\W_]+", fold(name).strip(" )_"))[-1]
    unit = find_unit(last) if last in _UNIT_COLUMNS or "(" in name else None
    return unit.name if unit else None


def unit_of_number(name: str) -> str | None:
    """Return the unit of a numbered column: ``Amount 1 (ml)``, ``ml2``.

    Examples
    --------
    >>> unit_of_number("Amount 1 (ml)"), unit_of_number("oz_2"), unit_of_number("Amount 1")
    ('Milliliter', 'Ounce', None)
    """
    return unit_in_name(re.sub(r"[\W_]*\d+[\W_]*$", "", name)) or unit_in_name(name)


def numbered(names: Iterable[str]) -> dict[int, dict[str, str]]:
    """Return the columns of each number: ``Ingredient1``, ``Measure1``, ``Ingredient2``, ...

    Examples
    --------
    >>> numbered(["strIngredient1", "strMeasure1"])
    {1: {'ingredient': 'strIngredient1', 'measure': 'strMeasure1'}}
    """
    found: dict[int, dict[str, str]] = {}
    for name in names:
        key = key_of(name)
        for number, word in enumerate(_NUMBER_WORDS, 1):
            key = re.sub(rf"{word}$", str(number), key)
        key = re.sub(r"^(\d{1,2})(?:st|nd|rd|th)?(\D+)$", r"\2\1", key)  # '1st ingredient'
        match = re.fullmatch(r"(\D+?)(\d{1,2})(\D*)", key)
        if match is None:
            continue
        key = match[1] + match[3]
        if unit_of_number(name):  # 'Amount 1 (ml)', 'ml 1', 'Ingredient 1 (ml)'
            found.setdefault(int(match[2]), {}).setdefault("amount", name)
            continue
        for meaning in ("ingredient", "measure", "amount", "unit"):
            known = [
                one
                for one in _NAMES[meaning]
                if one not in ("name", "title", "label", *_NAME_ABROAD)
            ]
            if key in known or key.removeprefix("ingredient") in known:
                found.setdefault(int(match[2]), {}).setdefault(meaning, name)
                break
    return {number: columns for number, columns in sorted(found.items()) if "ingredient" in columns}
