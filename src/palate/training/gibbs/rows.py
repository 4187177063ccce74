"""The rows of a side, drawn given the other side and the noise."""

from dataclasses import dataclass, replace

import numpy as np

from palate.solve.prior import RowPrior
from palate.solve.rows import LANES, Rows, Side, solve_rows
from palate.training.gibbs.clock import ROWS, Clock
from palate.training.gibbs.sides import SideShape, SideState


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """The vectors of a side; `errors` says whether sums of errors are asked for, too."""

    shape: SideShape
    errors: bool = False

    def draw(
        self, state: SideState, rows: Rows, other: Side, mean: float, noise: float, clock: Clock
    ) -> tuple[SideState, np.ndarray]:
        """Draw all rows given the other side and the precision of the noise.

        Also return the error sums of each row, or of none if they are not asked for.
        """
        shape, threads = self.shape, clock.threads
        prior = RowPrior(
            precision=(state.precision / noise).astype(np.float32)[None],
            mean=state.mean.astype(np.float32)[None],
        )
        explained, prior_mean = shape.explained(state, threads), None
        if explained is not None:
            explained[:, shape.columns] += state.mean.astype(np.float32)
            prior_mean = np.ascontiguousarray(explained[:, : shape.width + 1])
        root = np.zeros((shape.n_factors + 1, shape.width + LANES))
        root[np.arange(shape.n_factors + 1), shape.columns] = 1 / np.sqrt(noise)  # padding stays zero
        z = shape.normal(clock.key(ROWS, shape.number), rows.n_rows, root, threads)[:, : shape.width + 1]
        solved = solve_rows(
            rows, other, mean, prior, noise=z, prior_mean=prior_mean, stats=self.errors, threads=threads
        )
        return replace(state, vectors=solved.side), solved.stats
