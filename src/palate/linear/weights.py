"""Item-to-item weights: what they say of scores, explanations and similar items, dense or sparse."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from palate._aligned import aligned_zeros
from palate._parallel import balanced_bounds, run_chunks
from palate.solve.compressed import starts_of, transposed
from palate.solve.rows import Rows
from palate.solve.spectral import sparse_times

LONG_ROW = 0.1  # share of the items from which on a row of weights is summed as a dense one
LONG_ROWS_BYTES = 1 << 26  # of memory for the rows that are kept as dense ones, too (64 MB)
_USERS = 256  # of one chunk at least: they share a panel of weights while it is in the cache


class ItemWeights(ABC):
    """W: the score of item i for a user is `sum over the user's own items j of x_uj W_ji`. The diagonal is 0.

    A subclass is one way to keep W.
    """

    @property
    @abstractmethod
    def n_items(self) -> int:
        """Number of items."""

    @abstractmethod
    def scores(self, rows: Rows, threads: int = 1) -> np.ndarray:
        """Return the scores of all items for users with these graded choices, (n_users, n_items) float32.

        A user's scores have the same bits among any other users.
        """

    @abstractmethod
    def from_items(self, items: np.ndarray, item: int) -> np.ndarray:
        """Return the weight from each of `items` to one item, float32."""

    @abstractmethod
    def row(self, item: int) -> np.ndarray:
        """Return the weights from an item to all items, (n_items,) float32."""

    def to_items(self, item: int, items: np.ndarray) -> np.ndarray:
        """Return the weight from an item to each of `items`, float32."""
        return np.asarray(self.row(item)[items])

    def largest(self, items: np.ndarray) -> np.ndarray:
        """Return the largest weight of each of `items` for another, float32; 1 where none is above 0."""
        return np.asarray(self._largest[items])

    @cached_property
    @abstractmethod
    def _largest(self) -> np.ndarray:
        """The largest weight of every item."""

    @property
    @abstractmethod
    def has_weights(self) -> np.ndarray:
        """Which items have a weight for any other item, bool; the others add nothing to a score."""

    def among(self, old: np.ndarray) -> "ItemWeights":
        """Return the weights among more items, at their new places.

        `old` is the old place of each new item, -1 for one without weights.
        """
        return self if len(old) == self.n_items else self._moved(np.flatnonzero(old >= 0), len(old))

    @abstractmethod
    def _moved(self, new: np.ndarray, n_items: int) -> "ItemWeights":
        """Return the weights among `n_items` items, where item i is now at `new[i]`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DenseWeights(ItemWeights):
    """All of W.

    Parameters
    ----------
    dense : ndarray of shape (n_items, n_items), float32
    """

    dense: np.ndarray

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.dense)

    def scores(self, rows: Rows, threads: int = 1) -> np.ndarray:
        """Return the scores of all items for users."""
        return sparse_times(rows, self.dense, threads)

    def from_items(self, items: np.ndarray, item: int) -> np.ndarray:
        """Return the weight from each of `items` to one item."""
        return np.asarray(self.dense[items, item])

    def row(self, item: int) -> np.ndarray:
        """Return the weights from an item to all items."""
        return np.asarray(self.dense[item])

    @cached_property
    def has_weights(self) -> np.ndarray:
        """Which items have a weight for any other item."""
        return np.asarray(self.dense.any(axis=1))

    @cached_property
    def _largest(self) -> np.ndarray:
        return above_zero(self.dense.max(axis=1))

    def _moved(self, new: np.ndarray, n_items: int) -> "DenseWeights":
        dense = np.zeros((n_items, n_items), np.float32)
        dense[np.ix_(new, new)] = self.dense
        return DenseWeights(dense=dense)


@dataclass(frozen=True, eq=False, kw_only=True)
class SparseWeights(ItemWeights):
    """The entries of W that are not 0, by compressed rows.

    Parameters
    ----------
    indptr : ndarray of shape (n_items + 1,), int64
    columns : ndarray of shape (n_weights,), int32
        Ascending in each row.
    values : ndarray of shape (n_weights,), float32
    """

    indptr: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.indptr) - 1

    def scores(self, rows: Rows, threads: int = 1) -> np.ndarray:
        """Return the scores of all items for users."""
        from palate.kernels.linear import sparse_scores

        out = np.empty((rows.n_rows, self.n_items), np.float32)
        table = (self.indptr, self.columns, self.values, *self._long_rows)
        bounds = balanced_bounds(rows.indptr, max(4, min(64, rows.n_rows // _USERS)))
        run_chunks(sparse_scores, bounds, threads, *rows.table, *table, out)
        return out

    def from_items(self, items: np.ndarray, item: int) -> np.ndarray:
        """Return the weight from each of `items` to one item."""
        indptr, rows, values = self._by_column
        part = slice(indptr[item], indptr[item + 1])
        if part.start == part.stop:
            return np.zeros(len(items), np.float32)
        place = np.minimum(np.searchsorted(rows[part], items), part.stop - part.start - 1)
        return np.where(rows[part][place] == items, values[part][place], np.float32(0)).astype(np.float32)

    def row(self, item: int) -> np.ndarray:
        """Return the weights from an item to all items."""
        out = np.zeros(self.n_items, np.float32)
        part = slice(self.indptr[item], self.indptr[item + 1])
        out[self.columns[part]] = self.values[part]
        return out

    @cached_property
    def has_weights(self) -> np.ndarray:
        """Which items have a weight for any other item."""
        before = np.concatenate([[0], np.cumsum(self.values != 0)])
        return np.asarray(np.diff(before[self.indptr]) > 0)

    @cached_property
    def _largest(self) -> np.ndarray:
        found = np.zeros(self.n_items, np.float32)
        np.maximum.at(found, np.repeat(np.arange(self.n_items), np.diff(self.indptr)), self.values)
        return above_zero(found)

    @cached_property
    def _long_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The place of each item among the rows that are summed as dense ones, -1 for the others, and these.

        The weights of a popular item go to a large share of all items, and it is among the choices of
        many users.
        """
        from palate.kernels.linear import panels_of_rows
        from palate.kernels.spectral import PANEL

        counts = np.diff(self.indptr)
        most = LONG_ROWS_BYTES // (4 * max(self.n_items, 1))
        order = np.argsort(-counts, kind="stable")[:most]
        rows = np.sort(order[counts[order] > LONG_ROW * self.n_items])
        place = np.full(self.n_items, -1, np.int32)
        place[rows] = np.arange(len(rows))
        panels = aligned_zeros(-(-self.n_items // PANEL), len(rows), PANEL)
        panels_of_rows(rows, self.indptr, self.columns, self.values, panels)
        return place, panels

    @cached_property
    def _by_column(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return transposed(self.indptr, self.columns, self.values, self.n_items)[:3]

    def _moved(self, new: np.ndarray, n_items: int) -> "SparseWeights":
        counts = np.zeros(n_items, np.int64)
        counts[new] = np.diff(self.indptr)
        columns = new[self.columns].astype(np.int32)
        return SparseWeights(indptr=starts_of(counts), columns=columns, values=self.values)


def above_zero(largest: np.ndarray) -> np.ndarray:
    """Return these numbers, float32, with 1 for those that are not above 0.

    Examples
    --------
    >>> above_zero(np.array([2.0, -1.0, 0.0])).tolist()
    [2.0, 1.0, 1.0]
    """
    return np.where(largest > 0, largest, np.float32(1)).astype(np.float32)
