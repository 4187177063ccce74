"""The uncertainty of single pairs: standard errors, intervals and distributions.

There are two uncertainties. That of the mean is the uncertainty of the expected rating. That of a
rating also contains the noise of one rating. Models with draws of a posterior compute both from
their draws, and a least-squares model from its curvature (`palate.solve.laplace`).
"""

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, is_number
from palate.factors.draws import has_posterior, normal_quantile
from palate.factors.factors import FactorScorer
from palate.factors.pairs import Pairs

INTERVALS_OF = ("mean", "rating")
MAX_LEVELS = 100


def check_interval(interval: object, interval_of: str) -> float | None:
    """Return the share of an interval, None for none, if it and `interval_of` are in range."""
    if interval_of not in INTERVALS_OF:
        raise ArgumentError("interval_of", "be 'mean' or 'rating'", f"{interval_of!r}")
    if interval is None:
        return None
    if not is_number(interval):
        raise ArgumentTypeError("interval", "be a number between 0 and 1, or None", f"{interval!r}")
    if not 0 < interval < 1:
        must, advice = "be between 0 and 1, neither included", "0.8 is an 80 % interval."
        raise ArgumentError("interval", must, f"{interval:g}", advice)
    return float(interval)


def expected_ratings(
    model: FactorScorer, users: np.ndarray, items: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the mean over draws of the expected rating of each pair, after the link, float32.

    The index -1 is a row at its prior mean.
    """

    def mean(expected: np.ndarray, _: Pairs) -> np.ndarray:
        return np.asarray(expected.mean(axis=1), np.float32)

    return Pairs.of(model, users, items, threads).over_draws(mean)


def standard_errors(
    model: FactorScorer, users: np.ndarray, items: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the sd of what is expected of each pair, float64.

    Over draws, after the link, dividing by their number; for a point estimate the Laplace approximation.

    Parameters
    ----------
    model : FactorModel
    users, items : ndarray of shape (n,), int
        -1 is an unknown row, whose prior counts as what is not known of it.
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.

    Raises
    ------
    ValueError
        If the model has no standard errors.
    """
    if not has_posterior(model):
        from palate.factors.laplace import laplace_sd

        return laplace_sd(model, users, items, threads)
    pairs = Pairs.of(model, users, items, threads)
    return pairs.over_draws(lambda expected, _: expected.std(axis=1), prior_noise=True)


def interval_ends(
    model: FactorScorer,
    users: np.ndarray,
    items: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray,
    share: float,
    of: str,
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of each pair's central interval that holds this share, float32.

    Of the mean: `mean -+ z sd`, held within what the link can give. Of a rating: quantiles of its
    distribution over all draws; under the ordinal link these are levels.

    Parameters
    ----------
    model : FactorModel
    users, items : ndarray of shape (n,), int
    mean, sd : ndarray of shape (n,)
        Prediction and standard error.
    share : float
    of : {"mean", "rating"}
    threads : int, optional
    """
    if of == "mean":
        reach = normal_quantile(share) * sd
        low, high = mean - reach, mean + reach
        if model.likelihood.range is not None:
            low, high = (np.clip(end, *model.likelihood.range) for end in (low, high))
    else:
        pairs = Pairs.of(model, users, items, threads)
        low, high = model.likelihood.rating_interval(pairs, mean, sd, share)
    return low.astype(np.float32), high.astype(np.float32)


def rating_distribution(
    model: FactorScorer, users: np.ndarray, items: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the probability of each level for each pair, float64, shape (n, n_levels).

    Ordinal: the mean over draws of the levels' probabilities. Otherwise the probability that a
    rating, expected value plus normal noise, is nearest to that level, all beyond the lowest and
    the highest being theirs.

    Raises
    ------
    ValueError
        If the model knows no levels, or not how ratings spread about what it expects.
    """
    below = model.likelihood.below_levels(Pairs.of(model, users, items, threads))
    return np.diff(below, axis=1, prepend=0, append=1)


def known_levels(model: FactorScorer) -> np.ndarray | None:
    """Return the values a rating may have, ascending: the likelihood's, else those of the ratings, if any."""
    levels = model.likelihood.levels
    return model.ratings.levels if levels is None and model.ratings is not None else levels


def rating_levels(model: FactorScorer) -> np.ndarray:
    """Return the values a rating may have, ascending: the model's, else the distinct ones among its ratings.

    Raises
    ------
    ValueError
        If they are not known, or too many.
    """
    levels = known_levels(model)
    if levels is None or len(levels) > MAX_LEVELS:
        raise ValueError(
            f"predict_distribution needs a model with at most {MAX_LEVELS} rating levels; this one "
            f"has {'none' if levels is None else f'{len(levels):,}'}."
        )
    return np.asarray(levels)
