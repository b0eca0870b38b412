"""Damaged imports, databases and trees are refused in words."""

import json
import random
from pathlib import Path

import pandas as pd
import pytest

from api.db.exchange.resolve import to_dataset
from api.db.exchange.sources.own_json import read_json_document
from barcart import build_ingredient_tree
from benchmarks.fuzz_imports import fuzz


def test_nothing_crashes(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    outcomes, crashes = fuzz(8.0, seed, tmp_path)
    assert crashes == [], f"replay with --seed {seed}"
    for reader, counts in outcomes.items():
        assert counts["refused"] > 0, f"{reader} refuses nothing: the damage does not reach it"


@pytest.mark.parametrize("opening", ["[", '{"units":', '{"recipes":[{"tags":'])
def test_deep_json_is_refused(tmp_path: Path, opening: str) -> None:
    path = tmp_path / "deep.json"
    path.write_text(opening * 100_000)
    dataset, faults = to_dataset(read_json_document(path))
    assert any("Invalid JSON" in fault.message for fault in faults)
    assert dataset is None or dataset.recipes.empty


def test_a_tree_of_ten_thousand_levels() -> None:
    paths, path = [], "/"
    for number in range(1, 10_001):
        path = f"{path}{number}/"
        paths.append(path)
    frame = pd.DataFrame(
        {
            "ingredient_id": range(1, 10_001),
            "ingredient_name": "the same name",
            "ingredient_path": paths,
        }
    )
    _, parents = build_ingredient_tree(frame)
    assert parents["10000"] == ("9999", 1.0)
    frame.loc[0, "ingredient_path"] = "/10000/1/"
    with pytest.raises(ValueError, match="cycle"):
        build_ingredient_tree(frame)


def test_two_thousand_levels_are_imported_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    rows = [{"id": n, "name": f"i{n}", "parent_id": n - 1 or None} for n in range(1, 2001)]
    path.write_text(json.dumps({"ingredients": rows}))
    dataset, faults = to_dataset(read_json_document(path))
    errors = [fault for fault in faults if fault.severity == "error"]
    assert errors or (dataset is not None and len(dataset.ingredients) == 2000)
