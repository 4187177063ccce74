"""The average of several models of the same users and items; each model becomes a draw."""

from collections.abc import Sequence

import numpy as np

from palate._checks import ArgumentError
from palate.factors.taking import stack
from palate.model.factor_model import FactorModel


def average(models: Sequence[FactorModel]) -> FactorModel:
    """Return a model that predicts the mean of the predictions of several models.

    The models must have the same users and items.

    Fits from different initial values end in different optima, whose errors partly cancel. Catalog,
    ratings, history and hyper-parameters are those of the first model.

    Parameters
    ----------
    models : sequence of FactorModel
        At least one, with equal vocabularies and numbers of factors.

    Raises
    ------
    ValueError
        If there is no model, or vocabularies, numbers of factors, scales, links or features differ.

    Examples
    --------
    >>> from palate import LeastSquares, Ratings
    >>> ratings = Ratings.from_arrays([1, 1, 2, 2, 3], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3])
    >>> both = average([LeastSquares(n_factors=2).fit(ratings, validation=0, seed=seed) for seed in (0, 1)])
    >>> both.n_draws
    2
    """
    if not models:
        raise ArgumentError("models", "hold at least one model", "none")
    first = models[0]
    for other in models[1:]:
        if other.users != first.users or other.items != first.items or other.n_factors != first.n_factors:
            must = "have the same users, items and number of factors"
            raise ValueError(f"models must {must}; fit them to the same ratings.")
        same_link = type(other.likelihood) is type(first.likelihood)
        if not same_link or not _same_levels(other.levels, first.levels):
            raise ValueError("models must have the same link and levels; fit them by one trainer.")
    for other in models[1:]:
        if other.scale != first.scale:
            raise ArgumentError("models", "have one rating scale", f"{_scale(first)} and {_scale(other)}")
    if any(model.fold is not None for model in models):
        raise ValueError("models of choices cannot be averaged, because all fits are equal.")
    # Only a posterior has draws of the noise; point estimates have not.
    known = {} if all(model.n_draws > 1 for model in models) else {"noise_sd": None}
    return stack(models, spread=None, **known)


def _scale(model: FactorModel) -> str:
    return "none" if model.scale is None else f"{model.scale[0]:g} to {model.scale[1]:g}"


def _same_levels(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))
