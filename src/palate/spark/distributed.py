"""Least squares whose half sweeps are solved by Spark's workers, block of rows by block of rows."""

import os
from contextlib import closing
from dataclasses import replace
from inspect import signature
from typing import TYPE_CHECKING, Any

from palate._checks import (
    ArgumentError,
    ArgumentTypeError,
    Setting,
    Words,
    check_seed,
    check_switch,
    is_integer,
    is_number,
)
from palate._parallel import check_threads
from palate.data import columns as names
from palate.data.arguments import check_named
from palate.data.checks import scale_bounds
from palate.factors.likelihood.links import fitted_class
from palate.spark.fitting import chosen_columns, ratings_to_fit
from palate.spark.remote import Remote
from palate.spark.solver import SparkSolver
from palate.training.als.checks import check_beside
from palate.training.als.fitting import FitArguments, fit_problem
from palate.training.als.least_squares import LeastSquares
from palate.training.training_data import continued

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def fit_distributed(
    trainer: LeastSquares,
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
    blocks: int | None = None,
    keep_ratings: bool = True,
    half_sweeps: str | os.PathLike[str] | None = None,
    **options: object,
) -> Any:
    """Return the model that least squares fits to a Spark DataFrame, its rows solved by the workers.

    The result is that of `palate.spark.fit` to the last bit, for any number of blocks and workers
    and however often Spark repeats a task. The workers keep the blocks of ratings and do the
    arithmetic; in each half of a sweep the vectors travel to them as a DataFrame and come back as
    one. With `keep_ratings=False` the driver never holds the ratings.

    Parameters
    ----------
    trainer : LeastSquares
        With `link="identity"`. Features, unobserved pairs, counts and conjugate gradients are
        solved as on one machine.
    ratings, user, item, rating, timestamp, weight, scale, duplicates, memory_limit
        As in `palate.spark.fit`; no `memory_limit` with `keep_ratings=False`.
    blocks : int, optional
        Blocks of users, and of items. Default: four for each core of the cluster, and more where
        blocks would be above 64 MB.
    keep_ratings : bool, default True
        Whether the model holds the ratings, for which the driver reads them. Without, it holds the
        ids, the vectors and the ratings of the validation share. The table must then rate each pair
        once; the model is one that was saved without ratings, its standard errors are not known,
        and it has the bits of one machine where sums of ratings are exact in 64 bits, as those of
        stars and counts are.
    half_sweeps : path, optional
        A file on the driver, to which is saved where training stands after each half of a sweep. A
        run of the same ratings, trainer and seed goes on from it, to the same bits.
    **options
        Those of `LeastSquares.fit`: `validation`, `seed`, `catalog`, `user_table`, `start`,
        `refit`, `checkpoint`, `callback`, `threads` (of the driver).

    Returns
    -------
    FactorModel

    Raises
    ------
    TypeError
        If the trainer is not LeastSquares.
    ValueError
        If it is asked for what is not distributed, and as `palate.spark.fit`.
    MemoryError
        If the table will not fit the driver.
    """
    check_named(fit_distributed, options, _taken())
    if not isinstance(trainer, LeastSquares):
        must = "be palate.LeastSquares, whose rows can be solved separately"
        advice = "Train others on the driver with palate.spark.fit."
        raise ArgumentTypeError("trainer", must, type(trainer).__name__, advice)
    if not fitted_class(trainer.link).linear:
        must, advice = "be 'identity' in fit_distributed", "Train it on the driver with palate.spark.fit."
        got = f"{trainer.link!r}, whose blocks change in every sweep"
        raise ArgumentError("link", must, got, advice)
    if blocks is not None and (not is_integer(blocks) or blocks < 1):
        raise ArgumentError("blocks", "be a whole number of at least 1", f"{blocks!r}")
    if half_sweeps is not None and not isinstance(half_sweeps, str | os.PathLike):
        raise ArgumentTypeError("half_sweeps", "be the path of a file", f"{half_sweeps!r}")
    columns = {"user": user, "item": item, "rating": rating, "timestamp": timestamp, "weight": weight}
    given: dict[str, Any] = {"validation": 0.05, **options, "half_sweeps": half_sweeps}
    given["threads"] = check_threads(given.get("threads"))
    if not check_switch("keep_ratings", keep_ratings):
        if memory_limit is not None:
            alone = Words.of("be left out with `keep_ratings=False`, where nothing is estimated")
            raise ArgumentError("memory_limit", alone, f"{memory_limit!r}")
        return _fit_remote(trainer, ratings, columns, scale, duplicates, blocks, given)
    how = {"scale": scale, "duplicates": duplicates}
    spark: Any = getattr(ratings, "sparkSession", None)
    table, given = ratings_to_fit(trainer, ratings, columns, how, memory_limit, given)
    with closing(SparkSolver(spark, blocks)) as solver:
        validation = given.pop("validation")
        return trainer._fit_by(table, validation, FitArguments(solver=solver, **given))


