"""What a line of a recipe says besides ingredients: a label, a field, a step, or an aside."""

import re
import unicodedata

from api.db.exchange.sources.columns import LINES, RECIPE_MEANINGS, find_columns, key_of
from api.db.exchange.sources.content import is_ingredient
from api.db.exchange.sources.markdown import Line
from api.db.search_names import fold
from api.db.taxonomy.units import find_unit

_FIELD = re.compile(r"([^\W\d][^:|]{1,24}?)\s*::?\s*(.*)")
#: 'For the syrup', in six languages.
_PART = re.compile(
    r"(?:for|pour|f\u00fcr|per|para)\s+(?:the|le|la|les|l'|den|das|die|il|lo|el|o|a)\b",
    re.IGNORECASE,
)
_INGREDIENTS_ABROAD = frozenset(
    ("ingredienten", "skladniki", "ingredienser", "ainekset", "suroviny", "hozzavalok",
     "malzemeler", "youneed", "youwillneed", "whatyouneed", "benodigdheden", "serin")
)  # fmt: skip
_INSTRUCTIONS = frozenset(
    ("how", "tomake", "makeit", "todo", "assembly", "build", "mixing", "howtomake",
     "howtomakeit", "bereidingswijze", "przygotowanie", "sposobprzygotowania", "wykonanie",
     "fremgangsmade", "gorsahar", "tillagning", "postup", "elkeszites",
     "modopreparo", "modofazer", "mododefazer", "procedimento", "procedimiento", "werkwijze")
)  # fmt: skip
#: What a text may say of a recipe under a label.
FIELDS = tuple(meaning for meaning in RECIPE_MEANINGS if meaning != "recipe_id")
#: The verbs that begin a step, folded, in eight languages.
_STEPS = frozenset(re.split(r"\W+", """
    shake stir strain build pour muddle combine mix blend garnish serve add top fill double fine
    rinse chill rub rim dry swizzle roll churn express place put squeeze float layer drop discard
    enjoy using in then finish dump throw cut slice dissolve bring heat simmer cool let leave
    ruhren schutteln abseihen shaken mischen mixen umruhren gut alles alle auf mit servieren
    garnieren verser secouer melanger filtrer remuer servir frapper ajouter decorer mettre verse
    secouez agitar remover colar mezclar verter anadir adornar decorar agite mezcle vierta servi
    mescolare agitare versare filtrare guarnire shakerare unire aggiungere decorare servire misture
    misturar mexa mexer bata bater macere macerar coe sirva despeje adicione coloque roer roeren
    schud schudden schenk giet zeef meng serveer zamieszac wstrzasnac wymieszac przelac przecedzic
    podawac wlac dodac"""))  # fmt: skip
_SERVED = (
    r"serv\w+|port\w+|persoo?n\w*|people|guests?|drinks?|cocktails?|glass\w*|gl[a\u00e4]ser|verres?|"
    r"copas?|bicchier\w*|porc\w+|porz\w+|pers|os[o\u00f3]b\w*|glazen"
)
_COUNT = (
    r"(?:\d+(?:\s*-\s*\d+)?|one|two|three|four|six|eight|ein\w*|zwei|une?|deux|una|uno|dos|due|"
    r"duas|dois|um|uma|een)"
)
_GLASSES = (
    r"coupe|rocks|martini|highball|collins|nick (?:&|and) nora|old[- ]fashioned|hurricane|flute|"
    r"lowball|tumbler|wine|cocktail|shot|tiki|julep"
)
_ASIDES = re.compile(
    "|".join((
        r"(?:serves?|makes|yields?|servings?)\b.{1,30}",
        rf"(?:[^\W\d]+\.?\s+){{0,3}}{_COUNT}\s+(?:{_SERVED})\b.{{0,15}}",
        r"(?:prep|cook|total|active)\w*\s+time\b.*",
        r"(?:[^\W\d]+\s+){0,3}\d+\s*(?:mins?|minutes?|minuten|minuti|minutos|hours?|h)\b\.?",
        r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}",
        r"\d{1,2}(?:\.|st|nd|rd|th)?\s+(?:of\s+|de\s+)?[^\W\d]+\.?,?\s+(?:de\s+)?\d{4}",
        r"[^\W\d]+\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}",
        r"\(?\d+(?:[.,]\d+)?\s*(?:/\s*(?:5|10)\b|out of\b|stars?\b).{0,20}",
        r"\d+(?:[.,]\d+)?\s*%.*|(?:abv|strength)\b.*|(?:equal|same)\s+parts\b.*",
        r"(?:https?:|www\.)\S+|[$\u20ac\u00a3]\s*\d[\d.,]*|\d[\d.,]*\s*[$\u20ac\u00a3]",
        r"(?:posted|published|created|adapted|recipe|photo|courtesy)\s+(?:by|on|from|of)\b.*",
        rf"(?:{_GLASSES})\s+(?:glass|mug|cup)\b.*",
    )),
    re.IGNORECASE,
)  # fmt: skip
#: What names a writer or a place; also the beginning of some names of drinks.
_BY = re.compile(r"(?:by|von|par|por|door|przez|from|via|source|aus)\s+\S", re.IGNORECASE)
_EQUAL = re.compile(r"equal\s+parts\b.*", re.IGNORECASE)
#: The words of an amount, a unit and an ingredient.
_FEWEST = 3
_PRICE = re.compile(
    r"(?:[\s.\u2026_\u00b7]{3,}[$\u20ac\u00a3]?\s*|\s+[-\u2013\u2014]?\s*[$\u20ac\u00a3]\s*)"
    r"\d+(?:[.,]\d{1,2})?\s*[$\u20ac\u00a3]?$"
    r"|\s+\d+(?:[.,]\d{1,2})?\s*[$\u20ac\u00a3]$"
)


