"""Cost against the number of recipes: exact neighbors, plans and memory, on synthetic recipes.

    python benchmarks/scaling.py 1000 10000 100000 --picture docs/images/scaling.png

Fitted to the sample, or to the database that DB_PATH names. Each size runs in a process of its own,
so that its peak memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from api.analysis.ground_metric import ground_problem
from api.analysis.recipe_volumes import recipe_volumes
from api.db.database import get_database
from api.db.db_analytics import AnalyticsQueries
from barcart import (
    emd_neighbors,
    m_step_pooled,
    manhattan_neighbors,
    perceived_shares,
    transport_plans,
)
from barcart.matching import (
    accumulate_matches,
    filter_plans,
    neighbor_weights,
    symmetrized,
    weighted_pairs,
)
from benchmarks.synthetic import RecipeModel

K = 10


def measure(n: int) -> dict[str, float]:
    """Run one full EM iteration on n recipes under the learned cost, and the Manhattan search."""
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
    cost = metric.fit.cost_matrix
    emd_neighbors(volumes[:50], cost, 3)  # compiled, or loaded from the cache
    manhattan_neighbors(volumes[:50], 3)
    transport_plans(volumes[:50], cost, [[0, 1]])
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    begun = time.perf_counter()
    manhattan_neighbors(volumes, K)
    manhattan = time.perf_counter() - begun
    begun = time.perf_counter()
    graph = emd_neighbors(volumes, cost, K)
    search = time.perf_counter() - begun
    begun = time.perf_counter()
    todo = weighted_pairs(graph.indices, neighbor_weights(graph.distances, 1.0))
    matches = np.zeros_like(cost)
    for start in range(0, todo.forward.size, 65_536):
        block = slice(start, start + 65_536)
        kept = filter_plans(transport_plans(volumes, cost, todo.pairs[block]), 3, 0.05)
        matches += accumulate_matches(kept, todo.forward[block], todo.backward[block], len(cost))
    m_step_pooled(symmetrized(matches), metric.tree)
    plans = time.perf_counter() - begun
    return {
        "n": n,
        "manhattan_s": manhattan,
        "emd_s": search,
        "plans_s": plans,
        "solved_a_row": graph.pairs_solved / n,
        "base_mb": base,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def fitted_law(sizes: list[float], seconds: list[float]) -> tuple[float, float]:
    """Return (a, b) of seconds = a n**b, by least squares of the logarithms."""
    slope, intercept = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return float(np.exp(intercept)), float(slope)


def draw_picture(results: list[dict[str, float]], path: Path) -> None:
    """Write a log-log picture of seconds against n."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
    sizes = [result["n"] for result in results]
    for name, label in (
        ("emd_s", "10 nearest, learned EMD (exact)"),
        ("manhattan_s", "10 nearest, Manhattan (exact)"),
        ("plans_s", "plans and M-step"),
    ):
        axes.loglog(sizes, [result[name] for result in results], "o-", label=label)
    axes.set(xlabel="recipes", ylabel="seconds")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure each size, print a table, the fitted law and JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.sizes[0])))
        return
    results = []
    for n in arguments.sizes:
        command = [sys.executable, "-m", "benchmarks.scaling", str(n), "--one"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    table = Table("recipes", "Manhattan s", "EMD s", "plans s", "solved a row", "peak MB")
    for result in results:
        table.add_row(
            f"{result['n']:,.0f}",
            f"{result['manhattan_s']:.2f}",
            f"{result['emd_s']:.2f}",
            f"{result['plans_s']:.2f}",
            f"{result['solved_a_row']:.1f}",
            f"{result['peak_mb']:.0f}",
        )
    console = Console()
    console.print(table)
    if len(results) > 1:
        a, b = fitted_law([r["n"] for r in results], [r["emd_s"] for r in results])
        console.print(f"EMD neighbors: {a:.2e} s x n^{b:.2f}")
    if arguments.picture:
        draw_picture(results, arguments.picture)


if __name__ == "__main__":
    main()
