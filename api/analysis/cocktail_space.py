"""Maps of the recipes: two-dimensional embeddings of their distances."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.analysis.ground_metric import GroundMetric
from api.analysis.recipe_volumes import RecipeVolumes
from api.db.frames import Dataset
from barcart import (
    NeighborGraph,
    Registry,
    align_embedding,
    build_recipe_volume_matrix,
    compute_umap_embedding,
    emd_ranks,
    knn_preservation,
    manhattan_neighbors,
    manhattan_ranks,
    trustworthiness,
)
from barcart.ranks import Ranks

#: Fewer neighbors show finer structure, and recipes have few close relatives.
NEIGHBORS = 10
MIN_DIST = 0.1
RANDOM_STATE = 42
#: Coordinates mean nothing beyond this, and short numbers keep the artifact small.
DECIMALS = 4
#: Few and small steps from a previous map: most recipes should stay where readers know them.
_WARM_EPOCHS = 30
_WARM_LEARNING_RATE = 0.005
#: Share of the neighbors kept by larger steps that small ones must keep too.
_WARM_ENOUGH = 0.9
#: A previous map is ignored when it contains less than this share of the recipes.
ENOUGH_KNOWN = 0.5


@dataclass(frozen=True)
class CocktailSpace:
    """A map of the recipes.

    Attributes
    ----------
    points
        Records of ``recipe_id``, ``recipe_name``, ``x``, ``y`` and ``ingredients``.
    quality
        ``knn_preservation`` and ``trustworthiness`` (see :mod:`barcart.quality`), the number of
        ``neighbors`` they compare, ``graph_sha256`` of the neighbor graph, ``median_shift``:
        how far recipes moved since the previous map, in its units (None without one), and
        ``reachable_preservation``: what the last map that was free to move preserved.
    """

    points: list[dict[str, Any]]
    quality: dict[str, Any]


@dataclass(frozen=True)
class PreviousMap:
    """The last published map, which the next one should resemble.

    Attributes
    ----------
    positions
        Coordinates by recipe id.
    graph_sha256
        Of the neighbor graph that it was drawn from.
    names
        Names of its regions, with their level.
    reachable
        Its ``reachable_preservation``; None if it is not known.
    """

    positions: Mapping[int, tuple[float, float]]
    graph_sha256: str | None
    names: Mapping[str, int] = field(default_factory=dict)
    reachable: float | None = None


def manhattan_space(
    volumes: RecipeVolumes, dataset: Dataset, previous: PreviousMap | None = None
) -> CocktailSpace:
    """Map recipes by the Manhattan distance of their volume fractions."""
    registry = Registry.from_pairs(
        zip(dataset.ingredients["id"].astype(str), dataset.ingredients["name"], strict=True)
    )
    matrix, _ = build_recipe_volume_matrix(volumes.lines, registry)
    graph = manhattan_neighbors(matrix, NEIGHBORS)
    return _space(volumes, graph, partial(manhattan_ranks, matrix), previous)


def em_space(
    volumes: RecipeVolumes, metric: GroundMetric, previous: PreviousMap | None = None
) -> CocktailSpace:
    """Map recipes by the Earth Mover's Distance under a learned ground metric."""
    ranks = partial(emd_ranks, metric.volumes, metric.fit.cost_matrix)
    return _space(volumes, metric.fit.neighbors, ranks, previous)


def _space(
    volumes: RecipeVolumes, graph: NeighborGraph, ranks: Ranks, previous: PreviousMap | None
) -> CocktailSpace:
    ids = list(volumes.names)
    digest = _graph_sha256(ids, graph)
    known = np.full((len(ids), 2), np.nan)
    if previous is not None:
        for row, recipe_id in enumerate(ids):
            known[row] = previous.positions.get(recipe_id, (np.nan, np.nan))
    rows = np.flatnonzero(np.isfinite(known).all(axis=1))

    if previous is not None and previous.graph_sha256 == digest and rows.size == len(ids):
        # The same neighbors get the same map: a forced refresh changes nothing.
        embedding, reachable = known, previous.reachable
    else:
        reachable = None
        if previous is not None and rows.size > 0 and rows.size >= ENOUGH_KNOWN * len(ids):
            embedding, reachable = _settled(graph, known, previous.reachable)
        else:
            embedding = _drawn(graph)
        embedding = align_embedding(embedding, known[rows], rows, np.arange(rows.size))
    embedding = np.round(embedding, DECIMALS)

    shift = np.linalg.norm(embedding[rows] - known[rows], axis=1)
    trust = trustworthiness(ranks, embedding, NEIGHBORS)
    kept = round(knn_preservation(graph, embedding), DECIMALS)
    quality = {
        "neighbors": int(graph.indices.shape[1]),
        "knn_preservation": kept,
        "reachable_preservation": kept if reachable is None else round(reachable, DECIMALS),
        "trustworthiness": round(trust.value, DECIMALS),
        # 0 up to 1,000 recipes, which are all judged.
        "trustworthiness_error": round(trust.standard_error, DECIMALS),
        "median_shift": round(float(np.median(shift)), DECIMALS) if rows.size else None,
        "graph_sha256": digest,
    }
    return CocktailSpace(_points(volumes, embedding), quality)


def _drawn(
    graph: NeighborGraph,
    init: NDArray[np.float64] | None = None,
    epochs: int | None = None,
    rate: float | None = None,
) -> NDArray[np.float64]:
    return compute_umap_embedding(
        graph,
        n_neighbors=NEIGHBORS,
        min_dist=MIN_DIST,
        random_state=RANDOM_STATE,
        init=init,
        n_epochs=epochs,
        learning_rate=rate,
    )


def _settled(
    graph: NeighborGraph, known: NDArray[np.float64], reachable: float | None
) -> tuple[NDArray[np.float64], float]:
    """Start from the previous map with small steps, or larger ones if they keep clearly more.

    Returns the map and what larger steps keep. That changes little from one refresh to the next, so
    that they are taken, at three times the work, only where small ones fall behind what is known.
    """
    gentle = _drawn(graph, known, _WARM_EPOCHS, _WARM_LEARNING_RATE)
    kept = knn_preservation(graph, gentle)
    if reachable is not None and kept >= _WARM_ENOUGH * reachable:
        return gentle, reachable
    # After a large change, such as another published distance, small steps leave a poor map.
    moved = _drawn(graph, known)
    reachable = knn_preservation(graph, moved)
    return (gentle if kept >= _WARM_ENOUGH * reachable else moved), reachable


def _graph_sha256(ids: list[int], graph: NeighborGraph) -> str:
    digest = hashlib.sha256(np.asarray(ids, dtype="<i8").tobytes())
    digest.update(graph.indices.astype("<i8").tobytes())
    # Rounded: the last bits of a distance depend on the processor, and move nothing.
    digest.update(np.round(graph.distances, 9).astype("<f8").tobytes())
    return digest.hexdigest()


def _points(volumes: RecipeVolumes, embedding: NDArray[np.float64]) -> list[dict[str, Any]]:
    ingredients = volumes.ingredients_by_volume
    coordinates = embedding.tolist()
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
