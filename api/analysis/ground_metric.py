"""The ground metric between ingredients, learned from the recipes themselves."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
from scipy.sparse import csr_array

from api.analysis.name_kinds import with_kinds_by_name
from api.analysis.recipe_volumes import RecipeVolumes
from barcart import (
    EMResult,
    EMState,
    Registry,
    TreeMetric,
    apply_rollup,
    build_ingredient_tree,
    build_recipe_volume_matrix,
    create_rollup_mapping,
    em_fit,
    perceived_shares,
    transport_plans,
)
from barcart.em import CheckpointMismatchError, NeighborSearch, PlanSolver, find_neighbors

logger = logging.getLogger(__name__)

#: Neighbors whose plans count, and their weights' inverse temperature; see docs/method.md.
NEIGHBORS = 10
BETA = 1.0
#: Costs run from 1/2 to 1: after a change of 0.2 % hardly any neighbor changes.
TOLERANCE = 2e-3


class PairEngine(Protocol):
    """What computes distances and plans for the EM, as `barcart.distributed.DaskEngine` does."""

    @property
    def neighbors(self) -> NeighborSearch:
        """Finds every recipe's nearest."""

    @property
    def plans(self) -> PlanSolver:
        """Solves the plans of pairs."""


class Checkpoints(Protocol):
    """Saves the EM's state for a later process."""

    def load(self) -> EMState | None:
        """Return the saved state, None if there is none or it is damaged."""

    def save(self, state: EMState) -> None:
        """Replace the saved state."""


@dataclass(frozen=True)
class GroundMetric:
    """What the EM learned, with the names of its rows and columns.

    Attributes
    ----------
    volumes
        (recipes, ingredients) perceived shares after rollup, which distances compare; rows sum
        to 1. See `barcart.perceived_shares`.
    recipes, ingredients
        Ids and names of the rows and of the columns.
    tree
        The distances of the columns in the ingredient tree.
    fit
        The learned cost matrix and every recipe's neighbors under it.
    """

    volumes: csr_array
    recipes: Registry
    ingredients: Registry
    tree: TreeMetric
    fit: EMResult


@dataclass(frozen=True)
class GroundProblem:
    """What the EM starts from.

    Attributes
    ----------
    volumes
        (recipes, ingredients) perceived shares after rollup; rows sum to 1.
    shares
        The same as poured: volume fractions.
    recipes, ingredients
        Ids and names of the rows and of the columns.
    tree
        The distances of the columns in the ingredient tree.
    """

    volumes: csr_array
    shares: csr_array
    recipes: Registry
    ingredients: Registry
    tree: TreeMetric


def ground_problem(volumes: RecipeVolumes, ingredients: pd.DataFrame) -> GroundProblem:
    """Roll leaves that allow substitution up onto their parent, and measure the tree.

    Too few recipes name one brand to learn anything about it.

    Parameters
    ----------
    volumes
        The recipes.
    ingredients
        With ``id``, ``name``, ``path``, ``parent_id`` and ``allow_substitution``.
    """
    mapping = create_rollup_mapping(ingredients.rename(columns={"id": "ingredient_id"}))
    lines = apply_rollup(volumes.lines, mapping)
    # Only ingredients that recipes use get a column: the others would learn nothing.
    used = set(lines["ingredient_id"].astype(str))
    frame = pd.DataFrame(
        {
            "ingredient_id": ingredients["id"].astype(str),
            "ingredient_name": ingredients["name"],
            "ingredient_path": ingredients["path"],
        }
    )
    _, parent_map = build_ingredient_tree(frame)
    columns = frame[frame["ingredient_id"].isin(used)]
    if ingredients["parent_id"].isna().all():
        parent_map = with_kinds_by_name(parent_map, dict(columns.iloc[:, :2].to_numpy().tolist()))
    registry = Registry.from_pairs(
        zip(columns["ingredient_id"], columns["ingredient_name"], strict=True)
    )
    matrix, recipes = build_recipe_volume_matrix(lines, registry)
    tree = TreeMetric.from_parent_map(parent_map, registry.ids)
    return GroundProblem(perceived_shares(matrix), matrix, recipes, registry, tree)


def learn_ground_metric(
    problem: GroundProblem,
    on_iteration: Callable[[str], None] | None = None,
    engine: PairEngine | None = None,
    checkpoints: Checkpoints | None = None,
) -> GroundMetric:
    """Learn ingredient costs by EM, starting from distances in the ingredient tree.

    Parameters
    ----------
    problem
        The recipes and the tree to start from.
    on_iteration
        Called with a line of text after each iteration.
    engine
        Where distances and plans are computed; this process if None.
    checkpoints
        Where to resume from, bit for bit if the recipes are the same, and to save each iteration.
    """

    def report(state: EMState) -> None:
        if checkpoints is not None:
            checkpoints.save(state)
        if on_iteration is not None:
            iteration = state.history[-1]
            on_iteration(
                f"EM iteration {iteration.iteration}: change {iteration.delta:.2e}, "
                f"{iteration.pairs_solved:,} pairs solved, {iteration.pairs_pruned:,} pruned"
            )

    def fit(state: EMState | None) -> EMResult:
        return em_fit(
            problem.volumes,
            problem.tree,
            k=NEIGHBORS,
            beta=BETA,
            tol=TOLERANCE,
            callback=report,
            neighbors=engine.neighbors if engine else find_neighbors,
            plans=engine.plans if engine else transport_plans,
            state=state,
        )

    def learned(result: EMResult) -> GroundMetric:
        return GroundMetric(
            problem.volumes, problem.recipes, problem.ingredients, problem.tree, result
        )

    kept = checkpoints.load() if checkpoints is not None else None
    if kept is not None:
        try:
            resumed = fit(kept)
        except CheckpointMismatchError:
            logger.info("ignoring the EM checkpoint: it belongs to other recipes")
        else:
            logger.info("resumed the EM from iteration %d of its checkpoint", kept.iteration)
            return learned(resumed)
    return learned(fit(None))


def cost_records(metric: GroundMetric) -> Iterator[dict[str, Any]]:
    """Yield what each ingredient costs to replace.

    Yields
    ------
    dict
        ``ingredient_id``, ``ingredient_name`` and ``costs``: of replacing it by each ingredient, in
        the order of the records, to four digits. Together the rows are a symmetric matrix with
        zeros on the diagonal.
    """
    named = zip(metric.ingredients.ids, metric.ingredients.names, strict=True)
    for (identifier, name), row in zip(named, metric.fit.cost_matrix, strict=True):
        yield {
            "ingredient_id": int(identifier),
            "ingredient_name": name,
            "costs": [round(cost, 4) for cost in row.tolist()],
        }
