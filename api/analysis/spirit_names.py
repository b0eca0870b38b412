"""Read what kind of drink an ingredient is from its name alone.

English puts the head noun last: "sherry cask whisky" is a whisky, "whisky liqueur" a liqueur and
"rum-raisin syrup" a syrup. The last word that is known therefore decides, after accents, case and
additions ("Gin (London Dry)", "Rum, dark", "vodka or gin", "bourbon with honey") are removed. Only
whole words count, so "ginger ale" contains no gin and "Sprite" no spirit.

The vocabulary is general: kinds of drinks in the languages that labels use, a few world-wide
brands, and the things that are named after drinks without being any.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

SPIRITS: Final[Mapping[str, Sequence[str]]] = {
    "whiskey": ("whiskey", "whisky", "whiskies", "whiskeys", "bourbon", "rye", "scotch"),
    "gin": ("gin", "genever", "jenever", "genievre", "ginebra"),
    "rum": ("rum", "rhum", "ron", "cachaca", "agricole"),
    "agave": ("agave", "tequila", "mezcal", "sotol", "raicilla", "bacanora"),
    "brandy": (
        "brandy",
        "brandies",
        "cognac",
        "armagnac",
        "calvados",
        "applejack",
        "pisco",
        "grappa",
        "singani",
        "kirsch",
        "kirschwasser",
        "slivovitz",
        "weinbrand",
    ),
    "vodka": ("vodka", "wodka"),
    "other-spirit": (
        "aquavit",
        "akvavit",
        "arrack",
        "aguardiente",
        "baijiu",
        "shochu",
        "soju",
        "moonshine",
        "everclear",
    ),
}
#: Absinthe is a spirit, but most recipes only rinse the glass with it.
_RINSES: Final = frozenset({"absinthe", "pastis", "pernod", "ouzo", "arak", "raki", "herbsaint"})
#: Spirits of two words, which a word-by-word reading would take apart.
SPIRIT_PHRASES: Final[Mapping[str, str]] = {
    "batavia arrack": "other-spirit",
    "grain alcohol": "other-spirit",
    "eau de vie": "brandy",
    "eaux de vie": "brandy",
    "single malt": "whiskey",
    "johnnie walker": "whiskey",
    "jack daniels": "whiskey",
    "jim beam": "whiskey",
}
#: Words that name a family of liqueurs, as a node of a tree does.
LIQUEUR_KINDS: Final = frozenset(
    {
        "liqueur",
        "liqueurs",
        "amaro",
        "amari",
        "aperitivo",
        "cordial",
        "cordials",
        "schnapps",
        "falernum",
        "punsch",
        "triple",
        "curacao",
    }
)
#: Words that name a family of wines.
WINE_KINDS: Final = frozenset(
    {
        "wine",
        "wines",
        "vermouth",
        "vermouths",
        "sherry",
        "port",
        "madeira",
        "champagne",
        "prosecco",
        "cava",
        "sake",
    }
)
#: The result of :func:`group_of_name` for syrups, juices, bitters and the like.
NOT_ALCOHOLIC: Final = "not-alcoholic"

_LIQUEURS: Final = (LIQUEUR_KINDS - {"triple"}) | {
    "amaretto",
    "aperol",
    "baileys",
    "benedictine",
    "campari",
    "chartreuse",
    "cointreau",
    "cynar",
    "drambuie",
    "fernet",
    "galliano",
    "kahlua",
    "limoncello",
    "maraschino",
    "sambuca",
}
_WINES: Final = WINE_KINDS | {"lillet", "quinquina", "sparkling"}
_BRANDS: Final[Mapping[str, str]] = {
    "bacardi": "rum",
    "smirnoff": "vodka",
    "absolut": "vodka",
    "tanqueray": "gin",
    "beefeater": "gin",
    "hennessy": "brandy",
}
_PHRASES: Final[Mapping[str, str]] = {
    **SPIRIT_PHRASES,
    "triple sec": "liqueur",
    "grand marnier": "liqueur",
    "creme de": "liqueur",
    "irish cream": "liqueur",
    "rum cream": "liqueur",
    "sloe gin": "liqueur",
    **{
        f"{fruit} brandy": "liqueur"
        for fruit in ("apricot", "banana", "blackberry", "cherry", "coffee", "ginger", "peach")
    },
}
#: What is named after a drink or flavored with one, without being one.
_NOT_DRINKS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        ale alternative alternatives barrels beer bitter bitters bonnet bread
        butter cake candy caramel cherries cherry chocolate coffee cola cream
        cubes essence extract flavor flavoring flavour flavouring foam free
        glaze grains honey ice jam jelly juice leaf leaves lemonade marmalade
        milk mint mix mixer molasses mousse nectar nonalcoholic oil orgeat peel
        peppers powder puree raisin raisins rim salt sauce shrub soda substitute
        sugar sugars syrup syrups tea tonic vanilla vinegar water zero zest
        """,
    )
)
_JOINED: Final = re.compile(r"(?<=\w)\((\w)\)(?=\w)")
_APOSTROPHE: Final = re.compile("['\u2019]")
_WORD: Final = re.compile(r"[^\W_]+")
#: What follows is an alternative or an addition; the first part is the ingredient.
_ADDITION: Final = re.compile(r"[,;:()\[\]/]|\s(?:or|oder|ou|with|infused|for|to)\s", re.IGNORECASE)
_ALCOHOL_FREE: Final = re.compile(r"\b(?:non[\s-]?alcoholic|alcohol[\s-]?free)\b", re.IGNORECASE)


