"""The top n of many users, in indexes and scores: what every list of recommendations is made from."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from palate._checks import ArgumentError, Setting, Words
from palate._parallel import check_threads, even_bounds, run_chunks
from palate.factors.draws import has_posterior
from palate.factors.item_index import item_panels, pack
from palate.factors.scores import user_constants
from palate.lists.popular import with_most_popular
from palate.lists.screening import candidates
from palate.scorer import Factored, Ranking, Scorer, is_factored, ranks_itself

if TYPE_CHECKING:
    from palate.kernels.topn import ItemPanels


USERS_PER_CHUNK = 2048
USERS_PER_TOP = 64  # of scores that are there already
COMPACT_FROM_USERS = (
    256  # from so many users on, packing the allowed items alone costs less than passing over the others
)
SCREENED_USERS = 4  # below so many users of draws that do not fit the cache, bounds come first
SCREENED_BYTES = 1 << 24  # of the vectors of items in all draws
DENSE_SCORES = 1 << 22  # scores of a scorer without factors that stand in memory at once (16 MB)


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
    mask = np.zeros(0, dtype=bool) if allowed is None or allowed.all() else np.ascontiguousarray(allowed)
    n_allowed = int(mask.sum()) if mask.size else len(scorer.items)
    n = min(n, n_allowed)
    seen = seen_rows(scorer, exclude_seen)
    if n == 0 or not len(users):
        return Ranking(np.empty((len(users), n), dtype=np.int32), np.empty((len(users), n), dtype=np.float32))
    return rank_among(scorer, users, n, mask, seen, ascending, threads)


def rank_among(
    scorer: Scorer,
    users: np.ndarray,
    n: int,
    mask: np.ndarray,
    seen: tuple[np.ndarray, np.ndarray],
    ascending: bool = False,
    threads: int | None = None,
) -> Ranking:
    """Return the exact top n of each user among the items of `mask` (all when empty) not in `seen`.

    Users for whom a model of choices scores every item alike have the most popular ones, unless
    `ascending`.
    """
    if ranks_itself(scorer) and not ascending:
        return scorer.rank_items(users, n, mask, seen, threads)
    if is_factored(scorer):
        found = _rank_factored(scorer, users, n, mask, seen, ascending, threads)
    else:
        found = rank_scores(scorer.score_items, len(scorer.items), users, n, mask, seen, ascending, threads)
    return found if ascending else with_most_popular(scorer, users, found, mask, seen)


def seen_rows(scorer: Scorer, exclude_seen: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return (indptr, items) of what each user has seen, or empty arrays when nothing is to be excluded."""
    if not exclude_seen:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
    if scorer.ratings is None:
        raise ValueError(
            Words(
                Setting("exclude_seen", True),
                " needs the ratings of the model, which was saved without them. Pass ",
                Setting("exclude_seen", False),
                ", or save the model with its ratings.",
            )
        )
    return scorer.ratings.indptr, scorer.ratings.items


def top_of_panels(
    user_factors: np.ndarray,
    users: np.ndarray,
    panels: "ItemPanels",
    n: int,
    mask: np.ndarray,
    seen: tuple[np.ndarray, np.ndarray],
    threads: int | None,
) -> Ranking:
    """Return the top n packed items of each user by the kernel `top_items`, whose arguments these are."""
    from palate.kernels import topn

    ranking = Ranking(np.empty((len(users), n), dtype=np.int32), np.empty((len(users), n), dtype=np.float32))

    order, norms, biases = panels.order, panels.block_norm, panels.block_bias
    indptr, items = seen

    def run(start: int, stop: int) -> None:
        best, scores = ranking.items[start:stop], ranking.scores[start:stop]
        topn.top_items(
            user_factors,
            users[start:stop],
            panels.values,
            order,
            norms,
            biases,
            mask,
            indptr,
            items,
            best,
            scores,
        )

    if n:
        run_chunks(run, even_bounds(len(users), USERS_PER_CHUNK), check_threads(threads))
    return ranking


def _rank_factored(
    model: Factored,
    users: np.ndarray,
    n: int,
    mask: np.ndarray,
    seen: tuple[np.ndarray, np.ndarray],
    ascending: bool,
    threads: int | None,
) -> Ranking:
    if len(users) < SCREENED_USERS and has_posterior(model) and model.item_factors.nbytes >= SCREENED_BYTES:
        own = [candidates(model, int(user), n, 0.0, mask, seen, ascending) for user in users]
        panels, mask = pack(model, np.unique(np.concatenate(own)), ascending), mask[:0]
    elif mask.size and len(users) >= COMPACT_FROM_USERS:
        panels, mask = pack(model, np.flatnonzero(mask), ascending), mask[:0]
    else:
        panels = item_panels(model, ascending)
    ranking = top_of_panels(model.user_factors, users, panels, n, mask, seen, threads)
    scores = ranking.scores if not ascending else -ranking.scores
    return Ranking(ranking.items, (scores + user_constants(model, users)[:, None]).astype(np.float32))


def rank_scores(
    score_items: Callable[[np.ndarray], np.ndarray],
    n_items: int,
    users: np.ndarray,
    n: int,
    mask: np.ndarray,
    seen: tuple[np.ndarray, np.ndarray],
    ascending: bool = False,
    threads: int | None = None,
) -> Ranking:
    """Return the top n of each user by what `score_items` gives, `DENSE_SCORES` at a time."""
    from palate.kernels.topn import top_of_scores

    out = Ranking(np.empty((len(users), n), dtype=np.int32), np.empty((len(users), n), dtype=np.float32))
    size = max(1, DENSE_SCORES // n_items)
    for start in range(0, len(users), size):
        part = slice(start, start + size)
        scores = np.ascontiguousarray(score_items(users[part]), dtype=np.float32)
        if scores.shape != (len(users[part]), n_items):
            wanted = (len(users[part]), n_items)
            raise ArgumentError("score_items", f"return an array of shape {wanted}", f"{scores.shape}")
        arrays = (-scores if ascending else scores, users[part], out.items[part], out.scores[part])

        def run(first: int, last: int, arrays: tuple[np.ndarray, ...] = arrays) -> None:
            dense, own, items, best = (array[first:last] for array in arrays)
            top_of_scores(dense, own, mask, *seen, items, best)

        run_chunks(run, even_bounds(len(scores), USERS_PER_TOP), check_threads(threads))
    return Ranking(out.items, -out.scores) if ascending else out
