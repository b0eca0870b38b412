"""AnalyticsStorage: the names users know."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage


@pytest.fixture(params=["local", "s3"])
def open_storage(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], AnalyticsStorage]:
    if request.param == "local":
        return lambda: AnalyticsStorage(directory=tmp_path)
    name = request.getfixturevalue("bucket")
    return lambda: AnalyticsStorage(name)


def test_gets_what_was_put(open_storage: Callable[[], AnalyticsStorage]) -> None:
    data = [{"recipe_name": "Piña Colada", "x": 0.5}]
    open_storage().put_analytics("cocktail-space", data)
    assert open_storage().get_analytics("cocktail-space") == data


def test_nothing_there_is_none(open_storage: Callable[[], AnalyticsStorage]) -> None:
    storage = open_storage()
    assert storage.get_analytics("cocktail-space") is None
    storage.put_analytics("ingredient-tree", {})
    assert storage.get_analytics("cocktail-space") is None


def test_putting_one_keeps_the_others(open_storage: Callable[[], AnalyticsStorage]) -> None:
    storage = open_storage()
    storage.put_analytics("ingredient-tree", {"id": "root"})
    storage.put_analytics("cocktail-space", [1])
    storage.put_analytics("cocktail-space", [2])
    assert storage.get_analytics("ingredient-tree") == {"id": "root"}
    assert storage.get_analytics("cocktail-space") == [2]


def test_putting_one_claims_no_fingerprint(open_storage: Callable[[], AnalyticsStorage]) -> None:
    storage = open_storage()
    storage.snapshots.publish({"a": 1}, database_fingerprint="of the data")
    manifest = storage.put_analytics("b", 2)
    assert manifest.database_fingerprint is None


def test_concurrent_puts_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda number: AnalyticsStorage(directory=tmp_path).put_analytics(
                    f"artifact-{number}", number
                ),
                range(4),
            )
        )
    storage = AnalyticsStorage(directory=tmp_path)
    assert [storage.get_analytics(f"artifact-{number}") for number in range(4)] == [0, 1, 2, 3]


def test_the_environment_chooses(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_DIR", str(tmp_path / "here"))
    monkeypatch.setenv("ANALYTICS_BUCKET", "")
    assert AnalyticsStorage.from_settings().location == str(tmp_path / "here")
    monkeypatch.setenv("ANALYTICS_BUCKET", bucket)
    monkeypatch.setenv("ANALYTICS_PREFIX", "p")
    assert AnalyticsStorage.from_settings().location == f"s3://{bucket}/p/"


def test_keeps_as_many_as_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYTICS_DIR", str(tmp_path))
    monkeypatch.setenv("ANALYTICS_KEEP", "2")
    storage = AnalyticsStorage.from_settings(Settings())
    for number in range(4):
        storage.put_analytics("a", number)
    assert len(storage.snapshots.history()) == 2
