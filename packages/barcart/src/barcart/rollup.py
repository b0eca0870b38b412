"""Merge interchangeable ingredients into the kind they belong to.

Brands of one spirit ("allow substitution") are below it. Counting them apart would split the
evidence for the spirit, so their volumes go to the parent before distances are learned.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from barcart.volumes import check_volumes, read_ids


def create_rollup_mapping(
    ingredients_df: pd.DataFrame,
    ingredient_id_col: str = "ingredient_id",
    parent_id_col: str = "parent_id",
    allow_substitution_col: str = "allow_substitution",
) -> dict[str, str]:
    """Map each ingredient that allows substitution to the kind that it stands for.

    That is the nearest ingredient above it that does not allow substitution itself, or the topmost.
    What is below an ingredient does not matter: a bottle added there must not split its evidence.

    Parameters
    ----------
    ingredients_df
        One row an ingredient.
    ingredient_id_col, parent_id_col
        Columns of the ids; a missing parent marks a topmost ingredient.
    allow_substitution_col
        Column of the flag, true or false (or 1 or 0).

    Returns
    -------
    dict
        ``{ingredient id: id of its kind}``, ids as text, in the order of the rows. No kind is a
        key.

    Raises
    ------
    ValueError
        If a column is missing, an id occurs twice, a parent has no row or is the ingredient itself,
        parents form a cycle, or a flag is neither true nor false.

    Examples
    --------
    >>> import pandas as pd
    >>> tree = pd.DataFrame(
    ...     {
    ...         "ingredient_id": ["gin", "brand", "its small bottle"],
    ...         "parent_id": [None, "gin", "brand"],
    ...         "allow_substitution": [0, 1, 1],
    ...     }
    ... )
    >>> create_rollup_mapping(tree)
    {'brand': 'gin', 'its small bottle': 'gin'}
    """
    for column in (ingredient_id_col, parent_id_col, allow_substitution_col):
        if column not in ingredients_df.columns:
            raise ValueError(
                f"the ingredient table has no column {column!r}; add it or pass its name"
            )
    labels = ingredients_df.index.tolist()
    ids = read_ids(ingredients_df, ingredient_id_col)
    first_row: dict[str, Any] = {}
    for label, identifier in zip(labels, ids, strict=True):
        if identifier in first_row:
            raise ValueError(
                f"row {label}: {ingredient_id_col} {identifier!r} was already given in row "
                f"{first_row[identifier]}; ids must be unique, so drop one of the rows"
            )
        first_row[identifier] = label
    parent_of: dict[str, str] = {}
    has_parent = ingredients_df[parent_id_col].notna().to_numpy()
    with_parent = ingredients_df.loc[has_parent]
    children = [identifier for identifier, has in zip(ids, has_parent, strict=True) if has]
    for label, child, parent in zip(
        with_parent.index, children, read_ids(with_parent, parent_id_col), strict=True
    ):
        if parent == child or parent not in first_row:
            raise ValueError(
                f"row {label}: {parent_id_col} {parent!r} of ingredient {child!r} "
                + ("is the ingredient itself" if parent == child else "has no row")
                + "; correct it, or leave it empty for a topmost ingredient"
            )
        parent_of[child] = parent
    flags = [
        _as_flag(value, f"row {label}: {allow_substitution_col}")
        for label, value in zip(
            labels, ingredients_df[allow_substitution_col].tolist(), strict=True
        )
    ]
    steps = {
        identifier: parent_of[identifier]
        for identifier, flag in zip(ids, flags, strict=True)
        if flag and identifier in parent_of
    }
    return {identifier: _follow(steps, identifier, first_row) for identifier in steps}


def _follow(steps: Mapping[str, str], identifier: str, row: Mapping[str, Any]) -> str:
    """Return the end of the chain of steps from an ingredient."""
    passed = {identifier}
    kind = steps[identifier]
    while kind in steps:
        if kind in passed:
            raise ValueError(
                f"row {row[identifier]}: the parents of ingredient {identifier!r} form a cycle; "
                "correct one of them"
            )
        passed.add(kind)
        kind = steps[kind]
    return kind


def apply_rollup(
    recipes_df: pd.DataFrame,
    mapping: Mapping[str, str],
    recipe_id_col: str = "recipe_id",
    recipe_name_col: str = "recipe_name",
    ingredient_id_col: str = "ingredient_id",
    volume_col: str = "volume",
) -> pd.DataFrame:
    """Replace ingredients by what they roll up to and add up the volumes.

    Parameters
    ----------
    recipes_df
        One row a line of a recipe.
    mapping
        As returned by `create_rollup_mapping`.
    recipe_id_col, recipe_name_col, ingredient_id_col, volume_col
        Names of the columns.

    Returns
    -------
    pandas.DataFrame
        These four columns, one row for each recipe and ingredient in the order of first appearance;
        ingredient ids as text. Each recipe keeps its total volume. Further columns, such as an
        ingredient's name, would no longer fit and are left out.

    Raises
    ------
    ValueError
        If a column is missing or a volume is negative, NaN or infinite.
    """
    columns = [recipe_id_col, recipe_name_col, ingredient_id_col, volume_col]
    for column in columns:
        if column not in recipes_df.columns:
            raise ValueError(f"the recipe table has no column {column!r}; add it or pass its name")
    rolled = recipes_df[columns].copy()
    rolled[volume_col] = check_volumes(recipes_df, volume_col)
    rolled[ingredient_id_col] = [
        mapping.get(identifier, identifier)
        for identifier in read_ids(recipes_df, ingredient_id_col)
    ]
    keys = [recipe_id_col, recipe_name_col, ingredient_id_col]
    # dropna would silently lose lines of a recipe without a name.
    return rolled.groupby(keys, sort=False, dropna=False)[volume_col].sum().reset_index()


def _as_flag(value: Any, where: str) -> bool:
    # Equality also takes NumPy's booleans and the floats of a column with gaps elsewhere.
    if not isinstance(value, str) and (value == 0 or value == 1):
        return bool(value == 1)
    raise ValueError(f"{where} {value!r} is neither true nor false; use 1 or 0")
