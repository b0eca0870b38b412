"""Which ingredient replaces which, counted between near variants of one drink.

Two recipes that differ in a single ingredient show an exchange; two that differ in everything show
nothing, though a transport plan between them still has to put every ingredient somewhere. So the
flow from i to j in the plan between two neighbors counts ``(1 - share that moves otherwise)²``, and
only where i is absent from the one recipe and j from the other.

What few recipes show is combined with what the ingredient tree and common use suggest: exchanges
are a Poisson count with a Gamma prior, as in pharmacovigilance, where pairs of drug and event are
just as sparse (DuMouchel 1999, Bayesian data mining in large frequency tables, The American
Statistician 53).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import tee
from typing import Any

import numpy as np
import numpy.typing as npt

from barcart.matching import neighbor_pair_blocks
from barcart.neighbors import NeighborGraph, emd_neighbors
from barcart.transport import TransportPlans, transport_plan_blocks
from barcart.tree_metric import TreeMetric
from barcart.validation import FloatArray, IntArray, as_symmetric_cost, as_volume_csr

#: Near variants are sought among so many neighbors of each recipe.
NEIGHBORS = 30
#: How many exchanges of evidence the prior is worth.
STRENGTH = 20.0
#: How fast the prior falls with the distance in the tree, per edge of average length.
TREE_DECAY = 2.0
#: How the prior grows with the number of recipes that use the substitute.
USE_EXPONENT = 0.5
#: A pair of recipes counts as near variants where at least this weight remains: at most 29 % of
#: the one moves otherwise.
NEAR_VARIANT = 0.5
#: Plans between so many recipes and their neighbors are held at a time.
BLOCK_ROWS = 1024


@dataclass(frozen=True)
class ExchangeEvidence:
    """What the recipes show about replacing ingredient i (rows) by ingredient j (columns).

    Attributes
    ----------
    weight
        float64, shape (m, m), symmetric, zero diagonal: summed weight of the exchanges.
    pairs
        int64, shape (m, m), symmetric: number of pairs of near variants behind it.
    uses
        int64, shape (m,): recipes that use each ingredient.
    prior
        float64, shape (m, m): what to expect without evidence. Rows sum to 1 (0 if m is 1).
    strength
        How many exchanges of evidence the prior is worth.
    """

    weight: FloatArray
    pairs: IntArray
    uses: IntArray
    prior: FloatArray
    strength: float

    def rate(self) -> FloatArray:
        """Return the expected exchanges of i for j per use of i: what to rank substitutes by.

        Returns
        -------
        numpy.ndarray
            float64, shape (m, m), zero diagonal: the posterior mean.
        """
        shape, exposure = self._posterior()
        return shape / exposure[:, np.newaxis]

    def interval(
        self, level: float = 0.95, cells: tuple[IntArray, IntArray] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the central posterior interval of `rate`.

        Parameters
        ----------
        level
            Probability that it covers, between 0 and 1.
        cells
            Rows and columns, both of shape (c,), of the cells that are wanted: quantiles of all of
            a large matrix take a while. None for all.

        Returns
        -------
        low, high : numpy.ndarray
            float64, shape (m, m), zero diagonal; or (c,) if cells are given.

        Raises
        ------
        ValueError
            If the level is not between 0 and 1.
        """
        from scipy.special import gammainccinv, gammaincinv  # slow to import

        if not 0.0 < level < 1.0:
            raise ValueError(f"level must be between 0 and 1, not {level!r}")
        shape, exposure = self._posterior()
        scale = np.broadcast_to(1.0 / exposure[:, np.newaxis], shape.shape)
        if cells is not None:
            shape, scale = shape[cells], scale[cells]
        low, high = np.zeros_like(shape), np.zeros_like(shape)
        there = shape > 0.0
        tail = 0.5 * (1.0 - level)
        low[there] = scale[there] * gammaincinv(shape[there], tail)
        high[there] = scale[there] * gammainccinv(shape[there], tail)
        return low, high

    def _posterior(self) -> tuple[FloatArray, FloatArray]:
        """Return shape, (m, m), and rate parameter, (m,), of the posterior Gamma distributions."""
        total = float(self.weight.sum())
        overall = total / float(self.uses.sum()) if total > 0.0 else 1.0
        shape: FloatArray = self.weight + self.strength * self.prior
        exposure: FloatArray = self.uses + np.float64(self.strength / overall)
        return shape, exposure


