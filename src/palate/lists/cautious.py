"""The top n by the mean and its standard error, or by one draw of the posterior."""

from dataclasses import replace

import numpy as np

from palate._checks import ArgumentError, InPython, Setting, Words, check_number
from palate._parallel import check_threads, even_bounds, run_chunks
from palate._random import Stream, key_of
from palate.factors.draws import all_moments, check_spread, has_posterior, normal_quantile
from palate.factors.factors import FactorScorer
from palate.factors.taking import latent_order_differs, one_draw
from palate.factors.uncertainty import standard_errors
from palate.lists.pool import Pool
from palate.lists.ranking import best_of, rank_among
from palate.lists.screening import candidates
from palate.scorer import Ranking, Scorer

STEP = 16  # candidates visited before standard errors are computed; later, half of those visited before
FIRST = 48  # candidates ranked by the mean at first; four times as many each time they were too few
USERS_PER_CHUNK = 128
DENSE_FROM = 6  # all scores cost about as much as visiting one item in so many
DENSE_SCORES = 1 << 21  # scores of all items that stand in memory at once, in each thread
TILE_USERS = 4
EXPLORE = ("thompson",)


def check_caution(caution: float, explore: str | None) -> float:
    """Return the caution, 0 for none, if it and `explore` are in range and not given together."""
    check_number("caution", caution)
    if not -1 < caution < 1:
        advice = "0.8 ranks by the lower end of the 80 % interval, 0 by the mean."
        raise ArgumentError("caution", "be between -1 and 1, neither included", f"{caution:g}", advice)
    if explore is not None and explore not in EXPLORE:
        raise ArgumentError("explore", Words("be 'thompson'", InPython(" or None")), f"{explore!r}")
    if explore is not None and caution:
        must = Words("be 0 with ", Setting("explore", explore), ", which ranks by a draw")
        raise ArgumentError("caution", must, f"{caution:g}")
    return float(caution)


