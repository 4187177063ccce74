"""Weights of choices: by the grade of a rating, its age, and the activity of its user and item.

A model of choices is fitted to `x_ui` in (0, 1] for the pairs that were rated and 0 for all others.
A high rating counts more than a low one, a recent one more than an old one, and what everybody
chooses, or who chooses everything, is told apart less by each choice.
"""

from dataclasses import dataclass, replace

import numpy as np

from palate._checks import ArgumentError, Setting, Words
from palate.data.arguments import warn_caller
from palate.data.times import TimeUnitWarning
from palate.solve.rows import Rows

NONE, RATINGS, COUNTS, ALIKE = "none", "ratings", "counts", "alike"
KINDS = (RATINGS, COUNTS, ALIKE)
MIN_RATINGS = 3  # of an item, below which what is known of it is chance
_FORGOTTEN = 149  # half-lives after which a weight is 0 in single precision
_LATER = 2.0**-30  # of the score of an item with too few ratings: a power of two changes no digit of it


@dataclass(frozen=True, kw_only=True)
class Grades:
    """The formula of `x_ui` with its parameters, so that new ratings are graded as in training.

        ratings   x = least + (1 - least) (r - low) / (high - low)
        counts    x = least + (1 - least) log(1 + count) / log(1 + high)
        alike     x = 1
        none      x = value

    times the rating's weight, where it has one, and times `2 ** (-(now - time) / half_life)` where
    there is a half-life.

    Parameters
    ----------
    kind : {"ratings", "counts", "alike", "none"}
    least : float
        Grade of the lowest rating, in (0, 1].
    low, high : float
        Ends of the rating scale, or the lowest and the highest count. All grades are 1 where the
        two are equal.
    half_life : float, optional
        After so long a choice counts half, in the unit of the timestamps.
    now : int
        The time that ages are counted back from: that of the last training rating.
    """

    kind: str = RATINGS
    least: float = 0.25
    low: float = 0.0
    high: float = 1.0
    half_life: float | None = None
    now: int = 0

    def of(
        self, values: np.ndarray, weights: np.ndarray | None = None, times: np.ndarray | None = None
    ) -> np.ndarray:
        """Return `x` of each rating, float32.

        Ratings without times are as recent as the last one of training.

        Raises
        ------
        ValueError
            If a rating is outside the scale, or a count is negative, which has no grade.
        """
        x = self.graded(np.asarray(values, np.float64))
        if weights is not None and len(weights):
            x = x * weights
        if self.half_life is not None and times is not None:
            x = x * recency(times, self.now, self.half_life)
        return x.astype(np.float32)

    def of_rows(self, rows: Rows, times: np.ndarray | None) -> Rows:
        """Return the grades of rows of ratings, with the time of each, as rows without weights."""
        grades = self.of(rows.values, rows.weights, times)
        return replace(rows, values=grades, weights=np.empty(0, np.float32))

    def graded(self, values: np.ndarray) -> np.ndarray:
        """Return `x` of each rating as if all had been made now, float64."""
        if self.kind == NONE:
            return values
        if self.kind == ALIKE:
            return np.ones(len(values))
        low, high = (0.0, np.inf) if self.kind == COUNTS else (self.low, self.high)
        outside = np.flatnonzero((values < low) | (values > high))
        if len(outside):
            place = int(outside[0])
            got = f"{values[place]:g}"
            if self.kind == COUNTS:
                got = f"{got}, and {len(outside):,} of {len(values):,} are negative"
                advice = "Leave out what is taken back, such as returned purchases."
                raise ArgumentError("ratings", "be at least 0 where they are counts", got, advice)
            must = f"be from {low:g} to {high:g}, the scale, to be graded"
            raise ArgumentError("ratings", must, f"{got} (ratings[{place}])")
        if self.low == self.high:
            return np.ones(len(values))
        if self.kind == COUNTS:
            return np.asarray(self.least + (1 - self.least) * np.log1p(values) / np.log1p(self.high))
        return self.least + (1 - self.least) * (values - self.low) / (self.high - self.low)


