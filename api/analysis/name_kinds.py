"""Kinds of ingredients by their names, for a flat list without a tree.

"Light Rum", "Dark Rum" and "Rum" end in the same word, and that word names what they are. It does
so in English, where the head of a compound comes last; a word that only one ingredient ends in
makes no kind.
"""

from collections import Counter
from collections.abc import Mapping

from api.db.search_names import fold

#: As in the tree that users draw: one step to the kind, one to the ingredient.
_EDGE = 1.0


def with_kinds_by_name(
    parent_map: Mapping[str, tuple[str | None, float]], names: Mapping[str, str]
) -> dict[str, tuple[str | None, float]]:
    """Put ingredients whose names end in the same word below a node of their own.

    Parameters
    ----------
    parent_map
        Node -> (parent, length of the edge to it), as `barcart.build_ingredient_tree` returns it
        for a flat list.
    names
        Name of each ingredient that recipes use, by its node.

    Returns
    -------
    dict
        The same nodes and one for each kind, named so that it can't be an ingredient's id.

    Examples
    --------
    >>> flat = {"root": (None, 0.0), "1": ("root", 1.0), "2": ("root", 1.0), "3": ("root", 1.0)}
    >>> kinds = with_kinds_by_name(flat, {"1": "Light Rum", "2": "Dark rum", "3": "Gin"})
    >>> kinds["1"] == kinds["2"] != kinds["3"]
    True
    """
    head = {node: words[-1] for node, name in names.items() if (words := fold(name).split())}
    count = Counter(head.values())
    root = next(node for node, (parent, _) in parent_map.items() if parent is None)
    found = dict(parent_map)
    for node, word in head.items():
        if count[word] > 1:
            kind = f"kind: {word}"
            found[kind] = (root, _EDGE)
            found[node] = (kind, _EDGE)
    return found
