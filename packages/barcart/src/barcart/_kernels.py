"""The compiled inner loops: transport problems, nearest neighbors, ranks, and UMAP's descent.

The C sources are in ``_native``; each states its method and references. ``hatch_build.py`` compiles
them when barcart is built or installed from its sources, into a plain shared library that ctypes
loads. That needs no headers of Python, and one wheel per platform serves every version of Python.
ctypes releases the GIL during a call, so that threads run side by side. Each call works off a block
of rows: what it costs to make one is of no account.

Everything here trusts its input beyond types and contiguity; the public modules check it.
"""

import ctypes
from ctypes import c_bool, c_double, c_int, c_int64, c_uint64
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Columns: TypeAlias = npt.NDArray[np.int32]

#: ``struct posting``: a row in a list of the index, and the signature of its ingredients.
POSTING = np.dtype([("row", np.int64), ("signature", np.uint64)])

#: Unit roundoff of float64.
ROUNDOFF = 2.0**-53

_PATH = Path(__file__).with_name("_native.so")


def _load() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(_PATH))
    except OSError as error:
        raise ImportError(
            f"barcart's compiled part cannot be loaded ({error}). Install barcart from a wheel, or "
            "install a C compiler and run `pip install` on its sources again."
        ) from error


_library = _load()


def _array(dtype: Any, *, out: bool = False) -> Any:
    """Return the type of a parameter that takes contiguous arrays of this dtype."""
    return np.ctypeslib.ndpointer(dtype, flags=("C", "W") if out else "C")


_F64, _I64, _I32, _U64 = (_array(t) for t in (np.float64, np.int64, np.int32, np.uint64))
_F64_OUT, _I64_OUT, _I32_OUT, _U64_OUT = (
    _array(t, out=True) for t in (np.float64, np.int64, np.int32, np.uint64)
)
_BLOCK = [_I64, c_int64, c_int64]  # numbers of rows or pairs; begin, end
_PROBLEM = [_I64, _I32, _F64, c_int64, _F64, c_int64, c_bool]  # rows, longest, costs, cancel
_SEARCH = [_I64, c_int64, _I32, _F64, c_int64, _F64, c_int64, c_bool, c_double, c_int64]


class PairIndex(ctypes.Structure):
    """``struct pair_index`` of ``_native/pair_index.h``; the owner of its arrays is the caller."""

    _fields_ = (
        ("start", ctypes.c_void_p),
        ("rows", ctypes.c_void_p),
        ("pairs", ctypes.c_void_p),
        ("pair_start", ctypes.c_void_p),
        ("pair_rows", ctypes.c_void_p),
        ("last_slot", c_uint64),
        ("long_rows", ctypes.c_void_p),
        ("n_long_rows", c_int64),
        ("substitutes", ctypes.c_void_p),
        ("n_substitutes", c_int64),
    )


def _function(name: str, result: Any, *parameters: Any) -> Any:
    function = getattr(_library, name)
    function.restype = result
    function.argtypes = parameters
    return function


_emd_pairs = _function("emd_pairs", c_int, *_BLOCK, *_PROBLEM, _F64_OUT)
_plan_pairs = _function(
    "plan_pairs", c_int, *_BLOCK, *_PROBLEM,
    _F64_OUT, _I64, _I64_OUT, _I32_OUT, _I32_OUT, _F64_OUT,
)  # fmt: skip
_triangle_violation = _function("triangle_violation", c_bool, _F64, c_int64, c_double)
_dense_neighbors = _function("dense_neighbors", None, _F64, c_int64, c_int64, _F64_OUT, _I32_OUT)
_emd_queries = _function(
    "emd_queries", c_int64, _I64, *_BLOCK, *_SEARCH, _F64_OUT, _I32_OUT, ctypes.POINTER(PairIndex),
    c_bool,
)  # fmt: skip
_emd_bounds = _function(
    "emd_bounds", None, c_int64, _I64, c_int64, _I32, _F64, _F64, c_int64,
    _F64_OUT, _F64_OUT, _F64_OUT,
)  # fmt: skip
_emd_ranks = _function("emd_ranks", c_int, *_BLOCK, *_SEARCH, _I64, _I64_OUT)
_manhattan_queries = _function(
    "manhattan_queries", c_int64, *_BLOCK, _I64, c_int64, _I32, _F64, _I64, _I32, _F64, _F64,
    c_double, c_int64, _F64_OUT, _I32_OUT,
)  # fmt: skip
_manhattan_ranks = _function(
    "manhattan_ranks", c_int, *_BLOCK, _I64, c_int64, _I32, _F64, c_int64, _I64, _I64_OUT
)
_count_pairs = _function(
    "count_pairs", None, _I64, _I32, c_int64, c_int64, _U64_OUT, _I64_OUT, c_uint64
)
_fill_index = _function(
    "fill_index", None, _I64, _I32, c_int64, c_int64,
    _I64_OUT, _array(POSTING, out=True), _U64, _I64_OUT, _array(POSTING, out=True), c_uint64,
)  # fmt: skip
_descend = _function(
    "descend", None, _F64_OUT, c_int64, _I32, _I32, _F64, _F64_OUT, c_int64, c_int64, c_uint64,
    c_int64, c_double, c_double, c_double,
)  # fmt: skip


