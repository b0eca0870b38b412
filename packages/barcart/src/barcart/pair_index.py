"""An inverted index on pairs of ingredients, for exact neighbor searches that skip most rows.

Where a row holds none of the cheap substitutes of a part of a query's ingredients, serving that
part from it costs more than a known limit, so it is no neighbor. Of two disjoint such parts, a
neighbor must hold a substitute of each: it is in the list of one of a few pairs.
``_native/pair_index.c`` chooses the parts of each query, so that the lists are short.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from barcart import _kernels
from barcart.validation import FloatArray, IntArray

#: Rows with more ingredients have too many pairs: they are always looked at.
LONGEST_ROW = 12
#: How many of each ingredient's cheapest substitutes are known: one more than the kernel takes at
#: most (``MOST_SUBSTITUTES``), since the next one's cost counts too.
SUBSTITUTES = 129


@dataclass(frozen=True)
class PairIndex:
    """Which rows hold an ingredient, and which hold two.

    Memory is O(n s²) for rows of s ingredients: about 250 bytes a recipe.

    Attributes
    ----------
    start, rows
        Postings by ingredient: those of ingredient j are ``rows[start[j]:start[j + 1]]``. A posting
        is a row number with a signature of the row's ingredients.
    pairs, pair_start, pair_rows
        Postings by pair, in a hash table: those of the pair in slot s are
        ``pair_rows[pair_start[s]:pair_start[s + 1]]``.
    long_rows
        Rows of more than `LONGEST_ROW` ingredients.
    """

    start: IntArray
    rows: npt.NDArray[np.void]
    pairs: npt.NDArray[np.uint64]
    pair_start: IntArray
    pair_rows: npt.NDArray[np.void]
    long_rows: npt.NDArray[np.int32]

    @classmethod
    def build(cls, rows: _kernels.Rows, n_ingredients: int) -> "PairIndex":
        """Index the rows, in two passes over their pairs."""
        lengths = np.diff(rows.indptr)
        listed = np.where(lengths <= LONGEST_ROW, lengths, 0)
        most = min(
            int((listed * (listed - 1) // 2).sum()), n_ingredients * (n_ingredients - 1) // 2
        )
        n_slots = 1 << (2 * most).bit_length()
        pairs = np.zeros(n_slots, dtype=np.uint64)
        counts = np.zeros(n_slots, dtype=np.int64)
        _kernels.count_pairs(rows, LONGEST_ROW, pairs, counts)
        start = _kernels.starts(np.bincount(rows.indices, minlength=n_ingredients))
        pair_start = _kernels.starts(counts)
        postings = np.empty(start[-1], dtype=_kernels.POSTING)
        pair_postings = np.empty(pair_start[-1], dtype=_kernels.POSTING)
        _kernels.fill_index(
            rows, LONGEST_ROW, start[:-1].copy(), postings,
            pairs, pair_start[:-1].copy(), pair_postings,
        )  # fmt: skip
        long_rows = np.flatnonzero(lengths > LONGEST_ROW).astype(np.int32)
        return cls(start, postings, pairs, pair_start, pair_postings, long_rows)

    def with_substitutes(self, substitutes: npt.NDArray[np.int32]) -> _kernels.PairIndex:
        """Return the index as the kernels take it; valid as long as these arrays are."""
        return _kernels.PairIndex(
            self.start.ctypes.data,
            self.rows.ctypes.data,
            self.pairs.ctypes.data,
            self.pair_start.ctypes.data,
            self.pair_rows.ctypes.data,
            self.pairs.size - 1,
            self.long_rows.ctypes.data,
            self.long_rows.size,
            substitutes.ctypes.data,
            substitutes.shape[1],
        )


def cheapest_substitutes(cost: FloatArray) -> npt.NDArray[np.int32]:
    """Return the cheapest ones of each ingredient, ascending; shape (m, min(m, `SUBSTITUTES`))."""
    count = min(cost.shape[0], SUBSTITUTES)
    nearest = np.argpartition(cost, count - 1, axis=1)[:, :count]
    order = np.argsort(np.take_along_axis(cost, nearest, axis=1), axis=1, kind="stable")
    return np.take_along_axis(nearest, order, axis=1).astype(np.int32)


def similarity_order(rows: _kernels.Rows, queries: IntArray) -> IntArray:
    """Order the queries by their heaviest ingredients; shape (n_queries,), positions in `queries`.

    Queries that follow each other then look at the same rows, which are in the processor's cache.
    """
    lengths = np.diff(rows.indptr)[queries]
    start = _kernels.starts(lengths)
    query_of = np.repeat(np.arange(queries.size), lengths)
    entries = np.arange(start[-1]) + (rows.indptr[queries] - start[:-1])[query_of]
    heaviest_first = rows.indices[entries][np.lexsort((-rows.mass[entries], query_of))]
    keys = np.full((3, queries.size), -1, dtype=np.int32)
    for rank in range(3):
        reaching = lengths > rank
        keys[rank, reaching] = heaviest_first[start[:-1][reaching] + rank]
    return np.lexsort(keys[::-1])
