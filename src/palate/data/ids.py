"""What may be an id: integers, strings and UUIDs, of one kind in a column and never converted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, MissingValueError
from palate.data.series import shown, to_series

WhereRow = Callable[[int], str]
KIND_NAMES = {"int": "integer", "uint": "integer", "str": "string", "uuid": "UUID"}
# all fit 64 bits with a sign
SIGNED = pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32
_ADVICE = "Ids are integers, strings or UUIDs"


@dataclass(frozen=True, eq=False)
class CodedIds:
    """A column of ids, each distinct one stored once.

    Parameters
    ----------
    values : polars.Series of texts or integers
        The distinct ids in any order, none of them null.
    codes : ndarray of shape (n_rows,), int32
        Position in `values` of each row's id.
    """

    values: pl.Series
    codes: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def series(self) -> pl.Series:
        """Return the ids row by row."""
        return self.values.gather(self.codes)


def row_label(row: int) -> str:
    """Say where a row of a table is; readers pass their own words, with line numbers."""
    return f"0-based row {row}"


def refuse_first(
    wrong: pl.Series, values: pl.Series, what: str, must: str, where: WhereRow = row_label
) -> None:
    """Raise ArgumentError that names the first value that is `wrong` (bool, without nulls), if any is."""
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise ArgumentError(what, must, f"{values[row]!r} at {where(row)}")


def id_column(values: object, what: str, where: WhereRow = row_label) -> tuple[pl.Series, str]:
    """Return ids as a Polars series and their kind: "int", "uint", "str" or "uuid".

    Integer series keep their width; UUIDs become their canonical strings. "uint" is for ids beyond
    int64 only.

    Parameters
    ----------
    values : column, array or iterable
    what : str
        What to call the column in a message, such as "column 'user_id'".
    where : callable
        Turns a row number into words.

    Raises
    ------
    TypeError
        If ids are floats, booleans, bytes or anything else, or of two kinds.
    ValueError
        If an id is null, or an integer does not fit 64 bits.
    """
    series = to_series(values)
    if series.dtype == pl.Object:
        return _from_objects(series.to_list(), what, where)
    if series.null_count():
        raise _missing(what, where(int(series.is_null().arg_max() or 0)))
    dtype = series.dtype
    if dtype == pl.String:
        return series, "str"
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return series.cast(pl.String), "str"
    if dtype == pl.Null:  # an empty list has no type yet
        return series.cast(pl.Int64), "int"
    if dtype.is_integer():
        return _integers(series, what, where)
    if dtype.is_decimal() and dtype.scale == 0:  # type: ignore[attr-defined]  # DuckDB's integers of 128 bits
        return _integers(series.cast(pl.Int128), what, where)
    value = f" ({shown(series[0])} at {where(0)})" if len(series) else ""
    raise TypeError(_type_message(what, str(dtype), value, floats=dtype.is_float()))


def _integers(series: pl.Series, what: str, where: WhereRow) -> tuple[pl.Series, str]:
    if series.dtype in SIGNED:
        return series, "int"
    for dtype, kind in ((pl.Int64, "int"), (pl.UInt64, "uint")):
        cast = series.cast(dtype, strict=False)
        if not cast.null_count():
            return cast, kind
    row = int(cast.is_null().arg_max() or 0)
    must = "hold integers of 64 bits, all signed or all unsigned"
    raise ArgumentError(what, must, f"{series[row]} at {where(row)}")


def _from_objects(values: list[Any], what: str, where: WhereRow) -> tuple[pl.Series, str]:
    kinds: dict[str, int] = {}
    for type_ in dict.fromkeys(map(type, values)):
        row = next(row for row, value in enumerate(values) if type(value) is type_)
        kinds.setdefault(_kind_of(type_, values[row], row, what, where), row)
    if len(kinds) > 1:
        found = " and ".join(
            f"{KIND_NAMES[kind]}s ({values[row]!r} at {where(row)})" for kind, row in list(kinds.items())[:2]
        )
        must = "hold ids of one type"
        raise ArgumentTypeError(what, must, f"{found}", "Convert the column to one type first.")
    kind = next(iter(kinds), "int")
    if kind == "uuid":
        return pl.Series([str(value) for value in values], dtype=pl.String), "uuid"
    if kind == "str":
        return _texts([str(value) for value in values], what, where), "str"
    return _big_integers([int(value) for value in values], what, where)


def _texts(values: list[str], what: str, where: WhereRow) -> pl.Series:
    try:
        return pl.Series(values, dtype=pl.String)
    except UnicodeEncodeError:
        row = next(row for row, value in enumerate(values) if has_surrogate(value))
        raise ValueError(
            f"{what} must hold text that can be written in UTF-8; got half of a surrogate pair in "
            f"{values[row]!r} at {where(row)}. Decode the ids with the right encoding."
        ) from None


def has_surrogate(text: str) -> bool:
    """Return whether a text holds half of a surrogate pair, which no encoding can write."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _big_integers(values: list[int], what: str, where: WhereRow) -> tuple[pl.Series, str]:
    low, high = (0, 2**64) if max(values, default=0) >= 2**63 else (-(2**63), 2**63)
    for row, value in enumerate(values):
        if not low <= value < high:
            must = "hold integers of 64 bits, all signed or all unsigned"
            raise ArgumentError(what, must, f"{value} at {where(row)}")
    return pl.Series(values, dtype=pl.Int64 if low else pl.UInt64), "int" if low else "uint"


def _kind_of(type_: type, value: object, row: int, what: str, where: WhereRow) -> str:
    if value is None or value != value:
        raise _missing(what, where(row))
    kind = kind_of_type(type_)
    if kind is None:
        example = f" ({value!r} at {where(row)})"
        raise TypeError(_type_message(what, type_.__name__, example, floats=issubclass(type_, float)))
    return kind


def kind_of_type(type_: type) -> str | None:
    """Return the kind of id that values of a Python type are, or None if they are none.

    It is "int" for any integer.
    """
    if issubclass(type_, bool | np.bool_):
        return None
    for accepted, kind in (((int, np.integer), "int"), (str, "str"), (UUID, "uuid")):
        if issubclass(type_, accepted):
            return kind
    return None


def _missing(what: str, row: str) -> MissingValueError:
    return MissingValueError(
        what, "have an id in every row", f"null at {row}", "Drop or fill these rows first."
    )


def _type_message(what: str, found: str, value: str, floats: bool) -> str:
    advice = "cast the column first"
    if floats:
        advice = "a missing id turns a column of integers into floats: drop it and cast to int64"
    return f"{what} must hold ids; got {found}{value}. {_ADVICE}; {advice}."
