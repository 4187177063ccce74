"""What a model foretold of ratings that came out: how central each is, its PIT, its scores, and the
width of the intervals.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from palate._parallel import check_threads, even_bounds, run_chunks
from palate.factors.draws import (
    has_posterior,
    normal_quantile,
    pair_below,
    pair_centres,
    posterior_arrays,
)
from palate.factors.temporal_scores import in_units_of, knows_time, over_times
from palate.factors.uncertainty import interval_ends, pair_noise, standard_errors

MOST_DRAWS = 32  # of which the CRPS takes all pairs; more are thinned evenly
PAIRS_PER_CHUNK = 4096
MAX_LEVELS = 100
_STREAM = 13  # keeps these random numbers apart from all others


@dataclass(frozen=True, eq=False, kw_only=True)
class Foretold:
    """One entry for each rating that came out.

    Parameters
    ----------
    central : ndarray of shape (n,), float64
        Share of the smallest central interval that holds the rating: it is inside all intervals of
        a larger share. For an ordinal model it comes from the randomised PIT, since a whole star is
        more than any share of the distribution.
    pit : ndarray of shape (n,), float64
        Probability that was given to lower ratings, randomised within the rating's own where
        ratings are discrete: uniform on [0, 1] if what was foretold is right.
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


def foretell(
    model: Any,
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    shares: tuple[float, ...],
    seed: int,
    threads: int | None,
    times: np.ndarray | None = None,
) -> Foretold:
    """Return what a model foretold of these ratings.

    Parameters
    ----------
    model : FactorModel
        That knows the spread of a rating.
    users, items : ndarray of shape (n,), int
        Known ones.
    values : ndarray of shape (n,)
        The ratings that came out.
    shares : tuple of float
        Of the intervals whose widths are wanted.
    seed : int
        Of the randomised PIT.
    threads : int, optional
    times : ndarray of shape (n,), int64, optional
        When the ratings were given, where they and the model have times.
    """
    uniform = _uniforms(seed, len(values))
    if times is None or not knows_time(model):
        return _foretold(model, users, items, values, uniform, shares, threads)

    times = in_units_of(model, times, "the test's timestamps")

    def ask(then: Any, user_index: np.ndarray, item_index: np.ndarray, part: slice) -> Foretold:
        return _foretold(then, user_index, item_index, values[part], uniform[part], shares, threads)

    parts = over_times(model, users, items, times, ask)
    return Foretold(
        widths={share: np.concatenate([part.widths[share] for part in parts]) for share in shares},
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("central", "pit", "log_score", "crps", "mean", "sd")
        },
    )


def _foretold(
    model: Any,
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    uniform: np.ndarray,
    shares: tuple[float, ...],
    threads: int | None,
) -> Foretold:
    """Return what a model foretold, without asking for a time."""
    mean = np.asarray(model.score_pairs(users, items), dtype=np.float64)
    sd = standard_errors(model, users, items, threads)
    variance = np.zeros(0) if model.link == "ordinal" else _noise_variance(model, users, items)
    widths = {share: _widths(model, users, items, sd, variance, share, threads) for share in shares}
    if model.link == "ordinal":
        pit, log_score, crps = _ordinal(model, users, items, values, uniform, threads)
        below = pit
    else:
        below, pit, log_score, crps = _normal(model, users, items, values, sd, uniform, threads)
    central = np.abs(2 * below - 1)
    return Foretold(central=central, pit=pit, log_score=log_score, crps=crps, mean=mean, sd=sd, widths=widths)


