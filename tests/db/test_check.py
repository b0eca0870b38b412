"""Every fault is found at its row, with a remedy; valid data has none."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from api.db.check import check_dataset
from api.db.database import Database
from api.db.dataset import build_dataset, read_dataset
from api.db.errors import DatasetError, Fault
from api.db.frames import Dataset


def _rows() -> dict[str, list[dict[str, Any]]]:
    return {
        "units": [
            {"id": 1, "name": "Ounce", "conversion_to_ml": 29.5735},
            {"id": 2, "name": "Each"},
        ],
        "ingredients": [
            {"id": 1, "name": "Spirits", "path": "/1/"},
            {"id": 2, "name": "Gin", "parent_id": 1, "path": "/1/2/"},
        ],
        "recipes": [{"id": 1, "name": "Martini"}],
        "recipe_ingredients": [
            {"id": 1, "recipe_id": 1, "ingredient_id": 2, "unit_id": 1, "amount": 2}
        ],
        "ratings": [
            {"id": 1, "recipe_id": 1, "user_id": "ann", "rating": 5, "created_at": "2026-01-01"}
        ],
        "tags": [{"id": 1, "name": "dry"}],
        "recipe_tags": [{"recipe_id": 1, "tag_id": 1}],
    }


def _with(table: str, *rows: dict[str, Any], index: int | None = None) -> list[Fault]:
    data = _rows()
    if index is None:
        data[table].extend(rows)
    else:
        data[table][index].update(rows[0])
    try:
        return check_dataset(build_dataset(data))
    except DatasetError as error:
        return list(error.faults)


def test_valid_data_has_no_faults(sample: Dataset) -> None:
    assert check_dataset(build_dataset(_rows())) == []
    assert check_dataset(sample) == []


def test_real_data_has_no_errors(real_db_path: Path) -> None:
    with Database(URL.create("sqlite", database=str(real_db_path))).snapshot() as connection:
        faults = check_dataset(read_dataset(connection))
    assert [fault for fault in faults if fault.severity == "error"] == []
    # Counted in SQL: amounts without a unit, units without an amount.
    assert sum(fault.field == "unit_id" for fault in faults) == 49
    assert sum(fault.field == "amount" for fault in faults) == 5


GIN_3 = {"id": 3, "name": "GIN ", "path": "/3/"}
LINE = {"id": 2, "recipe_id": 1, "ingredient_id": 1, "unit_id": 1, "amount": 1}


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        ("units", {"id": 3, "name": "Dash", "conversion_to_ml": 0}, ("id 3", "conversion_to_ml")),
        ("units", {"id": 3, "name": "Dash", "conversion_to_ml": -1}, ("id 3", "conversion_to_ml")),
        ("ingredients", {"id": 3, "name": " ", "path": "/3/"}, ("id 3", "name")),
        ("ingredients", {"id": 3, "name": "Rum", "path": "/1/3/"}, ("id 3", "path")),
        (
            "ingredients",
            {"id": 3, "name": "Rum", "parent_id": 9, "path": "/9/3/"},
            ("id 3", "parent_id"),
        ),
        ("recipe_ingredients", {**LINE, "amount": -1}, ("id 2", "amount")),
        ("recipe_ingredients", {**LINE, "amount": float("inf")}, ("id 2", "amount")),
        ("recipe_ingredients", {**LINE, "recipe_id": 9}, ("id 2", "recipe_id")),
        ("recipe_ingredients", {**LINE, "ingredient_id": 9}, ("id 2", "ingredient_id")),
        ("recipe_ingredients", {**LINE, "unit_id": 9}, ("id 2", "unit_id")),
        (
            "ratings",
            {"id": 2, "recipe_id": 1, "user_id": "bob", "rating": 6, "created_at": "2026-01-01"},
            ("id 2", "rating"),
        ),
        (
            "ratings",
            {"id": 2, "recipe_id": 1, "user_id": "ann", "rating": 4, "created_at": "2026-01-01"},
            ("id 2", "user_id"),
        ),
        ("recipe_tags", {"recipe_id": 1, "tag_id": 9}, ("row 2", "tag_id")),
    ],
)
def test_errors_name_row_and_field(
    table: str, row: dict[str, Any], expected: tuple[str, str]
) -> None:
    (fault,) = _with(table, row)
    assert (fault.severity, fault.table, fault.row, fault.field) == ("error", table, *expected)
    assert fault.remedy


def test_equal_names_ignore_case() -> None:
    faults = _with("ingredients", GIN_3)
    assert [(fault.row, fault.field, fault.severity) for fault in faults] == [
        ("id 2", "name", "error"),
        ("id 3", "name", "error"),
    ]


def test_equal_ids_are_found() -> None:
    faults = _with("units", {"id": 1, "name": "Pint"})
    assert {(fault.row, fault.field) for fault in faults} == {("id 1", "id")}
    assert len(faults) == 2


def test_equal_recipe_names_are_a_warning() -> None:
    faults = _with("recipes", {"id": 2, "name": "martini"})
    assert {(fault.field, fault.severity) for fault in faults} == {
        ("name", "warning"),
        ("id", "warning"),  # and it has no ingredients
    }


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({**LINE, "amount": None}, "amount"),
        ({**LINE, "unit_id": None}, "unit_id"),
        ({**LINE, "ingredient_id": 2}, "ingredient_id"),
    ],
)
def test_doubtful_lines_are_warnings(row: dict[str, Any], field: str) -> None:
    (fault,) = _with("recipe_ingredients", row)
    assert (fault.row, fault.field, fault.severity) == ("id 2", field, "warning")


def test_cycle_is_reported_once() -> None:
    data = _rows()
    data["ingredients"] += [
        {"id": 3, "name": "A", "parent_id": 5, "path": "/3/"},
        {"id": 4, "name": "B", "parent_id": 3, "path": "/4/"},
        {"id": 5, "name": "C", "parent_id": 4, "path": "/5/"},
        {"id": 6, "name": "below {x}", "parent_id": 5, "path": "/6/"},
        {"id": 7, "name": "itself", "parent_id": 7, "path": "/7/"},
    ]
    faults = check_dataset(build_dataset(data))
    assert sorted((fault.row, fault.field) for fault in faults) == [
        ("id 3", "parent_id"),
        ("id 7", "parent_id"),
    ]
    assert "A > C > B > A" in faults[0].message
    assert "itself > itself" in faults[1].message


def test_deep_chain_is_not_a_cycle() -> None:
    depth = 3000
    rows = [
        {
            "id": n,
            "name": f"n{n}",
            "parent_id": n - 1 or None,
            "path": "/" + "".join(f"{i}/" for i in range(1, n + 1)),
        }
        for n in range(1, depth + 1)
    ]
    faults = check_dataset(build_dataset({"ingredients": rows}))
    assert {fault.field for fault in faults} == {"path"}
    assert all("too deep" in fault.message for fault in faults)


@pytest.mark.parametrize(
    ("table", "row", "field"),
    [
        ("recipe_ingredients", {**LINE, "amount": "two"}, "amount"),
        ("recipe_ingredients", {**LINE, "recipe_id": None}, "recipe_id"),
        ("recipe_ingredients", {**LINE, "ingredient_id": 1.5}, "ingredient_id"),
        ("units", {"id": 3, "name": None}, "name"),
        ("ingredients", {**GIN_3, "allow_substitution": "perhaps"}, "allow_substitution"),
    ],
)
def test_values_of_wrong_type_are_named(table: str, row: dict[str, Any], field: str) -> None:
    data = _rows()
    data[table].append(row)
    with pytest.raises(DatasetError) as caught:
        build_dataset(data)
    (fault,) = caught.value.faults
    assert (fault.table, fault.row, fault.field) == (table, f"id {row['id']}", field)
    assert str(fault) in str(caught.value)


def test_many_faults_are_counted() -> None:
    faults = [Fault("units", f"id {n}", "name", "Bad.", "Correct it.") for n in range(9)]
    assert "9 faults" in str(DatasetError(faults))
    assert "4 more" in str(DatasetError(faults))