def _checked(result: int) -> int:
    """Return the result of a function that allocates scratch memory."""
    if result < 0:
        raise MemoryError("there is no memory for the scratch arrays of one thread")
    return result


def rounding_bound(n_nodes: int, largest_cost: float) -> float:
    """Bound the error of a reduced cost among N nodes; ``transport.c`` derives it."""
    return (n_nodes + 2.0) * (n_nodes + 2.0) * ROUNDOFF * largest_cost


class Rows(Protocol):
    """Distributions in compressed rows, as `barcart.transport.Supports` holds them."""

    @property
    def indptr(self) -> Ints: ...
    @property
    def indices(self) -> Columns: ...
    @property
    def mass(self) -> Floats: ...
    @property
    def n_rows(self) -> int: ...
    @property
    def longest(self) -> int: ...


#: A sparse matrix compressed along one axis: starts, indices and data.
Compressed: TypeAlias = tuple[Ints, Columns, Floats]


def compressed(matrix: Any) -> Compressed:
    """Return the arrays of a compressed sparse matrix in the types that the kernels take."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data


def starts(counts: npt.NDArray[np.integer[Any]]) -> Ints:
    """Return where each of n parts begins, and where the last ends; shape (n + 1,)."""
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)))


def _problem(rows: Rows, cost: Floats, cancel: bool) -> tuple[Any, ...]:
    return rows.indptr, rows.indices, rows.mass, rows.longest, cost, cost.shape[0], cancel


def _search(
    rows: Rows, n_known: int, cost: Floats, cancel: bool, slack: float, k: int
) -> tuple[Any, ...]:
    return (
        rows.indptr, n_known, rows.indices, rows.mass, rows.longest, cost, cost.shape[0],
        cancel, slack, k,
    )  # fmt: skip


def emd_pairs(
    pairs: Ints, begin: int, end: int, rows: Rows, cost: Floats, cancel: bool, distances: Floats
) -> None:
    """Fill ``distances[begin:end]`` with the distances of pairs of rows, shape (p, 2).

    With `cancel` the mass that both rows have on one ingredient stays where it is.
    """
    _checked(_emd_pairs(pairs, begin, end, *_problem(rows, cost, cancel), distances))


def plan_pairs(
    pairs: Ints,
    begin: int,
    end: int,
    rows: Rows,
    cost: Floats,
    cancel: bool,
    distances: Floats,
    offsets: Ints,
    counts: Ints,
    sources: Columns,
    targets: Columns,
    flows: Floats,
) -> None:
    """As `emd_pairs`, and write each plan from ``offsets[pair]`` on, ordered by source, target.

    ``counts[pair]`` entries are used, at most as many as both rows have ingredients.
    """
    _checked(
        _plan_pairs(
            pairs,
            begin,
            end,
            *_problem(rows, cost, cancel),
            distances,
            offsets,
            counts,
            sources,
            targets,
            flows,
        )
    )


def triangle_violation(cost: Floats, slack: float) -> bool:
    """Tell whether some cost[i, j] exceeds cost[i, k] + cost[k, j] by more than the slack."""
    return bool(_triangle_violation(cost, cost.shape[0], slack))


def dense_neighbors(matrix: Floats, distances: Floats, indices: Columns) -> None:
    """Fill in the nearest columns of each row of a square distance matrix, self excluded."""
    _dense_neighbors(matrix, matrix.shape[0], distances.shape[1], distances, indices)


def emd_queries(
    queries: Ints,
    order: Ints,
    begin: int,
    end: int,
    rows: Rows,
    n_known: int,
    cost: Floats,
    cancel: bool,
    slack: float,
    distances: Floats,
    neighbors: Columns,
    index: PairIndex | None,
    seeded: bool,
) -> int:
    """Search for ``queries[order[begin:end]]``; return how many transport problems it took.

    Fills the rows ``order[begin:end]`` of `distances` and `neighbors`. The first `n_known` rows may
    be neighbors; with an index, all of them. When seeded, which takes an
    index, `neighbors` holds k different rows of each query to start with.
    """
    search = _search(rows, n_known, cost, cancel, slack, distances.shape[1])
    solved = _emd_queries(queries, order, begin, end, *search, distances, neighbors, index, seeded)
    return _checked(solved)


def emd_bounds(query: int, rows: Rows, cost: Floats) -> tuple[Floats, Floats]:
    """Return the two lower bounds of the neighbor search on the distance to each row."""
    to_query, from_query = np.empty(rows.n_rows), np.empty(rows.n_rows)
    m = cost.shape[0]
    _emd_bounds(
        query, rows.indptr, rows.n_rows, rows.indices, rows.mass, cost, m,
        np.empty(3 * m), to_query, from_query,
    )  # fmt: skip
    return to_query, from_query


def emd_ranks(
    queries: Ints,
    begin: int,
    end: int,
    rows: Rows,
    cost: Floats,
    cancel: bool,
    slack: float,
    targets: Ints,
    ranks: Ints,
) -> None:
    """Fill in the rank of each target among all rows but the query's own, the nearest being 1."""
    search = _search(rows, rows.n_rows, cost, cancel, slack, targets.shape[1])
    _checked(_emd_ranks(queries, begin, end, *search, targets, ranks))


