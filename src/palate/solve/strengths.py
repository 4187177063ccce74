"""Penalties that are not given as numbers: "auto", and those in Keras' units."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from palate.solve.prior import RowPrior

AUTO = "auto"
# In units of the standard deviation of the ratings around their biases; the measurements are in
# docs/model.md, "Defaults". With features the distance of a row from the mean that they predict is
# penalized, which is shorter than its distance from 0.
_PLAIN = {"l2": 6.0, "scaling": 0.125, "per_rating": 0.03, "features": 20.0}
_FEATURED = {"l2": 7.0, "scaling": 0.125, "per_rating": 0.05, "features": 20.0}
# The value of a strength that is "auto" while another one is given.
_OTHERWISE = {"l2": 1.5, "scaling": 0.5, "per_rating": 0.0, "features": 100.0}


class Strengths(NamedTuple):
    """Strengths of the penalties on factors, as numbers.

    Attributes
    ----------
    l2_user, l2_item : float
        Penalty on the factors of a user, and of an item. It is multiplied by the number of ratings
        of the row to the power of `l2_scaling`.
    l2_scaling : float
        Exponent of the number of ratings.
    l2_per_rating : float
        What each rating adds to the penalty on the factors of its user and its item.
    l2_features : float
        Penalty on the weights of features, relative to `l2_user` and `l2_item`.
    """

    l2_user: float
    l2_item: float
    l2_scaling: float
    l2_per_rating: float
    l2_features: float


def resolve_strengths(
    given: Mapping[str, float | str], residual_sd: float, *, featured: bool, ratings_alone: bool
) -> Strengths:
    """Return strengths as numbers: what is given, and a default for each that is "auto".

    The factor part of the objective is in the unit of the ratings, so the defaults must be too:
    ratings in [0, 100] need ten times the strength of the same ratings in [0, 10].

    Parameters
    ----------
    given : mapping of str to float or "auto"
        The fields of `Strengths`.
    residual_sd : float
        Standard deviation of the ratings around their biases.
    featured : bool
        Whether the rows of a side have features.
    ratings_alone : bool
        Whether only ratings are fitted, without unobserved pairs.
    """
    automatic = ratings_alone and all(given[name] == AUTO for name in Strengths._fields[:4])
    best = (_FEATURED if featured else _PLAIN) if automatic else _OTHERWISE
    l2, each = best["l2"] * residual_sd, best["per_rating"] * residual_sd
    defaults = Strengths(l2, l2, best["scaling"], each, best["features"])._asdict().items()
    return Strengths(*(default if given[name] == AUTO else float(given[name]) for name, default in defaults))


def sum_strengths(n_ratings: int, strengths: Mapping[str, float]) -> dict[str, float]:
    """Return Keras strengths as palate's: each times the number of training ratings.

    Keras' loss is the mean over a batch plus the penalty; palate's is the sum over the ratings plus
    the penalty.
    """
    return {name: float(value) * n_ratings for name, value in strengths.items()}


def ridge_prior(
    n_factors: int,
    *,
    l2: float,
    l2_bias: float,
    scaling: float = 0.0,
    bias: bool = True,
    l1_bias: float = 0.0,
    dropout: float = 0.0,
    unobserved_weight: float = 0.0,
    imputed: float = 0.0,
    l2_per_rating: float = 0.0,
) -> RowPrior:
    """Return the prior of a penalised point estimate: mean 0, and the penalties as precision.

    `l2` is that of the factors, to which each rating adds `l2_per_rating`, and `l2_bias` that of
    the bias. `dropout` is the rate of dropout on both factors.
    """
    if l2 == 0 and l2_per_rating:  # in proportion to the ratings alone
        l2, scaling, l2_per_rating = l2_per_rating, 1.0, 0.0
    diagonal = np.full(n_factors + 1, l2, np.float32)
    diagonal[-1] = l2_bias
    return RowPrior(
        precision=np.diag(diagonal)[None],
        mean=np.zeros((1, n_factors + 1), np.float32),
        scaling=scaling,
        bias=bias,
        l1_bias=l1_bias,
        dropout=1.0 / (1.0 - dropout) ** 2 - 1.0,
        unobserved_weight=unobserved_weight,
        imputed=imputed,
        per_rating=l2_per_rating / l2 if l2_per_rating else 0.0,
    )
