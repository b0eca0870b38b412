"""Amounts divided into parts that can be poured, for many lines at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.analysis.arrays import Floats, Ints
from api.analysis.bar_measures import ML_STEP


def pour_steps(amount: Floats, step: Floats) -> Floats:
    """Return the smallest part of each line that can be poured.

    It is the unit's, but small and odd amounts of milliliters are poured by half steps.

    >>> pour_steps(np.array([22.5, 45.0, 0.75]), np.array([5.0, 5.0, 0.25]))
    array([2.5 , 5.  , 0.25])
    """
    halved = (step == ML_STEP) & (amount % ML_STEP != 0) & (amount < 30)
    return np.where(halved, step / 2, step)


def divide(amount: Floats, step: Floats, share: Floats, starts: Ints) -> Floats:
    """Divide each amount by shares that sum to 1, in steps, by largest remainder.

    Parameters
    ----------
    amount, step
        Of each line; positive.
    share
        The shares of all lines, those of line i from ``starts[i]`` on.
    starts
        Where the shares of each line begin; ascending.

    Returns
    -------
    numpy.ndarray
        The part of each share. The parts of a line sum to its amount; a remainder smaller than a
        step goes to the largest part.

    Examples
    --------
    >>> amount, step = np.array([2.0, 22.5]), np.array([0.25, 2.5])
    >>> divide(amount, step, np.array([0.7, 0.2, 0.1, 0.65, 0.35]), np.array([0, 3]))
    array([ 1.5 ,  0.25,  0.25, 15.  ,  7.5 ])
    """
    line = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(share)))
    steps = np.floor(amount / step + 1e-9)
    exact = share * steps[line]
    counts = np.floor(exact + 1e-9)
    missing = steps - np.add.reduceat(counts, starts)
    by_remainder = np.lexsort((np.round(counts - exact, 9), line))
    rank = np.arange(len(share)) - starts[line]
    counts[by_remainder] += rank < missing[line]
    parts = counts * step[line]
    parts[first_largest(share, starts)] += amount - steps * step
    return parts


def first_largest(values: NDArray[Any], starts: Ints) -> Ints:
    """Return where each run's largest value is, the first of equal ones.

    >>> first_largest(np.array([1, 3, 3, 2]), np.array([0, 3]))
    array([1, 3])
    """
    lengths = np.diff(starts, append=len(values))
    places = np.flatnonzero(values == np.repeat(np.maximum.reduceat(values, starts), lengths))
    found: Ints = places[np.searchsorted(places, starts)]
    return found
