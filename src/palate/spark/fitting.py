"""Training on the driver from a Spark table, which is read part by part."""

from typing import TYPE_CHECKING, Any

import polars as pl

from palate._checks import ArgumentTypeError
from palate.data import columns as names
from palate.data.checks import rating_values, weight_values
from palate.data.frames import check_apart
from palate.data.ids import WhereRow, id_column, row_label
from palate.data.libraries import library_of
from palate.data.ratings import Ratings, build
from palate.io.parts import Keys, Numbers, Texts
from palate.spark.memory import check_fits, size_of
from palate.spark.needs import quoted, require_spark_columns
from palate.spark.shipping import parts_of
from palate.training.trainer import Trainer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def fit(
    trainer: Trainer,
    ratings: "DataFrame",
    *,
    user: str = names.USER_ID,
    item: str = names.ITEM_ID,
    rating: str | None = names.RATING,
    timestamp: str | None = None,
    weight: str | None = None,
    scale: tuple[float, float] | None = None,
    duplicates: str | None = None,
    memory_limit: float | None = None,
    **options: object,
) -> Any:
    """Return the model that a trainer fits on the driver to the ratings of a Spark DataFrame.

    The table is counted first, and refused if it and its training will not fit; then it is read
    part by part into the form that training needs.

    Parameters
    ----------
    trainer : trainer
        Such as `palate.LeastSquares()` or `palate.Recommender()`.
    ratings : DataFrame
    user, item, rating, timestamp, weight, scale, duplicates
        As in `Ratings.from_frame`. A Spark table has no order of its own: where pairs are rated
        more than once, give a `timestamp` or `duplicates="mean"`, so that it does not depend on it
        which rating counts.
    memory_limit : float, optional
        Gigabytes that the table and its training may take; what is free on the driver when None.
    **options
        Those of `trainer.fit`: `validation` (a share, Ratings or another DataFrame of these
        columns), `seed`, `catalog`, ...

    Returns
    -------
    Model

    Raises
    ------
    MemoryError
        If the table will not fit; the message says what it needs.
    TypeError, ValueError
        As `Ratings.from_frame` for nulls, NaN, ids of a wrong kind and a repeated pair under
        "error", and as `trainer.fit`.
    """
    if not hasattr(trainer, "fit") or isinstance(trainer, type):
        must = "have the method fit(ratings), as palate.LeastSquares() has"
        raise ArgumentTypeError("trainer", must, f"{trainer!r}")
    wanted = {"user": user, "item": item, "rating": rating, "timestamp": timestamp, "weight": weight}
    how: dict[str, Any] = {"scale": scale, "duplicates": duplicates}
    table, given = ratings_to_fit(trainer, ratings, wanted, how, memory_limit, options)
    return trainer.fit(table, **given)


def ratings_to_fit(
    trainer: Trainer,
    ratings: "DataFrame",
    wanted: dict[str, str | None],
    how: dict[str, Any],
    memory_limit: float | None,
    options: dict[str, Any],
) -> tuple[Ratings, dict[str, Any]]:
    """Return the ratings of a Spark DataFrame if they and training fit into memory, and the options.

    A DataFrame in `validation` is read likewise.
    """
    columns = {role: name for role, name in wanted.items() if name is not None}
    table = chosen_columns(ratings, columns, "ratings")
    check_fits(size_of(table, columns["user"], columns["item"]), trainer, memory_limit)
    held_out: Any = options.get("validation")
    if library_of(held_out) == "pyspark":
        held_out = chosen_columns(held_out, columns, "validation")
        options = {**options, "validation": read_ratings(held_out, columns, how)}
    return read_ratings(table, columns, how), options


def chosen_columns(table: "DataFrame", columns: dict[str, str], what: str) -> "DataFrame":
    """Return the wanted columns of a table; one of a name that is there twice or missing raises."""
    require_spark_columns(table, columns, what)
    check_apart(columns)
    return table.select(*map(quoted, dict.fromkeys(columns.values())))


def read_ratings(table: "DataFrame", columns: dict[str, str], how: dict[str, Any]) -> Ratings:
    """Return the ratings of a Spark DataFrame, read part by part; `columns` maps roles to names."""
    gathered: dict[str, Any] = {}
    labels = {role: f"column {name!r}" for role, name in columns.items()}
    n_rows = 0
    for part in parts_of(table):

        def where(row: int, before: int = n_rows) -> str:
            return row_label(before + row)

        for role, name in columns.items():
            _gather(gathered, role, pl.Series(part.column(name)), labels[role], where)
        n_rows += part.num_rows
    whole = {role: gathered.pop(role).finish() if gathered else [] for role in columns}
    return build(whole, labels, **how)


def _gather(gathered: dict[str, Any], role: str, series: pl.Series, label: str, where: WhereRow) -> None:
    """Check a part of a column and append it in as few bytes as its values need."""
    if role in ("user", "item"):
        ids, kind = id_column(series, label, where)
        parts, part = (Keys(), ids) if kind == "str" else (Numbers(), ids.to_numpy())
        gathered.setdefault(role, parts).add(part)
    elif role == "timestamp":
        gathered.setdefault(role, Texts()).add(series)
    else:
        check = rating_values if role == "rating" else weight_values
        gathered.setdefault(role, Numbers()).add(check(series, label, where))
