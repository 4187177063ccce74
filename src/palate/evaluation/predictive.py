"""What a model predicted about ratings that are known: intervals, PIT and scores."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from palate._random import Stream, key_of
from palate.factors.factors import FactorScorer
from palate.factors.pairs import Pairs
from palate.factors.temporal_scores import in_units_of, knows_time, over_times
from palate.factors.uncertainty import standard_errors


@dataclass(frozen=True, eq=False, kw_only=True)
class PredictiveScores:
    """The predicted distribution of each rating, compared with the rating.

    Parameters
    ----------
    central : ndarray of shape (n,), float64
        Share of the smallest central interval that holds the rating: it is inside all intervals of
        a larger share. For an ordinal model it comes from the randomised PIT, since a whole star is
        more than any share of the distribution.
    pit : ndarray of shape (n,), float64
        Probability that was given to lower ratings, randomised within the rating's own where
        ratings are discrete: uniform on [0, 1] if the predicted distributions are right.
    log_score, crps : ndarray of shape (n,), float64
        Minus the logarithm of the density (of the probability, for an ordinal model); continuous
        ranked probability score in stars.
    mean, sd : ndarray of shape (n,), float64
        What was expected, and how unsure that was.
    widths : dict of float to ndarray of shape (n,)
        Share to the widths of the intervals of one rating.
    """

    central: np.ndarray
    pit: np.ndarray
    log_score: np.ndarray
    crps: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    widths: dict[float, np.ndarray]


def predictive_scores(
    model: FactorScorer,
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    shares: tuple[float, ...],
    seed: int,
    threads: int | None,
    times: np.ndarray | None = None,
) -> PredictiveScores:
    """Return the predicted distributions at these ratings: intervals, PIT and scores.

    Parameters
    ----------
    model : FactorModel
        That knows the spread of a rating.
    users, items : ndarray of shape (n,), int
        Known ones.
    values : ndarray of shape (n,)
        The ratings.
    shares : tuple of float
        Of the intervals whose widths are wanted.
    seed : int
        Seed of the randomized PIT.
    threads : int, optional
    times : ndarray of shape (n,), int64, optional
        When the ratings were given, where they and the model have times.
    """
    uniform = _uniforms(seed, len(values))
    if times is None or not knows_time(model):
        return _scores_now(model, users, items, values, uniform, shares, threads)

    times = in_units_of(model, times, "the test's timestamps")
    ask = partial(_scores_now, shares=shares, threads=threads)
    parts = over_times(model, users, items, times, ask, values, uniform)
    return PredictiveScores(
        widths={share: np.concatenate([part.widths[share] for part in parts]) for share in shares},
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("central", "pit", "log_score", "crps", "mean", "sd")
        },
    )


def _scores_now(
    model: FactorScorer,
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    uniform: np.ndarray,
    shares: tuple[float, ...],
    threads: int | None,
) -> PredictiveScores:
    """Return what `predictive_scores` does of a model at one time."""
    mean = np.asarray(model.score_pairs(users, items), dtype=np.float64)
    sd = standard_errors(model, users, items, threads)
    pairs = Pairs.of(model, users, items, threads)
    scores = model.likelihood.scores(pairs, values, sd, uniform)
    return PredictiveScores(
        central=np.abs(2 * scores.below - 1),
        pit=scores.pit,
        log_score=scores.log_score,
        crps=scores.crps,
        mean=mean,
        sd=sd,
        widths=model.likelihood.interval_widths(pairs, sd, shares),
    )


def _uniforms(seed: int, n: int) -> np.ndarray:
    """Return one random number for each rating that depends on the seed and its place alone."""
    from palate.kernels.calibration import uniforms

    out = np.empty(n)
    uniforms(key_of(seed, 0, Stream.PREDICTIVE), out)
    return out
