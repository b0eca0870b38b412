"""The lines of all recipes as columns: what plans between recipes are read against.

A collection has half a million lines; an object for each would take more memory than all else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.analysis.arrays import Floats, Ints, run_starts
from api.analysis.bar_measures import BarUnit, bar_unit
from api.analysis.ground_metric import GroundMetric
from api.analysis.recipe_volumes import RecipeVolumes
from api.analysis.spirit_names import NOT_ALCOHOLIC, group_of_name
from api.db.frames import Dataset
from barcart import create_rollup_mapping

Int32s = NDArray[np.int32]
Roles = NDArray[np.int8]

#: A role: whether lines are counted, such as leaves, and whether they only fill up the glass.
PIECES: Final = 1
LENGTHENER: Final = 2
#: A non-alcoholic ingredient that typically takes this share of a glass only fills it up.
LENGTHENER_SHARE: Final = 0.35
#: Typical needs this many recipes.
_ENOUGH_RECIPES: Final = 3


@dataclass(frozen=True)
class Contents:
    """What each recipe holds of each column of the costs: lines of one column are one content.

    Attributes
    ----------
    starts
        Shape (recipes + 1,): the contents of recipe i are ``starts[i]:starts[i + 1]``, by column.
    column
        Among the learned costs, after roll-up.
    ml
        Volume.
    role
        Of all its lines together.
    name
        Number of its name among :attr:`RecipeLines.names`: "Gin", or "Gin and Old Tom Gin".
    line_starts, line
        The lines of content i are ``line[line_starts[i]:line_starts[i + 1]]``, ascending.
    """

    starts: Ints
    column: Int32s
    ml: Floats
    role: Roles
    name: Int32s
    line_starts: Ints
    line: Int32s


@dataclass(frozen=True)
class RecipeLines:
    """The lines of all recipes, by recipe and then in its order.

    Attributes
    ----------
    ml
        Volume.
    role
        :data:`PIECES` and :data:`LENGTHENER`, added up.
    column
        The ingredient's among the learned costs, after roll-up.
    amount, unit
        The same as written: in the unit of this number among :attr:`units`.
    name
        Number of the ingredient's own name among :attr:`names`.
    units, names
        What the numbers mean.
    contents
        The lines by column.
    """

    ml: Floats
    role: Roles
    column: Int32s
    amount: Floats
    unit: Int32s
    name: Int32s
    units: Sequence[BarUnit]
    names: Sequence[str]
    contents: Contents

    @classmethod
    def build(
        cls, lines: pd.DataFrame, units: Sequence[BarUnit], names: Sequence[str], n_recipes: int
    ) -> RecipeLines:
        """Sort lines by content.

        Parameters
        ----------
        lines
            With ``recipe`` (its row, ascending), ``column``, ``ml``, ``role``, ``amount``,
            ``unit`` and ``name``.
        units, names
            See the attributes. Contents of several names get a name of their own.
        n_recipes
            Rows of recipes.
        """
        recipe, column = lines["recipe"].to_numpy(), lines["column"].to_numpy(np.int32)
        ml, role = lines["ml"].to_numpy(np.float64), lines["role"].to_numpy(np.int8)
        name = lines["name"].to_numpy(np.int32)
        order = np.lexsort((column, recipe))
        starts = np.append(run_starts(recipe[order], column[order]), len(order))
        content_of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        first = order[starts[:-1]]
        known = list(names)
        contents = Contents(
            starts=np.searchsorted(recipe[first], np.arange(n_recipes + 1)),
            column=column[first],
            ml=sums(content_of, ml[order], len(first)),
            role=np.bitwise_or.reduceat(role[order], starts[:-1]),
            name=_joined_names(name[order], starts, known),
            line_starts=starts,
            line=order.astype(np.int32),
        )
        return cls(
            ml=ml,
            role=role,
            column=column,
            amount=lines["amount"].to_numpy(np.float64),
            unit=lines["unit"].to_numpy(np.int32),
            name=name,
            units=units,
            names=known,
            contents=contents,
        )


def sums(place: Ints, values: Floats, n: int) -> Floats:
    """Add up values by place, in their order.

    >>> sums(np.array([1, 1, 0]), np.array([2.0, 3.0, 4.0]), 3)
    array([4., 5., 0.])
    """
    return cast(Floats, np.bincount(place, values, n))


def _joined_names(name: Int32s, starts: Ints, names: list[str]) -> Int32s:
    """Return the number of each run's name; what several names make is appended to ``names``."""
    joined = name[starts[:-1]]
    found: dict[str, int] = {}
    for run in np.flatnonzero(np.diff(starts) > 1).tolist():
        several = name[starts[run] : starts[run + 1]].tolist()
        distinct = dict.fromkeys(names[number] for number in several)
        if len(distinct) > 1:
            joined[run] = found.setdefault(" and ".join(distinct), len(names) + len(found))
    names += found
    return joined


