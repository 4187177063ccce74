"""The bounded link of least squares: a rating is `low + (high - low) / (1 + exp(-s))` of its score s.

It is fitted by Gauss-Newton steps. With f the link and s the present score of a pair, the squared
error of a score s + x is nearly

    (r - f(s + x))^2  =  f'(s)^2 (z - s - x)^2        with the working rating  z = s + (r - f(s)) / f'(s)

which is a weighted row solve: each solve is given working ratings and weights in place of the
ratings. Near the ends of the scale f' vanishes; it is held above a small share of its height, so
that no working rating runs away.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from palate._checks import ArgumentError, Words
from palate.factors.likelihood.base import KernelFields, Learned
from palate.factors.likelihood.normal import NormalNoise
from palate.solve.rows import Rows, Side, rating_scores

_LEAST_SLOPE = 0.1  # of the slope in the middle
_EDGE = 0.02  # smallest distance of a mean from the ends of the scale when it becomes a score, as a share


@dataclass(frozen=True, eq=False, kw_only=True)
class Bounded(NormalNoise):
    """The expected rating is a logistic function of the latent value, between the ends of a scale.

    Parameters
    ----------
    low, high : float
        The ends of the rating scale.
    """

    link: ClassVar[str] = "bounded"
    takes_row_noise: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("scale",)
    fold_steps: ClassVar[int] = 15  # each removes most of the remaining distance

    low: float
    high: float

    @classmethod
    def of(cls, learned: Learned) -> Self:
        """Return the likelihood between the ends of a scale, which must be given."""
        if learned.scale is None:
            must = Words.of("be given for `link='bounded'`, which keeps predictions between its ends")
            raise ArgumentError("scale", must, "None")
        low, high = learned.scale
        return cls(noise_sd=learned.noise_sd, levels=learned.levels, low=low, high=high)

    @property
    def learned(self) -> Learned:
        """What the likelihood is made of."""
        return super().learned._replace(scale=(self.low, self.high))

    @classmethod
    def fitted(cls, scale: tuple[float, float]) -> Self:
        """Return the likelihood that is fitted to ratings of this scale.

        Raises
        ------
        ValueError
            If its ends are not two different numbers.
        """
        low, high = scale
        if not low < high:
            must, advice = "have two different ends for `link='bounded'`", "Declare the scale with `scale=`."
            ends = f"{low:g} to {high:g}"
            raise ArgumentError("the rating scale", Words.of(must), ends, Words.of(advice))
        return cls(low=low, high=high)

    def kernel_fields(self, n_draws: int) -> KernelFields:
        """Return the likelihood as the kernels take it."""
        from palate.kernels.moments import BOUNDED

        bounds = np.array([self.low, self.high], dtype=np.float64)
        return KernelFields(BOUNDED, bounds, np.zeros(1), np.zeros((n_draws, 0)))

    @property
    def range(self) -> tuple[float, float] | None:
        """The ends of the scale."""
        return self.low, self.high

    def rating(self, score: np.ndarray) -> np.ndarray:
        """Return the ratings of scores.

        Examples
        --------
        >>> Bounded(low=1.0, high=5.0).rating(np.array([-99.0, 0.0, 99.0])).round(3).tolist()
        [1.0, 3.0, 5.0]
        """
        return self.low + (self.high - self.low) * _sigmoid(score)

    def score(self, rating: float) -> float:
        """Return the score of a rating, which is kept a little from the ends.

        Examples
        --------
        >>> Bounded(low=1.0, high=5.0).score(3.0)
        0.0
        """
        share = min(max((rating - self.low) / (self.high - self.low), _EDGE), 1 - _EDGE)
        return float(np.log(share / (1 - share)))

    def slope(self, score: float) -> float:
        """Return how many rating units a unit of score is worth at a score."""
        share = float(_sigmoid(np.array(score)))
        return (self.high - self.low) * share * (1 - share)

    def working(self, rows: Rows, own: Side, other: Side, mean: float, threads: int) -> Rows:
        """Return working ratings, weighted by the squared slope at the present scores, for a row solve."""
        score = rating_scores(rows, own, other, threads) + np.float32(mean)
        share = _sigmoid(score)
        span = self.high - self.low
        slope = np.maximum(span * share * (1 - share), np.float32(_LEAST_SLOPE * span / 4))
        values = score + (rows.values - self.low - span * share) / slope
        weights = slope * slope
        if rows.weights.size:
            weights = weights * rows.weights
        return replace(rows, values=values.astype(np.float32), weights=weights.astype(np.float32))


def _sigmoid(score: np.ndarray) -> np.ndarray:
    found: np.ndarray = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
    return found
