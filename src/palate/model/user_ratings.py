"""The ratings of users: as a model holds them, with new ones among them, and as a matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from palate._words import counted
from palate.data.matrix import RatingMatrix
from palate.solve.rows import Rows


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class UserRatings:
    """What one user rated.

    Parameters
    ----------
    rated : ndarray of shape (n_rated,), int32
        Positions of the items in the model, ascending.
    values : ndarray of shape (n_rated,), float32
    weights : ndarray of shape (n_rated,), float32, optional
        All 1 when None.
    times : ndarray of shape (n_rated,), int64, optional
    held_out : ndarray of shape (n_rated,), bool, optional
        Which ratings the model was not trained on; none when None.
    """

    rated: np.ndarray
    values: np.ndarray
    weights: np.ndarray | None = None
    times: np.ndarray | None = None
    held_out: np.ndarray | None = None

    def __repr__(self) -> str:
        whose = getattr(self, "id", None)
        known = "" if whose is None else f"{whose!r}, "
        return f"{type(self).__name__}({known}{counted(len(self.values), 'rating')})"

    @classmethod
    def none(cls) -> Self:
        """Return no ratings."""
        return cls(rated=np.empty(0, np.int32), values=np.empty(0, np.float32))

    @classmethod
    def stored(cls, ratings: RatingMatrix, index: int) -> Self:
        """Return the ratings of the user in one row of a model's ratings."""
        rated, values, held_out = ratings.row(index)
        own = slice(int(ratings.indptr[index]), int(ratings.indptr[index + 1]))
        return cls(
            rated=rated,
            values=values,
            weights=None if ratings.weight is None else ratings.weight[own],
            times=None if ratings.timestamp is None else ratings.timestamp[own],
            held_out=held_out,
        )

    def column(self, name: str, dtype: npt.DTypeLike, otherwise: float) -> np.ndarray:
        """Return one of the columns, full of `otherwise` where there is none."""
        found = getattr(self, name)
        return np.full(len(self.values), otherwise, dtype) if found is None else np.asarray(found, dtype)

    def rows(self, n_columns: int) -> Rows:
        """Return the ratings as a single row of `n_columns` columns."""
        return Rows.one(self.rated, self.values, self.weights, n_columns)

    def trained(self) -> "UserRatings":
        """Return the ratings without the held-out ones."""
        return self if self.held_out is None else self.only(~self.held_out)

    def only(self, kept: np.ndarray) -> "UserRatings":
        """Return the ratings that `kept` marks, none of them held out."""
        return UserRatings(
            rated=self.rated[kept],
            values=self.values[kept],
            weights=None if self.weights is None else self.weights[kept],
            times=None if self.times is None else self.times[kept],
        )

    def with_new(self, new: "UserRatings", last_time: int) -> "UserRatings":
        """Return these ratings and new ones, which replace those of the same items.

        A rating without a time is as recent as `last_time`.
        """
        kept = ~np.isin(self.rated, new.rated)
        order = np.argsort(np.concatenate([self.rated[kept], new.rated]), kind="stable")

        def joined(name: str, dtype: npt.DTypeLike, otherwise: float) -> np.ndarray | None:
            if getattr(self, name) is None and getattr(new, name) is None:
                return None
            both = self.column(name, dtype, otherwise)[kept], new.column(name, dtype, otherwise)
            return np.concatenate(both)[order]

        return UserRatings(
            rated=np.concatenate([self.rated[kept], new.rated])[order],
            values=np.concatenate([self.values[kept], new.values])[order],
            weights=joined("weights", np.float32, 1),
            times=joined("times", np.int64, last_time),
            held_out=joined("held_out", bool, False),
        )


def matrix_of(rows: Sequence[UserRatings], n_items: int) -> RatingMatrix:
    """Return the ratings of users as a matrix, one row for each."""

    def joined(name: str, dtype: npt.DTypeLike, otherwise: float = 0) -> np.ndarray:
        """Return a column of all rows, with another value in those that do not have it."""
        return np.concatenate([np.empty(0, dtype), *(row.column(name, dtype, otherwise) for row in rows)])

    held_out = joined("held_out", bool)
    weighted = any(row.weights is not None for row in rows)
    timed = bool(rows) and all(row.times is not None for row in rows)
    return RatingMatrix(
        indptr=np.concatenate([[0], np.cumsum([len(row.rated) for row in rows])]).astype(np.int64),
        items=joined("rated", np.int32),
        codes=joined("values", np.float32),
        levels=None,
        n_items=n_items,
        held_out=held_out if held_out.any() else None,
        weight=joined("weights", np.float32, 1) if weighted else None,
        timestamp=joined("times", np.int64) if timed else None,
    )


def last_time(ratings: RatingMatrix | None) -> int:
    """Return the latest time among a model's ratings; 0 without times."""
    if ratings is None or ratings.timestamp is None:
        return 0
    return int(ratings.timestamp.max(initial=0))
