"""Compressed sparse rows: counting sorts and the transpose; `chunks` has what several threads do.

`indptr` has one entry more than there are rows: row r holds the entries `indptr[r] : indptr[r +
1]`. Row, column and entry numbers are checked by the callers once, when a table enters; the kernels
trust them.
"""

import numpy as np

from palate.kernels.compiling import inlined, kernel


def order_of_pairs(first: np.ndarray, n_first: int, second: np.ndarray, n_second: int) -> np.ndarray:
    """Return the order of pairs by their first and then their second key, int32; equal pairs keep theirs.

    It is a counting sort by the second key, and one of what comes of it by the first.

    Parameters
    ----------
    first, second : ndarray of shape (n,), int32
        Keys in `0 .. n_first - 1` and `0 .. n_second - 1`.
    n_first, n_second : int
    """
    by_second, order = np.empty(len(first), np.int32), np.empty(len(first), np.int32)
    _order_rows(second, np.zeros(n_second + 1, np.int64), by_second)
    _reorder_rows(first, by_second, np.zeros(n_first + 1, np.int64), order)
    return order


def transpose_csr(
    indptr: np.ndarray, columns: np.ndarray, values: np.ndarray, n_columns: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the transposed matrix; its columns (the old rows) ascend in each row.

    Parameters
    ----------
    indptr : ndarray of shape (n_rows + 1,), int64
    columns : ndarray of shape (n,), int32
    values : ndarray of shape (n,), float32
    n_columns : int

    Returns
    -------
    indptr : ndarray of shape (n_columns + 1,), int64
    rows : ndarray of shape (n,), int32
    values : ndarray of shape (n,), float32
    """
    out_indptr = np.zeros(n_columns + 1, dtype=np.int64)
    rows = np.empty(len(columns), dtype=np.int32)
    out = np.empty(len(columns), dtype=values.dtype)
    _transpose(indptr, columns, values, out_indptr, rows, out)
    return out_indptr, rows, out


def transpose_csr_reference(indptr, columns, values, n_columns):
    """NumPy reference of `transpose_csr`."""
    rows = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    order = np.argsort(columns, kind="stable")
    counts = np.bincount(columns, minlength=n_columns)
    return np.concatenate([[0], np.cumsum(counts)]), rows[order], values[order]


# The kernels use indptr as running write positions: after the first loop indptr[k + 1] is the
# number of entries of key k, after the shift indptr[k + 1] is where key k starts, and when all are
# written it is where key k ends, which is the result.


@inlined()
def _shift(indptr):
    total = 0
    for key in range(1, len(indptr)):
        count = indptr[key]
        indptr[key] = total
        total += count


@kernel()
def _order_rows(keys, indptr, out):
    for entry in range(len(keys)):
        indptr[keys[entry] + 1] += 1
    _shift(indptr)
    for entry in range(len(keys)):
        key = keys[entry] + 1
        out[indptr[key]] = entry
        indptr[key] += 1


@kernel()
def _reorder_rows(keys, order, indptr, out):
    for entry in range(len(keys)):
        indptr[keys[entry] + 1] += 1
    _shift(indptr)
    for place in range(len(keys)):
        entry = order[place]
        key = keys[entry] + 1
        out[indptr[key]] = entry
        indptr[key] += 1


@kernel()
def _transpose(indptr, columns, values, out_indptr, out_rows, out_values):
    for entry in range(len(columns)):
        out_indptr[columns[entry] + 1] += 1
    _shift(out_indptr)
    for row in range(len(indptr) - 1):
        for entry in range(indptr[row], indptr[row + 1]):
            column = columns[entry] + 1
            place = out_indptr[column]
            out_rows[place] = row
            out_values[place] = values[entry]
            out_indptr[column] = place + 1
