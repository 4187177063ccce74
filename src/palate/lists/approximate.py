"""The approximate top n of large catalogs: candidates from an index, ranked by their exact scores."""

import os
from itertools import pairwise
from typing import cast

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Words
from palate._parallel import even_bounds
from palate.factors.factors import FactorScorer
from palate.factors.inner_products import user_rows
from palate.factors.item_index import of_items
from palate.lists.pool import Pool
from palate.lists.popular import with_most_popular
from palate.lists.ranking import best_of, rank_among
from palate.lists.search_index import SearchIndex, check_searchable, index_at
from palate.scorer import HasFactors, Ranking, Scorer, has_members

SEARCH, APPROXIMATE, EXACT = "search", "approximate", "exact"
Approximate = bool | str | os.PathLike[str]
FIRST = 128  # candidates of a list at first; four times as many each time that too few of them are left
SPARE = 4  # and at least so many for each place of the list
EXACT_FROM = 32  # a search for one in so many of the items costs more than ranking all of them
USERS_PER_CHUNK = 1024


def check_approximate(scorer: Scorer, approximate: object, **others: object) -> bool:
    """Return whether lists are to be approximate.

    Other arguments that need the scores of all items, and models without vectors, raise an error.
    """
    if approximate is False:
        return False
    if approximate is not True and not isinstance(approximate, str | os.PathLike):
        got = type(approximate).__name__
        raise ArgumentTypeError("approximate", "be True, False or the path of an index", got)
    for name, value in others.items():
        if value:
            raise ArgumentError(name, Words.of("be left out with `approximate=`"), f"{value!r}")
    if not has_members(scorer, HasFactors):
        must = "be left out for a model whose scores are not products of short vectors"
        advice = (
            "Train a model of factors: `palate.LeastSquares`, or `palate.Spectral` for what people choose."
        )
        raise ArgumentError("approximate", must, advice=Words.of(advice))
    check_searchable(cast(FactorScorer, scorer))
    return True


def rank_approximately(
    scorer: Scorer, user_index: np.ndarray, n: int, approximate: Approximate, pool: Pool
) -> tuple[Ranking, np.ndarray]:
    """Return about the top n of each user, and for which users they are exact, bool.

    The index gives candidates. Those that are allowed and not seen are ranked by their exact
    scores. Users with too few of them get more candidates. In the end, or if few items are allowed,
    all items are ranked exactly.

    Parameters
    ----------
    scorer : FactorModel
    user_index, n
        As in `palate.lists.ranking.rank`.
    approximate : True or path
        Of the index, which is built and written if it is not there. True keeps one in the model.
    pool : Pool
        What may be ranked, the highest scores first.
    """
    model, users = cast(FactorScorer, scorer), np.ascontiguousarray(user_index, dtype=np.int64)
    n_allowed = pool.size(len(model.items))
    n = min(n, n_allowed)
    out = Ranking.empty(len(users), n)
    exact = np.ones(len(users), bool)
    width = max(FIRST, -(-SPARE * n * len(model.items) // max(1, n_allowed)))
    most = len(model.items) // EXACT_FROM
    while width <= most and exact.any() and n:
        index = _index_of(model, approximate, pool.threads)
        for at in _chunks(np.flatnonzero(exact)):
            found, full = _best(model, index, users[at], n, width, pool)
            out.items[at[full]], out.scores[at[full]] = found.items[full], found.scores[full]
            exact[at[full]] = False
        width *= 4
    if exact.any():
        rest = rank_among(model, users[exact], n, pool)
        out.items[exact], out.scores[exact] = rest.items, rest.scores
    return with_most_popular(model, users, out, pool), exact


def _index_of(model: FactorScorer, approximate: Approximate, threads: int | None) -> SearchIndex:
    """Return the index, which is built or read once."""
    if approximate is True:
        return of_items(model, "search index", SearchIndex.build)
    path = os.path.abspath(os.fsdecode(cast(str, approximate)))
    return of_items(model, ("search index", path), lambda source: index_at(path, source, threads))


def _chunks(places: np.ndarray) -> list[np.ndarray]:
    return [places[first:last] for first, last in pairwise(even_bounds(len(places), USERS_PER_CHUNK))]


def _best(
    model: FactorScorer, index: SearchIndex, users: np.ndarray, n: int, width: int, pool: Pool
) -> tuple[Ranking, np.ndarray]:
    """Return the n best of about `width` candidates of each user, and who has n of them."""
    items = index.nearest(user_rows(model, users), width, pool.threads)
    left = items >= 0
    if pool.mask.size:
        left &= pool.mask[items]
    for at, user in enumerate(users):
        left[at] &= ~np.isin(items[at], pool.seen_by(user))
    scores = np.full(items.shape, np.nan, np.float32)
    scores[left] = model.score_pairs(users[np.nonzero(left)[0]], items[left])
    left &= ~np.isnan(scores)
    return best_of(items.astype(np.int32), scores, n), left.sum(axis=1) >= n
