"""A trained network over the vectors of a user and an item: what is scored, in NumPy alone."""

from dataclasses import dataclass

import numpy as np

from palate.model.model import Model

_BLOCK = 1 << 22  # numbers in the widest layer at a time


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class NetworkModel(Model):
    """A dense network of the vectors of user and item: `rating = mean + network([user vector, item vector])`.

    A Scorer: it predicts, recommends and is evaluated like any model. It is no factorization: it
    has no fold-in, no standard errors and no similar items, and it is not saved as a model file
    (pickle keeps it). Made by `KerasNetwork.fit`; Keras is not needed to use it.
    """

    # (n_users + 1, n_factors) float32; the last row is the mean of the others, for unknown users
    user_vectors: np.ndarray
    item_vectors: np.ndarray  # (n_items + 1, n_factors) float32
    # (kernel, bias) of each layer; all but the last are cut off at 0
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    mean: float
    scale: tuple[float, float] | None = None

    def __repr__(self) -> str:
        sizes = " -> ".join(str(kernel.shape[1]) for kernel, _ in self.layers)
        return f"NetworkModel({len(self.users):,} users, {len(self.items):,} items, layers {sizes})"

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return the predicted rating of each pair of `user_index` and `item_index`, float32.

        The index -1 is an unknown row, at the mean vector.
        """
        out, first = np.empty(len(user_index), np.float32), self._first()
        step = max(1, _BLOCK // self._width)
        for start in range(0, len(out), step):
            span = slice(start, start + step)
            out[span] = self._rest(first[0][user_index[span]] + first[1][item_index[span]])
        return out

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the predicted ratings of all items for each of `user_index`, float32, shape (n, n_items)."""
        n_items = len(self.items)
        out, first = np.empty((len(user_index), n_items), np.float32), self._first()
        step = max(1, _BLOCK // (self._width * max(1, n_items)))
        for start in range(0, len(out), step):
            rows = first[0][user_index[start : start + step]]
            hidden = rows[:, None, :] + first[1][None, :n_items]
            found = self._rest(hidden.reshape(-1, hidden.shape[2]))
            out[start : start + step] = found.reshape(len(rows), n_items)
        return out

    @property
    def _width(self) -> int:
        return int(max(kernel.shape[1] for kernel, _ in self.layers))

    def _first(self) -> tuple[np.ndarray, np.ndarray]:
        """Return each user's share of the first layer, with its bias, and each item's."""
        kernel, bias = self.layers[0]
        n = self.user_vectors.shape[1]
        return self.user_vectors @ kernel[:n] + bias, self.item_vectors @ kernel[n:]

    def _rest(self, values: np.ndarray) -> np.ndarray:
        """Return the predictions from the sums that enter the first layer's cut."""
        for kernel, bias in self.layers[1:]:
            values = np.maximum(values, 0) @ kernel + bias
        return values[:, 0] + np.float32(self.mean)
