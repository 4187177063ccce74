"""Ratings in time: each user's sessions, and rows as they are in a time bin."""

import numpy as np

from palate.kernels.compiling import kernel


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


@kernel()
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
def plus_session_effects(start, stop, errors, session_effect, session):
    """Add the effect of their session to the errors `start` to `stop`, in place."""
    for at in range(start, stop):
        errors[at] += session_effect[session[at]]


@kernel()
def less_scores(start, stop, values, mean, scores, session_effect, session):
    """Turn scores `start` to `stop` into the errors of ratings, in place; `session` is empty
    without session effects.
    """
    for at in range(start, stop):
        error = values[at] - mean - scores[at]
        scores[at] = error - session_effect[session[at]] if session.size > 0 else error


@kernel()
def less_changes(start, stop, errors, change, pair):
    """Take what the score of its pair has changed by off each of the errors `start` to `stop`, in place."""
    for at in range(start, stop):
        errors[at] -= change[pair[at]]


@kernel()
def group_sums(first, last, indptr, order, group, weights, errors, weight, total):
    """Add up the weights of ratings, and their errors times these, by group: the ratings of rows
    `first` to `last`, none of whose groups is another row's.

    Parameters
    ----------
    indptr : (n_rows + 1,) int64
    order : (n_ratings,) int32
        Where each rating of the rows stands in the arrays below; empty where in their order.
    group : (n_ratings,) int32
    weights : (n_ratings,) float32
        Empty where every weight is 1.
    errors : (n_ratings,) float32
    weight, total : (n_groups,) float64, out
    """
    for position in range(indptr[first], indptr[last]):
        at = order[position] if order.size > 0 else position
        own = weights[at] if weights.size > 0 else np.float32(1.0)
        weight[group[at]] += np.float64(own)
        total[group[at]] += np.float64(own * errors[at])


@kernel()
def error_sums(start, stop, errors, session_effect, session, weights):
    """Return the weighted sums of squared and of absolute errors `start` to `stop`, less the session effects
    of their sessions, where there are any.
    """
    squared, absolute = 0.0, 0.0
    for at in range(start, stop):
        error = errors[at] - session_effect[session[at]] if session.size > 0 else errors[at]
        weight = np.float64(weights[at]) if weights.size > 0 else 1.0
        squared += weight * np.float64(error) * np.float64(error)
        absolute += weight * abs(np.float64(error))
    return squared, absolute
