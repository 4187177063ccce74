"""Ratings that stay on Spark's workers: the driver knows ids, counts and sums, and those held out."""

import pickle  # nosec B403 - what the workers of one session send to its own driver, as Spark does itself
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError
from palate._parallel import balanced_bounds
from palate.data.blanks import warn_of_blanks
from palate.data.catalog import Catalog
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary
from palate.solve.confidence import Confidence
from palate.solve.rows import Rows
from palate.spark.cutting import TWICE, compress, mark
from palate.spark.shipping import grouped
from palate.spark.solver import Blocks, apart, cells, cores
from palate.splits.holdout import holdout_mask
from palate.training.training_data import Problem

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

_NAMES = ("user", "item", "rating")
_BLOCK_RATINGS = 1 << 23  # 8 bytes each
_MARKED = "user_block int, item_block int, user int, item int, rating float, held_out boolean"
_COMPRESSED = "block int, part binary, about binary"


@dataclass(frozen=True, eq=False)
class RemoteProblem(Problem):
    """Training ratings on the workers; `ratings` are those held out alone, under the ids of all."""

    weight: float = 0.0
    items: "ItemFigures | None" = None

    @cached_property
    def total_weight(self) -> float:
        """Sum of the weights of the training ratings."""
        return self.weight

    def model_fields(self, catalog: Catalog | None) -> dict[str, Any]:
        """Return the fields of a model that are its input's; it holds no ratings."""
        return self.fields_with(catalog, None, self.items)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class ItemFigures:
    """Number and mean of the ratings of each item, as a catalog asks for them."""

    counts: np.ndarray
    sums: np.ndarray

    def item_counts(self) -> np.ndarray:
        """Return the number of ratings of each item, held-out ones included."""
        return self.counts

    def item_means(self) -> np.ndarray:
        """Return the mean rating of each item."""
        return np.asarray(self.sums / self.counts)


@dataclass(frozen=True, eq=False)
class _Ids:
    """The ids of one side: their vocabulary, the number of each in it, and figures by number."""

    vocabulary: Vocabulary
    given: Any  # pyarrow column, the ids as Spark gave them
    number: np.ndarray  # of each of them in the vocabulary
    counts: np.ndarray
    sums: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """Where the ratings of each begin among those of all, sorted by this side."""
        return _starts(self.counts)