def words_of(name: str) -> list[str]:
    """Split a name into lower-case words without accents.

    Brackets inside a word are dropped first, so that "Whisk(e)y" is one word.

    >>> words_of("Crème de Cacao (white)")
    ['creme', 'de', 'cacao', 'white']
    """
    joined = _APOSTROPHE.sub("", _JOINED.sub(r"\1", name))
    decomposed = unicodedata.normalize("NFKD", joined.casefold())  # noqa: TID251 - a stored name
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _WORD.findall(plain)


def spirit_of_word(word: str) -> str | None:
    """Group of a word that names a base spirit, "rinse" for absinthe, else None.

    >>> spirit_of_word("gins"), spirit_of_word("ginger")
    ('gin', None)
    """
    singular = word[:-1] if word.endswith("s") and word not in _SPIRIT_OF_WORD else word
    return _SPIRIT_OF_WORD.get(singular)


def group_of_name(name: str) -> str | None:
    """Group of an ingredient by its name.

    Parameters
    ----------
    name
        As somebody wrote it, such as "Jamaican rum" or "Crème de Cassis".

    Returns
    -------
    str or None
        A spirit's key in :data:`SPIRITS`, "liqueur", "wine", "rinse" for absinthe and its kind,
        :data:`NOT_ALCOHOLIC` for something named after a drink, None if no word is known.

    Examples
    --------
    >>> group_of_name("Light rum"), group_of_name("Rum-raisin syrup"), group_of_name("Ginger ale")
    ('rum', 'not-alcoholic', 'not-alcoholic')
    """
    if _ALCOHOL_FREE.search(name):
        return NOT_ALCOHOLIC
    for part in _ADDITION.split(_JOINED.sub(r"\1", name)):
        if (group := _group_of_part(words_of(part))) is not None:
            return group
    return None


def _group_of_part(words: Sequence[str]) -> str | None:
    """Group of the last known word or pair of words."""
    for end in range(len(words), 0, -1):
        for length in (3, 2):
            if (phrase := _PHRASES.get(" ".join(words[max(0, end - length) : end]))) is not None:
                return phrase
        word = words[end - 1]
        if word in _NOT_DRINKS:
            return NOT_ALCOHOLIC
        if (spirit := spirit_of_word(word) or _BRANDS.get(word)) is not None:
            return spirit
        if word in _LIQUEURS:
            return "liqueur"
        if word in _WINES:
            return "wine"
    return None


_SPIRIT_OF_WORD: Final[Mapping[str, str]] = {
    **{word: group for group, words in SPIRITS.items() for word in words},
    **dict.fromkeys(_RINSES, "rinse"),
}
