"""Noise and scale of the standard errors of a least-squares fit, from a sample of its ratings."""

import numpy as np

from palate._random import Stream, key_of
from palate.solve.laplace import Half, Kept, pair_variances, spread_of
from palate.solve.prior import RowPrior
from palate.solve.rows import Side
from palate.training.training_data import Problem

SAMPLE = 4_000  # validation ratings that the scale is found on
LEVERAGE_SAMPLE = 400
MOST = 64  # ratings of a row that are looked at
LEAST_SPREAD = 1.0
_LEAST_SAMPLE = 20
_MOST_LEVERAGE = 0.9


def noise_and_spread(
    problem: Problem, users: Side, items: Side, priors: tuple[RowPrior, RowPrior], threads: int, seed: int
) -> tuple[float, float] | None:
    """Return the sd of a rating about its expectation, and the scale of the standard errors.

    Return None without validation ratings, or if a fit without a penalty leaves no noise to
    estimate.

    The noise is that of the training residuals, corrected for the leverage of each rating (how
    closely the fit follows it). With the scale, the standardised validation errors have variance 1.
    The scale is at least 1, because each block takes the other side as known, so that its variances
    are too small rather than too large.
    """
    user, item, values = problem.validation
    if len(values) < _LEAST_SAMPLE or problem.confidence is not None:
        return None
    halves = (
        Half(problem.by_user, users, items, priors[0], problem.mean, most=MOST),
        Half(problem.by_item, items, users, priors[1], problem.mean, most=MOST),
    )
    noise = _noise(problem, halves, threads, seed)
    if noise is None:
        return None
    chosen = _sample(len(values), SAMPLE, seed)
    user, item, values = user[chosen], item[chosen], values[chosen]
    kept = [Kept(half.floored(noise)) for half in halves]
    linear, product = pair_variances(kept[0], kept[1], user, item, threads)
    errors = np.square(values - problem.predict(user, item, users, items), dtype=np.float64)
    spread = spread_of(errors, noise * linear + noise**2 * product, noise)
    found = float(np.sqrt(noise)), max(LEAST_SPREAD, spread)
    return found if all(np.isfinite(figure) and figure > 0 for figure in found) else None


def _noise(problem: Problem, halves: tuple[Half, Half], threads: int, seed: int) -> float | None:
    """Return the variance of a rating of weight 1 about its expectation; None if it is nearly 0."""
    rows = problem.by_user
    train = _sample(problem.n_train, SAMPLE, seed)
    user, item = np.searchsorted(rows.indptr, train, side="right") - 1, rows.columns[train].astype(np.int64)
    errors = rows.values[train] - problem.predict(user, item, halves[0].side, halves[1].side)
    squares = np.square(errors, dtype=np.float64)
    if rows.weights.size:
        squares *= rows.weights[train]
    seen = float(squares.mean())
    if not (np.isfinite(seen) and seen > 1e-9):
        return None
    few = _sample(len(train), LEVERAGE_SAMPLE, seed)
    weight = rows.weights[train[few]] if rows.weights.size else 1.0
    kept = [Kept(half) for half in halves]
    leverage, _ = pair_variances(kept[0], kept[1], user[few], item[few], threads)
    mean = float(np.mean(weight * leverage))
    # Without a penalty, a row with fewer ratings than factors has no finite leverage, and the
    # noise cannot be estimated.
    return seen / (1 - min(mean, _MOST_LEVERAGE)) if np.isfinite(mean) else None


def _sample(n: int, size: int, seed: int) -> np.ndarray:
    """Return `size` of n places, ascending, each subset equally likely; all places if n is not larger."""
    from palate.kernels.random import mark_sample

    chosen = np.empty(n, bool)
    mark_sample(key_of(seed, 0, Stream.STANDARD_ERRORS), min(size, n), chosen)
    return np.flatnonzero(chosen)
