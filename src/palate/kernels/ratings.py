"""One pass over the ratings of rows, where nothing is solved: errors, scores and weights."""

import numpy as np

from palate.kernels.compiling import inlined, kernel
from palate.kernels.emitter import FAST, LANES
from palate.kernels.tile import add_scaled, dot, dot_eight, prefetch

BLOCK = 128  # ratings of a row whose scores are taken before their errors
AHEAD = 12  # ratings by which a sum asks for memory ahead of itself
# columns of `stats`: sum w e^2, sum w |e|, dropout term, sum of (r0 - s)^2 over the row's ratings
N_STATS = 4


@inlined(fastmath=FAST)
def products_of_row(x, other, width, columns, first, n, out):
    """Write the products of `x` with the vectors of `columns[first : first + n]` to `out`."""
    whole = n - n % LANES
    for b in range(0, whole, LANES):
        dot_eight(x, 0, other, columns, first + b, width, out, b)
    for b in range(whole, n):
        out[b] = dot(x, 0, other, columns[first + b] * width, width // LANES)


@inlined(fastmath=FAST)
def row_stats(
    columns, values, weights, other, other_bias, level, imputed, dropout, x, squares, scores, stats
):
    """Write the row's N_STATS sums (see there), with its own solution `x` and `level = mean + bias`.

    `scores` has room for BLOCK numbers.
    """
    width = other.shape[1]
    flat = other.reshape(-1)
    squared, absolute, unobserved = 0.0, 0.0, 0.0
    for begin in range(0, columns.size, scores.size):
        n = min(scores.size, columns.size - begin)
        products_of_row(x, flat, width, columns, begin, n, scores)
        for b in range(n):
            score = level + other_bias[columns[begin + b]] + scores[b]
            error = values[begin + b] - score
            weight = weights[begin + b] if weights.size > 0 else np.float32(1.0)
            squared += weight * error * error
            absolute += weight * abs(error)
            unobserved += (imputed - score) * (imputed - score)
    penalty = 0.0
    for f in range(width):
        penalty += dropout * x[f] * x[f] * squares[f]
    stats[0], stats[1], stats[2], stats[3] = squared, absolute, penalty, unobserved


@inlined(fastmath=FAST)
def add_squares(squares, columns, weights, n, flat):
    """Add `w q^2` of the first `n` columns of a row, whose vectors are as long as `squares`."""
    for b in range(n):
        weight, at = weights[b] if weights.size > 0 else np.float32(1.0), columns[b] * squares.size
        for f in range(squares.size):
            squares[f] += weight * flat[at + f] * flat[at + f]


@kernel(fastmath=FAST)
def row_errors(first_row, last_row, systems, solution, solution_bias, stats):
    """Write the N_STATS sums of every row of a range, for solutions that another solver found."""
    indptr, columns, values, weights = systems.indptr, systems.columns, systems.values, systems.weights
    other, other_bias = systems.other, systems.other_bias
    mean, imputed, dropout = systems.mean, systems.imputed, systems.dropout
    flat = other.reshape(-1)
    squares, scores = np.zeros(other.shape[1], np.float32), np.empty(BLOCK, np.float32)
    for u in range(first_row, last_row):
        first, last = indptr[u], indptr[u + 1]
        own, value, level = columns[first:last], values[first:last], mean + solution_bias[u]
        weight_row, x = weights[first:last] if weights.size > 0 else weights, solution[u]
        squares[:] = 0
        if dropout != 0:
            add_squares(squares, own, weight_row, own.size, flat)
        row_stats(
            own, value, weight_row, other, other_bias, level, imputed, dropout, x, squares, scores, stats[u]
        )


@kernel(fastmath=FAST)
def row_scores(first, last, indptr, columns, factors, bias, other, other_bias, out):
    """Write `b_u + b_i + p . q` for every rating of rows `first` to `last` to `out` (n_ratings,)."""
    width = other.shape[1]
    flat, own = other.reshape(-1), factors.reshape(-1)
    for u in range(first, last):
        for position in range(indptr[u], indptr[u + 1]):
            i = columns[position]
            out[position] = bias[u] + other_bias[i] + dot(own, u * width, flat, i * width, width // LANES)


@kernel()
def pair_weights(first, last, indptr, columns, own, other, weights, out):
    """Write `own[u] * other[i]`, times the weight if any, for each rating of a range of rows to `out`."""
    for u in range(first, last):
        for position in range(indptr[u], indptr[u + 1]):
            weight = own[u] * other[columns[position]]
            out[position] = weight * weights[position] if weights.size > 0 else weight


@kernel(fastmath=FAST)
def first_order_rows(
    first, last, indptr, columns, values, weights, mean, other, other_bias, own_bias, share, block, out
):
    """Write `out_u = share_u sum over ratings of w (r - mu - b_u - b_i) q_i` for a range of rows.

    With a share of `1 / penalty` this is the row solver's solution to first order in `other`: the
    products of factors are left out of the systems. All rows take in `block` columns before the
    next ones, so that their vectors stay in the cache: with 700,000 columns it takes a third of the
    time, and each row's sum has the same order.
    """
    width = other.shape[1]
    flat, own = other.reshape(-1), out.reshape(-1)
    places = indptr[first:last].copy()
    for u in range(first, last):
        out[u] = 0
    for begin in range(0, len(other), block):
        for u in range(first, last):
            at, stop = places[u - first], indptr[u + 1]
            taken = mean + own_bias[u]
            while at < stop and columns[at] < begin + block:
                ahead = columns[min(at + AHEAD, stop - 1)] * width
                for f in range(0, width, 16):
                    prefetch(flat, ahead + f)
                i = columns[at]
                left = (values[at] - taken - other_bias[i]) * share[u]
                left *= weights[at] if weights.size > 0 else np.float32(1.0)
                add_scaled(own, u * width, flat, i * width, left, width // LANES)
                at += 1
            places[u - first] = at


def first_order_rows_reference(
    first, last, indptr, columns, values, weights, mean, other, other_bias, own_bias, share, block, out
):
    """NumPy reference of `first_order_rows`."""
    for u in range(first, last):
        part = slice(indptr[u], indptr[u + 1])
        left = values[part].astype(np.float64) - mean - own_bias[u] - other_bias[columns[part]]
        left *= weights[part] if weights.size else 1.0
        out[u] = share[u] * (left @ other[columns[part]])
