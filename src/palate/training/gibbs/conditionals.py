"""One side of a Gibbs chain, users or items: its rows, their normal prior and the weights of their
features.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from palate._parallel import even_bounds, run_chunks
from palate._random import ChainStream, chain_key, generator
from palate.solve.features import FeatureBlock
from palate.solve.prior import RowPrior
from palate.solve.ridge import SmallGroups, column_bounds, solve_ridge, times, transposed_times
from palate.solve.rows import LANES, Rows, Side, gram_of, padded_width, solve_rows
from palate.training.gibbs.hyperprior import (
    Moments,
    draw_degrees,
    draw_precisions,
    normal_wishart,
    precision_of,
)

HYPER, ROWS, WEIGHTS, STRENGTHS, TARGETS, NOISE, CUTPOINTS, START, OWN_NOISE, TIME = ChainStream
_START_DEGREES = 10.0


@dataclass(frozen=True)
class Clock:
    """Where a chain is: with a stream it names every random number that is drawn."""

    seed: int
    chain: int
    sweep: int
    threads: int

    def rng(self, stream: int, side: int) -> np.random.Generator:
        """Return the generator of a step."""
        return generator(self.seed, self.chain, self.sweep, 16 * stream + side)

    def key(self, stream: int, side: int) -> np.uint64:
        """Return the key of a table of counter-based numbers."""
        return chain_key(self.seed, self.chain, self.sweep, 16 * stream + side)


@dataclass(frozen=True, eq=False)
class SideState:
    """All that is random of one side.

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
    """What does not change: number and size of a side, its features, and where it stands (0 users,
    1 items).
    """

    side: int
    n_factors: int
    blocks: tuple[FeatureBlock, ...] = ()
    diagonals: tuple[np.ndarray, ...] = field(default=())
    small: SmallGroups | None = None
    own_noise: bool = False

    @classmethod
    def build(
        cls, side: int, n_factors: int, blocks: tuple[FeatureBlock, ...], own_noise: bool = False
    ) -> "SideModel":
        """Prepare a side with these features, whose rows have a noise of their own if told so."""
        return cls(
            side,
            n_factors,
            blocks,
            tuple(block.squares() for block in blocks),
            SmallGroups.of(blocks),
            own_noise,
        )

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
        """Return a state at given vectors, with the prior they suggest and weights of zero."""
        d = self.n_factors + 1
        weights = np.zeros((int(self.bounds[-1]), self.width + LANES), np.float32)
        own = np.ones(len(vectors.bias) if self.own_noise else 0)
        return SideState(
            vectors, np.zeros(d), np.eye(d), weights, np.full(len(self.blocks), float(d)), own, _START_DEGREES
        )

    def draw_prior(
        self, state: SideState, clock: Clock, further: np.ndarray | None = None, n_further: int = 0
    ) -> SideState:
        """Draw mean and precision given the rows and the weights, then the weights and their strengths.

        `further` is the scatter (k + 1, k + 1) of `n_further` more vectors of mean 0 and the same precision.
        """
        explained = self.explained(state, clock.threads)
        moments = self._moments(state.vectors, explained, clock.threads)
        scatters = [self._scatter(state.weights, group) for group in range(len(self.blocks))]
        extra = sum(
            (s * scatter for s, scatter in zip(state.strengths, scatters, strict=True)),
            np.zeros_like(state.precision),
        )
        extra = extra if further is None else extra + further
        mean, precision = normal_wishart(
            moments, extra, int(self.bounds[-1]) + n_further, clock.rng(HYPER, self.side)
        )
        state = replace(state, mean=mean, precision=precision)
        if not self.blocks:
            return state
        state = replace(state, weights=self._draw_weights(state, clock))
        rng = clock.rng(STRENGTHS, self.side)
        strengths = [
            precision_of(
                block.n_columns * len(mean),
                float(np.sum(precision * self._scatter(state.weights, group))),
                rng,
            )
            for group, block in enumerate(self.blocks)
        ]
        return replace(state, strengths=np.array(strengths))

    def draw_rows(
        self,
        state: SideState,
        rows: Rows,
        other: Side,
        mean: float,
        noise: float,
        clock: Clock,
        stats: bool = False,
    ) -> tuple[SideState, np.ndarray]:
        """Draw all rows given the other side and the precision of the noise; also return the error
        sums if asked for.
        """
        prior = RowPrior(
            precision=(state.precision / noise).astype(np.float32)[None],
            mean=state.mean.astype(np.float32)[None],
        )
        explained = self.explained(state, clock.threads)
        prior_mean = None
        if explained is not None:
            explained[:, self.columns] += state.mean.astype(np.float32)
            prior_mean = np.ascontiguousarray(explained[:, : self.width + 1])
        root = np.zeros((self.n_factors + 1, self.width + LANES))
        root[np.arange(self.n_factors + 1), self.columns] = 1 / np.sqrt(noise)  # padding stays zero
        z = self._normal(clock.key(ROWS, self.side), rows.n_rows, root, clock.threads)
        solved = solve_rows(
            rows,
            other,
            mean,
            prior,
            noise=z[:, : self.width + 1],
            prior_mean=prior_mean,
            stats=stats,
            threads=clock.threads,
        )
        return replace(state, vectors=solved.side), solved.stats

    def draw_own(
        self, state: SideState, counts: np.ndarray, errors: np.ndarray, noise: float, clock: Clock
    ) -> SideState:
        """Draw each row's own precision, and how alike these are, given the sums of squared errors
        under the present ones.
        """
        rng = clock.rng(OWN_NOISE, self.side)
        own = draw_precisions(state.degrees, counts, noise * errors / state.own, rng)
        return replace(state, own=own, degrees=draw_degrees(state.degrees, own, rng))

    def explained(self, state: SideState, threads: int) -> np.ndarray | None:
        """Return what the features say of each row, float32 (n_rows, width + 8); None without features."""
        if not self.blocks:
            return None
        return times(self.blocks, state.weights, len(state.vectors.bias), threads)

    def _moments(self, vectors: Side, explained: np.ndarray | None, threads: int) -> Moments:
        if explained is not None:
            factors = vectors.factors - explained[:, : self.width]
            vectors = Side(factors, vectors.bias - explained[:, self.width])
        gram, sums, products = gram_of(vectors, threads)
        k, bias = self.n_factors, vectors.bias.astype(np.float64)
        whole = np.empty((k + 1, k + 1))
        whole[:k, :k], whole[:k, k], whole[k, :k], whole[k, k] = (
            gram[:k, :k],
            products[:k],
            products[:k],
            bias @ bias,
        )
        return Moments(len(bias), np.append(sums[:k], bias.sum()), whole)

    def _scatter(self, weights: np.ndarray, group: int) -> np.ndarray:
        """Return `sum of w w'` over the weights of a group, (k + 1, k + 1) float64."""
        part = weights[self.bounds[group] : self.bounds[group + 1]][:, self.columns].astype(np.float64)
        return np.einsum("cf,cg->fg", part, part)

    def _draw_weights(self, state: SideState, clock: Clock) -> np.ndarray:
        """Draw the weights of all features together, given rows, mean, precision and strengths.

        `(F'F + s) W = F'(X - m + e1) + sqrt(s) e2` with normal noise e1, e2 of the rows'
        covariance, by conjugate gradients.

        References
        ----------
        Simm et al. (2017), "Macau: Scalable Bayesian Factorization with High-Dimensional Side
        Information Using MCMC", eq. 6.
        """
        n, width = len(state.vectors.bias), self.width
        root = np.zeros((len(state.mean), width + LANES))
        root[:, self.columns] = np.linalg.inv(
            np.linalg.cholesky(state.precision)
        )  # z @ L^-1 has covariance (L L')^-1
        target = self._normal(clock.key(WEIGHTS, self.side), n, root, clock.threads)
        target[:, :width] += state.vectors.factors
        target[:, width] += state.vectors.bias
        target[:, self.columns] -= state.mean.astype(np.float32)
        strength = np.repeat(state.strengths, np.diff(self.bounds)).astype(np.float32)[:, None]
        right = transposed_times(self.blocks, target, clock.threads)
        right += np.sqrt(strength) * self._normal(
            clock.key(WEIGHTS, 2 + self.side), len(right), root, clock.threads
        )
        diagonal = strength + np.concatenate(self.diagonals)[:, None]
        return solve_ridge(
            self.blocks, right, state.weights, strength, diagonal, n, small=self.small, threads=clock.threads
        )

    def _normal(self, key: np.uint64, n: int, factor: np.ndarray, threads: int) -> np.ndarray:
        """Return n rows `z @ factor` with z standard normal; factor is (d, width + 8)."""
        from palate.kernels.bags import normal_rows

        single = factor.astype(np.float32)
        out = np.empty((n, single.shape[1]), np.float32)
        run_chunks(
            lambda start, stop: normal_rows(key, start, stop, single, out), even_bounds(n, 1024), threads
        )
        return out
