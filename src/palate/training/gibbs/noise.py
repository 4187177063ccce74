"""The noise of ratings: the precision that all share, and that of each row."""

from dataclasses import dataclass, replace

import numpy as np

from palate._parallel import balanced_bounds, run_chunks
from palate.solve.rows import Rows
from palate.training.gibbs.clock import NOISE, OWN_NOISE, Clock
from palate.training.gibbs.hyperprior import draw_degrees, draw_precisions, precision_of
from palate.training.gibbs.sides import SideState

Sums = tuple[float, float]  # weighted sums of squared and of absolute errors


@dataclass(frozen=True)
class OnePrecision:
    """Rows that have no noise of their own."""

    own: bool = False  # whether each row has its own

    def start(self, n: int) -> np.ndarray:
        """Return no precision for any row."""
        return np.empty(0)

    def draw(
        self, state: SideState, counts: np.ndarray, sums: np.ndarray, noise: float, clock: Clock
    ) -> tuple[SideState, Sums]:
        """Draw nothing; return the sums of all rows."""
        squared, absolute = sums[:, :2].sum(axis=0)
        return state, (float(squared), float(absolute))


@dataclass(frozen=True)
class OwnPrecisions:
    """Rows of side `number` with a precision each, and the degrees of freedom of these."""

    number: int
    own: bool = True

    def start(self, n: int) -> np.ndarray:
        """Return precisions of 1."""
        return np.ones(n)

    def draw(
        self, state: SideState, counts: np.ndarray, sums: np.ndarray, noise: float, clock: Clock
    ) -> tuple[SideState, Sums]:
        """Draw each row's own precision and their degrees of freedom, given the sums of errors.

        The sums are weighted by the present precisions; those of all rows are returned.
        """
        rng, before, squares = clock.rng(OWN_NOISE, self.number), state.own, sums[:, 0]
        own = draw_precisions(state.degrees, counts, noise * squares / before, rng)
        state = replace(state, own=own, degrees=draw_degrees(state.degrees, own, rng))
        return state, (
            float(np.sum(squares / before * own)),
            float(np.sum(sums[:, 1] / before * own)),
        )


# The precision of each row's ratings, relative to that of the shared noise.
RowPrecision = OnePrecision | OwnPrecisions


@dataclass(frozen=True)
class SharedNoise:
    """Normal noise whose precision is learned."""

    def draw(self, n_ratings: int, sums: Sums, clock: Clock) -> float:
        """Return the precision drawn given the sum of squared errors."""
        return precision_of(n_ratings, sums[0], clock.rng(NOISE, 0))


@dataclass(frozen=True)
class UnitNoise:
    """The noise of latent values, which is their unit."""

    def draw(self, n_ratings: int, sums: Sums, clock: Clock) -> float:
        """Return 1."""
        return 1.0


# The precision of the noise that all ratings share, which `draw` returns given the sums of errors.
Noise = SharedNoise | UnitNoise


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
