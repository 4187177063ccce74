"""Mean and spread over draws of what is expected of a pair, after the link.

With latent values `z_d = mu_d + b_u + b_i + p_u . q_i` of the draws d and a link g,

    s_d = g_d(z_d),    mean = 1/D sum s_d,    sd^2 = 1/D sum (s_d - mean)^2

The sd divides by the number of draws, not by one less: it is that of the draws at hand, which are
the posterior that predictions are made from. The link is one of

    identity  g(z) = z
    bounded   g(z) = low + (high - low) / (1 + exp(-z))
    ordinal   g(z) = level_1 + sum_j (level_(j+1) - level_j) (1 - Phi((cut_j - z) / scale))

The last is the expected number of stars.
"""

import math
from typing import NamedTuple

import numpy as np

from palate.kernels.compiling import inlined, kernel, shared
from palate.kernels.emitter import LANES
from palate.kernels.ordinal import normal_cdf
from palate.kernels.topn import TILE_COLUMNS, TILE_ROWS, _pack_users, fill_tile

IDENTITY, BOUNDED, ORDINAL = 0, 1, 2


@inlined()
def expected(latent, scale, link, bounds, levels, cuts):
    """Return the expected rating of one latent value.

    Parameters
    ----------
    latent : float64
    scale : float64
        sd of the noise of this pair, for ORDINAL.
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
    total = levels[0]  # written out: a call would count the references to both arrays each time
    for j in range(cuts.size):
        total += (levels[j + 1] - levels[j]) * normal_cdf((latent - cuts[j]) / scale)
    return total


@inlined(fastmath={"contract", "reassoc", "nsz", "arcp"})
def _product(p, q):
    total = np.float32(0.0)
    for f in range(p.size):
        total += p[f] * q[f]
    return total


class Posterior(NamedTuple):
    """The draws of a model as the kernels take them.

    Parameters
    ----------
    user_factors, item_factors : ndarray of shape (n_draws, n, n_factors), float32
    user_bias, item_bias : ndarray of shape (n_draws, n), float32
    global_mean : ndarray of shape (n_draws,), float64
    link, bounds, levels : as in `expected`
    cutpoints : ndarray of shape (n_draws, n_levels - 1), float64
    user_noise, item_noise : ndarray of shape (n_draws, n), float32
        Scale of each row's noise; (n_draws, 0) where it is 1 throughout, or the link does not look at it.
    """

    user_factors: np.ndarray
    item_factors: np.ndarray
    user_bias: np.ndarray
    item_bias: np.ndarray
    global_mean: np.ndarray
    link: int
    bounds: np.ndarray
    levels: np.ndarray
    cutpoints: np.ndarray
    user_noise: np.ndarray
    item_noise: np.ndarray


@inlined()
def _scale(model, draw, user, item):
    if model.user_noise.shape[1] == 0:
        return 1.0
    return np.float64(model.user_noise[draw, user]) * np.float64(model.item_noise[draw, item])


@inlined()
def _latent(model, draw, user, item):
    latent = (
        model.global_mean[draw]
        + np.float64(model.user_bias[draw, user])
        + np.float64(model.item_bias[draw, item])
    )
    return latent + np.float64(_product(model.user_factors[draw, user], model.item_factors[draw, item]))


@shared()
def pair_draws(model, users, items, out):
    """Write what each draw of a Posterior expects of each pair of indexes (n,) to `out` (n,
    n_draws), float64.
    """
    for pair in range(users.size):
        u, i = users[pair], items[pair]
        for draw in range(model.global_mean.size):
            latent, scale = _latent(model, draw, u, i), _scale(model, draw, u, i)
            out[pair, draw] = expected(
                latent, scale, model.link, model.bounds, model.levels, model.cutpoints[draw]
            )


@kernel()
def pair_below(model, users, items, out):
    """Write P(rating <= level_j) of each pair for all levels but the last to `out` (n, n_levels -
    1): the mean over draws of `Phi((cut_j - z) / scale)`. The arguments are those of `pair_draws`.
    """
    n_draws = model.global_mean.size
    for pair in range(users.size):
        u, i = users[pair], items[pair]
        out[pair, :] = 0.0
        for draw in range(n_draws):
            latent, scale = _latent(model, draw, u, i), _scale(model, draw, u, i)
            for j in range(out.shape[1]):
                out[pair, j] += normal_cdf((model.cutpoints[draw, j] - latent) / scale)
        for j in range(out.shape[1]):
            out[pair, j] /= n_draws


@kernel(fastmath={"contract"})
def block_moments(model, users, level, values, order, item_bias, mean, sd):
    """Write mean and sd over draws of all packed items for some users, a tile at a time.

    Sums are taken of the differences to the first draw, so that float32 is enough for them.

    Parameters
    ----------
    model : Posterior
    users : ndarray of shape (m,), int64
    level : ndarray of shape (n_draws, m), float32
        `mu_d + b_u` of these users.
    values, order : the fields of `palate.kernels.topn.ItemPanels`
    item_bias : ndarray of shape (n_draws, order.size), float32
        In the order of the panels.
    mean, sd : ndarray of shape (m, n_items), float32
        Entries of items that are not packed are left as they are.
    """
    n_draws, _, n_factors = model.user_factors.shape
    link, bounds, levels = model.link, model.bounds, model.levels
    depth, share = n_draws * n_factors + 1, np.float32(n_draws)
    panels, norm = np.empty(TILE_ROWS * depth, dtype=np.float32), np.empty(TILE_ROWS, dtype=np.float64)
    size = TILE_ROWS * TILE_COLUMNS
    tile, shift = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.float32)
    total, squares = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.float32)
    for first in range(0, users.size, TILE_ROWS):
        members = users[first : first + TILE_ROWS]
        _pack_users(model.user_factors, members, panels, norm)
        for column in range(0, order.size, TILE_COLUMNS):
            total[:], squares[:] = np.float32(0.0), np.float32(0.0)
            for draw in range(n_draws):
                cuts = model.cutpoints[draw]
                user_at, item_at = draw * n_factors * TILE_ROWS, column * depth + draw * n_factors * LANES
                fill_tile(tile, panels, user_at, values, item_at, depth, n_factors)
                for r in range(members.size):
                    own = level[draw, first + r]
                    for c in range(TILE_COLUMNS):
                        at = r * TILE_COLUMNS + c
                        value = share * tile[at] + (own + item_bias[draw, column + c])
                        if link != IDENTITY:
                            scale = _scale(model, draw, members[r], max(order[column + c], 0))
                            value = np.float32(expected(np.float64(value), scale, link, bounds, levels, cuts))
                        if draw == 0:
                            shift[at] = value
                        away = value - shift[at]
                        total[at] += away
                        squares[at] += away * away
            for r in range(members.size):
                for c in range(TILE_COLUMNS):
                    item = order[column + c]
                    if item >= 0:
                        at = r * TILE_COLUMNS + c
                        away = total[at] / share
                        mean[first + r, item] = shift[at] + away
                        sd[first + r, item] = math.sqrt(
                            max(squares[at] / share - away * away, np.float32(0.0))
                        )


@kernel()
def expected_of(latent, link, bounds, levels, cuts, out):
    """Write the expected rating of each latent value of one draw, shape (m, n), float32, where the
    noise is 1; NaN stays NaN.
    """
    for row in range(latent.shape[0]):
        for column in range(latent.shape[1]):
            value = np.float64(latent[row, column])
            out[row, column] = value if np.isnan(value) else expected(value, 1.0, link, bounds, levels, cuts)


def moments_reference(latent, link, bounds, levels, cutpoints, scale=1.0):
    """Return (mean, sd) of latent values of shape (n_draws, ...) with noise of these scales, in NumPy."""
    if link == IDENTITY:
        stars = latent
    elif link == BOUNDED:
        stars = bounds[0] + (bounds[1] - bounds[0]) / (1 + np.exp(-latent))
    else:
        erfc = np.vectorize(math.erfc)
        below = [
            erfc((cutpoints[:, j].reshape(-1, *[1] * (latent.ndim - 1)) - latent) / scale / math.sqrt(2)) / 2
            for j in range(len(levels) - 1)
        ]
        stars = levels[0] + sum(step * share for step, share in zip(np.diff(levels), below, strict=True))
    return stars.mean(axis=0), stars.std(axis=0)
