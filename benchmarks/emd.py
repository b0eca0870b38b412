"""barcart's EMD kernel beside POT and a linear program: same pairs, same costs, one run."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import linprog

from api.db.database import get_database
from api.db.db_analytics import AnalyticsQueries
from api.settings import Settings
from barcart import emd_neighbors
from barcart.transport import pairwise_emd

with warnings.catch_warnings():
    # POT's sources hold escapes that Python warns of when it compiles them.
    warnings.simplefilter("ignore")
    import ot

#: A Python loop is timed on this many pairs: its time per pair does not depend on their number.
LOOP_PAIRS = 20_000
LINPROG_PAIRS = 50
AGREEMENT = 1e-9


def _timed(work: Callable[[], object]) -> tuple[float, object]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def _linprog(a: np.ndarray, b: np.ndarray, cost: np.ndarray) -> float:
    n, m = cost.shape
    constraints = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    return float(linprog(cost.ravel(), A_eq=constraints, b_eq=np.concatenate([a, b])).fun)


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


if __name__ == "__main__":
    main()
