"""Sums of table rows over sparse binary rows, and rows of correlated normal numbers: the products
of side information.

A feature matrix of palate is binary with one scale per row, `F = diag(scale) C`: the items a user
rated, each 1 / sqrt(n); an item's genres. So it needs the positions alone, both ways, and the
scales.
"""

import numpy as np

from palate.kernels.compiling import kernel
from palate.kernels.emitter import LANES
from palate.kernels.random import fill_normal
from palate.kernels.tile import add_scaled, prefetch

AHEAD = 12  # positions by which the gather asks for memory ahead of itself


@kernel()
def add_bags(rows, indptr, columns, table, scale, column_scale, out):
    """Add `scale[u] * sum over the columns c of row u of column_scale[c] table[c]` to `out[u]` for
    a range of rows.

    Widths are multiples of 8; an empty scale is 1 throughout.
    """
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
            c = columns[position]
            share = column_scale[c] if column_scale.size > 0 else np.float32(1.0)
            add_scaled(total, 0, flat, c * width, share, width // LANES)
        whole = scale[u] if scale.size > 0 else np.float32(1.0)
        add_scaled(target, u * width, total, 0, whole, width // LANES)


@kernel()
def normal_rows(first, last, key, factor, out):
    """Write `z @ factor` to rows `first` to `last` of `out` (n, width), z standard normal of the
    length of `factor` (d, width).
    """
    d, width = factor.shape
    z = np.empty((1, d), np.float32)
    flat, target = factor.reshape(-1), out.reshape(-1)
    for row in range(first, last):
        fill_normal(key, row, z)
        out[row, :] = 0
        for f in range(d):
            add_scaled(target, row * width, flat, f * width, z[0, f], width // LANES)


@kernel(fastmath={"contract", "reassoc"})
def column_products(x, y, out):
    """Write `sum over rows of x * y` for each column to `out` (width,) float64; 64 rows at a time
    are summed in float32.
    """
    n, width = x.shape
    out[:] = 0
    part = np.empty(width, np.float32)
    for begin in range(0, n, 64):
        part[:] = 0
        for row in range(begin, min(begin + 64, n)):
            for f in range(width):
                part[f] += x[row, f] * y[row, f]
        for f in range(width):
            out[f] += part[f]


@kernel(fastmath={"contract"})
def advance(step, direction, product, solution, residual):
    """`solution += step * direction` and `residual -= step * product`, with a step for each column."""
    for row in range(solution.shape[0]):
        for f in range(solution.shape[1]):
            solution[row, f] += step[f] * direction[row, f]
            residual[row, f] -= step[f] * product[row, f]


@kernel(fastmath={"contract"})
def turn(ratio, scaled, direction):
    """`direction = scaled + ratio * direction`, with a ratio for each column."""
    for row in range(direction.shape[0]):
        for f in range(direction.shape[1]):
            direction[row, f] = scaled[row, f] + ratio[f] * direction[row, f]


def add_bags_reference(indptr, columns, table, scale, column_scale, out):
    """NumPy reference of `add_bags` over all rows."""
    for u in range(len(indptr) - 1):
        own = columns[indptr[u] : indptr[u + 1]]
        out[u] += scale[u] * (column_scale[own, None] * table[own]).sum(axis=0)