def _noise_variance(model: Any, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the variance of one rating of each pair about what is expected, the mean over draws,
    in chunks that fit a cache.
    """
    bounds = even_bounds(len(users), PAIRS_PER_CHUNK)
    parts = [np.square(pair_noise(model, users[a:b], items[a:b])).mean(axis=1) for a, b in pairwise(bounds)]
    return np.concatenate([np.empty(0), *parts])


def _widths(
    model: Any,
    users: np.ndarray,
    items: np.ndarray,
    sd: np.ndarray,
    variance: np.ndarray,
    share: float,
    threads: int | None,
) -> np.ndarray:
    """Return the width of each interval: between levels, or of the normal with the mixture's
    variance, which is as wide within a thousandth.
    """
    if model.link == "ordinal":
        low, high = interval_ends(model, users, items, sd, sd, share, "rating", threads)
        return (high - low).astype(np.float64)
    return 2 * normal_quantile(share) * np.sqrt(sd**2 + variance)


def _ordinal(
    model: Any,
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    uniform: np.ndarray,
    threads: int | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from palate.kernels.calibration import discrete_scores

    levels = np.asarray(model.levels, dtype=np.float64)
    codes = np.searchsorted(levels, values)
    strange = (codes == len(levels)) | (levels[np.minimum(codes, len(levels) - 1)] != values)
    if strange.any():
        known = ", ".join(f"{level:g}" for level in levels)
        raise ValueError(
            f"test must hold ratings of the model's levels, {known}; got {values[strange][0]:g}."
        )
    cumulative = pair_below(model, users, items, threads)
    log_score, crps = np.empty(len(values)), np.empty(len(values))
    discrete_scores(cumulative, levels, codes, log_score, crps)
    edges = np.column_stack([np.zeros(len(values)), cumulative, np.ones(len(values))])
    low, high = np.take_along_axis(edges, np.column_stack([codes, codes + 1]), axis=1).T
    return low + uniform * (high - low), log_score, crps


def _normal(
    model: Any,
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    sd: np.ndarray,
    uniform: np.ndarray,
    threads: int | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return, of a mixture of normal distributions, one per draw: P(lower ratings), PIT, log score
    and CRPS.
    """
    from palate.kernels.calibration import mixture_scores

    edges = np.column_stack([values, _cells(model, values)])
    cdf, log_score, crps = np.empty(edges.shape), np.empty(len(values)), np.empty(len(values))
    n_draws = len(model.noise_sd)
    chosen = np.unique(np.linspace(0, n_draws - 1, min(MOST_DRAWS, n_draws)).round().astype(np.int64))
    numbers, arrays = values.astype(np.float64), posterior_arrays(model)
    if not has_posterior(model):
        chosen = np.zeros(1, dtype=np.int64)

    def run(start: int, stop: int) -> None:
        part = slice(start, stop)
        if has_posterior(model):
            centres = pair_centres(arrays, users[part], items[part])
            variances = np.square(pair_noise(model, users[part], items[part]))
        else:
            centres = np.asarray(model.score_pairs(users[part], items[part]), dtype=np.float64)[:, None]
            variances = (np.square(model.noise_sd).mean() + sd[part] ** 2)[:, None]
        variances = np.ascontiguousarray(variances)
        mixture_scores(
            centres, variances, numbers[part], edges[part], chosen, cdf[part], log_score[part], crps[part]
        )

    run_chunks(run, even_bounds(len(values), PAIRS_PER_CHUNK), check_threads(threads))
    below = cdf[:, 0]
    if edges.shape[1] == 1:
        return below, below, log_score, crps
    low, high = cdf[:, 1], cdf[:, 2]
    return below, low + uniform * (high - low), log_score, crps


def _cells(model: Any, values: np.ndarray) -> np.ndarray:
    """Return where each rating's share of the scale begins and ends, (n, 2): half-way to its
    neighbours, without bound beyond the lowest and the highest rating; (n, 0) where there are too
    many distinct ratings to be stars.
    """
    levels = model.levels if model.ratings is None else model.ratings.levels
    levels = np.unique(values if levels is None else np.concatenate([levels, values])).astype(np.float64)
    if len(levels) > MAX_LEVELS or len(levels) < 2:
        return np.empty((len(values), 0))
    bounds = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
    code = np.searchsorted(levels, values)
    return np.column_stack([bounds[code], bounds[code + 1]])


def _uniforms(seed: int, n: int) -> np.ndarray:
    """Return one random number for each rating that depends on the seed and its place alone."""
    from palate.kernels.calibration import uniforms
    from palate.kernels.random import key_of

    out = np.empty(n)
    uniforms(key_of(seed, 0, _STREAM), out)
    return out
