"""The ordinal likelihood: a rating is the level between whose cutpoints a noisy latent value falls."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from palate._checks import ArgumentError, Words
from palate.factors.likelihood.base import Ends, KernelFields, LatentLevels, Learned, Likelihood, Scores
from palate.solve.rows import Rows

if TYPE_CHECKING:
    from palate.factors.pairs import Pairs


@dataclass(frozen=True, eq=False, kw_only=True)
class Ordinal(Likelihood):
    """`P(rating <= levels[j]) = Phi((cutpoints[j] - latent) / scale)`.

    The scale is that of the row and the column, or 1 where all share one noise. The expected rating
    is the mean of the levels.

    Parameters
    ----------
    levels : ndarray of shape (n_levels,), float32
        The values a rating may have, ascending.
    cutpoints : ndarray of shape (n_draws, n_levels - 1), float32
        Ascending in each draw.

    Examples
    --------
    >>> likes = Ordinal(levels=np.array([1, 5], np.float32), cutpoints=np.zeros((1, 1), np.float32))
    >>> likes.expected(np.array([[-9.0, 0.0, 9.0]]), draw=0).tolist()
    [[1.0, 3.0, 5.0]]
    """

    of_draws: ClassVar[tuple[str, ...]] = ("noise_sd", "cutpoints")
    link: ClassVar[str] = "ordinal"
    discrete: ClassVar[bool] = True
    in_noise_units: ClassVar[bool] = True
    noise_moves_mean: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("levels", "cutpoints")
    log_score_of: ClassVar[str] = "the star"

    levels: np.ndarray
    cutpoints: np.ndarray

    @classmethod
    def of(cls, learned: Learned) -> Self:
        """Return the likelihood of levels and ascending cutpoints, which must be given."""
        levels, cutpoints = learned.levels, learned.cutpoints
        if levels is None or cutpoints is None:
            missing = "levels" if levels is None else "cutpoints"
            raise ArgumentError(missing, Words.of("be given for `link='ordinal'`"), "None")
        if (np.diff(cutpoints, axis=1) < 0).any():
            raise ArgumentError("cutpoints", "ascend in each draw")
        return cls(noise_sd=learned.noise_sd, levels=levels, cutpoints=cutpoints)

    @property
    def learned(self) -> Learned:
        """What the likelihood is made of."""
        return super().learned._replace(cutpoints=self.cutpoints)

    def kernel_fields(self, n_draws: int) -> KernelFields:
        """Return the likelihood as the kernels take it."""
        from palate.kernels.moments import ORDINAL

        levels, cutpoints = (np.asarray(part, dtype=np.float64) for part in (self.levels, self.cutpoints))
        return KernelFields(ORDINAL, np.array([0.0, 1.0]), levels, cutpoints)

    def latent_range(self, draw: int) -> tuple[float, float]:
        """Return the latent values outside of which the expected rating no longer changes."""
        cuts = np.asarray(self.cutpoints[draw], dtype=np.float64)
        return (float(cuts.min()) - 6, float(cuts.max()) + 6) if len(cuts) else super().latent_range(draw)

    def add_expected(
        self,
        latent: np.ndarray,
        draw: int,
        scales: tuple[np.ndarray, np.ndarray],
        share: np.float32,
        out: np.ndarray,
    ) -> None:
        """Add `share` times the expected ratings of pairs whose noise has these scales to `out`."""
        from palate.kernels.predictive import add_expected_levels

        cuts, levels = (np.asarray(part, np.float32) for part in (self.cutpoints[draw], self.levels))
        add_expected_levels(latent, *scales, cuts, levels, share, out)

    @property
    def range(self) -> tuple[float, float] | None:
        """Lowest and highest level."""
        return float(self.levels[0]), float(self.levels[-1])

    @property
    def knows_noise(self) -> bool:
        """Whether the noise of a rating is known: always, from the cutpoints."""
        return True

    # -- the distribution of one rating

    def rating_interval(self, pairs: "Pairs", mean: np.ndarray, sd: np.ndarray, share: float) -> Ends:
        """Return the quantiles of each pair's levels, which are levels."""
        return self._ends(self.below_levels(pairs), share)

    def interval_widths(
        self, pairs: "Pairs", sd: np.ndarray, shares: tuple[float, ...]
    ) -> dict[float, np.ndarray]:
        """Return the distances between the levels at the ends of the intervals."""
        below, found = self.below_levels(pairs), {}
        for share in shares:
            low, high = (end.astype(np.float32) for end in self._ends(below, share))
            found[share] = (high - low).astype(np.float64)
        return found

    def _ends(self, below: np.ndarray, share: float) -> Ends:
        tail, last = (1 - share) / 2, len(self.levels) - 1
        below = np.cumsum(np.diff(below, axis=1, prepend=0, append=1), axis=1)
        low, high = (
            self.levels[np.minimum((below < end - 1e-9).sum(axis=1), last)] for end in (tail, 1 - tail)
        )
        return low, high

    def below_levels(self, pairs: "Pairs") -> np.ndarray:
        """Return P(rating <= level) of each pair for all levels but the last, the mean over draws."""
        from palate.kernels.moments import pair_below

        return pairs.by_kernel(pair_below, len(self.levels) - 1, lambda below, _: below, prior_noise=True)

    def scores(self, pairs: "Pairs", values: np.ndarray, sd: np.ndarray, uniform: np.ndarray) -> Scores:
        """Return the scores of the levels' probabilities."""
        from palate.kernels.calibration import discrete_scores

        levels = np.asarray(self.levels, dtype=np.float64)
        codes, strange = _codes(levels, values)
        if strange.any():
            known = ", ".join(f"{level:g}" for level in levels)
            must = f"hold ratings of the model's levels, {known}"
            raise ArgumentError("test", must, f"{values[strange][0]:g}")
        cumulative = self.below_levels(pairs)
        log_score, crps = np.empty(len(values)), np.empty(len(values))
        discrete_scores(cumulative, levels, codes, log_score, crps)
        edges = np.column_stack([np.zeros(len(values)), cumulative, np.ones(len(values))])
        low, high = np.take_along_axis(edges, np.column_stack([codes, codes + 1]), axis=1).T
        pit = low + uniform * (high - low)
        return Scores(below=pit, pit=pit, log_score=log_score, crps=crps)

    # -- solving for rows

    def latent_targets(self, rows: Rows) -> LatentLevels:
        """Return the levels of ratings, behind each of which is a latent value.

        Raises
        ------
        ValueError
            If a rating is none of the levels, or ratings have weights.
        """
        return LatentLevels(self.codes(rows), np.asarray(self.cutpoints, np.float64))

    def behind(self, rows: Rows, latent: np.ndarray, precision: np.ndarray, draw: int) -> np.ndarray:
        """Return the mean of the normal distribution that is cut off at the ends of each rating's level."""
        target, bend = np.empty(len(latent), np.float32), np.empty(len(latent), np.float32)
        levels, single = self.latent_targets(rows), latent.astype(np.float32)
        levels.newton(draw, single, precision.astype(np.float32), target, bend)
        # The slope of the log-probability is (target - latent) * bend; the truncated normal's mean is
        # latent + slope / precision.
        found: np.ndarray = single + (target.astype(np.float64) - single) * bend / precision
        return found

    def codes(self, rows: Rows) -> np.ndarray:
        """Return the place of each rating among the levels, int64.

        Raises
        ------
        ValueError
            If a rating is none of them, or ratings have weights.
        """
        if rows.weights.size:
            what = "a model with `likelihood='ordinal'`; it was trained without any."
            raise ValueError(Words.of(f"weights must be left out for {what}"))
        codes, wrong = _codes(np.asarray(self.levels), rows.values)
        if wrong.any():
            listed = ", ".join(f"{level:g}" for level in self.levels)
            must = f"be among the model's levels {listed}"
            raise ArgumentError("ratings", must, f"{rows.values[wrong][0]:g}")
        return codes


def _codes(levels: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each value among the levels, int64, and whether it is none of them."""
    codes = np.minimum(np.searchsorted(levels, values), len(levels) - 1)
    return codes.astype(np.int64), levels[codes] != values
