"""How good the learned distance is, measured on any collection beside what it has to beat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from api.analysis.ground_metric import GroundProblem
from api.analysis.quality_measures import (
    COMPLETION_NEIGHBORS,
    Estimate,
    bootstrap,
    completion_ranks,
    family_scores,
    held_out_exchanges,
    hidden_ingredients,
    reciprocal_ranks,
    share_a_family,
)
from api.analysis.quality_methods import LEARNERS, RANKERS
from api.db.search_names import fold
from barcart import create_rollup_mapping
from barcart.validation import FloatArray, IntArray

#: Whose differences to the learned distance get an interval, too.
RIVALS: Final = ("Manhattan", "tree EMD", "BLOSUM EM", "popularity")
LEARNED: Final = "learned"
RECALL: Final = "families, recall@10"
PRECISION: Final = "families, mean average precision"
COMPLETION: Final = "hidden ingredient, MRR"
KNOWN: Final = "known exchanges, MRR"
HELD_OUT: Final = "held-out exchanges, MRR"


@dataclass(frozen=True)
class KnownExchange:
    """Two ingredients that bartenders exchange.

    Attributes
    ----------
    ingredient, substitute
        The names that each may have; the first that a collection knows counts.
    """

    ingredient: tuple[str, ...]
    substitute: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """A measure of one method.

    Attributes
    ----------
    measure, method
        What was measured, for which method.
    estimate
        The mean over queries with its interval.
    queries
        How many there were.
    """

    measure: str
    method: str
    estimate: Estimate
    queries: int


@dataclass(frozen=True)
class Difference:
    """By how much the learned distance is better than a rival, query by query.

    Attributes
    ----------
    measure, rival
        What was measured, against which method.
    estimate
        The mean difference with its interval.
    """

    measure: str
    rival: str
    estimate: Estimate


@dataclass(frozen=True)
class Quality:
    """All measures of a collection.

    Attributes
    ----------
    recipes, ingredients
        Size of the collection after rollup.
    known_listed, known_matched
        Exchanges in the list, and those of which the collection has both ingredients.
    scores, differences
        One record for each measure and method.
    """

    recipes: int
    ingredients: int
    known_listed: int
    known_matched: int
    scores: list[Score]
    differences: list[Difference]


#: Called with a line of text before each step.
Progress = Callable[[str], None]


def measure_quality(
    problem: GroundProblem,
    ingredients: pd.DataFrame,
    families: Sequence[Sequence[str]],
    known: Sequence[KnownExchange],
    progress: Progress | None = None,
) -> Quality:
    """Measure every method on a collection; the result depends on the collection alone.

    Parameters
    ----------
    problem
        The collection.
    ingredients
        With ``id``, ``name``, ``parent_id`` and ``allow_substitution``, for the known exchanges.
    families
        For each family of drinks the words that name it.
    known
        Exchanges from the literature.
    progress
        Called before each step.
    """
    say = progress if progress is not None else lambda line: None
    found: dict[str, dict[str, FloatArray]] = {}
    units: dict[str, IntArray] = {}
    _measure_families(problem, families, found, units, say)
    _measure_completion(problem, found, units, say)
    pairs, matched = known_pairs(known, problem, ingredients)
    _measure_exchanges(problem, pairs, found, units, say)

    scores = [
        Score(measure, method, bootstrap(values, units[measure]), int(values.size))
        for measure, methods in found.items()
        for method, values in methods.items()
        if values.size
    ]
    differences = [
        Difference(measure, rival, bootstrap(methods[LEARNED] - methods[rival], units[measure]))
        for measure, methods in found.items()
        for rival in RIVALS
        if rival in methods and methods[rival].size
    ]
    n, m = problem.shares.shape
    return Quality(int(n), int(m), len(known), matched, scores, differences)


def known_pairs(
    known: Sequence[KnownExchange], problem: GroundProblem, ingredients: pd.DataFrame
) -> tuple[IntArray, int]:
    """Match known exchanges to the columns of a collection by their folded names.

    Returns
    -------
    pairs : numpy.ndarray
        Shape (p, 2): columns, both directions of each exchange, none twice.
    matched : int
        How many of the exchanges have both ingredients in the collection. Those that roll up to
        one column are matched, but there is nothing to rank.
    """
    mapping = create_rollup_mapping(ingredients.rename(columns={"id": "ingredient_id"}))
    columns: dict[str, int] = {}
    for identifier, name in zip(ingredients["id"].astype(str), ingredients["name"], strict=True):
        column = mapping.get(identifier, identifier)
        if column in problem.ingredients:
            columns.setdefault(fold(name), problem.ingredients.index_of(column))
    pairs = set()
    matched = 0
    for exchange in known:
        first = _columns(exchange.ingredient, columns)
        second = _columns(exchange.substitute, columns)
        if not first or not second:
            continue
        matched += 1
        others = [column for column in second if column != first[0]]
        if others:
            pairs.update({(first[0], others[0]), (others[0], first[0])})
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2), matched


def _columns(names: Sequence[str], columns: Mapping[str, int]) -> list[int]:
    return [columns[fold(name)] for name in names if fold(name) in columns]


def _measure_families(
    problem: GroundProblem,
    families: Sequence[Sequence[str]],
    found: dict[str, dict[str, FloatArray]],
    units: dict[str, IntArray],
    say: Progress,
) -> None:
    related = share_a_family(problem.recipes.names, families)
    n = related.shape[0]
    found[RECALL], found[PRECISION] = {}, {}
    random = np.random.default_rng(0).random((n, n))
    for method in ("random", *LEARNERS):
        say(f"families: {method}")
        if method == "random":
            distances = random
        else:
            space = LEARNERS[method](problem.shares, problem.tree)
            distances = space.between(problem.shares, problem.shares)
        queries, recall, precision = family_scores(distances, related)
        found[RECALL][method], found[PRECISION][method] = recall, precision
        units[RECALL] = units[PRECISION] = queries


def _measure_completion(
    problem: GroundProblem,
    found: dict[str, dict[str, FloatArray]],
    units: dict[str, IntArray],
    say: Progress,
) -> None:
    folds = hidden_ingredients(problem.shares)
    found[COMPLETION] = {}
    for method in ("random", "popularity", *LEARNERS):
        say(f"hidden ingredients: {method}")
        parts = [np.empty(0)]
        for fold_ in folds:
            known, queries = problem.shares[fold_.known], fold_.queries(problem.shares)
            if method == "random":
                parts.append(_chance(queries.toarray() > 0.0))
                continue
            if method == "popularity":
                # No recipe votes: all that is left is how many use what.
                nearest = np.zeros((queries.shape[0], 0), dtype=np.int64)
            else:
                space = LEARNERS[method](known, problem.tree)
                nearest = space.nearest(queries, known, COMPLETION_NEIGHBORS)
            parts.append(completion_ranks(nearest, known, queries, fold_.ingredients))
        found[COMPLETION][method] = np.concatenate(parts)
    units[COMPLETION] = np.concatenate([np.empty(0, np.int64)] + [f.recipes for f in folds])


def _chance(present: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    """Return the expected reciprocal rank of one of the absent ingredients in random order."""
    absent = (~present).sum(axis=1)
    harmonic = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, present.shape[1] + 1))))
    return np.asarray(harmonic[absent] / absent, dtype=np.float64)


def _measure_exchanges(
    problem: GroundProblem,
    pairs: IntArray,
    found: dict[str, dict[str, FloatArray]],
    units: dict[str, IntArray],
    say: Progress,
) -> None:
    folds = held_out_exchanges(problem.shares)
    found[KNOWN], found[HELD_OUT] = {}, {}
    tested = np.concatenate([np.empty((0, 2), np.int64)] + [f.pairs for f in folds])
    for method, rank in RANKERS.items():
        say(f"exchanges: {method}")
        if len(pairs):
            found[KNOWN][method] = reciprocal_ranks(rank(problem.shares, problem.tree), pairs)
        parts = [np.empty(0)]
        for fold_ in folds:
            scores = rank(problem.shares[fold_.known], problem.tree)
            parts.append(reciprocal_ranks(scores, fold_.pairs))
        found[HELD_OUT][method] = np.concatenate(parts)
    # Both directions of an exchange are one piece of evidence.
    m = int(problem.shares.shape[1])
    for measure, ends in ((KNOWN, pairs), (HELD_OUT, tested)):
        low, high = np.sort(ends, axis=1).T
        units[measure] = low * m + high
