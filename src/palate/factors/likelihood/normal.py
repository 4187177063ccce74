"""Normal noise about what is expected: the Gaussian likelihood, and what it shares with the bounded one."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from palate._checks import Words
from palate._parallel import check_threads, even_bounds, run_chunks
from palate.factors.draws import normal_quantile
from palate.factors.likelihood.base import Ends, KernelFields, Learned, Likelihood, Scores
from palate.factors.uncertainty import rating_levels, standard_errors
from palate.solve.rows import Rows, Side, rating_scores

if TYPE_CHECKING:
    from palate.factors.pairs import Pairs

MOST_DRAWS = 32  # of which the CRPS takes all pairs; more are thinned evenly
MAX_LEVELS = 100
PAIRS_PER_CHUNK = 4096
_OF_MEAN = "interval_of must be 'mean' for a model of this kind"
_OF_LEVELS = "predict_distribution needs a model that estimates the noise of ratings"


@dataclass(frozen=True, eq=False, kw_only=True)
class NormalNoise(Likelihood):
    """A rating is what is expected plus normal noise.

    Each draw has one normal distribution, all draws together their mixture. A point estimate has
    one distribution, whose variance is that of the noise plus that of the expected rating.
    """

    # -- fitting by least squares

    @classmethod
    def fitted(cls, scale: tuple[float, float]) -> Self:
        """Return the likelihood that is fitted to ratings of this scale."""
        return cls()

    def rating(self, score: np.ndarray) -> np.ndarray:
        """Return the expected ratings of latent values."""
        return score

    def score(self, rating: float) -> float:
        """Return the latent value of which a rating is expected."""
        return rating

    def slope(self, score: float) -> float:
        """Return how many rating units a unit of the latent value is worth at a latent value."""
        return 1.0

    def errors(self, rows: Rows, own: Side, other: Side, mean: float, threads: int) -> tuple[float, float]:
        """Return the weighted sums of squared and of absolute errors, in rating units."""
        score = rating_scores(rows, own, other, threads) + np.float32(mean)
        errors = (rows.values - self.rating(score)).astype(np.float64)
        weights = rows.weights if rows.weights.size else 1.0
        return float(np.sum(errors**2 * weights)), float(np.sum(np.abs(errors) * weights))

    # -- the distribution of one rating

    def rating_interval(self, pairs: "Pairs", mean: np.ndarray, sd: np.ndarray, share: float) -> Ends:
        """Return the quantiles of each pair's mixture over draws, or of its one normal distribution."""
        noise, tail = self._noise(_OF_MEAN), (1 - share) / 2
        if pairs.has_posterior:
            return _quantiles(pairs, (tail, 1 - tail))
        reach = normal_quantile(share) * np.sqrt(np.square(sd) + noise[0] ** 2)
        return mean - reach, mean + reach

    def interval_widths(
        self, pairs: "Pairs", sd: np.ndarray, shares: tuple[float, ...]
    ) -> dict[float, np.ndarray]:
        """Return the widths under the normal with the mixture's variance, right within a thousandth."""
        bounds = even_bounds(len(pairs), PAIRS_PER_CHUNK)  # chunks that fit a cache
        parts = [np.square(pairs.part(a, b).noise()).mean(axis=1) for a, b in pairwise(bounds)]
        variance = np.concatenate([np.empty(0), *parts])
        return {share: 2 * normal_quantile(share) * np.sqrt(sd**2 + variance) for share in shares}

    def below_levels(self, pairs: "Pairs") -> np.ndarray:
        """Return the probability of ratings that are nearest to a level or to a lower one."""
        levels = rating_levels(pairs.model).astype(np.float64)
        edges, noise = (levels[1:] + levels[:-1]) / 2, self._noise(_OF_LEVELS)
        if pairs.has_posterior:
            return _below(pairs, edges)
        from palate.kernels.predictive import normal_below

        errors = standard_errors(pairs.model, pairs.users, pairs.items, pairs.threads)
        sd = np.sqrt(np.square(errors) + noise[0] ** 2)
        mean = pairs.model.score_pairs(pairs.users, pairs.items).astype(np.float64)
        below = np.empty((len(mean), len(edges)))
        normal_below((edges - mean[:, None]) / np.maximum(sd, 1e-300)[:, None], below)
        return below

    def scores(self, pairs: "Pairs", values: np.ndarray, sd: np.ndarray, uniform: np.ndarray) -> Scores:
        """Return the scores of mixtures of normal distributions, one for each draw."""
        from palate.kernels.calibration import mixture_scores

        edges = np.column_stack([values, _cells(pairs, values)])
        cdf, log_score, crps = np.empty(edges.shape), np.empty(len(values)), np.empty(len(values))
        noise, numbers = self._noise(_OF_MEAN), values.astype(np.float64)
        n_draws = len(noise)
        chosen = np.unique(np.linspace(0, n_draws - 1, min(MOST_DRAWS, n_draws)).round().astype(np.int64))
        posterior = pairs.has_posterior
        if not posterior:
            chosen = np.zeros(1, dtype=np.int64)

        def run(start: int, stop: int) -> None:
            part, some = slice(start, stop), pairs.part(start, stop)
            if posterior:
                centres = some.over_draws(lambda expected, _: expected)
                variances = np.square(some.noise())
            else:
                expected = pairs.model.score_pairs(some.users, some.items)
                centres = np.asarray(expected, dtype=np.float64)[:, None]
                variances = (np.square(noise).mean() + sd[part] ** 2)[:, None]
            variances = np.ascontiguousarray(variances)
            given = (numbers[part], edges[part], chosen)
            mixture_scores(centres, variances, *given, cdf[part], log_score[part], crps[part])

        run_chunks(run, even_bounds(len(values), PAIRS_PER_CHUNK), check_threads(pairs.threads))
        below = cdf[:, 0]
        pit = below if edges.shape[1] == 1 else cdf[:, 1] + uniform * (cdf[:, 2] - cdf[:, 1])
        return Scores(below=below, pit=pit, log_score=log_score, crps=crps)

    def _noise(self, must: str) -> np.ndarray:
        if self.noise_sd is None:
            raise ValueError(Words.of(f"{must}; this one does not. Train with `palate.Gibbs`."))
        return np.asarray(self.noise_sd, np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Gaussian(NormalNoise):
    """The expected rating is the latent value itself.

    Examples
    --------
    >>> Gaussian().expected(np.array([[3.25]]), draw=0).tolist()
    [[3.25]]
    """

    link: ClassVar[str] = "identity"
    linear: ClassVar[bool] = True
    unit: ClassVar[str] = "in stars, or whatever the ratings are in"

    @classmethod
    def of(cls, learned: Learned) -> Self:
        """Return the likelihood with this noise."""
        return cls(noise_sd=learned.noise_sd, levels=learned.levels)

    def kernel_fields(self, n_draws: int) -> KernelFields:
        """Return the likelihood as the kernels take it."""
        from palate.kernels.moments import IDENTITY

        return KernelFields(IDENTITY, np.array([0.0, 1.0]), np.zeros(1), np.zeros((n_draws, 0)))

    def centre(self, mean: float) -> str:
        """Return what a model's latent values are centred on."""
        return f"mean rating {mean:.3f}"


def _quantiles(pairs: "Pairs", shares: tuple[float, float]) -> Ends:
    from palate.kernels.predictive import mixture_quantiles

    def both(expected: np.ndarray, chunk: "Pairs") -> np.ndarray:
        out, noise = np.empty((2, len(expected))), chunk.noise()
        for place, share in enumerate(shares):
            mixture_quantiles(expected, noise, NormalDist().inv_cdf(share), share, out[place])
        return out.T

    low, high = pairs.over_draws(both, prior_noise=True).T
    return low, high


def _below(pairs: "Pairs", edges: np.ndarray) -> np.ndarray:
    """Return P(rating <= edge) of each pair."""
    from palate.kernels.predictive import mixture_below

    def below(expected: np.ndarray, chunk: "Pairs") -> np.ndarray:
        out = np.empty((len(expected), len(edges)))
        mixture_below(expected, chunk.noise(), edges, out)
        return out

    return pairs.over_draws(below, prior_noise=True)


def _cells(pairs: "Pairs", values: np.ndarray) -> np.ndarray:
    """Return where each rating's share of the scale begins and ends, (n, 2).

    It ends half-way to the neighbours, and has no bound beyond the lowest and the highest rating.
    The shape is (n, 0) where there are too many distinct ratings to be stars.
    """
    model = pairs.model
    levels = model.likelihood.levels if model.ratings is None else model.ratings.levels
    levels = np.unique(values if levels is None else np.concatenate([levels, values])).astype(np.float64)
    if len(levels) > MAX_LEVELS or len(levels) < 2:
        return np.empty((len(values), 0))
    bounds = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
    code = np.searchsorted(levels, values)
    return np.column_stack([bounds[code], bounds[code + 1]])
