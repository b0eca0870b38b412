"""RecipeMetric: scikit-learn's own checks, and agreement with the functions."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from barcart import (
    Perception,
    RecipeMetric,
    compute_umap_embedding,
    em_fit,
    emd_matrix,
    perceived_shares,
)

pytestmark = pytest.mark.model

Matrix = npt.NDArray[np.float64]

NO_MASS = "its data have rows of zeros, which are no recipes"


def _expected_failures(_estimator: Any) -> dict[str, str]:
    checks = ("sparse_array", "sparse_matrix", "sparse_tag")
    return {f"check_estimator_{name}": NO_MASS for name in checks} | {
        "check_estimators_dtypes": NO_MASS,
        "check_fit2d_1feature": NO_MASS,
    }


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [RecipeMetric()], expected_failed_checks=_expected_failures
)
def test_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture
def recipes() -> Matrix:
    random = np.random.default_rng(7)
    matrix = random.gamma(1.0, 30.0, (60, 12)) * (random.random((60, 12)) < 0.3)
    matrix[np.arange(60), random.integers(0, 12, 60)] += 10.0
    return matrix


def test_fit_equals_the_functions(recipes: Matrix) -> None:
    metric = RecipeMetric(n_neighbors=5).fit(recipes)
    result = em_fit(perceived_shares(recipes), 1.0 - np.eye(12), k=5)
    np.testing.assert_allclose(metric.cost_matrix_, result.cost_matrix, rtol=1e-9)
    assert metric.n_iter_ == result.n_iter
    assert metric.converged_ == result.converged
    distances, indices = metric.kneighbors()
    np.testing.assert_array_equal(indices, metric.neighbors_.indices)
    np.testing.assert_array_equal(distances, metric.neighbors_.distances)
    assert np.isfinite(compute_umap_embedding(metric.neighbors_)).all()


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_new_recipes_find_what_brute_force_finds(recipes: Matrix, form: Any) -> None:
    fitted, new = recipes[:20], recipes[20:]
    metric = RecipeMetric(n_neighbors=4).fit(form(fitted))
    distances, indices = metric.kneighbors(form(new), 30)
    assert indices.shape == (40, 20)  # no more than were fitted
    stacked = np.vstack((fitted, new))
    full = emd_matrix(Perception.fit(fitted).transform(stacked), metric.cost_matrix_)
    expected = np.argsort(full[20:, :20], axis=1, kind="stable")
    np.testing.assert_allclose(distances, np.take_along_axis(full[20:, :20], expected, 1))
    np.testing.assert_allclose(
        np.take_along_axis(full[20:, :20], indices.astype(int), 1), distances, atol=1e-12
    )


def test_amounts_do_not_matter_only_proportions(recipes: Matrix) -> None:
    metric = RecipeMetric(n_neighbors=3).fit(recipes)
    doubled = RecipeMetric(n_neighbors=3).fit(recipes * 2.0)
    np.testing.assert_allclose(metric.cost_matrix_, doubled.cost_matrix_, rtol=1e-9)


def test_neutral_parameters_compare_plain_shares(recipes: Matrix) -> None:
    metric = RecipeMetric(n_neighbors=5, gamma=1.0, rarity=0.0, m_step="blosum").fit(recipes)
    shares = recipes / recipes.sum(axis=1, keepdims=True)
    result = em_fit(shares, 1.0 - np.eye(12), k=5, m_step="blosum")
    np.testing.assert_allclose(metric.cost_matrix_, result.cost_matrix, rtol=1e-6)


def test_transform_feeds_a_pipeline(recipes: Matrix) -> None:
    metric = RecipeMetric(n_neighbors=5)
    graph = metric.fit_transform(recipes)
    assert graph.shape == (60, 60)
    assert (np.diff(graph.indptr) == 6).all()
    assert (graph.diagonal() == 0.0).all()
    eps = float(np.median(graph.data[graph.data > 0]))
    clusters = DBSCAN(metric="precomputed", eps=eps)
    labels = make_pipeline(clone(metric), clone(clusters)).fit_predict(recipes)
    np.testing.assert_array_equal(labels, clusters.fit_predict(graph))


def test_a_row_without_mass_is_named(recipes: Matrix) -> None:
    recipes[17] = 0.0
    with pytest.raises(ValueError, match="row 17 has no mass"):
        RecipeMetric().fit(recipes)


def test_a_negative_volume_is_named(recipes: Matrix) -> None:
    recipes[23, 4] = -1.0
    with pytest.raises(ValueError, match="row 23 has a negative"):
        RecipeMetric().fit(recipes)


def test_huge_and_tiny_amounts(recipes: Matrix) -> None:
    metric = RecipeMetric(n_neighbors=3).fit(recipes * 1e300)
    small = RecipeMetric(n_neighbors=3).fit(recipes * 1e-300)
    np.testing.assert_allclose(metric.cost_matrix_, small.cost_matrix_, rtol=1e-9)
