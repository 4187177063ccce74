"""One side of a Gibbs chain, users or items: its size, its features and its random quantities."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from palate._parallel import even_bounds, run_chunks
from palate.solve.features import FeatureBlock
from palate.solve.ridge import SmallGroups, column_bounds, times
from palate.solve.rows import LANES, Side, padded_width

_START_DEGREES = 10.0


@dataclass(frozen=True, eq=False)
class SideState:
    """The random quantities of one side.

    vectors : Side
    mean : ndarray of shape (k + 1,)
        Of a row without features.
    precision : ndarray of shape (k + 1, k + 1)
    weights : ndarray of shape (n_columns, width + 8), float32
        Of all groups of features, one below the other; the bias stands in column `width`.
    strengths : ndarray of shape (n_groups,)
        Precision of the weights of each group, in units of `precision`.
    own : ndarray of shape (n,), float64
        Precision of each row's ratings, a factor on that of the noise; empty where all share one.
    degrees : float
        Degrees of freedom of `own`: how alike the rows are.
    """

    vectors: Side
    mean: np.ndarray
    precision: np.ndarray
    weights: np.ndarray
    strengths: np.ndarray
    own: np.ndarray
    degrees: float


@dataclass(frozen=True, eq=False)
class SideModel:
    """The fixed quantities of one side.

    number : int
        0 for users, 1 for items.
    n_factors : int
    blocks : tuple of FeatureBlock
        Its features.
    own_noise : bool
        Whether each row has a noise of its own.
    errors : bool
        Whether the errors of its rows are added up.
    telling : ndarray of shape (n_ratings,), float32
        1 for ratings that say what the noise is and 0 for others, in the order of the rows; empty if all do.
    """

    number: int
    n_factors: int
    blocks: tuple[FeatureBlock, ...] = ()
    own_noise: bool = False
    errors: bool = False
    telling: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))

    @cached_property
    def diagonals(self) -> np.ndarray:
        """Squares of the features' columns, float32 (n_columns,)."""
        return np.concatenate([block.squares() for block in self.blocks])

    @cached_property
    def small(self) -> SmallGroups | None:
        """The groups of few features, which are solved for exactly."""
        return SmallGroups.of(self.blocks)

    @property
    def width(self) -> int:
        """Padded number of factors."""
        return padded_width(self.n_factors)

    @property
    def columns(self) -> np.ndarray:
        """Columns of wide arrays that hold factors and bias."""
        return np.append(np.arange(self.n_factors), self.width)

    @property
    def bounds(self) -> np.ndarray:
        """Where the weights of each group begin and end."""
        return column_bounds(self.blocks)

    def start(self, vectors: Side) -> SideState:
        """Return a state at given vectors.

        The prior is the one that the vectors suggest; feature weights are zero, and own precisions 1.
        """
        d = self.n_factors + 1
        weights = np.zeros((int(self.bounds[-1]), self.width + LANES), np.float32)
        strengths, own = np.full(len(self.blocks), float(d)), np.ones(self.own_noise * len(vectors.bias))
        return SideState(vectors, np.zeros(d), np.eye(d), weights, strengths, own, _START_DEGREES)

    def explained(self, state: SideState, threads: int) -> np.ndarray | None:
        """Return each row's prior mean from its features, float32 (n_rows, width + 8); None without any."""
        if not self.blocks:
            return None
        return times(self.blocks, state.weights, len(state.vectors.bias), threads)

    def normal(self, key: np.uint64, n: int, factor: np.ndarray, threads: int) -> np.ndarray:
        """Return n rows `z @ factor` with z standard normal; factor is (d, width + 8)."""
        from palate.kernels.bags import normal_rows

        single = factor.astype(np.float32)
        out = np.empty((n, single.shape[1]), np.float32)
        run_chunks(normal_rows, even_bounds(n, 1024), threads, key, single, out)
        return out
