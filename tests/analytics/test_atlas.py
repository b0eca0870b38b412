"""The map page's data: each recipe's nearest, by position, and what the learned map shows."""

from typing import Any

from api.analysis.atlas import NEAREST, build_atlas


def _points(ids: list[int]) -> list[dict[str, Any]]:
    return [
        {"recipe_id": key, "recipe_name": f"R{key}", "x": float(key), "y": 0.0, "ingredients": []}
        for key in ids
    ]


def test_nearest_are_positions_of_recipes_on_the_map() -> None:
    ids = [40, 7, 12]
    similar = [
        {
            "recipe_id": key,
            "similar": [
                {"recipe_id": other, "distance": abs(key - other) / 1000}
                for other in sorted({*ids, 99} - {key}, key=lambda other: abs(key - other))
            ],
        }
        for key in [*ids, 99]
    ]
    atlas = build_atlas({"cocktail-space-em": _points(ids), "recipe-similar": similar})
    assert atlas["recipes"]["id"] == [7, 12, 40]
    # 99 is on no map, so it is left out.
    assert atlas["near"]["row"] == [[1, 2], [0, 2], [1, 0]]
    assert atlas["near"]["distance"][0] == [0.005, 0.033]


def test_nearest_are_few_and_may_be_missing() -> None:
    ids = list(range(1, 12))
    similar = [
        {"recipe_id": 1, "similar": [{"recipe_id": key, "distance": 0.1} for key in ids[1:]]}
    ]
    atlas = build_atlas({"cocktail-space": _points(ids), "recipe-similar": similar})
    assert len(atlas["near"]["row"][0]) == NEAREST
    assert atlas["near"]["row"][1] == []
    assert build_atlas({"cocktail-space": _points(ids)})["near"]["row"] == [[] for _ in ids]


def test_atlas_records_the_published_distance() -> None:
    assert build_atlas({})["distance"] == "learned"
    assert build_atlas({}, distance="tree")["distance"] == "tree"
