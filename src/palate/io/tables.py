"""Any CSV or Parquet file with named columns: ratings, and catalogs."""

import io
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack, cast

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Setting, Words
from palate.data.catalog import Catalog
from palate.data.checks import rating_values
from palate.data.duplicates import CountedRowsWarning
from palate.data.frames import missing_column
from palate.data.ids import WhereRow, row_label
from palate.io.catalogs import FIRST_RELEASE, films, movies_dat, movies_dat_text_ids
from palate.io.foreign import is_arrow, is_parquet, refuse_foreign
from palate.io.layout import (
    ReadingWarning,
    RowOptions,
    TextFile,
    is_value,
    no_header,
    places_of,
    sniff_separator,
    text_file,
)
from palate.io.records import JsonLines, is_json_lines
from palate.io.sources import Files, Source, file_source
from palate.io.text import Columns, datetimes, read_columns, text_columns, text_table

# Columns that need not be named, after folding case and dropping blanks, "_", "-" and ".".
USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "user": ("userid", "user", "uid", "customerid", "reviewerid"),
    "item": (
        "itemid",
        "item",
        "iid",
        "movieid",
        "filmid",
        "bookid",
        "productid",
        "songid",
        "isbn",
        "asin",
        "businessid",
    ),
    "rating": ("rating", "stars", "score", "bookrating", "overall", "count", "plays", "playcount"),
    "timestamp": ("timestamp",),
    "title": ("title", "name"),
    "year": ("year",),
    "genres": ("genres", "genre"),
}
_KINDS = {"user": "id", "item": "id", "rating": "number", "timestamp": "time", "weight": "number"}
_REQUIRED = ("user", "item", "rating")
_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def read_table(
    source: Source,
    named: dict[str, str | None],
    separator: str | None = None,
    encoding: str = "utf-8",
    counts: bool = False,
    header: bool | None = None,
    quote: bool | None = None,
    **how: Unpack[RowOptions],
) -> Columns:
    """Return the rating columns of a text file.

    Parameters
    ----------
    source : Source
    named : dict
        Role to column name, or None to look for a usual name; without a header to the number of the
        column, from 1. Without "rating" no column is one of ratings.
    separator : str, optional
        Default: the one that splits the first line.
    encoding : str
    counts : bool, default False
        Whether rows without a rating column are events that count 1 each.
    header : bool, optional
        Whether the first line holds column names; by default it must, and a line that looks like a
        row is refused.
    quote : bool, optional
        Whether fields may be enclosed in double quotes; by default unless they are separated by tabs.
    **how
        See `TextFile`.
    """
    if is_json_lines(source):
        file: TextFile = JsonLines(source, encoding=encoding, **how)
        columns = choose_columns(named, file.names, file.name, counts)
        return read_columns(file, columns, {role: _KINDS[role] for role in columns})
    file = text_file(source, separator, encoding, quote, header=header is not False, **how)
    if header is False:
        columns = numbered_columns(named, file, counts)
        return read_columns(file, columns, {role: _KINDS[role] for role in columns})
    if header is None and _looks_like_row(file.names, named):
        raise ValueError(no_header(file))
    given: dict[str, str | int] = {role: name for role, name in named.items() if name is not None}
    if len(file.names) == 1:  # the separator is wrong: say so, rather than which column is missing
        given = {**{role: f"{role}_id" for role in _REQUIRED}, **given}
    places_of(file, given)
    columns = choose_columns(named, file.names, file.name, counts)
    return read_columns(file, columns, {role: _KINDS[role] for role in columns})


def _looks_like_row(names: list[str], named: dict[str, str | None]) -> bool:
    """Return whether a number or a date is to be the name of a column, or stands where no usual
    name is found.
    """
    chosen = [name for name in named.values() if name in names]
    counted = [str(number) for number in range(len(names))], [str(number + 1) for number in range(len(names))]
    if any(is_value(str(name)) for name in chosen):
        return names not in counted  # a frame without names is written with numbers from 0
    asked = [role for role in _REQUIRED if role in named]
    unknown = [role for role in asked if named[role] is None and usual_column(role, names) is None]
    return len(names) > 1 and bool(unknown) and any(map(is_value, names)) and names not in counted


