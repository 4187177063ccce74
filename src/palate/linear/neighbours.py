"""The nearest items by cosine: weights that take no training."""

import numpy as np

from palate._parallel import even_bounds, run_chunks
from palate.linear.weights import SparseWeights
from palate.solve.compressed import starts_of, transposed
from palate.solve.rows import Rows

_ITEMS = 64  # rows of products that stand in memory at a time, in each thread


def neighbour_weights(
    by_user: Rows, m: int, shrink: float, threads: int, scale: np.ndarray | None = None
) -> SparseWeights:
    """Return `W_ji = x_j . x_i / (|x_j| |x_i| + shrink)` for the m items j nearest to each item i.

    All other weights are 0; `x_i` is the column of an item. Those of item i are multiplied by
    `scale[i]`.

    References
    ----------
    Deshpande, Karypis (2004), "Item-Based Top-N Recommendation Algorithms", section 4.
    """
    from palate.kernels import linear

    by_item = by_user.transposed()
    n_items = by_item.n_rows
    squares = np.bincount(by_user.columns, np.square(by_user.values, dtype=np.float64), n_items)
    norms = np.sqrt(squares).astype(np.float32)
    near, values = np.zeros((n_items, m), np.int32), np.zeros((n_items, m), np.float32)
    counts = np.zeros(n_items, np.int64)

    def part(start: int, stop: int) -> None:
        rows = np.empty((stop - start, n_items), np.float32)
        linear.item_products(*(start, stop, *by_user.table, *by_item.table, rows))
        below = norms[start:stop, None] * norms + np.float32(shrink)
        np.divide(rows, below, out=rows, where=below > 0)
        linear.nearest_products(start, rows, m, near[start:stop], values[start:stop], counts[start:stop])

    run_chunks(part, even_bounds(n_items, _ITEMS), threads)
    filled = np.arange(m) < counts[:, None]
    found = transposed(starts_of(counts), near[filled], values[filled], n_items, threads=threads)
    indptr, columns, weights, _ = found
    if scale is not None:
        weights = weights * scale.astype(np.float32)[columns]
    return SparseWeights(indptr=indptr, columns=columns, values=weights)


def cosines(by_user: Rows, by_item: Rows, item: int, shrink: float) -> np.ndarray:
    """Return `x_j . x_i / (|x_j| |x_i| + shrink)` of one item j with every item i, float32; 0 for 0 / 0.

    Parameters
    ----------
    by_user, by_item : Rows
        The same graded choices, both ways.
    item : int
    shrink : float
    """
    from palate.kernels.linear import item_products

    row = np.empty((1, by_item.n_rows), np.float32)
    item_products(*(item, item + 1, *by_user.table, *by_item.table, row))
    squares = np.bincount(by_user.columns, np.square(by_user.values, dtype=np.float64), by_item.n_rows)
    norms = np.sqrt(squares)
    below = (norms[item] * norms + shrink).astype(np.float32)
    return np.asarray(np.divide(row[0], below, out=np.zeros(len(below), np.float32), where=below > 0))