def exchange_evidence(
    volume_matrix: Any,
    cost_matrix: Any,
    tree: TreeMetric | None = None,
    *,
    neighbors: NeighborGraph | None = None,
    k: int = NEIGHBORS,
    strength: float = STRENGTH,
    metric: bool = False,
    n_jobs: int | None = None,
) -> ExchangeEvidence:
    """Count the exchanges between near variants.

    Parameters
    ----------
    volume_matrix
        Shape (n, m), dense or sparse; all rows of the same total (within 1e-9). With perceived
        shares (`barcart.perceived_shares`) two dashes of bitters are a difference, too.
    cost_matrix
        Shape (m, m): the costs under which recipes are neighbors, non-negative and symmetric.
    tree
        Where each ingredient is in the ingredient tree; without it the prior knows only use.
    neighbors
        Each row's neighbors under that cost; None to find `k` of them.
    k
        How many to find.
    strength
        How many exchanges of evidence the prior is worth, positive.
    metric, n_jobs
        As for `barcart.transport_plans`.

    Returns
    -------
    ExchangeEvidence

    Raises
    ------
    ValueError
        If volumes, costs or the strength are invalid or their shapes don't fit.

    Examples
    --------
    >>> import numpy as np
    >>> drinks = np.array([[0.5, 0.0, 0.5], [0.0, 0.5, 0.5]])  # gin or vodka, and tonic
    >>> found = exchange_evidence(drinks, 1.0 - np.eye(3))
    >>> int(found.pairs[0, 1]), float(found.weight[0, 1])
    (1, 1.0)
    """
    if not (np.isfinite(strength) and strength > 0.0):
        raise ValueError(f"strength must be a finite positive number, not {strength!r}")
    volumes = as_volume_csr(volume_matrix)
    n, m = (int(size) for size in volumes.shape)
    cost = as_symmetric_cost(cost_matrix, m)
    if tree is not None and tree.n_ingredients != m:
        raise ValueError(
            f"tree has {tree.n_ingredients} ingredients but the volumes have {m} columns; both "
            "must list the same ingredients"
        )
    uses = np.bincount(volumes.indices, minlength=m).astype(np.int64)
    prior = _prior(uses, tree)
    if n < 2:
        return ExchangeEvidence(
            np.zeros((m, m)), np.zeros((m, m), dtype=np.int64), uses, prior, strength
        )
    graph = emd_neighbors(volumes, cost, k, metric=metric) if neighbors is None else neighbors
    weights, counts = np.zeros(m * m), np.zeros(m * m, dtype=np.int64)
    # The cells of the volumes that are not zero, ascending.
    held = np.repeat(np.arange(n), np.diff(volumes.indptr)) * m + volumes.indices
    for plans, pairs in _near_plans(volumes, cost, graph, metric, n_jobs):
        cell, weight = _exchanges(volumes, held, pairs, plans)
        # One after the other, so that sums do not depend on where blocks begin.
        np.add.at(weights, cell, weight)
        counts += np.bincount(cell[weight >= NEAR_VARIANT], minlength=m * m)
    one_way, pairs_one_way = weights.reshape(m, m), counts.reshape(m, m)
    return ExchangeEvidence(
        one_way + one_way.T, pairs_one_way + pairs_one_way.T, uses, prior, strength
    )


def _near_plans(
    volumes: Any, cost: FloatArray, graph: NeighborGraph, metric: bool, n_jobs: int | None
) -> Iterator[tuple[TransportPlans, IntArray]]:
    """Return the plans between neighbors with their pairs, each pair once, block by block."""
    pairs, again = tee(neighbor_pair_blocks(graph.indices, BLOCK_ROWS))
    plans = transport_plan_blocks(volumes, cost, again, metric=metric, n_jobs=n_jobs)
    return zip(plans, pairs, strict=True)


def _exchanges(
    volumes: Any, held: IntArray, pairs: IntArray, plans: TransportPlans
) -> tuple[IntArray, FloatArray]:
    """Return each exchange's cell in a matrix of ingredients, flat, and its weight."""
    m = volumes.shape[1]

    def holds(rows: IntArray, columns: IntArray) -> npt.NDArray[np.bool_]:
        cells = rows * m + columns
        found = np.searchsorted(held, cells)
        held_there: npt.NDArray[np.bool_] = held[np.minimum(found, held.size - 1)] == cells
        return held_there

    pair = np.repeat(np.arange(pairs.shape[0]), np.diff(plans.indptr))
    share = plans.flow / float(volumes.data[: volumes.indptr[1]].sum())
    moves = plans.source != plans.target
    pair, share = pair[moves], share[moves]
    source, target = plans.source[moves].astype(np.int64), plans.target[moves].astype(np.int64)
    moved = np.bincount(pair, share, minlength=pairs.shape[0])
    exchange = ~holds(pairs[pair, 1], source) & ~holds(pairs[pair, 0], target)
    weight = np.clip(1.0 - (moved[pair] - share), 0.0, 1.0)[exchange] ** 2
    return source[exchange] * m + target[exchange], weight


def _prior(uses: IntArray, tree: TreeMetric | None) -> FloatArray:
    """Return the distribution of each ingredient's substitutes by use and nearness in the tree."""
    m = uses.size
    # Half a use: an ingredient that no recipe uses is unlikely, not impossible.
    attraction = np.broadcast_to((uses + 0.5) ** USE_EXPONENT, (m, m)).copy()
    if tree is not None:
        edges = tree.edge_length[1:]
        mean = float(edges.mean()) if edges.size else 0.0
        if mean > 0.0:
            distance = tree.cost_matrix() / mean
            # From each ingredient's nearest on: far from everything is still a distribution.
            np.fill_diagonal(distance, np.inf)
            nearest = distance.min(axis=1, keepdims=True, initial=np.inf)
            nearest[~np.isfinite(nearest)] = 0.0
            attraction *= np.exp(-TREE_DECAY * (distance - nearest))
    np.fill_diagonal(attraction, 0.0)
    totals = attraction.sum(axis=1, keepdims=True)
    prior: FloatArray = np.divide(attraction, totals, out=np.zeros((m, m)), where=totals > 0.0)
    return prior
