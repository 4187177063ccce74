"""Rows solved by Spark's workers, block by block, as `palate.solve.rows.solve_rows` solves them."""

import pickle  # nosec B403 - what the workers of one session send to its own driver, as Spark does itself
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from palate._parallel import balanced_bounds
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side, Solved, unobserved_terms
from palate.spark.shipping import mapped
from palate.spark.worker import solved, version_here

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_BLOCK_BYTES = 1 << 26  # of ratings in one cell of the table of blocks, which Spark moves as a whole
_BLOCKS_PER_TASK = 4  # which Spark hands to Python together
_BROADCAST_BYTES = 1 << 26  # of vectors, which each worker then holds for a moment
_SCHEMA = "block int, part binary"


@dataclass(frozen=True, eq=False)
class Blocks:
    """The ratings of one side as blocks of rows on the workers."""

    rows: Rows  # kept, so that its identity stays its own
    table: Any  # persisted DataFrame of the columns `block` and `part`
    bounds: np.ndarray  # rows of block b are bounds[b] : bounds[b + 1]
    needed: list[np.ndarray]  # columns that a block refers to, ascending


class SparkSolver:
    """Solves rows as `palate.solve.rows.solve_rows` does, by a pass over blocks of rows.

    A row's solution depends on its own ratings and their vectors alone, and what all columns add
    together is summed on the driver, so that the result does not depend on how rows are cut into
    blocks.
    """

    def __init__(
        self, spark: "SparkSession", n_blocks: int | None = None, sides: tuple[Blocks, ...] = ()
    ) -> None:
        self.spark, self.n_blocks = spark, n_blocks
        self.sides = {id(blocks.rows): blocks for blocks in sides}  # those that are cut already

    def __call__(
        self,
        rows: Rows,
        other: Side,
        mean: float,
        prior: RowPrior,
        *,
        steps: int = 0,
        first_order: bool = False,
        present: Side | None = None,
        prior_mean: np.ndarray | None = None,
        threads: int = 1,
        **others: Any,
    ) -> Solved:
        """Solve every row of `rows`; the arguments are those of `solve_rows`."""
        blocks = self._blocks(rows)
        how = {"mean": mean, "prior": prior, "steps": steps, "first_order": first_order, **others}
        how["terms"] = unobserved_terms(other, mean, prior, threads)
        present = present if steps or first_order else None
        given = []
        for number, needed in enumerate(blocks.needed):
            part = slice(blocks.bounds[number], blocks.bounds[number + 1])
            given.append(
                {
                    "other": Side(other.factors[needed], other.bias[needed]),
                    "present": None if present is None else Side(present.factors[part], present.bias[part]),
                    "prior_mean": None if prior_mean is None else prior_mean[part],
                }
            )
        order = partial(solved, version_here(), how)
        now = _beside(self.spark, given)
        return _joined(blocks.table.join(now, "block").mapInArrow(mapped(order), _SCHEMA).toArrow())

    def close(self) -> None:
        """Let the workers forget the blocks."""
        for blocks in self.sides.values():
            blocks.table.unpersist()
        self.sides.clear()

    def _blocks(self, rows: Rows) -> Blocks:
        if id(rows) not in self.sides:
            self.sides[id(rows)] = self._cut(rows)
        return self.sides[id(rows)]

    def _cut(self, rows: Rows) -> Blocks:
        size = rows.columns.nbytes + rows.values.nbytes + rows.weights.nbytes
        asked = self.n_blocks or max(4 * cores(self.spark), -(-size // _BLOCK_BYTES))
        bounds, parts, needed = balanced_bounds(rows.indptr, asked), [], []
        for first, last in pairwise(bounds):
            begin, end = rows.indptr[first], rows.indptr[last]
            columns, local = np.unique(rows.columns[begin:end], return_inverse=True)
            needed.append(columns)
            indptr, values = rows.indptr[first : last + 1] - begin, rows.values[begin:end]
            weights = rows.weights[begin:end] if rows.weights.size else rows.weights
            parts.append(Rows(indptr, local.astype(np.int32), values, weights, rows.n_columns))
        return Blocks(rows, apart(cells(self.spark, parts), len(parts)), bounds, needed)


def apart(table: "DataFrame", n_blocks: int) -> "DataFrame":
    """Return the blocks kept on the workers, in about two tasks for each core of at most four blocks."""
    n_tasks = min(n_blocks, max(2 * cores(table.sparkSession), -(-n_blocks // _BLOCKS_PER_TASK)))
    return table.select("block", "part").repartitionByRange(n_tasks, "block").persist()


def _beside(spark: "SparkSession", given: list[Any]) -> "DataFrame":
    """Return what belongs to each block as a table to join with the blocks.

    It is sent to every worker unless it is large; then both are joined by a sort-merge join.
    """
    from pyspark.sql import functions as f

    now = cells(spark, given)
    size = sum(part["other"].factors.nbytes for part in given)
    now = now.withColumnRenamed("part", "now")
    return f.broadcast(now) if size <= _BROADCAST_BYTES else now.hint("merge")


def cells(spark: "SparkSession", parts: list[Any]) -> "DataFrame":
    """Return a DataFrame with a row for each block: its number and what belongs to it, pickled."""
    import pyarrow as pa

    numbers = pa.array(range(len(parts)), pa.int32())
    packed = pa.array([pickle.dumps(part, protocol=5) for part in parts], pa.binary())
    return spark.createDataFrame(pa.table({"block": numbers, "part": packed}))


def _joined(answer: "pa.Table") -> Solved:
    """Return what the blocks solved as one side, in the order of the blocks."""
    parts = dict(zip(answer.column("block").to_pylist(), answer.column("part").to_pylist(), strict=True))
    solved = [pickle.loads(parts[number]) for number in range(len(parts))]  # nosec B301 - sent by a worker of this session
    factors, bias, stats = (np.concatenate([part[place] for part in solved]) for place in range(3))
    return Solved(Side(factors, bias), stats, sum(part[3] for part in solved))


def cores(spark: "SparkSession") -> int:
    """Return how many tasks the cluster runs at once, as far as the session tells."""
    return spark.sparkContext.defaultParallelism if hasattr(spark, "_sc") else 4
