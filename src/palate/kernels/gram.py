"""The Gram matrix of all rows of one side: what unobserved pairs add to every row's system."""

import numpy as np

from palate.kernels.cholesky import BLOCK, add_upper
from palate.kernels.compiling import kernel
from palate.kernels.emitter import FAST, LANES
from palate.kernels.tile import copy_scaled


@kernel(fastmath=FAST)
def add_gram(factors, first, last, out):
    """Add `sum of q q'` over rows `first` to `last` of `factors` to the upper triangle of `out`.

    `factors` is (n, width) float32 and `out` (width, width) float64.

    Products are summed in float32 within a block of ratings and in float64 across blocks.
    """
    width = factors.shape[1]
    flat = factors.reshape(-1)
    panel = LANES * BLOCK
    gathered = np.empty(width * BLOCK, np.float32)
    block = np.empty(width * width, np.float32)
    for begin in range(first, last, BLOCK):
        n = min(BLOCK, last - begin)
        for b in range(n):
            copy_scaled(
                gathered, b * LANES, panel, flat, (begin + b) * width, LANES, np.float32(1.0), width // LANES
            )
        block[:] = 0
        add_upper(block, width, 0, width, width, gathered, panel, gathered, 0, LANES, panel, n)
        for row in range(width):
            for column in range(row, width):
                out[row, column] += block[row * width + column]


def add_gram_reference(factors, first, last, out):
    """NumPy reference of `add_gram`."""
    rows = factors[first:last].astype(np.float64)
    out += np.triu(rows.T @ rows)
