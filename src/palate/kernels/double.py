"""Rows of the row solver in float64, for systems that float32 cannot factorise."""

import numpy as np

from palate.kernels.compiling import inlined, kernel
from palate.kernels.ratings import BLOCK, add_squares, row_stats
from palate.kernels.systems import mean_of_row, set_to_mean

SMALL = 1e-6  # share of the mean diagonal added where the penalty is zero


@kernel()
def solve_double(first_row, last_row, systems, noise, out, out_bias, stats, left):
    """Solve the rows of a range that are `left`, with SMALL of the mean diagonal added.

    This is for zero penalties and other nearly singular systems. Arguments are those of
    `palate.kernels.rows.solve_rows`.
    """
    indptr, columns, values, weights = systems.indptr, systems.columns, systems.values, systems.weights
    mean, other, other_bias = systems.mean, systems.other, systems.other_bias
    imputed, dropout = systems.imputed, systems.dropout
    flat = other.reshape(-1)
    squares, scores = np.zeros(other.shape[1], np.float32), np.empty(BLOCK, np.float32)
    for u in range(first_row, last_row):
        if not left[u]:
            continue
        noise_row = noise[u] if noise.shape[0] > 0 else out[u, :0]
        _solve_row(systems, u, noise_row, out, out_bias)
        if stats.shape[0] == 0:
            continue
        first, last = indptr[u], indptr[u + 1]
        own, value, level = columns[first:last], values[first:last], mean + out_bias[u]
        weight_row, x = weights[first:last] if weights.size > 0 else weights, out[u]
        squares[:] = 0
        if dropout != 0:
            add_squares(squares, own, weight_row, own.size, flat)
        row_stats(
            own, value, weight_row, other, other_bias, level, imputed, dropout, x, squares, scores, stats[u]
        )


@inlined()
def _solve_row(systems, u, noise, out, out_bias):
    other, precision, strength = systems.other, systems.precision, systems.strength[u]
    prior_mean, w0, dropout = mean_of_row(systems.prior_mean, u), systems.w0, systems.dropout
    width = other.shape[1]
    size = width + 1
    system = np.zeros((size, size))
    h = np.zeros(size)
    x = np.empty(size)
    for f in range(size):
        for j in range(size):
            scale = np.float64(strength) if f < width and j < width else 1.0
            system[f, j] = scale * precision[f, j]
            if prior_mean.size > 0:
                h[f] += system[f, j] * prior_mean[j]
            if systems.base_gram.size > 0:
                system[f, j] += systems.base_gram[f, j]
        if systems.base_gram.size > 0:
            h[f] += systems.base_rhs[f]
    for b in range(systems.indptr[u], systems.indptr[u + 1]):
        i = systems.columns[b]
        weight = np.float64(systems.weights[b]) if systems.weights.size > 0 else 1.0
        mean, bias = systems.mean, systems.other_bias[i]
        t = weight * (np.float64(systems.values[b]) - mean - bias)
        t -= w0 * (np.float64(systems.imputed) - mean - bias)
        for f in range(width):
            x[f] = other[i, f]
        x[width] = 1.0
        for f in range(size):
            scaled = (weight - w0) * x[f]
            for j in range(f, size):
                system[f, j] += scaled * x[j]
            h[f] += t * x[f]
            if f < width:
                system[f, f] += dropout * weight * x[f] * x[f]
    n = size if systems.with_bias else width
    trace = 0.0
    for f in range(n):
        trace += system[f, f]
    ridge = SMALL * trace / max(n, 1)
    # Rows and columns of an empty system (no ratings of nonzero vectors, no penalty) keep their prior mean.
    if not ridge > 0:
        set_to_mean(prior_mean, u, out, out_bias)
        return
    for f in range(n):
        system[f, f] += ridge
        if prior_mean.size > 0:
            h[f] += ridge * prior_mean[f]
    for f in range(n):
        pivot = system[f, f]
        scale = 1.0 / np.sqrt(max(pivot, 1e-3 * ridge))
        for j in range(f, n):
            system[f, j] *= scale
        h[f] *= scale
        for below in range(f + 1, n):
            factor = system[f, below]
            for j in range(below, n):
                system[below, j] -= factor * system[f, j]
            h[below] -= factor * h[f]
    x[width] = 0.0
    for f in range(n - 1, -1, -1):
        value = h[f]
        for j in range(f + 1, n):
            value -= system[f, j] * x[j]
        if f == width:  # the bias: soft threshold of its own one-dimensional problem
            t = value * system[f, f]
            if noise.size > 0:
                t += system[f, f] * noise[f]
            half = 0.5 * systems.l1_bias
            x[f] = np.sign(t) * max(abs(t) - half, 0.0) / (system[f, f] * system[f, f])
        else:
            if noise.size > 0:
                value += noise[f]
            x[f] = value / system[f, f]
    for f in range(width):
        out[u, f] = x[f]
    out_bias[u] = x[width]
