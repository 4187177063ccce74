"""Mean and spread over draws of what is expected of a pair, after the link.

With latent values `z_d = mu_d + b_u + b_i + p_u . q_i` of the draws d and a link g,

    s_d = g_d(z_d),    mean = 1/D sum s_d,    sd^2 = 1/D sum (s_d - mean)^2

The sd divides by the number of draws, not by one less: it is that of the draws at hand, which are the posterior that predictions
are made from. The link is one of

    identity  g(z) = z
    bounded   g(z) = low + (high - low) / (1 + exp(-z))
    ordinal   g(z) = level_1 + sum_j (level_(j+1) - level_j) (1 - Phi(cut_j - z))       the expected star value
"""

import math

import numpy as np
from numba import njit

IDENTITY, BOUNDED, ORDINAL = 0, 1, 2
_ROOT_HALF = math.sqrt(0.5)


@njit(cache=True, nogil=True)
def expected(latent, link, bounds, levels, cuts):
    """Return the expected rating of one latent value.

    Parameters
    ----------
    latent : float64
    link : int
        IDENTITY, BOUNDED or ORDINAL.
    bounds : ndarray of shape (2,), float64
        Lowest and highest rating, for BOUNDED.
    levels : ndarray of shape (n_levels,), float64
    cuts : ndarray of shape (n_levels - 1,), float64
        The cutpoints of this draw; both for ORDINAL.
    """
    if link == IDENTITY:
        return latent
    if link == BOUNDED:
        return bounds[0] + (bounds[1] - bounds[0]) / (1.0 + math.exp(-latent))
    total = levels[0]
    for j in range(cuts.size):
        total += (levels[j + 1] - levels[j]) * 0.5 * math.erfc((cuts[j] - latent) * _ROOT_HALF)
    return total


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
def _product(p, q):
    total = np.float32(0.0)
    for f in range(p.size):
        total += p[f] * q[f]
    return total


@njit(cache=True, nogil=True)
def pair_draws(
    user_factors, item_factors, user_bias, item_bias, global_mean, link, bounds, levels, cutpoints, users, items, out
):
    """Write what each draw expects of each pair, shape (n, n_draws), float64.

    Parameters
    ----------
    user_factors, item_factors : ndarray of shape (n_draws, n, n_factors), float32
    user_bias, item_bias : ndarray of shape (n_draws, n), float32
    global_mean : ndarray of shape (n_draws,), float64
    link, bounds, levels : as in `expected`
    cutpoints : ndarray of shape (n_draws, n_levels - 1), float64
    users, items : ndarray of shape (n,), int64
    """
    for pair in range(users.size):
        u, i = users[pair], items[pair]
        for draw in range(global_mean.size):
            latent = global_mean[draw] + np.float64(user_bias[draw, u]) + np.float64(item_bias[draw, i])
            latent += np.float64(_product(user_factors[draw, u], item_factors[draw, i]))
            out[pair, draw] = expected(latent, link, bounds, levels, cutpoints[draw])


@njit(cache=True, nogil=True)
def pair_moments(
    user_factors, item_factors, user_bias, item_bias, global_mean, link, bounds, levels, cutpoints, users, items, mean, sd
):
    """Write mean and sd over draws of each pair, float64; the arguments are those of `pair_draws`."""
    row = np.empty((1, global_mean.size))
    for pair in range(users.size):
        one = slice(pair, pair + 1)
        pair_draws(
            user_factors, item_factors, user_bias, item_bias, global_mean, link, bounds, levels, cutpoints, users[one], items[one], row
        )  # fmt: skip
        total = 0.0
        for draw in range(row.shape[1]):
            total += row[0, draw]
        mean[pair] = total / row.shape[1]
        squares = 0.0
        for draw in range(row.shape[1]):
            squares += (row[0, draw] - mean[pair]) ** 2
        sd[pair] = math.sqrt(squares / row.shape[1])


@njit(cache=True, nogil=True)
def pair_below(
    user_factors, item_factors, user_bias, item_bias, global_mean, link, bounds, levels, cutpoints, users, items, out
):
    """Write P(rating <= level_j) of each pair for all levels but the last, (n, n_levels - 1): the mean over draws of
    `Phi(cut_j - z)`. The arguments are those of `pair_draws`."""
    row = np.empty((1, global_mean.size))
    for pair in range(users.size):
        one = slice(pair, pair + 1)
        pair_draws(
            user_factors, item_factors, user_bias, item_bias, global_mean, IDENTITY, bounds, levels, cutpoints, users[one], items[one], row
        )  # fmt: skip
        for j in range(out.shape[1]):
            total = 0.0
            for draw in range(row.shape[1]):
                total += 0.5 * math.erfc((row[0, draw] - cutpoints[draw, j]) * _ROOT_HALF)
            out[pair, j] = total / row.shape[1]


@njit(cache=True, nogil=True)
def add_draw(latent, link, bounds, levels, cuts, shift, total, squares):
    """Add one draw's latent values (m, n) to the running sums of `s - shift` and of its square, all float32.

    The shift, which is the first draw's expectation, keeps the sums small, so that float32 is enough for the sd.
    """
    for row in range(latent.shape[0]):
        for column in range(latent.shape[1]):
            value = expected(np.float64(latent[row, column]), link, bounds, levels, cuts)
            away = np.float32(value - np.float64(shift[row, column]))
            total[row, column] += away
            squares[row, column] += away * away


@njit(cache=True, nogil=True)
def expected_of(latent, link, bounds, levels, cuts, out):
    """Write the expected rating of each latent value of one draw, shape (m, n), float32; NaN stays NaN."""
    for row in range(latent.shape[0]):
        for column in range(latent.shape[1]):
            value = np.float64(latent[row, column])
            out[row, column] = value if np.isnan(value) else expected(value, link, bounds, levels, cuts)


def moments_reference(latent, link, bounds, levels, cutpoints):
    """Return (mean, sd) of latent values of shape (n_draws, ...), in NumPy."""
    if link == IDENTITY:
        stars = latent
    elif link == BOUNDED:
        stars = bounds[0] + (bounds[1] - bounds[0]) / (1 + np.exp(-latent))
    else:
        erfc = np.vectorize(math.erfc)
        below = [
            erfc((cutpoints[:, j].reshape(-1, *[1] * (latent.ndim - 1)) - latent) / math.sqrt(2)) / 2
            for j in range(len(levels) - 1)
        ]
        stars = levels[0] + sum(step * share for step, share in zip(np.diff(levels), below, strict=True))
    return stars.mean(axis=0), stars.std(axis=0)
