"""How far predictions are from ratings: one pair of figures for any scorer and any ratings."""

from dataclasses import dataclass

import numpy as np

from palate._checks import ArgumentError
from palate.data.ratings import Ratings
from palate.factors.temporal_scores import scores_at
from palate.scorer import Scorer


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Errors of predictions, in rating units.

    Parameters
    ----------
    rmse, mae : float
        Root of the mean squared error; mean absolute error.
    n : int
        Number of ratings.
    """

    rmse: float
    mae: float
    n: int


def errors(scorer: Scorer, ratings: Ratings, *, clip: bool = True) -> Errors:
    """Return the errors of a scorer's predictions of ratings it was not trained on.

    Parameters
    ----------
    scorer : Scorer
        Users and items it does not know are predicted from the mean and the known side's bias.
    ratings : Ratings
        At least one.
    clip : bool, default True
        Whether predictions outside the rating scale count as its ends.

    Raises
    ------
    ValueError
        If there are no ratings, or `clip` is asked of scores without a scale.

    Examples
    --------
    >>> from palate.training.baseline import Baseline
    >>> ratings = Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [5, 3, 4])
    >>> errors(Baseline(damping_user=1e9, damping_item=1e9).fit(ratings, validation=0), ratings)
    Errors(rmse=0.816..., mae=0.666..., n=3)
    """
    if not len(ratings):
        raise ArgumentError("errors", "be asked of at least one rating", "none")
    users = scorer.users.indices(ratings.users.values)[ratings.user_index]
    items = scorer.items.indices(ratings.items.values)[ratings.item_index]
    predicted = scores_at(scorer, users, items, ratings.timestamp).astype(np.float64)
    if clip:
        if scorer.scale is None:
            raise ArgumentError("clip", "be off for scores without a rating scale")
        predicted = np.clip(predicted, *scorer.scale)
    difference = predicted - ratings.value
    rmse, mae = np.sqrt(np.mean(difference**2)), np.mean(np.abs(difference))
    return Errors(rmse=float(rmse), mae=float(mae), n=len(ratings))
