"""Ratings in time: each user's sessions, rows as they are in a time bin, and passes over all ratings."""

from itertools import pairwise

import numpy as np

from palate.kernels.cholesky import BLOCK, add_upper
from palate.kernels.compiling import kernel
from palate.kernels.emitter import FAST, LANES
from palate.kernels.ratings import AHEAD
from palate.kernels.rows import add_sides
from palate.kernels.tile import copy_scaled, dot, prefetch


@kernel()
def cut_sessions(indptr, times, gap, most, session, user_indptr):
    """Number the sessions of all users, in order of time, and return how many there are.

    A session ends where the next rating is more than `gap` later, or after `most` ratings; equal
    times stay together.

    Parameters
    ----------
    indptr : (n_users + 1,) int64
        Where each user's ratings begin.
    times : (n_ratings,) int64
    gap : float
    most : int
    session : (n_ratings,) int32, out
        Which session each rating belongs to.
    user_indptr : (n_users + 1,) int64, out
        Where each user's sessions begin.
    """
    n = 0
    user_indptr[0] = 0
    for u in range(indptr.size - 1):
        first, last = indptr[u], indptr[u + 1]
        order = np.argsort(times[first:last], kind="mergesort")
        size = 0
        before = np.int64(0)
        for j in range(last - first):
            at = first + order[j]
            now = times[at]
            if size == 0 or np.float64(now) - np.float64(before) > gap or (size >= most and now != before):
                n += 1
                size = 0
            session[at] = n - 1
            size += 1
            before = now
        user_indptr[u + 1] = n
    return n


@kernel()
def session_ends(session, times, begin, end):
    """Write the first and the last time of each session."""
    begin[:] = np.iinfo(np.int64).max
    end[:] = np.iinfo(np.int64).min
    for at in range(session.size):
        s = session[at]
        begin[s] = min(begin[s], times[at])
        end[s] = max(end[s], times[at])


@kernel()
def find_sessions(indptr, begin, end, users, times, gap, out):
    """Write the session of each user that a time falls in, or the nearest within `gap` of it; -1
    where there is none.
    """
    for j in range(users.size):
        out[j] = -1
        u = users[j]
        if u < 0:
            continue
        first, last = indptr[u], indptr[u + 1]
        after = first + np.searchsorted(begin[first:last], times[j], side="right")
        nearest = gap
        if after > first:
            away = max(0.0, np.float64(times[j]) - np.float64(end[after - 1]))
            if away <= nearest:
                out[j], nearest = after - 1, away
        if after < last and np.float64(begin[after]) - np.float64(times[j]) < nearest:
            out[j] = after


@kernel(fastmath={"contract", "reassoc"})
def shift_rows(start, stop, factors, bias, rows, time_bins, own, other, out, out_bias):
    """Write rows `start` to `stop` of pairs (row, time bin) as they are in that time bin.

    What the time bin adds to the row is added to it, and what it adds to the rows of the other side
    is in the bias, so that a product with a row of the other side as it is at all times gives the
    score.

    Parameters
    ----------
    factors, bias : (n, width) and (n,) float32
    rows, time_bins : (n_pairs,) int32
    own, other : (n_time_bins, width + 1) float32
        What a time bin adds to each row of this side and of the other, the bias last.
    out, out_bias : (n_pairs, width) and (n_pairs,) float32
    """
    width = factors.shape[1]
    for at in range(start, stop):
        row, time_bin = rows[at], time_bins[at]
        total = bias[row] + own[time_bin, width] + other[time_bin, width]
        for f in range(width):
            value = factors[row, f] + own[time_bin, f]
            out[at, f] = value
            total += value * other[time_bin, f]
        out_bias[at] = total


@kernel(fastmath={"contract", "reassoc"})
def shift_scores(start, stop, factors, time_bins, shift, out):
    """Write what the shift of its time bin adds to the score of pairs `start` to `stop`.

    Parameters
    ----------
    factors : (n_pairs, width) float32
        Of the other side, as it is met in each pair.
    time_bins : (n_pairs,) int32
    shift : (n_time_bins, width + 1) float32, the bias last
    out : (n_pairs,) float32
    """
    width = factors.shape[1]
    for at in range(start, stop):
        own = shift[time_bins[at]]
        total = np.float32(0.0)
        for f in range(width):
            total += factors[at, f] * own[f]
        out[at] = total + own[width]


@kernel()
def less_session_effects(start, stop, values, session_effect, session, out):
    """Write ratings `start` to `stop` without the effect of their session to `out`."""
    for at in range(start, stop):
        out[at] = values[at] - session_effect[session[at]]


@kernel()
def plus_session_effects(start, stop, scores, session_effect, session):
    """Add the effect of their session to the scores `start` to `stop`, in place."""
    for at in range(start, stop):
        scores[at] += session_effect[session[at]]


