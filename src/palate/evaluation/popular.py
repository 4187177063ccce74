"""The simplest recommender: what most people rated, ever or lately."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary
from palate.factors.factors import Factors
from palate.factors.item_index import HoldsDerived
from palate.factors.likelihood.normal import Gaussian
from palate.factors.parts import OfFactors
from palate.factors.sides import FactorSide
from palate.solve.grades import popularity
from palate.solve.strengths import ridge_prior


@dataclass(frozen=True, eq=False, kw_only=True)
class MostPopular(OfFactors, HoldsDerived):
    """A scorer that ranks items by their number of ratings, for everyone alike.

    With a half-life it ranks them by how often they were rated lately.

    It stands beside every model in an evaluation, because many a published recommender does not
    beat it. Its scores are no ratings, so it has no RMSE.

    Parameters
    ----------
    users, items : Vocabulary
    ratings : RatingMatrix
        What each user has rated, which is not recommended again.
    counts : ndarray of shape (n_items,), int64 or float64
        What items are ranked by.
    catalog : Catalog, optional
    frame_kind : str, default "polars"

    Examples
    --------
    >>> from palate import Ratings
    >>> popular = MostPopular.of(Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [4, 2, 3]))
    >>> popular.score_items(np.array([0])).tolist()
    [[2.0, 1.0]]
    """

    users: Vocabulary
    items: Vocabulary
    ratings: RatingMatrix
    counts: np.ndarray
    catalog: Catalog | None = None
    frame_kind: str = "polars"

    scale = None

    @classmethod
    def of(cls, ratings: Ratings, half_life: float | None = None, min_ratings: int = 1) -> "MostPopular":
        """Return the scorer that counts these ratings.

        With a `half_life`, in the unit of their timestamps, a rating so much older than the last
        one counts half, and items with fewer than `min_ratings` come after all others.
        """
        matrix = RatingMatrix.from_ratings(ratings)
        counts = matrix.item_counts()
        if half_life is not None:
            times = ratings.timestamp
            counts = popularity(ratings.item_index, ratings.n_items, times, half_life, min_ratings)
        return cls(
            users=ratings.users,
            items=ratings.items,
            ratings=matrix,
            counts=counts,
            frame_kind=ratings.frame_kind,
        )

    def with_users(self, users: Vocabulary, ratings: RatingMatrix) -> "MostPopular":
        """Return the same scorer for other users, who have rated what `ratings` says."""
        return replace(self, users=users, ratings=ratings)

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return the number of ratings of each item of `item_index`, float32; 0 for -1.

        The users in `user_index` make no difference.
        """
        item = np.asarray(item_index)
        return np.where(item >= 0, self.counts[item], 0).astype(np.float32)

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the number of ratings of all items, float32, once for each of `user_index`."""
        return np.repeat(self.counts.astype(np.float32)[None], len(user_index), axis=0)

    @cached_property
    def factors(self) -> Factors:  # type: ignore[override]
        """A factorization without factors: the exact kernel ranks it, which passes over blocks of items."""
        prior = ridge_prior(0, l2=0.0, l2_bias=1.0)
        user, item = (np.zeros((1, len(ids), 0), np.float32) for ids in (self.users, self.items))
        nothing, counts = np.zeros((1, len(self.users)), np.float32), self.counts.astype(np.float32)[None]
        return Factors(
            user=FactorSide(name="user", factors=user, bias=nothing, prior=prior),
            item=FactorSide(name="item", factors=item, bias=counts, prior=prior),
            mean=np.zeros(1),
            likelihood=Gaussian(),
        )
