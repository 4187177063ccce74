"""Sums of table rows over sparse binary rows, and rows of correlated normal numbers: the products of side information.

A feature matrix of palate is binary with one scale per row, `F = diag(scale) C`: the items a user rated, each 1 / sqrt(n);
an item's genres. So it needs the positions alone, both ways, and the scales.
"""

import numpy as np
from numba import njit

from palate.kernels.random import fill_normal
from palate.kernels.tile import LANES, add_scaled, prefetch

AHEAD = 12  # positions by which the gather asks for memory ahead of itself


@njit(nogil=True, cache=True)
def add_bags(rows, indptr, columns, table, scale, out):
    """Add `scale[u] * sum over the columns c of row u of table[c]` to `out[u]` for a range of rows; widths are multiples of 8."""
    width = table.shape[1]
    flat, target = table.reshape(-1), out.reshape(-1)
    total = np.empty(width, np.float32)
    for u in range(rows[0], rows[1]):
        total[:] = 0
        last = indptr[u + 1]
        for position in range(indptr[u], last):
            if position + AHEAD < last:
                ahead = columns[position + AHEAD] * width
                for f in range(0, width, 16):
                    prefetch(flat, ahead + f)
            add_scaled(total, 0, flat, columns[position] * width, np.float32(1.0), width // LANES)
        add_scaled(target, u * width, total, 0, scale[u], width // LANES)


@njit(nogil=True, cache=True)
def normal_rows(key, first, last, factor, out):
    """Write `z @ factor` to rows `first` to `last` of `out` (n, width), z standard normal of the length of `factor` (d, width)."""
    d, width = factor.shape
    z = np.empty((1, d), np.float32)
    flat, target = factor.reshape(-1), out.reshape(-1)
    for row in range(first, last):
        fill_normal(key, row, z)
        out[row, :] = 0
        for f in range(d):
            add_scaled(target, row * width, flat, f * width, z[0, f], width // LANES)


def add_bags_reference(indptr, columns, table, scale, out):
    """NumPy reference of `add_bags` over all rows."""
    for u in range(len(indptr) - 1):
        out[u] += scale[u] * table[columns[indptr[u] : indptr[u + 1]]].sum(axis=0)
