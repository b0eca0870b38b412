"""The volume of every recipe line, by the rule of :mod:`api.db.volumes`."""

import pandas as pd

from api.db.volumes import unit_volume


def line_volumes_ml(recipe_ingredients: pd.DataFrame, units: pd.DataFrame) -> pd.Series:
    """Return the volume in ml of each row of ``recipe_ingredients``, in its order.

    Parameters
    ----------
    recipe_ingredients
        With ``unit_id`` and ``amount``, either of them possibly missing.
    units
        With ``id``, ``name`` and ``conversion_to_ml``.
    """
    names = units["name"].where(units["name"].notna(), None)
    each = (
        units["conversion_to_ml"]
        .astype(float)
        .astype(object)
        .where(units["conversion_to_ml"].notna(), None)
    )
    rules = {
        unit_id: unit_volume(name, ml_each)
        for unit_id, name, ml_each in zip(units["id"], names, each, strict=True)
    }
    none = unit_volume(None, None)
    unit_ids = recipe_ingredients["unit_id"]
    fixed = unit_ids.map({key: rule.fixed_ml for key, rule in rules.items()})
    ml_each = unit_ids.map({key: rule.ml_each for key, rule in rules.items()})
    amount = recipe_ingredients["amount"].astype(float).fillna(1.0)
    return fixed.astype(float).fillna(none.fixed_ml) + amount * ml_each.astype(float).fillna(
        none.ml_each
    )
