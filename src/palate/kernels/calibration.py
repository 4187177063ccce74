"""What a mixture of normal distributions says of what came out.

A rating y is predicted by `F = 1/D sum Normal(s_d, v_d)`. With phi and Phi the standard normal
density and distribution function and `A(m, v) = 2 sqrt(v) phi(m / sqrt(v)) + m (2 Phi(m / sqrt(v))
- 1)`, the expected size of a normal with mean m and variance v,

    F(y) = 1/D sum Phi((y - s_d) / sqrt(v_d))
    log score = -log(1/D sum phi((y - s_d) / sqrt(v_d)) / sqrt(v_d))
    CRPS = 1/D sum A(y - s_d, v_d) - 1/(2 D^2) sum_de A(s_d - s_e, v_d + v_e)

(Grimit, Gneiting, Berrocal, Johnson 2006, equation 5).
"""

import math

from palate.kernels.compiling import inlined, kernel
from palate.kernels.ordinal import DENSITY, ROOT_HALF, normal_cdf
from palate.kernels.random import uniform


@kernel()
def uniforms(key, out):
    """Write the first numbers of a stream, in [0, 1)."""
    for at in range(out.size):
        out[at] = uniform(key, at)


@inlined()
def _size(mean, variance):
    sd = math.sqrt(variance)
    z = mean / sd
    return 2.0 * sd * DENSITY * math.exp(-0.5 * z * z) + mean * math.erf(z * ROOT_HALF)


@kernel()
def mixture_scores(centres, variances, values, edges, chosen, cdf, log_score, crps):
    """Write what each pair's mixture says of its rating.

    Parameters
    ----------
    centres : ndarray of shape (n, n_draws), float64
        The s_d of each pair.
    variances : ndarray of shape (n, n_draws), float64
        The v_d, positive.
    values : ndarray of shape (n,), float64
        The ratings that came out.
    edges : ndarray of shape (n, m), float64
        Where to take F.
    chosen : ndarray of shape (at most n_draws,), int64
        The draws that the CRPS is taken of, whose cost grows with the square of their number.
    cdf : ndarray of shape (n, m), float64
    log_score, crps : ndarray of shape (n,), float64
    """
    n, n_draws = centres.shape
    for pair in range(n):
        for at in range(edges.shape[1]):
            total = 0.0
            for d in range(n_draws):
                total += normal_cdf((edges[pair, at] - centres[pair, d]) / math.sqrt(variances[pair, d]))
            cdf[pair, at] = total / n_draws
        density = 0.0
        for d in range(n_draws):
            away, variance = values[pair] - centres[pair, d], variances[pair, d]
            density += DENSITY * math.exp(-0.5 * away * away / variance) / math.sqrt(variance)
        log_score[pair] = -math.log(max(density / n_draws, 1e-300))
        first, second = 0.0, 0.0
        for at in range(chosen.size):
            d = chosen[at]
            variance = variances[pair, d]
            first += _size(values[pair] - centres[pair, d], variance)
            second += 0.5 * _size(0.0, 2.0 * variance)
            for other in range(at):
                e = chosen[other]
                second += _size(centres[pair, d] - centres[pair, e], variance + variances[pair, e])
        crps[pair] = first / chosen.size - second / (chosen.size * chosen.size)


@kernel()
def discrete_scores(cumulative, levels, codes, log_score, crps):
    """Write what distributions over star values say of the star value that came out.

    Equations: `-log P(y)`, and `sum_j (level_(j+1) - level_j) (P(rating <= level_j) - [y <=
    level_j])^2`, the CRPS of a discrete distribution.

    Parameters
    ----------
    cumulative : ndarray of shape (n, n_levels - 1), float64
        P(rating <= level_j).
    levels : ndarray of shape (n_levels,), float64
    codes : ndarray of shape (n,), int64
        Position of the rating among the levels.
    log_score, crps : ndarray of shape (n,), float64
    """
    n, n_edges = cumulative.shape
    for pair in range(n):
        y = codes[pair]
        high = cumulative[pair, y] if y < n_edges else 1.0
        low = cumulative[pair, y - 1] if y > 0 else 0.0
        log_score[pair] = -math.log(max(high - low, 1e-300))
        total = 0.0
        for j in range(n_edges):
            away = cumulative[pair, j] - (1.0 if y <= j else 0.0)
            total += (levels[j + 1] - levels[j]) * away * away
        crps[pair] = total


def mixture_reference(centres, variances, values, grid):
    """Return (F(values), log score, CRPS) in NumPy, the CRPS by summing `(F - [x >= y])^2` over an
    even grid.
    """
    import numpy as np

    phi = np.vectorize(lambda x: math.erfc(-x * ROOT_HALF) / 2)
    sd = np.sqrt(variances)

    def cdf(x):
        return phi((x - centres) / sd).mean(axis=1)

    density = (DENSITY * np.exp(-((values[:, None] - centres) ** 2) / variances / 2) / sd).mean(axis=1)
    squares = sum((cdf(x) - (x >= values)) ** 2 for x in grid)
    return cdf(values[:, None]), -np.log(density), squares * (grid[1] - grid[0])
