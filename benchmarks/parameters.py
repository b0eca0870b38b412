"""Cross-validated completion for the model's parameters: how they were chosen.

    DB_PATH=bar.db python -m benchmarks.parameters

One parameter at a time is varied around the defaults. Families and known exchanges take no part:
names must not choose what they are to judge.
"""

from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from api.analysis.ground_metric import BETA, NEIGHBORS, TOLERANCE, ground_problem
from api.analysis.quality_measures import (
    COMPLETION_NEIGHBORS,
    completion_ranks,
    hidden_ingredients,
)
from api.analysis.quality_methods import Space
from api.analysis.recipe_volumes import recipe_volumes
from api.db.database import get_database
from api.db.db_analytics import AnalyticsQueries
from barcart import Perception, em_fit
from barcart.perception import GAMMA, RARITY
from barcart.pooling import KAPPA


@dataclass(frozen=True)
class Parameters:
    """What is varied."""

    gamma: float = GAMMA
    rarity: float = RARITY
    kappa: float = KAPPA


GRID = {
    "gamma": (0.1, 0.2, 0.35, 0.5, 1.0),
    "rarity": (0.0, 0.15, 0.3),
    "kappa": (5.0, 10.0, 20.0, 40.0),
}


def main() -> None:
    """Print one table of the mean reciprocal ranks of hidden ingredients."""
    dataset = AnalyticsQueries(get_database()).dataset
    problem = ground_problem(recipe_volumes(dataset), dataset.ingredients)
    folds = hidden_ingredients(problem.shares)

    def completion(chosen: Parameters) -> float:
        ranks = []
        for fold in folds:
            known, queries = problem.shares[fold.known], fold.queries(problem.shares)
            perception = Perception.fit(known, gamma=chosen.gamma, rarity=chosen.rarity)
            fitted = em_fit(
                perception.transform(known),
                problem.tree,
                k=NEIGHBORS,
                beta=BETA,
                kappa=chosen.kappa,
                tol=TOLERANCE,
            )
            space = Space(perception.transform, fitted.cost_matrix)
            nearest = space.nearest(queries, known, COMPLETION_NEIGHBORS)
            ranks.append(completion_ranks(nearest, known, queries, fold.ingredients))
        return float(np.concatenate(ranks).mean())

    table = Table("parameter", "value", "completion, MRR")
    for name, values in GRID.items():
        for value in values:
            table.add_row(
                name, f"{value:g}", f"{completion(replace(Parameters(), **{name: value})):.3f}"
            )
    Console().print(table)


if __name__ == "__main__":
    main()
