"""Lists of two heads: what a user is likely to choose, and would rate highly having chosen it.

Items are ranked by `log P(chosen) + beta log P(rating >= t)`. The first is read off the place in
the choice head's ranking, the second off the star head's prediction and its noise. The second is at
most 0, so that nothing behind place m can score above `log P(chosen at m + 1)`: candidates are
visited in the order of the choice head until the n-th best score beats that bound. The top n are
exact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from palate.factors.draws import has_spread
from palate.heads.chance import ChanceByPlace
from palate.lists.cautious import rank_cautiously
from palate.lists.pool import Pool
from palate.lists.ranking import rank_among
from palate.scorer import Ranking, Scorer

Lowered = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # (users, items, mean) -> mean
FIRST = 64  # candidates visited at first; four times as many each time they were too few
_LEAST = 1e-12  # a probability that underflows counts as this


@dataclass(frozen=True, eq=False)
class Picked:
    """The top n of each user with what they are ranked by; -1, 0 and NaN where a user has fewer."""

    items: np.ndarray  # (n_users, n) int32
    scores: np.ndarray  # (n_users, n) float64
    places: np.ndarray  # (n_users, n) int64, places in the choice head's ranking, from 1

    @property
    def ranking(self) -> Ranking:
        """Items and scores alone."""
        return Ranking(self.items, self.scores.astype(np.float32))


def liked_log(mean: np.ndarray, noise: float, threshold: float) -> np.ndarray:
    """Return `log P(rating >= threshold)` of ratings with these means and this noise, float64.

    Examples
    --------
    >>> liked_log(np.array([4.0, 9.0]), 1.0, 4.0).round(3).tolist()
    [-0.693, -0.0]
    """
    from palate.kernels.predictive import normal_below

    edges = (threshold - np.asarray(mean, np.float64)[:, None]) / max(noise, 1e-6)
    below = np.empty_like(edges)
    normal_below(edges, below)
    return np.log(np.maximum(1 - below[:, 0], _LEAST))


def best_first(candidates: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the places of each row's candidates by score, highest first.

    Of equal scores the lower row number comes first. NaN, where there is no item, comes last.
    """
    return np.lexsort((candidates, -scores))


@dataclass(frozen=True, eq=False, kw_only=True)
class TwoHeads:
    """The two heads and how they are put together.

    Parameters
    ----------
    choice : Scorer
        Ranks items by how likely they are to be chosen.
    stars : Scorer or None
        Predicts ratings; of None the choice head alone decides.
    chance : ChanceByPlace
    beta : float
        Weight of being liked; 0 leaves the order of the choice head.
    liked_from : float
        The lowest rating that says that somebody liked an item.
    noise : float
        Standard deviation of one rating about its prediction.
    """

    choice: Scorer
    stars: Scorer | None
    chance: ChanceByPlace
    beta: float
    liked_from: float
    noise: float

    def pick(
        self, users: np.ndarray, n: int, pool: Pool, lowered: Lowered | None = None, caution: float = 0.0
    ) -> Picked:
        """Return the exact top n of each user among the items of a pool.

        `lowered(users, items, mean)` gives what to take for the mean instead, such as its lower
        confidence bound; it must not exceed it. With `caution` a choice head that knows how sure it
        is ranks by its own lower bound.
        """
        n_items = pool.size(len(self.choice.items))
        n = min(n, n_items)
        out = Picked(
            np.full((len(users), n), -1, np.int32),
            np.full((len(users), n), np.nan),
            np.zeros((len(users), n), np.int64),
        )
        open_, width = np.arange(len(users)), n if self._one_head else max(FIRST, 4 * n)
        while n and len(open_):
            width = min(width, n_items)
            found = self._first(users[open_], n, width, pool, lowered, caution)
            bound = self.chance.log(np.array([width + 1]))[0]
            last = np.where(np.isnan(found.scores[:, -1]), -np.inf, found.scores[:, -1])
            done = (last >= bound) | (width >= n_items) | self._one_head
            at = open_[done]
            out.items[at], out.scores[at] = found.items[done], found.scores[done]
            out.places[at] = found.places[done]
            open_, width = open_[~done], 4 * width
        return out

    def in_words(self, user: int, chances: np.ndarray) -> list[str]:
        """Return how likely a user is to choose items with these `chances`; empty texts if not known."""
        known = self._n_choices(np.array([user]))
        n_choices = None if known is None else int(known[0])
        return [self.chance.probability_in_words(float(chance), n_choices) for chance in chances]

    def _n_choices(self, users: np.ndarray) -> np.ndarray | None:
        """Return how many choices the choice head knows of each user; None if it has no ratings."""
        ratings: Any = self.choice.ratings
        return None if ratings is None else np.diff(ratings.indptr)[users]

    def chances(self, users: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return the probability that each user chooses the item at a place of the choice head, float32."""
        return self.chance.of(places, self._n_choices(users)).astype(np.float32)

    @property
    def _one_head(self) -> bool:
        return self.stars is None or self.beta == 0

    def _candidates(self, users: np.ndarray, width: int, pool: Pool, caution: float) -> np.ndarray:
        """Return the first `width` items of the choice head, by its lower bound where it has one."""
        if caution and has_spread(self.choice):
            return rank_cautiously(self.choice, users, width, caution, pool).items
        return rank_among(self.choice, users, width, pool).items

    def _first(
        self, users: np.ndarray, n: int, width: int, pool: Pool, lowered: Lowered | None, caution: float
    ) -> Picked:
        """Return the top n of each user among the first `width` of the choice head."""
        candidates = self._candidates(users, width, pool, caution)
        places = np.broadcast_to(np.arange(1, candidates.shape[1] + 1), candidates.shape)
        scores = np.where(candidates >= 0, self.chance.log(places), np.nan)
        if self.stars is not None and self.beta:
            row, column = np.nonzero(candidates >= 0)
            who, what = users[row], candidates[row, column].astype(np.int64)
            mean = np.asarray(self.stars.score_pairs(who, what), np.float64)
            if lowered is not None:
                mean = lowered(who, what, mean)
            scores[row, column] += self.beta * liked_log(mean, self.noise, self.liked_from)
        order = best_first(candidates, scores)[:, :n]
        taken = [np.take_along_axis(array, order, axis=1) for array in (candidates, scores, places)]
        return Picked(taken[0], taken[1], np.where(taken[0] >= 0, taken[2], 0))
