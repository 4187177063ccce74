"""Lists and predictions for the rows of a Spark table, computed by the workers and never collected."""

import os
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data import columns as names
from palate.data.arguments import helpful
from palate.data.frames import to_polars
from palate.model.model import Model
from palate.spark.needs import quoted, require_spark_columns, session
from palate.spark.shipping import mapped, ship
from palate.spark.worker import predicted, recommended

if TYPE_CHECKING:
    import pyarrow as pa
    from polars._typing import PolarsDataType
    from pyspark.sql import DataFrame, SparkSession


# columns of lists that are not those of the catalog
_KEPT = {names.USER_ID, names.ITEM_ID, names.RANK, names.PREDICTED_RATING, names.SCORE, names.IN_WORDS}
_SPREAD = {names.STD, names.LOW, names.HIGH}


@helpful
def recommend(
    model: Model | str | os.PathLike[str],
    users: "DataFrame | None" = None,
    n: int = 5,
    *,
    user: str = names.USER_ID,
    unknown: str = "raise",
    catalog: bool = False,
    threads: int = 1,
    **options: object,
) -> Any:
    """Return the n best items of each user as a Spark DataFrame.

    Every worker reads the model once and answers as `model.recommend` does; nothing is collected on
    the driver, and nothing is computed before the DataFrame is used.

    Parameters
    ----------
    model : Model, or path of a model file that the driver and all workers see
        A Model is shipped to each worker once.
    users : DataFrame, optional
        With a column of user ids, of whatever type they had in training (UUIDs as texts). Everyone
        in the model when None.
    n : int, default 5
        Items per user.
    user : str, default "user_id"
        Column of the user ids.
    unknown : {"raise", "skip"}, default "raise"
        What happens at a user who was not in the training data: the job fails with the user's id,
        or the user gets no list.
    catalog : bool, default False
        Whether the catalog's columns are part of the answer.
    threads : int, default 1
        Threads of each task; Spark runs one task for each core.
    **options
        Those of `model.recommend`: `min_ratings`, `exclude_seen`, `where`, `candidates`, `exclude_items`,
        `ascending`, `caution`, `explore`, `seed`, `words`.

    Returns
    -------
    pyspark.sql.DataFrame
        Columns `user_id` (named and typed as in `users`), `item_id`, `rank` and `predicted_rating`
        or `score`, and what else `model.recommend` adds. A user with nothing left to recommend has
        no row.

    Raises
    ------
    TypeError, ValueError, KeyError
        As `model.recommend` for its options, at once.

    Warns
    -----
    EmptyResultWarning
        If the filters leave nothing to recommend to anybody.
    """
    if unknown not in ("raise", "skip"):
        raise ArgumentError("unknown", "be 'raise' or 'skip'", f"{unknown!r}")
    if users is not None:
        require_spark_columns(users, {"user": user}, "users")
    spark = session() if users is None else users.sparkSession
    loaded, shipped = ship(spark, model)
    how = {"n": n, "threads": threads, **options}
    sample = _sample(loaded, how)
    if not catalog:
        sample = sample.select([name for name in sample.columns if name in _KEPT | _SPREAD])
    if user != names.USER_ID and user in sample.columns:
        raise ArgumentError("user", "name a column that the lists do not have", f"{user!r}", "Rename it.")
    if users is None:
        users, user = _everyone(spark, loaded), names.USER_ID
    schema, declared = _answer_schema(users, user, sample)
    order = partial(recommended, shipped, unknown, schema, how)
    lists = users.select(quoted(user)).mapInArrow(mapped(order), declared)
    return lists if user == names.USER_ID else lists.withColumnRenamed(names.USER_ID, user)


