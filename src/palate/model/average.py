"""The average of several models of the same users and items, each of which becomes a draw."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from palate._checks import ArgumentError
from palate.factors.row_precision import RowNoise
from palate.factors.temporal import TimeContext
from palate.model.factor_model import FactorModel
from palate.solve.features import FeatureLink
from palate.solve.prior import RowPrior


def average(models: Sequence[FactorModel]) -> FactorModel:
    """Return a model that predicts the mean of the predictions of several models.

    The models must have the same users and items.

    Fits that start from different vectors end in different optima, whose errors partly cancel.
    Catalog, ratings, history and hyper-parameters are those of the first.

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
            raise ValueError(
                "models must have the same users, items and number of factors; fit them to the same ratings."
            )
        if type(other.likelihood) is not type(first.likelihood) or not _same_levels(
            other.levels, first.levels
        ):
            raise ValueError("models must have the same link and levels; fit them by one trainer.")
    for other in models[1:]:
        if other.scale != first.scale:
            raise ArgumentError("models", "have one rating scale", f"{_scale(first)} and {_scale(other)}")
    if any(model.fold is not None for model in models):
        raise ValueError(
            "models of choices, whose users are sums over their items, cannot be averaged; one fit is "
            "exact and others would be the same."
        )
    return replace(
        first,
        user_factors=np.concatenate([model.user_factors for model in models]),
        item_factors=np.concatenate([model.item_factors for model in models]),
        user_bias=np.concatenate([model.user_bias for model in models]),
        item_bias=np.concatenate([model.item_bias for model in models]),
        global_mean=np.concatenate([model.global_mean for model in models]),
        user_prior=_stacked([model.user_prior for model in models]),
        item_prior=_stacked([model.item_prior for model in models]),
        cutpoints=_together([model.cutpoints for model in models]),
        noise_sd=_together(
            [model.noise_sd if model.n_draws > 1 else None for model in models]
        ),  # of posteriors only
        user_noise=_noise([model.user_noise for model in models]),
        item_noise=_noise([model.item_noise for model in models]),
        spread=None,
        user_link=_linked([model.user_link for model in models]),
        item_link=_linked([model.item_link for model in models]),
        context=_contexts([model.context for model in models]),
    )


def _scale(model: FactorModel) -> str:
    return "none" if model.scale is None else f"{model.scale[0]:g} to {model.scale[1]:g}"


def _same_levels(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def _together(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Return the draws of all models, or None when one has none."""
    known = [array for array in arrays if array is not None]
    return np.concatenate(known) if len(known) == len(arrays) else None


def _noise(noises: Sequence[RowNoise | None]) -> RowNoise | None:
    """Return the draws of all models' noise of rows.

    Raises
    ------
    ValueError
        If some have it and others do not.
    """
    known = [noise for noise in noises if noise is not None]
    if known and len(known) < len(noises):
        raise ValueError("models must all have a noise of their rows or none; fit them by one trainer.")
    if not known:
        return None
    return RowNoise(
        scale=np.concatenate([noise.scale for noise in known]),
        degrees=np.concatenate([noise.degrees for noise in known]),
        sitting=_together([noise.sitting for noise in known]),
    )


def _contexts(contexts: Sequence[TimeContext | None]) -> TimeContext | None:
    """Return the draws of what all models know of time.

    Raises
    ------
    ValueError
        If they know of other eras or sittings, as models of other ratings do.
    """
    known = [context for context in contexts if context is not None]
    if not known:
        return None
    first = known[0]
    same = all(
        np.array_equal(first.edges, other.edges)
        and np.array_equal(first.home, other.home)
        and np.array_equal(first.sittings.begin, other.sittings.begin)
        and np.array_equal(first.sittings.end, other.sittings.end)
        and np.array_equal(first.sittings.indptr, other.sittings.indptr)
        for other in known[1:]
    )
    if len(known) < len(contexts) or not same:
        raise ValueError(
            "models must know the same eras and sittings, or nothing of time; fit them to the same "
            "training ratings: with validation=0, or the same "
            "validation Ratings."
        )
    return replace(
        first,
        user_shift=np.concatenate([context.user_shift for context in known]),
        item_shift=np.concatenate([context.item_shift for context in known]),
        mood=np.concatenate([context.mood for context in known]),
    )


def _linked(links: Sequence[FeatureLink | None]) -> FeatureLink | None:
    """Return the draws of all models' features.

    Raises
    ------
    ValueError
        If the models know different features.
    """
    known = [link for link in links if link is not None]
    named = {
        tuple((group.name, group.kind, group.values, group.edges) for group in link.groups) for link in known
    }
    if not known:
        return None
    if len(known) < len(links) or len(named) > 1:
        raise ValueError("models must have the same features; fit them by one trainer.")
    together = zip(*(link.groups for link in known), strict=True)
    return FeatureLink(
        tuple(
            replace(groups[0], weights=np.concatenate([group.weights for group in groups]))
            for groups in together
        )
    )


def _stacked(priors: list[RowPrior]) -> RowPrior:
    return replace(
        priors[0],
        precision=np.concatenate([prior.precision for prior in priors]),
        mean=np.concatenate([prior.mean for prior in priors]),
    )
