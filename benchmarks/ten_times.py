"""Refresh ten times the recipes of a database, and measure wall time and peak memory.

    DB_PATH=bar.db python -m benchmarks.ten_times

Draws the recipes from the model that benchmarks/synthetic.py fits to the database which DB_PATH
names (default: the sample's), writes them to a database of their own and runs the job on it.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
from sqlalchemy import URL

from api.analysis.ground_metric import ground_problem
from api.analysis.recipe_volumes import recipe_volumes
from api.db.database import Database, get_database
from api.db.db_analytics import AnalyticsQueries
from api.db.migrations import upgrade
from api.db.write import write_dataset
from benchmarks.synthetic import RecipeModel

FACTOR = 10
ML_OF_A_DRINK = 100.0


def main() -> None:
    """Build, run, print one JSON object."""
    queries = AnalyticsQueries(get_database())
    given = queries.dataset
    problem = ground_problem(recipe_volumes(given), given.ingredients)
    parent_of = given.ingredients.set_index(given.ingredients["id"].astype(str))["parent_id"]
    ids = problem.ingredients.ids
    model = RecipeModel.fit(problem.shares, [str(parent_of.get(identity, "")) for identity in ids])
    number = FACTOR * len(given.recipes)
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
    dataset = replace(
        given,
        recipes=recipes,
        recipe_ingredients=lines,
        ratings=given.ratings.head(0),
        recipe_tags=given.recipe_tags.head(0),
    )
    with tempfile.TemporaryDirectory(prefix="ten-times-") as directory:
        path = Path(directory) / "ten.db"
        database = Database(URL.create("sqlite", database=str(path)))
        upgrade(database.engine)
        with database.engine.begin() as connection:
            write_dataset(connection, dataset)
        database.dispose()
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "api.analytics.analytics_refresh"],
            env={**os.environ, "DB_PATH": str(path), "ANALYTICS_DIR": f"{directory}/analytics"},
            check=True,
            stdout=subprocess.PIPE,
        )
        seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    result = json.loads(done.stdout)
    print(
        json.dumps(
            {
                "recipes": result["cocktail_space_count"],
                "lines": drawn.nnz,
                "seconds": round(seconds, 1),
                "peak_mb": round(peak),
            }
        )
    )


if __name__ == "__main__":
    main()
