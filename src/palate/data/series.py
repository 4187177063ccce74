"""Columns of any library, arrays and lists as Polars series, without needing PyArrow."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.libraries import is_frame, is_pandas_series, library_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_MISSING = ("NAType", "NaTType")  # pandas' own words for a missing value
_UNORDERED = (set, frozenset, dict)


def to_series(values: object) -> pl.Series:
    """Return values as a Polars series: a column of any library, a NumPy array or any iterable.

    Values that no Polars type holds together (UUIDs, integers among strings) give a series of Python objects.
    """
    if isinstance(values, pl.Series):
        return values
    if isinstance(values, str | bytes) or getattr(values, "ndim", 1) == 0 or not isinstance(values, Iterable):
        must = "be a column, an array or a list"
        raise ArgumentTypeError("values", must, f"{type(values).__name__} {values!r}")
    if isinstance(values, _UNORDERED) or is_frame(values):
        what = (
            "which has no order of rows" if isinstance(values, set | frozenset) else "which is not a column"
        )
        must = "be a column, an array or a list"
        raise ArgumentTypeError("values", must, f"a {type(values).__name__}, {what}")
    root = library_of(values)
    if root == "pandas":
        return _from_pandas(cast(Any, values))
    if root == "pyarrow":
        return from_arrow(values)
    if isinstance(values, np.ndarray):
        return _from_numpy(values)
    return _from_objects(list(values))


def check_same_index(columns: Mapping[str, Any]) -> None:
    """Check that pandas series that are to stand side by side have one index.

    Otherwise pandas would bring them in line by it.

    Raises
    ------
    ValueError
        If two have as many rows and another index.
    """
    indexed = [(name, values) for name, values in columns.items() if is_pandas_series(values)]
    for name, values in indexed[1:]:
        first, other = indexed[0]
        if len(values) == len(other) and not values.index.equals(other.index):
            advice = (
                "Take them from one frame, or pass series.to_numpy() if their rows are in the same order."
            )
            raise ArgumentError(f"{first} and {name}", "be pandas series with one index", "two", advice)


def shown(value: object) -> str:
    """Return a cell as messages show it: nested lists as lists, not as the frame that they are.

    >>> shown(pl.Series([1, 2])), shown("a")
    ('[1, 2]', "'a'")
    """
    return repr(value.to_list() if isinstance(value, pl.Series) else value)


def _from_pandas(values: "pd.Series[Any]") -> pl.Series:
    """Convert a pandas series or index; PyArrow is not needed."""
    dtype: Any = values.dtype
    if hasattr(dtype, "pyarrow_dtype"):
        import pyarrow as pa

        return from_arrow(pa.array(values))
    if hasattr(dtype, "fill_value") and hasattr(dtype, "subtype"):  # sparse
        values = values.astype(dtype.subtype)
        dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return _from_numpy(values.to_numpy())
    if getattr(dtype, "tz", None) is not None:  # seconds since the epoch do not depend on the zone
        return pl.Series(values.to_numpy(dtype="datetime64[us]"))
    missing = np.asarray(values.isna())
    if dtype.kind in "iuf" and not missing.any():
        return pl.Series(values.to_numpy(dtype=dtype.numpy_dtype))
    objects = values.astype(object).to_numpy()
    return _from_objects([None if absent else value for value, absent in zip(objects, missing, strict=True)])


def from_arrow(values: "pa.Array | pa.ChunkedArray") -> pl.Series:
    """Convert an Arrow array; dictionaries are looked up, and zones that Polars does not know become UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_run_end_encoded(kind):
        values = pc.run_end_decode(values)
    elif pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        # By way of integers: PyArrow takes all zones for one if usearch was imported before it.
        values = values.cast(pa.int64()).cast(pa.timestamp(kind.unit, "UTC"))
    elif str(kind) == "extension<arrow.uuid>":
        return _from_objects(values.to_pylist())
    return pl.Series(values)


def _from_numpy(values: np.ndarray) -> pl.Series:
    if values.ndim != 1:
        raise ArgumentError("values", "have one dimension", f"an array of shape {values.shape}")
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            return _from_objects(values.tolist())  # with None for what is masked
        values = values.data
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] not in ("D", "ms", "us", "ns"):
        values = values.astype("datetime64[us]")
    if values.dtype.kind in "OUST":
        return _from_objects(values.tolist())
    return pl.Series(np.ascontiguousarray(values))


def _from_objects(values: list[Any]) -> pl.Series:
    """Make a typed series of Python values of one type, else one of objects.

    Nothing is ever converted on the way.
    """
    if any(_is_number_of_numpy(kind) or kind.__name__ in _MISSING for kind in set(map(type, values))):
        values = [None if type(value).__name__ in _MISSING else _plain(value) for value in values]
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) <= 1 and not any(_is_opaque(kind) for kind in kinds) and _fit_together(values, kinds):
        try:
            return pl.Series(values)
        except (OverflowError, TypeError, UnicodeEncodeError, pl.exceptions.PolarsError):
            pass
    return pl.Series(values, dtype=pl.Object)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) and _is_number_of_numpy(type(value)) else value


def _fit_together(values: list[Any], kinds: set[type]) -> bool:
    """Return whether Polars keeps values of one type as they are.

    It does not keep datetimes with and without zone, nor decimals that are no numbers.
    """
    given = [value for value in values if value is not None]
    if kinds == {datetime}:
        return len({value.tzinfo is None for value in given}) == 1
    return kinds != {Decimal} or all(value.is_finite() for value in given)


def _is_number_of_numpy(kind: type) -> bool:
    return issubclass(kind, np.generic) and not issubclass(kind, str | bytes)


def _is_opaque(kind: type) -> bool:
    return kind.__module__.split(".")[0] not in ("builtins", "datetime", "decimal")
