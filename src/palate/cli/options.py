"""Options that several commands share, described once, and the texts they take turned into values.

Parameters
----------
model : MODEL
    Model file.
user : USER
    User id.
ratings : RATINGS
    Rating file, or a folder or .zip with one. Default: the bundled ratings.
output : FILE
    File for the result with all columns: .csv, .parquet or .json.
as_json
    Print JSON instead of text.
n
    Length of the list.
min_ratings : N
    Only items with at least N ratings.
genres : GENRE
    Only items of this genre. May be repeated, or given as 'A|B': an item then needs one of them.
year : YEARS
    Only items of these years: 1980-1989, 1980-, -1989 or 1988.
where : SQL
    Only items that satisfy this condition, such as "mean_rating > 4 AND year < 1970".
candidates : IDS
    Only these items: ids separated by commas, or a file with one id per line.
exclude_items : IDS
    Items to leave out, given as for --candidates.
title : TEXT
    Title of the item, or a unique part of it.
at : TIME
    Time for which to predict: a date such as 2005-06-01, or a number in the unit of the ratings.
    For models with time.
threads
    Number of threads; by default one for each processor.
plots : FOLDER
    Folder for the plots as PNG files.
k : K
    Length of the lists. May be repeated. Default 10.
no_lists
    Evaluate predictions only (RMSE and MAE).
relevant_from : RATING
    Lowest relevant test rating. Default: the top quarter of the scale, such as 4 of 5 stars.
no_baselines
    Do not evaluate the references (baseline, most popular, popular lately, neighbours).
resamples : N
    Number of bootstrap samples for intervals; 0 for none.
by : VIEW
    Show figures by activity (of users), popularity (of items), known (known and new users and
    items), user or fold.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from palate._checks import ArgumentError
from palate.cli.errors import usage_error
from palate.data import columns as names

Json = Annotated[bool, typer.Option("--json")]
Output = Annotated[Path | None, typer.Option("--output", "-o")]
Length = Annotated[int, typer.Option("--n", "-n", min=1)]
Lengths = Annotated[list[int] | None, typer.Option("--k", "-k", min=1)]
Threads = Annotated[int | None, typer.Option(min=1)]
NotNegative = Annotated[int, typer.Option(min=0)]
OptionalFile = Annotated[Path | None, typer.Argument()]

_DATE = re.compile(r"\d{4}([-/])\d{2}\1\d{2}.*")
_YEARS = re.compile(r"(\d{1,4})?\s*(-|\.\.|:|to)?\s*(\d{1,4})?")


def parse_time(text: str | None) -> "datetime | int | float | None":
    """Return the time of `--at`, None for None.

    >>> parse_time("2005-06-01"), parse_time("1117584000"), parse_time(None)
    (datetime.datetime(2005, 6, 1, 0, 0, tzinfo=datetime.timezone.utc), 1117584000, None)
    """
    try:
        return None if text is None else time_of(text)
    except ValueError as error:
        raise usage_error(f"--at {error}") from None


def time_of(text: str) -> "datetime | int | float":
    """Return the time that a text stands for: a date, with a time of day in UTC or not, or a number as it is.

    Raises
    ------
    ValueError
        If it is neither.
    """
    plain = text.strip()
    try:
        if not _DATE.fullmatch(plain):
            number = float(plain) if "." in plain else int(plain)
            if abs(number) < 2**63:
                return number
            raise ValueError
        time = datetime.fromisoformat(plain.replace("/", "-"))
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        from palate.data.times import year_first_advice

        raise ValueError(
            f"must be a date such as 2005-06-01 or a whole number; got '{text}'.{year_first_advice(text)}"
        ) from None


def parse_years(text: str) -> tuple[int | None, int | None]:
    """Return the range of years that a text such as "1980-1989", "1980-" or "1988" stands for, ends included.

    >>> parse_years("1980-1989"), parse_years("-1989"), parse_years("1988")
    ((1980, 1989), (None, 1989), (1988, 1988))
    """
    found = _YEARS.fullmatch(text.strip())
    if found is None or not (found[1] or found[3]) or (found[3] and not found[2]):
        raise usage_error(f"--year must be a year or a range such as 1980-1989; got '{text}'")
    first, last = (int(year) if year else None for year in (found[1], found[3]))
    if not found[2]:
        last = first
    if first is not None and last is not None and first > last:
        raise usage_error(f"--year must have its earlier end first; got '{text}'")
    return first, last


def condition(genres: list[str] | None, year: str | None, where: str | None) -> dict[str, Any] | str | None:
    """Return the three filters as one condition for the library's `where`."""
    found: dict[str, Any] = {}
    if genres:
        found["genres"] = [genre.strip() for text in genres for genre in text.split("|")]
    if year is not None:
        found["year"] = parse_years(year)
    if where is None:
        return found or None
    if not found:
        return where
    import polars as pl

    try:
        found[names.ITEM_ID] = pl.sql_expr(where)  # an expression stands for itself, whatever its column
    except pl.exceptions.PolarsError as error:
        raise ArgumentError(
            "where", 'be a condition in SQL, such as "year >= 1980"', f"'{where}' ({error})"
        ) from None
    return found