def _sample(model: Model, how: dict[str, Any]) -> pl.DataFrame:
    """Return one user's list, which shows the columns of the answer.

    Wrong options raise here and not on a worker.
    """
    first = model.users.values.head(1) if model.users.kind != "uuid" else [model.users.id(0)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sample = model.recommend(first, **how)
    if not len(sample):  # is it this user who has seen everything, or do the filters leave nothing to anyone?
        model.recommend(first, **{**how, "exclude_seen": False})
    return to_polars(sample)


def _everyone(spark: "SparkSession", model: Model) -> Any:
    """Return a DataFrame of all users of a model."""
    import pyarrow as pa

    frame = pl.DataFrame([model.users.values.alias(names.USER_ID)])
    table = pa.table([frame[names.USER_ID].to_arrow()], names=[names.USER_ID]).cast(_arrow_schema(frame))
    return spark.createDataFrame(table)


def _answer_schema(users: "DataFrame", user: str, sample: pl.DataFrame) -> tuple[Any, Any]:
    """Return the Arrow and the Spark schema of the lists; ids of users keep the type they have in Spark."""
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_type
    from pyspark.sql.types import StructField, StructType

    schema, given = _arrow_schema(sample), users.schema[user].dataType
    place = schema.get_field_index(names.USER_ID)
    schema = schema.set(place, pa.field(names.USER_ID, to_arrow_type(given)))
    fields = _spark_schema(schema).fields
    return schema, StructType([StructField(f.name, given) if f.name == names.USER_ID else f for f in fields])


@helpful
def predict(
    model: Model | str | os.PathLike[str],
    pairs: "DataFrame",
    *,
    user: str = names.USER_ID,
    item: str = names.ITEM_ID,
    clip: bool = False,
    unknown: str = "raise",
    return_std: bool = False,
    interval: float | None = None,
    interval_of: str = "mean",
    timestamp: str | None = None,
    name: str | None = None,
) -> Any:
    """Return the pairs of a Spark DataFrame with their predicted ratings.

    Parameters
    ----------
    model : Model, or path of a model file that the driver and all workers see
    pairs : DataFrame
        With a column of users and one of items; its other columns stay as they are.
    user, item : str
        Names of these columns.
    clip, unknown, return_std, interval, interval_of
        As in `model.predict`.
    timestamp : str, optional
        Column that says when each rating is given, for a model that knows of time.
    name : str, optional
        Name of the column of predictions; default `predicted_rating`, or `score` where scores are no ratings.

    Returns
    -------
    pyspark.sql.DataFrame
        The columns of `pairs`, the predictions as floats, and `std`, `low` and `high` where they
        are asked for. A pair that cannot be scored is NaN with `unknown="nan"`; no row is dropped.

    Raises
    ------
    TypeError, ValueError
        As `model.predict` for its options, at once.
    """
    if name is not None and not isinstance(name, str):
        raise ArgumentTypeError("name", "be the name of a column", f"{name!r}")
    wanted = {"user": user, "item": item, **({} if timestamp is None else {"timestamp": timestamp})}
    require_spark_columns(pairs, wanted, "pairs")
    loaded, shipped = ship(pairs.sparkSession, model)
    options: dict[str, Any] = {"clip": clip, "unknown": unknown}
    if return_std or interval is not None:  # models that know no uncertainty have no such arguments
        options |= {"return_std": return_std, "interval": interval, "interval_of": interval_of}
    # wrong options raise here and not on a worker
    loaded.predict([loaded.users.id(0)], [loaded.items.id(0)], **options)
    if timestamp is not None:
        loaded.predict([], [], timestamps=[])
    added = [name or (names.SCORE if loaded.scale is None else names.PREDICTED_RATING)]
    added += [names.STD] if return_std else []
    added += [names.LOW, names.HIGH] if interval is not None else []
    declared = _with_floats(pairs, added)
    return pairs.mapInArrow(mapped(partial(predicted, shipped, wanted, added, options)), declared)


def _with_floats(pairs: "DataFrame", added: list[str]) -> Any:
    """Return the schema of the pairs with columns of floats after it."""
    from pyspark.sql.types import FloatType, StructField, StructType

    for name in added:
        if name in pairs.columns:
            must = f"have no column {name!r}, which is a column of the result"
            raise ArgumentError("pairs", must, advice="Rename it, or pass name=.")
    return StructType([*pairs.schema.fields, *(StructField(name, FloatType()) for name in added)])


def _arrow_schema(frame: pl.DataFrame) -> Any:
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


def _spark_schema(schema: "pa.Schema") -> Any:
    """Return the Spark schema of the columns of an Arrow schema."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema, prefer_timestamp_ntz=True)
