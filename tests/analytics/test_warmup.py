"""The warm-up fills numba's cache, and leaves no process behind."""

from pathlib import Path

import pytest

from api.analytics import warmup
from api.analytics.warmup import umap_warming_up


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warmup.os, "cpu_count", lambda: 2)


@pytest.mark.usefixtures("two_processors")
def test_a_cold_cache_is_warm_after_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert warmup._is_cold()
    with umap_warming_up() as begun:
        assert begun._process is not None
        begun.wait()
        assert begun._process.exitcode == 0
    assert not warmup._is_cold()
    with umap_warming_up() as again:
        assert again._process is None


@pytest.mark.usefixtures("two_processors")
def test_no_process_outlives_the_refresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with umap_warming_up() as begun:
        pass
    assert begun._process is not None
    assert not begun._process.is_alive()
