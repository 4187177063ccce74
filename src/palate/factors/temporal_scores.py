"""Predictions for a given time: users and items become rows of a small model at this time."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TypeGuard, TypeVar, cast

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Words
from palate._parallel import even_bounds
from palate.data.time_units import placed
from palate.data.times import are_dates, given_times
from palate.factors.factors import Factors, FactorScorer, Temporal
from palate.factors.row_precision import RowNoise
from palate.factors.scores import linear_scores, score_pairs
from palate.factors.taking import changed, take
from palate.factors.temporal import TimeContext
from palate.factors.uncertainty import known_levels
from palate.scorer import Scorer, is_factored

_ENOUGH = 1000  # sessions whose times tell the unit
PAIRS_PER_CHUNK = 1 << 16  # whose rows are gathered at a time
_ADVICE = Words.of("Train one with `palate.Gibbs` and `time='bins,sessions'` on ratings with timestamps.")
WITHOUT_TIME = Words(
    "this model cannot predict for a given time: it was trained without time, or it is already "
    "the model of one time. ",
    _ADVICE,
)

T = TypeVar("T")
S = TypeVar("S", bound=Scorer)


def knows_time(scorer: Scorer) -> TypeGuard[FactorScorer]:
    """Return whether a scorer can predict for a given time."""
    return isinstance(scorer, Temporal) and scorer.context is not None


def context_of(factors: Factors) -> TimeContext:
    """Return what a factorization knows of time.

    Raises
    ------
    ValueError
        If it knows nothing of time.
    """
    if factors.time is None:
        raise ValueError(WITHOUT_TIME)
    return factors.time


def check_times(scorer: Scorer, timestamps: object, n: int, what: str = "pairs") -> np.ndarray | None:
    """Return the time of each of n pairs (or `what` else), int64; None for None.

    A single pair may have many times.

    Raises
    ------
    TypeError, ValueError
        If they are no times or not as many, or the scorer knows nothing of time.
    """
    if timestamps is None:
        return None
    if not knows_time(scorer):
        raise ValueError(WITHOUT_TIME)
    times = given_times(timestamps)
    if len(times) not in (1, n) and n != 1:
        raise ArgumentError("timestamps", f"be one, or one for each of {n} {what}", f"{len(times)}")
    times = in_units_of(scorer, times, "timestamps", certain=are_dates(timestamps))
    return times if len(times) >= n else np.repeat(times, n)


def in_units_of(model: FactorScorer, times: np.ndarray, what: str, certain: bool = False) -> np.ndarray:
    """Return times in the unit of those that a model knows; see `palate.data.time_units.placed`."""
    context = context_of(model.factors)
    known = context.edges if len(context.edges) else context.sessions.begin[:_ENOUGH]
    return placed(times, known, what, certain)


def at_times(
    model: FactorScorer, users: np.ndarray, items: np.ndarray, times: np.ndarray
) -> tuple[FactorScorer, np.ndarray, np.ndarray]:
    """Return a model of the users asked about as they are at these times, and the pairs' positions in it.

    What the items are at a time is the same for all of them but for the user's own vector, and
    stands in the user's bias.

    Parameters
    ----------
    model : FactorModel
        That knows of time.
    users, items : ndarray of shape (n,), int
        -1 is an unknown row and stays one.
    times : ndarray of shape (n,), int64
    """
    context = context_of(model.factors)
    n_sessions, n_time_bins = len(context.sessions), context.n_time_bins
    beside = (context.sessions.find(users, times) + 1) * n_time_bins + context.time_bins(times)
    user_at, user, both = _distinct(users, beside, (n_sessions + 1) * n_time_bins)
    # A user who is known is moved to the time bin; for one who is not, at the prior mean of the last
    # time bin, the item is.
    move_to = np.where(users < 0, context.time_bins(times) + 1, 0)
    item_at, item, moved = _distinct(items, move_to, n_time_bins + 1)
    session, time_bin = both // n_time_bins, both % n_time_bins
    factors, bias = context.moved(
        model.user_factors[:, user], model.user_bias[:, user], context.user_time_bin[user], time_bin
    )
    item_factors, item_bias, away = model.item_factors[:, item], model.item_bias[:, item], moved > 0
    if away.any():
        there = rows_in_time_bins(model.factors, item[away], moved[away] - 1)
        item_factors[:, away], item_bias[:, away] = there
    theirs = model.factors.item.noise
    found = take(
        model,
        user_rows=user,
        item_rows=item,
        user_factors=factors,
        user_bias=bias + np.pad(context.session_effect, ((0, 0), (1, 0)))[:, session],
        item_factors=item_factors,
        item_bias=item_bias,
        user_noise=_noise_in_sessions(model.factors.user.noise, user, session > 0),
        item_noise=None if theirs is None else replace(theirs, scale=theirs.scale[:, item]),
        levels=known_levels(model),
        user_link=None,
        item_link=None,
        context=None,
    )
    return found, user_at, item_at


def _noise_in_sessions(noise: RowNoise | None, users: np.ndarray, known: np.ndarray) -> RowNoise | None:
    """Return the noise of users, without the part of sessions if the session is known."""
    if noise is None:
        return None
    return replace(noise, scale=np.where(known, noise.scale[:, users], noise.total[:, users]), session=None)


def rows_in_time_bins(
    factors: Factors, items: np.ndarray, time_bins: np.ndarray, draws: slice = slice(None)
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors (n_draws, n, k) and biases (n_draws, n) of items as they are in these time bins.

    They are for users as they are in the last one.

    `P_u + V` on `Q_i + W` is `P_u` on `Q_i + W` and `V` on `Q_i + W`, which is the same for all
    users and goes into the bias.
    """
    k, context = factors.n_factors, context_of(factors)
    users, own = context.user_shift[draws][:, time_bins], context.item_shift[draws][:, time_bins]
    vectors = factors.item.factors[draws][:, items] + own[:, :, :k]
    bias = factors.item.bias[draws][:, items] + own[:, :, k] + users[:, :, k]
    return vectors, bias + np.einsum("dnf,dnf->dn", vectors, users[:, :, :k])


