"""Conditions on the columns of the catalog: which items a filter keeps."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.nearest import did_you_mean, nearest_first

Where = pl.Expr | Mapping[str, Any] | str

_LISTED = 20  # genres named in a message
_TEXT_COLUMNS = (names.TITLE, names.KEY)


def matching(where: Where | None, table: pl.DataFrame) -> np.ndarray:
    """Return which rows of a table of items satisfy a condition, bool; a null never does.

    Parameters
    ----------
    where : polars.Expr, mapping, str or None
        - a Polars expression on the catalog's columns: `pl.col("year") >= 1980`;
        - a text of the same in SQL: `"year >= 1980 AND n_ratings > 50"`;
        - a mapping of column to condition, all of which must hold. A tuple is a closed range, `{"year": (1980, 1989)}`, open
          on a side that is None; a list or set is any of its values; None is "missing"; everything else is the value itself.
          On `genres` a text is one of the item's genres, on `title` and `key` a part of it, both whatever the case.
    table : polars.DataFrame

    Raises
    ------
    TypeError
        If `where` is none of these, or a condition is not of the column's type.
    ValueError
        If a column does not exist, a range is upside down, or an expression gives no true or false per item.

    Examples
    --------
    >>> table = pl.DataFrame({"title": ["Airplane!", "Psycho"], "genres": ["Comedy", "Horror|Crime"], "year": [1980, 1960]})
    >>> matching({"genres": "crime", "year": (None, 1979)}, table)
    array([False,  True])
    >>> matching(pl.col("year") >= 1980, table)
    array([ True, False])
    """
    if where is None:
        return np.ones(table.height, dtype=bool)
    if isinstance(where, str):
        where = _parsed(where)
    if isinstance(where, Mapping):
        keep = np.ones(table.height, dtype=bool)
        for column, condition in where.items():
            keep &= _evaluate(_condition(column, condition, table), table, f"where[{column!r}]")
        return keep
    if not isinstance(where, pl.Expr):
        raise TypeError(
            f"where must be a Polars expression, a text of SQL or a mapping of column to condition; got {type(where).__name__}."
        )
    return _evaluate(where, table, "where")


def describe(where: Where) -> str:
    """Return a condition as a message shows it."""
    return f"where={where!r}" if isinstance(where, str) else f"where={where}"


def _parsed(text: str) -> pl.Expr:
    try:
        return pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f'where must be a condition in SQL, such as "year >= 1980"; got {text!r} ({error}).') from None


def _evaluate(condition: pl.Expr, table: pl.DataFrame, what: str) -> np.ndarray:
    try:
        found = table.select(condition.alias("keep"))["keep"]
    except pl.exceptions.ColumnNotFoundError as error:
        unknown = [name for name in condition.meta.root_names() if name not in table.columns]
        raise ValueError(_no_column(unknown[0] if unknown else str(error), table)) from None
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{what} must be computable from the columns of the items; got {error}.") from None
    if found.dtype != pl.Boolean or len(found) not in (1, table.height):
        raise ValueError(f"{what} must give true or false for each item; got {len(found)} values of type {found.dtype}.")
    keep = found.fill_null(False).to_numpy()
    return np.broadcast_to(keep, table.height) if len(keep) == 1 else keep


def _no_column(name: Any, table: pl.DataFrame) -> str:
    listed = ", ".join(repr(column) for column in table.columns)
    return f"where must name columns of the items; got {name!r}.{did_you_mean(name, table.columns)} The columns are {listed}."


def _condition(column: str, condition: Any, table: pl.DataFrame) -> pl.Expr:
    """Turn one entry of a mapping into an expression."""
    if column not in table.columns:
        raise ValueError(_no_column(column, table))
    if isinstance(condition, pl.Expr):
        return condition
    if isinstance(condition, tuple):
        return _range(column, condition, table.schema[column])
    if column == names.GENRES and table.schema[column] == pl.String:
        _check_genres(condition, table)
    if isinstance(condition, pl.Series | np.ndarray):
        condition = condition.to_list() if isinstance(condition, pl.Series) else condition.tolist()
    if isinstance(condition, Collection) and not isinstance(condition, str | bytes):
        return pl.any_horizontal(pl.lit(False), *(_equals(column, value, table.schema[column]) for value in condition))
    return _equals(column, condition, table.schema[column])


def _check_genres(condition: Any, table: pl.DataFrame) -> None:
    """Refuse a genre that no item has: a slip of the pen would only ever match nothing."""
    asked = [condition] if isinstance(condition, str) else condition if isinstance(condition, Collection) else []
    known = table[names.GENRES].drop_nulls().str.split("|").explode().drop_nulls().unique().sort().to_list()
    lower = {genre.lower() for genre in known}
    for genre in asked:
        if isinstance(genre, str) and genre.lower() not in lower and not ("|" in genre and _as_written(genre, table)):
            listed = ", ".join(nearest_first(genre, known)[:_LISTED])
            more = f" and {len(known) - _LISTED:,} more" if len(known) > _LISTED else ""
            raise ValueError(
                f"genres must be genres of the items; got {genre!r}. They are, the nearest first: {listed or 'none'}{more}."
            )


def _as_written(genres: str, table: pl.DataFrame) -> bool:
    """Return whether genres with bars between stand so in an item's text."""
    return bool(table[names.GENRES].str.to_lowercase().str.contains(genres.lower(), literal=True).any())


def _range(column: str, bounds: tuple[Any, ...], dtype: pl.DataType) -> pl.Expr:
    if len(bounds) != 2:
        raise ValueError(
            f"where[{column!r}] must be a range of two ends, (low, high); got {bounds!r}. For one of several values pass a list."
        )
    low, high = bounds
    for bound in bounds:
        if bound is not None:
            _check_type(column, bound, dtype)
    if low is not None and high is not None and low > high:
        raise ValueError(f"where[{column!r}] must be a range with its lower end first; got {bounds!r}.")
    at_least = pl.lit(True) if low is None else pl.col(column) >= low
    at_most = pl.lit(True) if high is None else pl.col(column) <= high
    return pl.col(column).is_not_null() & at_least & at_most


def _equals(column: str, value: Any, dtype: pl.DataType) -> pl.Expr:
    if value is None:
        return pl.col(column).is_null()
    _check_type(column, value, dtype)
    if dtype == pl.String and column == names.GENRES:
        # an entry ends at a bar or at the end of the text; splitting into lists would take five times as long
        return pl.col(column).str.contains(rf"(?i)(?:^|\|){pl.escape_regex(value)}(?:\||$)")
    if dtype == pl.String and column in _TEXT_COLUMNS:
        folded = pl.lit(value).str.normalize("NFC").str.to_lowercase()
        return pl.col(column).str.normalize("NFC").str.to_lowercase().str.contains(folded, literal=True)
    return pl.col(column) == value


def _check_type(column: str, value: Any, dtype: pl.DataType) -> None:
    """Refuse a text for a column of numbers and the reverse, which would only ever match nothing."""
    numeric = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if (dtype.is_numeric() and not numeric) or (dtype == pl.String and not isinstance(value, str)):
        wanted = "numbers" if dtype.is_numeric() else "texts"
        raise TypeError(f"where[{column!r}] must compare with {wanted}; got {type(value).__name__} {value!r}.")
