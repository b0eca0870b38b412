"""Which ingredient of the tree a name means.

The rules, in the order in which they are tried: a known name or alias; without words that only
describe (``fresh``, ``12 year old``); the first of alternatives (``gin or vodka``); translated
(``jus de goyave``); with a typing error; a known kind, which in English comes last (``Havana Club
añejo rum`` is a rum). What none of them finds is left to people, with suggestions.
"""

import csv
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from rapidfuzz import fuzz, process

from api.db.search_names import fold
from api.db.taxonomy.taxonomy import Node, Taxonomy, Words, shipped_taxonomy, words_of
from api.db.taxonomy.words import word_lists

How = Literal["name", "words", "translated", "similar", "kind", "none"]


@dataclass(frozen=True)
class Match:
    """The ingredient that a name means.

    Attributes
    ----------
    node
        The ingredient, or the kind that it belongs to; None if it is unknown.
    how
        The rule that found it: ``name`` for a name or alias; ``words`` without words that only
        describe; ``translated``; ``similar`` with a typing error; ``kind`` if only the kind is
        known; ``none``.
    new_child
        Whether the name is an ingredient of its own below ``node``.
    suggestions
        Names that look alike, for people to choose from.
    """

    node: Node | None
    how: How
    new_child: bool = False
    suggestions: tuple[str, ...] = ()


#: How alike two words, and two whole names, are that differ by a typing error (0 to 100).
_TYPO_RATIO = 77.0
_NAME_RATIO = 80.0
_JOINED_RATIO = 92.0
_SHORTEST_TYPO = 5
_SUGGESTION_RATIO = 70.0
_ALTERNATIVES = re.compile(r"\s+(?:or|oder|ou|o|and/or)\s+|\s*[/|+]\s*|;", re.IGNORECASE)
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_STRENGTH = re.compile(
    r"\b\d+(?:[.,]\d+)?\s*(?:%|°|-?\s*proof\b)(?:\s*(?:abv|vol)\b\.?)?"
    r"|\b\d+\s*:\s*\d+\b|\bno\.?\s*\d+\b(?=\s+\w)|\bby\s+\w+$"
    r"|\b\d+\s*-?\s*(?:years?|yrs?|yo|ans|años|anos)\b(?:[\s-]*(?:old|aged))?|[®™©*†]|\babv\b",
    re.IGNORECASE,
)


def find_ingredient(name: str, taxonomy: Taxonomy | None = None) -> Match:
    """Return the ingredient that ``name`` means.

    Examples
    --------
    >>> find_ingredient("freshly squeezed lime juice").node.name
    'Lime Juice'
    >>> find_ingredient("Sweet vermouth").node.path[-2:]
    ('Vermouth', 'Sweet Vermouth')
    >>> match = find_ingredient("Old Grogram rum")
    >>> match.node.name, match.how, match.new_child
    ('Rum', 'kind', True)
    """
    return _find(name, taxonomy or shipped_taxonomy())


def is_known(name: str) -> bool:
    """Return whether a text names an ingredient of the shipped tree, nothing guessed; quick.

    Examples
    --------
    >>> is_known("fresh lime juice"), is_known("Stir with ice"), is_known("Negroni")
    (True, False, False)
    """
    tree = shipped_taxonomy()
    return any(reading and tree.find(reading) is not None for reading, _ in _readings(name))


def _find(name: str, tree: Taxonomy) -> Match:
    for reading, how in _readings(name):
        if reading and (node := tree.find(reading)):
            return Match(node, how)
    plain = _without_descriptions(words_of(_without_brackets(_STRENGTH.sub(" ", name))))
    if (node := _similar(plain, tree)) is not None:
        return Match(node, "similar")
    for part in _ALTERNATIVES.split(_without_brackets(_STRENGTH.sub(" ", name))):
        words = _without_descriptions(words_of(part))
        if (found := _kind(words, tree)) is not None:
            return found
    return Match(None, "none", suggestions=_suggestions(plain, tree))


def _readings(name: str) -> Iterator[tuple[Words, How]]:
    """Yield the words of a name, from as it is written to freely read."""
    weak = _STRENGTH.sub(" ", name)
    outer = _without_brackets(weak)
    yield words_of(name), "name"
    for text in (_without_brackets(name), outer, weak):
        # One by one: 'fresh iced tea' is iced tea, not tea.
        yield from ((words, "words") for words in _without_first_descriptions(words_of(text)))
        yield _without_descriptions(words_of(text), fillers=False), "words"
        yield _without_descriptions(words_of(text)), "words"
    yield from ((words, "words") for words in _first_alternatives(outer))
    parts = [*_ALTERNATIVES.split(outer), *outer.split(",")[:1], *_BRACKETS.findall(weak)]
    for part in parts:
        words = _without_descriptions(words_of(part))
        yield words, "words"
    yield from ((words, "words") for words in _shapes(_without_descriptions(words_of(outer))))
    for part in _ALTERNATIVES.split(outer):
        for words in _translations(_without_descriptions(words_of(part))):
            yield words, "translated"


