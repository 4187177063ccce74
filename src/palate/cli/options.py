"""Options that several commands share, declared once, and the texts they take turned into values."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate._checks import ArgumentError
from palate.cli.errors import usage_error

if TYPE_CHECKING:
    from datetime import datetime

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="Model file.")]
User = Annotated[str, typer.Argument(metavar="USER", help="User id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="File for the result with all columns: .csv, .parquet or .json.",
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Time for which to predict: a date such as 2005-06-01, or a number in the unit of the "
        "ratings. For models with time.",
    ),
]
Number = Annotated[int, typer.Option("--n", "-n", min=1, help="Length of the list.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Number of threads; by default one for each processor.")
]
Title = Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the item, or a unique part of it.")]
Plots = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder for the plots as PNG files.")]
RatingsOrBundled = Annotated[
    Path | None,
    typer.Argument(
        metavar="RATINGS", help="Rating file, or a folder or .zip with one. Default: the bundled ratings."
    ),
]
MinRatings = Annotated[int, typer.Option(min=0, metavar="N", help="Only items with at least N ratings.")]
Genres = Annotated[
    list[str] | None,
    typer.Option(
        metavar="GENRE",
        help="Only items of this genre. May be repeated, or given as 'A|B': an item then needs one of them.",
    ),
]
Year = Annotated[
    str | None,
    typer.Option(metavar="YEARS", help="Only items of these years: 1980-1989, 1980-, -1989 or 1988."),
]
Where = Annotated[
    str | None,
    typer.Option(
        metavar="SQL",
        help='Only items that satisfy this condition, such as "mean_rating > 4 AND year < 1970".',
    ),
]
Candidates = Annotated[
    str | None,
    typer.Option(
        metavar="IDS",
        help="Only these items: ids with commas between, or a file with one id per line.",
    ),
]
ExcludeItems = Annotated[
    str | None, typer.Option(metavar="IDS", help="Items to leave out, given as for --candidates.")
]
Titles = Annotated[
    list[str] | None,
    typer.Option(
        "--title",
        metavar="TEXT",
        help="Items whose title contains this text. May be repeated.",
    ),
]

Format = Annotated[
    str,
    typer.Option(
        metavar="FORMAT",
        help="Format of the file: auto, movielens, movielens-dat, movielens-100k, goodbooks, "
        "movietweetings, triplets, netflix, lesson, wide or table.",
    ),
]
UserColumn = Annotated[str | None, typer.Option("--user", metavar="COLUMN", help="Column of user ids.")]
ItemColumn = Annotated[str | None, typer.Option("--item", metavar="COLUMN", help="Column of item ids.")]
RatingColumn = Annotated[str | None, typer.Option("--rating", metavar="COLUMN", help="Column of ratings.")]
NoRating = Annotated[
    bool,
    typer.Option(
        "--no-rating",
        help="The table says only who chose what: no column holds ratings, and each row counts 1.",
    ),
]
TimestampColumn = Annotated[
    str | None, typer.Option("--timestamp", metavar="COLUMN", help="Column of times.")
]
WeightColumn = Annotated[
    str | None,
    typer.Option("--weight", metavar="COLUMN", help="Column of weights: how much each rating counts."),
]
Scale = Annotated[
    tuple[float, float] | None,
    typer.Option(
        metavar="LOWEST HIGHEST",
        help="Lowest and highest possible rating. Ratings outside are an error.",
        show_default=False,
    ),
]
Duplicates = Annotated[
    str | None,
    typer.Option(
        metavar="POLICY",
        help="What to keep if a user rated an item several times: last, mean or sum; or error. The "
        "default is last, and sum for counts.",
        show_default=False,
    ),
]
Separator = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Separator of the columns; by default it is detected.")
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first line contains column names. Without names, columns are called 1, 2, 3 ...",
        show_default=False,
    ),
]
Quotes = Annotated[
    bool | None,
    typer.Option(
        "--quotes/--no-quotes",
        help="Whether double quotes enclose fields. By default they do, except between tabs.",
        show_default=False,
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        metavar="VALUE",
        help="Mark for 'not rated', such as -1 or NA. Rows with it are left out. May be repeated.",
    ),
]
SkipEmpty = Annotated[
    bool, typer.Option("--skip-empty", help="Leave out rows without a user, an item or a rating.")
]
TimestampFormat = Annotated[
    str | None, typer.Option(metavar="FORMAT", help="Format of times, such as '%d/%m/%Y %H:%M'.")
]
Decimal = Annotated[str, typer.Option(metavar="CHARACTER", help="Decimal separator: '.' or ','.")]
Encoding = Annotated[str, typer.Option(metavar="NAME", help="Encoding of the file.")]
Items = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Catalog of the items. By default it is looked for beside the ratings; none uses no catalog.",
    ),
]

_DATE = re.compile(r"\d{4}([-/])\d{2}\1\d{2}.*")
ItemsId = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of item ids in the catalog.")]
ItemsTitle = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of titles in the catalog.")]
ItemsYear = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of years in the catalog.")]
ItemsGenres = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of genres in the catalog.")]

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
    from datetime import UTC, datetime

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

    from palate.data import columns as names

    try:
        found[names.ITEM_ID] = pl.sql_expr(where)  # an expression stands for itself, whatever its column
    except pl.exceptions.PolarsError as error:
        raise ArgumentError(
            "where", 'be a condition in SQL, such as "year >= 1980"', f"'{where}' ({error})"
        ) from None
    return found
