"""The noise that ratings of one row have of their own, beside the noise that all share."""

from dataclasses import replace

import numpy as np

from palate._parallel import balanced_bounds, run_chunks
from palate.solve.rows import Rows
from palate.training.gibbs.clock import OWN_NOISE, Clock
from palate.training.gibbs.hyperprior import draw_degrees, draw_precisions
from palate.training.gibbs.sides import SideModel, SideState

Sums = tuple[float, float]  # weighted sums of squared and of absolute errors


def draw_own(
    side: SideModel, state: SideState, counts: np.ndarray, sums: np.ndarray, noise: float, clock: Clock
) -> tuple[SideState, Sums]:
    """Draw the precision of each row and their degrees of freedom, where rows have a noise of their own.

    The sums of errors are weighted by the present precisions; those of all rows are returned.
    """
    if not side.own_noise:
        squared, absolute = sums[:, :2].sum(axis=0)
        return state, (float(squared), float(absolute))
    rng, before, squares = clock.rng(OWN_NOISE, side.number), state.own, sums[:, 0]
    own = draw_precisions(state.degrees, counts, noise * squares / before, rng)
    state = replace(state, own=own, degrees=draw_degrees(state.degrees, own, rng))
    return state, (float(np.sum(squares / before * own)), float(np.sum(sums[:, 1] / before * own)))


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
