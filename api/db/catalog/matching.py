"""What a search text matches, best matches first.

========  ==========================================================================
rank      the name
========  ==========================================================================
0         is the text, spaces aside: "b&b" is B & B
1         is another name for it in the shipped tree: "triple sec" for Curaçao Triple Sec
2         has every word of it
3         has words that begin with every word of it
4         contains every word of it somewhere; "and", "&" and "n" stand for each other
5         matches after one typo is forgiven or without its spaces, where nothing else does
========  ==========================================================================

Within a rank, what is used most comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from api.db.schema import ingredients
from api.db.search_names import fold, search_key
from api.db.taxonomy.taxonomy import Node, shipped_taxonomy, words_of

#: Words shorter than this are too easily mistaken for each other.
_TYPO_LENGTH = 4
_MAX_CORRECTIONS = 20
#: What joins two words of a name, each for the others: "dark and stormy" is Dark 'n' Stormy.
_JOINERS = frozenset(("and", "&", "n", "+"))
#: Of nine digits, as are the differences to it: they order like numbers.
_MAX_USE = 999_999_999


@dataclass(frozen=True)
class NameMatch:
    """The rows of a table that a text matches.

    Attributes
    ----------
    condition
        For a row that matches.
    rank
        One character, the best first.
    """

    condition: ColumnElement[bool]
    rank: ColumnElement[str]

    def key(self, name: ColumnElement[str], use: ColumnElement[int] | None) -> ColumnElement[str]:
        """Return the key to order by: the rank, the most used first, then the name."""
        used = literal(0) if use is None else func.coalesce(use, 0)
        ordered: ColumnElement[str] = (
            self.rank + cast(literal(_MAX_USE) - used, Text) + func.coalesce(name, "")
        )
        return ordered


def match_names(
    connection: Connection,
    table: Table,
    name: ColumnElement[str],
    text: str,
    *,
    forgive: bool = True,
) -> NameMatch:
    """Match a text with the names of a table.

    Parameters
    ----------
    name
        The folded name (:func:`api.db.search_names.folded_column`).
    text
        What was typed; not empty.
    forgive
        Allow one typo a word if nothing matches as typed.
    """
    synonyms = _other_names(connection, text) if table is ingredients else []
    found = _as_typed(table, name, text, synonyms)
    if not forgive or has_match(connection, table, found):
        return found
    return _corrected(connection, table, name, text) or found


def has_match(connection: Connection, table: Table, match: NameMatch) -> bool:
    """Return whether any row of a table matches."""
    query = select(table.c.id).where(match.condition).limit(1)
    return connection.scalar(query) is not None


def _words(text: str) -> list[str]:
    spaced = (fold(text) or search_key(text)).replace("&", " & ").replace("+", " + ")
    return list(dict.fromkeys(spaced.split()))


def _as_typed(
    table: Table, name: ColumnElement[str], text: str, synonyms: Sequence[int]
) -> NameMatch:
    words = _words(text)
    padded: ColumnElement[str] = literal(" ", Text) + name + literal(" ", Text)
    squeezed = "".join((fold(text) or search_key(text)).split())
    is_synonym = table.c.id.in_(synonyms) if synonyms else false()
    rank = case(
        (func.replace(name, " ", "") == squeezed, "0"),
        (is_synonym, "1"),
        (and_(true(), *(padded.contains(f" {word} ", autoescape=True) for word in words)), "2"),
        (and_(true(), *(padded.contains(f" {word}", autoescape=True) for word in words)), "3"),
        else_="4",
    )
    contained = and_(
        true(),
        *(
            _joins(padded, word)
            if word in _JOINERS and len(words) > 1
            else name.contains(word, autoescape=True)
            for word in words
        ),
    )
    return NameMatch(or_(contained, is_synonym), rank)


def _joins(padded: ColumnElement[str], word: str) -> ColumnElement[bool]:
    """Return whether a name has a joining word, or one that begins as what was typed so far."""
    joined = (padded.contains(f" {one} ", autoescape=True) for one in sorted(_JOINERS))
    return or_(padded.contains(f" {word}", autoescape=True), *joined)


def _corrected(
    connection: Connection, table: Table, name: ColumnElement[str], text: str
) -> NameMatch | None:
    """Return the match with each word's nearest words; None if a word has none."""
    squeezed = "".join(fold(text).split())
    without_spaces: ColumnElement[str] = func.replace(name, " ", "")
    if len(squeezed) >= _TYPO_LENGTH:
        found = NameMatch(without_spaces.contains(squeezed, autoescape=True), literal("5", Text))
        if has_match(connection, table, found):
            return found  # "maitai"
    words = [word.strip("#") or word for word in _words(text)]
    known: set[str] = set()
    for key in connection.scalars(select(name).select_from(table)).all():
        known.update(str(key or "").split())
    vocabulary = sorted(known)
    conditions = []
    padded: ColumnElement[str] = literal(" ", Text) + name + literal(" ", Text)
    for word in words:
        if word in _JOINERS and len(words) > 1:
            conditions.append(_joins(padded, word))
            continue
        near = _near(word, vocabulary)
        if not near:
            return None
        conditions.append(or_(*(name.contains(one, autoescape=True) for one in near)))
    return NameMatch(and_(true(), *conditions), literal("5", Text))


