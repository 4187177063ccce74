"""Types of columns: from a frame of palate to Arrow, and from Arrow to Spark."""

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa
    from polars._typing import PolarsDataType


def arrow_schema(frame: pl.DataFrame) -> Any:
    """Return the Arrow schema, of types that Spark has, in which the rows of a frame travel.

    Raises
    ------
    TypeError
        If Spark has no type for a column.
    """
    import pyarrow as pa

    return pa.schema([(name, _arrow_type(name, dtype)) for name, dtype in frame.schema.items()])


def _arrow_type(name: str, dtype: "PolarsDataType") -> Any:
    import pyarrow as pa

    plain: dict[Any, Any] = {
        pl.Int8: pa.int8(),
        pl.Int16: pa.int16(),
        pl.Int32: pa.int32(),
        pl.Int64: pa.int64(),
        pl.UInt8: pa.int16(),
        pl.UInt16: pa.int32(),
        pl.UInt32: pa.int64(),
        pl.UInt64: pa.decimal128(20, 0),
        pl.Float32: pa.float32(),
        pl.Float64: pa.float64(),
        pl.String: pa.string(),
        pl.Boolean: pa.bool_(),
        pl.Date: pa.date32(),
        pl.Null: pa.string(),
    }
    if isinstance(dtype, pl.List):
        return pa.list_(_arrow_type(name, dtype.inner))
    if isinstance(dtype, pl.Datetime):
        return pa.timestamp("us", tz="UTC" if dtype.time_zone else None)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return pa.string()
    found = plain.get(dtype.base_type())
    if found is None:
        raise TypeError(
            f"column {name!r} of the catalog has the type {dtype}, which Spark does not have. Pass "
            "catalog=False."
        )
    return found


def spark_schema(schema: "pa.Schema") -> Any:
    """Return the Spark schema of the columns of an Arrow schema."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema, prefer_timestamp_ntz=True)
