"""Cost against the number of recipes: the whole EM, similar recipes, neighbor searches and memory.

    DB_PATH=bar.db python -m benchmarks.scaling 1000 10000 100000 --picture docs/images/scaling.png
    DB_PATH=bar.db python -m benchmarks.scaling 1000000 --searches

Recipes are drawn from a model fitted to the sample, or to the database that DB_PATH names. Each
size runs in a process of its own, so that its peak memory is its own. Searches are measured on at
most 2,000 queries and one thread, side by side: through the index from the neighbors under slightly
other costs, through it from nothing, and by bounding all rows. All must agree to the bit.
``--searches`` leaves the EM and similar recipes out. The EM has the refresh's own parameters, and
similar recipes are written to a temporary file as a refresh writes them: 5 GB of a million.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from api.analysis.bar_measures import bar_unit
from api.analysis.ground_metric import BETA, NEIGHBORS, TOLERANCE, GroundMetric, ground_problem
from api.analysis.recipe_lines import RecipeLines
from api.analysis.recipe_volumes import RecipeVolumes, recipe_volumes
from api.analysis.similar_recipes import similar_recipes_json
from api.db.database import get_database
from api.db.db_analytics import AnalyticsQueries
from api.storage.records import Spool
from barcart import (
    EMResult,
    EMState,
    NeighborGraph,
    TreeMetric,
    em_fit,
    emd_neighbors,
    manhattan_neighbors,
    neighbors,
    perceived_shares,
)
from barcart.neighbors import tree_neighbors
from barcart.pair_index import PairIndex
from barcart.transport import Supports
from benchmarks.synthetic import RecipeModel

K = 10
QUERIES = 2000
ML_OF_A_DRINK = 100.0
ML_PER_OUNCE = 29.5735


def measure(n: int, whole_em: bool) -> dict[str, float]:
    """Measure one size."""
    queries = AnalyticsQueries(get_database())
    metric = queries.learn_ground_metric()
    ingredients = queries.dataset.ingredients.set_index(
        queries.dataset.ingredients["id"].astype(str)
    )
    parents = [
        str(ingredients["parent_id"].get(identity, "")) for identity in metric.ingredients.ids
    ]
    problem = ground_problem(recipe_volumes(queries.dataset), queries.dataset.ingredients)
    volumes = perceived_shares(RecipeModel.fit(problem.shares, parents).draw(n))
    results: dict[str, float] = {"n": n, "base_mb": _peak_mb()}
    _report(f"{n:,} recipes drawn")
    if whole_em:
        learned, figures = measure_em(volumes, problem.tree)
        results |= figures | {"em_peak_mb": _peak_mb()}
        _report(f"the EM: {json.dumps(results)}")
        results |= measure_similar(replace(metric, volumes=volumes, fit=learned))
        results["peak_mb"] = _peak_mb()
        _report(f"similar recipes: {json.dumps(results)}")
    return results | measure_searches(volumes, metric.fit.cost_matrix, problem.tree)


def measure_em(volumes: Any, tree: TreeMetric) -> tuple[EMResult, dict[str, float]]:
    """Learn the costs of all recipes, on all processors."""
    wall, cpu = time.perf_counter(), time.process_time()

    def report(state: EMState) -> None:
        last = state.history[-1]
        _report(f"iteration {last.iteration}: {last.seconds:.1f} s, change {last.delta:.2g}")

    result = em_fit(volumes, tree, k=NEIGHBORS, beta=BETA, tol=TOLERANCE, callback=report)
    return result, {
        "em_s": time.perf_counter() - wall,
        "em_cpu_s": time.process_time() - cpu,
        "iterations": result.n_iter,
        "first_iteration_s": result.history[0].seconds,
        "later_iteration_s": result.history[-1].seconds,
        "solved_a_row": result.neighbors.pairs_solved / volumes.shape[0],
    }


def measure_similar(metric: GroundMetric) -> dict[str, float]:
    """Write each recipe's neighbors with the steps that lead there."""
    wall, cpu = time.perf_counter(), time.process_time()
    n = metric.volumes.shape[0]
    cells = metric.volumes.tocoo()
    ounce = bar_unit("ounce", "oz", ML_PER_OUNCE)
    frame = pd.DataFrame(
        {
            "recipe": cells.row,
            "column": cells.col,
            "ml": cells.data * ML_OF_A_DRINK,
            "role": np.zeros(cells.nnz, dtype=np.int8),
            "amount": cells.data * ML_OF_A_DRINK / ML_PER_OUNCE,
            "unit": np.zeros(cells.nnz, dtype=np.int32),
            "name": cells.col,
        }
    )
    lines = RecipeLines.build(frame, [ounce], list(metric.ingredients.names), n)
    names = {number: f"Recipe {number}" for number in range(1, n + 1)}
    with Spool() as spool:
        written = spool.write_records(
            (key, text.encode())
            for key, text in similar_recipes_json(
                RecipeVolumes(pd.DataFrame(), names), lines, metric
            )
        )
    return {
        "similar_s": time.perf_counter() - wall,
        "similar_cpu_s": time.process_time() - cpu,
        "similar_mb": written.size / 1e6,
    }


