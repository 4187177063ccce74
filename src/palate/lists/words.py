"""Predictions in words: the expected rating, its interval, and the number of ratings of the item."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np


def sentence(
    expected: float,
    low: float,
    high: float,
    *,
    n_ratings: int | None = None,
    rating: tuple[float, float] | None = None,
    scale: tuple[float, float] | None = None,
) -> str:
    """Return a prediction in words.

    Parameters
    ----------
    expected : float
        The predicted rating.
    low, high : float
        Ends of the interval of the expected rating.
    n_ratings : int, optional
        Number of ratings of the item.
    rating : (float, float), optional
        Ends of the interval of a single rating.
    scale : (float, float), optional
        Lowest and highest rating, to which all numbers are clipped.

    Examples
    --------
    >>> sentence(4.61, 4.33, 4.89, n_ratings=7423, rating=(3.5, 5.7), scale=(1, 5))
    '4.6 expected (4.3 to 4.9), from 7,423 ratings; a single rating is likely to be between 3.5 and 5'
    >>> sentence(3.0, 2.1, 3.9, n_ratings=1)
    '3.0 expected (2.1 to 3.9), from 1 rating'
    """
    if math.isnan(expected):
        return "nothing is known"
    expected, low, high = (_within(value, scale) for value in (expected, low, high))
    text = f"{expected:.1f} expected ({low:.1f} to {high:.1f})"
    if n_ratings is not None:
        text += f", from {n_ratings:,} rating{'' if n_ratings == 1 else 's'}"
    if rating is not None:
        first, last = (_within(value, scale) for value in rating)
        text += f"; a single rating is likely to be between {_short(first)} and {_short(last)}"
    return text


def expected_if_chosen(
    expected: float, interval: tuple[float, float] | None, scale: tuple[float, float] | None, likely: str
) -> str:
    """Return how likely an item is to be chosen, if this is known, and its expected rating.

    Examples
    --------
    >>> expected_if_chosen(4.32, (3.91, 4.63), (1, 5), "more likely to be chosen than most")
    'more likely to be chosen than most; expected rating 4.3 (3.9 to 4.6)'
    >>> expected_if_chosen(5.2, None, (1, 5), "")
    'expected rating 5.0'
    """
    value = _within(expected, scale)
    text = f"{likely}; expected rating {value:.1f}" if likely else f"expected rating {value:.1f}"
    if interval is None:
        return text
    low, high = (_within(value, scale) for value in interval)
    return f"{text} ({low:.1f} to {high:.1f})"


def sentences(
    expected: Sequence[float] | np.ndarray,
    low: Sequence[float] | np.ndarray,
    high: Sequence[float] | np.ndarray,
    n_ratings: Sequence[int | None] | np.ndarray | None = None,
    ratings: tuple[np.ndarray, np.ndarray] | None = None,
    scale: tuple[float, float] | None = None,
) -> list[str]:
    """Return `sentence` for each row of columns of equal length; `ratings` is a pair of columns."""
    nothing: list[Any] = [None] * len(expected)
    counts = nothing if n_ratings is None else n_ratings
    intervals = nothing if ratings is None else zip(*(end.tolist() for end in ratings), strict=True)
    return [
        sentence(float(value), float(least), float(most), n_ratings=count, rating=one, scale=scale)
        for value, least, most, count, one in zip(expected, low, high, counts, intervals, strict=True)
    ]


def _within(value: float, scale: tuple[float, float] | None) -> float:
    return value if scale is None else min(max(value, scale[0]), scale[1])


def _short(value: float) -> str:
    """Return a number with one decimal, without a zero behind the point: 3.5, 5."""
    return f"{round(value, 1):g}"