def over_times(
    model: FactorScorer,
    users: np.ndarray,
    items: np.ndarray,
    times: np.ndarray,
    ask: Callable[..., T],
    *beside: np.ndarray,
) -> list[T]:
    """Return the results of `ask(model, users, items, *beside)` for pairs at their times, chunk by chunk."""
    parts = [slice(a, b) for a, b in pairwise(even_bounds(len(users), PAIRS_PER_CHUNK))] or [slice(0, 0)]
    return [
        ask(*at_times(model, users[part], items[part], times[part]), *(array[part] for array in beside))
        for part in parts
    ]


def scores_at(
    scorer: Scorer, users: np.ndarray, items: np.ndarray, times: np.ndarray | None, threads: int | None = None
) -> np.ndarray:
    """Return the scores of pairs, at their times if there are any and the scorer depends on time."""
    if times is not None and knows_time(scorer):
        times = in_units_of(scorer, times, "the test's timestamps")
        return np.concatenate(over_times(scorer, users, items, times, partial(score_pairs, threads=threads)))
    if is_factored(scorer):
        return linear_scores(scorer, users, items, threads)
    return np.asarray(scorer.score_pairs(users, items))


def at_time(model: S, time: object) -> S:
    """Return the model as it is in the time bin of a time; see `FactorModel.at`."""
    times = check_times(model, time, 1)
    if times is None or len(times) != 1:
        raise ArgumentTypeError("time", "be one number, date or datetime", f"{time!r}")
    if not knows_time(model):
        raise ValueError(WITHOUT_TIME)
    context = context_of(model.factors)
    if context.n_time_bins == 1:
        raise ValueError(Words("this model has one time bin only, and is the same at all times. ", _ADVICE))
    time_bin = int(context.time_bins(times)[0])
    time_bins = np.full(len(model.users), time_bin)
    factors, bias = context.moved(model.user_factors, model.user_bias, context.user_time_bin, time_bins)
    mean, last = model.factors.user.prior.mean, np.full(1, context.n_time_bins - 1)
    average = context.moved(mean[:, None, :-1], mean[:, None, -1], last, np.full(1, time_bin))
    prior = replace(model.factors.user.prior, mean=np.concatenate([average[0][:, 0], average[1]], axis=1))
    then = changed(model, user_factors=factors, user_bias=bias, user_prior=prior, context=None)
    return cast(S, then)


def _distinct(
    index: np.ndarray, beside: np.ndarray, n_beside: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the place of each pair (index, beside) among the distinct ones, and both parts of these.

    The place is -1 where the index is.
    """
    known = index >= 0
    keys, place = np.unique(index[known].astype(np.int64) * n_beside + beside[known], return_inverse=True)
    at = np.full(len(index), -1, np.int64)
    at[known] = place
    return at, keys // n_beside, keys % n_beside
