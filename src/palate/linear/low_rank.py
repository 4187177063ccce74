"""Item-to-item weights as a product of vectors of items, where there are fewer users than items."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from palate._parallel import even_bounds, run_chunks
from palate.linear.weights import ItemWeights, above_zero
from palate.solve.rows import Rows
from palate.solve.spectral import sparse_times

_USERS = 64  # whose products with all items are made at a time


@dataclass(frozen=True, eq=False, kw_only=True)
class LowRankWeights(ItemWeights):
    """`W_ji = a_j (t_j . t_i) b_i` for j other than i, of one vector t of each item.

    The sum over a user's own items goes over their vectors, and then once over all items:

        h = sum over own j of x_uj a_j t_j        score_i = b_i (h . t_i) - x_ui a_i |t_i|^2 b_i

    so that the scores of a user take n_items times k products, and W is never made.

    Parameters
    ----------
    vectors : ndarray of shape (n_items, k), float32
        t, with k users of the training data.
    source_scale, target_scale : ndarray of shape (n_items,), float32
        a and b.
    """

    vectors: np.ndarray
    source_scale: np.ndarray
    target_scale: np.ndarray

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.vectors)

    def scores(self, rows: Rows, threads: int = 1) -> np.ndarray:
        """Return the scores of all items for users."""
        given = np.where(self.has_weights, self.source_scale, np.float32(0))[rows.columns] * rows.values
        out = self._products(sparse_times(replace(rows, values=given), self.vectors, threads), threads)
        own = np.repeat(np.arange(rows.n_rows), rows.counts), rows.columns
        out[own] -= given * self._squares[rows.columns]
        out *= self.target_scale
        return out

    def from_items(self, items: np.ndarray, item: int) -> np.ndarray:
        """Return the weight from each of `items` to one item."""
        return np.asarray(self._with(item, items) * self.source_scale[items] * self.target_scale[item])

    def to_items(self, item: int, items: np.ndarray) -> np.ndarray:
        """Return the weight from an item to each of `items`."""
        return np.asarray(self._with(item, items) * self.source_scale[item] * self.target_scale[items])

    def row(self, item: int) -> np.ndarray:
        """Return the weights from an item to all items."""
        return self.to_items(item, np.arange(self.n_items))

    def _with(self, item: int, items: np.ndarray) -> np.ndarray:
        """Return the products of the vectors of `items` with that of another item, 0 with itself."""
        # Summed item by item, so that a weight has the same bits among any others.
        products = np.einsum("if,f->i", self.vectors.take(items, axis=0), self.vectors[item])
        return np.where(items == item, np.float32(0), products)

    def largest(self, items: np.ndarray) -> np.ndarray:
        """Return the largest weight of each of `items`, found when they are asked for the first time."""
        items = np.asarray(items)
        unknown = np.unique(items[np.isnan(self._largest[items])])
        for start in range(0, len(unknown), _USERS):
            part = unknown[start : start + _USERS]
            products = self._products(self.vectors[part], 1) * self.target_scale
            products[np.arange(len(part)), part] = 0
            self._largest[part] = above_zero(self.source_scale[part] * products.max(axis=1))
        return np.asarray(self._largest[items])

    @cached_property
    def has_weights(self) -> np.ndarray:
        """Which items have a weight for any other item: those whose vectors meet another's anywhere."""
        there = self.vectors != 0
        return np.asarray(there @ (np.count_nonzero(there, axis=0) > 1))

    def _products(self, vectors: np.ndarray, threads: int) -> np.ndarray:
        """Return the products of these vectors with those of all items, (n, n_items) float32."""
        from palate.kernels.panels import grouped_rows, panel_products
        from palate.kernels.tile import TILE_ROWS

        groups = grouped_rows(vectors)
        out = np.empty((len(vectors), self.n_items), np.float32)
        bounds = even_bounds(len(groups), _USERS // TILE_ROWS)
        run_chunks(panel_products, bounds, threads, groups, self._panels, out)
        return out

    @cached_property
    def _panels(self) -> np.ndarray:
        from palate.kernels.panels import panels_of

        return panels_of(self.vectors)

    @cached_property
    def _squares(self) -> np.ndarray:
        """|t_i|^2 of each item, float32."""
        squares = np.einsum("if,if->i", self.vectors, self.vectors, dtype=np.float64)
        return np.asarray(squares, np.float32)

    @cached_property
    def _largest(self) -> np.ndarray:
        """The largest weights that are known, NaN for the others."""
        return np.full(self.n_items, np.nan, np.float32)

    def _moved(self, new: np.ndarray, n_items: int) -> "LowRankWeights":
        def moved(array: np.ndarray) -> np.ndarray:
            out = np.zeros((n_items, *array.shape[1:]), np.float32)
            out[new] = array
            return out

        source, target = moved(self.source_scale), moved(self.target_scale)
        return LowRankWeights(vectors=moved(self.vectors), source_scale=source, target_scale=target)
