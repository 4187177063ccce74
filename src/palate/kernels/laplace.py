"""Curvature of the objective in one row: the inverse of the matrix that the row solver solves with.

With the row's matrix A of `palate.kernels.rows` (prior, unobserved pairs, ratings and dropout
included) and noise variance s^2, the row [p, b] given the other side is about normal with
covariance `s^2 A^-1`. What is not known of a prediction is then, with `x_i = [q_i, 1]`, `x_u =
[p_u, 1]` and both sides taken as independent,

    Var(s_ui) = s^2 (x_i' A_u^-1 x_i + x_u' A_i^-1 x_u) + s^4 trace(A_u^-1 A_i^-1 on the factors)
"""

import numpy as np

from palate.kernels.compiling import inlined, kernel
from palate.kernels.double import SMALL
from palate.kernels.emitter import FAST, LANES

BLOCK = 128  # ratings whose products are summed in float32 before they are added in float64


@kernel(fastmath=FAST)
def row_covariances(
    rows,  # (m,) int64, the rows wanted
    indptr,
    columns,
    weights,  # (n_ratings,) float32, or empty: all 1
    other,  # (n_columns, >= k) float32, its first k columns count
    precision,  # (k + 1, k + 1) float32, the bias last
    strength,  # (n_rows,) float32
    base_gram,  # (k + 1, k + 1) float32, or empty
    w0,
    dropout,
    with_bias,
    most,  # ratings of a row that are looked at; each then stands for several
    out,  # (m, k + 1, k + 1) float32
):
    """Write `A^-1` of each row to `out`, with SMALL of the mean diagonal added where A is singular."""
    k = precision.shape[0] - 1
    n = k + 1 if with_bias else k
    system = np.zeros((k + 1, k + 1))
    inverse = np.zeros((k + 1, k + 1))
    wide = -(-(k + 1) // LANES) * LANES
    x, scale_of = np.zeros((BLOCK, wide), np.float32), np.zeros(BLOCK, np.float32)
    gram = np.zeros((wide, wide), np.float32)
    for place in range(rows.size):
        u = rows[place]
        for f in range(n):
            for j in range(n):
                scale = np.float64(strength[u]) if f < k and j < k else 1.0
                system[f, j] = scale * precision[f, j]
                if base_gram.size > 0:
                    system[f, j] += base_gram[f, j]
        first, last = indptr[u], indptr[u + 1]
        step = max(1, -(-(last - first) // most))
        share = (last - first) / max(-(-(last - first) // step), 1)
        for begin in range(first, last, step * BLOCK):
            size = 0
            for position in range(begin, min(last, begin + step * BLOCK), step):
                weight = np.float64(weights[position]) if weights.size > 0 else 1.0
                for f in range(k):
                    x[size, f] = other[columns[position], f]
                    system[f, f] += share * dropout * weight * x[size, f] * x[size, f]
                x[size, k] = 1.0
                scale_of[size] = share * (weight - w0)
                size += 1
            while size % 4:
                scale_of[size] = 0.0
                size += 1
            _add_gram(x, scale_of, size, gram)
            for f in range(n):
                for j in range(f, n):
                    system[f, j] += gram[f, j]
        _invert(system, n, inverse, out[place])


@inlined(fastmath=FAST)
def _add_gram(x, scale, size, gram):
    """Write `sum of scale x x'` over the first `size` rows of x, a multiple of four, to the upper
    triangle of `gram`.
    """
    wide = x.shape[1]
    gram[:] = 0
    for row in range(0, size, 4):
        for f in range(wide):
            a, b = scale[row] * x[row, f], scale[row + 1] * x[row + 1, f]
            c, d = scale[row + 2] * x[row + 2, f], scale[row + 3] * x[row + 3, f]
            for j in range(f - f % LANES, wide):
                gram[f, j] += a * x[row, j] + b * x[row + 1, j] + c * x[row + 2, j] + d * x[row + 3, j]


@inlined(fastmath=FAST)
def _invert(system, n, inverse, out):
    """Write the inverse of the leading n x n block, given by its upper triangle, to `out`; zeros elsewhere.

    `system` is overwritten, `inverse` is room for the root's inverse.
    """
    out[:] = 0
    trace = 0.0
    for f in range(n):
        trace += system[f, f]
    least = SMALL * trace / max(n, 1)
    if not least > 0:
        return
    for f in range(n):  # A = U'U, in place; every inner loop runs along a row
        system[f, f] = max(system[f, f], least)
        scale = 1.0 / np.sqrt(system[f, f])
        for j in range(f, n):
            system[f, j] *= scale
        for below in range(f + 1, n):
            factor = system[f, below]
            for j in range(below, n):
                system[below, j] -= factor * system[f, j]
    for f in range(n - 1, -1, -1):  # U^-1, from the last row up
        scale = 1.0 / system[f, f]
        for j in range(f, n):
            inverse[f, j] = 0.0
        inverse[f, f] = scale
        for between in range(f + 1, n):
            factor = system[f, between] * scale
            for j in range(between, n):
                inverse[f, j] -= factor * inverse[between, j]
    for f in range(n):
        for j in range(f, n):
            total = 0.0
            for after in range(j, n):
                total += inverse[f, after] * inverse[j, after]
            out[f, j] = total
            out[j, f] = total


@kernel(fastmath=FAST)
def pair_variances(user_covariances, item_covariances, users, items, user_rows, item_rows, linear, product):
    """Write both parts of each pair's variance for noise variance 1: the sum of the two forms, and the trace.

    Parameters
    ----------
    user_covariances, item_covariances : ndarray of shape (m, k + 1, k + 1), float32
    users, items : ndarray of shape (n,), int64
        Which of these matrices belong to a pair.
    user_rows, item_rows : ndarray of shape (n, k + 1), float32
        The pair's [p_u, 1] and [q_i, 1].
    linear, product : ndarray of shape (n,), float64
    """
    size = user_rows.shape[1]
    for pair in range(users.size):
        of_user, of_item = user_covariances[users[pair]], item_covariances[items[pair]]
        total, trace = 0.0, 0.0
        for f in range(size):
            from_user, from_item = np.float32(0.0), np.float32(0.0)
            for j in range(size):
                from_user += of_user[f, j] * item_rows[pair, j]
                from_item += of_item[f, j] * user_rows[pair, j]
            total += np.float64(from_user * item_rows[pair, f]) + np.float64(from_item * user_rows[pair, f])
        for f in range(size - 1):
            both = np.float32(0.0)
            for j in range(size - 1):
                both += of_user[f, j] * of_item[f, j]
            trace += np.float64(both)
        linear[pair], product[pair] = total, trace


def row_covariance_reference(x, weights, precision, strength, base_gram, w0, dropout):
    """Return `A^-1` of one row in float64 NumPy; `x` holds the design rows [q_i, 1] of its ratings."""
    scale = np.full(precision.shape, float(strength))
    scale[-1, :] = scale[:, -1] = 1.0
    system = scale * precision + base_gram + x.T @ ((weights - w0)[:, None] * x)
    system[np.diag_indices(len(system) - 1)] += dropout * (weights @ x[:, :-1] ** 2)
    return np.linalg.inv(system)
