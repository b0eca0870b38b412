"""The ingredient tree as arrays: parents by position, cycles and ancestor paths."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd


def parent_positions(ids: pd.Series, parent_ids: pd.Series) -> Any:
    """Return the position of each node's parent; -1 for roots and for missing parents.

    Raises
    ------
    pandas.errors.InvalidIndexError
        If ids repeat.
    """
    return pd.Index(ids).get_indexer(parent_ids.fillna(-1).astype("int64"))


def on_or_below_cycle(parent: Any) -> Any:
    """Return which nodes never reach a root, doubling the step each round."""
    reached = np.append(parent, -1)  # index -1 is the root's own 'parent'
    for _ in range(max(1, len(parent).bit_length())):
        reached = reached[reached]
    return reached[:-1] >= 0


def find_cycles(parent: Any, cyclic: Any) -> Iterable[list[int]]:
    """Yield each cycle once, as node positions from child to parent."""
    done = ~cyclic
    for start in np.flatnonzero(cyclic).tolist():
        node, seen = start, []
        while not done[node]:
            done[node] = True
            seen.append(node)
            node = int(parent[node])
        if node in seen:
            yield seen[seen.index(node) :]


def ancestor_paths(ids: Sequence[int], parent: Sequence[int], cyclic: Sequence[bool]) -> list[str]:
    """Return each node's path, ``/1/12/``: its ancestors' ids from the root, then its own.

    Parameters
    ----------
    ids
        The nodes' ids.
    parent
        The position of each node's parent; negative for roots.
    cyclic
        Nodes that do not reach a root; their path is empty.

    Examples
    --------
    >>> ancestor_paths([1, 12], [-1, 0], [False, False])
    ['/1/', '/1/12/']
    """
    paths: list[str | None] = ["" if bad else None for bad in cyclic]
    for start in range(len(ids)):
        chain, node = [], start
        while node >= 0 and paths[node] is None:
            chain.append(node)
            node = parent[node]
        prefix = (paths[node] or "/") if node >= 0 else "/"
        for below in reversed(chain):
            prefix = f"{prefix}{ids[below]}/"
            paths[below] = prefix
    return [path or "" for path in paths]
