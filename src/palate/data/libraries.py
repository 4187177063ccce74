"""Which library a table or a column is of, told without importing any."""

import polars as pl

from palate._checks import ArgumentError

FRAME_KINDS = ("polars", "pandas", "pyarrow")


def library_of(value: object) -> str:
    """Return the library that a value's class is from, such as "pandas"."""
    return type(value).__module__.split(".")[0]


def frame_kind(frame: object) -> str:
    """Return which library answers to this frame should use: "polars", "pandas" or "pyarrow".

    Anything that is none of the three (a DuckDB relation, SciPy matrices, arrays) is answered in Polars.
    """
    root = library_of(frame)
    return root if root in FRAME_KINDS else "polars"


def check_frame_kind(kind: str) -> str:
    """Return `kind` if frames can be made in it."""
    if kind not in FRAME_KINDS:
        raise ArgumentError("frame kind", f"be one of {', '.join(FRAME_KINDS)}", f"{kind!r}")
    return kind


def is_frame(value: object) -> bool:
    """Return whether a value is a table with named columns, of whatever library."""
    root = library_of(value)
    if isinstance(value, pl.DataFrame | pl.LazyFrame) or is_duckdb(value):
        return True
    if root == "pyarrow":
        return hasattr(value, "schema")
    return hasattr(value, "columns") and (hasattr(value, "iloc") or hasattr(value, "collect_schema"))


def is_pandas(frame: object) -> bool:
    return library_of(frame) == "pandas" and hasattr(frame, "iloc") and hasattr(frame, "columns")


def is_pandas_series(values: object) -> bool:
    return library_of(values) == "pandas" and hasattr(values, "iloc") and not hasattr(values, "columns")


def is_arrow(frame: object) -> bool:
    return library_of(frame) == "pyarrow" and hasattr(frame, "schema")


def is_duckdb(frame: object) -> bool:
    return type(frame).__name__ == "DuckDBPyRelation"
