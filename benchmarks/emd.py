"""barcart beside POT and a linear program: same pairs, same costs, one run.

    python -m benchmarks.emd --picture docs/images/emd.png

Three comparisons, the first two under the learned costs. Pair by pair: the kernel, POT's
``ot.emd2`` and SciPy's ``linprog``. Ten exact nearest neighbors at growing n: barcart's pruned
search against all pairs by the kernel and by a loop of POT; this is the picture. The whole EM:
barcart's against the same EM with its neighbors by the loop of POT, each in a process of its own,
so that the peaks of memory are their own. There, too, every distance of a neighbor has to agree.
Which of several recipes at the same distance comes tenth is for rounding to decide; the EM by POT
follows barcart's choice among them, so that both must learn the same costs.

Seconds are processor time, of all cores together: what else the machine does hardly changes them.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import linprog

from api.analysis.ground_metric import ground_problem
from api.analysis.recipe_volumes import recipe_volumes
from api.db.database import get_database
from api.db.db_analytics import AnalyticsQueries
from api.settings import Settings
from barcart import NeighborGraph, TreeMetric, em_fit, emd_neighbors, knn_matrix
from barcart.em import find_neighbors
from barcart.transport import pairwise_emd

with warnings.catch_warnings():
    # POT's sources hold escapes that Python warns of when it compiles them.
    warnings.simplefilter("ignore")
    import ot

K = 10
#: A Python loop is timed on this many pairs: its time per pair does not depend on their number.
LOOP_PAIRS = 20_000
LINPROG_PAIRS = 50
#: Fractions of the recipes at which neighbors are timed.
FRACTIONS = (0.07, 0.15, 0.3, 0.6, 1.0)
AGREEMENT = 1e-9


def _problem() -> tuple[Any, TreeMetric]:
    """Return the database's volumes, and the tree that the EM starts from."""
    dataset = AnalyticsQueries(get_database()).dataset
    problem = ground_problem(recipe_volumes(dataset), dataset.ingredients)
    return problem.volumes, problem.tree


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


class Loop:
    """Solves pairs one after the other, on their supports only, as one would with POT."""

    def __init__(self, volumes: Any, cost: np.ndarray) -> None:
        dense = volumes.toarray()
        self._supports = [np.flatnonzero(row) for row in dense]
        self._masses = [row[support] for row, support in zip(dense, self._supports, strict=True)]
        self._cost = cost

    def distances(self, solve: Callable[..., float], pairs: np.ndarray) -> np.ndarray:
        """Return the distances of pairs, each by ``solve(a, b, cost)``."""
        found = np.empty(len(pairs))
        for number, (i, j) in enumerate(pairs.tolist()):
            block = self._cost[np.ix_(self._supports[i], self._supports[j])]
            found[number] = solve(self._masses[i], self._masses[j], block)
        return found


def _linprog(a: np.ndarray, b: np.ndarray, cost: np.ndarray) -> float:
    n, m = cost.shape
    constraints = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    solved = linprog(cost.ravel(), A_eq=constraints, b_eq=np.concatenate([a, b]))
    if solved.fun is None:
        raise RuntimeError(f"linprog found no optimum: {solved.message}")
    return float(solved.fun)


def _all_pairs(n: int) -> np.ndarray:
    return np.column_stack(np.triu_indices(n, 1)).astype(np.int64)


def _pot_distances(volumes: Any, cost: np.ndarray) -> np.ndarray:
    """Return the matrix of all distances, by POT."""
    n = volumes.shape[0]
    pairs = _all_pairs(n)
    distances = np.zeros((n, n))
    distances[pairs[:, 0], pairs[:, 1]] = Loop(volumes, cost).distances(ot.emd2, pairs)
    return distances + distances.T


