"""The report in a real browser: it draws, and its console stays empty."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from api.analysis.ingredient_tree import tree_with_counts
from api.db.frames import Dataset
from api.report.render import render_report

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--virtual-time-budget=5000",
    "--enable-logging=stderr",
)


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Chromium is not installed")
    return found


@pytest.mark.parametrize("data", ["sample", "empty"])
@pytest.mark.parametrize("width", [390, 1280])
def test_draws_without_console_messages(
    chromium: str, tmp_path: Path, sample: Dataset, data: str, width: int
) -> None:
    page = tmp_path / "report.html"
    page.write_text(_report(sample if data == "sample" else None), encoding="utf-8")
    done = subprocess.run(
        [
            chromium,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},1000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r".*CONSOLE.*", done.stderr) == []
    if data == "sample":
        # Drawn by the page's scripts, not by the template: labels, blocks, bars.
        drawn = len(done.stdout) - len(page.read_text(encoding="utf-8"))
        assert drawn > 10_000
        assert "Negroni" in done.stdout


def _report(sample: Dataset | None) -> str:
    """Render a report of the sample, its recipes in a row: the places do not matter here."""
    from api.analysis.complexity import complexity_distribution
    from api.analysis.recipe_volumes import recipe_volumes
    from api.analysis.usage import ingredient_usage, usage_records

    if sample is None:
        empty = {"ingredient-tree": tree_with_counts([], 0)}
        names = ("ingredient-usage", "recipe-complexity", "cocktail-space", "cocktail-space-em")
        return render_report({**{name: [] for name in names}, **empty}, {})
    volumes = recipe_volumes(sample)
    ingredients = volumes.ingredients_by_volume
    points = [
        {
            "recipe_id": key,
            "recipe_name": name,
            "x": float(key % 10),
            "y": float(key // 10),
            "ingredients": ingredients[key],
        }
        for key, name in volumes.names.items()
    ]
    usage = usage_records(ingredient_usage(sample.ingredients, sample.recipe_ingredients))
    return render_report(
        {
            "ingredient-usage": [record for record in usage if record["parent_id"] is None],
            "recipe-complexity": complexity_distribution(sample.recipe_ingredients),
            "cocktail-space": points,
            "cocktail-space-em": points,
            "ingredient-tree": tree_with_counts(usage, len(points)),
        },
        {"snapshot_id": "s", "created_at": "2026-01-02T03:04:05Z"},
    )
