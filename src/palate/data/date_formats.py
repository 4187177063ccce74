"""The formats of dates that do not have the year first, as an error proposes them."""

import re

import polars as pl

_YEAR_LAST = re.compile(
    r"\d{1,2}(?P<mark>[-/.])\d{1,2}(?P=mark)\d{4}(?:(?P<gap>[T ]|, )\d{1,2}:\d{2}(?P<seconds>:\d{2})?)?"
)
_MONTHS = 12


def proposed(texts: pl.Series, text: str) -> str:
    """Return how to read a column of dates by the look of one of them; nothing if it tells too little.

    Whether day or month is first depends on the whole column: one of them is above 12 somewhere.

    Examples
    --------
    >>> proposed(pl.Series(["1.2.2024 7:15", "19.11.2024 00:15"]), "1.2.2024 7:15")
    " Pass timestamp_format='%d.%m.%Y %H:%M'."
    >>> proposed(pl.Series(["01/02/2015"]), "01/02/2015")
    " Pass timestamp_format='%d/%m/%Y' if the day is first, or timestamp_format='%m/%d/%Y' if the month is."
    """
    found = _YEAR_LAST.fullmatch(text.strip())
    if found is None:
        return ""
    gap = found["gap"]
    clock = "" if gap is None else f"{gap}%H:%M{'' if found['seconds'] is None else ':%S'}"
    day, month = (_pattern(*order, found["mark"], clock) for order in (("%d", "%m"), ("%m", "%d")))
    highest = [_highest(texts, rf"^\s*{skipped}(\d{{1,2}})[-/.]") for skipped in ("", r"\d{1,2}[-/.]")]
    if max(highest) <= _MONTHS:
        return f" Pass {day} if the day is first, or {month} if the month is."
    return f" Pass {day if highest[0] > _MONTHS else month}."


def _pattern(first: str, second: str, mark: str, clock: str) -> str:
    return f"timestamp_format='{first}{mark}{second}{mark}%Y{clock}'"


def _highest(texts: pl.Series, pattern: str) -> int:
    found = texts.str.extract(pattern).cast(pl.Int64).max()
    return found if isinstance(found, int) else 0
