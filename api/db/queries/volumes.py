"""How much liquid a recipe's line stands for.

A line is an amount of a unit. Most units have a fixed volume in ml; for the others bartenders'
conventions are taken, because leaving the line out would lose the soda of a highball:

================  ==========================================================================
'to top'          90 ml, the usual top-up of a tall drink, whatever the amount says
'to rinse'        5 ml, whatever the amount says: most of a rinse is discarded
any other unit    1 ml for each piece: leaves, peels and the like give flavour, not volume
================  ==========================================================================

A missing amount counts as one of the unit, a missing unit as pieces.
"""

import numpy as np
import pandas as pd

FILL_ML = {"to top": 90.0, "to rinse": 5.0}
PIECE_ML = 1.0


def line_volumes_ml(recipe_ingredients: pd.DataFrame, units: pd.DataFrame) -> pd.Series:
    """Return the volume in ml of each row of ``recipe_ingredients``, in its order.

    Parameters
    ----------
    recipe_ingredients
        With ``unit_id`` and ``amount``, either of them possibly missing.
    units
        With ``id``, ``name`` and ``conversion_to_ml``.
    """
    by_id = units.set_index("id")
    unit_name = recipe_ingredients["unit_id"].map(by_id["name"].str.strip().str.lower())
    ml_each = recipe_ingredients["unit_id"].map(by_id["conversion_to_ml"]).astype(float)
    amount = recipe_ingredients["amount"].astype(float).fillna(1.0)
    volume = amount * ml_each.fillna(PIECE_ML)
    # A unit that states its volume is taken at its word, even if it is called 'to top'.
    fill = unit_name.map(FILL_ML).astype(float).where(ml_each.isna())
    return pd.Series(np.where(fill.notna(), fill, volume), index=recipe_ingredients.index)
