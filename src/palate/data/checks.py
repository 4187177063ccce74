"""Checks of the number columns of a rating table; every message says which row."""

from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, MissingValueError, Setting, Words
from palate.data.ids import WhereRow, row_label
from palate.data.series import shown, to_series


def rating_values(values: object, what: str, where: WhereRow = row_label) -> np.ndarray:
    """Return ratings as a contiguous float32 array; every one is finite.

    Raises
    ------
    TypeError
        If the column is not numeric.
    ValueError
        If a rating is null, NaN, infinite or too large for float32.
    """
    series = _numeric(values, what, where)
    numbers = _floats(series)
    with np.errstate(invalid="ignore"):
        # not finite if any rating is not; the exact search is for the message only
        total = numbers.sum(dtype=np.float64)
    if not np.isfinite(total):
        bad = np.flatnonzero(~np.isfinite(numbers))
        if len(bad):
            raise ArgumentError(what, "hold finite numbers", f"{series[int(bad[0])]} at {where(int(bad[0]))}")
    numbers += np.float32(0)  # -0.0 and 0.0 are one rating
    return numbers


def weight_values(values: object, what: str, where: WhereRow = row_label) -> np.ndarray:
    """Return observation weights as a contiguous float32 array; every one is positive and finite."""
    numbers = rating_values(values, what, where)
    if len(numbers) and not numbers.min() > 0:
        row = int(np.argmax(~(numbers > 0)))
        advice = "Remove rows that should not count."
        raise ArgumentError(what, "hold positive numbers", f"{numbers[row]:g} at {where(row)}", advice)
    return numbers


def scale_bounds(scale: Iterable[Any]) -> tuple[float, float]:
    """Return a declared rating scale as two floats, lowest and highest."""
    try:
        low, high = (float(bound) for bound in scale)
    except (TypeError, ValueError):
        must = "be two numbers, the lowest and the highest rating"
        raise ArgumentTypeError("scale", must, f"{scale!r}") from None
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ArgumentError("scale", "be two finite numbers, the lower one first", f"({low:g}, {high:g})")
    return low, high


def check_scale(
    numbers: np.ndarray, scale: tuple[float, float], what: str, where: WhereRow = row_label
) -> None:
    """Check that every rating lies within the declared scale."""
    low, high = np.float32(scale[0]), np.float32(scale[1])
    if len(numbers) and (numbers.min() < low or numbers.max() > high):
        row = int(np.argmax((numbers < low) | (numbers > high)))
        raise ValueError(
            Words(
                f"{what} must be within the declared scale {scale[0]:g} to {scale[1]:g}; got "
                f"{numbers[row]:g} at {where(row)}. Correct the ratings or declare their scale with ",
                Setting("scale", python="scale=(lowest, highest)"),
                ".",
            )
        )


def _numeric(values: object, what: str, where: WhereRow) -> pl.Series:
    series = to_series(values)
    if series.null_count():
        row = int(series.is_null().arg_max() or 0)
        raise MissingValueError(what, "have a number in every row", f"null at {where(row)}")
    if series.dtype == pl.Object:
        items = series.to_list()
        row = next((row for row, value in enumerate(items) if not _is_number(value)), -1)
        if row < 0:
            return _as_floats(items, what, where)
        must = "hold numbers"
        raise ArgumentTypeError(what, must, f"{type(items[row]).__name__} {items[row]!r} at {where(row)}")
    if not series.dtype.is_numeric() and series.dtype != pl.Null:
        kind = "text" if series.dtype == pl.String else str(series.dtype)
        got = f"{kind} ({shown(series[0])} at {where(0)})"
        raise ArgumentTypeError(what, "hold numbers", got, "Cast the column to numbers first.")
    return series


def _is_number(value: object) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _as_floats(values: list[Any], what: str, where: WhereRow) -> pl.Series:
    """Return numbers of several types, such as whole stars among half ones, whatever their order."""
    for row, value in enumerate(values):
        if isinstance(value, int) and abs(value) >= 2**63:
            raise ArgumentError(what, "hold finite numbers", f"an integer beyond 64 bits at {where(row)}")
    return pl.Series([float(value) for value in values], dtype=pl.Float64)


def _floats(series: pl.Series) -> np.ndarray:
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which the caller reports
        numbers = series.cast(pl.Float32, strict=False).to_numpy()
    return numbers.copy() if not numbers.flags.writeable or not numbers.flags.owndata else numbers
