"""Checks of the arrays a caller passes in; every error names the row and the remedy."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

#: Relative disagreement of two total masses that still counts as rounding.
MASS_TOLERANCE = 1e-9

#: Relative asymmetry of a cost matrix that still counts as rounding.
SYMMETRY_TOLERANCE = 1e-12

#: Largest accepted cost: the potentials of the simplex method add up path lengths, and these must
#: stay finite.
MAX_COST = 1e300


def as_volume_csr(volume_matrix: Any, *, name: str = "volume_matrix") -> sp.csr_array:
    """Check a recipe × ingredient matrix and bring it into canonical sparse form.

    Parameters
    ----------
    volume_matrix
        Dense array, or SciPy sparse array or matrix, of shape (n_recipes, n_ingredients).
    name
        What errors call the matrix.

    Returns
    -------
    scipy.sparse.csr_array
        float64, column indices sorted and unique in each row, without explicit zeros. The caller's
        object is never changed; the arrays may be shared with it when it is canonical already.

    Raises
    ------
    ValueError
        If the matrix isn't two-dimensional or isn't numeric, or a row holds a negative, NaN or
        infinite volume, or no mass at all.
    """
    if _is_sparse(volume_matrix):
        if volume_matrix.ndim != 2:
            raise ValueError(f"{name} must have two dimensions, not {volume_matrix.ndim}")
        _reject_complex(volume_matrix, name)
        csr: sp.csr_array[np.float64, tuple[int, int]]
        csr = sp.csr_array(volume_matrix).astype(np.float64, copy=False)
    else:
        dense = _as_float(volume_matrix, name)
        if dense.ndim != 2:
            raise ValueError(f"{name} must have two dimensions, not {dense.ndim}")
        csr = sp.csr_array(dense)
    # has_canonical_format is False for unsorted as well as for duplicate entries.
    if not csr.has_canonical_format or (csr.data == 0.0).any():
        csr = csr.copy()
        csr.sum_duplicates()
        csr.eliminate_zeros()
    faulty = ~np.isfinite(csr.data) | (csr.data < 0.0)
    if faulty.any():
        position = int(np.argmax(faulty))
        row = int(np.searchsorted(csr.indptr, position, side="right")) - 1
        raise ValueError(
            f"{name} row {row}, column {int(csr.indices[position])}: volume "
            f"{float(csr.data[position])!r} is not a finite non-negative number; "
            "correct or drop the entry"
        )
    lengths = np.diff(csr.indptr)
    if (lengths == 0).any():
        raise ValueError(
            f"{name} row {int(np.argmax(lengths == 0))} has no mass; "
            "drop rows without a positive volume"
        )
    return csr


def as_distribution(
    values: Any, *, name: str = "distribution", n_ingredients: int | None = None
) -> FloatArray:
    """Check one mass distribution over the ingredients and make it dense.

    Parameters
    ----------
    values
        Array of shape (m,) or (1, m), or a sparse array with one row.
    name
        What errors call it.
    n_ingredients
        The m to insist on, if any.

    Returns
    -------
    numpy.ndarray
        float64, shape (m,), non-negative and finite, total mass positive.

    Raises
    ------
    ValueError
        If the shape doesn't fit, an entry is negative, NaN or infinite, or there is no mass.
    """
    dense = _as_float(values.toarray() if _is_sparse(values) else values, name)
    if dense.ndim == 2 and dense.shape[0] == 1:
        dense = dense[0]
    if dense.ndim != 1:
        raise ValueError(f"{name} must be one row of masses, not an array of shape {dense.shape}")
    if n_ingredients is not None and dense.shape[0] != n_ingredients:
        raise ValueError(
            f"{name} has {dense.shape[0]} entries but the cost matrix has {n_ingredients} "
            "ingredients; both must list the same ingredients"
        )
    faulty = ~np.isfinite(dense) | (dense < 0.0)
    if faulty.any():
        position = int(np.argmax(faulty))
        raise ValueError(
            f"{name} entry {position}: mass {float(dense[position])!r} is not a finite "
            "non-negative number; correct or drop the entry"
        )
    if not dense.any():
        raise ValueError(f"{name} has no mass; at least one entry must be positive")
    return dense


def as_cost_matrix(cost_matrix: Any, n_ingredients: int | None = None) -> FloatArray:
    """Check a matrix of ground costs between ingredients.

    Neither symmetry nor a zero diagonal is asked for.

    Parameters
    ----------
    cost_matrix
        Array of shape (m, m), cost per unit of mass.
    n_ingredients
        The m to insist on, if any.

    Returns
    -------
    numpy.ndarray
        float64, C-contiguous, shape (m, m); the caller's own array when that is one already.

    Raises
    ------
    ValueError
        If the matrix isn't square, its size doesn't fit, or an entry is negative, NaN, infinite or
        beyond `MAX_COST`.
    """
    dense = _as_float(
        cost_matrix.toarray() if _is_sparse(cost_matrix) else cost_matrix, "cost_matrix"
    )
    if dense.ndim != 2 or dense.shape[0] != dense.shape[1]:
        raise ValueError(f"cost_matrix must be square, not of shape {dense.shape}")
    if n_ingredients is not None and dense.shape[0] != n_ingredients:
        raise ValueError(
            f"cost_matrix is for {dense.shape[0]} ingredients but the volumes have "
            f"{n_ingredients} columns; both must list the same ingredients"
        )
    dense = np.ascontiguousarray(dense)
    # NaN fails every comparison, so that one accepted range covers all faults.
    accepted = (dense >= 0.0) & (dense <= MAX_COST)
    if not accepted.all():
        row, column = np.unravel_index(int(np.argmin(accepted)), dense.shape)
        raise ValueError(
            f"cost_matrix row {int(row)}, column {int(column)}: cost "
            f"{float(dense[row, column])!r} is not a non-negative number up to {MAX_COST:g}; "
            "shift or rescale the costs"
        )
    return dense


def as_symmetric_cost(cost_matrix: Any, n_ingredients: int | None = None) -> FloatArray:
    """Check a ground cost that must not depend on the direction of the transport.

    Parameters
    ----------
    cost_matrix, n_ingredients
        As for `as_cost_matrix`.

    Returns
    -------
    numpy.ndarray
        float64, C-contiguous, shape (m, m), equal to its transpose bit for bit: an asymmetry of
        rounding size (`SYMMETRY_TOLERANCE`) is averaged out in a copy.

    Raises
    ------
    ValueError
        As `as_cost_matrix`, or if the matrix isn't symmetric.
    """
    cost = as_cost_matrix(cost_matrix, n_ingredients)
    asymmetry = np.abs(cost - cost.T)
    largest = float(asymmetry.max(initial=0.0))
    if largest == 0.0:
        return cost
    if largest > SYMMETRY_TOLERANCE * float(cost.max()):
        row, column = np.unravel_index(int(np.argmax(asymmetry)), cost.shape)
        raise ValueError(
            f"cost_matrix is not symmetric: row {int(row)}, column {int(column)} differs from its "
            f"mirror entry by {largest:g}; pass (cost_matrix + cost_matrix.T) / 2 if that is meant"
        )
    return 0.5 * cost + 0.5 * cost.T


def as_index_pairs(pairs: Any, n_rows: int, *, name: str = "pairs") -> IntArray:
    """Check a list of pairs of row numbers.

    Parameters
    ----------
    pairs
        Integers of shape (p, 2).
    n_rows
        Number of rows they point into.
    name
        What errors call the list.

    Returns
    -------
    numpy.ndarray
        int64, C-contiguous, shape (p, 2).

    Raises
    ------
    ValueError
        If the shape or the type doesn't fit, or a number isn't in ``range(n_rows)``.
    """
    array = np.asarray(pairs)
    if array.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be integers of shape (p, 2), not {array.dtype} of shape {array.shape}"
        )
    outside = (array < 0) | (array >= n_rows)
    if outside.any():
        row = int(np.argmax(outside.any(axis=1)))
        raise ValueError(
            f"{name} row {row}: {array[row].tolist()} is not within the {n_rows} rows of the matrix"
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def _as_float(values: Any, name: str) -> FloatArray:
    array = np.asarray(values)
    _reject_complex(array, name)
    try:
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numeric: {error}") from error


def _reject_complex(array: Any, name: str) -> None:
    if array.dtype.kind == "c":
        raise ValueError(f"{name} must be real, not complex")


def _is_sparse(values: Any) -> bool:
    # A plain bool: the stubs' narrowing knows only a base class without shape or content.
    return bool(sp.issparse(values))
