"""The normal prior of a side's rows, and the weights of the features that move its mean."""

from dataclasses import replace

import numpy as np

from palate.solve.ridge import solve_ridge, transposed_times
from palate.solve.rows import LANES, Side, gram_of
from palate.training.gibbs.clock import HYPER, STRENGTHS, WEIGHTS, Clock
from palate.training.gibbs.hyperprior import normal_wishart, precision_of
from palate.training.gibbs.sides import SideModel, SideState

# Number and scatter (k + 1, k + 1) of further vectors of mean 0 with the precision of a side's rows: the
# steps between time bins, from which the prior learns, too.
Steps = tuple[int, np.ndarray | float]
NO_STEPS: Steps = (0, 0.0)


def draw_prior(side: SideModel, state: SideState, clock: Clock, steps: Steps = NO_STEPS) -> SideState:
    """Draw mean and precision of a side's rows, then the weights of its features and their strengths."""
    moments = _moments(side, state, clock.threads)
    scatters = (s * _scatter(side, state.weights, group) for group, s in enumerate(state.strengths))
    extra = sum(scatters, np.zeros_like(state.precision))
    n_extra = int(side.bounds[-1]) + steps[0]
    mean, precision = normal_wishart(*moments, extra + steps[1], n_extra, clock.rng(HYPER, side.number))
    state = replace(state, mean=mean, precision=precision)
    if not side.blocks:
        return state
    state = replace(state, weights=draw_weights(side, state, clock))
    return replace(state, strengths=_draw_strengths(side, state, clock))


def draw_weights(side: SideModel, state: SideState, clock: Clock) -> np.ndarray:
    """Draw the weights of all features together, given rows, mean, precision and strengths.

    `(F'F + s) W = F'(X - m + e1) + sqrt(s) e2` with normal noise e1, e2 of the rows'
    covariance, by conjugate gradients.

    References
    ----------
    Simm et al. (2017), "Macau: Scalable Bayesian Factorization with High-Dimensional Side
    Information Using MCMC", eq. 6.
    """
    n, width, threads = len(state.vectors.bias), side.width, clock.threads
    root = np.zeros((len(state.mean), width + LANES))
    # z @ L^-1 has covariance (L L')^-1
    root[:, side.columns] = np.linalg.inv(np.linalg.cholesky(state.precision))
    target = side.normal(clock.key(WEIGHTS, side.number), n, root, threads)
    target[:, :width] += state.vectors.factors
    target[:, width] += state.vectors.bias
    target[:, side.columns] -= state.mean.astype(np.float32)
    strength = np.repeat(state.strengths, np.diff(side.bounds)).astype(np.float32)[:, None]
    right = transposed_times(side.blocks, target, threads)
    beside = side.normal(clock.key(WEIGHTS, 2 + side.number), len(right), root, threads)
    right += np.sqrt(strength) * beside
    diagonal = strength + side.diagonals[:, None]
    given = (side.blocks, right, state.weights, strength, diagonal, n)
    return solve_ridge(*given, small=side.small, threads=threads)


def _draw_strengths(side: SideModel, state: SideState, clock: Clock) -> np.ndarray:
    rng, d = clock.rng(STRENGTHS, side.number), len(state.mean)
    strengths = []
    for group, block in enumerate(side.blocks):
        squares = float(np.sum(state.precision * _scatter(side, state.weights, group)))
        strengths.append(precision_of(block.n_columns * d, squares, rng))
    return np.array(strengths)


def _moments(side: SideModel, state: SideState, threads: int) -> tuple[int, np.ndarray, np.ndarray]:
    """Return number, sum and sum of outer products of the rows, without what features add to them."""
    width, k, vectors = side.width, side.n_factors, state.vectors
    explained = side.explained(state, threads)
    if explained is not None:
        vectors = Side(vectors.factors - explained[:, :width], vectors.bias - explained[:, width])
    gram, sums, products = gram_of(vectors, threads)
    bias = vectors.bias.astype(np.float64)
    whole = np.empty((k + 1, k + 1))
    whole[:k, :k], whole[k, k] = gram[:k, :k], bias @ bias
    whole[:k, k] = whole[k, :k] = products[:k]
    return len(bias), np.append(sums[:k], bias.sum()), whole


def _scatter(side: SideModel, weights: np.ndarray, group: int) -> np.ndarray:
    """Return `sum of w w'` over the weights of a group, (k + 1, k + 1) float64."""
    first, last = side.bounds[group : group + 2]
    part = weights[first:last][:, side.columns].astype(np.float64)
    return np.asarray(np.einsum("cf,cg->fg", part, part))
