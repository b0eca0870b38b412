"""Recipes as distributions over ingredients."""

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from barcart.registry import Registry, normalize_id

OnEmpty: TypeAlias = Literal["raise", "drop"]


def build_recipe_volume_matrix(
    recipes_df: pd.DataFrame,
    ingredient_registry: Registry,
    recipe_id_col: str = "recipe_id",
    recipe_name_col: str = "recipe_name",
    ingredient_id_col: str = "ingredient_id",
    volume_col: str = "volume",
    on_empty: OnEmpty = "raise",
) -> tuple[sp.csr_array, Registry]:
    """Turn recipe lines into one distribution over the ingredients a recipe.

    Parameters
    ----------
    recipes_df
        One row a line of a recipe. Lines of the same recipe and ingredient add up. Only ids
        distinguish recipes: two of the same name stay two.
    ingredient_registry
        The ingredients of the columns.
    recipe_id_col, recipe_name_col, ingredient_id_col
        Columns of the ids (text or integer) and the recipe's name.
    volume_col
        Column of the volumes: non-negative, in any unit, for each recipe is divided by its total.
    on_empty
        What to do about recipes whose total is zero: refuse them, or leave them out.

    Returns
    -------
    volume_matrix : scipy.sparse.csr_array
        float64, shape (n_recipes, n_ingredients), canonical and without explicit zeros; rows sum
        to 1 up to rounding.
    recipe_registry : Registry
        The recipes of the rows, ordered by id: numerically if all ids are integers, else as text.

    Raises
    ------
    ValueError
        If a column or an id is missing; an ingredient isn't registered; a volume is negative, NaN
        or infinite; a recipe has two names; or one has no mass (unless dropped). The error
        names the row.
    """
    for column in (recipe_id_col, recipe_name_col, ingredient_id_col, volume_col):
        if column not in recipes_df.columns:
            raise ValueError(f"the recipe table has no column {column!r}; add it or pass its name")
    if on_empty not in ("raise", "drop"):
        raise ValueError(f"on_empty must be 'raise' or 'drop', not {on_empty!r}")
    labels = recipes_df.index
    volumes = check_volumes(recipes_df, volume_col)
    recipe_ids = read_ids(recipes_df, recipe_id_col)
    columns = ingredient_registry.indices_of(read_ids(recipes_df, ingredient_id_col))
    if (columns < 0).any():
        line = int(np.argmax(columns < 0))
        raise ValueError(
            f"row {labels[line]}: {ingredient_id_col} "
            f"{recipes_df[ingredient_id_col].tolist()[line]!r} is not among the "
            f"{len(ingredient_registry)} registered ingredients; register it or drop the row"
        )
    names = _recipe_names(recipes_df, recipe_ids, recipe_name_col)

    ordered = sorted(names, key=_id_order(names))
    position = {identifier: row for row, identifier in enumerate(ordered)}
    rows = np.fromiter((position[identifier] for identifier in recipe_ids), dtype=np.int64)
    # Scaling by each recipe's largest line first keeps totals of huge or tiny volumes finite.
    largest = np.zeros(len(ordered))
    np.maximum.at(largest, rows, volumes)
    empty = largest == 0.0
    if empty.any() and on_empty == "raise":
        row = int(np.argmax(empty))
        raise ValueError(
            f"recipe {ordered[row]!r} ({names[ordered[row]]}) has no mass: all its volumes are 0; "
            "give it a volume, drop its rows, or pass on_empty='drop'"
        )
    scaled = volumes / np.where(empty, 1.0, largest)[rows]
    matrix = sp.coo_array(
        (scaled, (rows, columns)), shape=(len(ordered), len(ingredient_registry))
    ).tocsr()
    matrix.sum_duplicates()
    totals: npt.NDArray[np.float64] = np.asarray(matrix.sum(axis=1)).ravel()
    matrix.data /= np.repeat(np.where(totals > 0.0, totals, 1.0), np.diff(matrix.indptr))
    matrix.eliminate_zeros()
    kept = [identifier for identifier, none in zip(ordered, empty, strict=True) if not none]
    if len(kept) < len(ordered):
        matrix = matrix[np.flatnonzero(~empty)]
    return matrix, Registry(tuple(kept), tuple(names[identifier] for identifier in kept))


def check_volumes(recipes_df: pd.DataFrame, volume_col: str) -> npt.NDArray[np.float64]:
    """Return a column of volumes as float64; ValueError names the row of a bad one."""
    numeric = pd.to_numeric(recipes_df[volume_col], errors="coerce")
    volumes = numeric.to_numpy(dtype=np.float64, na_value=np.nan)
    faulty = ~(np.isfinite(volumes) & (volumes >= 0.0))
    if faulty.any():
        line = int(np.argmax(faulty))
        raise ValueError(
            f"row {recipes_df.index[line]}: {volume_col} "
            f"{recipes_df[volume_col].tolist()[line]!r} is not a finite number of 0 or more; "
            "correct it or drop the row"
        )
    return volumes


def read_ids(frame: pd.DataFrame, column: str) -> list[str]:
    """Return a column of ids as text; ValueError names the row of a bad one."""
    if pd.api.types.is_integer_dtype(frame[column].dtype) and not frame[column].hasnans:
        # Each id once, however many lines have it.
        positions, different = pd.factorize(frame[column])
        texts = [str(value) for value in different.tolist()]
        return [texts[position] for position in positions.tolist()]
    values = frame[column].tolist()
    try:
        return [normalize_id(value) for value in values]
    except ValueError:
        for label, value in zip(frame.index, values, strict=True):
            try:
                normalize_id(value)
            except ValueError as error:
                raise ValueError(f"row {label}: {column} {error}") from error
        raise


def _recipe_names(
    recipes_df: pd.DataFrame, recipe_ids: list[str], recipe_name_col: str
) -> dict[str, str]:
    names: dict[str, str] = {}
    for label, identifier, value in zip(
        recipes_df.index, recipe_ids, recipes_df[recipe_name_col].tolist(), strict=True
    ):
        name = str(value)
        if names.setdefault(identifier, name) != name:
            raise ValueError(
                f"row {label}: recipe {identifier!r} is called {name!r} but was called "
                f"{names[identifier]!r} before; use one name, or another id for another recipe"
            )
    return names


def _id_order(identifiers: Any) -> Any:
    """Return the sorting key: numeric if every id is an integer, else the text."""
    try:
        for identifier in identifiers:
            int(identifier)
    except ValueError:
        return None
    # The text breaks ties such as '1' and '01'.
    return lambda identifier: (int(identifier), identifier)