def _near(word: str, vocabulary: Sequence[str]) -> list[str]:
    if len(word) < _TYPO_LENGTH:
        return [one for one in vocabulary if word in one][:_MAX_CORRECTIONS]
    found = process.extract(
        word, vocabulary, scorer=OSA.distance, score_cutoff=1, limit=_MAX_CORRECTIONS
    )
    return [one for one, _distance, _index in found]


def _other_names(connection: Connection, text: str) -> list[int]:
    """Return the ingredients that the shipped tree knows under a text.

    If there are none, those right below or beside it in that tree: Cointreau for triple sec.
    """
    nodes = _nodes(text)
    if not nodes:
        return []
    rows = connection.execute(select(ingredients.c.id, ingredients.c.name)).all()
    known = [(row.id, _node(str(row.name or ""))) for row in rows]
    same = [one for one, node in known if node in nodes]
    if same:
        return same
    near = {node.path for node in nodes} | {
        node.path[:-1] for node in nodes if node.allow_substitution
    }
    return [one for one, node in known if node and (node.path in near or node.path[:-1] in near)]


def _nodes(text: str) -> list[Node]:
    """Return the nodes with a text as a name, and those whose own name begins with its words."""
    taxonomy, words = shipped_taxonomy(), words_of(text)
    if not words:
        return []
    exact = taxonomy.find(words)
    begun = [node for node in taxonomy.nodes.values() if words_of_node(node)[: len(words)] == words]
    return [exact, *begun[:1]] if exact else begun[:3]


@lru_cache(maxsize=4096)
def words_of_node(node: Node) -> tuple[str, ...]:
    """Return the words of a node's own name."""
    return words_of(node.name)


@lru_cache(maxsize=20_000)
def _node(name: str) -> Node | None:
    return shipped_taxonomy().find(words_of(name))


def matching_ingredients(
    connection: Connection, name: ColumnElement[str], text: str, *, forgive: bool
) -> list[int]:
    """Return the ingredients that a text names, for finding recipes by what is in them.

    Only whole names and words count, or else words that begin with the text: "gin" is not ginger.
    """
    if len(fold(text)) < 3:
        return []
    match = match_names(connection, ingredients, name, text, forgive=forgive)
    found = connection.execute(
        select(ingredients.c.id, match.rank.label("rank")).where(match.condition)
    ).all()
    whole = [row.id for row in found if row.rank in "0125"]
    return whole or [row.id for row in found if row.rank == "3"]