def rank_cautiously(model: Scorer, user_index: np.ndarray, n: int, caution: float, pool: Pool) -> Ranking:
    """Return the exact top n of each user by `mean - z sd`, with z from `normal_quantile` of the caution.

    Equal scores are in the order of the item indexes.

    The mean is that of the predictions and sd that of `palate.factors.uncertainty.standard_errors`.
    From 0 on, items are visited in the order of the mean until none behind can reach the n-th
    score; below 0, and for fewer than four users of a model with draws, all scores are computed, or
    bounds of them first.

    Parameters
    ----------
    model : FactorModel
        One that knows how sure it is.
    user_index : ndarray of shape (m,), int
    n : int
    caution : float
        In (-1, 1).
    pool : Pool
        What may be ranked; if ascending, the lowest `mean + z sd` first, cautious about what is
        said to be bad.

    Raises
    ------
    ValueError
        If the model has no standard errors.
    """
    factors = check_spread(model, "caution", f"{caution:g}", "0")
    users = np.ascontiguousarray(user_index, dtype=np.int64)
    n = min(n, pool.size(len(model.items)))
    z = normal_quantile(caution)
    out = Ranking.empty(len(users), n)
    if n == 0 or not len(users):
        return out

    def run(start: int, stop: int) -> None:
        part = slice(start, stop)
        # Passing over the vectors of all draws is most of the work for few users: it is done once for all
        # scores, but two to four times when candidates are visited in the order of the mean.
        few = has_posterior(factors) and stop - start < TILE_USERS
        if z >= 0 and not few:
            _walk(factors, users[part], z, pool, out.items[part], out.scores[part])
            return
        ranked = _screened if few and factors.likelihood.linear else _all
        found = ranked(factors, users[part], n, z, pool)
        out.items[part], out.scores[part] = found.items, found.scores

    size = min(USERS_PER_CHUNK, max(TILE_USERS, DENSE_SCORES // len(model.items)))
    run_chunks(run, even_bounds(len(users), size), check_threads(pool.threads))
    return Ranking(out.items, -out.scores) if pool.ascending else out


def _walk(
    model: FactorScorer, users: np.ndarray, z: float, pool: Pool, items: np.ndarray, scores: np.ndarray
) -> None:
    """Fill the top n of a chunk of users, visiting candidates in the order of the mean.

    If most items of a user would have to be visited, all scores are computed instead, which is
    faster.
    """
    from palate.kernels import cautious as kernel

    n = items.shape[1]
    size, done = np.zeros(len(users), dtype=np.int64), np.zeros(len(users), dtype=bool)
    first, width = 0, max(FIRST, 2 * n)
    most = len(model.items) // DENSE_FROM if has_posterior(model) else len(model.items)
    while not done.all() and (not first or width <= most):
        open_ = np.flatnonzero(~done)
        # one more than is visited: its mean decides whether to continue
        ranking = rank_among(model, users[open_], width + 1, replace(pool, threads=1))
        means = -ranking.scores if pool.ascending else ranking.scores
        n_ranked = ranking.items.shape[1]
        start, end = first, min(width, n_ranked)
        while start < end and len(rows := np.flatnonzero(~done[open_])):
            stop = min(start + max(STEP, start // 2), end)
            chosen = ranking.items[rows, start:stop]
            following = means[rows, stop] if stop < n_ranked else np.full(len(rows), np.nan, dtype=np.float32)
            sd = _spread(model, users[open_[rows]], chosen)
            state = [array[open_[rows]] for array in (items, scores, size, done)]
            kernel.walk(chosen, np.column_stack([means[rows, start:stop], following]), sd, z, *state)
            for array, changed in zip((items, scores, size, done), state, strict=True):
                array[open_[rows]] = changed
            start = stop
        first, width = width, 4 * width
    ended = [array[done] for array in (items, scores, size)]
    kernel.finish(*ended)
    items[done], scores[done] = ended[:2]
    if not done.all():
        rest = _all(model, users[~done], n, z, pool)
        items[~done], scores[~done] = rest.items, rest.scores


def _spread(model: FactorScorer, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the sd of each user's items, shape (m, width); 0 where there is no item."""
    sd = np.zeros(items.shape)
    there = items >= 0
    row, _ = np.nonzero(there)
    sd[there] = standard_errors(model, users[row], items[there].astype(np.int64), 1)
    return sd


def _all(model: FactorScorer, users: np.ndarray, n: int, z: float, pool: Pool) -> Ranking:
    """Return the top n of a chunk of users from the scores of all items.

    These scores are sums in float32, which are slightly less exact than the scores of pairs.
    Therefore more than n items are taken, and ranked by the scores of their pairs.
    """
    from palate.kernels.topn import top_of_scores

    if has_posterior(model):
        mean, sd = all_moments(model, users)
    else:
        mean = np.asarray(model.score_items(users), dtype=np.float32)
        sd = _spread(model, users, np.broadcast_to(np.arange(mean.shape[1]), mean.shape)).astype(np.float32)
    sign, width = -1 if pool.ascending else 1, min(2 * n + STEP, mean.shape[1])
    dense = (np.float32(sign) * mean - np.float32(z) * sd).astype(np.float32)
    chosen, scores = np.empty((len(users), width), np.int32), np.empty((len(users), width), np.float32)
    top_of_scores(dense, users, pool.mask, *pool.seen, chosen, scores)
    return _ordered(model, users, chosen, n, z, sign)


def _screened(model: FactorScorer, users: np.ndarray, n: int, z: float, pool: Pool) -> Ranking:
    """Return the same as `_all`, from exact scores of those items that pass the bounds."""
    left = [candidates(model, int(user), n, z, pool) for user in users]
    items = np.full((len(users), max(n, *map(len, left))), -1, np.int32)
    for row, own in enumerate(left):
        items[row, : len(own)] = own
    return _ordered(model, users, items, n, z, -1 if pool.ascending else 1)


def _ordered(
    model: FactorScorer, users: np.ndarray, items: np.ndarray, n: int, z: float, sign: int
) -> Ranking:
    """Return the first n of each user's items in the order of exact scores."""
    there, scores = items >= 0, np.full(items.shape, np.nan, np.float32)
    row, _ = np.nonzero(there)
    exact = np.asarray(model.score_pairs(users[row], items[there].astype(np.int64)), dtype=np.float64)
    scores[there] = sign * exact - z * _spread(model, users, items)[there]
    return best_of(items, scores, n)


def rank_by_draw(model: Scorer, user_index: np.ndarray, n: int, seed: int, pool: Pool) -> Ranking:
    """Return the top n of each user by one draw of the posterior, another for each user (Thompson sampling).

    Which draw it is depends on the seed and the user's place in the model alone, not on who else is
    asked for. Parameters as in `rank_cautiously`.

    Raises
    ------
    ValueError
        If the model holds no draws of a posterior.

    References
    ----------
    Thompson (1933), "On the likelihood that one unknown probability exceeds another in view of the
    evidence of two samples".
    """
    if not has_posterior(model):
        must = "be left out for a model without draws of a posterior"
        advice = Words.of("Train with `palate.Gibbs`, which keeps them.")
        raise ArgumentError("explore", must, "'thompson'", advice)
    users = np.ascontiguousarray(user_index, dtype=np.int64)
    draws = draws_of_users(users, len(model.user_factors), seed)
    out = Ranking.empty(len(users), min(n, pool.size(len(model.items))))
    for draw in np.unique(draws):
        mine = np.flatnonzero(draws == draw)
        found = rank_among(one_draw(model, int(draw)), users[mine], n, pool)
        out.items[mine], out.scores[mine] = found.items, _after_link(model, int(draw), found.scores)
    return out


def draws_of_users(users: np.ndarray, n_draws: int, seed: int) -> np.ndarray:
    """Return the number of the draw that each user is ranked by."""
    from palate.kernels.random import uniform

    key = key_of(seed, 0, Stream.EXPLORE)
    return np.array([int(uniform(key, int(user)) * n_draws) for user in users], dtype=np.int64)


def _after_link(model: FactorScorer, draw: int, latent: np.ndarray) -> np.ndarray:
    """Return latent values of one draw as ratings, float32."""
    if latent_order_differs(model.factors):
        return latent  # ratings already
    return model.likelihood.expected(latent, draw)
