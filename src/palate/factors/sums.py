"""Fold-in as a sum: a user's vector is the sum of the contributions of the user's own items."""

from dataclasses import dataclass, replace

import numpy as np

from palate._checks import ArgumentError
from palate.data.times import given_times
from palate.solve.grades import Grades
from palate.solve.rows import Rows


@dataclass(frozen=True, eq=False, kw_only=True)
class SumFold:
    """How the users' vectors of a model of choices come from their items: `p_u = sum of x_uj a_j (c * q_j)`.

    The score of item i is then `sum of x_uj a_j (c * q_j) . q_i` over the user's own items j, which
    is its exact explanation.

    Parameters
    ----------
    grades : Grades
        Makes x of a rating.
    item_scale : ndarray of shape (n_items,), float32
        a, which undoes and applies the weight of each item's activity; 0 for an item that nobody chose.
    factor_scale : ndarray of shape (n_factors,), float32
        c, which takes the weight of each factor off; 0 for a factor that holds nothing.
    """

    grades: Grades
    item_scale: np.ndarray
    factor_scale: np.ndarray

    def inputs(self, item_factors: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Return what a choice with grade 1 of each item adds to a user's vector, (n, n_factors) float32."""
        out: np.ndarray = item_factors[items] * self.factor_scale * self.item_scale[items, None]
        return out

    def users(
        self, rows: Rows, item_factors: np.ndarray, threads: int = 1, times: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the vectors of users with these ratings (not yet graded), (n_users, n_factors) float32."""
        from palate.solve.spectral import sparse_times

        own, place = np.unique(rows.columns, return_inverse=True)  # one user's items are few of all
        graded = replace(rows, columns=place.astype(np.int32), n_columns=len(own))
        return sparse_times(self.grades.of_rows(graded, times), self.inputs(item_factors, own), threads)

    def parts(
        self, rows: Rows, item_factors: np.ndarray, item: np.ndarray, times: np.ndarray | None = None
    ) -> np.ndarray:
        """Return what each rating of `rows` adds to its user's score of an item, float64.

        The parts add up to the score.
        """
        x = self.grades.of(rows.values, rows.weights, times)
        parts: np.ndarray = x * (self.inputs(item_factors, rows.columns).astype(np.float64) @ item)
        return parts


def check_half_life(grades: Grades, timestamps: object) -> None:
    """Raise ArgumentError if times are given to a model that was trained without a half-life."""
    if timestamps is not None and grades.half_life is None:
        raise ArgumentError(
            "timestamps",
            "be left out: this model was trained without half_life, so old choices have the same "
            "weight as new ones",
        )


def times_of_ratings(timestamps: object, n: int) -> np.ndarray | None:
    """Return the time of each of n ratings to fold in, int64; None for None.

    Raises
    ------
    TypeError, ValueError
        If they are no times or not as many.
    """
    times = None if timestamps is None else given_times(timestamps)
    if times is not None and len(times) != n:
        raise ArgumentError("timestamps", f"be one for each of {n} ratings", f"{len(times)}")
    return times