def _without_brackets(text: str) -> str:
    return _BRACKETS.sub(" ", text)


def _without_descriptions(words: Words, *, fillers: bool = True) -> Words:
    lists = word_lists()
    dropped = lists["descriptions"] | (lists["fillers"] if fillers else frozenset())
    kept = tuple(word for word in words if word not in dropped)
    # 'half and half', 'cold brew' and 'whole milk' are names; nothing left is none.
    return kept or words


def _first_alternatives(text: str) -> Iterator[Words]:
    """Yield 'lemon juice' for 'lemon or lime juice': the last words belong to both."""
    parts = [_without_descriptions(words_of(part)) for part in _ALTERNATIVES.split(text)]
    if len(parts) > 1:
        for start in range(1, len(parts[-1])):
            yield (*parts[0], *parts[-1][start:])


def _without_first_descriptions(words: Words) -> Iterator[Words]:
    described = word_lists()["descriptions"]
    yield words
    for start in range(1, len(words)):
        if words[start - 1] not in described:
            return
        yield words[start:]


def _shapes(words: Words) -> Iterator[Words]:
    """Yield 'orange peel' and 'orange' for 'orange spiral'."""
    if len(words) < 2:
        return
    for section, last_words in word_lists().items():
        shape, _, part = section.partition(" ")
        if shape == "shape" and words[-1] in last_words:
            yield (*words[:-1], *part.split())
            yield words[:-1]


@functools.cache
def _dictionary() -> Mapping[str, str]:
    text = (files("api.db.taxonomy") / "translations.csv").read_text(encoding="utf-8")
    return {fold(row["word"]): row["english"] for row in csv.DictReader(text.splitlines())}


def _translations(words: Words) -> Iterator[Words]:
    known, ends = _dictionary(), word_lists()["compound ends"]
    apart: list[str] = []
    for word in words:
        end = next((x for x in ends if word.endswith(x) and len(word) > len(x) + 2), "")
        first = word.removesuffix(end)
        apart += [first if first in known else first.removesuffix("n"), end] if end else [word]
    english = tuple(known.get(word, word) for word in apart)
    if english == words:
        return
    yield english
    if english[0] in word_lists()["heads first"] and len(english) > 1:
        yield (*english[1:], english[0])


def _similar(words: Words, tree: Taxonomy) -> Node | None:
    text = " ".join(words)
    found = process.extract(
        text, tree.names.keys(), scorer=fuzz.ratio, limit=5, score_cutoff=_NAME_RATIO
    )
    for name, ratio, _ in found:
        known = name.split()
        if len(known) != len(words):
            # 'gingerbeer', 'lime stone': joined or torn apart.
            if ratio >= _JOINED_RATIO and re.findall(r"\d+", name) == re.findall(r"\d+", text):
                return tree.names[name]
        elif all(
            one == other or _is_typo(one, other, tree)
            for one, other in zip(words, known, strict=True)
        ):
            return tree.names[name]
    return None


def _is_typo(word: str, known: str, tree: Taxonomy) -> bool:
    """Return whether ``word`` is ``known`` misspelled; 'cherry' is no misspelled 'sherry'."""
    return (
        word not in tree.vocabulary
        and len(word) >= _SHORTEST_TYPO
        and word[0] == known[0]
        and word.isalpha()
        and fuzz.ratio(word, known) >= _TYPO_RATIO
    )


def _kind(words: Words, tree: Taxonomy) -> Match | None:
    """Find the kind that the last words name, or the first ones: 'Gin Mare'."""
    heads = [
        (tree.find_in_order(words[start:]), start, len(words)) for start in range(1, len(words))
    ]
    heads += [(tree.find_in_order(words[:end]), 0, end) for end in range(len(words) - 1, 0, -1)]
    for head, start, end in heads:
        if head is None or (start == 0 and head.path[0] == "Fruit, Herb & Spice"):
            continue
        rest = words[:start] + words[end:]
        spans = list(_spans(rest, tree))
        below = [node for node, _ in spans if node.is_below(head)]
        if below:
            # 'Midori melon liqueur': the other words name one of that kind.
            return Match(max(below, key=lambda node: len(node.path)), "words")
        covered = {word for node, span in spans if _related(node, head) for word in span}
        if covered >= set(rest):
            return Match(head, "kind")
        return Match(head, "kind", new_child=True)
    return None


def _spans(words: Words, tree: Taxonomy) -> Iterator[tuple[Node, Words]]:
    for start in range(len(words)):
        for end in range(len(words), start, -1):
            if (node := tree.find_in_order(words[start:end])) is not None:
                yield node, words[start:end]


def _related(one: Node, other: Node) -> bool:
    return one.path[:2] == other.path[:2]


def _suggestions(words: Words, tree: Taxonomy) -> tuple[str, ...]:
    found = process.extract(
        " ".join(words),
        tree.names.keys(),
        scorer=fuzz.token_sort_ratio,
        limit=6,
        score_cutoff=_SUGGESTION_RATIO,
    )
    return tuple(dict.fromkeys(tree.names[text].name for text, _, _ in found))[:3]
