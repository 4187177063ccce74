"""The noise of the ratings of each row, beside the noise that all ratings share."""

from dataclasses import dataclass, replace

import numpy as np

from palate._parallel import balanced_bounds, run_chunks
from palate.factors.conditionals import draw_row_precisions
from palate.solve.rows import Rows, Side, row_errors
from palate.training.gibbs.clock import OWN_NOISE, Clock
from palate.training.gibbs.hyperprior import draw_degrees
from palate.training.gibbs.sides import SideModel, SideState

_FEWEST_EQUAL = 5  # ratings of a row: fewer may well be equal by chance
Sums = tuple[float, float]  # weighted sums of squared and of absolute errors


@dataclass(frozen=True, eq=False)
class Told:
    """What the ratings of each row contribute to its noise: their number and weighted squared errors."""

    counts: np.ndarray  # (n_rows,)
    squares: np.ndarray  # (n_rows,) float64

    @property
    def total(self) -> tuple[int, float]:
        """The number of ratings, and the sum of squared errors."""
        return int(self.counts.sum()), float(self.squares.sum())


def telling_ratings(by_user: Rows, by_item: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return which ratings are used to estimate the noise, by user and by item: 1 or 0, or empty if all are.

    If a user has five ratings or more and all are equal, they are not used. The same holds for the
    ratings of an item. If many users rate like this, some vectors of items fit all their ratings
    exactly. The noise would then go to 0, and the model would fit all other ratings exactly, too.
    The arrays are float32.
    """
    equal = _rows_of_equal_ratings(by_user), _rows_of_equal_ratings(by_item)
    told = []
    for rows, (own, other) in ((by_user, equal), (by_item, equal[::-1])):
        told.append(~(np.repeat(own, rows.counts) | other[rows.columns]))
    if told[0].all() or not told[0].any():
        return np.empty(0, np.float32), np.empty(0, np.float32)
    return told[0].astype(np.float32), told[1].astype(np.float32)


def _rows_of_equal_ratings(rows: Rows) -> np.ndarray:
    """Return which rows have at least `_FEWEST_EQUAL` ratings, all of them equal, bool."""
    found = np.zeros(rows.n_rows, bool)
    some = np.flatnonzero(rows.counts)
    starts = rows.indptr[some]
    found[some] = np.maximum.reduceat(rows.values, starts) == np.minimum.reduceat(rows.values, starts)
    return found & (rows.counts >= _FEWEST_EQUAL)


def told_of_noise(
    side: SideModel, state: SideState, rows: Rows, met: Side, mean: float, sums: np.ndarray, threads: int
) -> Told:
    """Return what the ratings of a side contribute to its noise, given the sums of all errors."""
    if not side.telling.size:
        return Told(rows.counts, sums[:, 0] if len(sums) else np.zeros(rows.n_rows))
    weights = rows.weights * side.telling if rows.weights.size else side.telling
    errors = row_errors(replace(rows, weights=weights), state.vectors, met, mean, threads)
    return Told(np.diff(np.append(0, np.cumsum(side.telling, dtype=np.int64))[rows.indptr]), errors[:, 0])


def draw_own(
    side: SideModel, state: SideState, told: Told, noise: float, clock: Clock
) -> tuple[SideState, Told]:
    """Draw the precision of each row and their degrees of freedom, where rows have a noise of their own.

    The squared errors are weighted by the present precisions; they are returned weighted by the new ones.
    """
    if not side.own_noise:
        return state, told
    rng, squares = clock.rng(OWN_NOISE, side.number), told.squares / state.own
    own = draw_row_precisions(state.degrees, told.counts, noise * squares, rng.gamma)
    state = replace(state, own=own, degrees=draw_degrees(state.degrees, own, rng))
    return state, Told(told.counts, squares * own)


def weighted(rows: Rows, own: np.ndarray, other: np.ndarray, threads: int) -> Rows:
    """Return rows whose weights are multiplied by the precision of each rating's noise."""
    if not own.size:
        return rows
    from palate.kernels.ratings import pair_weights

    weights = np.empty(len(rows.values), np.float32)
    single = (own.astype(np.float32), other.astype(np.float32))
    given = (rows.indptr, rows.columns, *single, rows.weights, weights)
    run_chunks(pair_weights, balanced_bounds(rows.indptr), threads, *given)
    return replace(rows, weights=weights)
