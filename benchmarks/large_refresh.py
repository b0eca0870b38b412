"""Refresh a large made-up collection: time, and peak memory of each stage.

    DB_PATH=bar.db python -m benchmarks.large_refresh --recipes 100000
    DB_PATH=bar.db python -m benchmarks.large_refresh --recipes 100000 --keep folder

Draws recipes from the model that benchmarks/synthetic.py fits to the database which DB_PATH names
(default: the sample's; ten times its recipes), writes them to a database of their own and runs the
job on it as benchmarks/cold.py does. ``--keep`` leaves the database and what was published in a
folder, and takes the database that is already there.
"""

import argparse
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from sqlalchemy import URL, func, select

from api.analysis.ground_metric import ground_problem
from api.analysis.recipe_volumes import recipe_volumes
from api.db.database import Database, get_database
from api.db.db_analytics import AnalyticsQueries
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.schema import recipes
from api.db.write import write_dataset
from benchmarks.cold import measure
from benchmarks.synthetic import RecipeModel

FACTOR = 10
ML_OF_A_DRINK = 100.0
DATABASE, PUBLISHED = "large.db", "analytics"


def draw(given: Dataset, number: int) -> Dataset:
    """Return so many recipes that resemble the given ones, with the same ingredients and units."""
    problem = ground_problem(recipe_volumes(given), given.ingredients)
    parent_of = given.ingredients.set_index(given.ingredients["id"].astype(str))["parent_id"]
    ids = problem.ingredients.ids
    model = RecipeModel.fit(problem.shares, [str(parent_of.get(identity, "")) for identity in ids])
    drawn = model.draw(number).tocoo()
    unit = given.units.loc[given.units["conversion_to_ml"].notna()].iloc[0]
    recipes = pd.DataFrame(
        {"id": range(1, number + 1), "name": [f"Recipe {n}" for n in range(1, number + 1)]}
    ).reindex(columns=given.recipes.columns)
    recipes = recipes.astype(object).where(recipes.notna(), None).astype({"id": "int64"})
    lines = pd.DataFrame(
        {
            "id": range(1, drawn.nnz + 1),
            "recipe_id": drawn.row.astype("int64") + 1,
            "ingredient_id": [int(ids[column]) for column in drawn.col],
            "unit_id": int(unit["id"]),
            "amount": drawn.data * ML_OF_A_DRINK / float(unit["conversion_to_ml"]),
        }
    )
    return replace(
        given,
        recipes=recipes,
        recipe_ingredients=lines,
        ratings=given.ratings.head(0),
        recipe_tags=given.recipe_tags.head(0),
    )


def build(path: Path, number: int | None) -> int:
    """Write the database, or take the one that is there; return how many recipes it has."""
    database = Database(URL.create("sqlite", database=str(path)))
    if not path.exists():
        given = AnalyticsQueries(get_database()).dataset
        dataset = draw(given, number or FACTOR * len(given.recipes))
        upgrade(database.engine)
        with database.engine.begin() as connection:
            write_dataset(connection, dataset)
    with database.engine.begin() as connection:
        found = connection.scalar(select(func.count()).select_from(recipes))
    database.dispose()
    return int(found or 0)


def main() -> None:
    """Build, run, print a table and one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipes", type=int)
    parser.add_argument("--keep", type=Path, help="a folder for the database and the snapshot")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="large-refresh-") as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        number = build(folder.absolute() / DATABASE, arguments.recipes)
        os.environ["DB_PATH"] = str(folder.absolute() / DATABASE)
        figures, stages = measure(folder=folder.absolute() / PUBLISHED)
        size = sum(path.stat().st_size for path in (folder / PUBLISHED).rglob("*.json"))
    table = Table("stage", "s", "processor s", "peak MB")
    for name, one in stages.items():
        table.add_row(name, f"{one.seconds:.1f}", f"{one.processor:.1f}", f"{one.peak_mb:.0f}")
    Console().print(table)
    rounded = {name: round(value, 1) for name, value in figures.items()}
    print(json.dumps({"recipes": number, **rounded, "published_mb": round(size / 1e6)}))


if __name__ == "__main__":
    main()
