"""Columns of times as people have them: dates, datetimes, texts and numbers, brought to numbers of one unit.

Dates and datetimes say what they are; of numbers `time_units` knows the unit.
"""

import contextlib
import math
import re
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.arguments import warn_caller
from palate.data.date_formats import proposed
from palate.data.ids import WhereRow, refuse_first, row_label
from palate.data.series import shown, to_series
from palate.data.time_units import (
    DATETIMES,
    FACTORS,
    LAST,
    SECONDS,
    check_one_unit,
    in_seconds,
    plain,
    unit_of,
)

_YEAR_FIRST = r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(\D.*)?$"
_UNITS = {name: unit for unit, name in DATETIMES.items()}
_AMBIGUOUS = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


class TimeUnitWarning(UserWarning):
    """Times, or a half-life, are in another unit than they seem to be; the message says in which."""


def timestamp_values(values: object) -> np.ndarray:
    """Return times as int64, seconds since 1970 (UTC) or in a unit of their own; see `time_column`."""
    return in_seconds(*time_column(values, "timestamps"))


def given_times(timestamps: object) -> np.ndarray:
    """Return one time or several that were given as an argument, as `timestamp_values` does.

    Raises
    ------
    TypeError
        If the argument is a text, whose letters would be taken for times.
    """
    if isinstance(timestamps, str):
        must = "be numbers, dates or datetimes"
        advice = "Use datetime.date.fromisoformat(...)."
        raise ArgumentTypeError("timestamps", must, f"the text {timestamps!r}", advice)
    if isinstance(timestamps, np.ndarray) and timestamps.ndim == 0:
        timestamps = timestamps[()]
    return timestamp_values(timestamps if hasattr(timestamps, "__len__") else [timestamps])


def time_column(values: object, what: str, where: WhereRow = row_label) -> tuple[np.ndarray, str | None]:
    """Return times as they came, int64 or float64, by which rows are ordered, and their unit.

    The unit is "seconds" or one of its fractions, a way to write days such as "YYYYMMDD", or None for
    a unit of their own. A `TimeUnitWarning` says what numbers other than seconds were taken for.

    Raises
    ------
    TypeError
        If the column holds neither numbers nor dates.
    ValueError
        If a time is null or not finite, datetimes are partly without zone, or numbers are of two units.
    """
    numbers, unit = raw_times(values, what, where)
    if unit is not None or not len(numbers):
        return numbers, unit
    unit = unit_of(numbers)
    check_one_unit(numbers, unit, what, where)
    if unit is None:
        _note_fractions(numbers, what)
    elif unit != SECONDS:
        taken = "years" if unit == "YYYY" else f"dates written as {unit}"
        taken = f"{unit} since 1970" if unit in FACTORS else taken
        first = int(in_seconds(numbers[:1], unit)[0])
        if abs(first) < LAST:
            taken += f", {datetime.fromtimestamp(first, UTC):%Y-%m-%d %H:%M:%S}"
        said = f"{what}: numbers such as {plain(numbers[0])} are taken for {taken}"
        warn_caller(f"{said}, and become seconds since 1970.", TimeUnitWarning)
    return numbers, unit


def raw_times(values: object, what: str, where: WhereRow = row_label) -> tuple[np.ndarray, str | None]:
    """Return times as numbers, unrounded, and their unit where it is certain: that of dates and datetimes."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        _check_given(np.isnat(values), what, where)
        unit = _UNITS.get(np.datetime_data(values.dtype)[0], "microseconds")
        return values.astype(f"datetime64[{DATETIMES[unit]}]").astype(np.int64), unit
    series = to_series(values)
    if series.dtype == pl.Object:
        return _of_objects(series.to_list(), what, where)
    _check_given(series.is_null().to_numpy() if series.null_count() else None, what, where)
    if series.dtype == pl.Date:
        return series.cast(pl.Int64).to_numpy() * 86_400, SECONDS
    if isinstance(series.dtype, pl.Datetime):
        return np.ascontiguousarray(series.to_physical().to_numpy()), _UNITS[series.dtype.time_unit]
    if series.dtype.is_decimal():
        series = series.cast(pl.Int64 if series.dtype.scale == 0 else pl.Float64, strict=False)  # type: ignore[attr-defined]
    if series.dtype.is_float():
        return _finite(series.cast(pl.Float64).to_numpy(), what, where), None
    if series.dtype.is_integer() or series.dtype == pl.Null:
        fits = series.cast(pl.Int64, strict=False)
        refuse_first(fits.is_null(), series, what, "fit 64 bits", where)
        return np.ascontiguousarray(fits.to_numpy()), None
    got = f"{series.dtype} ({shown(series[0])} at {where(0)})"
    raise ArgumentTypeError(what, "hold numbers or datetimes", got, "Parse the column first.")


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
        advice = proposed(plain, text) or (
            " Pass timestamp_format='%d/%m/%Y', say, if they are written otherwise." + year_first_advice(text)
        )
        must = "hold seconds or dates like 2015-03-31 23:59:00"
        raise ArgumentError(what, must, f"{text!r} at {where(row)}", advice)
    return times


def year_first_advice(text: str) -> str:
    """Return what to do with a date whose day, month or year could be another; nothing for any other text."""
    if not _AMBIGUOUS.search(text) or re.match(_YEAR_FIRST, text.strip()):
        return ""
    return " The order of day, month and year is ambiguous: write the year first, then the month and the day."


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


def _note_fractions(numbers: np.ndarray, what: str) -> None:
    if numbers.dtype.kind == "f" and (np.floor(numbers) != numbers).any():
        message = (
            f"{what} contains fractional numbers in an unknown unit. The fractions are used to "
            "order repeated pairs, and then cut off."
        )
        warn_caller(message, TimeUnitWarning)


def _check_given(missing: np.ndarray | None, what: str, where: WhereRow) -> None:
    if missing is not None and missing.any():
        got = f"null at {where(int(np.argmax(missing)))}"
        raise ArgumentError(what, "have a time in every row", got, f"Leave {what} out if times are missing.")


def _finite(numbers: np.ndarray, what: str, where: WhereRow) -> np.ndarray:
    bad = np.flatnonzero(~(np.abs(numbers) < 2.0**63))
    if len(bad):
        raise ArgumentError(what, "hold finite times", f"{numbers[bad[0]]} at {where(int(bad[0]))}")
    return numbers


def _of_objects(values: list[Any], what: str, where: WhereRow) -> tuple[np.ndarray, str | None]:
    """Return times that no typed column holds together, such as datetimes of several zones."""
    _check_given(np.array([value is None for value in values]), what, where)
    kinds = [_kind(value) for value in values]
    for row, kind in enumerate(kinds):
        if kind is None:
            name, value = type(values[row]).__name__, values[row]
            got = f"{name} ({value!r} at {where(row)})"
            raise ArgumentTypeError(what, "hold numbers or datetimes", got, "Parse the column first.")
        if kind != kinds[0]:
            got = f"a {kinds[0]} ({values[0]!r} at {where(0)}) and a {kind} ({values[row]!r} at {where(row)})"
            advice = "Give all datetimes a zone, or none."
            raise ArgumentTypeError(what, "hold times of one kind", got, advice)
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