class PotSearch:
    """Finds neighbors as one would with POT, from all pairs, and compares them with barcart's."""

    def __init__(self) -> None:
        self.largest_gap = 0.0

    def __call__(self, volumes: Any, cost: Any, k: int, *, seeds: Any) -> NeighborGraph:
        """Return every row's k nearest."""
        matrix = cost.cost_matrix() if isinstance(cost, TreeMetric) else cost
        distances = _pot_distances(volumes, matrix)
        _, nearest = knn_matrix(distances, k)
        ours = find_neighbors(volumes, cost, k, seeds=seeds)
        self.largest_gap = max(self.largest_gap, float(np.abs(nearest - ours.distances).max()))
        chosen = distances[np.arange(len(distances))[:, np.newaxis], ours.indices]
        return NeighborGraph(ours.indices, chosen, len(_all_pairs(len(distances))), 0, 0.0)


def compare_pairs(volumes: Any, cost: np.ndarray, console: Console) -> None:
    """Print the time of a pair by each solver, and how far they disagree."""
    n = volumes.shape[0]
    pairs = _all_pairs(n)
    some = pairs[np.random.default_rng(0).permutation(len(pairs))[:LOOP_PAIRS]]
    loop = Loop(volumes, cost)
    one, _ = _timed(lambda: pairwise_emd(volumes, cost, pairs, n_jobs=1))
    every, _ = _timed(lambda: pairwise_emd(volumes, cost, pairs))
    search, graph = _timed(lambda: emd_neighbors(volumes, cost, K))
    pot, by_pot = _timed(lambda: loop.distances(ot.emd2, some))
    program, by_program = _timed(lambda: loop.distances(_linprog, some[:LINPROG_PAIRS]))
    ours = pairwise_emd(volumes, cost, some)
    gap_pot = float(np.abs(ours - by_pot).max())
    gap_program = float(np.abs(ours[: len(by_program)] - by_program).max())

    unit = one / len(pairs)
    table = Table("way", "pairs", "core us a pair", "times barcart's")
    for way, seconds, count in (
        ("barcart, one thread", one, len(pairs)),
        ("barcart, all threads", every, len(pairs)),
        (f"barcart, {K} nearest of all", search, n * (n - 1)),
        ("POT ot.emd2, a loop", pot, len(some)),
        ("SciPy linprog, a loop", program, len(by_program)),
    ):
        each = seconds / count
        table.add_row(way, f"{count:,}", f"{1e6 * each:.3g}", f"{each / unit:.3g}")
    console.print(table)
    console.print(f"largest disagreement: with POT {gap_pot:.1e}, with linprog {gap_program:.1e}")
    console.print(f"{K} nearest: {graph.pairs_solved:,} solved, {graph.pairs_pruned:,} pruned\n")
    assert max(gap_pot, gap_program) <= AGREEMENT, "the solvers disagree"


def compare_neighbors(volumes: Any, cost: np.ndarray, console: Console) -> dict[str, list[float]]:
    """Print and return the seconds that ten exact nearest neighbors of n recipes take."""

    def solve_all(rows: Any) -> Any:
        return pairwise_emd(rows, cost, _all_pairs(rows.shape[0]))

    def pot_all(rows: Any) -> Any:
        return knn_matrix(_pot_distances(rows, cost), K)

    shuffled = volumes[np.random.default_rng(0).permutation(volumes.shape[0])]
    found: dict[str, list[float]] = {"n": [], "search": [], "kernel": [], "pot": []}
    table = Table("recipes", "search s", "kernel, all pairs s", "POT, all pairs s", "POT / search")
    for fraction in FRACTIONS:
        n = max(K + 1, round(fraction * volumes.shape[0]))
        some = shuffled[:n]
        # Small sizes take microseconds: the best of a few runs.
        search = min(_timed(partial(emd_neighbors, some, cost, K))[0] for _ in range(5))
        kernel = min(_timed(partial(solve_all, some))[0] for _ in range(5))
        pot, _ = _timed(partial(pot_all, some))
        for name, value in (("n", n), ("search", search), ("kernel", kernel), ("pot", pot)):
            found[name].append(value)
        table.add_row(
            f"{n:,}", f"{search:.4f}", f"{kernel:.4f}", f"{pot:.2f}", f"{pot / search:,.0f}"
        )
    console.print(table)
    return found


