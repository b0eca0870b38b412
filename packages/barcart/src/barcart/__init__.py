"""Learn a ground metric between ingredients from recipes, exactly and fast."""

from importlib.metadata import version as _version
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from barcart.distance import (
    apply_rollup,
    build_ingredient_distance_matrix,
    build_ingredient_tree,
    build_recipe_volume_matrix,
    compute_emd,
    compute_umap_embedding,
    create_rollup_mapping,
    em_fit,
    emd_matrix,
    emd_neighbors,
    expected_ingredient_match_matrix,
    knn_matrix,
    m_step_blosum,
    manhattan_neighbors,
    neighbor_weights,
    transport_plans,
    tree_neighbors,
    weighted_distance,
)
from barcart.em import EMIteration, EMResult, EMState
from barcart.embedding import align_embedding
from barcart.exchanges import ExchangeEvidence, exchange_evidence
from barcart.neighbors import NeighborGraph
from barcart.perception import Perception, perceived_shares
from barcart.pooling import m_step_pooled
from barcart.quality import Trustworthiness, knn_preservation, trustworthiness
from barcart.ranks import emd_ranks, manhattan_ranks
from barcart.registry import Registry
from barcart.transport import TransportPlans
from barcart.tree_metric import TreeMetric

if _TYPE_CHECKING:
    from barcart.estimator import RecipeMetric as RecipeMetric

__version__ = _version("barcart")

__all__ = [
    "EMIteration",
    "EMResult",
    "EMState",
    "ExchangeEvidence",
    "NeighborGraph",
    "Perception",
    "RecipeMetric",
    "Registry",
    "TransportPlans",
    "TreeMetric",
    "Trustworthiness",
    "__version__",
    "align_embedding",
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
    "emd_ranks",
    "exchange_evidence",
    "expected_ingredient_match_matrix",
    "knn_matrix",
    "knn_preservation",
    "m_step_blosum",
    "m_step_pooled",
    "manhattan_neighbors",
    "manhattan_ranks",
    "neighbor_weights",
    "perceived_shares",
    "transport_plans",
    "tree_neighbors",
    "trustworthiness",
    "weighted_distance",
]


def __getattr__(name: str) -> _Any:
    # scikit-learn takes a second to import: only who asks for the estimator waits.
    if name == "RecipeMetric":
        from barcart.estimator import RecipeMetric

        return RecipeMetric
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
