"""Data frames of any library, in and out, without needing PyArrow.

Frames come in through Narwhals, which knows what kind of frame it is given; the columns asked for
become a Polars frame. Tables that cannot be handed over as they are (pandas without PyArrow) go
column by column.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from os import PathLike
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.forks import require_threads, threads_lost

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


FRAME_KINDS = ("polars", "pandas", "pyarrow")
_MISSING = ("NAType", "NaTType")  # pandas' own words for a missing value
_UNORDERED = (set, frozenset, dict)


def frame_kind(frame: object) -> str:
    """Return which library answers to this frame should use: "polars", "pandas" or "pyarrow".

    Anything that is none of the three (a DuckDB relation, SciPy matrices, arrays) is answered in Polars.
    """
    root = type(frame).__module__.split(".")[0]
    return root if root in FRAME_KINDS else "polars"


def check_frame_kind(kind: str) -> str:
    """Return `kind` if frames can be made in it."""
    if kind not in FRAME_KINDS:
        raise ArgumentError("frame kind", f"be one of {', '.join(FRAME_KINDS)}", f"{kind!r}")
    return kind


def is_frame(value: object) -> bool:
    """Return whether a value is a table with named columns, of whatever library."""
    root = type(value).__module__.split(".")[0]
    if isinstance(value, pl.DataFrame | pl.LazyFrame) or _is_duckdb(value):
        return True
    if root == "pyarrow":
        return hasattr(value, "schema")
    return hasattr(value, "columns") and (hasattr(value, "iloc") or hasattr(value, "collect_schema"))


def opened(frame: Any) -> Any:
    """Return a table that can be asked for columns: a Delta table's files, a scanner's rows, what a
    stream of Arrow holds.

    A stream can be read only once, so this comes before anything else is asked of it; other tables
    are returned as they are.

    >>> class Stream:
    ...     def __arrow_c_stream__(self, requested_schema=None):
    ...         return pl.DataFrame({"a": [1]}).__arrow_c_stream__(requested_schema)
    >>> opened(Stream())["a"].to_list()
    [1]
    """
    if hasattr(frame, "to_pyarrow_dataset"):
        return frame.to_pyarrow_dataset()
    root = type(frame).__module__.split(".")[0]
    if root == "pyarrow" and hasattr(frame, "projected_schema"):
        return frame.to_table()
    if (
        root not in (*FRAME_KINDS, "duckdb", "_duckdb")
        and hasattr(frame, "__arrow_c_stream__")
        and not hasattr(frame, "columns")
    ):
        require_threads("reading a stream of Arrow")
        return pl.DataFrame(frame)
    return frame


def column_names(frame: Any) -> list[Any]:
    """Return the names of the columns of any frame, without reading its rows."""
    if isinstance(frame, pl.DataFrame):
        return frame.columns
    if isinstance(frame, pl.LazyFrame):
        return frame.collect_schema().names()
    if _is_duckdb(frame) or _is_pandas(frame):
        return list(frame.columns)
    if _is_arrow(frame):
        return list(frame.schema.names)
    return list(_narwhals(frame).collect_schema().names())


def require_columns(frame: object, wanted: dict[str, Any], table: str = "the ratings") -> None:
    """Check that columns exist, once; `wanted` maps the argument that named a column to the column's name.

    Raises
    ------
    ValueError
        If one is missing or there twice; the message lists the columns found and the nearest name.
    """
    found = column_names(frame)
    for argument, name in wanted.items():
        if name not in found:
            levels = [
                level for level in getattr(getattr(frame, "index", None), "names", ()) if level is not None
            ]
            index = " It is in the frame's index: call reset_index() first." if name in levels else ""
            raise ValueError(
                missing_column(name, argument, found, table)
                if not index
                else f"{_not_there(name, found, table)}{index}"
            )
        check_once(name, found, table)


def check_once(name: object, found: Sequence[Any], table: str) -> None:
    """Raise if a column that is wanted is there more than once."""
    times = found.count(name)
    if times > 1:
        raise ArgumentError(
            f"column {name!r}",
            f"be in {table} once",
            f"{times} columns of that name",
            "Rename or drop the others.",
        )


def _not_there(name: object, found: Sequence[Any], table: str) -> str:
    listed = ", ".join(repr(column) for column in found) or "none"
    return f"column {name!r} must be in {table}; got the columns {listed}."


def missing_column(name: object, argument: str, found: Sequence[Any], table: str) -> str:
    """Return the message for a column that is not there."""
    message = _not_there(name, found, table)
    lower = {column.lower().replace("_", ""): column for column in found if isinstance(column, str)}
    near = get_close_matches(str(name).lower().replace("_", ""), lower, n=1, cutoff=0.6) or get_close_matches(
        argument, lower, n=1
    )
    if near:
        return f"{message} Did you mean {argument}={lower[near[0]]!r}?"
    return f"{message} Name the right one with {argument}=."


def to_polars(frame: Any, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return the named columns (default: all) of any data frame as a Polars frame.

    Parameters
    ----------
    frame : data frame
        Of Polars (lazy, too), pandas, PyArrow, DuckDB, or any other library that Narwhals knows.
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
    found = column_names(frame)
    names = found if columns is None else list(dict.fromkeys(columns))
    for name in names:
        check_once(name, found, "the table")
    if isinstance(frame, pl.DataFrame):
        return frame[names]
    if isinstance(frame, pl.LazyFrame):
        require_threads("collecting a lazy frame")
        return frame.select(names).collect()
    if _is_pandas(frame):
        columns_ = [to_series(frame.iloc[:, found.index(name)]).alias(str(name)) for name in names]
        return pl.DataFrame(columns_) if columns_ else pl.DataFrame()
    if _is_duckdb(frame):
        require_threads("reading a DuckDB relation")
        return pl.DataFrame(frame.project(", ".join(_quoted(name) for name in names)))
    if hasattr(frame, "read_all"):  # a reader of record batches
        frame = frame.read_all()
    if _is_arrow(frame) and not hasattr(
        frame, "column"
    ):  # a dataset: files of which only these columns are read
        frame = frame.to_table(columns=names)
    if _is_arrow(frame):
        return pl.DataFrame(
            [_from_arrow(frame.column(frame.schema.names.index(name))).alias(name) for name in names]
        )
    native = _narwhals(frame)
    if hasattr(native, "collect"):
        require_threads("collecting a lazy frame")
        whole: pl.DataFrame = native.select(names).collect(backend="polars").to_native()
        return whole
    return pl.DataFrame([to_series(native[name].to_native()).alias(str(name)) for name in names])


def to_series(values: object) -> pl.Series:
    """Return values as a Polars series: a column of any library, a NumPy array or any iterable.

    Values that no Polars type holds together (UUIDs, integers among strings) give a series of Python objects.
    """
    if isinstance(values, pl.Series):
        return values
    if isinstance(values, str | bytes) or getattr(values, "ndim", 1) == 0 or not isinstance(values, Iterable):
        raise ArgumentTypeError(
            "values", "be a column, an array or a list", f"{type(values).__name__} {values!r}"
        )
    if isinstance(values, _UNORDERED) or is_frame(values):
        what = (
            "which has no order of rows" if isinstance(values, set | frozenset) else "which is not a column"
        )
        raise ArgumentTypeError(
            "values", "be a column, an array or a list", f"a {type(values).__name__}, {what}"
        )
    root = type(values).__module__.split(".")[0]
    if root == "pandas":
        return _from_pandas(cast(Any, values))
    if root == "pyarrow":
        return _from_arrow(values)
    if isinstance(values, np.ndarray):
        return _from_numpy(values)
    return _from_objects(list(values))


def check_same_index(columns: Mapping[str, Any]) -> None:
    """Check that pandas series that are to stand side by side have one index, since pandas would
    bring them in line by it.

    Raises
    ------
    ValueError
        If two have as many rows and another index.
    """
    indexed = [(name, values) for name, values in columns.items() if _is_pandas_series(values)]
    for name, values in indexed[1:]:
        first, other = indexed[0]
        if len(values) == len(other) and not values.index.equals(other.index):
            raise ArgumentError(
                f"{first} and {name}",
                "be pandas series with one index",
                "two",
                "Take them from one frame, or pass series.to_numpy() if their rows are in the same order.",
            )


def shown(value: object) -> str:
    """Return a cell as messages show it: nested lists as lists, not as the frame that they are.

    >>> shown(pl.Series([1, 2])), shown("a")
    ('[1, 2]', "'a'")
    """
    return repr(value.to_list() if isinstance(value, pl.Series) else value)


def from_polars(frame: pl.DataFrame, kind: str = "polars") -> Any:
    """Return a Polars frame in another library, "polars", "pandas" or "pyarrow".

    In pandas, integers with missing values become the nullable `Int64`.
    """
    if check_frame_kind(kind) == "polars":
        return frame
    if kind == "pyarrow":
        return _to_arrow(frame)
    import pandas as pd

    return pd.DataFrame({name: _pandas_values(frame[name]) for name in frame.columns}, columns=frame.columns)


def _to_arrow(frame: pl.DataFrame) -> Any:
    """Return a PyArrow table; `DataFrame.to_arrow` would need Polars' threads."""
    if not threads_lost():
        return frame.to_arrow()
    import pyarrow as pa

    return pa.table([column.to_arrow() for column in frame], names=frame.columns)