def manhattan_queries(
    queries: Ints,
    begin: int,
    end: int,
    rows: Compressed,
    n_known: int,
    columns: Compressed,
    totals: Floats,
    relative_slack: float,
    distances: Floats,
    neighbors: Columns,
) -> int:
    """As `emd_queries`, under the L1 distance, from compressed rows and compressed columns.

    The columns are those of the first `n_known` rows.
    """
    indptr, indices, data = rows
    search = indptr, n_known, indices, data, *columns, totals, relative_slack, distances.shape[1]
    return _checked(_manhattan_queries(queries, begin, end, *search, distances, neighbors))


def manhattan_ranks(
    queries: Ints,
    begin: int,
    end: int,
    rows: Compressed,
    targets: Ints,
    ranks: Ints,
) -> None:
    """As `emd_ranks`, under the L1 distance."""
    indptr, indices, data = rows
    search = indptr, indptr.size - 1, indices, data, targets.shape[1]
    _checked(_manhattan_ranks(queries, begin, end, *search, targets, ranks))


def count_pairs(rows: Rows, longest: int, pairs: npt.NDArray[np.uint64], counts: Ints) -> None:
    """Enter the pairs of ingredients into the hash table, and count the rows that hold each.

    Rows of more than `longest` ingredients are left out.
    """
    _count_pairs(
        rows.indptr, rows.indices, rows.n_rows, longest, pairs, counts, pairs.size - 1
    )  # fmt: skip


def fill_index(
    rows: Rows,
    longest: int,
    next_: Ints,
    postings: npt.NDArray[np.void],
    pairs: npt.NDArray[np.uint64],
    next_pair: Ints,
    pair_postings: npt.NDArray[np.void],
) -> None:
    """Write the rows of each ingredient and pair from where ``next_`` and ``next_pair`` say.

    Both move along.
    """
    _fill_index(
        rows.indptr, rows.indices, rows.n_rows, longest,
        next_, postings, pairs, next_pair, pair_postings, pairs.size - 1,
    )  # fmt: skip


def descend(
    points: Floats,
    head: Columns,
    tail: Columns,
    period: Floats,
    *,
    n_negative: int,
    seed: int,
    n_epochs: int,
    learning_rate: float,
    a: float,
    b: float,
) -> None:
    """Run UMAP's stochastic gradient descent on `points`, shape (n, 2), in place.

    Edge i is sampled every ``period[i]`` epochs; each time its head is pushed away from
    `n_negative` random points.
    """
    _descend(
        points, points.shape[0], head, tail, period, period.copy(), head.shape[0],
        n_negative, seed, n_epochs, learning_rate, a, b,
    )  # fmt: skip
