"""The simplest recommender: what most people rated, ever or lately."""

import numpy as np

from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.factors import Factors
from palate.factors.likelihood.normal import Gaussian
from palate.factors.sides import FactorSide
from palate.model.factor_model import FactorModel
from palate.solve.strengths import ridge_prior


def popular_model(
    users: Vocabulary, items: Vocabulary, ratings: RatingMatrix, counts: np.ndarray
) -> FactorModel:
    """Return a model without factors that ranks items by their counts, for everyone alike.

    It stands beside every model in an evaluation, because many a published recommender does not
    beat it. Its scores are no ratings, so it has no RMSE.

    Parameters
    ----------
    users, items : Vocabulary
    ratings : RatingMatrix
        What each user has rated, which is not recommended again.
    counts : ndarray of shape (n_items,), int64 or float64
        What items are ranked by.

    Examples
    --------
    >>> from palate import Ratings
    >>> ratings = Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [4, 2, 3])
    >>> matrix = RatingMatrix.from_ratings(ratings)
    >>> popular = popular_model(ratings.users, ratings.items, matrix, matrix.item_counts())
    >>> popular.score_items(np.array([0])).tolist()
    [[2.0, 1.0]]
    """
    prior = ridge_prior(0, l2=0.0, l2_bias=1.0, bias=False)
    user, item = (np.zeros((1, len(ids), 0), np.float32) for ids in (users, items))
    no_bias = np.zeros((1, len(users)), np.float32)
    factors = Factors(
        user=FactorSide(name="user", factors=user, bias=no_bias, prior=prior),
        item=FactorSide(name="item", factors=item, bias=counts.astype(np.float32)[None], prior=prior),
        mean=np.zeros(1),
        likelihood=Gaussian(),
    )
    return FactorModel(users=users, items=items, factors=factors, ratings=ratings)
