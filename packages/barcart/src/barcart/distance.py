"""The functions of the whole method under one name; each is defined in a module of its own."""

from barcart.em import em_fit
from barcart.embedding import compute_umap_embedding
from barcart.matching import expected_ingredient_match_matrix, m_step_blosum, neighbor_weights
from barcart.neighbors import emd_neighbors, knn_matrix, manhattan_neighbors, tree_neighbors
from barcart.rollup import apply_rollup, create_rollup_mapping
from barcart.transport import compute_emd, emd_matrix, transport_plans
from barcart.tree import (
    build_ingredient_distance_matrix,
    build_ingredient_tree,
    weighted_distance,
)
from barcart.volumes import build_recipe_volume_matrix

__all__ = [
    "apply_rollup",
    "build_ingredient_distance_matrix",
    "build_ingredient_tree",
    "build_recipe_volume_matrix",
    "compute_emd",
    "compute_umap_embedding",
    "create_rollup_mapping",
    "em_fit",
    "emd_matrix",
    "emd_neighbors",
    "expected_ingredient_match_matrix",
    "knn_matrix",
    "m_step_blosum",
    "manhattan_neighbors",
    "neighbor_weights",
    "transport_plans",
    "tree_neighbors",
    "weighted_distance",
]
