"""The interface of likelihoods: everything that depends on how a latent value becomes a rating."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import numpy as np

from palate.solve.draws import OfDraws
from palate.solve.rows import Rows, Side

if TYPE_CHECKING:
    from palate.factors.pairs import Pairs

Ends = tuple[np.ndarray, np.ndarray]  # of one interval for each pair


class Learned(NamedTuple):
    """What a likelihood is made of, by the names that models and their files have for it."""

    link: str = "identity"
    scale: tuple[float, float] | None = None  # lowest and highest rating
    levels: np.ndarray | None = None  # (n_levels,) float32, the values a rating may have, ascending
    cutpoints: np.ndarray | None = None  # (n_draws, n_levels - 1) float32, of the ordinal link
    noise_sd: np.ndarray | None = None  # (n_draws,) float64, sd of a rating about its expectation


class KernelFields(NamedTuple):
    """A likelihood as `palate.kernels.moments.Posterior` holds it."""

    link: int
    bounds: np.ndarray  # (2,) float64
    levels: np.ndarray  # (n_levels,) float64
    cutpoints: np.ndarray  # (n_draws, n_levels - 1) float64


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """Scores of the predictive distributions of pairs, for their test ratings.

    Parameters
    ----------
    below : ndarray of shape (n,), float64
        Probability that was given to lower ratings.
    pit : ndarray of shape (n,), float64
        The same, randomised within the rating's own probability where ratings are discrete.
    log_score : ndarray of shape (n,), float64
        Minus the logarithm of the density, or of the probability.
    crps : ndarray of shape (n,), float64
        Continuous ranked probability score.
    """

    below: np.ndarray
    pit: np.ndarray
    log_score: np.ndarray
    crps: np.ndarray


@dataclass(frozen=True, eq=False)
class LatentLevels:
    """Ratings as levels, behind each of which is a noisy latent value, known only in part.

    A row is solved for what stands in its place.
    """

    codes: np.ndarray  # (n_ratings,) int64
    cutpoints: np.ndarray  # (n_draws, n_levels - 1) float64

    def newton(
        self, draw: int, latent: np.ndarray, precision: np.ndarray, target: np.ndarray, weight: np.ndarray
    ) -> None:
        """Write the targets and weights of a Newton step to the mode, given latent values without noise."""
        from palate.kernels.fold import newton_terms

        newton_terms(latent, self.codes, self.cutpoints[draw], precision, target, weight)


@dataclass(frozen=True, eq=False, kw_only=True)
class Likelihood(OfDraws, ABC):
    """How a latent value becomes a rating, in each draw.

    Parameters
    ----------
    noise_sd : ndarray of shape (n_draws,), float64, optional
        Sd of a rating about what is expected of it.
    levels : ndarray of shape (n_levels,), float32, optional
        The values a rating may have, ascending.
    """

    of_draws: ClassVar[tuple[str, ...]] = ("noise_sd",)
    link: ClassVar[str]  # what the model's `link` says
    linear: ClassVar[bool] = False  # the expected rating is the latent value itself
    discrete: ClassVar[bool] = False  # ratings have probabilities instead of a density
    in_noise_units: ClassVar[bool] = False  # latent values are in units of the noise
    takes_row_noise: ClassVar[bool] = True  # rows may have a noise of their own
    noise_moves_mean: ClassVar[bool] = False  # the expected rating depends on the noise of the row
    needs: ClassVar[tuple[str, ...]] = ()  # fields that a model of this link must have
    fold_steps: ClassVar[int] = 1  # solves of a row that is folded in, each from `working`

    noise_sd: np.ndarray | None = None
    levels: np.ndarray | None = None

    @classmethod
    @abstractmethod
    def of(cls, learned: Learned) -> Self:
        """Return the likelihood that is made of these parts.

        Raises
        ------
        ValueError
            If a part is missing that this likelihood needs.
        """

    @property
    def learned(self) -> Learned:
        """What the likelihood is made of."""
        return Learned(link=self.link, levels=self.levels, noise_sd=self.noise_sd)

    # -- from latent values to ratings

    @abstractmethod
    def kernel_fields(self, n_draws: int) -> KernelFields:
        """Return the likelihood as the kernels take it."""

    def expected(self, latent: np.ndarray, draw: int) -> np.ndarray:
        """Return the expected ratings of one draw's latent values, float32, with the model's noise.

        The shape (m, n) is that of `latent`, whose NaN stay NaN.
        """
        from palate.kernels.moments import expected_of

        fields = self.kernel_fields(draw + 1)
        out = np.empty(latent.shape, dtype=np.float32)
        expected_of(latent, fields.link, fields.bounds, fields.levels, fields.cutpoints[draw], out)
        return out

    def latent_range(self, draw: int) -> tuple[float, float]:
        """Return the latent values outside of which the expected rating no longer changes."""
        return -17.0, 17.0

    def add_expected(
        self,
        latent: np.ndarray,
        draw: int,
        scales: tuple[np.ndarray, np.ndarray],
        share: np.float32,
        out: np.ndarray,
    ) -> None:
        """Add `share` times the expected ratings of pairs with noise of these `scales` to `out`.

        Users are rows and items columns. This is for likelihoods whose noise moves the mean.
        """
        raise NotImplementedError

    @property
    def range(self) -> tuple[float, float] | None:
        """Lowest and highest expected rating that is possible; None if there are no bounds."""
        return None

    # -- the distribution of one rating

    @property
    def knows_noise(self) -> bool:
        """Whether the noise of a rating around its expectation is known."""
        return self.noise_sd is not None

    @abstractmethod
    def rating_interval(self, pairs: "Pairs", mean: np.ndarray, sd: np.ndarray, share: float) -> Ends:
        """Return the ends of the central interval that holds this share of each pair's ratings.

        `mean` and `sd` are what is expected of each pair and its standard error.
        """

    @abstractmethod
    def interval_widths(
        self, pairs: "Pairs", sd: np.ndarray, shares: tuple[float, ...]
    ) -> dict[float, np.ndarray]:
        """Return the widths of each pair's intervals of one rating, by share."""

    @abstractmethod
    def below_levels(self, pairs: "Pairs") -> np.ndarray:
        """Return P(rating <= level) of each pair for all levels but the last, float64."""

    @abstractmethod
    def scores(self, pairs: "Pairs", values: np.ndarray, sd: np.ndarray, uniform: np.ndarray) -> Scores:
        """Return how good the distributions of pairs were for the `values` that came out.

        The random numbers of the randomised PIT are in `uniform`.
        """

    # -- solving for rows

    def working(self, rows: Rows, own: Side, other: Side, mean: float, threads: int) -> Rows:
        """Return the ratings as a row solve takes them while the rows stand at `own`."""
        return rows

    def latent_targets(self, rows: Rows) -> LatentLevels | None:
        """Return what rows of draws are solved for where it is not the ratings themselves."""
        return None

    def behind(self, rows: Rows, latent: np.ndarray, precision: np.ndarray, draw: int) -> np.ndarray:
        """Return the mean of the latent value with noise behind each rating, float64.

        Given are the latent value without noise and the precision of the noise.
        """
        return rows.values.astype(np.float64)

    # -- in words

    def centre(self, mean: float) -> str:
        """Return the value around which the latent values of a model vary, for `palate info`."""
        return f"{self.link} link"

    unit: ClassVar[str] = "in units of the latent value"  # of latent values
    log_score_of: ClassVar[str] = "the density"  # what the log score is the logarithm of
