"""Rows of the row solver in float64, for systems that float32 cannot factorise."""

import numpy as np

from palate.kernels.compiling import inlined, kernel
from palate.kernels.ratings import row_stats

SMALL = 1e-6  # share of the mean diagonal added where the penalty is zero


@kernel()
def solve_double(
    rows,
    indptr,
    columns,
    values,
    weights,
    mean,
    other,
    other_bias,
    precision,
    strength,
    prior_mean,
    base_gram,
    base_rhs,
    w0,
    imputed,
    dropout,
    l1_bias,
    with_bias,
    noise,
    out,
    out_bias,
    stats,
    left,
):
    """Solve the rows of a range that are `left`, with SMALL of the mean diagonal added.

    This is for zero penalties and other nearly singular systems. Arguments are those of
    `palate.kernels.rows.solve_rows`.
    """
    width = other.shape[1]
    squares = np.zeros(width, np.float32)
    for u in range(rows[0], rows[1]):
        if not left[u]:
            continue
        first, last = indptr[u], indptr[u + 1]
        weight_row = weights[first:last] if weights.size > 0 else weights
        _solve_row(
            columns[first:last],
            values[first:last],
            weight_row,
            mean,
            other,
            other_bias,
            precision,
            strength[u],
            prior_mean[min(u, prior_mean.shape[0] - 1)] if prior_mean.shape[0] > 0 else out[u, :0],
            base_gram,
            base_rhs,
            w0,
            imputed,
            dropout,
            l1_bias,
            with_bias,
            noise[u] if noise.shape[0] > 0 else out[u, :0],
            out[u],
            out_bias[u : u + 1],
        )
        if stats.shape[0] == 0:
            continue
        squares[:] = 0
        if dropout != 0:
            for position in range(first, last):
                weight = weights[position] if weights.size > 0 else np.float32(1.0)
                for f in range(width):
                    squares[f] += weight * other[columns[position], f] * other[columns[position], f]
        row_stats(
            columns[first:last],
            values[first:last],
            weight_row,
            mean,
            other,
            other_bias,
            imputed,
            dropout,
            out[u],
            out_bias[u],
            squares,
            stats[u],
        )


@inlined()
def _solve_row(
    columns,
    values,
    weights,
    mean,
    other,
    other_bias,
    precision,
    strength,
    prior_mean,
    base_gram,
    base_rhs,
    w0,
    imputed,
    dropout,
    l1_bias,
    with_bias,
    noise,
    out,
    out_bias,
):
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
            if base_gram.size > 0:
                system[f, j] += base_gram[f, j]
        if base_gram.size > 0:
            h[f] += base_rhs[f]
    for b in range(columns.size):
        i = columns[b]
        weight = np.float64(weights[b]) if weights.size > 0 else 1.0
        t = weight * (np.float64(values[b]) - mean - other_bias[i]) - w0 * (
            np.float64(imputed) - mean - other_bias[i]
        )
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
    n = size if with_bias else width
    trace = 0.0
    for f in range(n):
        trace += system[f, f]
    ridge = SMALL * trace / max(n, 1)
    # Rows and columns of an empty system (no ratings of nonzero vectors, no penalty) keep their prior mean.
    if not ridge > 0:
        for f in range(width):
            out[f] = prior_mean[f] if prior_mean.size > 0 else np.float32(0.0)
        out_bias[0] = prior_mean[width] if prior_mean.size > 0 else np.float32(0.0)
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
            half = 0.5 * l1_bias
            x[f] = np.sign(t) * max(abs(t) - half, 0.0) / (system[f, f] * system[f, f])
        else:
            if noise.size > 0:
                value += noise[f]
            x[f] = value / system[f, f]
    for f in range(width):
        out[f] = x[f]
    out_bias[0] = x[width]