def recipe_lines(volumes: RecipeVolumes, dataset: Dataset, metric: GroundMetric) -> RecipeLines:
    """Return the lines of each recipe, the largest volume first; recipes are the metric's rows."""
    frame = volumes.lines
    name, ids = pd.factorize(frame["ingredient_id"])
    name_of = dataset.ingredients.set_index("id")["name"]
    mapping = create_rollup_mapping(dataset.ingredients.rename(columns={"id": "ingredient_id"}))
    columns = [metric.ingredients.index_of(mapping.get(str(key), str(key))) for key in ids.tolist()]
    column = np.array(columns, dtype=np.int32)[name]
    units, unit = _bar_units(dataset.units, frame["unit_id"])
    tops = np.array([one.tops for one in units])[unit]
    pieces = np.array([one.pieces for one in units])[unit]
    fills = tops | np.isin(column, list(lengtheners(frame, column, tops)))
    lines = pd.DataFrame(
        {
            "recipe": np.searchsorted(np.fromiter(volumes.names, np.int64), frame["recipe_id"]),
            "column": column,
            "ml": frame["volume"],
            "role": (PIECES * pieces + LENGTHENER * fills).astype(np.int8),
            "amount": frame["amount"].astype(float).fillna(1.0),
            "unit": unit,
            "name": name,
        }
    )
    return RecipeLines.build(lines, units, [str(name_of[key]) for key in ids], len(volumes.names))


def _bar_units(units: pd.DataFrame, unit_id: pd.Series) -> tuple[list[BarUnit], Int32s]:
    """Return the units, the last one that of lines without a unit, and the number of each line's.

    Parameters
    ----------
    units
        With ``id``, ``name``, ``abbreviation`` and ``conversion_to_ml``.
    unit_id
        Of each line.
    """
    known = [
        bar_unit(name, abbreviation, None if np.isnan(ml_each) else ml_each)
        for name, abbreviation, ml_each in zip(
            units["name"],
            units["abbreviation"],
            units["conversion_to_ml"].astype(float).tolist(),
            strict=True,
        )
    ]
    number_of = {key: number for number, key in enumerate(units["id"].tolist())}
    numbers = unit_id.map(number_of).fillna(len(known)).to_numpy(np.int32)
    return [*known, bar_unit(None, None, None)], numbers


def lengtheners(lines: pd.DataFrame, column: Int32s, tops: NDArray[Any]) -> set[int]:
    """Find what only fills up the glass: soda, tonic, water and the like.

    Read from how the recipes use an ingredient: most of its lines are top-ups, or it is not
    alcoholic by its name and its median share of the glass is large.

    Parameters
    ----------
    lines
        With ``recipe_id``, ``ingredient_name`` and ``volume``.
    column
        Of each line's ingredient.
    tops
        Whether a line is a top-up.

    Returns
    -------
    set of int
        Values of ``column``.
    """
    names = lines["ingredient_name"]
    soft = names.map({name: group_of_name(name) == NOT_ALCOHOLIC for name in names.unique()})
    use = pd.DataFrame(
        {
            "tops": tops,
            "soft": soft,
            "share": lines["volume"] / lines.groupby("recipe_id")["volume"].transform("sum"),
            "recipe": lines["recipe_id"],
        }
    ).groupby(column)
    summary = use.agg(
        tops=("tops", "mean"),
        soft=("soft", "mean"),
        share=("share", "median"),
        recipes=("recipe", "nunique"),
    )
    fills = (summary["soft"] > 0.5) & (summary["share"] >= LENGTHENER_SHARE)
    found = (summary["tops"] >= 0.5) | (fills & (summary["recipes"] >= _ENOUGH_RECIPES))
    return set(summary.index[found].tolist())
