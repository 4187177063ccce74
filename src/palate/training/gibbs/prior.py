"""The normal prior of a side's rows, and the weights of the features that move its mean."""

from dataclasses import dataclass, replace

import numpy as np

from palate.solve.ridge import solve_ridge, transposed_times
from palate.solve.rows import LANES, Side, gram_of
from palate.training.gibbs.clock import HYPER, STRENGTHS, WEIGHTS, Clock
from palate.training.gibbs.hyperprior import Moments, normal_wishart, precision_of
from palate.training.gibbs.sides import SideShape, SideState


@dataclass(frozen=True, eq=False)
class Steps:
    """Number and scatter (k + 1, k + 1) of further vectors with the precision of a side's rows.

    Their mean is 0. They are the steps between time bins, from which the prior learns, too.
    """

    n: int = 0
    scatter: np.ndarray | None = None


NO_STEPS = Steps()


@dataclass(frozen=True, eq=False)
class Prior:
    """Mean and precision of a side's rows, and the weights of its features with their strengths."""

    shape: SideShape

    def draw(self, state: SideState, clock: Clock, steps: Steps = NO_STEPS) -> SideState:
        """Draw mean and precision given the rows and the weights, then the weights and their strengths."""
        shape = self.shape
        explained = shape.explained(state, clock.threads)
        moments = self._moments(state.vectors, explained, clock.threads)
        scatters = [self._scatter(state.weights, group) for group in range(len(shape.blocks))]
        extra = sum(
            (s * scatter for s, scatter in zip(state.strengths, scatters, strict=True)),
            np.zeros_like(state.precision),
        )
        extra = extra if steps.scatter is None else extra + steps.scatter
        n_extra = int(shape.bounds[-1]) + steps.n
        mean, precision = normal_wishart(moments, extra, n_extra, clock.rng(HYPER, shape.number))
        state = replace(state, mean=mean, precision=precision)
        if not shape.blocks:
            return state
        state = replace(state, weights=self.draw_weights(state, clock))
        return replace(state, strengths=self._draw_strengths(state, clock))

    def draw_weights(self, state: SideState, clock: Clock) -> np.ndarray:
        """Draw the weights of all features together, given rows, mean, precision and strengths.

        `(F'F + s) W = F'(X - m + e1) + sqrt(s) e2` with normal noise e1, e2 of the rows'
        covariance, by conjugate gradients.

        References
        ----------
        Simm et al. (2017), "Macau: Scalable Bayesian Factorization with High-Dimensional Side
        Information Using MCMC", eq. 6.
        """
        shape, threads = self.shape, clock.threads
        n, width = len(state.vectors.bias), shape.width
        root = np.zeros((len(state.mean), width + LANES))
        # z @ L^-1 has covariance (L L')^-1
        root[:, shape.columns] = np.linalg.inv(np.linalg.cholesky(state.precision))
        target = shape.normal(clock.key(WEIGHTS, shape.number), n, root, threads)
        target[:, :width] += state.vectors.factors
        target[:, width] += state.vectors.bias
        target[:, shape.columns] -= state.mean.astype(np.float32)
        strength = np.repeat(state.strengths, np.diff(shape.bounds)).astype(np.float32)[:, None]
        right = transposed_times(shape.blocks, target, threads)
        beside = shape.normal(clock.key(WEIGHTS, 2 + shape.number), len(right), root, threads)
        right += np.sqrt(strength) * beside
        diagonal = strength + np.concatenate(shape.diagonals)[:, None]
        given = (shape.blocks, right, state.weights, strength, diagonal, n)
        return solve_ridge(*given, small=shape.small, threads=threads)

    def _draw_strengths(self, state: SideState, clock: Clock) -> np.ndarray:
        rng, d = clock.rng(STRENGTHS, self.shape.number), len(state.mean)
        squares = [
            float(np.sum(state.precision * self._scatter(state.weights, group)))
            for group in range(len(self.shape.blocks))
        ]
        pairs = zip(self.shape.blocks, squares, strict=True)
        return np.array([precision_of(block.n_columns * d, square, rng) for block, square in pairs])

    def _moments(self, vectors: Side, explained: np.ndarray | None, threads: int) -> Moments:
        width, k = self.shape.width, self.shape.n_factors
        if explained is not None:
            vectors = Side(vectors.factors - explained[:, :width], vectors.bias - explained[:, width])
        gram, sums, products = gram_of(vectors, threads)
        bias = vectors.bias.astype(np.float64)
        whole = np.empty((k + 1, k + 1))
        whole[:k, :k], whole[k, k] = gram[:k, :k], bias @ bias
        whole[:k, k] = whole[k, :k] = products[:k]
        return Moments(len(bias), np.append(sums[:k], bias.sum()), whole)

    def _scatter(self, weights: np.ndarray, group: int) -> np.ndarray:
        """Return `sum of w w'` over the weights of a group, (k + 1, k + 1) float64."""
        first, last = self.shape.bounds[group : group + 2]
        part = weights[first:last][:, self.shape.columns].astype(np.float64)
        return np.asarray(np.einsum("cf,cg->fg", part, part))
