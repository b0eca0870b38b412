"""`RecipeMetric`: the learned distance as a scikit-learn estimator."""
# ruff: noqa: N803 (X is scikit-learn's name)

from typing import Any, Literal, Self, overload

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from barcart.em import MStep, em_fit
from barcart.neighbors import emd_neighbors
from barcart.perception import GAMMA, RARITY, Perception
from barcart.pooling import KAPPA
from barcart.tree_metric import TreeMetric
from barcart.validation import FloatArray

# New rows searched at a time. They are searched together with the fitted ones, and each other's
# presence costs them this many neighbors more.
_QUERIES_AT_ONCE = 32


class RecipeMetric(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Learn an earth mover's distance between recipes from the recipes.

    Parameters
    ----------
    initial_cost
        Ground costs to start from: a `TreeMetric`, an array of shape (n_features, n_features), or
        None for 1 between any two ingredients.
    gamma, rarity
        How shares are perceived, as for `perceived_shares`; 1 and 0 take them as they are.
    n_neighbors, beta, max_iter, tol, plan_topk, plan_minfrac, m_step, kappa, alpha
        As ``k`` and so on of `em_fit`.
    n_jobs
        Threads for `kneighbors`; None or -1 for one per processor.

    Attributes
    ----------
    cost_matrix_
        float64, shape (n_features, n_features): the learned ground costs.
    perception_
        `Perception` by which shares are compared.
    match_matrix_
        float64, shape (n_features, n_features): the evidence behind them.
    neighbors_
        `NeighborGraph` of the fitted recipes; input for `compute_umap_embedding`.
    n_iter_, converged_, history_
        How the EM went.
    n_samples_fit_, n_features_in_
        Size of the fitted data.

    Notes
    -----
    Recipes are compared by proportions: every row is divided by its total.

    Examples
    --------
    >>> import numpy as np
    >>> recipes = np.array([[2.0, 1.0, 0.0], [4.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
    >>> metric = RecipeMetric(n_neighbors=1).fit(recipes)
    >>> metric.kneighbors(recipes[:1], return_distance=False)
    array([[0]], dtype=int32)
    """

    def __init__(
        self,
        initial_cost: TreeMetric | npt.ArrayLike | None = None,
        *,
        gamma: float = GAMMA,
        rarity: float = RARITY,
        n_neighbors: int = 10,
        beta: float = 1.0,
        max_iter: int = 50,
        tol: float = 1e-3,
        plan_topk: int = 3,
        plan_minfrac: float = 0.05,
        m_step: MStep = "pooled",
        kappa: float = KAPPA,
        alpha: float = 1.0,
        n_jobs: int | None = None,
    ) -> None:
        self.initial_cost = initial_cost
        self.gamma = gamma
        self.rarity = rarity
        self.n_neighbors = n_neighbors
        self.beta = beta
        self.max_iter = max_iter
        self.tol = tol
        self.plan_topk = plan_topk
        self.plan_minfrac = plan_minfrac
        self.m_step = m_step
        self.kappa = kappa
        self.alpha = alpha
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: None = None) -> Self:
        """Learn the ground costs.

        Parameters
        ----------
        X
            Shape (n_samples, n_features), dense or sparse: non-negative volumes.
        y
            Ignored.

        Raises
        ------
        ValueError
            If a volume is negative, NaN or infinite, a row has no mass, or a parameter doesn't fit.
        """
        shares = _proportions(validate_data(self, X, accept_sparse="csr", dtype=np.float64))
        perception = Perception.fit(shares, gamma=self.gamma, rarity=self.rarity)
        volumes = perception.transform(shares)
        m = volumes.shape[1]
        initial = 1.0 - np.eye(m) if self.initial_cost is None else self.initial_cost
        result = em_fit(
            volumes,
            initial,
            k=self.n_neighbors,
            beta=self.beta,
            max_iter=self.max_iter,
            tol=self.tol,
            plan_topk=self.plan_topk,
            plan_minfrac=self.plan_minfrac,
            m_step=self.m_step,
            kappa=self.kappa,
            alpha=self.alpha,
        )
        self.perception_ = perception
        self.cost_matrix_ = result.cost_matrix
        self.match_matrix_ = result.match_matrix
        self.neighbors_ = result.neighbors
        self.n_iter_ = result.n_iter
        self.converged_ = result.converged
        self.history_ = result.history
        self.n_samples_fit_ = int(volumes.shape[0])
        self._volumes = volumes
        return self

    @overload
    def kneighbors(
        self, X: Any = ..., n_neighbors: int | None = ..., return_distance: Literal[True] = ...
    ) -> tuple[FloatArray, npt.NDArray[np.int32]]: ...

    @overload
    def kneighbors(
        self, X: Any = ..., n_neighbors: int | None = ..., *, return_distance: Literal[False]
    ) -> npt.NDArray[np.int32]: ...

    def kneighbors(
        self,
        X: Any = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[FloatArray, npt.NDArray[np.int32]] | npt.NDArray[np.int32]:
        """Find the nearest fitted recipes under the learned distance, exactly.

        Parameters
        ----------
        X
            Shape (n_queries, n_features). None for the fitted recipes, none of which is then its
            own neighbor.
        n_neighbors
            None for the estimator's. Never more than there are.
        return_distance
            Whether to return distances, too.

        Returns
        -------
        distances : numpy.ndarray
            float64, shape (n_queries, n_neighbors); left out if not wanted.
        indices : numpy.ndarray
            int32, shape (n_queries, n_neighbors), nearest first, ties by index.

        Raises
        ------
        ValueError
            As `fit`.
        """
        check_is_fitted(self)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        if X is None:
            graph = emd_neighbors(self._volumes, self.cost_matrix_, k, n_jobs=self.n_jobs)
            found = graph.distances, graph.indices
        else:
            checked = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
            found = self._search(self.perception_.transform(_proportions(checked)), k)
        return found if return_distance else found[1]

    def transform(self, X: Any) -> "sp.csr_array[np.float64]":
        """Return the graph of the nearest fitted recipes.

        As of ``sklearn.neighbors.KNeighborsTransformer(mode="distance")``: what takes precomputed
        sparse neighbors (DBSCAN, SpectralClustering, UMAP, ...) can follow in a pipeline.

        Parameters
        ----------
        X
            Shape (n_queries, n_features).

        Returns
        -------
        scipy.sparse.csr_array
            float64, shape (n_queries, n_samples_fit_): distances to the ``n_neighbors + 1``
            nearest, because a fitted recipe finds itself.
        """
        check_is_fitted(self)
        distances, indices = self.kneighbors(X, self.n_neighbors + 1)
        n_queries, k = indices.shape
        indptr = np.arange(0, n_queries * k + 1, max(k, 1))[: n_queries + 1]
        return sp.csr_array(
            (distances.ravel(), indices.ravel(), indptr), shape=(n_queries, self.n_samples_fit_)
        )

    def _search(
        self, queries: "sp.csr_array[np.float64]", k: int
    ) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        n = self.n_samples_fit_
        if k < 1:
            raise ValueError(f"n_neighbors must be at least 1, not {k!r}")
        kept = min(k, n)
        distances = np.empty((queries.shape[0], kept))
        indices = np.empty((queries.shape[0], kept), dtype=np.int32)
        for begin in range(0, queries.shape[0], _QUERIES_AT_ONCE):
            some = queries[begin : begin + _QUERIES_AT_ONCE]
            size = some.shape[0]
            graph = emd_neighbors(
                sp.vstack((self._volumes, some), format="csr"),
                self.cost_matrix_,
                k + size - 1,
                rows=np.arange(n, n + size),
                n_jobs=self.n_jobs,
            )
            for row in range(size):
                # Fitted rows come before new ones, so ties among them are still by index.
                fitted = np.flatnonzero(graph.indices[row] < n)[:kept]
                distances[begin + row] = graph.distances[row, fitted]
                indices[begin + row] = graph.indices[row, fitted]
        return distances, indices

    @property
    def _n_features_out(self) -> int:
        return self.n_samples_fit_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags


def _proportions(volumes: Any) -> "sp.csr_array[np.float64]":
    """Divide each row by its total."""
    matrix = sp.csr_array(volumes)
    if matrix.nnz and matrix.data.min() < 0.0:
        row = int(np.searchsorted(matrix.indptr, np.argmax(matrix.data < 0.0), side="right")) - 1
        raise ValueError(
            f"Negative values in data passed to RecipeMetric: X row {row} has a negative volume"
        )
    # In two steps: the total of huge volumes could overflow, that of their shares cannot.
    largest = matrix.max(axis=1).toarray().ravel()
    if not largest.all():
        row = int(np.argmin(largest != 0.0))
        raise ValueError(f"X row {row} has no mass: every recipe needs a positive volume")
    matrix = sp.csr_array(sp.diags_array(1.0 / largest) @ matrix)
    return sp.csr_array(sp.diags_array(1.0 / matrix.sum(axis=1)) @ matrix)