def measure_searches(volumes: Any, cost: np.ndarray, tree: TreeMetric) -> dict[str, float]:
    """Measure each way of searching, in microseconds of one core a query."""
    n = volumes.shape[0]
    rows = np.arange(0, n, max(1, n // QUERIES))[:QUERIES]
    random = np.random.default_rng(0)
    noise = 1.0 + 0.01 * random.standard_normal(cost.shape)
    seeds = emd_neighbors(volumes, cost * (noise + noise.T) / 2.0, K, rows=rows).indices

    def timed(search: Callable[[], NeighborGraph]) -> tuple[NeighborGraph, float]:
        begun = time.process_time()
        found = search()
        return found, 1e6 * (time.process_time() - begun) / rows.size

    begun = time.process_time()
    PairIndex.build(Supports.from_volumes(volumes), len(cost))
    building = 1e6 * (time.process_time() - begun) / rows.size
    limit = neighbors.MIN_INDEXED_ROWS
    built = building if n >= limit else 0.0
    seeded, from_seeds = timed(
        lambda: emd_neighbors(volumes, cost, K, rows=rows, seeds=seeds, n_jobs=1)
    )
    unseeded, from_nothing = timed(lambda: emd_neighbors(volumes, cost, K, rows=rows, n_jobs=1))
    neighbors.MIN_INDEXED_ROWS = n + 1
    exhaustive, all_rows = timed(lambda: emd_neighbors(volumes, cost, K, rows=rows, n_jobs=1))
    neighbors.MIN_INDEXED_ROWS = limit
    for found in (seeded, unseeded):
        assert found.indices.tobytes() == exhaustive.indices.tobytes()
        assert found.distances.tobytes() == exhaustive.distances.tobytes()
    _, on_tree = timed(lambda: tree_neighbors(volumes, tree, K, rows=rows, n_jobs=1))
    _, manhattan = timed(lambda: manhattan_neighbors(volumes, K, rows=rows, n_jobs=1))
    return {
        "seeded_us": from_seeds - built,
        "unseeded_us": from_nothing - built,
        "all_rows_us": all_rows,
        "tree_us": on_tree,
        "manhattan_us": manhattan,
        "index_s": building * rows.size / 1e6,
    }


def _report(what: str) -> None:
    """Say on stderr what is done: a million recipes take most of an hour."""
    used = f"{time.process_time():.0f} s of processor time, peak {_peak_mb():.0f} MB"
    print(f"{time.strftime('%H:%M:%S')} {what} ({used})", file=sys.stderr, flush=True)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fitted_law(sizes: list[float], seconds: list[float]) -> tuple[float, float]:
    """Return (a, b) of seconds = a n**b, by least squares of the logarithms."""
    slope, intercept = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return float(np.exp(intercept)), float(slope)


def draw_picture(results: list[dict[str, float]], path: Path) -> None:
    """Write a log-log picture of a query's time against n."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
    sizes = [result["n"] for result in results]
    for name, label in (
        ("all_rows_us", "learned distance, all rows bounded"),
        ("seeded_us", "learned distance, index on pairs"),
        ("tree_us", "tree distance"),
        ("manhattan_us", "Manhattan distance"),
    ):
        axes.loglog(sizes, [result[name] for result in results], "o-", label=label)
    axes.set(xlabel="recipes", ylabel="microseconds a query, one core")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure each size, print a table, the fitted law and JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--searches", action="store_true", help="the searches alone")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.sizes[0], not arguments.searches)))
        return
    results = []
    options = ["--one", *(["--searches"] if arguments.searches else [])]
    for n in arguments.sizes:
        command = [sys.executable, "-m", "benchmarks.scaling", str(n), *options]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    console = Console()
    for result in results:
        print(json.dumps(result))
    for title, columns in (
        ("The EM", ["em_s", "em_cpu_s", "iterations", "first_iteration_s", "later_iteration_s",
                    "solved_a_row", "base_mb", "em_peak_mb"]),
        ("Similar recipes", ["similar_s", "similar_cpu_s", "similar_mb", "peak_mb"]),
        ("A query, microseconds of one core", ["seeded_us", "unseeded_us", "all_rows_us", "tree_us",
                                               "manhattan_us", "index_s"]),
    ):  # fmt: skip
        table = Table("recipes", *columns, title=title)
        for result in results:
            cells = [f"{result[name]:,.3g}" if name in result else "" for name in columns]
            table.add_row(f"{result['n']:,.0f}", *cells)
        console.print(table)
    if len(results) > 1:
        _, power = fitted_law([r["n"] for r in results], [r["seeded_us"] for r in results])
        console.print(f"a query through the index grows as n^{power:.2f}")
    if arguments.picture:
        draw_picture(results, arguments.picture)


if __name__ == "__main__":
    main()
