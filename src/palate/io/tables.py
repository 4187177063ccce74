"""Text tables with named columns, and whole tables of any kind."""

from pathlib import Path

import polars as pl

from palate.io.columnar import columnar
from palate.io.doubtful import warn_of_doubtful
from palate.io.foreign import has_types, refuse_foreign
from palate.io.layout import TableOptions, TextFile, no_header, places_of, sniff_separator, text_file
from palate.io.parts import whole_numbers
from palate.io.records import JsonLines, is_json_lines
from palate.io.roles import KINDS, REQUIRED, choose_columns, looks_like_row, numbered_columns
from palate.io.sources import Source, file_source
from palate.io.text import Columns, read_columns, text_columns


def read_table(
    source: Source, named: dict[str, str | None], options: TableOptions, counts: bool = False
) -> Columns:
    """Return the rating columns of a text file.

    Parameters
    ----------
    source : Source
    named : dict
        Role to column name, or None to look for a usual name; without a header to the number of the
        column, from 1. Without "rating" no column is one of ratings.
    options : TableOptions
    counts : bool, default False
        Whether rows without a rating column are events that count 1 each.
    """
    by_json = is_json_lines(source)
    file: TextFile = JsonLines(source, options) if by_json else text_file(source, options)
    if options.header is False and not by_json:
        columns = numbered_columns(named, file, counts)
    else:
        if not by_json:
            _check_header(file, named, header_given=options.header is not None)
        columns = choose_columns(named, file.names, file.name, counts)
    found = read_columns(file, columns, {role: KINDS[role] for role in columns})
    for role in ("user", "item"):
        warn_of_doubtful(found.column[role], role, file.name)
    return found


def _check_header(file: TextFile, named: dict[str, str | None], header_given: bool) -> None:
    """Raise ValueError if the first line is no header, or lacks a column that was named."""
    if not header_given and looks_like_row(file.names, named):
        raise ValueError(no_header(file))
    given: dict[str, str | int] = {role: name for role, name in named.items() if name is not None}
    if len(file.names) == 1:  # the separator is wrong: say so, rather than which column is missing
        given = {**{role: f"{role}_id" for role in REQUIRED}, **given}
    places_of(file, given)


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
    if has_types(source):
        table = columnar(source)
        return table if typed else table.select(pl.all().cast(pl.String))
    table = text_columns(source, sniff_separator(source)).frame()
    if not typed:
        return table
    return table.with_columns(typed_column(column) for column in table if column.name not in text)


def typed_column(texts: pl.Series) -> pl.Series:
    """Return a text column as integers or decimal numbers if every cell is one.

    Integers must be written as they are printed.
    """
    whole = whole_numbers(texts)
    if whole.dtype == pl.Int64:
        return whole
    numbers = texts.cast(pl.Float64, strict=False)
    padded = texts.str.contains(r"^[+-]?0\d").any()
    return numbers if numbers.null_count() == texts.null_count() and not padded else texts
