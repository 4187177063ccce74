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
from numba import njit

from palate.kernels.tile import LANES, add_products, add_scaled, copy_scaled, dot, prefetch

FAST = {"contract", "reassoc", "nsz", "arcp"}  # not nnan: the checks for NaN must stay
BLOCK = 128  # ratings gathered at a time: 128 x 32 float32 are 16 kB, half of a first-level cache
AHEAD = 12  # ratings by which the gather asks for memory ahead of itself
N_STATS = (
    4  # columns of `stats`: sum w e^2, sum w |e|, dropout term, sum of (r0 - s)^2 over the row's ratings
)
TINY = np.float32(1e-30)  # below this a pivot counts as zero
SMALL = 1e-6  # share of the mean diagonal added where the penalty is zero


@njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _add_upper(
    out,
    stride,
    first,
    rows,
    columns,
    left,
    left_step,
    left_panel,
    right,
    right_at,
    right_step,
    right_panel,
    n,
):
    """Add `left' right` to the blocks of `out` on and right of the diagonal, for rows `first` to `rows`.

    Panel c of the left matrix starts at `c * left_panel`, of the right one at `right_at + c *
    right_panel`; `*_step` leads from one of the n products to the next. Bounds are multiples of
    eight.
    """
    for row in range(first, rows, LANES):
        left_at = (row // LANES) * left_panel
        column = row
        while column < columns:
            at = right_at + (column // LANES) * right_panel
            cell = row * stride + column
            remaining = (columns - column) // LANES
            if remaining == 1:
                add_products(
                    out, cell, stride, left, left_at, left_step, right, at, right_step, right_panel, n, 8, 1
                )
                column += LANES
                continue
            lower = cell + 4 * stride
            if remaining == 3 or remaining > 4:
                add_products(
                    out, cell, stride, left, left_at, left_step, right, at, right_step, right_panel, n, 4, 3
                )
                add_products(
                    out,
                    lower,
                    stride,
                    left,
                    left_at + 4,
                    left_step,
                    right,
                    at,
                    right_step,
                    right_panel,
                    n,
                    4,
                    3,
                )
                column += 3 * LANES
            else:
                add_products(
                    out, cell, stride, left, left_at, left_step, right, at, right_step, right_panel, n, 4, 2
                )
                add_products(
                    out,
                    lower,
                    stride,
                    left,
                    left_at + 4,
                    left_step,
                    right,
                    at,
                    right_step,
                    right_panel,
                    n,
                    4,
                    2,
                )
                column += 2 * LANES


@njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def factorise(system, stride, width, negated):
    """Turn the upper triangle of `system` (width x stride, row-major) into U with A = U'U, and
    columns beyond `width`, the right-hand sides g, into U'^-1 g. Return the smallest ratio of a
    pivot to its diagonal entry (<= 0: breakdown).
    """
    worst = np.float32(1.0)
    for top in range(0, width, LANES):
        vectors = (stride - top) // LANES
        # Steps start at the panel's first column: what they do left of the diagonal is never read.
        for r in range(top, top + LANES):
            row = r * stride
            pivot = system[row + r]
            if not pivot > TINY:
                return np.float32(-1.0)
            copy_scaled(
                system, row + top, LANES, system, row + top, LANES, np.float32(1.0) / np.sqrt(pivot), vectors
            )
            for below in range(r + 1, top + LANES):
                target = below * stride
                diagonal = system[target + below]
                add_scaled(system, target + top, system, row + top, -system[row + below], vectors)
                if system[target + below] < worst * diagonal:
                    worst = system[target + below] / diagonal
        rest = top + LANES
        for r in range(LANES):
            at, cell = (top + r) * stride + rest, rest * LANES + r * LANES
            copy_scaled(
                negated, cell, LANES * LANES, system, at, LANES, np.float32(-1.0), (width - rest) // LANES
            )
        _add_upper(
            system,
            stride,
            rest,
            width,
            stride,
            negated,
            LANES,
            LANES * LANES,
            system,
            top * stride,
            stride,
            LANES,
            LANES,
        )
    return worst


@njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _finish(system, stride, width, corner, target, l1_bias, with_bias, noise, out, out_bias):
    """Solve for the row from the factorised system: the bias in closed form, then `U p = y - v b (+
    z)` backwards.

    Columns `width` and `width + 1` of `system` hold v and y, the transformed bias column and
    right-hand side. Returns False if the bias' pivot is not positive.
    """
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
    out[:] = 0
    for f in range(width - 1, -1, -1):
        row = f * stride
        value = system[row + width + 1] - system[row + width] * bias
        if noise.size > 0:
            value += noise[f]
        block = f - f % LANES  # entries of `out` up to f are still zero
        value -= dot(system, row + block, out, block, (width - block) // LANES)
        out[f] = value / system[row + f]
    out_bias[0] = bias
    return True


@njit(nogil=True, cache=True, fastmath=FAST)
def solve_rows(
    rows,  # (2,) first and last + 1 of the rows to solve
    indptr,  # (n_rows + 1,) int64
    columns,  # (n_ratings,) int32
    values,  # (n_ratings,) float32
    weights,  # (n_ratings,) float32, or empty: all 1
    mean,  # float32, mu
    other,  # (n_columns, width) float32, width a multiple of 8
    other_bias,  # (n_columns,) float32
    precision,  # (width + 1, width + 1) float32, the bias last
    strength,  # (n_rows,) float32
    prior_mean,  # (0 | 1 | n_rows, width + 1) float32
    base_gram,  # (width + 1, width + 1) float32, or empty
    base_rhs,  # (width + 1,) float32, or empty
    w0,
    imputed,  # r0
    dropout,  # d
    l1_bias,
    with_bias,
    double,  # accumulate and factorise every row in float64
    noise,  # (0 | n_rows, width + 1) float32
    out,  # (n_rows, width) float32
    out_bias,  # (n_rows,) float32
    stats,  # (0 | n_rows, N_STATS) float64
):
    """Solve the rows of a range into `out`, and return how many of them had to be solved in float64."""
    width = other.shape[1]
    stride = width + LANES
    flat = other.reshape(-1)
    scaled = weights.size > 0 or w0 != 0
    gathered = np.empty(max(width, LANES) * BLOCK, np.float32)
    weighted = np.empty(max(width, LANES) * BLOCK if scaled else 0, np.float32)
    pair = np.zeros(LANES * BLOCK, np.float32)
    system = np.empty(max(width, LANES) * stride, np.float32)
    sides = np.empty(2 * max(width, LANES), np.float32)
    negated = np.empty(max(width, LANES) * LANES, np.float32)
    squares = np.zeros(width, np.float32)
    panel = LANES * BLOCK
    n_double = 0
    for u in range(rows[0], rows[1]):
        first, last = indptr[u], indptr[u + 1]
        mean_row = prior_mean[min(u, prior_mean.shape[0] - 1)] if prior_mean.shape[0] > 0 else out[u, :0]
        noise_row = noise[u] if noise.shape[0] > 0 else out[u, :0]
        if first == last and w0 == 0 and noise_row.size == 0:
            for f in range(width):
                out[u, f] = mean_row[f] if mean_row.size > 0 else np.float32(0.0)
            out_bias[u] = mean_row[width] if mean_row.size > 0 else np.float32(0.0)
            continue
        corner, target = _start(
            system, stride, width, sides, precision, strength[u], mean_row, base_gram, base_rhs
        )
        squares[:] = 0
        for begin in range(first, last, BLOCK):
            n = min(BLOCK, last - begin)
            for b in range(n):
                i = columns[begin + b]
                if begin + b + AHEAD < last:
                    ahead = columns[begin + b + AHEAD] * width
                    for f in range(0, width, 16):
                        prefetch(flat, ahead + f)
                weight = weights[begin + b] if weights.size > 0 else np.float32(1.0)
                t = weight * (values[begin + b] - mean - other_bias[i])
                if w0 != 0:
                    t -= w0 * (imputed - mean - other_bias[i])
                c = weight - w0
                at = i * width
                copy_scaled(gathered, b * LANES, panel, flat, at, LANES, np.float32(1.0), width // LANES)
                if scaled:
                    copy_scaled(weighted, b * LANES, panel, flat, at, LANES, c, width // LANES)
                if dropout != 0:
                    for f in range(width):
                        squares[f] += weight * flat[at + f] * flat[at + f]
                pair[b * LANES] = c
                pair[b * LANES + 1] = t
                corner += c
                target += t
            _add_upper(
                system,
                stride,
                0,
                width,
                width,
                weighted if scaled else gathered,
                LANES,
                panel,
                gathered,
                0,
                LANES,
                panel,
                n,
            )
            _add_sides(sides, width, pair, gathered, panel, n)
        for f in range(width):
            system[f * stride + f] += dropout * squares[f]
            system[f * stride + width] = sides[f]
            system[f * stride + width + 1] = sides[width + f]
        solved = False
        if not double and factorise(system, stride, width, negated) > np.float32(1e-5):
            solved = _finish(
                system,
                stride,
                width,
                corner,
                target,
                l1_bias,
                with_bias,
                noise_row,
                out[u],
                out_bias[u : u + 1],
            )
        if not solved:
            n_double += 1
            _solve_double(
                columns[first:last],
                values[first:last],
                weights[first:last] if weights.size > 0 else weights,
                mean,
                other,
                other_bias,
                precision,
                strength[u],
                mean_row,
                base_gram,
                base_rhs,
                w0,
                imputed,
                dropout,
                l1_bias,
                with_bias,
                noise_row,
                out[u],
                out_bias[u : u + 1],
            )
        if stats.shape[0] > 0:
            _row_stats(
                columns[first:last],
                values[first:last],
                weights[first:last] if weights.size > 0 else weights,
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
    return n_double


@njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _add_sides(sides, width, pair, gathered, panel, n):
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


@njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _start(system, stride, width, sides, precision, strength, prior_mean, base_gram, base_rhs):
    """Set the system to `strength * precision + base_gram` and its right-hand side to the prior's
    and the base's.
    """
    for f in range(width):
        row = f * stride
        copy_scaled(
            system, row, LANES, precision.reshape(-1), f * (width + 1), LANES, strength, width // LANES
        )
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
            add_scaled(
                system, f * stride, base_gram.reshape(-1), f * (width + 1), np.float32(1.0), width // LANES
            )
            sides[f] += base_gram[f, width]
            sides[width + f] += base_rhs[f]
        corner += base_gram[width, width]
        target += base_rhs[width]
    return corner, target


@njit(nogil=True, cache=True, fastmath=FAST, forceinline=True)
def _row_stats(columns, values, weights, mean, other, other_bias, imputed, dropout, x, bias, squares, stats):
    """Write the row's N_STATS sums (see there), with the row's own solution `x`."""
    width = other.shape[1]
    flat = other.reshape(-1)
    squared, absolute, unobserved = 0.0, 0.0, 0.0
    for b in range(columns.size):
        i = columns[b]
        score = mean + bias + other_bias[i] + dot(x, 0, flat, i * width, width // LANES)
        error = values[b] - score
        weight = weights[b] if weights.size > 0 else np.float32(1.0)
        squared += weight * error * error
        absolute += weight * abs(error)
        unobserved += (imputed - score) * (imputed - score)
    penalty = 0.0
    for f in range(width):
        penalty += dropout * x[f] * x[f] * squares[f]
    stats[0], stats[1], stats[2], stats[3] = squared, absolute, penalty, unobserved


@njit(nogil=True, cache=True, fastmath=FAST)
def row_errors(
    rows,
    indptr,
    columns,
    values,
    weights,
    mean,
    other,
    other_bias,
    imputed,
    dropout,
    solution,
    solution_bias,
    stats,
):
    """Write the N_STATS sums of every row of a range, for solutions that another solver found."""
    width = other.shape[1]
    squares = np.zeros(width, np.float32)
    for u in range(rows[0], rows[1]):
        first, last = indptr[u], indptr[u + 1]
        weight_row = weights[first:last] if weights.size > 0 else weights
        squares[:] = 0
        if dropout != 0:
            for b in range(first, last):
                weight = weights[b] if weights.size > 0 else np.float32(1.0)
                for f in range(width):
                    squares[f] += weight * other[columns[b], f] * other[columns[b], f]
        _row_stats(
            columns[first:last],
            values[first:last],
            weight_row,
            mean,
            other,
            other_bias,
            imputed,
            dropout,
            solution[u],
            solution_bias[u],
            squares,
            stats[u],
        )


@njit(nogil=True, cache=True, fastmath=FAST)
def row_scores(first, last, indptr, columns, factors, bias, other, other_bias, out):
    """Write `b_u + b_i + p . q` for every rating of rows `first` to `last` to `out` (n_ratings,)."""
    width = other.shape[1]
    flat, own = other.reshape(-1), factors.reshape(-1)
    for u in range(first, last):
        for position in range(indptr[u], indptr[u + 1]):
            i = columns[position]
            out[position] = bias[u] + other_bias[i] + dot(own, u * width, flat, i * width, width // LANES)


@njit(nogil=True, cache=True)
def pair_weights(first, last, indptr, columns, own, other, weights, out):
    """Write `own[u] * other[i]`, times the rating's weight where it has one, for every rating of
    rows `first` to `last` to `out`.
    """
    for u in range(first, last):
        for position in range(indptr[u], indptr[u + 1]):
            weight = own[u] * other[columns[position]]
            out[position] = weight * weights[position] if weights.size > 0 else weight


@njit(nogil=True, cache=True, forceinline=True)
def _solve_double(
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
    """The same row in float64 with SMALL of the mean diagonal added: for zero penalties and other
    nearly singular systems.
    """
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
    """Return A and h of one row in float64, as the equations of this module's docstring have them
    (l1_bias and noise aside).
    """
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