@kernel(fastmath=FAST)
def rating_errors(
    first,
    last,
    indptr,
    columns,
    values,
    mean,
    factors,
    bias,
    pair,
    other,
    other_bias,
    session_effect,
    session,
    out,
):
    """Write `r - mu - b_u - b_i - p . q`, less the effect of its session, for each rating of rows `first`
    to `last` to `out` (n_ratings,) float32.

    `pair` (n_ratings,) int32 says which of `factors` and `bias` each rating is of, its row if it is empty;
    `session` is empty without session effects.
    """
    width = other.shape[1]
    flat, own = other.reshape(-1), factors.reshape(-1)
    end = indptr[last]
    for u in range(first, last):
        for position in range(indptr[u], indptr[u + 1]):
            ahead = columns[min(position + AHEAD, end - 1)] * width
            for f in range(0, width, 16):
                prefetch(flat, ahead + f)
            i, p = columns[position], pair[position] if pair.size > 0 else u
            score = other_bias[i] + dot(own, p * width, flat, i * width, width // LANES)
            error = values[position] - mean - bias[p] - score
            out[position] = error - session_effect[session[position]] if session.size > 0 else error


@kernel()
def group_sums(
    first, last, indptr, order, group, weights, change, pair, session_effect, session, errors, weight, total
):
    """Add up the weights of ratings, and their errors times these, by group: the ratings of rows
    `first` to `last`, none of whose groups is another row's.

    Before that, what the score of its pair has changed by is taken off each error, and the effect of its
    session is added, in place.

    Parameters
    ----------
    indptr : (n_rows + 1,) int64
    order : (n_ratings,) int32
        Where each rating of the rows stands in the arrays of ratings but `group`; empty where in their order.
    group : (n_ratings,) int32
        Of each rating in the order of the rows.
    weights : (n_ratings,) float32
        Empty where every weight is 1.
    change : (n_pairs,) float32
    pair : (n_ratings,) int32
        Empty where no score has changed.
    session_effect : (n_sessions,) float32
    session : (n_ratings,) int32
        Empty where no effect is added.
    errors : (n_ratings,) float32
    weight, total : (n_groups,) float64, out
    """
    end = indptr[last]
    for position in range(indptr[first], end):
        at = position
        if order.size > 0:
            at, ahead = order[position], order[min(position + AHEAD, end - 1)]
            prefetch(errors, ahead)
            if weights.size > 0:
                prefetch(weights, ahead)
        error = errors[at]
        if pair.size > 0:
            error -= change[pair[at]]
            errors[at] = error
        if session.size > 0:
            error += session_effect[session[at]]
            errors[at] = error
        own = weights[at] if weights.size > 0 else np.float32(1.0)
        to = group[position]
        weight[to] += np.float64(own)
        total[to] += np.float64(own * error)


@kernel(fastmath={"contract", "reassoc"})
def error_sums(start, stop, errors, change, pair, session_effect, session, weights):
    """Return the weighted sums of squared and of absolute errors `start` to `stop`, less the changes of
    their pairs and the effects of their sessions, where there are any.
    """
    squared, absolute = 0.0, 0.0
    for at in range(start, stop):
        error = errors[at] - change[pair[at]] if pair.size > 0 else errors[at]
        if session.size > 0:
            error -= session_effect[session[at]]
        weight = np.float64(weights[at]) if weights.size > 0 else 1.0
        squared += weight * np.float64(error) * np.float64(error)
        absolute += weight * abs(np.float64(error))
    return squared, absolute


@kernel(fastmath=FAST)
def bin_moments(start, stop, bounds, factors, weight, total, out):
    """Write `sum of w x x'` and `sum of t x` over the pairs of chunks `start` to `stop`, for `x = [q, 1]`.

    Products are summed in float32 within a block of pairs and in float64 across blocks.

    Parameters
    ----------
    bounds : (n_chunks + 1,) int64
        Where the pairs of each chunk begin.
    factors : (n_pairs, width) float32
    weight, total : (n_pairs,) float64
        The sums w of the weights of a pair's ratings and t of their errors times these.
    out : (n_chunks, width + 1, width + 2) float64
        The upper triangle of the first sum, the bias last, and then the second sum.
    """
    width = factors.shape[1]
    flat, panel = factors.reshape(-1), LANES * BLOCK
    gathered, weighted = np.empty(width * BLOCK, np.float32), np.empty(width * BLOCK, np.float32)
    both = np.zeros(panel, np.float32)
    block, sides = np.empty(width * width, np.float32), np.empty(2 * width, np.float32)
    for chunk in range(start, stop):
        sums = out[chunk]
        sums[:] = 0.0
        for begin in range(bounds[chunk], bounds[chunk + 1], BLOCK):
            n = min(BLOCK, bounds[chunk + 1] - begin)
            for b in range(n):
                at, own = (begin + b) * width, np.float32(weight[begin + b])
                copy_scaled(gathered, b * LANES, panel, flat, at, LANES, np.float32(1.0), width // LANES)
                copy_scaled(weighted, b * LANES, panel, flat, at, LANES, own, width // LANES)
                both[b * LANES], both[b * LANES + 1] = own, np.float32(total[begin + b])
                sums[width, width] += weight[begin + b]
                sums[width, width + 1] += total[begin + b]
            block[:] = 0
            sides[:] = 0
            add_upper(block, width, 0, width, width, weighted, panel, gathered, 0, LANES, panel, n)
            add_sides(sides, width, both, gathered, panel, n)
            for row in range(width):
                for column in range(row, width):
                    sums[row, column] += block[row * width + column]
                sums[row, width] += sides[row]
                sums[row, width + 1] += sides[width + row]


def bin_moments_reference(bounds, factors, weight, total):
    """NumPy reference of `bin_moments`."""
    x = np.column_stack([factors, np.ones(len(factors))]).astype(np.float64)
    parts = [slice(first, last) for first, last in pairwise(bounds)]
    return np.stack(
        [
            np.column_stack([np.triu(x[part].T @ (weight[part, None] * x[part])), x[part].T @ total[part]])
            for part in parts
        ]
    )