def section_of(line: Line) -> str | None:
    """Return which list a label begins: ingredients, instructions; None if it is no label."""
    if line.text.endswith("."):
        return None  # 'Build.' is a step
    key = key_of(line.text.rstrip(":"))
    if (key in LINES and key not in ("recipe", "mix", "items")) or key in _INGREDIENTS_ABROAD:
        return "ingredients"
    if key in _INSTRUCTIONS or "instructions" in find_columns([key], ["instructions"]):
        return "instructions"
    if "method" in find_columns([key], ["method"]):
        return "instructions"
    return None


def field_of(line: Line) -> tuple[str, str] | None:
    """Return what ``Glass: Coupe`` sets, and to what; None if it sets nothing known."""
    match = _FIELD.fullmatch(line.text)
    if match is None or not match[2]:
        return None
    key = key_of(match[1])
    if key in LINES or key in _INGREDIENTS_ABROAD:
        return "lines", match[2]
    found = find_columns([match[1]], FIELDS)
    return (next(iter(found)), match[2]) if found else None


def is_part(text: str) -> bool:
    """Return whether a title names a part of the recipe above: 'For the syrup'."""
    return _PART.match(text) is not None


def is_step(text: str) -> bool:
    """Return whether a text begins with what is done.

    Examples
    --------
    >>> is_step("Stir with ice"), is_step("Whiskey Sour")
    (True, False)
    """
    words = re.findall(r"\w+", fold(text))
    return bool(words) and words[0] in _STEPS


def seems_step(text: str) -> bool:
    """Return whether a text is a step, or a sentence, of which most steps are."""
    return text.endswith(".") or is_step(text)


def is_aside(text: str) -> bool:
    """Return whether a text says servings, a time, a date, a rating, a price or an address.

    Examples
    --------
    >>> [is_aside(text) for text in ("Serves 1", "F\u00fcr 2 Personen", "4/5", "20th Century")]
    [True, True, True, False]
    """
    named = any(mark.isalpha() for mark in text) or re.fullmatch(r"\d{3,4}", text.strip())
    plain = text.strip(" ()*'")
    return not named or any(map(_ASIDES.fullmatch, (plain, fold(plain))))


def is_credit(text: str) -> bool:
    """Return whether a text may name a writer: 'by Ann', and 'From Here to Eternity'."""
    return _BY.match(text) is not None


def is_equal_parts(text: str) -> bool:
    """Return whether a text says that all ingredients have one amount."""
    return _EQUAL.fullmatch(text.strip(" ()*:.")) is not None


def seems_measured(text: str) -> bool:
    """Return whether a text may be an amount that is not understood: 'l oz gin', '1 pt gin'."""
    words = text.split()
    if len(words) < _FEWEST:
        return False
    misread = len(words[0]) == 1 and find_unit(words[1]) is not None
    return misread or (words[0][0].isnumeric() and is_ingredient(" ".join(words[2:])))


def plain_title(text: str) -> str:
    """Return a title without its number, price, servings and decoration.

    Examples
    --------
    >>> plain_title("2. Gimlet (serves 1)"), plain_title("Negroni .... 12")
    ('Gimlet', 'Negroni')
    >>> plain_title("M A I  T A I"), plain_title("Corpse Reviver No. 2")
    ('MAITAI', 'Corpse Reviver No. 2')
    """
    found = re.sub(r"^\d{1,2}[.)]\s+(?=\S)", "", text)
    found = re.sub(r"([-=*~_])\1+\s*(\S.*?)\s*\1{2,}", r"\2", found)
    found = _PRICE.sub("", found)
    aside = re.search(r"\s*\(([^()]*)\)$", found)
    if aside and (is_aside(aside[1]) or re.match(r"for\s", aside[1])):
        found = found[: aside.start()]
    found = re.sub(r"(?<=\w{4})\.$", "", found)  # of old books
    words = found.split()
    if len(words) > 3 and all(len(word) == 1 and word.isalpha() for word in words):
        found = "".join(words)
    marks = "".join(mark for mark in found if unicodedata.category(mark) == "So") + "\ufe0f "
    return found.strip(marks).rstrip(":").strip() or text
