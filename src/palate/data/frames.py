"""Data frames of any library, in and out, without needing PyArrow.

Frames come in through Narwhals, which knows what kind of frame it is given; the columns asked for become a Polars frame.
Tables that cannot be handed over as they are (pandas without PyArrow) go column by column.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import polars as pl

FRAME_KINDS = ("polars", "pandas", "pyarrow")


def frame_kind(frame: Any) -> str:
    """Return which library answers to this frame should use: "polars", "pandas" or "pyarrow".

    Anything that is none of the three (a DuckDB relation, SciPy matrices, arrays) is answered in Polars.
    """
    root = type(frame).__module__.split(".")[0]
    return root if root in FRAME_KINDS else "polars"


def check_frame_kind(kind: str) -> str:
    """Return `kind` if frames can be made in it."""
    if kind not in FRAME_KINDS:
        raise ValueError(f"frame kind must be one of {', '.join(FRAME_KINDS)}; got {kind!r}.")
    return kind


def column_names(frame: Any) -> list[str]:
    """Return the names of the columns of any frame, without reading its rows."""
    if isinstance(frame, pl.DataFrame):
        return frame.columns
    if isinstance(frame, pl.LazyFrame):
        return frame.collect_schema().names()
    if _is_duckdb(frame):
        return list(frame.columns)
    return list(_narwhals(frame).collect_schema().names())


def require_columns(frame: Any, wanted: dict[str, str], table: str = "the ratings") -> None:
    """Check that columns exist; `wanted` maps the argument that named a column to the column's name.

    Raises
    ------
    ValueError
        If one is missing; the message lists the columns found and the nearest name.
    """
    found = column_names(frame)
    for argument, name in wanted.items():
        if name not in found:
            raise ValueError(missing_column(name, argument, found, table))


def missing_column(name: str, argument: str, found: Sequence[str], table: str) -> str:
    """Return the message for a column that is not there."""
    listed = ", ".join(repr(column) for column in found) or "none"
    message = f"column {name!r} must be in {table}; got the columns {listed}."
    lower = {column.lower().replace("_", ""): column for column in found if isinstance(column, str)}
    near = get_close_matches(name.lower().replace("_", ""), lower, n=1, cutoff=0.6) or get_close_matches(argument, lower, n=1)
    if near:
        return f"{message} Did you mean {argument}={lower[near[0]]!r}?"
    return f"{message} Name the right one with {argument}=."


def to_polars(frame: Any, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return the named columns (default: all) of any data frame as a Polars frame.

    Parameters
    ----------
    frame : polars.DataFrame or LazyFrame, pandas.DataFrame, pyarrow.Table, duckdb.DuckDBPyRelation, or any Narwhals knows
    columns : sequence of str, optional
        Must exist, see `require_columns`.

    Raises
    ------
    TypeError
        If `frame` is no data frame.

    Examples
    --------
    >>> import pandas as pd
    >>> to_polars(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), ["b"])["b"].to_list()
    ['x', 'y']
    """
    names = column_names(frame) if columns is None else list(dict.fromkeys(columns))
    if isinstance(frame, pl.DataFrame):
        return frame.select(names)
    if isinstance(frame, pl.LazyFrame):
        return frame.select(names).collect()
    if _is_duckdb(frame):
        return pl.DataFrame(frame.project(", ".join(_quoted(name) for name in names)))
    native = _narwhals(frame)
    if hasattr(native, "collect"):
        return native.select(names).collect(backend="polars").to_native()
    if native.implementation.is_pyarrow():
        return pl.DataFrame(native.select(names).to_native())
    return pl.DataFrame([to_series(native[name].to_native()).rename(str(name)) for name in names])


def to_series(values: Any) -> pl.Series:
    """Return values as a Polars series: a column of any library, a NumPy array or any iterable.

    Values that no Polars type holds together (UUIDs, integers among strings) give a series of Python objects.
    """
    if isinstance(values, pl.Series):
        return values
    if isinstance(values, str | bytes) or getattr(values, "ndim", 1) == 0 or not isinstance(values, Iterable):
        raise TypeError(f"values must be a column, an array or a list; got {type(values).__name__} {values!r}.")
    root = type(values).__module__.split(".")[0]
    if root == "pandas":
        return _from_pandas(values)
    if root == "pyarrow":
        return pl.Series(values)
    if isinstance(values, np.ndarray):
        return _from_numpy(values)
    return _from_objects(list(values))


def from_polars(frame: pl.DataFrame, kind: str = "polars") -> Any:
    """Return a Polars frame in another library, "polars", "pandas" or "pyarrow".

    In pandas, integers with missing values become the nullable `Int64`.
    """
    if check_frame_kind(kind) == "polars":
        return frame
    if kind == "pyarrow":
        return frame.to_arrow()
    import pandas as pd

    return pd.DataFrame({name: _pandas_values(frame[name]) for name in frame.columns}, columns=frame.columns)


def _pandas_values(series: pl.Series) -> Any:
    if series.dtype.is_integer() and series.null_count():
        import pandas as pd

        return pd.array(series.to_list(), dtype="Int64")
    if series.dtype.is_numeric() or series.dtype.is_temporal():
        return series.to_numpy()
    return series.to_list()


def _narwhals(frame: Any) -> Any:
    import narwhals as nw

    try:
        return nw.from_native(frame)
    except TypeError:
        message = f"a table must be a polars, pandas or PyArrow frame or a DuckDB relation; got {type(frame).__name__}."
        raise TypeError(f"{message} For arrays use from_arrays, for SciPy matrices from_scipy.") from None


def _is_duckdb(frame: Any) -> bool:
    return type(frame).__name__ == "DuckDBPyRelation"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _from_pandas(values: Any) -> pl.Series:
    """Convert a pandas series or index; PyArrow is not needed."""
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


def _from_numpy(values: np.ndarray) -> pl.Series:
    if values.ndim != 1:
        raise ValueError(f"values must have one dimension; got an array of shape {values.shape}.")
    if values.dtype.kind in "OUST":
        return _from_objects(values.tolist())
    return pl.Series(np.ascontiguousarray(values))


def _from_objects(values: list[Any]) -> pl.Series:
    """Make a typed series of Python values of one type, else one of objects: nothing is ever converted on the way."""
    kinds = set(map(type, values)) - {type(None)}
    if any(_is_number_of_numpy(kind) for kind in kinds):
        values = [value.item() if _is_number_of_numpy(type(value)) else value for value in values]
        kinds = set(map(type, values)) - {type(None)}
    if kinds == {int, float} or (len(kinds) <= 1 and not (kinds and _is_opaque(next(iter(kinds))))):
        try:
            return pl.Series(values)
        except (OverflowError, TypeError, UnicodeEncodeError, pl.exceptions.PolarsError):
            pass
    return pl.Series(values, dtype=pl.Object)


def _is_number_of_numpy(kind: type) -> bool:
    return issubclass(kind, np.generic) and not issubclass(kind, str | bytes)


def _is_opaque(kind: type) -> bool:
    return kind.__module__.split(".")[0] not in ("builtins", "datetime", "decimal")
