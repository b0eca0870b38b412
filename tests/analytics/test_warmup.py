"""The warm-up fills numba's cache, and leaves no process behind."""

import os
from pathlib import Path

import pytest

from api.analytics import warmup
from api.analytics.warmup import umap_warming_up


@pytest.fixture(autouse=True)
def _cold_machine_with_two_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))


def test_a_cold_cache_is_warm_after_waiting() -> None:
    assert warmup._is_cold()
    with umap_warming_up() as first:
        assert first.process is not None
        first.wait()
        assert first.process.returncode == 0
    assert not warmup._is_cold()
    with umap_warming_up() as second:
        assert second.process is None


def test_no_process_outlives_the_refresh() -> None:
    with umap_warming_up() as running:
        pass
    assert running.process is not None
    assert running.process.returncode is not None
