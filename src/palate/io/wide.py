"""Tables with a row for each user and a column for each item, read when asked for with `format="wide"`."""

from typing import Any

import polars as pl

from palate._checks import ArgumentError
from palate.data.checks import rating_values
from palate.data.ids import WhereRow
from palate.io.foreign import is_arrow, is_parquet
from palate.io.layout import text_file
from palate.io.parts import is_plain
from palate.io.sources import Source
from palate.io.tables import columnar, marked
from palate.io.text import Columns, read_text


def read_wide(
    source: Source,
    user: str | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
    quote: bool | None = None,
    missing: tuple[str, ...] = (),
    decimal: str = ".",
) -> Columns:
    """Return the ratings in the cells of a table; empty cells are none, the names of the columns
    are the item ids.

    Parameters
    ----------
    source : Source
    user : str, optional
        Column of the user ids; default the first.
    separator, encoding, quote, missing, decimal
        As in `read_table`.

    Raises
    ------
    ValueError
        If a column is missing or there twice, there are no ratings, or a cell holds no number; the
        message names the place.
    """
    if is_parquet(source) or is_arrow(source):
        frame = columnar(source)
        names = frame.columns
        where: WhereRow = lambda row: f"0-based row {row} of {source.name}"  # noqa: E731
        frame = frame.select(pl.all().cast(pl.String))
    else:
        file = text_file(source, separator, encoding, quote)
        names = file.names
        found = read_text(file)
        frame, where = (
            pl.DataFrame([column.alias(str(place)) for place, column in found.column.items()]),
            found.where,
        )
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None or (user is not None and user not in names):
        wrong = f"{repeated!r} twice" if repeated is not None else f"none called {user!r}"
        raise ArgumentError(
            f"the columns of {source.name}", "be one of user ids and one for each item", f"{wrong}"
        )
    place = 0 if user is None else names.index(user)
    frame = frame.rename(dict(zip(frame.columns, map(str, range(len(names))), strict=True))).with_row_index(
        "row"
    )
    long = frame.unpivot(index=["row", str(place)], variable_name="column", value_name="rating").drop_nulls(
        "rating"
    )
    if missing:
        long = long.filter(~marked(long["rating"], missing))
    if not long.height:
        raise ArgumentError(source.name, "hold ratings in the columns behind its user ids", "none")
    columns = long["column"].cast(pl.Int64)
    label = f"column {names[place]!r}"

    def place_of(row: int) -> str:
        return f"{where(int(long['row'][row]))}, column {names[columns[row]]!r}"

    texts = long["rating"].str.replace(",", ".", literal=True) if decimal == "," else long["rating"]
    numbers = texts.str.strip_chars().cast(pl.Float64, strict=False)
    if numbers.null_count():
        row = int(numbers.is_null().arg_max() or 0)
        raise ArgumentError("cells", "hold numbers", f"{long['rating'][row]!r} at {place_of(row)}")
    items = pl.Series(names, dtype=pl.String).gather(columns)
    column: dict[str, Any] = {
        "user": _ids(long[str(place)]),
        "item": _ids(items),
        "rating": rating_values(numbers, "cells", place_of),
    }
    return Columns(column, {"user": label, "item": "the names of the columns", "rating": "cells"}, place_of)


def _ids(texts: pl.Series) -> pl.Series:
    """Return ids as integers if all are whole numbers written plainly."""
    plain = all(text is not None and is_plain(text) for text in texts.unique())
    return texts.cast(pl.Int64) if plain else texts