def _pandas_values(series: pl.Series) -> Any:
    if series.dtype.is_integer() and series.null_count():
        import pandas as pd

        return pd.array(series.to_list(), dtype="Int64")
    if series.dtype.is_numeric() or series.dtype.is_temporal():
        return series.to_numpy()
    return series.to_list()


def _narwhals(frame: object) -> Any:
    import narwhals as nw

    try:
        return nw.from_native(frame)
    except TypeError:
        message = (
            f"a table must be a polars, pandas or PyArrow frame or a DuckDB relation; got "
            f"{type(frame).__name__}."
        )
        advice = "For arrays use from_arrays, for SciPy matrices from_scipy."
        if isinstance(frame, Mapping | list | tuple):
            advice = "Make a frame of it first, such as polars.DataFrame(...)."
        elif isinstance(frame, str | PathLike):
            advice = "For files use palate.read(...)."
        raise TypeError(f"{message} {advice}") from None


def _is_pandas(frame: object) -> bool:
    return (
        type(frame).__module__.split(".")[0] == "pandas"
        and hasattr(frame, "iloc")
        and hasattr(frame, "columns")
    )


def _is_pandas_series(values: object) -> bool:
    return (
        type(values).__module__.split(".")[0] == "pandas"
        and hasattr(values, "iloc")
        and not hasattr(values, "columns")
    )


