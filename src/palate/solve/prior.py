"""What a row (a user or an item) is taken to be before its ratings are seen."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from palate.solve.draws import OfDraws


@dataclass(frozen=True, eq=False, kw_only=True)
class RowPrior(OfDraws):
    """The penalty of one side of the model, as the row solver and fold-in need it.

    The row `x = [factors, bias]` costs `strength (x - mean)' precision (x - mean)` on its factor block, where
    `strength = m ** scaling + per_rating * m` and `m = n + unobserved_weight * n_other` for a row with
    `n` ratings; the bias entry is not scaled.

    Parameters
    ----------
    precision : ndarray of shape (n_draws, n_factors + 1, n_factors + 1), float32
        Last row and column belong to the bias.
    mean : ndarray of shape (n_draws, n_factors + 1), float32
    scaling : float
        The exponent nu: 0 is a constant penalty (Keras), 1 grows with the number of ratings (ALS-WR).
    per_rating : float
        What each rating adds to the strength.
    bias : bool
        Whether rows have a bias at all; without one it stays 0.
    l1_bias : float
        Strength of `|bias|`.
    dropout : float
        `1 / keep**2 - 1`, the weight of the marginalised dropout term.
    unobserved_weight : float
        Weight w0 of the unobserved pairs.
    imputed : float
        The value r0 that those pairs count as, in rating units.
    """

    of_draws: ClassVar[tuple[str, ...]] = ("precision", "mean")

    precision: np.ndarray
    mean: np.ndarray
    scaling: float = 0.0
    bias: bool = True
    l1_bias: float = 0.0
    dropout: float = 0.0
    unobserved_weight: float = 0.0
    imputed: float = 0.0
    per_rating: float = 0.0

    @property
    def n_factors(self) -> int:
        """Number of factors, without the bias."""
        return int(self.mean.shape[1] - 1)

    @property
    def lacks_penalty(self) -> bool:
        """Whether a factor has no penalty: float32 would break down on rows with few ratings."""
        diagonal = np.diagonal(self.precision[0])
        return bool(self.n_factors and (diagonal[:-1] <= 0).any())
