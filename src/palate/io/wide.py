"""Tables with a row for each user and a column for each item, read when asked for with `format="wide"`."""

from dataclasses import replace
from typing import Any

import polars as pl

from palate._checks import ArgumentError
from palate.data.checks import rating_values
from palate.data.ids import WhereRow
from palate.io.cells import marked, numbers_of
from palate.io.columnar import columnar
from palate.io.foreign import has_types
from palate.io.layout import TableOptions, text_file
from palate.io.parts import whole_numbers
from palate.io.sources import Source
from palate.io.text import Columns, read_text


def read_wide(source: Source, user: str | None, options: TableOptions) -> Columns:
    """Return the ratings in the cells of a table; the names of its columns are the item ids.

    Empty cells are no ratings.

    Parameters
    ----------
    source : Source
    user : str, optional
        Column of the user ids; default the first.
    options : TableOptions
        The first line always holds column names.

    Raises
    ------
    ValueError
        If a column is missing or there twice, there are no ratings, or a cell holds no number; the
        message names the place.
    """
    frame, names, where = _cells(source, replace(options, header=None))
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None or (user is not None and user not in names):
        wrong = f"{repeated!r} twice" if repeated is not None else f"none called {user!r}"
        must = "be one of user ids and one for each item"
        raise ArgumentError(f"the columns of {source.name}", must, f"{wrong}")
    place = 0 if user is None else names.index(user)
    frame = frame.rename(dict(zip(frame.columns, map(str, range(len(names))), strict=True))).with_row_index(
        "row"
    )
    long = frame.unpivot(index=["row", str(place)], variable_name="column", value_name="rating").drop_nulls(
        "rating"
    )
    if options.missing:
        long = long.filter(~marked(long["rating"], options.missing))
    if not long.height:
        raise ArgumentError(source.name, "hold ratings in the columns behind its user ids", "none")
    columns = long["column"].cast(pl.Int64)
    label = f"column {names[place]!r}"

    def place_of(row: int) -> str:
        return f"{where(int(long['row'][row]))}, column {names[columns[row]]!r}"

    decimal = "." if has_types(source) else options.decimal
    numbers = numbers_of(long["rating"], decimal, "cells", place_of)
    items = pl.Series(names, dtype=pl.String).gather(columns)
    column: dict[str, Any] = {
        "user": whole_numbers(long[str(place)]),
        "item": whole_numbers(items),
        "rating": rating_values(numbers, "cells", place_of),
    }
    return Columns(column, {"user": label, "item": "the names of the columns", "rating": "cells"}, place_of)


def _cells(source: Source, options: TableOptions) -> tuple[pl.DataFrame, list[str], WhereRow]:
    """Return all cells of a table as text, the names of its columns, and what says where a row is."""
    if has_types(source):
        frame = columnar(source)
        texts = frame.select(pl.all().cast(pl.String))
        return texts, frame.columns, lambda row: f"0-based row {row} of {source.name}"
    file = text_file(source, options)
    found = read_text(file)
    return found.frame(), file.names, found.where
