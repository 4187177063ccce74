"""Data frames of any library, in and out, without needing PyArrow; `series` does the same for one column.

Frames come in through Narwhals, which knows what kind of frame it is given; the columns asked for
become a Polars frame. Tables that cannot be handed over as they are (pandas without PyArrow) go
column by column.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations
from os import PathLike
from typing import Any

import polars as pl

from palate._checks import ArgumentError
from palate.data.forks import require_threads, threads_lost
from palate.data.libraries import FRAME_KINDS, check_frame_kind, is_arrow, is_duckdb, is_pandas, library_of
from palate.data.series import from_arrow, to_series


def opened(frame: Any) -> Any:
    """Return a table that can be asked for columns: files of a Delta table, rows of a scanner or stream.

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
    root = library_of(frame)
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
    if is_duckdb(frame) or is_pandas(frame):
        return list(frame.columns)
    if is_arrow(frame):
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
            if name is not None and name in getattr(getattr(frame, "index", None), "names", ()):
                advice = "It is in the frame's index: call reset_index() first."
                raise ValueError(f"{_not_there(name, found, table)} {advice}")
            raise ValueError(missing_column(name, argument, found, table))
        check_once(name, found, table)


def check_apart(columns: Mapping[str, object]) -> None:
    """Raise if one column is to be two of user, item, rating and timestamp.

    >>> check_apart({"user": "who", "item": "film", "rating": "stars"})
    """
    roles = [role for role in ("user", "item", "rating", "timestamp") if columns.get(role) is not None]
    for one, other in combinations(roles, 2):
        if columns[one] == columns[other]:
            raise ArgumentError(other, f"be another column than {one}", f"{columns[one]!r} for both")


def check_once(name: object, found: Sequence[Any], table: str) -> None:
    """Raise if a column that is wanted is there more than once."""
    times = found.count(name)
    if times > 1:
        got = f"{times} columns of that name"
        raise ArgumentError(f"column {name!r}", f"be in {table} once", got, "Rename or drop the others.")


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
        try:
            return frame.select(names).collect()
        except pl.exceptions.PanicException:  # no Exception, and its text is about the code of Polars
            raise ValueError("the frame cannot be read: the data that it is of are damaged.") from None
    if is_pandas(frame):
        columns_ = [to_series(frame.iloc[:, found.index(name)]).alias(str(name)) for name in names]
        return pl.DataFrame(columns_) if columns_ else pl.DataFrame()
    if is_duckdb(frame):
        require_threads("reading a DuckDB relation")
        return pl.DataFrame(frame.project(", ".join(_quoted(name) for name in names)))
    if hasattr(frame, "read_all"):  # a reader of record batches
        frame = frame.read_all()
    if is_arrow(frame) and not hasattr(frame, "column"):
        frame = frame.to_table(columns=names)  # of a dataset: files of which only these columns are read
    if is_arrow(frame):
        return pl.DataFrame(
            [from_arrow(frame.column(frame.schema.names.index(name))).alias(name) for name in names]
        )
    native = _narwhals(frame)
    if hasattr(native, "collect"):
        require_threads("collecting a lazy frame")
        whole: pl.DataFrame = native.select(names).collect(backend="polars").to_native()
        return whole
    return pl.DataFrame([to_series(native[name].to_native()).alias(str(name)) for name in names])


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


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
