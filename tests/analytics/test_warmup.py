"""The warm-up fills numba's cache, and leaves no process behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.analytics.warmup import umap_warming_up


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


WARMED_UP = """
from unittest.mock import patch
with patch("os.cpu_count", lambda: 2):
    assert warmup._is_cold()
    with warmup.umap_warming_up() as begun:
        assert begun._process is not None
        begun.wait()
        assert begun._process.exitcode == 0
    assert not warmup._is_cold()
    with warmup.umap_warming_up() as again:
        assert again._process is None
"""


def test_a_cold_cache_is_warm_after_waiting(tmp_path: Path) -> None:
    # In a process of its own: a fork of one that has drawn a map finds the library compiled.
    done = subprocess.run(
        [sys.executable, "-c", WARMED_UP],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("two_processors")
def test_no_process_outlives_the_refresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with umap_warming_up() as begun:
        pass
    assert begun._process is not None
    assert not begun._process.is_alive()
