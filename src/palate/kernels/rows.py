"""The row solver: every factor vector and bias of palate comes out of this module.

For a row with ratings r_i (weight w_i) of the columns i, design rows `x_i = [q_i, 1]` and targets
`t_i = r_i - mu - b_i`

    A = strength * precision + base_gram + sum_i (w_i - w0) x_i x_i' + d diag(sum_i w_i q_i^2)
    h = A_prior prior_mean + base_rhs + sum_i (w_i t_i - w0 (r0 - mu - b_i)) x_i
    minimise  x' A x - 2 h' x + l1_bias |b|,    and with noise z:  x + A^(-1/2) z

where A_prior is `strength * precision`; `strength` scales its factor block only, and the dropout
term d leaves the bias alone. Users, items, a new user, a new item, unobserved pairs and Gibbs draws
are all this call; `solve_row_reference` says the same in NumPy.

A row's ratings are gathered, a block at a time, into panels of eight columns from which the Gram
matrix is made in register tiles (`tile`); the Cholesky factorisation `A = U'U` takes eight rows at
a time and the same tiles. The bias is the last column of the system and borders the factorisation,
so that L1 on it is exact and costs nothing.
"""

import numpy as np

from palate.kernels.cholesky import BLOCK, TINY, add_upper, factorise, substitute_back
from palate.kernels.compiling import inlined, kernel
from palate.kernels.emitter import FAST, LANES
from palate.kernels.ratings import add_squares, row_stats
from palate.kernels.systems import mean_of_row, set_to_mean
from palate.kernels.tile import add_products, add_scaled, copy_scaled, prefetch
from palate.kernels.triangle import STEPS

AHEAD = 24  # ratings by which the gather asks for memory ahead of itself


@inlined(fastmath=FAST)
def _finish(system, corner, target, l1_bias, with_bias, noise, out, out_bias):
    """Solve for the row from the factorised system: first the bias, then `U p = y - v b (+ z)` backwards.

    Columns `width` and `width + 1` of `system` hold v and y, the transformed bias column and
    right-hand side. Returns False if the bias' pivot is not positive.
    """
    width = out.size
    stride = width + LANES
    bias = np.float32(0.0)
    if with_bias:
        pivot, t = corner, target
        for f in range(width):
            v = system[f * stride + width]
            pivot -= v * v
            t -= v * system[f * stride + width + 1]
        if not pivot > TINY:
            return False
        if noise.size > 0:
            t += np.sqrt(pivot) * noise[width]
        half = np.float32(0.5) * l1_bias
        if t > half:
            bias = (t - half) / pivot
        elif t < -half:
            bias = (t + half) / pivot
    for f in range(width):
        out[f] = system[f * stride + width + 1] - system[f * stride + width] * bias
        if noise.size > 0:
            out[f] += noise[f]
    substitute_back(system, stride, width, out)
    out_bias[0] = bias
    return True


@inlined(fastmath=FAST)
def _gather(
    columns, values, weights, n, mean, imputed, w0, other_bias, flat, width, gathered, weighted, pair
):
    """Gather the vectors of the first `n` columns of a row into panels, once more times `w - w0` if
    `weighted` has room, and `w - w0` and the target of each into `pair`; return the sums of both.
    """
    panel, vectors = LANES * BLOCK, width // LANES
    corner, target = np.float32(0.0), np.float32(0.0)
    for b in range(n):
        i = np.uint32(columns[b])  # without a sign, so that no index counts from the end
        if b + AHEAD < columns.size:
            later = np.uint32(columns[b + AHEAD])
            prefetch(other_bias, later)
            for f in range(0, width, 16):
                prefetch(flat, later * width + f)
        copy_scaled(gathered, b * LANES, panel, flat, i * width, LANES, np.float32(1.0), vectors)
        c, t = np.float32(1.0), values[b] - mean - other_bias[i]
        if weighted.size > 0:
            c = weights[b] if weights.size > 0 else c
            t = c * t - w0 * (imputed - mean - other_bias[i])
            c -= w0
            copy_scaled(weighted, b * LANES, panel, flat, i * width, LANES, c, vectors)
        pair[b * LANES] = c
        pair[b * LANES + 1] = t
        corner += c
        target += t
    return corner, target


