"""The rows of shelf questions, of both databases, and of an SQLite file that holds anything."""

import math
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, insert

from api.db import schema
from api.db.bar_rows import BarRows, read_bar_rows
from api.db.database import Database

INGREDIENTS: list[dict[str, Any]] = [
    {"id": 1, "name": "Gin", "path": "/1/"},
    {"id": 2, "name": "Lime", "path": "/2/"},
]
RECIPES: list[dict[str, Any]] = [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}]
LINES: list[dict[str, Any]] = [
    {"id": 5, "recipe_id": 1, "ingredient_id": 1, "unit_id": 1, "amount": 1 / 3},
    {"id": 2, "recipe_id": 2, "ingredient_id": 2, "unit_id": None, "amount": None},
    {"id": 4, "recipe_id": 1, "ingredient_id": 2, "unit_id": 1, "amount": 0.1 + 0.2},
    {"id": 9, "recipe_id": 2, "ingredient_id": 1, "unit_id": 1, "amount": 2.0},
]


def read(database: Database) -> BarRows:
    with database.snapshot() as connection:
        return read_bar_rows(connection)


def lines(rows: BarRows) -> list[tuple[Any, ...]]:
    columns = (column.tolist() for column in rows.lines)
    return [
        (*ids, None if math.isnan(amount) else amount)
        for *ids, amount in zip(*columns, strict=True)
    ]


def test_lines_come_by_recipe_and_line(database: Database) -> None:
    assert lines(read(database)) == []
    with database.engine.begin() as connection:
        connection.execute(insert(schema.units), {"id": 1, "name": "oz"})
        connection.execute(insert(schema.ingredients), INGREDIENTS)
        connection.execute(insert(schema.recipes), RECIPES)
        connection.execute(insert(schema.recipe_ingredients), LINES)
    rows = read(database)
    assert (rows.recipes, rows.units) == ({1: "A", 2: "B"}, {1: "oz"})
    assert lines(rows) == [
        (1, 2, 1, 0.1 + 0.2),
        (1, 1, 1, 1 / 3),
        (2, 2, 0, None),
        (2, 1, 1, 2.0),
    ]


def test_damaged_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "cocktails.db"
    with sqlite3.connect(path) as connection:
        connection.executescript("""
            CREATE TABLE units (id INTEGER PRIMARY KEY, name);
            CREATE TABLE ingredients (id INTEGER PRIMARY KEY, name, parent_id);
            CREATE TABLE recipes (id INTEGER PRIMARY KEY, name);
            CREATE TABLE recipe_ingredients
                (id INTEGER PRIMARY KEY, recipe_id, ingredient_id, unit_id, amount);
            INSERT INTO recipes VALUES (1, x'ff'), (2, NULL);
            INSERT INTO recipe_ingredients VALUES
                (1, 1, 'gin, lime', 'oz', '1.5'), (2, NULL, 7, 1, 'some'), (3, 1, 2.5, NULL, 9e999);
        """)
    connection.close()
    rows = read(Database(URL.create("sqlite", database=str(path))))
    assert rows.recipes == {1: "\ufffd", 2: ""}
    assert lines(rows) == [(0, 7, 1, None), (1, 0, 0, 1.5), (1, 0, 0, None)]
