"""barcart beside POT and a linear program: same pairs, same costs, one run.

The kernel pair by pair, and the whole EM with exact neighbours: barcart's pruned search against a
loop of POT over all pairs. The EM's plans (a few thousand) are barcart's in both, so that the costs
learned must be equal.
"""

import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import linprog

from api.db.database import get_database
from api.db.db_analytics import AnalyticsQueries
from api.settings import Settings
from barcart import NeighborGraph, TreeMetric, em_fit, emd_neighbors, knn_matrix
from barcart.transport import pairwise_emd

with warnings.catch_warnings():
    # POT's sources hold escapes that Python warns of when it compiles them.
    warnings.simplefilter("ignore")
    import ot

#: A Python loop is timed on this many pairs: its time per pair does not depend on their number.
LOOP_PAIRS = 20_000
LINPROG_PAIRS = 50
AGREEMENT = 1e-9


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def _linprog(a: np.ndarray, b: np.ndarray, cost: np.ndarray) -> float:
    n, m = cost.shape
    constraints = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    return float(linprog(cost.ravel(), A_eq=constraints, b_eq=np.concatenate([a, b])).fun)


def _pot_neighbors(volumes: Any, cost: Any, k: int) -> NeighborGraph:
    """Find the nearest as one would with POT: every pair, one after the other."""
    begun = time.perf_counter()
    matrix = cost.cost_matrix() if isinstance(cost, TreeMetric) else cost
    dense = volumes.toarray()
    supports = [np.flatnonzero(row) for row in dense]
    masses = [row[support] for row, support in zip(dense, supports, strict=True)]
    n = len(dense)
    distances = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            block = matrix[np.ix_(supports[i], supports[j])]
            distances[i, j] = distances[j, i] = ot.emd2(masses[i], masses[j], block)
    # Equal up to rounding is equal: ties then fall by index, as they do in the pruned search.
    indices, found = knn_matrix(np.round(distances, 12), k)
    return NeighborGraph(indices, found, n * (n - 1) // 2, 0, time.perf_counter() - begun)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Compare, and print."""
    path: Path = Settings().sqlite_path
    metric = AnalyticsQueries(get_database()).ground_metric()
    volumes, cost = metric.volumes, metric.fit.cost_matrix
    n = volumes.shape[0]
    rows, columns = np.triu_indices(n, 1)
    pairs = np.column_stack([rows, columns]).astype(np.int64)
    some = pairs[np.random.default_rng(0).permutation(len(pairs))[:LOOP_PAIRS]]
    dense = volumes.toarray()
    supports = [np.flatnonzero(row) for row in dense]

    def pot() -> np.ndarray:
        found = np.empty(len(some))
        for number, (i, j) in enumerate(some):
            here, there = supports[i], supports[j]
            found[number] = ot.emd2(dense[i, here], dense[j, there], cost[np.ix_(here, there)])
        return found

    def program() -> np.ndarray:
        return np.array(
            [
                _linprog(
                    dense[i, supports[i]],
                    dense[j, supports[j]],
                    cost[np.ix_(supports[i], supports[j])],
                )
                for i, j in some[:LINPROG_PAIRS]
            ]
        )

    pairwise_emd(volumes, cost, pairs[:10])  # compiled, or loaded from the cache
    one, distances = _timed(lambda: pairwise_emd(volumes, cost, pairs, n_jobs=1))
    every, _ = _timed(lambda: pairwise_emd(volumes, cost, pairs))
    search, graph = _timed(lambda: emd_neighbors(volumes, cost, 10))
    pot_time, by_pot = _timed(pot)
    program_time, by_program = _timed(program)

    ours = pairwise_emd(volumes, cost, some)
    worst = max(
        np.abs(ours - by_pot).max(), np.abs(ours[:LINPROG_PAIRS] - by_program).max(initial=0)
    )
    assert worst <= AGREEMENT, f"the solvers disagree by {worst}"

    unit = one / len(pairs)
    table = Table("way", "pairs", "us a pair", "ratio", title=f"{n} recipes of {path}")
    for way, seconds, count in (
        ("barcart, one thread", one, len(pairs)),
        ("barcart, all threads", every, len(pairs)),
        ("barcart, 10 nearest of all", search, n * (n - 1)),
        ("POT ot.emd2, a loop", pot_time, len(some)),
        ("SciPy linprog, a loop", program_time, min(LINPROG_PAIRS, len(some))),
    ):
        each = seconds / count
        table.add_row(way, f"{count:,}", f"{1e6 * each:.2f}", f"{each / unit:.2f}")
    console = Console()
    console.print(table)
    console.print(f"largest disagreement {worst:.1e}; {distances.sum():.6f} in all")
    console.print(f"10 nearest: {graph.pairs_solved:,} solved, {graph.pairs_pruned:,} pruned")

    start = 1.0 - np.eye(cost.shape[0])
    em_fit(volumes, start, k=10, max_iter=1)  # compiled
    our_time, ours_em = _timed(lambda: em_fit(volumes, start, k=10))
    our_peak = _peak_mb()
    pot_em_time, pot_em = _timed(lambda: em_fit(volumes, start, k=10, neighbors=_pot_neighbors))
    table = Table("way", "s", "ratio", "peak MB", title=f"exact EM, {ours_em.n_iter} iterations")
    table.add_row("barcart", f"{our_time:.2f}", "1", f"{our_peak:.0f}")
    ratio = pot_em_time / our_time
    table.add_row("POT ot.emd2, a loop", f"{pot_em_time:.2f}", f"{ratio:.0f}", f"{_peak_mb():.0f}")
    console.print(table)
    gap = float(np.abs(ours_em.cost_matrix - pot_em.cost_matrix).max())
    console.print(f"largest difference of learned costs {gap:.1e}")


if __name__ == "__main__":
    main()
