"""Each recipe's nearest relatives in arrays, and the chains of relatives between recipes.

A large `recipe-similar` is published with these arrays beside it: a thirtieth of its size, and read
without decoding anything.
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.analysis.bar.arrays import Floats, Ids, Rows, find, offsets, spans

#: Chains are followed in rounds: of the recipes reached, those within so many typical steps of the
#: nearest one. Any number gives the same lengths.
_STEPS_A_ROUND = 2.0


@dataclass(frozen=True)
class NeighborGraph:
    """Each recipe's published relatives, the nearest first.

    Attributes
    ----------
    ids
        Shape (n,), ascending: recipes that have relatives or are one.
    starts
        Shape (n + 1,): the relatives of row ``i`` are ``near[starts[i]:starts[i + 1]]``.
    near
        Shape (m,): rows.
    distances
        Shape (m,): to the relatives.

    Examples
    --------
    >>> graph = NeighborGraph.of({1: [(2, 1.0)], 2: [(3, 0.5)], 4: [(5, 1.0)]})
    >>> graph.chains(1).to(np.array([1, 2, 3, 4])).tolist()
    [0.0, 1.0, 1.5, inf]
    """

    ids: Ids
    starts: Rows
    near: NDArray[np.int32]
    distances: Floats

    @classmethod
    def of(cls, relatives: Mapping[int, Iterable[tuple[int, float]]]) -> "NeighborGraph":
        """Return the graph of ids and distances by recipe id."""
        writer = GraphWriter()
        for recipe_id, near in relatives.items():
            writer.add_relatives(recipe_id, near)
        return writer.graph()

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]]) -> "NeighborGraph":
        """Return the graph of `recipe-similar`."""
        writer = GraphWriter()
        for record in records:
            writer.add(record)
        return writer.graph()

    @classmethod
    def from_bytes(cls, data: bytes) -> "NeighborGraph":
        """Return what :meth:`to_bytes` wrote; the arrays are views of ``data``."""
        rows, edges = np.frombuffer(data, "<i8", 2).tolist()
        kinds = ("<i8", rows), ("<i8", rows + 1), ("<f8", edges), ("<i4", edges)
        sizes = (16, *(np.dtype(kind).itemsize * count for kind, count in kinds))
        ids, starts, distances, near = (
            np.frombuffer(data, kind, count, offset)
            for (kind, count), offset in zip(kinds, np.cumsum(sizes).tolist(), strict=False)
        )
        return cls(ids, starts, near, distances)

    def to_bytes(self) -> bytes:
        """Return numbers of rows and relatives, ``ids``, ``starts``, ``distances`` and ``near``.

        All little-endian, of 8 bytes each, and ``near`` of 4.
        """
        head = np.array([len(self.ids), len(self.near)], "<i8")
        eights = head, self.ids.astype("<i8"), self.starts.astype("<i8")
        parts = *eights, self.distances.astype("<f8"), self.near.astype("<i4")
        return b"".join(part.tobytes() for part in parts)

    @cached_property
    def median_nearest(self) -> float | None:
        """The median of the distances to the nearest relative; None without relatives."""
        begins = self.starts[:-1][np.diff(self.starts) > 0]
        return float(np.median(self.distances[begins])) if begins.size else None

    def distance(self, one: int, other: int) -> float | None:
        """Return the distance to a relative, or from it; the less one. None if not published."""
        found = [*self._published(one, other), *self._published(other, one)]
        return min(found, default=None)

    def chains(self, recipe_id: int) -> "Chains":
        """Return the length of the shortest chain of relatives from one recipe to each other.

        The published relatives are each recipe's nearest ten. Beyond them the length of the
        shortest path through the graph, in both directions of each edge, approximates the distance,
        as in Isomap (Tenenbaum, de Silva, Langford 2000).
        """
        lengths = np.full(len(self.ids), np.inf)
        row = self._row(recipe_id)
        if row is not None:
            lengths[row] = 0.0
            self._follow(row, lengths)
        return Chains(self.ids, lengths)

    def _follow(self, start: int, lengths: Floats) -> None:
        """Shorten ``lengths`` until no relative shortens any; all but the start's are infinite.

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
            for starts, others, distances in self._directions:
                counts = starts[rows + 1] - starts[rows]
                places = spans(starts[rows], counts)
                reached = others[places]
                found = np.repeat(lengths[rows], counts) + distances[places]
                shorter = np.flatnonzero(found < lengths[reached])
                reached, found = reached[shorter], found[shorter]
                np.minimum.at(lengths, reached, found)
                waiting[reached] = True

    @cached_property
    def _directions(self) -> tuple[tuple[Rows, Rows, Floats], ...]:
        """Relatives of each row, and rows that each is a relative of."""
        order = np.argsort(self.near)
        counts = np.bincount(self.near, minlength=len(self.ids))
        sources = np.repeat(np.arange(len(self.ids)), np.diff(self.starts))
        back = offsets(counts), sources[order], self.distances[order]
        return (self.starts, self.near.astype(np.intp), self.distances), back

    def _row(self, recipe_id: int) -> int | None:
        (row,) = find(self.ids, np.array([recipe_id])).tolist()
        return None if row < 0 else row

    def _published(self, one: int, other: int) -> list[float]:
        row, other_row = self._row(one), self._row(other)
        if row is None or other_row is None:
            return []
        span = slice(self.starts[row], self.starts[row + 1])
        found: list[float] = self.distances[span][self.near[span] == other_row].tolist()
        return found


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


class GraphWriter:
    """Collects the graph record by record, in 24 bytes a relative."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._ends = array("q")
        self._near = array("q")
        self._distances = array("d")

    def add(self, record: Mapping[str, Any]) -> None:
        """Add a record of `recipe-similar`."""
        near = ((one["recipe_id"], one["distance"]) for one in record["similar"])
        self.add_relatives(record["recipe_id"], near)

    def add_relatives(self, recipe_id: int, near: Iterable[tuple[int, float]]) -> None:
        """Add a recipe's relatives, the nearest first."""
        for other, distance in near:
            self._near.append(other)
            self._distances.append(distance)
        self._ids.append(recipe_id)
        self._ends.append(len(self._near))

    def graph(self) -> NeighborGraph:
        """Return the graph of what was added."""
        own, near = np.array(self._ids, np.int64), np.array(self._near, np.int64)
        distances = np.array(self._distances)
        counts = np.diff(np.array(self._ends, np.int64), prepend=0)
        ids = np.union1d(own, near)
        order = np.argsort(own)
        places = spans((np.cumsum(counts) - counts)[order], counts[order])
        of_row = np.zeros(len(ids), dtype=np.int64)
        of_row[np.searchsorted(ids, own)] = counts
        rows = np.searchsorted(ids, near[places]).astype(np.int32)
        return NeighborGraph(ids, offsets(of_row), rows, distances[places])
