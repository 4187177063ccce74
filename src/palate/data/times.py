"""Times as people have them, and what they are in seconds since 1970: the one place that knows the units.

Dates and datetimes say what they are. Of numbers the size tells: seconds have nine to eleven
digits, milliseconds, microseconds and nanoseconds three, six and nine more, and 20050201 is written
as a day. Small numbers are in a unit of their own, which orders them but puts them at no date.
"""

import contextlib
import math
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.frames import shown, to_series
from palate.data.ids import WhereRow, row_label

SECONDS = "seconds"
_FACTORS = {SECONDS: 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
DATETIMES = {
    SECONDS: "s",
    "milliseconds": "ms",
    "microseconds": "us",
    "nanoseconds": "ns",
}  # as NumPy calls them
_FIRST, _LAST = 10**8, 10**11  # in seconds 1973 and the year 5138
_USUAL = (
    5 * 10**8,
    5 * 10**9,
)  # in seconds 1985 to 2128; as milliseconds they are all in the first two months of 1970
# how a day may be written as one number: number of digits after the year, and the lowest and
# highest such number
_WRITTEN = {
    "YYYY": (0, 1950, 2040),
    "YYYYMM": (2, 190001, 210012),
    "YYYYMMDD": (4, 19000101, 21001231),
    "YYYYMMDDHHMM": (8, 190001010000, 210012312359),
    "YYYYMMDDHHMMSS": (10, 19000101000000, 21001231235959),
}
_YEAR_FIRST = r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(\D.*)?$"
_AMBIGUOUS = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_FAR = 10  # times the largest time that a unit of its own is known by


class TimeUnitWarning(UserWarning):
    """Times were not in seconds since 1970, or lost a fraction; the message says what they were taken for."""


@dataclass(frozen=True, eq=False)
class Times:
    """A column of times as it came, by which its rows are ordered, and its unit.

    Parameters
    ----------
    numbers : ndarray of shape (n,), int64 or float64
    unit : str or None
        "seconds" or one of its fractions, a way to write days such as "YYYYMMDD", or None for a
        unit of their own.
    """

    numbers: np.ndarray
    unit: str | None

    def seconds(self, numbers: np.ndarray | None = None) -> np.ndarray:
        """Return these (default: all) in whole seconds since 1970, int64; in a unit of their own as
        whole numbers.
        """
        return _in_seconds(self.numbers if numbers is None else numbers, self.unit)


def timestamp_values(values: object, what: str, where: WhereRow = row_label) -> np.ndarray:
    """Return times as int64, seconds since 1970 (UTC) or whole numbers in a unit of their own; see
    `time_column`.
    """
    return time_column(values, what, where).seconds()


def time_column(values: object, what: str, where: WhereRow = row_label) -> Times:
    """Return times with their unit; a `TimeUnitWarning` says what numbers other than seconds were taken for.

    Raises
    ------
    TypeError
        If the column holds neither numbers nor dates.
    ValueError
        If a time is null or not finite, datetimes are partly without zone, or numbers are of two units.
    """
    numbers, unit = raw_times(values, what, where)
    if unit is not None or not len(numbers):
        return Times(numbers, unit)
    unit = unit_of(numbers)
    _check_one_unit(numbers, unit, what, where)
    if unit is None:
        _note_fractions(numbers, what)
    elif unit != SECONDS:
        example = (
            datetime.fromtimestamp(int(_in_seconds(numbers[:1], unit)[0]), UTC)
            if _in_years(numbers[:1], unit)
            else None
        )
        shown = "" if example is None else f", {example:%Y-%m-%d %H:%M:%S}"
        taken = (
            f"{unit} since 1970"
            if unit in _FACTORS
            else "years"
            if unit == "YYYY"
            else f"dates written as {unit}"
        )
        message = (
            f"{what}: numbers such as {_plain(numbers[0])} are taken for {taken}{shown}, and become "
            f"seconds since 1970."
        )
        warnings.warn(message, TimeUnitWarning, stacklevel=5)
    return Times(numbers, unit)


def unit_of(numbers: np.ndarray) -> str | None:
    """Return the unit that the size of numbers tells, None for one of their own.

    Examples
    --------
    >>> (
    ...     unit_of(np.array([1104546498, 1419984000])),
    ...     unit_of(np.array([20050101, 20141231])),
    ...     unit_of(np.array([3, 250])),
    ... )
    ('seconds', 'YYYYMMDD', None)
    """
    if not len(numbers):
        return None
    low, high = float(numbers.min()), float(numbers.max())
    for name, (digits, first, last) in _WRITTEN.items():
        if first <= low and high <= last and _are_days(numbers, digits):
            return name
    size = max(abs(low), abs(high))
    return next((unit for unit, factor in _FACTORS.items() if _FIRST * factor <= size < _LAST * factor), None)


def raw_times(values: object, what: str, where: WhereRow = row_label) -> tuple[np.ndarray, str | None]:
    """Return times as numbers, unrounded, and their unit where it is certain: that of dates and datetimes."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        _check_given(np.isnat(values), what, where)
        unit = next(
            (unit for unit, name in DATETIMES.items() if f"[{name}]" in str(values.dtype)), "microseconds"
        )
        return values.astype(f"datetime64[{DATETIMES[unit]}]").astype(np.int64), unit
    series = to_series(values)
    if series.dtype == pl.Object:
        return _of_objects(series.to_list(), what, where)
    _check_given(series.is_null().to_numpy() if series.null_count() else None, what, where)
    if series.dtype == pl.Date:
        return series.cast(pl.Int64).to_numpy() * 86_400, SECONDS
    if isinstance(series.dtype, pl.Datetime):
        unit = {"ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}[series.dtype.time_unit]
        return np.ascontiguousarray(series.to_physical().to_numpy()), unit
    if series.dtype.is_decimal():
        series = series.cast(pl.Int64 if series.dtype.scale == 0 else pl.Float64, strict=False)  # type: ignore[attr-defined]
    if series.dtype.is_float():
        return _finite(series.cast(pl.Float64).to_numpy(), what, where), None
    if series.dtype.is_integer() or series.dtype == pl.Null:
        fits = series.cast(pl.Int64, strict=False)
        if fits.null_count():
            row = int(fits.is_null().arg_max() or 0)
            raise ArgumentError(what, "fit 64 bits", f"{series[row]} at {where(row)}")
        return np.ascontiguousarray(fits.to_numpy()), None
    raise ArgumentTypeError(
        what,
        "hold numbers or datetimes",
        f"{series.dtype} ({shown(series[0])} at {where(0)})",
        "Parse the column first.",
    )


def dates_of_texts(texts: pl.Series, what: str, where: WhereRow = row_label) -> pl.Series:
    """Return dates with or without a time of day, written with the year first, as datetimes; null stays null.

    Raises
    ------
    ValueError
        If a text is no such date; 01/02/2015 is the first of February to some and the second of
        January to others.
    """
    times = pl.Series([None] * len(texts), dtype=pl.Datetime("us"))
    plain = texts.str.strip_chars()
    dated = plain.str.contains(_YEAR_FIRST)
    if dated.any():
        found = plain.set(~dated, None).str.replace_all(r"^(\d{4})[/.](\d{1,2})[/.]", "$1-$2-")
        with contextlib.suppress(pl.exceptions.PolarsError):
            times = found.str.to_datetime(strict=False, time_unit="us")
    wrong = times.is_null() & texts.is_not_null()
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        text = texts[row]
        advice = " Pass timestamp_format='%d/%m/%Y', say, if they are written otherwise." + year_first_advice(
            text
        )
        raise ArgumentError(
            what, "hold seconds or dates like 2015-03-31 23:59:00", f"{text!r} at {where(row)}", advice
        )
    return times


def year_first_advice(text: str) -> str:
    """Return what to do with a date whose day, month or year could be another; nothing for any other text."""
    if not _AMBIGUOUS.search(text) or re.match(_YEAR_FIRST, text.strip()):
        return ""
    return " The order of day, month and year is ambiguous: write the year first, then the month and the day."


def placed(times: np.ndarray, known: np.ndarray, what: str, certain: bool = False) -> np.ndarray:
    """Return times in the unit of those that a model knows.

    Parameters
    ----------
    times : ndarray of int64
        As `timestamp_values` gives them.
    known : ndarray of int64
        Times of the model, such as the ends of its time bins.
    what : str
        What to call the times in a message.
    certain : bool
        Whether they are seconds for sure, because they were dates.

    Raises
    ------
    ValueError
        If the two are of units that cannot be brought together, so that every time would be before
        or after all of the model's.
    """
    if not len(times) or not len(known):
        return times
    unit = unit_of(known)
    size, model = np.abs(times.astype(np.float64)), np.abs(known.astype(np.float64))
    wrong = size > _FAR * model.max() if unit is None else np.zeros(len(times), bool)
    if unit == SECONDS and not certain and size.max() * _FAR < min(model.min(), _FIRST * _FAR):
        wrong[:] = True
    if unit in _WRITTEN or wrong.any():
        place = int(np.argmax(wrong))
        are = (
            "are seconds since 1970"
            if unit == SECONDS
            else f"are {unit}, no seconds"
            if unit
            else "are no seconds"
        )
        raise ArgumentError(
            what,
            f"be in the unit of this model's times, which run from about {int(known.min())} to "
            f"{int(known.max())} and {are}",
            f"{int(times[place])}, which is not among them",
        )
    return times * _FACTORS[unit] if unit in _FACTORS and unit != SECONDS else times


def are_dates(values: object) -> bool:
    """Return whether one time or a collection of them is given as dates, whose seconds are certain."""
    if isinstance(values, date | np.datetime64):
        return True
    dtype = getattr(values, "dtype", None)
    if dtype is not None and str(dtype).lower().startswith(("date", "timestamp")):
        return True
    return isinstance(values, list | tuple) and any(
        isinstance(value, date | np.datetime64) for value in values
    )


def _are_days(numbers: np.ndarray, digits: int) -> bool:
    """Return whether all numbers are whole and, written out, a day and perhaps a time of day."""
    whole = numbers.astype(np.int64)
    if numbers.dtype.kind == "f" and (whole != numbers).any():
        return False
    limits = ((1, 12), (1, 31), (0, 23), (0, 59), (0, 60))
    parts = [whole // 10 ** (digits - 2 * (place + 1)) % 100 for place in range(digits // 2)]
    return all(
        ((part >= low) & (part <= high)).all() for part, (low, high) in zip(parts, limits, strict=False)
    )


def _in_seconds(numbers: np.ndarray, unit: str | None) -> np.ndarray:
    if unit in _WRITTEN:
        return _days_in_seconds(numbers.astype(np.int64), _WRITTEN[unit][0])
    factor = _FACTORS.get(unit or SECONDS, 1)
    if numbers.dtype.kind == "f":
        return np.floor(numbers / factor).astype(np.int64)
    return numbers if factor == 1 else numbers // factor


def _days_in_seconds(whole: np.ndarray, digits: int) -> np.ndarray:
    parts = [whole // 10 ** (digits - 2 * (place + 1)) % 100 for place in range(digits // 2)]
    parts += [np.ones_like(whole)] * max(0, 2 - len(parts))
    month, day, clock = parts[0], parts[1], parts[2:]
    months = (whole // 10**digits - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    hour, minute, second = [*clock, *([np.zeros_like(whole)] * 3)][:3]
    return np.asarray(days * 86_400 + hour * 3_600 + minute * 60 + second, dtype=np.int64)


def _in_years(numbers: np.ndarray, unit: str | None) -> bool:
    return abs(int(_in_seconds(numbers, unit)[0])) < _LAST


def _check_one_unit(numbers: np.ndarray, unit: str | None, what: str, where: WhereRow) -> None:
    """Raise if some times would be usual in a coarser unit than that of the largest."""
    if unit not in _FACTORS or unit == SECONDS:
        return
    size = np.abs(numbers)
    for coarser, factor in _FACTORS.items():
        if factor >= _FACTORS[unit]:
            return
        other = (size >= _USUAL[0] * factor) & (size <= _USUAL[1] * factor)
        if other.any():
            row, largest = int(np.argmax(other)), int(np.argmax(size))
            raise ArgumentError(
                what,
                "hold times of one unit",
                f"{_plain(numbers[row])} at {where(row)}, which seems to be {coarser}, and "
                f"{_plain(numbers[largest])} at {where(largest)}, {unit}",
                "Bring them to one unit first.",
            )


def _note_fractions(numbers: np.ndarray, what: str) -> None:
    if numbers.dtype.kind == "f" and (np.floor(numbers) != numbers).any():
        message = (
            f"{what} contains fractional numbers in an unknown unit. The fractions are used to "
            "order repeated pairs, and then cut off."
        )
        warnings.warn(message, TimeUnitWarning, stacklevel=5)


def _check_given(missing: np.ndarray | None, what: str, where: WhereRow) -> None:
    if missing is not None and missing.any():
        raise ArgumentError(
            what,
            "have a time in every row",
            f"null at {where(int(np.argmax(missing)))}",
            f"Leave {what} out if times are missing.",
        )


def _finite(numbers: np.ndarray, what: str, where: WhereRow) -> np.ndarray:
    bad = np.flatnonzero(~(np.abs(numbers) < 2.0**63))
    if len(bad):
        raise ArgumentError(what, "hold finite times", f"{numbers[bad[0]]} at {where(int(bad[0]))}")
    return numbers


def _of_objects(values: list[Any], what: str, where: WhereRow) -> tuple[np.ndarray, str | None]:
    """Return times that no typed column holds together: datetimes of several zones, whole numbers
    among others.
    """
    _check_given(np.array([value is None for value in values]), what, where)
    kinds = [_kind(value) for value in values]
    for row, kind in enumerate(kinds):
        if kind is None:
            name, value = type(values[row]).__name__, values[row]
            raise ArgumentTypeError(
                what,
                "hold numbers or datetimes",
                f"{name} ({value!r} at {where(row)})",
                "Parse the column first.",
            )
        if kind != kinds[0]:
            raise ArgumentTypeError(
                what,
                "hold times of one kind",
                f"a {kinds[0]} ({values[0]!r} at {where(0)}) and a {kind} ({values[row]!r} at {where(row)})",
                "Give all datetimes a zone, or none.",
            )
    if kinds[0] != "number":
        return _of_datetimes(values)
    if all(
        isinstance(value, int) or (math.isfinite(value) and float(value).is_integer()) for value in values
    ):
        whole = [int(value) for value in values]
        for row, value in enumerate(whole):
            if not -(2**63) <= value < 2**63:
                raise ArgumentError(what, "fit 64 bits", f"{value} at {where(row)}")
        return np.array(whole, dtype=np.int64), None
    return _finite(np.array([float(value) for value in values]), what, where), None


def _kind(value: object) -> str | None:
    if isinstance(value, datetime):
        return "datetime without a zone" if value.tzinfo is None else "datetime with a zone"
    if isinstance(value, date):
        return "datetime without a zone"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else None


def _of_datetimes(values: list[Any]) -> tuple[np.ndarray, str]:
    counts = [_nanoseconds(value) for value in values]
    if all(-(2**63) <= count < 2**63 for count in counts):
        return np.array(counts, dtype=np.int64), "nanoseconds"
    return np.array([count // 1000 for count in counts], dtype=np.int64), "microseconds"


def _nanoseconds(value: date) -> int:
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    exact = getattr(since, "as_unit", None)  # pandas' own, which counts nanoseconds
    if exact is not None:
        return int(exact("ns").value)
    return ((since.days * 86_400 + since.seconds) * 10**6 + since.microseconds) * 1000


def _plain(number: object) -> str:
    return f"{number:.17g}" if isinstance(number, float | np.floating) else str(number)
