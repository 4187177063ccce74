"""Two tables of pairs as one, each row of a thread's own."""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from palate._parallel import balanced_bounds, run_chunks

Pairs = tuple[np.ndarray, np.ndarray]  # row and column numbers, int32


@dataclass(frozen=True, eq=False)
class MergedRows:
    """Two tables of pairs by row and column, and which pairs of both together come from the second.

    Parameters
    ----------
    starts : (ndarray, ndarray), int64
        Where the rows of each table start.
    orders : (ndarray or None, ndarray or None)
        How the pairs of each table have to be ordered first; None where they stand in order.
    indptr : ndarray, int64
        Where the rows of both together start.
    second : ndarray of shape (n,), bool
    n_twice : int
        Pairs that are there twice.
    """

    starts: tuple[np.ndarray, np.ndarray]
    orders: tuple[np.ndarray | None, np.ndarray | None]
    indptr: np.ndarray
    second: np.ndarray
    n_twice: int
    threads: int

    @cached_property
    def _bounds(self) -> np.ndarray:
        return balanced_bounds(self.indptr)

    def together(self, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        """Return the values of the pairs of both tables, given those of each in its own order."""
        from palate.kernels.chunks import interleave

        both = zip((one, two), self.orders, strict=True)
        one, two = (part if order is None else part[order] for part, order in both)
        out = np.empty(len(self.second), one.dtype)
        two = np.ascontiguousarray(two, one.dtype)
        given = (self.starts[0], one, self.starts[1], two, self.indptr, self.second, out)
        run_chunks(interleave, self._bounds, self.threads, *given)
        return out


def merged_rows(one: Pairs, two: Pairs, shape: tuple[int, int], threads: int = 1) -> MergedRows:
    """Return how two tables of pairs, of a shape (n_rows, n_columns), stand together."""
    from palate.kernels.sorting import order_of_pairs

    found = _merged(one, two, (None, None), shape[0], threads)
    if found is None:  # Ratings stand in order unless a caller chose rows of them in another
        first, second = (order_of_pairs(rows, shape[0], columns, shape[1]) for rows, columns in (one, two))
        one, two = (one[0][first], one[1][first]), (two[0][second], two[1][second])
        found = _merged(one, two, (first, second), shape[0], threads)
    return cast(MergedRows, found)  # tables in order always stand together


def _merged(
    one: Pairs, two: Pairs, orders: tuple[np.ndarray | None, np.ndarray | None], n_rows: int, threads: int
) -> MergedRows | None:
    """Return how two tables stand together, or None if one of them is not in order."""
    from palate.kernels import chunks

    counts = np.zeros((2, n_rows), np.int64)
    if not all(chunks.row_counts(table[0], own) for table, own in zip((one, two), counts, strict=True)):
        return None
    starts = np.zeros((3, n_rows + 1), np.int64)
    np.cumsum(np.vstack([counts, counts.sum(axis=0)]), axis=1, out=starts[:, 1:])
    second = np.empty(starts[2, -1], bool)

    def mark(first: int, last: int) -> int:
        return int(chunks.merge_rows(first, last, starts[0], one[1], starts[1], two[1], starts[2], second))

    twice = run_chunks(mark, balanced_bounds(starts[2]), threads)
    if min(twice, default=0) < 0:
        return None
    return MergedRows((starts[0], starts[1]), orders, starts[2], second, sum(twice), threads)
