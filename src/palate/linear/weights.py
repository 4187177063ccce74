"""Item-to-item weights, sparse or dense: scores, explanations and similar items."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from palate._checks import ArgumentError
from palate._parallel import balanced_bounds, run_chunks
from palate.solve.rows import Rows
from palate.solve.spectral import sparse_times


@dataclass(frozen=True, eq=False, kw_only=True)
class ItemWeights:
    """W: the score of item i for a user is `sum over the user's own items j of x_uj W_ji`. The diagonal is 0.

    Parameters
    ----------
    n_items : int
    dense : ndarray of shape (n_items, n_items), float32, or None
    indptr, columns, values : ndarray or None
        W by compressed rows, columns ascending, instead: int64, int32, float32.
    """

    n_items: int
    dense: np.ndarray | None = None
    indptr: np.ndarray | None = None
    columns: np.ndarray | None = None
    values: np.ndarray | None = None

    def scores(self, rows: Rows, threads: int = 1) -> np.ndarray:
        """Return the scores of all items for users with these graded choices, (n_users, n_items) float32."""
        if self.dense is not None:
            return sparse_times(rows, self.dense, threads)
        from palate.kernels.linear import sparse_scores

        out = np.empty((rows.n_rows, self.n_items), np.float32)
        users = np.arange(rows.n_rows)

        def part(start: int, stop: int) -> None:
            sparse_scores(users[start:stop], *rows.table, *self._sparse, out[start:stop])

        run_chunks(part, balanced_bounds(rows.indptr), threads)
        return out

    def from_items(self, items: np.ndarray, item: int) -> np.ndarray:
        """Return the weight from each of `items` to one item, float32."""
        if self.dense is not None:
            return np.asarray(self.dense[items, item])
        indptr, rows, values = self._by_column
        part = slice(indptr[item], indptr[item + 1])
        if part.start == part.stop:
            return np.zeros(len(items), np.float32)
        place = np.minimum(np.searchsorted(rows[part], items), part.stop - part.start - 1)
        return np.where(rows[part][place] == items, values[part][place], np.float32(0)).astype(np.float32)

    def among(self, old: np.ndarray) -> "ItemWeights":
        """Return the weights among more items, at their new places.

        `old` is the old place of each new item, -1 for one without weights.
        """
        if len(old) == self.n_items:
            return self
        new = np.flatnonzero(old >= 0)  # where each is now
        if self.dense is not None:
            dense = np.zeros((len(old), len(old)), np.float32)
            dense[np.ix_(new, new)] = self.dense
            return ItemWeights(n_items=len(old), dense=dense)
        old_indptr, columns, values = self._sparse
        counts = np.zeros(len(old), np.int64)
        counts[new] = np.diff(old_indptr)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        columns = new[columns].astype(np.int32)
        return ItemWeights(n_items=len(old), indptr=indptr, columns=columns, values=values)

    def row(self, item: int) -> np.ndarray:
        """Return the weights from an item to all items, (n_items,) float32."""
        if self.dense is not None:
            return np.asarray(self.dense[item])
        indptr, columns, values = self._sparse
        out = np.zeros(self.n_items, np.float32)
        part = slice(indptr[item], indptr[item + 1])
        out[columns[part]] = values[part]
        return out

    @cached_property
    def has_weights(self) -> np.ndarray:
        """Which items have a weight for any other item, bool; the others add nothing to a score."""
        if self.dense is not None:
            return np.asarray(self.dense.any(axis=1))
        indptr, _, values = self._sparse
        before = np.concatenate([[0], np.cumsum(values != 0)])
        found: np.ndarray = before[indptr[1:]] > before[indptr[:-1]]
        return found

    @cached_property
    def largest(self) -> np.ndarray:
        """The largest weight of each item for another, float32; 1 where none is above 0."""
        if self.dense is not None:
            found = self.dense.max(axis=1)
        else:
            indptr, _, values = self._sparse
            found = np.zeros(self.n_items, np.float32)
            np.maximum.at(found, np.repeat(np.arange(self.n_items), np.diff(indptr)), values)
        return np.where(found > 0, found, np.float32(1)).astype(np.float32)

    @cached_property
    def _by_column(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        from palate.kernels.csr import transpose_csr

        return transpose_csr(*self._sparse, self.n_items)

    @property
    def _sparse(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """W by compressed rows: indptr, columns and values."""
        if self.indptr is None or self.columns is None or self.values is None:
            raise ArgumentError("weights", "be dense or have indptr, columns and values", "neither")
        return self.indptr, self.columns, self.values
