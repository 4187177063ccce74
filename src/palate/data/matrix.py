"""What a model keeps of its ratings."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from palate._checks import ArgumentError
from palate.data.ratings import Ratings

_CHUNK = 1 << 20
_MAX_LEVELS = 1 << 16


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class RatingMatrix:
    """Ratings as compressed sparse rows, one row per user, with one or two bytes per value.

    The indexes are those of the vocabularies beside it; items ascend in each row.

    Parameters
    ----------
    indptr : ndarray of shape (n_users + 1,), int64
        Where each user's ratings start.
    items : ndarray of shape (n_ratings,), int32
    codes : ndarray of shape (n_ratings,), uint8 or uint16, or float32 without levels
        Positions in `levels`; the values themselves if there are more than 65,536 distinct ones.
    levels : ndarray, float32, or None
        The distinct values, ascending.
    n_items : int
    held_out : ndarray of shape (n_ratings,), bool, or None
        Which ratings were kept from training.
    weight : ndarray of shape (n_ratings,), float32, or None
    timestamp : ndarray of shape (n_ratings,), int64, or None

    Examples
    --------
    >>> ratings = Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [4, 2, 3])
    >>> matrix = RatingMatrix.from_ratings(ratings)
    >>> items, values, held_out = matrix.row(0)
    >>> items.tolist(), values.tolist(), matrix.item_counts().tolist(), matrix.item_means().tolist()
    ([0, 1], [4.0, 2.0], [2, 1], [3.5, 2.0])
    """

    indptr: np.ndarray
    items: np.ndarray
    codes: np.ndarray
    levels: np.ndarray | None
    n_items: int
    held_out: np.ndarray | None = None
    weight: np.ndarray | None = None
    timestamp: np.ndarray | None = None

    @classmethod
    def from_ratings(cls, ratings: Ratings, held_out: np.ndarray | None = None) -> "RatingMatrix":
        """Return the matrix of ratings; `held_out` marks, in their order, those kept from training."""
        if held_out is not None:
            held_out = np.ascontiguousarray(held_out, dtype=bool)
            if held_out.shape != (len(ratings),):
                must = f"have one entry per rating ({len(ratings)},)"
                raise ArgumentError("held_out", must, f"shape {held_out.shape}")
        codes, levels = _encode(ratings.value)
        return cls(
            indptr=ratings.user_indptr,
            items=ratings.item_index,
            codes=codes,
            levels=levels,
            n_items=ratings.n_items,
            held_out=held_out,
            weight=ratings.weight,
            timestamp=ratings.timestamp,
        )

    @property
    def n_users(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    @property
    def n_ratings(self) -> int:
        """Number of ratings, held-out ones included."""
        return len(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        held = "" if self.held_out is None else f", {int(self.held_out.sum()):,} held out"
        return (
            f"RatingMatrix({self.n_ratings:,} ratings of {self.n_items:,} items by {self.n_users:,} "
            f"users{held})"
        )

    def values(self, at: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Return the ratings at the given positions (a slice or an array; default all) as float32."""
        codes = self.codes[at]
        return codes if self.levels is None else self.levels[codes]

    def row(self, user_index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return one user's items (int32, ascending), ratings (float32) and which were held out (bool)."""
        span = slice(int(self.indptr[user_index]), int(self.indptr[user_index + 1]))
        none = np.zeros(span.stop - span.start, dtype=bool)
        return self.items[span], self.values(span), none if self.held_out is None else self.held_out[span]

    def trained(self) -> "RatingMatrix":
        """Return the ratings that training used: all but the held-out ones."""
        if self.held_out is None:
            return self
        keep = ~self.held_out
        return replace(
            self,
            indptr=np.concatenate([[0], np.cumsum(keep)])[self.indptr].astype(np.int64),
            items=self.items[keep],
            codes=self.codes[keep],
            held_out=None,
            weight=None if self.weight is None else self.weight[keep],
            timestamp=None if self.timestamp is None else self.timestamp[keep],
        )

    def user_counts(self) -> np.ndarray:
        """Return the number of ratings of each user, int64."""
        return np.diff(self.indptr)

    def item_counts(self) -> np.ndarray:
        """Return the number of ratings of each item, int64, held-out ones included."""
        return self._item_counts.copy()

    @cached_property
    def _item_counts(self) -> np.ndarray:
        from palate.kernels.chunks import row_counts

        counts = np.zeros(self.n_items, np.int64)
        row_counts(self.items, counts)
        return counts

    def item_means(self) -> np.ndarray:
        """Return the plain mean rating of each item, float64; NaN for an item without ratings."""
        from palate.kernels.chunks import add_levels

        total = np.zeros(self.n_items)
        for start in range(0, len(self.items), _CHUNK):
            span = slice(start, start + _CHUNK)
            if self.levels is None:
                total += np.bincount(self.items[span], weights=self.values(span), minlength=self.n_items)
                continue
            own = np.zeros(self.n_items)
            add_levels(self.items[span], self.codes[span], self.levels, own)
            total += own
        counts = self.item_counts()
        return np.asarray(np.divide(total, counts, out=np.full(self.n_items, np.nan), where=counts > 0))

    def positions(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return where each pair stands among the ratings, int64, or -1 for a pair that is not there.

        Parameters
        ----------
        user_index, item_index : ndarray of shape (n,), int
            An index of -1 is in no pair.
        """
        user, item = np.broadcast_arrays(
            np.asarray(user_index, dtype=np.int64), np.asarray(item_index, dtype=np.int64)
        )
        known = user >= 0
        low, high = self.indptr[np.where(known, user, 0)], self.indptr[np.where(known, user, -1) + 1]
        end = high.copy()
        while (low < high).any():  # one step of all bisections at once: at most 31 of them
            open_ = low < high
            middle = np.where(open_, (low + high) // 2, 0)
            less = self.items[middle] < item
            low = np.where(open_ & less, middle + 1, low)
            high = np.where(open_ & ~less, middle, high)
        inside = known & (low < end)
        if not len(self.items):
            return np.full(inside.shape, -1, dtype=np.int64)
        return np.where(inside & (self.items[np.where(inside, low, 0)] == item), low, -1)

    def contains(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return which pairs are among the ratings, bool; see `positions`."""
        return self.positions(user_index, item_index) >= 0

    def holds_out(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return which pairs are among the ratings that were kept from training, bool; see `positions`."""
        at = self.positions(user_index, item_index)
        if self.held_out is None or not len(self.items):
            return np.zeros(at.shape, dtype=bool)
        return np.asarray((at >= 0) & self.held_out[at])


def _encode(value: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return codes and levels of float32 values, or the values and None when there are too many levels."""
    from palate.kernels import chunks

    value = np.ascontiguousarray(value, dtype=np.float32)
    keys, found = value.view(np.uint32), np.empty(_MAX_LEVELS, np.uint32)
    slots = np.full(2 * _MAX_LEVELS, -1, np.int32)
    n_levels = chunks.find_levels(keys, slots, found)
    if n_levels < 0:
        return value, None
    seen = found[:n_levels].view(np.float32)
    levels = np.unique(seen)  # 0 and -0 are one level
    place = np.searchsorted(levels, seen)
    codes = np.empty(len(value), dtype=np.uint8 if len(levels) <= 256 else np.uint16)
    chunks.encode(keys, slots, found, place.astype(codes.dtype), codes)
    return codes, levels
