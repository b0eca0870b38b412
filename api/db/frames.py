"""All rows of a database in memory: one data frame per table."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Table

from api.db import schema
from api.db.errors import Fault

#: Referenced tables first.
TABLES: tuple[Table, ...] = (
    schema.units,
    schema.ingredients,
    schema.recipes,
    schema.recipe_ingredients,
    schema.ratings,
    schema.tags,
    schema.recipe_tags,
    schema.shelf_bottles,
)


@dataclass(frozen=True)
class Dataset:
    """The rows of every table, one frame each, with the stored columns of the schema.

    Required integers are int64, optional ones Int64, numbers float64 with NaN for NULL, flags
    bool, and everything else ``str`` or None; times are ISO 8601 in UTC. Rows are ordered by id.

    Attributes
    ----------
    faults
        Warnings about rows and tables of a database that were left out.
    from_database
        Whether the rows come from a database, which may break rules that files must follow.
    database_id
        Of that database (:mod:`api.db.identity`).
    """

    units: pd.DataFrame
    ingredients: pd.DataFrame
    recipes: pd.DataFrame
    recipe_ingredients: pd.DataFrame
    ratings: pd.DataFrame
    tags: pd.DataFrame
    recipe_tags: pd.DataFrame
    shelf_bottles: pd.DataFrame
    faults: tuple[Fault, ...] = ()
    from_database: bool = False
    database_id: str | None = None

    def frame(self, table: Table) -> pd.DataFrame:
        """Return the rows of a table."""
        found: pd.DataFrame = getattr(self, table.name)
        return found
