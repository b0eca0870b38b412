"""Points do not jump when a few recipes change; the map's quality is recorded."""

from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import text

from api.analysis.analysis import Analysis
from api.analysis.cocktail_space import PreviousMap
from api.analytics.analytics_refresh import regenerate_analytics
from api.analytics.previous_maps import MAPS, previous_maps
from api.db.database import Database
from api.db.db_analytics import AnalyticsQueries
from api.db.frames import Dataset
from api.utils.analytics_cache import AnalyticsStorage

MakeDatabase = Callable[[Dataset | None], Database]


@pytest.fixture
def changed(make_database: MakeDatabase, sample: Dataset) -> tuple[AnalyticsQueries, Database]:
    """The queries before, and the database after a few recipes have changed."""
    database = make_database(sample)
    before = AnalyticsQueries(database)
    _ = before.dataset
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM recipes WHERE id = 40"))
        connection.execute(text("UPDATE recipe_ingredients SET amount = 90 WHERE id = 30"))
        connection.execute(text("INSERT INTO recipes (id, name) VALUES (900, 'Gin and Tonic')"))
        connection.execute(
            text(
                "INSERT INTO recipe_ingredients (recipe_id, ingredient_id, unit_id, amount) "
                "SELECT 900, i.id, u.id, 50 FROM ingredients i, units u "
                "WHERE i.name IN ('Gin', 'Soda Water') AND u.name = 'Milliliter'"
            )
        )
    database.dispose()
    return before, database


@pytest.mark.parametrize("which", ["manhattan", "em"])
def test_most_points_stay_where_they_were(
    changed: tuple[AnalyticsQueries, Database], which: str
) -> None:
    before, database = changed
    after = AnalyticsQueries(database)

    def draw(queries: AnalyticsQueries, previous: PreviousMap | None = None):  # type: ignore[no-untyped-def]
        if which == "em":
            return queries.compute_cocktail_space_em(previous)
        return queries.compute_cocktail_space(previous)

    old = draw(before)
    positions = {point["recipe_id"]: (point["x"], point["y"]) for point in old.points}
    new = draw(after, PreviousMap(positions, old.quality["graph_sha256"]))

    width = np.ptp(np.array(list(positions.values())), axis=0).max()
    assert new.quality["median_shift"] < 0.05 * width
    # Not because nothing was drawn: the neighbors are kept as well as by a map drawn afresh.
    fresh = draw(after)
    assert new.quality["knn_preservation"] > 0.8 * fresh.quality["knn_preservation"]
    assert {point["recipe_id"] for point in new.points} == {
        point["recipe_id"] for point in fresh.points
    }
    # And a fresh one jumps, even turned onto the old as well as can be.
    known = [point for point in fresh.points if point["recipe_id"] in positions]
    jumps = [
        np.hypot(
            point["x"] - positions[point["recipe_id"]][0],
            point["y"] - positions[point["recipe_id"]][1],
        )
        for point in known
    ]
    assert np.median(jumps) > 3 * new.quality["median_shift"]


def test_larger_steps_are_taken_where_needed(sample: Dataset) -> None:
    analysis = Analysis(sample)
    old = analysis.compute_cocktail_space()
    sought = old.quality["reachable_preservation"]
    assert sought == old.quality["knn_preservation"]
    places = {point["recipe_id"]: (point["x"], point["y"]) for point in old.points}
    shuffled = dict(zip(places, reversed(places.values()), strict=True))
    # As if another distance were published now: from there small steps leave a poor map.
    for reachable in (None, sought):
        new = analysis.compute_cocktail_space(PreviousMap(shuffled, None, reachable=reachable))
        assert new.quality["knn_preservation"] > 0.8 * sought
    # Near enough to what is known, small steps are not compared with larger ones again.
    near = analysis.compute_cocktail_space(PreviousMap(places, None, reachable=sought))
    assert near.quality["reachable_preservation"] == sought
    compared = analysis.compute_cocktail_space(PreviousMap(places, None))
    assert near.points == compared.points


def test_quality_is_recorded_in_the_manifest(
    make_database: MakeDatabase, sample: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    storage = AnalyticsStorage(directory=tmp_path_factory.mktemp("analytics"))
    regenerate_analytics(database=make_database(sample), storage=storage)
    manifest = storage.snapshots.current()
    assert manifest is not None
    for name in MAPS:
        details = manifest.details[name]
        assert 0.3 < details["knn_preservation"] <= 1
        assert 0.3 < details["trustworthiness"] <= 1
        assert details["median_shift"] is None
    maps = previous_maps(storage.snapshots, manifest)
    assert set(maps) == set(MAPS)
    assert len(maps["cocktail-space"].positions) == len(sample.recipes)
    details = manifest.details["cocktail-space"]
    assert maps["cocktail-space"].reachable == details["reachable_preservation"]


def test_damaged_previous_map_is_ignored(
    make_database: MakeDatabase,
    sample: Dataset,
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    directory = tmp_path_factory.mktemp("analytics")
    storage = AnalyticsStorage(directory=directory)
    database = make_database(sample)
    first = regenerate_analytics(database=database, storage=storage)
    (directory / "snapshots" / first["snapshot_id"] / "cocktail-space.json").write_text("[{}]")
    assert regenerate_analytics(database=database, storage=storage, force=True)["changed"]
    assert "points may jump" in caplog.text
    assert len(storage.get_analytics("cocktail-space") or ()) == len(sample.recipes)
