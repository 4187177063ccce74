"""The row solver for long vectors: conjugate gradients on the same systems as `rows`, without ever
forming them.

A step costs two passes over the row's ratings, `2 n k` products, where the exact solve needs `n k^2
/ 2 + k^3 / 6`: with hundreds of factors that is the difference between seconds and hours. Rows
start from their previous vector, so that a few steps a sweep suffice (Takacs, Pilaszy, Tikk 2011,
"Applications of the conjugate gradient method for implicit feedback collaborative filtering"). The
preconditioner is the diagonal of the penalty and of the base Gram matrix plus the row's own
squares.
"""

import numpy as np

from palate.kernels.compiling import inlined, kernel
from palate.kernels.emitter import FAST, LANES
from palate.kernels.systems import mean_of_row, set_to_mean
from palate.kernels.tile import add_scaled, dot, prefetch


@inlined(fastmath=FAST)
def _multiply(x, out, columns, weights, flat, diagonal, base_gram, w0, with_bias):
    """Write `A x` to `out`; the bias is entry `width` of both, which are padded to `width + 8`.

    `diagonal` (width + 1,) is that of the penalty and of dropout.
    """
    width = diagonal.size - 1
    vectors = width // LANES
    for f in range(width):
        out[f] = diagonal[f] * x[f]
    total = diagonal[width] * x[width]
    if base_gram.size > 0:
        base = base_gram.reshape(-1)
        for f in range(width):
            out[f] += dot(base, f * (width + 1), x, 0, vectors)
            if with_bias:
                out[f] += base_gram[f, width] * x[width]
                total += base_gram[width, f] * x[f]
        total += base_gram[width, width] * x[width]
    for b in range(columns.size):
        at = columns[b] * width
        if b + 4 < columns.size:
            ahead = columns[b + 4] * width
            for f in range(0, width, 16):
                prefetch(flat, ahead + f)
        weight = (weights[b] if weights.size > 0 else np.float32(1.0)) - w0
        score = weight * (dot(flat, at, x, 0, vectors) + x[width])
        add_scaled(out, 0, flat, at, score, vectors)
        total += score
    out[width] = total if with_bias else np.float32(0.0)


@kernel(fastmath=FAST)
def improve_rows(first_row, last_row, systems, n_steps, tolerance, out, out_bias):
    """Improve `out` and `out_bias`, which hold the rows' present vectors, by at most `n_steps`
    steps of conjugate gradients.

    `precision` of the Systems must be diagonal, and their `l1_bias` is left out. A row is done when its
    preconditioned residual has fallen to `tolerance` of the right-hand side's.
    """
    indptr, columns, values, weights = systems.indptr, systems.columns, systems.values, systems.weights
    mean, other, other_bias = systems.mean, systems.other, systems.other_bias
    precision, strength, prior_mean = systems.precision, systems.strength, systems.prior_mean
    base_gram, base_rhs, w0, imputed = systems.base_gram, systems.base_rhs, systems.w0, systems.imputed
    dropout, with_bias = systems.dropout, systems.with_bias
    width = other.shape[1]
    flat = other.reshape(-1)
    padded, vectors = width + LANES, width // LANES + 1
    x, residual = np.zeros(padded, np.float32), np.zeros(padded, np.float32)
    direction, image = np.zeros(padded, np.float32), np.zeros(padded, np.float32)
    solved, inverse = np.zeros(padded, np.float32), np.zeros(padded, np.float32)
    right, diagonal = np.zeros(padded, np.float32), np.zeros(width + 1, np.float32)
    squares, observed = np.zeros(width, np.float32), np.zeros(width, np.float32)
    for u in range(first_row, last_row):
        span, value = columns[indptr[u] : indptr[u + 1]], values[indptr[u] : indptr[u + 1]]
        weight_row = weights[indptr[u] : indptr[u + 1]] if weights.size > 0 else weights
        mean_row = mean_of_row(prior_mean, u)
        if span.size == 0 and w0 == 0:
            set_to_mean(mean_row, u, out, out_bias)
            continue
        right[:] = 0
        squares[:] = 0
        observed[:] = 0
        if base_rhs.size > 0:
            for f in range(width + 1):
                right[f] = base_rhs[f]
        if mean_row.size > 0:
            for f in range(width):
                right[f] += strength[u] * precision[f, f] * mean_row[f]
            right[width] += precision[width, width] * mean_row[width]
        corner = precision[width, width] + (
            base_gram[width, width] if base_gram.size > 0 else np.float32(0.0)
        )
        for b in range(span.size):
            i = span[b]
            weight = weight_row[b] if weight_row.size > 0 else np.float32(1.0)
            t = weight * (value[b] - mean - other_bias[i]) - w0 * (imputed - mean - other_bias[i])
            add_scaled(right, 0, flat, i * width, t, width // LANES)
            right[width] += t
            corner += weight - w0
            for f in range(width):
                square = flat[i * width + f] * flat[i * width + f]
                squares[f] += weight * square
                observed[f] += (weight - w0) * square
        if not with_bias:
            right[width] = 0
        for f in range(width):
            whole = strength[u] * precision[f, f] + observed[f] + dropout * squares[f]
            if base_gram.size > 0:
                whole += base_gram[f, f]
            inverse[f] = np.float32(1.0) / max(whole, np.float32(1e-12))
            diagonal[f] = strength[u] * precision[f, f] + dropout * squares[f]
            x[f] = out[u, f]
        diagonal[width] = precision[width, width]
        inverse[width] = np.float32(1.0) / max(corner, np.float32(1e-12)) if with_bias else np.float32(0.0)
        x[width] = out_bias[u] if with_bias else np.float32(0.0)
        _multiply(x, image, span, weight_row, flat, diagonal, base_gram, w0, with_bias)
        goal = np.float32(0.0)
        for f in range(width + 1):
            residual[f] = right[f] - image[f]
            solved[f] = inverse[f] * residual[f]
            direction[f] = solved[f]
            goal += right[f] * inverse[f] * right[f]
        goal *= tolerance * tolerance
        size = dot(residual, 0, solved, 0, vectors)
        for _ in range(n_steps):
            if not size > goal:
                break
            _multiply(direction, image, span, weight_row, flat, diagonal, base_gram, w0, with_bias)
            curvature = dot(direction, 0, image, 0, vectors)
            if not curvature > 0:
                break
            length = size / curvature
            add_scaled(x, 0, direction, 0, length, vectors)
            add_scaled(residual, 0, image, 0, -length, vectors)
            for f in range(width + 1):
                solved[f] = inverse[f] * residual[f]
            before = size
            size = dot(residual, 0, solved, 0, vectors)
            for f in range(width + 1):
                direction[f] = solved[f] + (size / before) * direction[f]
        for f in range(width):
            out[u, f] = x[f]
        out_bias[u] = x[width]
