"""The ridge of an item on its nearest in float64, for systems that float32 cannot solve: few models have any,
so that it is compiled by itself.
"""

import numpy as np

from palate.kernels.compiling import inlined, kernel
from palate.kernels.double import SMALL
from palate.kernels.emitter import FAST, LANES
from palate.kernels.linear import gather, nearest_of


@inlined(fastmath=FAST)
def _solve(system, target, n, stride, ridge, out):
    """Solve the same system in float64, with SMALL of the mean diagonal added, below which P is
    rounding errors.
    """
    x, more = np.empty(n), 0.0
    for a in range(n):
        x[a] = target[a]
        more += SMALL * system[a * stride + a] / n
    for a in range(n):
        system[a * stride + a] += ridge + more
    for a in range(n):
        own = system[a * stride : a * stride + n]
        root = np.sqrt(max(own[a], more))
        for b in range(a, n):
            own[b] /= root
        x[a] /= root
        for row in range(a + 1, n):
            factor = own[row]
            for b in range(row, n):
                system[row * stride + b] -= factor * own[b]
            x[row] -= factor * x[a]
    for a in range(n - 1, -1, -1):
        total = x[a]
        for b in range(a + 1, n):
            total -= system[a * stride + b] * x[b]
        x[a] = total / system[a * stride + a]
        out[a] = x[a]


@kernel()
def local_ridge_double(first, last, products, ridges, m, weights, left):
    """Solve the systems of items `first` to `last` that `palate.kernels.linear.local_ridge` has `left`."""
    stride = -(-m // LANES) * LANES + LANES
    found, target, system = np.empty(m, np.int64), np.empty(m, np.float32), np.empty(m * stride)
    for item in range(first, last):
        for r in range(len(ridges)):
            if left[r, item]:
                n = nearest_of(products, item, m, found, target)
                gather(products, found, n, stride, system)
                _solve(system, target, n, stride, ridges[r], weights[r, item])