def _is_arrow(frame: object) -> bool:
    return type(frame).__module__.split(".")[0] == "pyarrow" and hasattr(frame, "schema")


def _is_duckdb(frame: object) -> bool:
    return type(frame).__name__ == "DuckDBPyRelation"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _from_pandas(values: "pd.Series[Any]") -> pl.Series:
    """Convert a pandas series or index; PyArrow is not needed."""
    dtype: Any = values.dtype
    if hasattr(dtype, "pyarrow_dtype"):
        import pyarrow as pa

        return _from_arrow(pa.array(values))
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


def _from_arrow(values: "pa.Array | pa.ChunkedArray") -> pl.Series:
    """Convert an Arrow array; dictionaries are looked up, and zones that Polars does not know become UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_run_end_encoded(kind):
        values = pc.run_end_decode(values)
    elif pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        values = values.cast(pa.timestamp(kind.unit, "UTC"))
    elif str(kind) == "extension<arrow.uuid>":
        return _from_objects(values.to_pylist())
    return pl.Series(values)


def _from_numpy(values: np.ndarray) -> pl.Series:
    if values.ndim != 1:
        raise ArgumentError("values", "have one dimension", f"an array of shape {values.shape}")
    if isinstance(values, np.ma.MaskedArray):
        missing = np.ma.getmaskarray(values)
        if missing.any():
            return _from_objects(
                [
                    None if absent else value
                    for value, absent in zip(values.data.tolist(), missing, strict=True)
                ]
            )
        values = values.data
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] not in ("D", "ms", "us", "ns"):
        values = values.astype("datetime64[us]")
    if values.dtype.kind in "OUST":
        return _from_objects(values.tolist())
    return pl.Series(np.ascontiguousarray(values))


def _from_objects(values: list[Any]) -> pl.Series:
    """Make a typed series of Python values of one type, else one of objects: nothing is ever
    converted on the way.
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
    """Return whether Polars keeps values of one type as they are: not datetimes with and without
    zone, nor decimals that are no numbers.
    """
    given = [value for value in values if value is not None]
    if kinds == {datetime}:
        return len({value.tzinfo is None for value in given}) == 1
    return kinds != {Decimal} or all(value.is_finite() for value in given)


def _is_number_of_numpy(kind: type) -> bool:
    return issubclass(kind, np.generic) and not issubclass(kind, str | bytes)


def _is_opaque(kind: type) -> bool:
    return kind.__module__.split(".")[0] not in ("builtins", "datetime", "decimal")