def fit_em(way: str, target: Path) -> dict[str, float]:
    """Run one EM, write the costs it learns, and return what it took."""
    volumes, tree = _problem()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one iteration converges nowhere
        em_fit(volumes, tree, k=K, max_iter=1)  # imports what is imported late
    before = _peak_mb()
    search = PotSearch() if way == "pot" else find_neighbors
    begun = time.perf_counter()
    seconds, result = _timed(lambda: em_fit(volumes, tree, k=K, neighbors=search))
    elapsed = time.perf_counter() - begun
    np.save(target, result.cost_matrix)
    return {
        "seconds": seconds,
        "elapsed": elapsed,
        "iterations": result.n_iter,
        "before_mb": before,
        "peak_mb": _peak_mb(),
        "largest_gap": search.largest_gap if isinstance(search, PotSearch) else 0.0,
    }


def compare_em(console: Console) -> None:
    """Print what the whole EM takes either way, and how far the costs learned differ."""
    measured: dict[str, dict[str, float]] = {}
    costs = {}
    with tempfile.TemporaryDirectory() as name:
        for way in ("barcart", "pot"):
            target = Path(name) / f"{way}.npy"
            command = [sys.executable, "-m", "benchmarks.emd", "--em", way, str(target)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            measured[way] = json.loads(done.stdout.splitlines()[-1])
            costs[way] = np.load(target)
    table = Table("exact EM", "iterations", "core s", "times", "wall s", "peak MB", "before MB")
    for way, label in (("barcart", "barcart"), ("pot", "neighbors by a loop of POT")):
        run = measured[way]
        table.add_row(
            label,
            f"{run['iterations']}",
            f"{run['seconds']:.2f}",
            f"{run['seconds'] / measured['barcart']['seconds']:,.0f}",
            f"{run['elapsed']:.2f}",
            f"{run['peak_mb']:.0f}",
            f"{run['before_mb']:.0f}",
        )
    console.print(table)
    gap = float(np.abs(costs["barcart"] - costs["pot"]).max())
    apart = measured["pot"]["largest_gap"]
    console.print(f"largest difference of a neighbor's distance {apart:.1e}, of a cost {gap:.1e}")
    assert max(apart, gap) <= AGREEMENT, "the two EMs differ"


def draw_picture(found: dict[str, list[float]], path: Path) -> None:
    """Write a log-log picture of seconds against n."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
    for name, label in (
        ("pot", "all pairs, a loop of POT's ot.emd2"),
        ("kernel", "all pairs, barcart's kernel"),
        ("search", "barcart's pruned search"),
    ):
        axes.loglog(found["n"], found[name], "o-", label=label)
    axes.set(
        xlabel="recipes", ylabel="processor seconds", title="Ten exact nearest neighbors by EMD"
    )
    axes.set_xticks(found["n"], [f"{n:.0f}" for n in found["n"]])
    axes.minorticks_off()
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Compare, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", type=Path, help="where to write cost against n")
    parser.add_argument("--em", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.em:
        print(json.dumps(fit_em(arguments.em[0], Path(arguments.em[1]))))
        return
    console = Console()
    metric = AnalyticsQueries(get_database()).learn_ground_metric()
    volumes, cost = metric.volumes, metric.fit.cost_matrix
    pairwise_emd(volumes, cost, [[0, 1]])
    emd_neighbors(volumes[: 2 * K], cost, K)  # imports what is imported late
    console.print(f"{volumes.shape[0]} recipes of {Settings().sqlite_path}, {os.cpu_count()} cores")
    compare_pairs(volumes, cost, console)
    found = compare_neighbors(volumes, cost, console)
    if arguments.picture:
        draw_picture(found, arguments.picture)
    compare_em(console)


if __name__ == "__main__":
    main()
