"""Maps of the recipes: two-dimensional embeddings of their distances."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.db.dataset import Dataset
from api.db.queries.ground_metric import GroundMetric
from api.db.queries.recipe_volumes import RecipeVolumes
from barcart import (
    NeighborGraph,
    Registry,
    build_recipe_volume_matrix,
    compute_umap_embedding,
    manhattan_neighbors,
)

#: UMAP's view: fewer neighbours show finer structure, and recipes have few true relatives.
NEIGHBORS = 10
MIN_DIST = 0.1
RANDOM_STATE = 42
#: Coordinates mean nothing beyond this, and short numbers keep the artifact small.
DECIMALS = 4


@dataclass(frozen=True)
class CocktailSpace:
    """A map of the recipes.

    Attributes
    ----------
    points
        Records of ``recipe_id``, ``recipe_name``, ``x``, ``y`` and ``ingredients``.
    quality
        How far the map can be trusted.
    """

    points: list[dict[str, Any]]
    quality: dict[str, Any]


def manhattan_space(volumes: RecipeVolumes, dataset: Dataset) -> CocktailSpace:
    """Map recipes by the Manhattan distance of their volume fractions."""
    registry = Registry.from_pairs(
        zip(dataset.ingredients["id"].astype(str), dataset.ingredients["name"], strict=True)
    )
    matrix, _ = build_recipe_volume_matrix(volumes.lines, registry)
    return _space(volumes, manhattan_neighbors(matrix, NEIGHBORS))


def em_space(volumes: RecipeVolumes, metric: GroundMetric) -> CocktailSpace:
    """Map recipes by the Earth Mover's Distance under a learned ground metric."""
    return _space(volumes, metric.fit.neighbors)


def _space(volumes: RecipeVolumes, graph: NeighborGraph) -> CocktailSpace:
    embedding = compute_umap_embedding(
        graph, n_neighbors=NEIGHBORS, min_dist=MIN_DIST, random_state=RANDOM_STATE
    )
    return CocktailSpace(_points(volumes, embedding), {})


def _points(volumes: RecipeVolumes, embedding: NDArray[np.float64]) -> list[dict[str, Any]]:
    ingredients = volumes.ingredients_by_volume()
    coordinates = np.round(embedding, DECIMALS).tolist()
    return [
        {
            "recipe_id": recipe_id,
            "recipe_name": name,
            "x": x,
            "y": y,
            "ingredients": ingredients[recipe_id],
        }
        for (recipe_id, name), (x, y) in zip(volumes.names.items(), coordinates, strict=True)
    ]
