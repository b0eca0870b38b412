"""How much liquid a recipe's line stands for: the one rule, for lists and for data frames.

A line is an amount of a unit. Most units have a fixed volume in ml; for the others this follows
bartenders' conventions, because leaving the line out would lose the soda of a highball:

================  ==========================================================================
'to top'          90 ml, the usual top-up of a tall drink, whatever the amount says
'to rinse'        5 ml, whatever the amount says: most of a rinse is discarded
any other unit    1 ml for each piece: leaves, peels and the like give flavor, not volume
================  ==========================================================================

A missing amount counts as one of the unit, a missing unit as pieces.
"""

from typing import NamedTuple

FILL_ML = {"to top": 90.0, "to rinse": 5.0}
PIECE_ML = 1.0


class UnitVolume(NamedTuple):
    """The volume of a line as ``fixed_ml + amount * ml_each``, in ml."""

    fixed_ml: float
    ml_each: float

    def of(self, amount: float | None) -> float:
        """Return the volume in ml of ``amount`` of the unit; None counts as one."""
        return self.fixed_ml + (1.0 if amount is None else amount) * self.ml_each


def unit_volume(name: str | None, conversion_to_ml: float | None) -> UnitVolume:
    """Return the volume of a unit, given its name and its ml each; both may be missing.

    A unit that states its volume keeps it, even if it is called 'to top'.
    """
    if conversion_to_ml is not None:
        return UnitVolume(0.0, conversion_to_ml)
    fill = FILL_ML.get((name or "").strip().lower())
    return UnitVolume(0.0, PIECE_ML) if fill is None else UnitVolume(fill, 0.0)
