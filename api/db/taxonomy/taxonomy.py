"""The shipped ingredient tree, with the names that people use for each ingredient."""

import csv
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from api.db.search_names import fold
from api.db.taxonomy.words import word_lists

Words = tuple[str, ...]
#: The article that fold() would join to the word after it: jus d'orange.
_ELISION = re.compile(r"\b([dl])['\u2019](?=\w{3})", re.IGNORECASE)
_IRREGULAR = {"leaves": "leaf", "halves": "half", "loaves": "loaf", "cookies": "cookie"}


@dataclass(frozen=True)
class Node:
    """An ingredient of the tree.

    Attributes
    ----------
    path
        Its ancestors' names from the top, then its own.
    allow_substitution
        Whether another of its kind serves as well.
    """

    name: str
    path: tuple[str, ...]
    allow_substitution: bool

    def is_below(self, other: "Node") -> bool:
        """Return whether ``other`` is one of the ancestors."""
        return other.name in self.path[:-1]


@dataclass
class Taxonomy:
    """The tree, indexed by the words of names and aliases.

    Attributes
    ----------
    nodes
        By name, parents before children.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    _in_order: dict[Words, Node] = field(default_factory=dict)
    _any_order: dict[Words, Node] = field(default_factory=dict)

    def add(self, node: Node, aliases: Iterable[str] = ()) -> None:
        """Add an ingredient; the first to claim a name keeps it."""
        self.nodes[node.name] = node
        for name in (node.name, *aliases):
            key = words_of(name)
            self._in_order.setdefault(key, node)
            self._any_order.setdefault(tuple(sorted(key)), node)

    def find(self, words: Words) -> Node | None:
        """Return the ingredient with a name of these words, in any order."""
        return self._in_order.get(words) or self._any_order.get(tuple(sorted(words)))

    def find_in_order(self, words: Words) -> Node | None:
        """Return the ingredient with a name of these words, in this order."""
        return self._in_order.get(words)

    @functools.cached_property
    def names(self) -> Mapping[str, Node]:
        """Every name and alias as a text of its words."""
        return {" ".join(words): node for words, node in self._in_order.items()}

    @functools.cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of every name and alias."""
        return frozenset(word for words in self._in_order for word in words)


@functools.cache
def shipped_taxonomy() -> Taxonomy:
    """Return the tree of ``ingredients.csv``.

    Examples
    --------
    >>> shipped_taxonomy().find(words_of("Light Rums")).path
    ('Spirits', 'Rum', 'White Rum')
    """
    taxonomy = Taxonomy()
    text = (files("api.db.taxonomy") / "ingredients.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    nodes: dict[str, Node] = {}
    for row in rows:
        above = nodes[row["parent"]].path if row["parent"] else ()
        node = Node(row["name"], (*above, row["name"]), row["allow_substitution"] == "1")
        nodes[node.name] = taxonomy.nodes[node.name] = node
    # Names before aliases, so that no alias hides an ingredient.
    for node in nodes.values():
        taxonomy.add(node)
    for row in rows:
        taxonomy.add(nodes[row["name"]], [alias for alias in row["aliases"].split("|") if alias])
    return taxonomy


@functools.lru_cache(maxsize=1 << 16)
def words_of(name: str) -> Words:
    """Return the words of a name as compared: folded, singular, without joining words.

    Examples
    --------
    >>> words_of("Crème de Menthe"), words_of("Mint Leaves"), words_of("Rosé & Cassis")
    (('creme', 'menthe'), ('mint', 'leaf'), ('rose', 'cassis'))
    """
    found = re.findall(r"[^\W_]+", fold(_ELISION.sub(r"\1 ", name)))
    joining = word_lists()["joining"]
    kept = [word for word in found if word not in joining]
    return tuple(_singular(word) for word in kept or found)


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "oes")):
        return word[:-2]
    return word[:-1]