@dataclass(frozen=True)
class Remote:
    """A Spark table of ratings that is not to be read into the driver.

    Parameters
    ----------
    table : DataFrame
        Columns `user`, `item` and `rating`.
    labels : dict
        What to call each of them in messages.
    scale : (float, float) or None
        Lowest and highest possible rating.
    n_blocks : int or None
        Blocks of users, and of items.
    """

    table: Any
    labels: dict[str, str]
    scale: tuple[float, float] | None
    n_blocks: int | None

    def problem(
        self, *, mean: bool, confidence: Confidence | None, validation: float, seed: int
    ) -> tuple[RemoteProblem, list[Blocks]]:
        """Return the problem, and the blocks of both sides on the workers.

        Raises
        ------
        TypeError, ValueError
            If an id is missing, a rating is not finite or outside the scale, or a pair is rated twice.
        """
        observed = self._checked()
        users, items = self._ids("user"), self._ids("item")
        warn_of_blanks(users.vocabulary, "user")
        warn_of_blanks(items.vocabulary, "item")
        n = int(users.counts.sum())
        asked = self.n_blocks or max(4 * cores(self.table.sparkSession), -(-n // _BLOCK_RATINGS))
        bounds = balanced_bounds(users.starts, asked), balanced_bounds(items.starts, asked)
        marked = self._marked(users, items, bounds, np.flatnonzero(holdout_mask(n, validation, seed)))
        try:
            held = _sorted(marked.filter("held_out").select(*_NAMES).toArrow())
        except Exception as error:
            if TWICE in str(error):
                raise self._repeated() from None
            raise
        kept = marked.filter("NOT held_out")
        n_users, n_items = len(users.counts), len(items.counts)
        by_user, sums, weights = self._compressed(kept, ("user", "item"), bounds[0], n_items, confidence)
        by_item, _, _ = self._compressed(kept, ("item", "user"), bounds[1], n_users, confidence)
        marked.unpersist()
        n_train = int(by_user.rows.indptr[-1])
        if not n_train:
            raise ValueError(
                "there must be at least one training rating; all are held out. Lower validation."
            )
        scale, declared = (observed, False) if self.scale is None else (self.scale, True)
        ratings = Ratings(users.vocabulary, items.vocabulary, *held, scale=scale, declared=declared)
        problem = RemoteProblem(
            ratings,
            np.ones(len(ratings), bool),
            by_user.rows,
            by_item.rows,
            float(sums.sum() / n_train) if mean else 0.0,
            confidence,
            holds_ratings=False,
            weight=float(weights.sum()),
            items=ItemFigures(items.counts, items.sums),
        )
        return problem, [by_user, by_item]

    def _checked(self) -> tuple[float, float]:
        """Return the lowest and the highest rating; raise for what cannot be trained on."""
        from pyspark.sql import functions as f

        self._check_types()
        rating = f.col("rating").cast("float")
        wrong = {name: f.col(name).isNull() for name in ("user", "item")}
        wrong["rating"] = rating.isNull() | f.isnan(rating) | (f.abs(rating) == float("inf"))
        sums = [f.sum(mask.cast("long")).alias(name) for name, mask in wrong.items()]
        found = self.table.agg(*sums, f.min(rating), f.max(rating), f.count(f.lit(1))).collect()[0]
        if not found[5]:
            raise ArgumentError("the ratings", "have at least one row", "an empty table")
        for name, must in (("user", "an id"), ("item", "an id"), ("rating", "a finite number")):
            if found[name]:
                must, got = f"have {must} in every row", f"{found[name]:,} of {found[5]:,} rows without"
                raise ArgumentError(self.labels[name], must, got, "Drop or fill these rows first.")
        low, high = float(found[3]), float(found[4])
        if self.scale is not None and not self.scale[0] <= low <= high <= self.scale[1]:
            beyond = low if low < self.scale[0] else high
            must = f"be within the declared scale {self.scale[0]:g} to {self.scale[1]:g}"
            raise ArgumentError(self.labels["rating"], must, f"{beyond:g}")
        return low, high

    def _check_types(self) -> None:
        from pyspark.sql.types import IntegralType, NumericType, StringType

        for name in _NAMES:
            found = self.table.schema[name].dataType
            fits = (NumericType,) if name == "rating" else (IntegralType, StringType)
            if not isinstance(found, fits):
                must = "hold numbers" if name == "rating" else "hold ids, which are integers or strings"
                got, advice = found.simpleString(), "Cast the column first."
                raise ArgumentTypeError(self.labels[name], must, got, advice)

    def _ids(self, side: str) -> _Ids:
        """Return the ids of a side, with the number and the sum of the ratings of each."""
        from pyspark.sql import functions as f

        total = f.sum(f.col("rating").cast("float").cast("double"))
        found = self.table.groupBy(side).agg(f.count(f.lit(1)).alias("n"), total.alias("sum")).toArrow()
        vocabulary, number = Vocabulary.encode(pl.Series(found.column(side)), self.labels[side])
        counts, sums = np.empty(len(number), np.int64), np.empty(len(number))
        counts[number], sums[number] = found.column("n").to_numpy(), found.column("sum").to_numpy()
        return _Ids(vocabulary, found.column(side), number, counts, sums)

    def _numbered(self, ids: _Ids, side: str, bounds: np.ndarray) -> Any:
        """Return a table of the ids of a side with the number and the block of each."""
        import pyarrow as pa

        block = np.searchsorted(bounds[1:-1], ids.number, "right").astype(np.int32)
        names = (side, f"{side}_number", f"{side}_block")
        return self.table.sparkSession.createDataFrame(pa.table([ids.given, ids.number, block], names=names))

    def _marked(
        self, users: _Ids, items: _Ids, bounds: tuple[np.ndarray, np.ndarray], held_out: np.ndarray
    ) -> Any:
        """Return the ratings by numbers of users and items, and which of them are held out.

        `held_out` are their places among all ratings by user and item.
        """
        from pyspark.sql import functions as f

        table = self.table.join(self._numbered(users, "user", bounds[0]), "user")
        table = table.join(self._numbered(items, "item", bounds[1]), "item")
        named = {"block": "user_block", "user": "user_number", "item": "item_number"}
        chosen = [f.col(column).alias(name) for name, column in named.items()]
        table = table.select(*chosen, f.col("rating").cast("float").alias("rating"))
        first = users.starts[bounds[0]]
        cuts = np.searchsorted(held_out, first)
        parts = [
            (held_out[begin:end] - start, bounds[1][1:-1])
            for (begin, end), start in zip(pairwise(cuts), first, strict=False)
        ]
        return _cogrouped(table, parts, mark, _MARKED)

    def _compressed(
        self,
        kept: "DataFrame",
        sides: tuple[str, str],
        bounds: np.ndarray,
        n_columns: int,
        confidence: Confidence | None,
    ) -> tuple[Blocks, np.ndarray, np.ndarray]:
        """Return the blocks of one side, and the sums of values and of weights of each row."""
        from pyspark.sql import functions as f

        named = {"block": f"{sides[0]}_block", "row": sides[0], "column": sides[1]}
        chosen = [f.col(column).alias(name) for name, column in named.items()]
        given = [(int(first), int(last), n_columns, confidence) for first, last in pairwise(bounds)]
        parts = _cogrouped(kept.select(*chosen, "rating"), given, compress, _COMPRESSED)
        found = parts.select("block", "about").toArrow().sort_by("block")
        about = [pickle.loads(part.as_py()) for part in found.column("about")]  # nosec B301 - sent by a worker of this session
        counts, sums, weights = (np.concatenate([one[place] for one in about]) for place in (1, 2, 3))
        none = np.empty(0, np.float32)
        rows = Rows(_starts(counts), np.empty(0, np.int32), none, none, n_columns)
        table = apart(parts, len(about))
        table.count()  # or it would be made anew when what it was made of is forgotten
        parts.unpersist()
        return Blocks(rows, table, bounds, [one[0] for one in about]), sums, weights

    def _repeated(self) -> ValueError:
        """Return the error that names a pair that is rated twice."""
        from pyspark.sql import functions as f

        pairs = self.table.groupBy("user", "item").agg(f.count(f.lit(1)).alias("n")).filter("n > 1")
        user, item, n = pairs.first()
        return ValueError(
            f"each user must rate an item once; got the pair ({user!r}, {item!r}) in {n} rows. Merge them in "
            f"Spark first, with groupBy and a mean, say."
        )


def _cogrouped(table: "DataFrame", given: list[Any], work: Callable[..., Any], schema: str) -> "DataFrame":
    """Return what the workers make of each block of a table and what is given with it."""
    grouped_table = table.groupBy("block").cogroup(cells(table.sparkSession, given).groupBy("block"))
    return grouped_table.applyInArrow(grouped(work), schema).persist()


def _starts(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _sorted(held: "pa.Table") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return users, items and ratings in the order of users and items."""
    user, item, rating = (held.column(name).to_numpy() for name in _NAMES)
    order = np.lexsort((item, user))
    return user[order].astype(np.int32), item[order].astype(np.int32), rating[order].astype(np.float32)
