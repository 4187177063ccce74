"""The spread of the expected rating of a pair over the draws of a posterior."""

from statistics import NormalDist
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from palate._checks import ArgumentError, Words
from palate.factors.factors import Factors, FactorScorer, Uncertain
from palate.factors.item_index import item_panels, of_items
from palate.factors.row_precision import RowNoise
from palate.scorer import Scorer

if TYPE_CHECKING:
    from palate.kernels.moments import Posterior
    from palate.kernels.screening import ByteItems

PAIRS_PER_CHUNK = 1 << 14
ADVICE = Words.of("Train with `palate.Gibbs`, or by least squares with ratings held out and saved.")


def has_posterior(scorer: Scorer) -> TypeGuard[FactorScorer]:
    """Return whether a scorer has draws of a posterior, and not one fit or several."""
    return isinstance(scorer, Uncertain) and len(scorer.item_factors) > 1 and scorer.likelihood.knows_noise


def has_spread(scorer: Scorer) -> TypeGuard[FactorScorer]:
    """Return whether a scorer has standard errors, from draws or from the curvature at its optimum."""
    if not isinstance(scorer, Uncertain):
        return False
    return has_posterior(scorer) or (scorer.spread is not None and scorer.ratings is not None)


def knows_rating_spread(scorer: Scorer) -> TypeGuard[FactorScorer]:
    """Return whether a scorer can predict the interval of one rating."""
    return has_spread(scorer) and scorer.likelihood.knows_noise


def posterior_arrays(factors: Factors) -> "Posterior":
    """Return the draws of a factorization as the kernels of `palate.kernels.moments` take them."""
    from palate.kernels.moments import Posterior

    user, item = factors.user, factors.item
    fields = factors.likelihood.kernel_fields(factors.n_draws)
    return Posterior(
        user_factors=user.factors,
        item_factors=item.factors,
        user_bias=user.bias,
        item_bias=item.bias,
        global_mean=np.asarray(factors.mean, dtype=np.float64),
        user_noise=_scales(factors, user.noise),
        item_noise=_scales(factors, item.noise),
        **fields._asdict(),
    )


def _scales(factors: Factors, noise: RowNoise | None) -> np.ndarray:
    """Return the scale of the noise of each row in each draw.

    There are no columns where all scales are 1, or where they do not change the expected rating.
    """
    if noise is None or not factors.likelihood.noise_moves_mean:
        return np.zeros((factors.n_draws, 0), np.float32)
    return noise.total


def all_moments(model: FactorScorer, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and sd of the expected ratings of all items for each user, float32, (n, n_items).

    Both are NaN for items that are not finite.
    """
    from palate.kernels import moments

    arrays = posterior_arrays(model.factors)
    panels = item_panels(model)
    level = _levels(model.factors, users)
    ordered = of_items(model, "item biases of draws", _ordered_biases)
    shape = (len(users), len(model.items))
    mean, sd = (np.full(shape, np.nan, dtype=np.float32) for _ in range(2))
    moments.block_moments(arrays, users, level, panels.values, panels.order, ordered, mean, sd)
    return mean, sd


def bounded_scores(model: FactorScorer, user: int, sign: int, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds from below and above of `sign mean - z sd` of all items for a user, (n_items,) float32.

    They hold for a likelihood whose expected rating is the latent value. Both are NaN for items that
    are not finite.
    """
    from palate.kernels.screening import score_bounds

    items = of_items(model, "items in bytes", _in_bytes)
    user_side, n_draws = model.factors.user, model.factors.n_draws
    vectors = np.zeros((n_draws, items.values.shape[2]), np.float32)
    vectors[:, : user_side.factors.shape[2]] = user_side.factors[:, user]
    level = _levels(model.factors, np.array([user]))[:, 0]
    low, high = (np.empty(items.unit.shape[0] * items.unit.shape[2], np.float32) for _ in range(2))
    score_bounds(items, vectors, level, np.float32(sign), np.float32(z), low, high)
    return low[: len(model.items)], high[: len(model.items)]


def _in_bytes(model: FactorScorer) -> "ByteItems":
    from palate.kernels.screening import pack_bytes

    return pack_bytes(model.item_factors, model.item_bias)


def _levels(factors: Factors, users: np.ndarray) -> np.ndarray:
    """Return `mu_d + b_u` of some users, float32, shape (n_draws, n)."""
    mean = np.asarray(factors.mean, dtype=np.float64)[:, None]
    return (mean + factors.user.bias[:, users].astype(np.float64)).astype(np.float32)


def _ordered_biases(model: FactorScorer) -> np.ndarray:
    """Return the items' biases in all draws, in the order of the panels."""
    return np.ascontiguousarray(model.item_bias[:, np.maximum(item_panels(model).order, 0)])


def normal_quantile(share: float) -> float:
    """Return z of the central interval `mean -+ z sd` that holds this share of a normal distribution.

    It is below 0 for a share below 0.

    Examples
    --------
    >>> normal_quantile(0.0), round(normal_quantile(0.8), 3), round(normal_quantile(-0.8), 3)
    (0.0, 1.282, -1.282)
    """
    return NormalDist().inv_cdf((1 + share) / 2)


def check_spread(scorer: Scorer, argument: str, value: object, without: str) -> FactorScorer:
    """Return the scorer, if it has standard errors.

    Raises
    ------
    ValueError
        For the argument that needs to know it, if the scorer does not.
    """
    if not has_spread(scorer):
        raise ArgumentError(argument, f"be {without} for a model without standard errors", f"{value}", ADVICE)
    return scorer