def numbered_columns(
    named: dict[str, str | None], file: TextFile, counts: bool = False
) -> dict[str, str | int]:
    """Return the place of each role's column in a file without a header: the one given, else user,
    item, rating and time in order.

    Raises
    ------
    ValueError
        If a number is none of a column, or a column is missing or would serve twice.
    """
    n = len(file.names)
    columns: dict[str, str | int] = {}
    for role, name in named.items():
        if name is not None:
            if not (str(name).isdigit() and 1 <= int(name) <= n):
                raise ArgumentError(
                    f"columns of {file.name}, which is read without a header,",
                    f"be numbers from 1 to {n}",
                    f"{role}={name!r}",
                )
            columns[role] = int(name) - 1
    for place, role in enumerate(("user", "item", "rating")):
        if (
            role not in named
            or role in columns
            or (role == "rating" and counts and (n <= place or place in columns.values()))
        ):
            continue
        if place in columns.values() or place >= n:
            raise ArgumentError(
                f"the {role} column of {file.name}",
                "be known",
                f"{n} columns without names",
                f"Number it with {role}=.",
            )
        columns[role] = place
    if named["timestamp"] is None and n > 3 and 3 not in columns.values() and _are_times(file.sample(3)):
        columns["timestamp"] = 3
    columns = {role: columns[role] for role in named if role in columns}
    order = ", ".join(f"{role} {int(place) + 1}" for role, place in columns.items())
    if any(named[role] is None for role in columns):
        advice = "Number them otherwise with user=, item=, rating= and timestamp="
        warnings.warn(
            f"columns of {file.name} are read by their place: {order}. {advice}.",
            ReadingWarning,
            stacklevel=5,
        )
    return columns


def _are_times(cells: list[str]) -> bool:
    """Return whether all cells are seconds since 1970 from 1973 on, or dates."""
    return bool(cells) and all(re.fullmatch(r"\d{9,13}(\.\d+)?|\d{4}-\d\d-\d\d.*", cell) for cell in cells)


def read_parquet(
    source: Source,
    named: dict[str, str | None],
    counts: bool = False,
    missing: tuple[str, ...] = (),
    skip_empty: bool = False,
    timestamp_format: str | None = None,
) -> Columns:
    """Return the rating columns of a Parquet or Arrow file; the other parameters as in `read_table`."""
    called = source.parts[0].name if source.parts else source.name
    columns = choose_columns(named, _parquet_names(source), called, counts)
    _check_parts(source, columns)
    labels = {role: f"column {column!r}" for role, column in columns.items()}

    out = _left_out(source, columns, missing, skip_empty)
    place = None if out is None else np.flatnonzero(~out)

    def where(row: int) -> str:
        return f"{row_label(row if place is None else int(place[row]))} of {source.name}"

    column: dict[str, Any] = {}
    for role, name in columns.items():  # one after the other: only one column is held as wide as in the file
        series = _ids(source, str(name)) if _KINDS[role] == "id" else _parquet(source, [str(name)])[str(name)]
        if out is not None:
            series = series.filter(~out)
        if _KINDS[role] == "time" and series.dtype == pl.String:
            series = datetimes(series, labels[role], where, timestamp_format)
        if _KINDS[role] == "number":
            column[role] = rating_values(series, labels[role], where)
        else:
            column[role] = series
    return Columns(column, labels, where)


