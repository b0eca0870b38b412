"""Measures of a distance between recipes, and of a ranking of substitutes.

All take arrays and return one value for each query, so that intervals can be had by resampling
queries. Rankings break ties without favor: a tie's reciprocal rank is the mean over its places.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from api.db.search_names import fold
from barcart.validation import FloatArray, IntArray

#: A family's members are wanted among so many nearest.
RECALL_AT: Final = 10
#: A hidden ingredient is sought among so many of the recipe's nearest known ones.
COMPLETION_NEIGHBORS: Final = 20
#: Without one of its ingredients a recipe must still say something.
_FEWEST_INGREDIENTS: Final = 3
_RESAMPLES: Final = 2000

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes
    ----------
    value, low, high
        The mean and its 95 % bootstrap interval.
    """

    value: float
    low: float
    high: float


def bootstrap(values: FloatArray, units: IntArray, seed: int = 0) -> Estimate:
    """Return the mean of values with its percentile interval.

    Parameters
    ----------
    values
        Shape (q,): one a query.
    units
        Shape (q,): what is resampled; queries of one unit stay together.
    seed
        Of the resampling.
    """
    if not values.size:
        return Estimate(float("nan"), float("nan"), float("nan"))
    _, unit = np.unique(units, return_inverse=True)
    count = int(unit.max()) + 1
    sums = np.bincount(unit, values, minlength=count)
    sizes = np.bincount(unit, minlength=count)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(count, np.full(count, 1.0 / count), size=_RESAMPLES)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high))


def share_a_family(names: Sequence[str], families: Sequence[Sequence[str]]) -> BoolArray:
    """Return which recipes share a family by their names.

    Parameters
    ----------
    names
        Of the n recipes.
    families
        For each family the words that name it; case, accents and plurals don't matter.

    Returns
    -------
    numpy.ndarray
        bool, shape (n, n), symmetric, false on the diagonal.
    """
    patterns = [
        re.compile(r"\b(?:" + "|".join(re.escape(fold(word)) for word in words) + r")(?:e?s)?\b")
        for words in families
    ]
    folded = [fold(name) for name in names]
    member = np.array(
        [[pattern.search(name) is not None for pattern in patterns] for name in folded],
        dtype=np.float64,
    ).reshape(len(folded), len(patterns))
    related: BoolArray = (member @ member.T) > 0.0
    np.fill_diagonal(related, False)
    return related


