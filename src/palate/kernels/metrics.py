"""Sums over resampled rows: the inner loop of the bootstrap.

With t_bi the number of times that row i is among n rows drawn with replacement in resample b,

    out_bc = sum_i t_bi values_ic

Eight resamples share one pass over the values, which are read from memory far more slowly than they
are added. Draws are counter-based: resample b depends on the key and b alone, so that any order and
any number of threads give the same bits.
"""

import numpy as np
from numba import uint64

from palate.kernels.compiling import kernel, shared
from palate.kernels.random import mix, uniform

LANES = 8  # resamples per pass


@shared()
def key_of_resample(key, number):
    """Return the key of the draws of one resample."""
    return mix(uint64(key) ^ mix(uint64(number)))


@kernel()
def resampled_sums(key, first, values, out):
    """Write the sums of resamples `first`, `first + 1`, ... as rows of `out`.

    Parameters
    ----------
    key : uint64
        From `palate.kernels.random.key_of`.
    first : int
    values : ndarray of shape (n, n_columns), float64, C order
    out : ndarray of shape (m, n_columns), float64
    """
    n, n_columns = values.shape
    times = np.empty((LANES, n), dtype=np.float32)
    sums = np.empty((n_columns, LANES), dtype=np.float64)
    weight = np.empty(LANES, dtype=np.float64)
    for start in range(0, out.shape[0], LANES):
        count = min(LANES, out.shape[0] - start)
        times[:] = np.float32(0.0)
        for lane in range(count):
            own = key_of_resample(key, first + start + lane)
            for draw in range(n):
                times[lane, int(uniform(own, draw) * n)] += np.float32(1.0)
        sums[:] = 0.0
        for row in range(n):
            for lane in range(LANES):
                weight[lane] = times[lane, row]
            for column in range(n_columns):
                value = values[row, column]
                for lane in range(LANES):
                    sums[column, lane] += weight[lane] * value
        for lane in range(count):
            for column in range(n_columns):
                out[start + lane, column] = sums[column, lane]


def resampled_sums_reference(key, first, values, out):
    """NumPy reference of `resampled_sums`."""
    n = len(values)
    for row in range(len(out)):
        own = np.uint64(key_of_resample(key, first + row))
        drawn = [int(uniform(own, draw) * n) for draw in range(n)]
        out[row] = np.bincount(drawn, minlength=n) @ values