def recency(times: np.ndarray, now: int, half_life: float) -> np.ndarray:
    """Return `2 ** (-(now - time) / half_life)` of each time, float64: 1 now, 1/2 a half-life ago.

    It is above 1 for later times.

    Raises
    ------
    ValueError
        If a time lies so many half-lives after `now` that its weight is no float32.
    """
    ages = (float(now) - np.asarray(times, np.float64)) / half_life
    if len(ages) and ages.min() < -100:
        must = f"be at most 100 half-lives after the last training rating, {now}"
        raise ArgumentError("times", must, f"{int(np.max(times))} with half_life {half_life:g}")
    weight: np.ndarray = np.exp2(-ages)
    return weight


def activity(counts: np.ndarray, exponent: float) -> np.ndarray:
    """Return `n ** exponent` of each row, float64, and 0 for a row without ratings, which has no effect."""
    counts = np.asarray(counts, np.float64)
    out: np.ndarray = np.zeros(len(counts))
    np.power(counts, exponent, out=out, where=counts > 0)
    return out


def supported(counts: np.ndarray, min_ratings: int) -> np.ndarray:
    """Return what each item's scores are multiplied by, float64.

    It is 1, or a billionth for an item with fewer ratings than `min_ratings`.

    Such items come after all others with a positive score, and keep their order. All are 1 where no
    item has as many.

    Examples
    --------
    >>> (supported(np.array([5, 2, 3]), 3) == 1).tolist()
    [True, False, True]
    >>> supported(np.array([1, 2]), 3).tolist()
    [1.0, 1.0]
    """
    enough = np.asarray(counts) >= min_ratings
    return np.where(enough | (not enough.any()), 1.0, _LATER)


def normalised(
    x: Rows, user_counts: np.ndarray, item_counts: np.ndarray, user_exponent: float, item_exponent: float
) -> Rows:
    """Return `R = D_u^-b X D_i^-c` by user, with the numbers of ratings of users and items in D."""
    users = np.repeat(activity(user_counts, -user_exponent), x.counts)
    items = activity(item_counts, -item_exponent)[x.columns]
    return replace(x, values=(x.values * users * items).astype(np.float32))


def popularity(
    columns: np.ndarray, n_items: int, times: np.ndarray | None, half_life: float | None, min_ratings: int
) -> np.ndarray:
    """Return how often each item was rated, with a half-life lately, float64.

    Items with few ratings come after all others. A half-life without times raises ValueError.
    """
    numbers = np.bincount(columns, minlength=n_items)
    weights = np.ones(len(columns))
    if half_life is not None:
        if times is None:
            raise _no_times(half_life)
        weights = recency(times, int(times.max()), half_life)
    counts = np.bincount(columns, weights, minlength=n_items)
    return np.asarray(counts * supported(numbers, min_ratings))


def grades_of(
    kind: str,
    least: float,
    half_life: float | None,
    values: np.ndarray,
    scale: tuple[float, float],
    times: np.ndarray | None = None,
) -> Grades:
    """Return the grades of training ratings with these values and times.

    Raises
    ------
    ValueError
        If there is a half-life and there are no times, or counts are negative.
    """
    low, high = scale if kind == RATINGS else (values.min(), values.max())
    grades = Grades(kind=kind, least=least, low=float(low), high=float(high))
    if half_life is None:
        return grades
    if times is None:
        raise _no_times(half_life)
    _warn_of_no_weight(times, half_life)
    return replace(grades, half_life=float(half_life), now=int(times.max()))


def _warn_of_no_weight(times: np.ndarray, half_life: float) -> None:
    """Say so if more than half of the choices are too old to count, as those of days taken for seconds."""
    ages = times.max() - times.astype(np.float64)
    share = float((ages > _FORGOTTEN * half_life).mean())
    if share > 0.5:
        warn_caller(
            Words(
                Setting("half_life", half_life),
                f" leaves {100 * share:.0f} % of the choices without weight: the oldest is "
                f"{ages.max() / half_life:,.0f} half-lives older than the latest. It is in the unit of the "
                "timestamps, which is seconds for dates.",
            ),
            TimeUnitWarning,
        )


def _no_times(half_life: float) -> ValueError:
    return ValueError(
        Words(
            "the ratings must have timestamps for ",
            Setting("half_life", half_life),
            "; they have none. Say which column holds them, or leave ",
            Setting("half_life", python="half_life"),
            " out.",
        )
    )