def _taken() -> list[str]:
    """Return the arguments of `fit_distributed`, those of `LeastSquares.fit` that it passes on among them."""
    both = {**signature(fit_distributed).parameters, **signature(LeastSquares.fit).parameters}
    return [name for name in both if name not in ("self", "options")]


def _fit_remote(
    trainer: LeastSquares,
    ratings: "DataFrame",
    columns: dict[str, str | None],
    scale: tuple[float, float] | None,
    duplicates: str | None,
    blocks: int | None,
    options: dict[str, Any],
) -> Any:
    """Fit to ratings that stay on the workers."""
    trainer._check()
    validation = options.pop("validation")
    arguments = FitArguments(**options)
    _check_remote(trainer, {**columns, "duplicates": duplicates}, validation, arguments)
    wanted = {role: name for role, name in columns.items() if name is not None}
    table = chosen_columns(ratings, wanted, "ratings").toDF(*wanted)
    labels = {role: f"column {name!r}" for role, name in wanted.items()}
    remote = Remote(table, labels, None if scale is None else scale_bounds(scale), blocks)
    problem, sides = remote.problem(
        mean=trainer.mean,
        confidence=trainer.confidence,
        validation=float(validation),
        seed=check_seed(arguments.seed),
    )
    with closing(SparkSolver(table.sparkSession, blocks, tuple(sides))) as solver:
        model = fit_problem(trainer, problem, replace(arguments, solver=solver))
        return continued(model, arguments.start_model)


def _shown(value: object) -> str:
    """Return a value as a message shows it; a table by its type alone."""
    return repr(value) if isinstance(value, str | int | float) else type(value).__name__


def _check_remote(
    trainer: LeastSquares, given: dict[str, str | None], validation: object, arguments: FitArguments
) -> None:
    """Raise ArgumentError for what cannot be trained where the driver holds no ratings."""
    alone = Setting("keep_ratings", False)
    for name in ("timestamp", "weight", "duplicates"):
        if given[name] is not None:
            raise ArgumentError(name, Words("be left out with ", alone), f"{given[name]!r}")
    if given["rating"] is None:
        advice = "Count the rows of each pair in Spark first, and name the column of the counts."
        raise ArgumentError("rating", Words("be a column with ", alone), "None", advice)
    for name in ("refit", "user_table"):
        found = getattr(arguments, name)
        if found is not None and found is not False:
            raise ArgumentError(name, Words("be left out with ", alone), _shown(found))
    if isinstance(arguments.start, str):
        must = Words("be a model or left out with ", alone)
        raise ArgumentError("start", must, f"{arguments.start!r}")
    if not is_number(validation):
        must = Words("be a share in [0, 1) with ", alone)
        raise ArgumentTypeError("validation", must, type(validation).__name__)
    wanted = {"time": "", "n_starts": 1, "user_features": "", "item_features": ""}
    check_beside(trainer, {**wanted, "user_weighting": 0.0, "grades": "none", "half_life": None}, alone)