def family_scores(
    distances: FloatArray, related: BoolArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Measure how near to each other the members of a family are.

    Parameters
    ----------
    distances
        Shape (n, n); the diagonal is ignored.
    related
        Shape (n, n), as from `share_a_family`.

    Returns
    -------
    queries : numpy.ndarray
        Rows that have relatives, shape (q,).
    recall : numpy.ndarray
        Share of the relatives among the ten nearest, at most ten being wanted, shape (q,).
    precision : numpy.ndarray
        Average precision over all others, nearest first, shape (q,).
    """
    n = distances.shape[0]
    queries = np.flatnonzero(related.any(axis=1))
    if not queries.size:
        return queries, np.empty(0), np.empty(0)
    own = distances[queries].copy()
    own[np.arange(queries.size), queries] = np.inf
    order = np.argsort(own, axis=1, kind="stable")[:, : n - 1]
    hit = np.take_along_axis(related[queries], order, axis=1)
    wanted = hit.sum(axis=1)
    recall = hit[:, :RECALL_AT].sum(axis=1) / np.minimum(wanted, RECALL_AT)
    precision_at = np.cumsum(hit, axis=1) / np.arange(1, n)
    return queries, recall, (precision_at * hit).sum(axis=1) / wanted


@dataclass(frozen=True)
class HiddenIngredients:
    """One fold of the completion measure.

    Attributes
    ----------
    known
        Rows to learn from and to search, shape (t,).
    recipes, ingredients
        Row and column of each hidden entry, shape (q,); the rows are not among `known`.
    """

    known: IntArray
    recipes: IntArray
    ingredients: IntArray

    def queries(self, shares: csr_array) -> csr_array:
        """Return the recipes without their hidden ingredient, shape (q, m); rows sum to 1."""
        rows = csr_array(shares[self.recipes])
        row = np.repeat(np.arange(self.recipes.size), np.diff(rows.indptr))
        rows.data[rows.indices == self.ingredients[row]] = 0.0
        rows.eliminate_zeros()
        totals = np.asarray(rows.sum(axis=1)).ravel()
        rows.data /= np.repeat(totals, np.diff(rows.indptr))
        return rows


def hidden_ingredients(
    shares: csr_array, folds: int = 5, most: int = 1500, seed: int = 0
) -> list[HiddenIngredients]:
    """Hide each ingredient of each recipe in turn, in folds of recipes.

    Parameters
    ----------
    shares
        Shape (n, m).
    folds
        In how many parts recipes are left out of learning and searching.
    most
        More queries than this are sampled.
    seed
        Of folds and sample.
    """
    n = int(shares.shape[0])
    random = np.random.default_rng(seed)
    fold_of = random.permutation(n) % folds
    sizes = np.diff(shares.indptr)
    row = np.repeat(np.arange(n), sizes)
    entries = np.flatnonzero(sizes[row] >= _FEWEST_INGREDIENTS)
    if entries.size > most:
        entries = np.sort(random.choice(entries, most, replace=False))
    found = []
    for number in range(folds):
        chosen = entries[fold_of[row[entries]] == number]
        known = np.flatnonzero(fold_of != number)
        if chosen.size and known.size:
            found.append(
                HiddenIngredients(known, row[chosen], shares.indices[chosen].astype(np.int64))
            )
    return found


def completion_ranks(
    nearest: IntArray, known: csr_array, queries: csr_array, hidden: IntArray
) -> FloatArray:
    """Return the reciprocal rank of each hidden ingredient among those the query lacks.

    The nearest known recipes vote for their ingredients, each with the reciprocal of its rank;
    popularity orders the rest.

    Parameters
    ----------
    nearest
        Shape (q, k): rows of the known recipes that are nearest to each query, the nearest first.
    known, queries
        Shapes (t, m) and (q, m).
    hidden
        Shape (q,): the column to find.
    """
    present = (known.toarray() > 0.0).astype(np.float64)
    popularity = present.mean(axis=0)
    votes = np.tile(1e-6 * popularity, (queries.shape[0], 1))
    for place in range(nearest.shape[1]):
        votes += present[nearest[:, place]] / (place + 1.0)
    votes[queries.toarray() > 0.0] = -1.0
    return _reciprocal(votes, hidden)


def reciprocal_ranks(scores: FloatArray, pairs: IntArray) -> FloatArray:
    """Return the reciprocal rank of each pair's second ingredient among the first's substitutes.

    Parameters
    ----------
    scores
        Shape (m, m): the higher, the better the column replaces the row.
    pairs
        Shape (p, 2).
    """
    if not len(pairs):
        return np.empty(0)
    rows = scores[pairs[:, 0]].astype(np.float64, copy=True)
    rows[np.arange(len(pairs)), pairs[:, 0]] = -np.inf
    return _reciprocal(rows, pairs[:, 1])


def _reciprocal(scores: FloatArray, wanted: IntArray) -> FloatArray:
    """Return 1 / rank of a column in each row, averaged over the places of a tie."""
    own = scores[np.arange(wanted.size), wanted][:, np.newaxis]
    better = (scores > own).sum(axis=1)
    tied = (scores == own).sum(axis=1)
    harmonic = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, scores.shape[1] + 1))))
    return np.asarray((harmonic[better + tied] - harmonic[better]) / tied, dtype=np.float64)


@dataclass(frozen=True)
class HeldOutExchanges:
    """One fold of the measure of exchanges.

    Attributes
    ----------
    known
        Rows to learn from: none of the exchanges can be seen between them.
    pairs
        Shape (p, 2): ingredients that elsewhere distinguish two recipes, in both directions.
    """

    known: IntArray
    pairs: IntArray


def one_ingredient_variants(shares: csr_array) -> IntArray:
    """Return the pairs of recipes that differ in one ingredient and share at least two.

    Returns
    -------
    numpy.ndarray
        Shape (v, 4): two rows, and the ingredient that each has instead of the other's.
    """
    without: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for row in range(int(shares.shape[0])):
        columns = sorted(shares.indices[shares.indptr[row] : shares.indptr[row + 1]].tolist())
        if len(columns) >= _FEWEST_INGREDIENTS:
            for left_out in columns:
                rest = tuple(column for column in columns if column != left_out)
                without[rest].append((row, left_out))
    found = [
        (first, second, a, b)
        for group in without.values()
        for position, (second, b) in enumerate(group)
        for first, a in group[:position]
        if a != b
    ]
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 4)


def held_out_exchanges(
    shares: csr_array, folds: int = 4, most: int = 4000, seed: int = 0
) -> list[HeldOutExchanges]:
    """Hide exchanges between variants, in folds, by leaving one recipe of each such pair out.

    Parameters
    ----------
    shares
        Shape (n, m).
    folds
        Number of parts.
    most
        More exchanges than this are sampled.
    seed
        Of folds and sample.
    """
    variants = one_ingredient_variants(shares)
    exchanges = np.unique(np.sort(variants[:, 2:], axis=1), axis=0)
    random = np.random.default_rng(seed)
    if len(exchanges) > most:
        exchanges = exchanges[np.sort(random.choice(len(exchanges), most, replace=False))]
    fold_of = random.permutation(len(exchanges)) % folds
    number_of = {(int(a), int(b)): int(f) for (a, b), f in zip(exchanges, fold_of, strict=True)}
    found = []
    for number in range(folds):
        left_out: set[int] = set()
        for first, second, a, b in variants.tolist():
            hidden = number_of.get((min(a, b), max(a, b))) == number
            if hidden and first not in left_out and second not in left_out:
                left_out.add(second)
        known = np.array(
            [row for row in range(int(shares.shape[0])) if row not in left_out], dtype=np.int64
        )
        used = np.bincount(csr_array(shares[known]).indices, minlength=shares.shape[1]) > 0
        tested = exchanges[fold_of == number]
        tested = tested[used[tested].all(axis=1)]
        if len(tested):
            found.append(HeldOutExchanges(known, np.concatenate([tested, tested[:, ::-1]])))
    return found
