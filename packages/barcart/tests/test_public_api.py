"""What `import barcart` promises: its names, its speed, and the README's example."""

import re
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import barcart
import barcart.distance

README = Path(__file__).parents[1] / "README.md"

#: The names the application and its plan rely on.
REQUIRED_OF_DISTANCE = {
    "build_ingredient_distance_matrix",
    "build_ingredient_tree",
    "build_recipe_volume_matrix",
    "compute_emd",
    "compute_umap_embedding",
    "em_fit",
    "emd_matrix",
    "expected_ingredient_match_matrix",
    "knn_matrix",
    "m_step_blosum",
}


@pytest.mark.parametrize("module", [barcart, barcart.distance])
def test_every_listed_name_exists_and_is_listed_once(module: Any) -> None:
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_distance_has_the_functions_of_the_method() -> None:
    assert set(barcart.distance.__all__) >= REQUIRED_OF_DISTANCE


def test_the_package_offers_all_of_distance() -> None:
    for name in barcart.distance.__all__:
        assert getattr(barcart, name) is getattr(barcart.distance, name)
        assert name in barcart.__all__


@pytest.mark.parametrize("name", sorted(set(barcart.__all__) - {"__version__"}))
def test_everything_public_is_documented(name: str) -> None:
    assert getattr(barcart, name).__doc__


def test_the_version_is_the_packages() -> None:
    assert barcart.__version__ == version("barcart")


def test_importing_leaves_the_slow_and_the_foreign_out() -> None:
    program = (
        "import sys, barcart; "
        "print(*sorted({'umap', 'pynndescent', 'sklearn', 'api'} & set(sys.modules)))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout.split() == []


@pytest.mark.filterwarnings("ignore")  # Dask's own, about ports and late replies
def test_the_readmes_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    if find_spec("distributed") is None:
        del blocks[2]
    scope: dict[str, Any] = {}
    for block in blocks:  # each goes on where the one before ended
        exec(compile(block, str(README), "exec"), scope)
    assert scope["layout"].shape == (5, 2)
    assert scope["graph"].shape == (5, 5)
    said = capsys.readouterr().out
    assert "Martini is nearest to Vodka Martini" in said
    assert "It resembles the " in said
