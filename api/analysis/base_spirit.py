"""Tell the base spirit of a recipe from the ingredient tree.

A taxonomy made by hand names its spirits in many ways ("Whisky", "Whiskies", "Rum / Cachaça",
"Agave Spirits"), at the top level or below a "Spirits" node. A node is therefore recognised by
its words: it stands for a base spirit when every word of its name, apart from connectives and
"spirit", names the same one. That keeps "Ginger Beer" out of the gins, and "Apricot Brandy", which
usually is a liqueur, out of the brandies, unless it stands below a node named "Brandy".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_SPIRITS: Final[Mapping[str, Sequence[str]]] = {
    "whiskey": ("whiskey", "whisky", "whiskies", "bourbon", "rye", "scotch"),
    "gin": ("gin", "genever", "jenever"),
    "rum": ("rum", "rhum", "cachaca"),
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
    ),
    "vodka": ("vodka",),
    "other-spirit": ("aquavit", "akvavit", "arrack", "baijiu", "shochu", "soju", "moonshine"),
}
_GROUP_OF_WORD: Final[dict[str, str]] = {
    word: group for group, words in _SPIRITS.items() for word in words
}
# Spirits of two words, which the word-by-word reading would tear apart.
_GROUP_OF_PHRASE: Final[dict[str, str]] = {
    "batavia arrack": "other-spirit",
    "eau de vie": "brandy",
    "eaux de vie": "brandy",
}
# Absinthe is a spirit, but most recipes only rinse the glass with it.
_RINSES: Final = frozenset({"absinthe", "pastis"})
_NEUTRAL_WORDS: Final = frozenset({"spirit", "spirits", "based", "and", "or", "other", "distilled"})
_LIQUEUR_WORDS: Final = frozenset(
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
_WINE_WORDS: Final = frozenset(
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


def _words(name: str) -> list[str]:
    """Split a name into lower-case words without accents.

    Brackets inside a word are dropped first, so that "Whisk(e)y" is one word.
    """
    joined = re.sub(r"(?<=\w)\((\w)\)(?=\w)", r"\1", name)
    decomposed = unicodedata.normalize("NFKD", joined.casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.findall(r"[^\W_]+", plain)


def _group_of_spirit_node(name: str) -> str | None:
    """Group of a node that is named as a base spirit, "rinse" for absinthe, else None."""
    words = [word for word in _words(name) if word not in _NEUTRAL_WORDS]
    if (phrase := _GROUP_OF_PHRASE.get(" ".join(words))) is not None:
        return phrase
    groups = set()
    for word in words:
        singular = word[:-1] if word.endswith("s") and word not in _GROUP_OF_WORD else word
        if singular in _RINSES:
            groups.add("rinse")
        elif (group := _GROUP_OF_WORD.get(singular)) is not None:
            groups.add(group)
        else:
            return None
    return groups.pop() if len(groups) == 1 else None


def _group_of_path(names: Sequence[str]) -> str | None:
    """Group of an ingredient from the names on its way, root first.

    Returns a group of :data:`api.charts.palette.GROUPS`, "rinse", or None.
    """
    mixed: str | None = None
    for name in names:
        if (spirit := _group_of_spirit_node(name)) is not None:
            return spirit
        words = set(_words(name))
        # "Fruit Liqueur > Brandy" is a liqueur; "Spirits & Liqueurs > Brandy" is not.
        if words & _LIQUEUR_WORDS and not words & _NEUTRAL_WORDS:
            return "liqueur"
        if words & _WINE_WORDS and not words & _NEUTRAL_WORDS:
            return "wine"
        if mixed is None and words & _LIQUEUR_WORDS:
            mixed = "liqueur"
    return mixed


class BaseSpiritClassifier:
    """Base spirits of many recipes over one tree.

    Reading the tree costs one pass over its nodes; each recipe then costs only its ingredients.

    Parameters
    ----------
    tree
        The ``ingredient-tree`` artifact: nodes with ``id``, ``name`` and, where they have any,
        ``children``. The root's own name says nothing and is not read.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._group_by_id: dict[str, str | None] = {}
        self._group_by_name: dict[str, str | None] = {}
        for node, names in _walk(tree):
            group = _group_of_path(names)
            self._group_by_id[str(node["id"])] = group
            # Names need not be unique; the first in the tree's order stands for all.
            self._group_by_name.setdefault(names[-1], group)

    def node(self, node_id: str) -> str:
        """Group of a tree node; "other" when the node is unknown or names no drink of its own."""
        group = self._group_by_id.get(node_id)
        return "other-spirit" if group == "rinse" else group or "other"

    def recipe(self, ingredient_names: Sequence[str]) -> str:
        """Group of a recipe from its ingredients' names, largest volume first.

        The largest spirit decides; a recipe without one belongs to its largest wine or liqueur.
        Absinthe decides when it is the largest ingredient or when nothing else does.
        """
        groups = [self._of_name(name) for name in ingredient_names]
        if groups and groups[0] == "rinse":
            return "other-spirit"
        for group in groups:
            if group is not None and group in _SPIRITS:
                return group
        for group in groups:
            if group in ("wine", "liqueur"):
                return group
        return "other-spirit" if "rinse" in groups else "other"

    def _of_name(self, name: str) -> str | None:
        if name in self._group_by_name:
            return self._group_by_name[name]
        # Not in the tree (say, an artifact of an older snapshot): its name is all there is.
        return _group_of_path((name,))


def _walk(tree: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Yield every node below the root with the names on its way; not recursive: any depth goes."""
    stack: list[tuple[Mapping[str, Any], tuple[str, ...]]]
    stack = [(child, ()) for child in reversed(tree.get("children") or ())]
    while stack:
        node, above = stack.pop()
        names: tuple[str, ...] = (*above, str(node["name"]))
        yield node, names
        stack.extend((child, names) for child in reversed(node.get("children") or ()))


def base_spirit(ingredient_names: Sequence[str], tree: Mapping[str, Any]) -> str:
    """Base spirit of one recipe.

    Parameters
    ----------
    ingredient_names
        The recipe's ingredients by volume, largest first.
    tree
        The ``ingredient-tree`` artifact.

    Returns
    -------
    str
        A key of :data:`api.charts.palette.GROUPS`: a spirit ("whiskey", "gin", "rum",
        "agave", "brandy", "vodka", "other-spirit"), else "wine", "liqueur" or "other".

    See Also
    --------
    BaseSpiritClassifier : the same for many recipes over one tree.
    """
    return BaseSpiritClassifier(tree).recipe(ingredient_names)
