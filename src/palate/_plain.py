"""Values as JSON can hold them."""

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import polars as pl


def plain(value: object) -> Any:
    """Return a value as JSON can hold it.

    Frames are lists of rows and dataclasses are objects. Numbers that are not finite are null, and what
    JSON knows nothing of, such as a path or a date, is a text.

    Examples
    --------
    >>> plain({"a": (1, float("nan")), "b": {"c": range(2)}})
    {'a': [1, None], 'b': {'c': 'range(0, 2)'}}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    if getattr(value, "shape", None) == ():  # a number of NumPy
        return plain(cast(Any, value).item())
    if type(value).__name__ in ("DataFrame", "Table"):
        import polars as pl

        return [plain(row) for row in shortened(pl.DataFrame(cast(Any, value))).iter_rows(named=True)]
    return str(value)


def shortened(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Return a frame whose float32 columns are float64 with the same shortest digits.

    4.3 stays 4.3, and does not become 4.300000190734863.
    """
    import polars as pl
    import polars.selectors as cs

    return frame.with_columns(cs.by_dtype(pl.Float32).cast(pl.String).cast(pl.Float64))
