"""The sample, and a part of it that is quick to compute."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from api.db.exchange.resolve import to_dataset
from api.db.exchange.sources.own_csv import read_csv_directory
from api.db.frames import Dataset
from api.sample import sample_directory


def sample() -> Dataset:
    """Return the whole sample."""
    dataset, faults = to_dataset(read_csv_directory(Path(str(sample_directory()))))
    if dataset is None:
        raise ValueError(f"the sample has faults: {faults}")
    return dataset


def first_recipes(number: int) -> Dataset:
    """Return the sample's first recipes with every ingredient and unit."""
    dataset = sample()
    recipes = dataset.recipes.head(number)

    def of_those(table: str) -> pd.DataFrame:
        frame: pd.DataFrame = getattr(dataset, table)
        return frame[frame["recipe_id"].isin(recipes["id"])].reset_index(drop=True)

    return replace(
        dataset,
        recipes=recipes,
        recipe_ingredients=of_those("recipe_ingredients"),
        ratings=of_those("ratings"),
        recipe_tags=of_those("recipe_tags"),
    )