def _left_out(
    source: Source, columns: dict[str, str | int], missing: tuple[str, ...], skip_empty: bool
) -> np.ndarray | None:
    """Return which rows are left out because they hold no rating, None for none, and say how many
    they are.
    """
    masks = {}
    if missing and "rating" in columns:
        ratings = _parquet(source, [str(columns["rating"])]).to_series()
        masks[f"hold {', '.join(map(repr, missing))} for a rating and are left out"] = marked(
            ratings, missing
        ).to_numpy()
    if skip_empty:
        wanted = [str(columns[role]) for role in _REQUIRED if role in columns]
        nulls = [_parquet(source, [name]).to_series() for name in wanted]
        empty = [one.is_null() | (one.is_nan() if one.dtype.is_float() else False) for one in nulls]
        masks["have no user, item or rating and are left out"] = np.logical_or.reduce(
            [one.to_numpy() for one in empty]
        )
    for said, mask in masks.items():
        warnings.warn(
            f"{int(mask.sum()):,} of {len(mask):,} rows of {source.name} {said}.",
            ReadingWarning,
            stacklevel=5,
        )
    return np.logical_or.reduce(list(masks.values())) if masks else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def marked(ratings: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """Return which cells hold one of the marks for "not rated", as text or as a number."""
    numbers = [number for mark in missing if (number := _number(mark)) is not None]
    found = ratings.cast(pl.String).is_in(list(missing)) | ratings.cast(pl.Float64, strict=False).is_in(
        numbers
    )
    return found.fill_null(False)


def columnar(source: Source) -> pl.DataFrame:
    """Return a whole Parquet or Arrow file."""
    return _parquet(source)


def _narrow(ids: pl.Series) -> pl.Series:
    """Return integers in 32 bits if they fit."""
    fits = ids.dtype == pl.Int64 and len(ids) > 0 and ids.null_count() == 0
    if fits and int(ids.min()) >= -(2**31) and int(ids.max()) < 2**31:  # type: ignore[arg-type]
        return ids.cast(pl.Int32)
    return ids


def choose_columns(
    named: dict[str, str | None], found: list[str], table: str, counts: bool = False
) -> dict[str, str | int]:
    """Return the column of each role: the one named, else the first with a usual name; `counts` as
    in `read_table`.

    Raises
    ------
    ValueError
        If a column is missing, or no column has a usual name.
    """
    columns: dict[str, str | int] = {}
    for role, name in named.items():
        if name is not None and name not in found:
            raise ValueError(missing_column(name, role, found, table))
        chosen = usual_column(role, found) if name is None else name
        if chosen is not None:
            columns[role] = chosen
        elif role in _REQUIRED and not (counts and role == "rating"):
            raise ValueError(_no_column(role, found, table))
    if "rating" in named and "rating" not in columns:
        _note_counted_rows(table, [column for column in found if column not in columns.values()])
    return columns


def check_no_rating(rating: object, missing: object = ()) -> None:
    """Raise ArgumentError where something is said of a column of ratings that is not to be read."""
    for argument, value in (("rating", rating), ("missing", missing)):
        if value is not None and value != () and value != []:
            raise ArgumentError(
                argument,
                Words("be left out with ", Setting("no_rating", True), ", which reads no ratings"),
                f"{value!r}",
            )


def _note_counted_rows(table: str, others: list[str]) -> None:
    """Say that each row counts 1, and which columns might have held counts."""
    listed = ", ".join(map(repr, others))
    advice = f" If the counts are in a column ({listed}), name it with rating=." if others else ""
    warnings.warn(
        f"{table} has no rating column: each row counts 1.{advice}", CountedRowsWarning, stacklevel=5
    )


def usual_column(role: str, found: list[str]) -> str | None:
    """Return the column with the most usual name for a role, or None.

    Examples
    --------
    >>> usual_column("item", ["Movie-ID", "userId"])
    'Movie-ID'
    """
    folded = {_folded(column): column for column in reversed(found)}
    return next((folded[name] for name in USUAL_NAMES.get(role, ()) if name in folded), None)


def _folded(name: str) -> str:
    plain = re.sub(r":(token|float)(_seq)?$", "", name)  # as RecBole types the columns of its files
    return re.sub(r"[\s_.-]", "", plain).lower()


def read_catalog(
    files: Files,
    source: Source,
    item: str | None,
    text_ids: bool,
    required: bool = True,
    named: dict[str, str] | None = None,
) -> Catalog:
    """Return the catalog in a file.

    Parameters
    ----------
    files : Files
        Where `source` was found.
    source : Source
        CSV or Parquet with a column of ids, or a `movies.dat`.
    item : str or None
        The ratings' column of item ids, see `join_column`.
    text_ids : bool
        Whether the ratings' item ids are text: then those of a text file are too, else they are
        integers if all can be.
    required : bool
        Whether the caller named the file: then an id column of any usual name will do.
    named : dict, optional
        Columns that the caller named: "id", "title", "year" and "genres" to the name.

    Raises
    ------
    ValueError
        If there is no column of ids, or the table is no catalog; the message names the line.
    """
    if source.name.lower() == "movies.dat":
        found = movies_dat_text_ids(files) if text_ids else movies_dat(files)
        return cast(Catalog, found)  # the file is there: `source` is it
    parquet = is_parquet(source) or is_arrow(source)
    table, where = (_parquet(source), row_label) if parquet else _catalog_text(source)
    named = named or {}
    for role, name in named.items():
        if name not in table.columns:
            raise ValueError(missing_column(name, f"items_{role}", table.columns, source.name))
    standing = {"id": "item_id", "title": "title", "year": "year", "genres": "genres"}
    taken = {
        standing[role]
        for role, name in named.items()
        if standing[role] in table.columns and name != standing[role]
    }
    table = table.rename({name: f"{name}_2" for name in taken})  # another column has been named in its place
    named = {role: f"{name}_2" if name in taken else name for role, name in named.items()}
    column = named.get("id") or join_column(item, table.columns, required)
    if column is None:
        if required:
            raise ValueError(missing_column(item or "item_id", "item", table.columns, source.name))
        wanted = f"{item!r}" if item in (None, "item_id") else f"{item!r} or 'item_id'"
        raise ValueError(
            f"{source.name} has no column {wanted} (its columns are {', '.join(map(repr, table.columns))})"
        )
    if not (parquet or text_ids):
        table = table.with_columns(_typed(table[column]))
    origin = f"by {column} from {source.name}"
    if {"movieId", "title", "genres"} == set(table.columns) and not named:
        return replace(films(table["movieId"], table["title"], table["genres"], where=where), origin=origin)
    roles = {
        role: named.get(role) or usual_column(role, table.columns) for role in ("title", "year", "genres")
    }
    if not parquet:
        kept = {column, "key", *roles.values()}
        table = table.with_columns(_typed(table[other]) for other in table.columns if other not in kept)
    return replace(Catalog.from_frame(table, item=column, where=where, **roles), origin=origin)


def _catalog_text(source: Source) -> tuple[pl.DataFrame, WhereRow]:
    columns = text_columns(source, [], every=True, separator=sniff_separator(source))
    return pl.DataFrame([series.alias(name) for name, series in columns.column.items()]), columns.where


def join_column(item: str | None, found: list[str], named: bool) -> str | None:
    """Return the column of a catalog that holds the ratings' item ids, or None.

    Parameters
    ----------
    item : str or None
        The ratings' own column of item ids, if it has a name.
    found : list of str
        Columns of the catalog.
    named : bool
        Whether the caller named the catalog: then any usual name for ids of items will do.

    Examples
    --------
    >>> join_column("book_id", ["id", "book_id", "title"], named=False)
    'book_id'
    >>> join_column(
    ...     "book_id", ["id", "book_id", "best_book_id", "work_id"], named=False
    ... )  # goodbooks-10k, first release
    'id'
    >>> (
    ...     join_column("sku", ["product_id", "title"], named=False),
    ...     join_column("sku", ["product_id", "title"], named=True),
    ... )
    (None, 'product_id')
    """
    folded = {_folded(column): column for column in reversed(found)}
    if set(found) >= FIRST_RELEASE and _folded(item or "bookid") == "bookid":
        return "id"  # `book_id` there is the number of one edition at Goodreads
    if item is None:
        return usual_column("item", found)
    same = item if item in found else folded.get(_folded(item)) or folded.get("itemid")
    return same or (usual_column("item", found) if named else None)


def whole_table(path: Path, typed: bool = True, text: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return all columns of a table in text, Parquet or Arrow, compressed or from a pipe.

    Parameters
    ----------
    path : Path
    typed : bool, default True
        Whether columns of numbers become numbers; else all become text.
    text : tuple of str
        Columns of text files that stay text.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no table; the message names the line.
    """
    source = file_source(path)
    refuse_foreign(source)
    if is_parquet(source) or is_arrow(source):
        table = _parquet(source)
        return table if typed else table.select(pl.all().cast(pl.String))
    table = text_table(source, [], every=True, separator=sniff_separator(source))
    return (
        table.with_columns(_typed(column) for column in table if column.name not in text) if typed else table
    )


def _parquet_names(source: Source) -> list[str]:
    return list(_schema(source))


def _schema(source: Source) -> dict[str, Any]:
    """Return the columns of a file, or of the first part, with their types."""
    if source.parts:
        return _schema(source.parts[0])
    read = pl.read_ipc_schema if is_arrow(source) else pl.read_parquet_schema
    try:
        return dict(read(source.plain or io.BytesIO(source.read())))
    except _UNREADABLE as error:
        raise ValueError(_not_parquet(source, error)) from None


def _check_parts(source: Source, columns: dict[str, str | int]) -> None:
    """Raise ValueError that names the file unless all parts hold the columns, in types of one kind."""
    if not source.parts:
        return
    first, *rest = source.parts
    wanted = _schema(first)
    for part in rest:
        found = _schema(part)
        for role, name in columns.items():
            if name not in found:
                raise ValueError(missing_column(str(name), role, list(found), part.name))
            types = wanted[str(name)], found[str(name)]
            if _kind(types[0]) != _kind(types[1]):
                raise ArgumentError(
                    f"column {name!r} of {part.name}",
                    f"be of the type that it has in {first.name}, {types[0]}",
                    f"{types[1]}",
                    "All files of a folder are one table; name the file itself, or convert the column.",
                )


def _kind(dtype: Any) -> Any:
    """Return what makes the columns of two files one: all integers are alike, and all floats."""
    return "integer" if dtype.is_integer() else "float" if dtype.is_float() else dtype


def _ids(source: Source, name: str) -> pl.Series:
    """Return a column of ids; integers that fit take 32 bits, which spares memory where files are many."""
    if not source.parts:
        return _narrow(_parquet(source, [name])[name])
    parts = [_narrow(_parquet(part, [name])[name]) for part in source.parts]
    return pl.concat([part.to_frame() for part in parts], how="vertical_relaxed")[name]


def _parquet(source: Source, columns: list[str] | None = None) -> pl.DataFrame:
    if source.parts:
        return pl.concat([_parquet(part, columns) for part in source.parts], how="vertical_relaxed")
    place = source.plain or io.BytesIO(source.read())
    try:
        if is_arrow(source):
            return pl.read_ipc(place, columns=columns)
        return pl.read_parquet(place, columns=columns)
    except _UNREADABLE as error:
        raise ValueError(_not_parquet(source, error)) from None


def _not_parquet(source: Source, error: BaseException) -> str:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return (
        f"{source.name} must be a sound {'Arrow' if is_arrow(source) else 'Parquet'} file; reading it "
        f"failed: {reason}."
    )


def _typed(texts: pl.Series) -> pl.Series:
    """Return a text column as integers or decimal numbers if every cell is one, integers written as
    they are printed.
    """
    whole = texts.cast(pl.Int64, strict=False)
    if whole.cast(pl.String).equals(texts):
        return whole
    numbers = texts.cast(pl.Float64, strict=False)
    return (
        numbers
        if numbers.null_count() == texts.null_count() and not texts.str.contains(r"^[+-]?0\d").any()
        else texts
    )


def _no_column(role: str, found: list[str], table: str) -> str:
    listed = ", ".join(map(repr, found))
    article = "an" if role == "item" else "a"
    events = " If each row is a play, a click or a purchase, pass no_rating=True." if role == "rating" else ""
    return (
        f"{table} must have {article} {role} column; got the columns {listed}, none with a usual name. "
        f"Name it with {role}=.{events}"
    )
