"""The measures of quality against small cases worked out by hand, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from api.analysis.ground_metric import ground_problem
from api.analysis.quality import KnownExchange, known_pairs, measure_quality
from api.analysis.quality_measures import (
    bootstrap,
    completion_ranks,
    family_scores,
    held_out_exchanges,
    hidden_ingredients,
    one_ingredient_variants,
    reciprocal_ranks,
    share_a_family,
)
from api.analysis.quality_methods import LEARNERS, RANKERS
from api.analysis.recipe_volumes import recipe_volumes
from api.cli.main import main
from api.db.frames import Dataset
from benchmarks.small_database import first_recipes


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return first_recipes(40)


def shares_of(*rows: list[float]) -> csr_array:
    matrix = np.array(rows)
    return csr_array(matrix / matrix.sum(axis=1, keepdims=True))


def test_names_match_whole_folded_words() -> None:
    names = ["Whiskey Sour", "Pisco SOURS", "Soursop Punch", "Old-Fashioned", "Piña Colada"]
    related = share_a_family(names, [["sour"], ["old fashioned"], ["pina colada", "punch"]])
    assert related[0, 1]
    assert not related[0, 2]
    assert related[2, 4]
    assert not related[3].any()
    assert not np.diagonal(related).any()


def test_family_scores_by_hand() -> None:
    distances = np.array([[0.0, 3, 1, 2], [3, 0, 1, 2], [1, 1, 0, 1], [2, 2, 1, 0]], dtype=float)
    related = np.zeros((4, 4), dtype=bool)
    related[0, 1] = related[1, 0] = related[0, 3] = related[3, 0] = True
    queries, recall, precision = family_scores(distances, related)
    assert queries.tolist() == [0, 1, 3]
    np.testing.assert_allclose(recall, 1.0)
    # Row 0 finds relatives at ranks 2 and 3, row 1 at rank 3, row 3 at rank 2 (ties by number).
    np.testing.assert_allclose(precision, [(1 / 2 + 2 / 3) / 2, 1 / 3, 1 / 2])


def test_ties_share_their_places() -> None:
    scores = np.array([[9.0, 1.0, 1.0, 0.0], [5.0, 0.0, 6.0, 4.0]])
    found = reciprocal_ranks(np.vstack([scores, scores]), np.array([[0, 2], [1, 0], [0, 3]]))
    np.testing.assert_allclose(found, [(1 + 1 / 2) / 2, 1 / 2, 1 / 3])


def test_nearest_recipes_vote_first() -> None:
    known = shares_of([1, 1, 1, 0], [1, 0, 0, 1])
    queries = shares_of([1, 0, 0, 0], [1, 0, 0, 0])
    nearest = np.array([[0, 1], [1, 0]])
    found = completion_ranks(nearest, known, queries, np.array([1, 3]))
    # The first query's nearest has columns 1 and 2, a tie; the second's has column 3 alone.
    np.testing.assert_allclose(found, [0.75, 1.0])


def test_hidden_recipes_are_not_searched() -> None:
    shares = shares_of(*np.random.default_rng(1).random((20, 5)).tolist())
    folds = hidden_ingredients(shares, most=60)
    assert sum(fold.recipes.size for fold in folds) == 60
    for fold in folds:
        assert not set(fold.known.tolist()) & set(fold.recipes.tolist())
        rows = fold.queries(shares).toarray()
        np.testing.assert_allclose(rows.sum(axis=1), 1.0)
        assert (rows[np.arange(fold.recipes.size), fold.ingredients] == 0.0).all()


def test_variants_differ_in_one_ingredient() -> None:
    shares = shares_of([1, 0, 1, 1, 0], [0, 1, 1, 1, 0], [0, 1, 1, 0, 1], [0, 1, 1, 0, 0])
    assert one_ingredient_variants(shares).tolist() == [[0, 1, 0, 1], [1, 2, 3, 4]]


def test_held_out_exchanges_are_unseen() -> None:
    random = np.random.default_rng(3)
    shares = shares_of(*(random.random((60, 6)) < 0.5 + 1e-3).astype(float).tolist())
    folds = held_out_exchanges(shares)
    assert folds
    for fold in folds:
        seen = np.sort(one_ingredient_variants(csr_array(shares[fold.known]))[:, 2:], axis=1)
        tested = {tuple(pair) for pair in np.sort(fold.pairs, axis=1).tolist()}
        assert not tested & {tuple(pair) for pair in seen.tolist()}


def test_intervals_cover_and_keep_units_together() -> None:
    values = np.repeat([0.0, 1.0], 50)
    alone = bootstrap(values, np.arange(100))
    assert alone.low < alone.value == 0.5 < alone.high
    together = bootstrap(values, np.repeat(np.arange(4), 25))
    assert together.high - together.low > alone.high - alone.low
    assert np.isnan(bootstrap(np.empty(0), np.empty(0, np.int64)).value)


def test_known_names_match_after_rollup(dataset: Dataset) -> None:
    problem = ground_problem(recipe_volumes(dataset), dataset.ingredients)
    known = [
        KnownExchange(("Gomme", "GIN", "London Dry Gin"), ("vodka",)),
        KnownExchange(("Cointreau",), ("Triple Sec",)),
        KnownExchange(("Gin",), ("Moonshine",)),
    ]
    pairs, matched = known_pairs(known, problem, dataset.ingredients)
    names = [[problem.ingredients.name_at(end) for end in pair] for pair in pairs.tolist()]
    # Triple sec and Cointreau roll up to one column.
    assert matched == 2
    assert sorted(names) == [["Gin", "Vodka"], ["Vodka", "Gin"]]


def test_every_method_gets_every_measure(dataset: Dataset) -> None:
    problem = ground_problem(recipe_volumes(dataset), dataset.ingredients)
    known = [KnownExchange(("London Dry Gin", "Gin"), ("Vodka",))]
    first, second = (
        measure_quality(problem, dataset.ingredients, [["martini"], ["daiquiri"]], known)
        for _ in range(2)
    )
    assert first == second
    measured = {(score.measure, score.method) for score in first.scores}
    assert {m for _, m in measured} >= {*LEARNERS, *RANKERS}
    for score in first.scores:
        assert 0.0 <= score.estimate.low <= score.estimate.value <= score.estimate.high <= 1.0


def test_command_prints_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DB_PATH", str(tmp_path / "bar.db"))
    with pytest.raises(SystemExit) as done:
        main(["db", "init"])
    assert not done.value.code
    capsys.readouterr()
    with pytest.raises(SystemExit) as done:
        main(["quality", "--json"])
    assert not done.value.code
    found = json.loads(capsys.readouterr().out)
    assert found["known_listed"] >= 80
    assert {score["method"] for score in found["scores"]} >= {"learned", "Manhattan", "tree EMD"}