@kernel(fastmath=FAST)
def solve_rows(
    first_row,
    last_row,
    systems,  # Systems
    double,  # leave every row to `solve_double`
    noise,  # (0 | n_rows, width + 1) float32
    out,  # (n_rows, width) float32
    out_bias,  # (n_rows,) float32
    stats,  # (0 | n_rows, N_STATS) float64
    left,  # (n_rows,) bool
):
    """Solve the rows of a range into `out`, mark those that float32 cannot solve as `left`, and return their
    number: `palate.kernels.double.solve_double` solves them.
    """
    indptr, columns, values, weights = systems.indptr, systems.columns, systems.values, systems.weights
    mean, other, other_bias = systems.mean, systems.other, systems.other_bias
    precision, strength, prior_mean = systems.precision, systems.strength, systems.prior_mean
    base_gram, base_rhs, w0, imputed = systems.base_gram, systems.base_rhs, systems.w0, systems.imputed
    dropout, l1_bias, with_bias = systems.dropout, systems.l1_bias, systems.with_bias
    width = other.shape[1]
    stride = width + LANES
    flat = other.reshape(-1)
    scaled = weights.size > 0 or w0 != 0
    gathered = np.empty(max(width, LANES) * BLOCK, np.float32)
    weighted = np.empty(max(width, LANES) * BLOCK if scaled else 0, np.float32)
    left_panels = weighted if scaled else gathered
    pair = np.zeros(LANES * BLOCK, np.float32)
    system = np.empty(max(width, LANES) * stride, np.float32)
    sides = np.empty(2 * max(width, LANES), np.float32)
    negated = np.empty(max(width, LANES) * LANES, np.float32)
    steps = np.empty(STEPS, np.float32)
    squares, scores = np.zeros(width, np.float32), np.empty(BLOCK, np.float32)
    panel = LANES * BLOCK
    n_left = 0
    for u in range(first_row, last_row):
        first, last, mean_row = indptr[u], indptr[u + 1], mean_of_row(prior_mean, u)
        noise_row = noise[u] if noise.shape[0] > 0 else out[u, :0]
        if first == last and w0 == 0 and noise_row.size == 0:
            set_to_mean(mean_row, u, out, out_bias)
            continue
        left[u] = double
        if double:
            n_left += 1
            continue
        corner, target = _start(system, sides, precision, strength[u], mean_row, base_gram, base_rhs)
        squares[:] = 0
        for begin in range(first, last, BLOCK):
            n = min(BLOCK, last - begin)
            own, value = columns[begin:last], values[begin:last]
            weight_row = weights[begin:last] if weights.size > 0 else weights
            c, t = _gather(
                own,
                value,
                weight_row,
                n,
                mean,
                imputed,
                w0,
                other_bias,
                flat,
                width,
                gathered,
                weighted,
                pair,
            )
            corner += c
            target += t
            if dropout != 0:
                add_squares(squares, own, weight_row, n, flat)
            add_upper(system, stride, 0, width, width, left_panels, panel, gathered, 0, LANES, panel, n)
            add_sides(sides, width, pair, gathered, panel, n)
        for f in range(width):
            system[f * stride + f] += dropout * squares[f]
            system[f * stride + width] = sides[f]
            system[f * stride + width + 1] = sides[width + f]
        solved = False
        if factorise(system, stride, width, negated, steps) > np.float32(1e-5):
            bias = out_bias[u : u + 1]
            solved = _finish(system, corner, target, l1_bias, with_bias, noise_row, out[u], bias)
        if not solved:
            left[u] = True
            n_left += 1
            continue
        if stats.shape[0] == 0:
            continue
        own, value, level = columns[first:last], values[first:last], mean + out_bias[u]
        weight_row, x = weights[first:last] if weights.size > 0 else weights, out[u]
        row_stats(
            own, value, weight_row, other, other_bias, level, imputed, dropout, x, squares, scores, stats[u]
        )
    return n_left


@inlined(fastmath=FAST)
def add_sides(sides, width, pair, gathered, panel, n):
    """Add sum c x and sum t x over the gathered block to the two rows of `sides`."""
    column = 0
    while column < width:
        at = (column // LANES) * panel
        if width - column >= 4 * LANES:
            add_products(sides, column, width, pair, 0, LANES, gathered, at, LANES, panel, n, 2, 4)
            column += 4 * LANES
        else:
            add_products(sides, column, width, pair, 0, LANES, gathered, at, LANES, panel, n, 2, 1)
            column += LANES


@inlined(fastmath=FAST)
def _start(system, sides, precision, strength, prior_mean, base_gram, base_rhs):
    """Set the system to `strength * precision + base_gram`, and its right-hand side accordingly."""
    width = precision.shape[0] - 1
    stride = width + LANES
    for f in range(width):
        row, top = f * stride, f - f % LANES  # what lies left of the diagonal is never read
        at, vectors = f * (width + 1) + top, (width - top) // LANES
        copy_scaled(system, row + top, LANES, precision.reshape(-1), at, LANES, strength, vectors)
        for j in range(LANES):
            system[row + width + j] = 0
        sides[f] = precision[f, width]
        sides[width + f] = 0
    corner, target = precision[width, width], np.float32(0.0)
    if prior_mean.size > 0:
        for f in range(width):
            total = precision[f, width] * prior_mean[width]
            for j in range(width):
                total += strength * precision[f, j] * prior_mean[j]
            sides[width + f] = total
        for j in range(width + 1):
            target += precision[width, j] * prior_mean[j]
    if base_gram.size > 0:
        for f in range(width):
            top = f - f % LANES
            at, vectors = f * (width + 1) + top, (width - top) // LANES
            add_scaled(system, f * stride + top, base_gram.reshape(-1), at, np.float32(1.0), vectors)
            sides[f] += base_gram[f, width]
            sides[width + f] += base_rhs[f]
        corner += base_gram[width, width]
        target += base_rhs[width]
    return corner, target


def solve_row_reference(
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
):
    """Return A and h of one row in float64 by the equations above, l1_bias and noise aside."""
    x = np.hstack([other, np.ones((len(other), 1))]).astype(np.float64)
    scale = np.full((x.shape[1], x.shape[1]), float(strength))
    scale[-1, :] = scale[:, -1] = 1.0
    prior = scale * precision
    rows, bias = x[columns], other_bias[columns].astype(np.float64)
    system = prior + base_gram + rows.T @ ((weights - w0)[:, None] * rows)
    system[np.diag_indices(len(system) - 1)] += dropout * (weights @ rows[:, :-1] ** 2)
    h = (
        prior @ prior_mean
        + base_rhs
        + rows.T @ (weights * (values - mean - bias) - w0 * (imputed - mean - bias))
    )
    return system, h
