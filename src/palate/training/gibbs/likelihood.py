"""How a rating depends on its latent value: a normal likelihood, or an ordinal one with cutpoints."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from palate._parallel import even_bounds, run_chunks
from palate.solve.rows import Rows
from palate.training.gibbs.clock import CUTPOINTS, NOISE, TARGETS, Clock
from palate.training.gibbs.cutpoints import RATINGS_PER_CHUNK, draw_cutpoints, first_cutpoints
from palate.training.gibbs.hyperprior import precision_of

Lazy = Callable[[], np.ndarray]  # an array that is made only where it is needed


@dataclass(frozen=True, eq=False)
class BothWays:
    """The training ratings by user and by item.

    `place` is the place by user of each rating by item (int32; empty unless the chain is ordinal or
    in time).
    """

    by_user: Rows
    by_item: Rows
    place: np.ndarray

    def with_values(self, values: np.ndarray) -> "BothWays":
        """Return the same ratings with other values, given by user."""
        by_item = replace(self.by_item, values=values[self.place])
        return BothWays(replace(self.by_user, values=values), by_item, self.place)


@dataclass(frozen=True)
class Values:
    """Ratings that are their latent value plus normal noise."""

    levels: None = None  # the distinct ratings of an ordinal likelihood

    def start(self, cutpoints: np.ndarray | None, latent: Lazy) -> tuple[np.ndarray, np.ndarray]:
        """Return no cutpoints and no latent values."""
        return np.empty(0), np.empty(0, np.float32)

    def latent(self, latent: Lazy) -> np.ndarray:
        """Return nothing: they are not needed."""
        return np.empty(0, np.float32)

    def draw(
        self, ratings: BothWays, cutpoints: np.ndarray, latent: np.ndarray, precision: Lazy, clock: Clock
    ) -> tuple[np.ndarray, BothWays]:
        """Draw nothing."""
        return cutpoints, ratings

    def draw_noise(self, n_ratings: int, squares: float, clock: Clock) -> float:
        """Draw the precision of the noise that all ratings share, given the sum of squared errors."""
        return precision_of(n_ratings, squares, clock.rng(NOISE, 0))

    def expected(self, latent: np.ndarray, scale: np.ndarray, cutpoints: np.ndarray) -> None:
        """Return None: they are the latent values themselves."""


@dataclass(frozen=True, eq=False)
class Levels:
    """Ratings that are the level between whose cutpoints a noisy latent value falls.

    values : ndarray of shape (n_levels,), float32
        The distinct ratings.
    codes : ndarray of shape (n_ratings,), uint8
        Which of them each training rating is, by user.
    """

    values: np.ndarray
    codes: np.ndarray

    @property
    def levels(self) -> np.ndarray:
        """The distinct ratings."""
        return self.values

    def start(self, cutpoints: np.ndarray | None, latent: Lazy) -> tuple[np.ndarray, np.ndarray]:
        """Return the given cutpoints, or else those of the shares of the levels, and the latent values."""
        if cutpoints is None:
            cutpoints = first_cutpoints(self.codes, len(self.values))
        return cutpoints, latent()

    def latent(self, latent: Lazy) -> np.ndarray:
        """Return the latent values, which are kept from one sweep to the next."""
        return latent()

    def draw(
        self, ratings: BothWays, cutpoints: np.ndarray, latent: np.ndarray, precision: Lazy, clock: Clock
    ) -> tuple[np.ndarray, BothWays]:
        """Draw the cutpoints given the latent values, then noisy latent values, for which rows are solved.

        `precision` returns the precision of each rating's noise; it is empty if all are 1.
        """
        from palate.kernels.ordinal import draw_latent

        threads, weights, targets = clock.threads, precision(), np.empty(len(latent), np.float32)
        cutpoints = draw_cutpoints(cutpoints, latent, self.codes, weights, clock.rng(CUTPOINTS, 0), threads)
        key, bounds = clock.key(TARGETS, 0), even_bounds(len(latent), RATINGS_PER_CHUNK)
        run_chunks(draw_latent, bounds, threads, key, latent, self.codes, cutpoints, weights, targets)
        return cutpoints, ratings.with_values(targets)

    def draw_noise(self, n_ratings: int, squares: float, clock: Clock) -> float:
        """Return 1: the noise is the unit of the latent values."""
        return 1.0

    def expected(self, latent: np.ndarray, scale: np.ndarray, cutpoints: np.ndarray) -> np.ndarray:
        """Return the expected levels of latent values with noise of this scale."""
        from palate.kernels.ordinal import expected_levels

        out = np.empty(len(latent))
        values = self.values.astype(np.float64)
        expected_levels(latent.astype(np.float64), scale, cutpoints, values, out)
        return out


Likelihood = Values | Levels  # how a chain models ratings
