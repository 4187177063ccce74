"""Side information in least squares: rows are shrunk to what features predict; weights are a ridge.

    + sum over rows of  strength_u |x_u - B' f_u|^2  +  l2_features |B|^2

in place of `strength_u |x_u|^2`, with the same precision for rows and weights: factors and biases
keep their own.
"""

from dataclasses import dataclass

import numpy as np

from palate.solve.features import FeatureBlock
from palate.solve.prior import RowPrior
from palate.solve.ridge import solve_ridge, times, transposed_times
from palate.solve.rows import LANES, Rows, Side, padded_width, row_strength

_STEPS = 4  # of conjugate gradients in a half sweep; the next one goes on from there


@dataclass(frozen=True, eq=False)
class RidgeLink:
    """The features of one side with everything of their ridge that does not change.

    weight : ndarray of shape (n_rows, width + 8), float32
        Penalty on the square of each entry of a row; the bias stands in column `width`.
    strength : ndarray of shape (1, width + 8), float32
        Penalty on the square of a feature's weight.
    """

    blocks: tuple[FeatureBlock, ...]
    n_factors: int
    weight: np.ndarray
    strength: np.ndarray
    diagonal: np.ndarray

    @classmethod
    def build(
        cls, blocks: tuple[FeatureBlock, ...], rows: Rows, prior: RowPrior, l2_features: float
    ) -> "RidgeLink":
        """Prepare the ridge regression of a side that has this (diagonal) prior."""
        width = padded_width(prior.n_factors)
        precision = np.diagonal(prior.precision[0])
        strength = np.zeros((1, width + LANES), np.float32)
        strength[0, : prior.n_factors], strength[0, width] = precision[:-1], precision[-1]
        weight = np.repeat(strength, rows.n_rows, axis=0)
        weight[:, : prior.n_factors] *= row_strength(rows.counts, rows.n_columns, prior)[:, None]
        strength *= np.float32(l2_features)
        strength[strength == 0] = 1  # of columns that are padding
        squares = [_squares(block, weight) for block in blocks]
        return cls(blocks, prior.n_factors, weight, strength, strength + np.concatenate(squares))

    @property
    def width(self) -> int:
        """Padded number of factors."""
        return int(self.weight.shape[1] - LANES)

    def start(self) -> np.ndarray:
        """Return weights of zero, (n_features, width + 8) float32."""
        return np.zeros((len(self.diagonal), self.weight.shape[1]), np.float32)

    def fit(self, side: Side, weights: np.ndarray, threads: int) -> np.ndarray:
        """Return the weights fitted to the rows of a side, some steps further than `weights`."""
        rows = np.zeros_like(self.weight)
        rows[:, : self.width], rows[:, self.width] = side.factors, side.bias
        right = transposed_times(self.blocks, rows * self.weight, threads)
        return solve_ridge(
            self.blocks,
            right,
            weights,
            self.strength,
            self.diagonal,
            len(rows),
            weight=self.weight,
            threads=threads,
            steps=_STEPS,
        )

    def prior_mean(self, weights: np.ndarray, threads: int) -> np.ndarray:
        """Return the prior mean of each row from its features, (n_rows, width + 1) float32."""
        mean = times(self.blocks, weights, len(self.weight), threads)
        return np.ascontiguousarray(mean[:, : self.width + 1])

    def penalty(self, side: Side, weights: np.ndarray, threads: int) -> float:
        """Return the penalties on rows and weights, as part of the objective."""
        mean, width = self.prior_mean(weights, threads), self.width
        of_factors = self.weight[:, :width] * (side.factors - mean[:, :width]) ** 2
        of_biases = self.weight[:, width] * (side.bias - mean[:, width]) ** 2
        cost = np.sum(of_factors, dtype=np.float64) + np.sum(of_biases, dtype=np.float64)
        return float(cost + np.sum(self.strength * weights**2, dtype=np.float64))

    def own(self, weights: np.ndarray) -> np.ndarray:
        """Return the weights as a model holds them, (1, n_features, n_factors + 1)."""
        return weights[None][:, :, np.append(np.arange(self.n_factors), self.width)]


def _squares(block: FeatureBlock, weight: np.ndarray) -> np.ndarray:
    """Return the diagonal of `F' W F` for each column of W."""
    out = np.zeros((block.n_columns, weight.shape[1]), np.float32)
    block.transposed_times(np.ascontiguousarray(weight * block.scale[:, None]), out, 1)
    return out
