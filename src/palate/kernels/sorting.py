"""The order of pairs by both of their keys, by counting.

The keys are checked by the callers once, when a table enters; the kernels trust them.
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
