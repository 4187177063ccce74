"""The errors of all ratings, by user, as each step of time that is solved for or drawn leaves them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, TypeVarTuple

import numpy as np

from palate._parallel import balanced_bounds, even_bounds, run_chunks
from palate.solve.rows import Rows, Side

RATINGS_PER_CHUNK = 1 << 16
_CHUNKS = 16  # of rows, in passes that are short
_NO_INDEX = np.empty(0, np.int32)
_NOTHING = np.zeros(1, np.float32)

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Effects = tuple[np.ndarray, np.ndarray]  # of sessions, and the session of each rating
NO_EFFECTS: Effects = (_NOTHING, _NO_INDEX)


@dataclass(eq=False)
class RatingErrors:
    """The errors of ratings, and what has changed since and the next pass takes off them.

    values : ndarray of shape (n_ratings,), float32
        By user; updated in place.
    weights : ndarray of shape (n_ratings,), float32
        Empty where every weight is 1.
    change : ndarray of shape (n_pairs,), float32
        By how much the score of each pair has changed.
    pair : ndarray of shape (n_ratings,), int32
        Which pair each rating is; empty where no score has changed.
    """

    values: np.ndarray
    weights: np.ndarray
    change: np.ndarray = field(default_factory=lambda: _NOTHING)
    pair: np.ndarray = field(default_factory=lambda: _NO_INDEX)

    @classmethod
    def of(
        cls,
        rows: Rows,
        side: Side,
        others: Side,
        mean: float,
        weights: np.ndarray,
        threads: int,
        session_effects: Effects = NO_EFFECTS,
        pair: np.ndarray = _NO_INDEX,
    ) -> "RatingErrors":
        """Return the errors of all ratings of rows with these vectors, less the effects of their sessions.

        `pair` says which vector of `side` each rating is of, where it is not that of its row.
        """
        from palate.kernels.timing import rating_errors

        out = np.empty(len(rows.values), np.float32)
        vectors = side.factors, side.bias, pair, others.factors, others.bias
        given = (*rows.table, np.float32(mean), *vectors, *session_effects)
        run_chunks(rating_errors, balanced_bounds(rows.indptr, _CHUNKS), threads, *given, out)
        return cls(out, weights)

    def less(self, change: np.ndarray, pair: np.ndarray) -> None:
        """Take what the scores of pairs have changed by off the errors, in the next pass over them."""
        self.change, self.pair = change, pair

    def sums(
        self,
        indptr: np.ndarray,
        order: np.ndarray,
        group: np.ndarray,
        n_groups: int,
        threads: int,
        plus: Effects = NO_EFFECTS,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights, and the errors times these, added up by group, float64.

        First what has changed is taken off the errors, and the effects of their sessions, if any, are
        added to them. See `kernels.timing.group_sums`.
        """
        from palate.kernels.timing import group_sums

        weight, total = np.zeros(n_groups), np.zeros(n_groups)
        given = (indptr, order, group, self.weights, self.change, self.pair, *plus, self.values)
        run_chunks(group_sums, balanced_bounds(indptr, _CHUNKS), threads, *given, weight, total)
        self.less(_NOTHING, _NO_INDEX)
        return weight, total

    def total(self, weights: np.ndarray, threads: int, less: Effects = NO_EFFECTS) -> tuple[float, float]:
        """Return the sums of squared and of absolute errors less the effects of sessions, so weighted."""
        from palate.kernels.timing import error_sums

        given = (self.values, self.change, self.pair, *less, weights)
        parts = over_ratings(error_sums, len(self.values), threads, *given)
        return sum(squared for squared, _ in parts), sum(absolute for _, absolute in parts)


def over_ratings(
    part: Callable[[int, int, *Arguments], Result], n_ratings: int, threads: int, *arguments: *Arguments
) -> list[Result]:
    """Call `part(start, stop, *arguments)` for fixed chunks of ratings and return the results in order."""
    return run_chunks(part, even_bounds(n_ratings, RATINGS_PER_CHUNK), threads, *arguments)
