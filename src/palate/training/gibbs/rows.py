"""The rows of a side, drawn given the other side and the noise."""

from dataclasses import replace

import numpy as np

from palate.solve.prior import RowPrior
from palate.solve.rows import LANES, Rows, Side, solve_rows
from palate.training.gibbs.clock import ROWS, Clock
from palate.training.gibbs.sides import SideModel, SideState


def draw_rows(
    side: SideModel, state: SideState, rows: Rows, other: Side, mean: float, noise: float, clock: Clock
) -> tuple[SideState, np.ndarray]:
    """Draw all vectors of a side given the other side and the precision of the noise.

    Also return the sums of the errors of each row, or of no row if they are not asked for.
    """
    threads = clock.threads
    prior = RowPrior(
        precision=(state.precision / noise).astype(np.float32)[None], mean=state.mean.astype(np.float32)[None]
    )
    explained, means = side.explained(state, threads), None
    if explained is not None:
        explained[:, side.columns] += state.mean.astype(np.float32)
        means = np.ascontiguousarray(explained[:, : side.width + 1])
    root = np.zeros((side.n_factors + 1, side.width + LANES))
    root[np.arange(side.n_factors + 1), side.columns] = 1 / np.sqrt(noise)  # padding stays zero
    z = side.normal(clock.key(ROWS, side.number), rows.n_rows, root, threads)[:, : side.width + 1]
    stats = side.errors or side.own_noise
    solved = solve_rows(rows, other, mean, prior, noise=z, prior_mean=means, stats=stats, threads=threads)
    return replace(state, vectors=solved.side), solved.stats
