"""How much memory a table and its training need on the driver, told before the table is read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from palate._checks import ArgumentError, check_finite
from palate.recommender.planning import RATING_BYTES, available_gigabytes, learned_bytes
from palate.spark.needs import quoted
from palate.training.trainer import Trainer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


_GIGABYTE = 1e9
_PART = 2.0  # a column stands twice for a moment, in parts and as a whole
_TEXT = 120  # bytes of a distinct id beyond its characters: the text, its place, and the table that finds it


@dataclass(frozen=True)
class Size:
    """What is counted of a table before it is read."""

    n_ratings: int
    n_users: int
    n_items: int
    row_bytes: int  # of a row as it is gathered
    id_bytes: float  # of all distinct ids


def size_of(table: "DataFrame", user: str, item: str) -> Size:
    """Count the rows of a Spark DataFrame, and estimate its numbers of users and of items.

    Only the columns that are read are looked at.
    """
    from pyspark.sql import functions as f
    from pyspark.sql.types import StringType

    texts = {name for name in (user, item) if isinstance(table.schema[name].dataType, StringType)}
    column = {name: f.col(quoted(name)) for name in (user, item)}
    wanted = [f.count(f.lit(1)), *(f.approx_count_distinct(column[name]) for name in (user, item))]
    wanted += [f.avg(f.length(column[name])) if name in texts else f.lit(0.0) for name in (user, item)]
    n_ratings, n_users, n_items, user_length, item_length = table.agg(*wanted).collect()[0]
    widths = [4 if name in texts else 8 for name in (user, item)] + [8] * (len(table.columns) - 2)
    ids = sum(
        n * (_TEXT + float(length or 0) if name in texts else 16.0)
        for name, n, length in ((user, n_users, user_length), (item, n_items, item_length))
    )
    return Size(n_ratings, n_users, n_items, sum(widths), ids)


def needed(size: Size, trainer: Trainer) -> float:
    """Return about how many gigabytes reading the table and training on it take.

    >>> from palate import LeastSquares
    >>> round(needed(Size(95_000_000, 692_465, 60_000, 20, 1e7), LeastSquares()), 1)
    4.9
    """
    ratings = size.n_ratings * max(RATING_BYTES, _PART * size.row_bytes)
    learned = learned_bytes(size.n_users, size.n_items, trainer).training
    return (ratings + size.id_bytes + learned) / _GIGABYTE


def check_fits(size: Size, trainer: Trainer, memory_limit: float | None) -> None:
    """Raise MemoryError with the figures if the table and its training do not fit.

    A limit that is no number above 0 raises ArgumentError.
    """
    limit = available_gigabytes() if memory_limit is None else check_finite("memory_limit", memory_limit)
    if memory_limit is not None and limit is not None and limit <= 0:
        raise ArgumentError("memory_limit", "be above 0, in gigabytes", f"{memory_limit:g}")
    need = needed(size, trainer)
    if limit is not None and need > limit:
        what = "memory_limit" if memory_limit is not None else "the driver's free memory"
        raise MemoryError(
            f"the table must fit in {what}, {limit:.3g} GB; {size.n_ratings:,} ratings of about "
            f"{size.n_users:,} users and {size.n_items:,} items need about {need:.3g} GB to train "
            f"{type(trainer).__name__} on the driver. Give it more memory and raise memory_limit, or train "
            "on a part of the table."
        )
