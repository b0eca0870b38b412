"""Each recipe's nearest relatives in arrays, and the chains of relatives between recipes.

A large `recipe-similar` is published with these arrays beside it: a twentieth of its size, and read
without decoding anything.
"""

import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from api.analysis.arrays import Floats, Ids, Rows, find, offsets, run_starts, spans

#: Chains are followed in rounds: of the recipes reached, those within so many typical steps of the
#: nearest one. Any number gives the same lengths.
_STEPS_A_ROUND = 4.0
#: How the bytes of a graph begin; another form begins otherwise.
_FORM = b"graph 1\n"


@dataclass(frozen=True)
class NeighborGraph:
    """The graph whose edges join each recipe with its published relatives.

    Attributes
    ----------
    ids
        Shape (n,), ascending: recipes that have relatives or are one.
    starts
        Shape (n + 1,): the edges of row ``i`` lead to ``near[starts[i]:starts[i + 1]]``.
    near
        Shape (m,): rows, ascending within a row. An edge is there in both directions.
    distances
        Shape (m,): along the edges; the lesser one where both recipes name it.
    median_nearest
        The median of the distances to the nearest relative; NaN without relatives.

    Examples
    --------
    >>> graph = NeighborGraph.of([(1, [(2, 1.0)]), (2, [(3, 0.5)]), (4, [(5, 1.0)])])
    >>> graph.chains(1).to(np.array([1, 2, 3, 4])).tolist()
    [0.0, 1.0, 1.5, inf]
    """

    ids: Ids
    starts: Rows
    near: Rows
    distances: Floats
    median_nearest: float

    @classmethod
    def of(cls, relatives: Iterable[tuple[int, Iterable[tuple[int, float]]]]) -> "NeighborGraph":
        """Return the graph of each recipe's relatives: ids and distances, the nearest first."""
        own_ids, ends, near_ids, lengths = array("q"), array("q"), array("q"), array("d")
        for recipe_id, near in relatives:
            for other, distance in near:
                near_ids.append(other)
                lengths.append(distance)
            own_ids.append(recipe_id)
            ends.append(len(near_ids))
        last, distances = np.array(ends, np.intp), np.array(lengths)
        counts = np.diff(last, prepend=0)
        nearest = distances[(last - counts)[counts > 0]]
        ids = np.union1d(own_ids, near_ids)
        one = np.repeat(np.searchsorted(ids, own_ids), counts)
        other_rows = np.searchsorted(ids, near_ids)
        edges = np.concatenate((one * len(ids) + other_rows, other_rows * len(ids) + one))
        order = np.argsort(edges)
        edges, distances = edges[order], np.concatenate((distances, distances))[order]
        starts = run_starts(edges)
        rows, columns = np.divmod(edges[starts], max(len(ids), 1))
        return cls(
            ids,
            offsets(np.bincount(rows, minlength=len(ids))),
            columns,
            np.minimum.reduceat(distances, starts) if starts.size else distances,
            float(np.median(nearest)) if nearest.size else math.nan,
        )

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]]) -> "NeighborGraph":
        """Return the graph of `recipe-similar`."""
        return cls.of(
            (
                record["recipe_id"],
                ((one["recipe_id"], one["distance"]) for one in record["similar"]),
            )
            for record in records
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "NeighborGraph | None":
        """Return what :meth:`to_bytes` wrote; None for what another release wrote in its form."""
        if not data.startswith(_FORM):
            return None
        rows, edges = np.frombuffer(data, "<i8", 2, len(_FORM)).tolist()
        kinds = ("<f8", 1), ("<i8", rows), ("<i8", rows + 1), ("<f8", edges), ("<i4", edges)
        sizes = (len(_FORM) + 16, *(np.dtype(kind).itemsize * count for kind, count in kinds))
        median, ids, starts, distances, near = (
            np.frombuffer(data, kind, count, offset)
            for (kind, count), offset in zip(kinds, np.cumsum(sizes).tolist(), strict=False)
        )
        return cls(ids, starts, near.astype(np.intp), distances, float(median[0]))

    def to_bytes(self) -> bytes:
        """Return the form's name, the numbers of rows and edges, and the arrays, little-endian."""
        parts = (
            np.array([len(self.ids), len(self.near)], "<i8"),
            np.array(self.median_nearest, "<f8"),
            self.ids.astype("<i8"),
            self.starts.astype("<i8"),
            self.distances.astype("<f8"),
            self.near.astype("<i4"),
        )
        return _FORM + b"".join(part.tobytes() for part in parts)

    def distance(self, one: int, other: int) -> float | None:
        """Return the distance to a relative, or from it; None if neither was published."""
        row, other_row = find(self.ids, np.array([one, other])).tolist()
        if row < 0 or other_row < 0:
            return None
        span = slice(self.starts[row], self.starts[row + 1])
        found: list[float] = self.distances[span][self.near[span] == other_row].tolist()
        return found[0] if found else None

    def chains(self, recipe_id: int) -> "Chains":
        """Return the length of the shortest chain of relatives from one recipe to each other.

        The published relatives are each recipe's nearest ten. Beyond them the length of the
        shortest path through the graph approximates the distance, as in Isomap (Tenenbaum, de
        Silva, Langford 2000).
        """
        lengths = np.full(len(self.ids), np.inf)
        (row,) = find(self.ids, np.array([recipe_id])).tolist()
        if row >= 0:
            lengths[row] = 0.0
            self._follow(row, lengths)
        return Chains(self.ids, lengths)

    def _follow(self, start: int, lengths: Floats) -> None:
        """Shorten ``lengths`` until no edge shortens any; all but the start's are infinite.

        Whichever order they are followed in, the result is the least sum, added up from the start.
        """
        step = _STEPS_A_ROUND * float(self.distances.mean()) if self.distances.size else 0.0
        waiting = np.zeros(len(lengths), dtype=bool)
        waiting[start] = True
        limit = step
        while (rows := np.flatnonzero(waiting)).size:
            near = lengths[rows] <= limit
            if not near.any():
                limit = float(lengths[rows].min()) + step
                continue
            rows = rows[near]
            waiting[rows] = False
            counts = self.starts[rows + 1] - self.starts[rows]
            places = spans(self.starts[rows], counts)
            reached = self.near[places]
            found = np.repeat(lengths[rows], counts) + self.distances[places]
            shorter = np.flatnonzero(found < lengths[reached])
            reached, found = reached[shorter], found[shorter]
            np.minimum.at(lengths, reached, found)
            waiting[reached] = True


@dataclass(frozen=True)
class Chains:
    """The shortest chains from one recipe.

    Attributes
    ----------
    ids, lengths
        Shape (n,): recipe ids, ascending, and the chains' lengths; infinite where none leads.
    """

    ids: Ids
    lengths: Floats

    def to(self, recipe_ids: Ids) -> Floats:
        """Return the lengths for some recipes; infinite for those that are not in the graph."""
        rows = find(self.ids, recipe_ids)
        return np.where(rows < 0, np.inf, np.append(self.lengths, np.inf)[rows])
