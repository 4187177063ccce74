"""Least squares whose half sweeps are solved by Spark's workers, block of rows by block of rows."""

import pickle  # nosec B403 - what the workers of one session send to its own driver, as Spark does itself
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, is_integer
from palate._parallel import balanced_bounds, check_threads
from palate.data import columns as names
from palate.factors.likelihood.links import fitted_class
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side, Solved, unobserved_terms
from palate.spark.fitting import ratings_to_fit
from palate.spark.shipping import grouped
from palate.spark.worker import Order, version_here
from palate.training.als.least_squares import LeastSquares

_BLOCK_BYTES = 1 << 26  # of ratings in one cell of the table of blocks, which Spark moves as a whole
_SCHEMA = "block int, part binary"


def fit_distributed(
    trainer: LeastSquares,
    ratings: object,
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
    **options: Any,
) -> Any:
    """Return the model that least squares fits to a Spark DataFrame, its rows solved by the workers.

    The result is that of `palate.spark.fit` to the last bit, for any number of blocks and workers
    and however often Spark repeats a task. The workers keep the blocks of ratings and do the
    arithmetic; in each half of a sweep the vectors travel to them as a DataFrame and come back as
    one. The driver still holds the ratings, and needs what `fit` needs.

    Parameters
    ----------
    trainer : LeastSquares
        With `link="identity"`. Features, unobserved pairs, counts and conjugate gradients are
        solved as on one machine.
    ratings, user, item, rating, timestamp, weight, scale, duplicates, memory_limit
        As in `palate.spark.fit`.
    blocks : int, optional
        Blocks of users, and of items. Default: four for each core of the cluster, and more where
        blocks would be above 64 MB.
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
    if not isinstance(trainer, LeastSquares):
        raise ArgumentTypeError(
            "trainer",
            "be palate.LeastSquares, whose rows can be solved separately",
            f"{type(trainer).__name__}",
            "Train others on the driver with palate.spark.fit.",
        )
    if not fitted_class(trainer.link).linear:
        raise ArgumentError(
            "link",
            "be 'identity' in fit_distributed",
            f"{trainer.link!r}, whose blocks change in every sweep",
            "Train it on the driver with palate.spark.fit.",
        )
    if blocks is not None and (not is_integer(blocks) or blocks < 1):
        raise ArgumentError("blocks", "be a whole number of at least 1", f"{blocks!r}")
    wanted = {"user": user, "item": item, "rating": rating, "timestamp": timestamp, "weight": weight}
    how = {"scale": scale, "duplicates": duplicates}
    spark = getattr(ratings, "sparkSession", None)
    table, options = ratings_to_fit(trainer, ratings, wanted, how, memory_limit, options)
    options = {"validation": 0.05, "refit": False, "callback": None, "seed": 0, "user_table": None, **options}
    options["threads"] = check_threads(options.get("threads"))
    solver = SparkSolver(spark, blocks)
    try:
        return trainer._fit_by(solver, table, **options)
    finally:
        solver.close()


@dataclass(frozen=True, eq=False)
class _Blocks:
    """The ratings of one side as blocks of rows on the workers."""

    rows: Rows  # kept, so that its identity stays its own
    table: Any  # DataFrame of `_SCHEMA`
    bounds: np.ndarray  # rows of block b are bounds[b] : bounds[b + 1]
    needed: list[np.ndarray]  # columns that a block refers to, ascending


class SparkSolver:
    """Solves rows as `palate.solve.rows.solve_rows` does, by a co-grouped pass over blocks of rows.

    A row's solution depends on its own ratings and their vectors alone, and what all columns add
    together is summed on the driver, so that the result does not depend on how rows are cut into
    blocks.
    """

    def __init__(self, spark: object, n_blocks: int | None = None) -> None:
        self.spark, self.n_blocks = spark, n_blocks
        self.sides: dict[int, _Blocks] = {}

    def __call__(
        self,
        rows: Rows,
        other: Side,
        mean: float,
        prior: RowPrior,
        *,
        stats: bool = False,
        double: bool = False,
        steps: int = 0,
        tolerance: float = 0.0,
        present: Side | None = None,
        prior_mean: np.ndarray | None = None,
        threads: int = 1,
    ) -> Solved:
        """Solve every row of `rows`; the arguments are those of `solve_rows`."""
        blocks = self._blocks(rows)
        how = {
            "mean": mean,
            "prior": prior,
            "stats": stats,
            "double": double,
            "steps": steps,
            "tolerance": tolerance,
            "terms": unobserved_terms(other, mean, prior, threads),
        }
        given = []
        for number, needed in enumerate(blocks.needed):
            part = slice(blocks.bounds[number], blocks.bounds[number + 1])
            given.append(
                {
                    "other": (other.factors[needed], other.bias[needed]),
                    "present": None
                    if present is None or not steps
                    else Side(present.factors[part], present.bias[part]),
                    "prior_mean": None if prior_mean is None else prior_mean[part],
                }
            )
        order = Order("solve", None, {"version": version_here(), "how": how})
        now = _table(self.spark, given)
        answer = (
            blocks.table.groupBy("block")
            .cogroup(now.groupBy("block"))
            .applyInArrow(grouped(order), _SCHEMA)
            .toArrow()
        )
        return _joined(answer)

    def close(self) -> None:
        """Let the workers forget the blocks."""
        for blocks in self.sides.values():
            blocks.table.unpersist()
        self.sides.clear()

    def _blocks(self, rows: Rows) -> _Blocks:
        if id(rows) not in self.sides:
            self.sides[id(rows)] = self._cut(rows)
        return self.sides[id(rows)]

    def _cut(self, rows: Rows) -> _Blocks:
        size = rows.columns.nbytes + rows.values.nbytes + rows.weights.nbytes
        asked = self.n_blocks or max(4 * _cores(self.spark), -(-size // _BLOCK_BYTES))
        bounds, parts, needed = balanced_bounds(rows.indptr, asked), [], []
        for first, last in pairwise(bounds):
            begin, end = rows.indptr[first], rows.indptr[last]
            columns, local = np.unique(rows.columns[begin:end], return_inverse=True)
            needed.append(columns)
            parts.append(
                {
                    "indptr": rows.indptr[first : last + 1] - begin,
                    "columns": local.astype(np.int32),
                    "values": rows.values[begin:end],
                    "weights": rows.weights[begin:end] if rows.weights.size else rows.weights,
                    "n_columns": rows.n_columns,
                }
            )
        table = (
            _table(self.spark, parts).repartition(min(len(parts), 2 * _cores(self.spark)), "block").persist()
        )
        return _Blocks(rows, table, bounds, needed)


def _table(spark: Any, cells: list[Any]) -> Any:
    """Return a DataFrame with a row for each block: its number and what belongs to it, pickled."""
    import pyarrow as pa

    numbers = pa.array(range(len(cells)), pa.int32())
    parts = pa.array([pickle.dumps(cell, protocol=5) for cell in cells], pa.binary())
    return spark.createDataFrame(pa.table({"block": numbers, "part": parts}))


def _joined(answer: Any) -> Solved:
    """Return what the blocks solved as one side, in the order of the blocks."""
    parts = dict(zip(answer.column("block").to_pylist(), answer.column("part").to_pylist(), strict=True))
    solved = [pickle.loads(parts[number]) for number in range(len(parts))]  # nosec B301 - sent by a worker of this session
    factors, bias, stats = (np.concatenate([part[place] for part in solved]) for place in range(3))
    return Solved(Side(factors, bias), stats, sum(part[3] for part in solved))


def _cores(spark: Any) -> int:
    """Return how many tasks the cluster runs at once, as far as the session tells."""
    return spark.sparkContext.defaultParallelism if hasattr(spark, "_sc") else 4
