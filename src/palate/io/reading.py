"""`palate.read`: ratings and their catalog from a file, a folder or an archive."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from palate._checks import ArgumentError, Words
from palate.data.arguments import helpful
from palate.data.checks import rating_values
from palate.data.dataset import Dataset
from palate.data.duplicates import check_policy
from palate.data.forks import needs_threads
from palate.data.ratings import build
from palate.io.beside import catalog_for
from palate.io.blocks import check_encoding
from palate.io.columnar import read_parquet
from palate.io.foreign import has_types, refuse_foreign
from palate.io.formats import FORMATS, Format, detect, rating_file
from palate.io.kinds import HasIds, read_like
from palate.io.layout import TableOptions, TextFile
from palate.io.prepared import mask_of, prepared_mean, validation_pairs
from palate.io.records import NetflixFile
from palate.io.roles import check_no_rating
from palate.io.sources import Files, Source
from palate.io.tables import read_table
from palate.io.text import Columns, read_columns
from palate.io.wide import read_wide

_LOG = logging.getLogger(__name__)


@helpful
@needs_threads("palate.read")
def read(
    path: str | Path,
    *,
    format: str = "auto",  # noqa: A002 - the word of the command line
    user: str | None = None,
    item: str | None = None,
    rating: str | None = None,
    timestamp: str | None = None,
    weight: str | None = None,
    scale: tuple[float, float] | None = None,
    duplicates: str | None = None,
    counts: bool = False,
    no_rating: bool = False,
    separator: str | None = None,
    encoding: str = "utf-8",
    header: bool | None = None,
    quote: bool | None = None,
    missing: float | str | Sequence[float | str] = (),
    skip_empty: bool = False,
    timestamp_format: str | None = None,
    decimal: str = ".",
    items: str | Path | None = None,
    items_id: str | None = None,
    items_title: str | None = None,
    items_year: str | None = None,
    items_genres: str | None = None,
    like: HasIds | None = None,
) -> Dataset:
    """Return the ratings of a file, and the catalog found beside it.

    Parameters
    ----------
    path : str or Path
        A rating file (text, `.gz` or Parquet), a folder with one, or a `.zip` of such a folder.
    format : str, default "auto"
        "movielens" (`ratings.csv`), "movielens-dat" (`ratings.dat`), "movielens-100k" (`u.data`),
        "goodbooks", "movietweetings", "triplets" (user, item, count), "netflix", "lesson"
        (`rating.csv` with `y`, and `movie.csv`), "wide" (a row for each user, a column for each
        item, empty where there is no rating), or "table": any CSV or Parquet file with named
        columns. "auto" looks at the file.
    user, item, rating : str, optional
        Names of the columns of a table; by default usual names, such as `user_id`, `itemId`,
        `rating`.
    timestamp, weight : str, optional
        Names of further columns. Times are seconds since 1970, or dates. By default a column with a
        usual name for times is used.
    scale : (float, float), optional
        Lowest and highest possible rating; by default that of the format, or the observed range.
    duplicates : {"last", "mean", "sum", "error"}, optional
        What to do with repeated (user, item) pairs, see `Ratings.from_frame`. Default: "last", or
        "sum" with `counts`.
    counts : bool, default False
        Whether the rows are events, such as plays or purchases. Rows of a pair are then added, and
        without a rating column each counts 1.
    no_rating : bool, default False
        Whether the table says only who chose what. No column is read as ratings, each row counts 1,
        and rows of a pair are added.
    separator : str, optional
        Separator of the columns; by default it is detected in the first line.
    encoding : str, default "utf-8"
        Encoding of a table. Catalogs of known formats are read in UTF-8 or Latin-1.
    header : bool, optional
        Whether the first line of a table contains column names. By default it must, and a first
        line that looks like a row is an error. Without a header, columns are numbered from 1
        (`user="2"`), and by default are user, item, rating and time.
    quote : bool, optional
        Whether fields of a table may be enclosed in double quotes. By default they may, except in
        tables with tabs, unless the names in the first line are enclosed.
    missing : number, str or sequence of these, optional
        Values of the rating column that mean "not rated", such as -1 or "NA". Rows with them are
        left out, and a `ReadingWarning` counts them.
    skip_empty : bool, default False
        Whether to leave out rows without a user, an item or a rating. Otherwise they are an error.
    timestamp_format : str, optional
        Format of times, such as "%d/%m/%Y %H:%M"; by default seconds, or dates with the year first.
    decimal : {".", ","}, default "."
        Decimal separator.
    items : str or Path, optional
        File of the catalog, with item ids in a column of the same name as in the ratings,
        `item_id`, or another usual name. By default `items.csv`, `movies.csv` and similar files
        beside the ratings are used if they have such a column; one that does not fit is left out
        with a `CatalogWarning`. "none" uses no catalog.
    items_id, items_title, items_year, items_genres : str, optional
        Names of the columns of the file in `items`; by default usual names.
    like : FactorModel or Ratings, optional
        Model or ratings whose types of ids are used for a text file, which has no types. By default
        ids are integers if all ids in the file (and in a catalog that is a text file) are whole
        numbers.

    Returns
    -------
    Dataset
        Object with `ratings`, and `catalog` if one was found.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty or damaged, or a column is missing; the message names the line.
    TypeError
        If a file with types, or the catalog in `items`, has ids of another type than `like`.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "ratings.csv").write_text("user_id,item_id,rating\\nann,heat,4\\nbo,heat,5\\n")
    >>> _ = (folder / "items.csv").write_text("item_id,title,year\\nheat,Heat,1995\\n")
    >>> data = read(folder)
    >>> data.ratings, data.catalog
    (Ratings(2 ratings of 1 items by 2 users, observed 4 to 5), Catalog(1 items: title, year))
    """
    named = {"user": user, "item": item, "rating": rating, "timestamp": timestamp, "weight": weight}
    written = (separator, header, quote, timestamp_format, None if decimal == "." else decimal)
    as_table = any(given is not None for given in (*named.values(), *written))
    _check_options(format, separator, encoding, decimal, as_table)
    of_items = _named_columns(items, id=items_id, title=items_title, year=items_year, genres=items_genres)
    if no_rating:
        check_no_rating(rating, missing)
        del named["rating"]
    options = TableOptions(
        separator=separator,
        encoding=encoding,
        header=header,
        quote=quote,
        missing=_marks(missing),
        skip_empty=skip_empty,
        timestamp_format=timestamp_format,
        decimal=decimal,
    )
    files = Files(Path(path))
    source = _source(files, format)
    refuse_foreign(source)
    form = _format(source, files, format, encoding, as_table)
    duplicates = check_policy(duplicates, counted=counts or no_rating)
    typed = has_types(source)
    if form is not None:
        columns = _read_format(source, form, options, no_rating)
        if scale is None and duplicates != "sum" and not no_rating:
            scale = _scale_of(form, columns)
    elif format == "wide":
        columns = read_wide(source, user, options)
        if no_rating:
            del columns.column["rating"]
    elif typed:
        columns = read_parquet(source, named, options, counts)
    else:
        columns = read_table(source, named, options, counts)
    if like is not None:
        read_like(columns, like, typed, source.name)
    lesson = form is not None and form.name == "lesson"
    pairs = validation_pairs(files, source, columns.column) if lesson else None
    catalog = catalog_for(files, source, form, items, columns, typed or like is not None, of_items)
    ratings = build(columns.column, columns.labels, scale=scale, duplicates=duplicates, where=columns.where)
    if catalog is not None:
        catalog.check_ids(ratings.items)
    return Dataset(
        name=files.name,
        ratings=ratings,
        catalog=catalog,
        held_out=None if pairs is None or ratings.n_duplicates else mask_of(ratings, pairs),
        mean=prepared_mean(source) if lesson and not no_rating else None,
    )


def _named_columns(items: str | Path | None, **columns: str | None) -> dict[str, str]:
    """Return the columns of the catalog that were named, by role; they need a catalog that was named, too."""
    named = {role: name for role, name in columns.items() if name is not None}
    if named and items is None:
        role, name = next(iter(named.items()))
        must = "be given with items, the catalog of this column"
        raise ArgumentError(f"items_{role}", must, f"items_{role}={name!r} alone")
    return named


def _scale_of(form: Format, columns: Columns) -> tuple[float, float] | None:
    """Return the scale of a known format."""
    if not callable(form.scale):
        return form.scale
    return form.scale(rating_values(columns.column["rating"], columns.labels["rating"], columns.where))


def _check_options(format: str, separator: str | None, encoding: str, decimal: str, named: bool) -> None:  # noqa: A002
    if format not in ("auto", "table", "wide", *FORMATS):
        raise ArgumentError("format", f"be one of auto, table, wide, {', '.join(FORMATS)}", f"{format!r}")
    if format in FORMATS and named:
        advice = Words.of("pass `format='table'` to name them.")
        raise ValueError(Words(f"format {format!r} has its own columns and separator; ", advice))
    if separator is not None and (not separator or any(character in separator for character in '\n\r"')):
        must = "be one or more characters other than line ends and quotes"
        raise ArgumentError("separator", must, f"{separator!r}")
    if decimal not in (".", ",") or decimal == separator:
        raise ArgumentError("decimal", "be '.' or ',', and not the separator", f"{decimal!r}")
    check_encoding(encoding)


def _marks(missing: object) -> tuple[str, ...]:
    """Return the marks for "not rated" as texts; numbers as they are printed."""
    given = [missing] if isinstance(missing, str) or not isinstance(missing, Iterable) else list(missing)
    return tuple(f"{mark:g}" if isinstance(mark, float) else str(mark) for mark in given)


def _source(files: Files, format: str) -> Source:  # noqa: A002
    """Return the rating file."""
    if files.single is not None or format not in FORMATS:
        return rating_file(files)
    source = files.find(*FORMATS[format].files)
    if source is None:
        wanted = " or ".join(FORMATS[format].files)
        raise ArgumentError(f"{files.path}", f"hold {wanted} to be read as {format!r}", f"{files.listing()}")
    return source


def _format(source: Source, files: Files, format: str, encoding: str, named: bool) -> Format | None:  # noqa: A002
    """Return the known format to read, or None for a table; named columns make it a table."""
    if format == "auto" and not named:
        found = detect(source, files, encoding)
        _LOG.info("%s is read as %s", source.name, found)
        return FORMATS.get(found)
    return FORMATS.get(format)


def _read_format(source: Source, form: Format, options: TableOptions, no_rating: bool) -> Columns:
    if form.name == "netflix":
        file: TextFile = NetflixFile(source, options)
    else:
        file = TextFile(source, form.separator, form.named, form.named, options)
    columns = {
        role: column
        for role, column in form.columns.items()
        if not (no_rating and role == "rating") and (role not in form.optional or str(column) in file.names)
    }
    return read_columns(file, columns, {role: form.kinds[role] for role in columns})
