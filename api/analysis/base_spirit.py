"""Find the base spirit of a recipe.

A taxonomy made by hand names its spirits in many ways ("Whisky", "Whiskies", "Rum / Cachaça",
"Agave Spirits"), at the top level or below a "Spirits" node. A node is therefore recognized by
its words: it represents a base spirit when every word of its name, apart from connectives and
"spirit", names the same one. That keeps "Ginger Beer" out of the gins, and "Apricot Brandy", which
usually is a liqueur, out of the brandies, unless it is below a node named "Brandy".

A flat list has no such nodes. There, :func:`api.analysis.spirit_names.group_of_name` reads the
ingredient's own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from api.analysis.spirit_names import (
    LIQUEUR_KINDS,
    NOT_ALCOHOLIC,
    SPIRIT_PHRASES,
    SPIRITS,
    WINE_KINDS,
    group_of_name,
    spirit_of_word,
    words_of,
)

_NEUTRAL_WORDS: Final = frozenset({"spirit", "spirits", "based", "and", "or", "other", "distilled"})


def _group_of_spirit_node(name: str) -> str | None:
    """Group of a node that is named after a base spirit, "rinse" for absinthe, else None."""
    words = [word for word in words_of(name) if word not in _NEUTRAL_WORDS]
    if (phrase := SPIRIT_PHRASES.get(" ".join(words))) is not None:
        return phrase
    groups = {spirit_of_word(word) for word in words}
    return groups.pop() if len(groups) == 1 else None


def group_of_path(names: Sequence[str]) -> str | None:
    """Group of an ingredient from the names on its path, root first.

    Returns a group of :data:`api.charts.palette.GROUPS`, "rinse" for absinthe and its kind,
    :data:`~api.analysis.spirit_names.NOT_ALCOHOLIC`, or None if nothing is known.
    """
    mixed: str | None = None
    for name in names:
        if (spirit := _group_of_spirit_node(name)) is not None:
            return spirit
        words = set(words_of(name))
        # "Fruit Liqueur > Brandy" is a liqueur; "Spirits & Liqueurs > Brandy" is not.
        if words & LIQUEUR_KINDS and not words & _NEUTRAL_WORDS:
            return "liqueur"
        if words & WINE_KINDS and not words & _NEUTRAL_WORDS:
            return "wine"
        if mixed is None and words & LIQUEUR_KINDS:
            mixed = "liqueur"
    if mixed is not None:
        return mixed
    # No ancestor names a kind of drink: read the names themselves, the ingredient's own first.
    return next((group for name in reversed(names) if (group := group_of_name(name))), None)


class BaseSpiritClassifier:
    """Base spirits of many recipes over one tree.

    Reading the tree costs one pass over its nodes; each recipe then costs only its ingredients.

    Parameters
    ----------
    tree
        The ``ingredient-tree`` artifact: nodes with ``id``, ``name`` and, where they have any,
        ``children``. The root's own name is ignored.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._group_by_id: dict[str, str | None] = {}
        self._group_by_name: dict[str, str | None] = {}
        for node, names in _walk(tree):
            group = group_of_path(names)
            self._group_by_id[str(node["id"])] = group
            # Names need not be unique; the first in tree order wins.
            self._group_by_name.setdefault(names[-1], group)

    def kind(self, node_id: str) -> str | None:
        """Return what :func:`group_of_path` finds for a tree node; None if it is unknown."""
        return self._group_by_id.get(node_id)

    def node(self, node_id: str) -> str:
        """Group of a tree node; "other" when the node is unknown or is no alcoholic drink."""
        group = self._group_by_id.get(node_id)
        if group is None or group == NOT_ALCOHOLIC:
            return "other"
        return "other-spirit" if group == "rinse" else group

    def recipe(self, ingredient_names: Sequence[str]) -> str:
        """Group of a recipe from its ingredients' names, largest volume first.

        The largest spirit decides; a recipe without one belongs to its largest wine or liqueur.
        Absinthe decides when it is the largest ingredient or when nothing else does.
        """
        groups = [self._of_name(name) for name in ingredient_names]
        if groups and groups[0] == "rinse":
            return "other-spirit"
        for group in groups:
            if group is not None and group in SPIRITS:
                return group
        for group in groups:
            if group in ("wine", "liqueur"):
                return group
        return "other-spirit" if "rinse" in groups else "other"

    def _of_name(self, name: str) -> str | None:
        if name in self._group_by_name:
            return self._group_by_name[name]
        # Not in the tree, for example in an artifact of an older snapshot.
        return group_of_path((name,))


def _walk(tree: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Yield every node below the root with the names on its path; iterative, for any depth."""
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
