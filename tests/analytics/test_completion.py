"""The refresh's own measure: what it says, and what is published when learning does not help."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from api.analysis.analysis import Analysis
from api.analysis.completion import (
    Completion,
    Published,
    completion_scores,
    describe,
    published_metric,
)
from api.analysis.ground_metric import GroundProblem, ground_problem, learn_ground_metric
from api.analysis.recipe_volumes import recipe_volumes
from api.db.frames import Dataset
from barcart import manhattan_neighbors, tree_neighbors
from benchmarks.small_database import first_recipes


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return first_recipes(60)


@pytest.fixture(scope="module")
def problem(dataset: Dataset) -> GroundProblem:
    return ground_problem(recipe_volumes(dataset), dataset.ingredients)


def test_scores_are_the_same_every_time(problem: GroundProblem) -> None:
    first = completion_scores(problem)
    assert first == completion_scores(problem)
    for score in (first.learned, first.tree, first.manhattan):
        assert 0.0 < score < 1.0
    assert first.queries > 100


def test_best_is_published_unless_learned_beats_tree(
    problem: GroundProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranks = {"learned": 0.2, "tree": 0.3, "manhattan": 0.25}
    order = iter([name for name in ranks for _ in range(3)])
    monkeypatch.setattr(
        "api.analysis.completion.completion_ranks",
        lambda nearest, known, hidden, wanted: np.full(wanted.size, ranks[next(order)]),
    )
    found = completion_scores(problem)
    assert (found.learned, found.tree, found.manhattan) == (0.2, 0.3, 0.25)
    assert found.published == "tree"


def test_lead_within_the_error_changes_nothing(
    problem: GroundProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    monkeypatch.setattr(
        "api.analysis.completion.completion_ranks",
        lambda nearest, known, hidden, wanted: random.random(wanted.size),
    )
    found = completion_scores(problem)
    assert found.published == "learned"


def test_few_recipes_decide_nothing(problem: GroundProblem) -> None:
    few = replace(problem, shares=csr_array(problem.shares[:4]))
    assert completion_scores(few).published == "learned"
    none = replace(problem, shares=csr_array(problem.shares[:0]))
    assert completion_scores(none) == Completion(0.0, 0.0, 0.0, 0, "learned")


@pytest.mark.parametrize("published", ["tree", "manhattan"])
def test_other_distance_replaces_the_learned(
    problem: GroundProblem, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    completion = Completion(0.2, 0.2, 0.25, 300, published)
    with caplog.at_level(logging.WARNING):
        metric = published_metric(learn_ground_metric(problem), problem, completion)
    assert f"publishing the {published} distance" in caplog.text
    if published == "tree":
        expected = tree_neighbors(problem.shares, problem.tree, 10)
        distances = expected.distances
    else:
        expected = manhattan_neighbors(problem.shares, 10)
        # Every share that differs is taken from one recipe and given to the other.
        distances = expected.distances / 2.0
    np.testing.assert_allclose(metric.fit.neighbors.distances, distances, atol=1e-9)
    assert metric.volumes is problem.shares


def test_learned_metric_is_published_as_it_is(problem: GroundProblem) -> None:
    metric = learn_ground_metric(problem)
    completion = Completion(0.3, 0.2, 0.25, 300, "learned")
    assert published_metric(metric, problem, completion) is metric
    assert "0.300" in describe(completion)


def test_map_quality_records_completion(dataset: Dataset) -> None:
    lines: list[str] = []
    space = Analysis(dataset).compute_cocktail_space_em(on_iteration=lines.append)
    recorded = space.quality["completion"]
    assert set(recorded) == {"learned", "tree", "manhattan", "queries", "published"}
    assert any("hidden ingredients" in line for line in lines)


def test_flat_lists_get_kinds_by_name(dataset: Dataset) -> None:
    flat = dataset.ingredients.assign(parent_id=None, allow_substitution=False)
    flat["path"] = "/" + flat["id"].astype(str) + "/"
    problem = ground_problem(recipe_volumes(dataset), flat)
    cost = problem.tree.cost_matrix()
    column = {name: number for number, name in enumerate(problem.ingredients.names)}
    lime, lemon = column["Lime Juice"], column["Lemon Juice"]
    assert cost[lime, lemon] < cost[lime, column["Vodka"]]
