"""Conditions on the columns of the catalog: which items a filter keeps."""

import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, Setting, Words
from palate._nearest import did_you_mean, nearest_first
from palate.data import columns as names
from palate.data.catalog import folded
from palate.data.forks import filled, require_threads, texts_with, threads_lost

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
        - a mapping of column to condition, all of which must hold. A tuple is a closed range,
          `{"year": (1980, 1989)}`, open on a side that is None; a list or set is any of its values;
          None is "missing"; everything else is the value itself. On `genres` a text is one of the
          item's genres, on `title` and `key` a part of it, both whatever the case.
    table : polars.DataFrame

    Raises
    ------
    TypeError
        If `where` is none of these, or a condition is not of the column's type.
    ValueError
        If a column does not exist, a range is upside down, or an expression gives no true or false per item.

    Examples
    --------
    >>> table = pl.DataFrame(
    ...     {
    ...         "title": ["Airplane!", "Psycho"],
    ...         "genres": ["Comedy", "Horror|Crime"],
    ...         "year": [1980, 1960],
    ...     }
    ... )
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
        found = [_condition(column, condition, table) for column, condition in where.items()]
        return np.asarray(np.all([np.ones(table.height, bool), *found], axis=0))
    require_threads(
        "where as an expression or a text of SQL (a mapping of column to condition needs no threads)"
    )
    if not isinstance(where, pl.Expr):
        must = "be a Polars expression, a text of SQL or a mapping of column to condition"
        raise ArgumentTypeError("where", must, f"{type(where).__name__}")
    return _evaluate(where, table, "where")


def describe(where: Where) -> Words:
    """Return a condition as a message shows it."""
    return Words(
        Setting("where", where, python=f"where={where!r}" if isinstance(where, str) else f"where={where}")
    )


def _parsed(text: str) -> pl.Expr:
    try:
        return pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        must = 'be a condition in SQL, such as "year >= 1980"'
        raise ArgumentError("where", must, f"{text!r} ({error})") from None


def _evaluate(condition: pl.Expr, table: pl.DataFrame, what: str) -> np.ndarray:
    try:
        found = table.select(condition.alias("keep"))["keep"]
    except pl.exceptions.ColumnNotFoundError as error:
        unknown = [name for name in condition.meta.root_names() if name not in table.columns]
        raise no_column("where", unknown[0] if unknown else str(error), table.columns) from None
    except pl.exceptions.PolarsError as error:
        raise ArgumentError(what, "use columns of the items", f"{error}") from None
    if found.dtype != pl.Boolean or len(found) not in (1, table.height):
        must = "give true or false for each item"
        raise ArgumentError(what, must, f"{len(found)} values of type {found.dtype}")
    keep = filled(found, False).to_numpy()
    return np.broadcast_to(keep, table.height) if len(keep) == 1 else keep


def no_column(argument: str, name: object, known: list[str]) -> ArgumentError:
    """Return the error for a column that items do not have."""
    listed = ", ".join(map(repr, known)) or "none: train with a catalog"
    advice = f"{did_you_mean(name, known)} The columns are {listed}."
    return ArgumentError(argument, "name columns of the items", f"{name!r}", advice)


def _condition(column: str, condition: object, table: pl.DataFrame) -> np.ndarray:
    """Return which rows satisfy one entry of a mapping, column by column, without Polars' threads."""
    if column not in table.columns:
        raise no_column("where", column, table.columns)
    if isinstance(condition, pl.Expr):
        require_threads(f"where[{column!r}] as an expression")
        return _evaluate(condition, table, f"where[{column!r}]")
    values = table[column]
    if isinstance(condition, tuple):
        return _range(values, condition)
    if isinstance(condition, pl.Series | np.ndarray):
        condition = condition.to_list() if isinstance(condition, pl.Series) else condition.tolist()
    several = isinstance(condition, Collection) and not isinstance(condition, str | bytes)
    wanted = list(cast(Collection[object], condition)) if several else [condition]
    if column == names.GENRES and values.dtype == pl.String:
        _check_genres(wanted, table)
    found = [_equals(values, value) for value in wanted]
    return np.asarray(np.any([np.zeros(len(values), bool), *found], axis=0))


