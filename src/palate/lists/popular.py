"""The most popular items, for users of whose choices a model knows nothing.

A model of choices gives every item the same score if the user has no training ratings. The order of
such a list would be that of the item ids. The items are ranked by their numbers of training ratings
instead, and the list says so.
"""

from collections.abc import Mapping
from functools import partial
from typing import Protocol, cast

import numpy as np

from palate.data import columns as names
from palate.data.forks import filled
from palate.factors.item_index import item_table, of_items
from palate.factors.scores import item_biases
from palate.lists.pool import Pool
from palate.scorer import Factored, Ranking, Scorer, has_members, is_factored
from palate.solve.grades import MIN_RATINGS, popularity

# Field of the trainer of a model of choices: half-life of the popularity that new users get.
NEWCOMERS = "newcomers_half_life"


class SaysNothing(Protocol):
    """A scorer that can tell for which users all items have the same score."""

    def silent_about(self, user_index: np.ndarray) -> np.ndarray:
        """Return for which of `user_index` all items are scored alike, bool."""
        ...


def silent_about(scorer: Scorer, user_index: np.ndarray) -> np.ndarray:
    """Return for which users a model of choices scores every item alike, bool (n,).

    Ratings that are predicted alike say what is expected, and are in the order of the item ids; of
    scorers that do not tell nothing is assumed.
    """
    if has_members(scorer, SaysNothing):
        return cast(SaysNothing, scorer).silent_about(user_index)
    users = np.asarray(user_index, np.int64)
    if (
        scorer.scale is not None
        or not is_factored(scorer)
        or not of_items(scorer, "equal biases", _equal_biases)
    ):
        return np.zeros(len(users), bool)
    silent = ~scorer.user_factors[:, np.maximum(users, 0)].any(axis=(0, 2))
    of_unknown = not scorer.user_prior.mean[:, :-1].any()
    return np.where(users < 0, of_unknown, silent)


def training_counts(scorer: Scorer) -> np.ndarray:
    """Return how many training ratings each item has, int64; zeros if this is not known."""
    return of_items(scorer, "training counts", _counted)


def own_popularity(scorer: Scorer) -> np.ndarray | None:
    """Return the counts by which a scorer ranks items for users of whom it knows nothing.

    A model of popularity has counts for all users. Other models may have a half-life for new users
    (`NEWCOMERS`), with which recent ratings count more. None if a scorer has neither: items are
    then ranked by their numbers of ratings.
    """
    choice = getattr(scorer, "choice", scorer)
    trainer = getattr(choice, "trainer", None)  # hyper-parameters by name
    if isinstance(trainer, Mapping) and NEWCOMERS in trainer:
        count = partial(_counted_lately, half_life=float(trainer[NEWCOMERS]))
        lately: np.ndarray = of_items(choice, "popular lately", count)
        return lately
    if choice.scale is not None or not is_factored(choice) or choice.item_factors.shape[2]:
        return None
    return item_biases(choice, np.arange(len(choice.items)))


def counts_for_newcomers(scorer: Scorer) -> np.ndarray:
    """Return the counts by which items are ranked for users of whom nothing is known."""
    own = own_popularity(scorer)
    return training_counts(scorer) if own is None else own


def most_popular(scorer: Scorer, users: np.ndarray, n: int, pool: Pool) -> np.ndarray:
    """Return the n most popular items of a pool for each user, int32 (n_users, n).

    -1 stands where there are fewer.
    """
    order: np.ndarray = of_items(
        scorer,
        "by popularity",
        lambda source: np.argsort(-counts_for_newcomers(source), kind="stable").astype(np.int32),
    )
    if pool.mask.size:
        order = order[pool.mask[order]]
    out = np.full((len(users), n), -1, np.int32)
    for row, user in enumerate(users):
        hidden = pool.seen_by(user)
        first = order[: n + len(hidden)]
        left = first[~np.isin(first, hidden)][:n]
        out[row, : len(left)] = left
    return out


def with_most_popular(scorer: Scorer, users: np.ndarray, ranking: Ranking, pool: Pool) -> Ranking:
    """Return a ranking in which users of whom nothing is known have the most popular items.

    Their scores stay what they are, all alike.
    """
    silent = np.flatnonzero(silent_about(scorer, users))
    if not len(silent) or not ranking.items.shape[1]:
        return ranking
    items, scores = ranking.items.copy(), ranking.scores.copy()
    items[silent] = most_popular(scorer, users[silent], items.shape[1], pool)
    scores[silent] = np.where(items[silent] >= 0, scores[silent, :1], np.float32(np.nan))
    return Ranking(items, scores)


def _equal_biases(scorer: Factored) -> bool:
    """Return whether the biases of all items are equal, so that factors alone tell them apart."""
    biases = item_biases(scorer, np.arange(len(scorer.items)))
    return not len(biases) or not np.ptp(biases)


def _counted_lately(scorer: Scorer, half_life: float) -> np.ndarray:
    """Return counts in which recent ratings count more; plain counts if the model has no times."""
    if scorer.ratings is None or scorer.ratings.timestamp is None:
        return training_counts(scorer)
    kept = scorer.ratings.trained()
    return popularity(kept.items, len(scorer.items), kept.timestamp, half_life, MIN_RATINGS)


def _counted(scorer: Scorer) -> np.ndarray:
    ratings = scorer.ratings
    if ratings is not None:
        kept = ratings.items if ratings.held_out is None else ratings.items[~ratings.held_out]
        return np.bincount(kept, minlength=len(scorer.items))
    table = item_table(scorer)
    if names.N_RATINGS not in table.columns:
        return np.zeros(len(scorer.items), np.int64)
    return np.asarray(filled(table[names.N_RATINGS], 0).to_numpy(), np.int64)
