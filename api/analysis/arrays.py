"""What NumPy lacks for rows of different lengths in one array."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Ids = Ints
Rows = NDArray[np.intp]
Floats = NDArray[np.float64]


def offsets(counts: NDArray[Any]) -> Rows:
    """Return where rows of given lengths start in one array, and where the last one ends.

    Examples
    --------
    >>> offsets(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate(([0], np.cumsum(counts, dtype=np.intp)))


def run_starts(*keys: NDArray[Any]) -> Rows:
    """Return where runs of equal values, or of equal keys, start.

    Examples
    --------
    >>> run_starts(np.array([4, 4, 7])).tolist(), run_starts(np.array([])).tolist()
    ([0, 2], [])
    >>> run_starts(np.array([4, 4, 4]), np.array([1, 1, 2])).tolist()
    [0, 2]
    """
    first = np.ones(len(keys[0]), dtype=bool)
    first[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.flatnonzero(first)


def spans(begins: NDArray[Any], sizes: NDArray[Any]) -> Rows:
    """Return the places of spans, one span after the other.

    Examples
    --------
    >>> spans(np.array([7, 2]), np.array([2, 3])).tolist()
    [7, 8, 2, 3, 4]
    """
    before = np.cumsum(sizes) - sizes
    places: Rows = np.arange(sizes.sum()) + np.repeat(begins - before, sizes)
    return places


def find(ascending: Ids, values: Ids) -> Rows:
    """Return where values are in an ascending array; -1 for those that are not.

    Examples
    --------
    >>> find(np.array([3, 7]), np.array([7, 5, 3, 9])).tolist()
    [1, -1, 0, -1]
    """
    if not len(ascending):
        return np.full(len(values), -1)
    places = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    return np.where(ascending[places] == values, places, -1)