def _check_genres(wanted: list[object], table: pl.DataFrame) -> None:
    """Refuse a genre that no item has, because a misspelt one matches nothing."""
    texts = table[names.GENRES].drop_nulls().to_list()
    known = sorted({genre for text in texts for genre in text.split("|") if genre})
    lower = {genre.lower() for genre in known}
    for genre in wanted:
        if not isinstance(genre, str) or genre.lower() in lower:
            continue
        if "|" in genre and any(genre.lower() in text.lower() for text in texts):
            continue  # genres with bars between them, as an item has them
        listed = ", ".join(nearest_first(genre, known)[:_LISTED])
        more = f" and {len(known) - _LISTED:,} more" if len(known) > _LISTED else ""
        advice = f"The genres, the nearest first: {listed or 'none'}{more}."
        raise ArgumentError("genres", "be genres of the items", f"{genre!r}", advice)


def _range(values: pl.Series, bounds: tuple[Any, ...]) -> np.ndarray:
    where = f"where[{values.name!r}]"
    if len(bounds) != 2:
        advice = "For one of several values pass a list."
        raise ArgumentError(where, "be a range of two ends, (low, high)", f"{bounds!r}", advice)
    low, high = bounds
    for bound in bounds:
        if bound is not None:
            _check_type(values, bound)
    if low is not None and high is not None and low > high:
        raise ArgumentError(where, "be a range with its lower end first", f"{bounds!r}")
    inside = values.is_not_null().to_numpy()
    if low is not None:
        inside = inside & _compared(values, operator.ge, low)
    return inside if high is None else inside & _compared(values, operator.le, high)


def _equals(values: pl.Series, value: Any) -> np.ndarray:
    if value is None:
        return values.is_null().to_numpy()
    _check_type(values, value)
    if values.dtype == pl.String and values.name == names.GENRES:
        return _true(_with_genre(values, value))
    if values.dtype == pl.String and values.name in _TEXT_COLUMNS:
        return _true(texts_with(folded(values), folded(pl.Series([value]))[0]))
    return _compared(values, operator.eq, value)


def _compared(values: pl.Series, compare: Callable[[Any, Any], pl.Series], value: object) -> np.ndarray:
    """Return for which rows the comparison of a column with a value holds; false for null."""
    if not len(values):
        return np.zeros(0, dtype=bool)
    try:
        return _true(compare(values, pl.Series([value])))
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise ArgumentError(f"where[{values.name!r}]", "use columns of the items", f"{error}") from None


def _true(found: pl.Series) -> np.ndarray:
    return filled(found, False).to_numpy()


def _with_genre(genres: pl.Series, genre: str) -> pl.Series:
    """Return which items have a genre; upper and lower case are the same."""
    if not threads_lost():
        return genres.str.contains(rf"(?i)(?:^|\|){pl.escape_regex(genre)}(?:\||$)")
    found = re.compile(rf"(?:^|\|){re.escape(genre)}(?:\||$)", re.IGNORECASE)
    return pl.Series(
        [None if text is None else found.search(text) is not None for text in genres.to_list()],
        dtype=pl.Boolean,
    )


def _check_type(values: pl.Series, value: object) -> None:
    """Refuse a text for a column of numbers and the reverse, which would only ever match nothing."""
    dtype = values.dtype
    numeric = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if (dtype.is_numeric() and not numeric) or (dtype == pl.String and not isinstance(value, str)):
        wanted = "numbers" if dtype.is_numeric() else "texts"
        must = f"compare with {wanted}"
        raise ArgumentTypeError(f"where[{values.name!r}]", must, f"{type(value).__name__} {value!r}")
