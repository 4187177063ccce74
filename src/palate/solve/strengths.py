"""Penalties that are not given as numbers: "auto", and those in Keras' units."""

from collections.abc import Mapping

import numpy as np

from palate.solve.prior import RowPrior

AUTO = "auto"
# With nu = 0.5 the best strength on MovieLens-small, MovieLens-1M, goodbooks-10k and MovieTweetings
# lies between 1.3 and 1.8 times the standard deviation of what the biases leave over
# (docs/model.md, "Defaults").
_AUTO_FACTOR = 1.5


def resolve_strength(strength: float | str, residual_sd: float) -> float:
    """Return a penalty as a number: "auto" is 1.5 times the sd of the ratings about their biases.

    The factor part of the objective is in the unit of the ratings, so the default must be too:
    ratings in [0, 100] need ten times the strength of the same ratings in [0, 10].
    """
    return _AUTO_FACTOR * residual_sd if isinstance(strength, str) else float(strength)


def sum_strengths(n_ratings: int, strengths: Mapping[str, float]) -> dict[str, float]:
    """Return Keras strengths as palate's: each times the number of training ratings.

    Keras' loss is the mean over a batch plus the penalty; palate's is the sum over the ratings plus
    the penalty.
    """
    return {name: float(value) * n_ratings for name, value in strengths.items()}


def dropout_weight(rate: float) -> float:
    """Return `1 / keep**2 - 1`, the weight of the marginalised dropout term.

    `rate` is that of dropout on both factors.
    """
    return 1.0 / (1.0 - rate) ** 2 - 1.0


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
    the bias.
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
        dropout=dropout_weight(dropout),
        unobserved_weight=unobserved_weight,
        imputed=imputed,
        per_rating=l2_per_rating / l2 if l2_per_rating else 0.0,
    )
