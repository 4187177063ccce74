"""The top n of many users, in indexes and scores: what every list of recommendations is made from."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from palate._checks import ArgumentError
from palate._parallel import at_most, check_threads, even_bounds, run_chunks
from palate.factors.draws import has_posterior
from palate.factors.item_index import item_panels, pack
from palate.factors.scores import user_constants
from palate.lists.pool import Pool
from palate.lists.popular import with_most_popular
from palate.lists.screening import candidates
from palate.scorer import Factored, Ranking, Scorer, is_factored, ranks_itself

if TYPE_CHECKING:
    from palate.kernels.topn import ItemPanels

USERS_PER_CHUNK = 2048
USERS_PER_TOP = 64  # of scores that are there already
COMPACT_FROM_USERS = 256  # from so many on, packing only the allowed items is faster than skipping others
SCREENED_USERS = 4  # for fewer users, and draws that do not fit the cache, bounds are computed first
SCREENED_BYTES = 1 << 24  # of the vectors of items in all draws
DENSE_SCORES = 1 << 21  # scores of a scorer without factors that stand in memory at once (8 MB)


def rank(
    scorer: Scorer,
    user_index: np.ndarray,
    n: int,
    *,
    allowed: np.ndarray | None = None,
    exclude_seen: bool = False,
    ascending: bool = False,
    threads: int | None = None,
) -> Ranking:
    """Return the exact top n items of each user.

    Items are ranked by score descending (the lowest first if `ascending`); equal scores by item index
    ascending; by popularity where a model of choices scores all items of a user alike. The result does
    not depend on the number of threads, nor on which users are asked for
    together.

    Parameters
    ----------
    scorer : Scorer
    user_index : ndarray of shape (m,), int
    n : int
        At least 1; the result has no more columns than there are allowed items.
    allowed : ndarray of shape (n_items,), bool, optional
        Which items may be ranked, for all users; all of them when None.
    exclude_seen : bool, default False
        Whether each user's own rated items are left out, held-out ones included. Needs `scorer.ratings`.
    ascending : bool, default False
        Rank the lowest scores instead.
    threads : int, optional
        All processors when None.

    Raises
    ------
    ValueError
        If `exclude_seen` is asked of a scorer without ratings.
    """
    users = np.ascontiguousarray(user_index, dtype=np.int64)
    return rank_among(scorer, users, n, Pool.of(scorer, allowed, exclude_seen, ascending, threads))


def rank_among(scorer: Scorer, users: np.ndarray, n: int, pool: Pool) -> Ranking:
    """Return the exact top n of each user among the items of a pool.

    Users for whom a model of choices scores every item alike have the most popular ones, unless the
    lowest scores are ranked.
    """
    n = min(n, pool.size(len(scorer.items)))
    if n == 0 or not len(users):
        return Ranking.empty(len(users), n)
    if ranks_itself(scorer) and not pool.ascending:
        return scorer.rank_items(users, n, pool.mask, pool.seen, pool.threads)
    if is_factored(scorer):
        found = _rank_factored(scorer, users, n, pool)
    else:
        found = rank_scores(scorer.score_items, len(scorer.items), users, n, pool)
    return found if pool.ascending else with_most_popular(scorer, users, found, pool)


def top_of_panels(
    user_factors: np.ndarray, users: np.ndarray, panels: "ItemPanels", n: int, pool: Pool
) -> Ranking:
    """Return the top n packed items of each user by the kernel `top_items`."""
    from palate.kernels.topn import top_items

    out = Ranking.empty(len(users), n)

    def run(start: int, stop: int) -> None:
        best, scores = out.items[start:stop], out.scores[start:stop]
        top_items(user_factors, users[start:stop], *panels, pool.mask, *pool.seen, best, scores)

    if n:
        run_chunks(run, even_bounds(len(users), USERS_PER_CHUNK), check_threads(pool.threads))
    return out


def _rank_factored(model: Factored, users: np.ndarray, n: int, pool: Pool) -> Ranking:
    some: np.ndarray | None = None
    if len(users) < SCREENED_USERS and has_posterior(model) and model.item_factors.nbytes >= SCREENED_BYTES:
        some = np.unique(np.concatenate([candidates(model, int(user), n, 0.0, pool) for user in users]))
    elif pool.mask.size and len(users) >= COMPACT_FROM_USERS:
        some = np.flatnonzero(pool.mask)
    if some is None:
        panels = item_panels(model, pool.ascending)
    else:
        panels, pool = pack(model, some, pool.ascending), replace(pool, mask=pool.mask[:0])
    ranking = top_of_panels(model.user_factors, users, panels, n, pool)
    scores = ranking.scores if not pool.ascending else -ranking.scores
    return Ranking(ranking.items, (scores + user_constants(model, users)[:, None]).astype(np.float32))


def best_of(items: np.ndarray, scores: np.ndarray, n: int) -> Ranking:
    """Return the n items of each row with the highest scores; NaN stands for no item, and comes last."""
    order = np.lexsort((items, -scores))[:, :n]
    return Ranking(np.take_along_axis(items, order, axis=1), np.take_along_axis(scores, order, axis=1))


def rank_scores(
    score_items: Callable[[np.ndarray], np.ndarray], n_items: int, users: np.ndarray, n: int, pool: Pool
) -> Ranking:
    """Return the top n of each user by what `score_items` gives, `DENSE_SCORES` at a time."""
    from palate.kernels.topn import top_of_scores

    out = Ranking.empty(len(users), n)
    size = max(1, DENSE_SCORES // n_items)
    for start in range(0, len(users), size):
        part = slice(start, start + size)
        with at_most(pool.threads):
            scores = np.ascontiguousarray(score_items(users[part]), dtype=np.float32)
        if scores.shape != (len(users[part]), n_items):
            wanted = (len(users[part]), n_items)
            raise ArgumentError("score_items", f"return an array of shape {wanted}", f"{scores.shape}")
        arrays = (-scores if pool.ascending else scores, users[part], out.items[part], out.scores[part])

        def run(first: int, last: int, arrays: tuple[np.ndarray, ...] = arrays) -> None:
            dense, own, items, best = (array[first:last] for array in arrays)
            top_of_scores(dense, own, pool.mask, *pool.seen, items, best)

        run_chunks(run, even_bounds(len(scores), USERS_PER_TOP), check_threads(pool.threads))
    return Ranking(out.items, -out.scores) if pool.ascending else out
