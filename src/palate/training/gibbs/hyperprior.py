"""Draws of hyperparameters: the prior of a side, strengths of features, noise and its degrees."""

import math

import numpy as np

_BETA = 2.0  # ratings that the prior mean of 0 counts as
_SHAPE = _RATE = 1.0  # of the Gamma priors of precisions
_DEGREES_SHAPE, _DEGREES_RATE = 2.0, 0.1  # of the Gamma prior of degrees of freedom
LEAST_DEGREES = 1.0  # those of a Cauchy distribution
_SLICE = 0.3  # first width of a slice, in log degrees


def normal_wishart(
    n: int, total: np.ndarray, products: np.ndarray, extra: np.ndarray, n_extra: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (d,) and precision (d, d) of a side's rows, drawn given the rows.

    The prior is that of Salakhutdinov and Mnih (2008): precision ~ Wishart(identity, d degrees),
    mean ~ Normal(0, (2 precision)^-1), in the unit in which ratings deviate by 1 from their biases.

    Parameters
    ----------
    n : int
        Number of rows.
    total, products : ndarray of shape (d,) and (d, d), float64
        Sum of the rows, and of their outer products, without what features add to them; the bias is last.
    extra : ndarray of shape (d, d)
        Scatter of `n_extra` further vectors of mean 0 with the same precision: the scaled weights
        of features.
    rng : numpy.random.Generator

    References
    ----------
    Salakhutdinov, Mnih (2008), "Bayesian Probabilistic Matrix Factorization using Markov Chain
    Monte Carlo", equation 14.
    """
    d = len(total)
    average = total / max(n, 1)
    scatter = products - n * np.outer(average, average)
    inverse_scale = np.eye(d) + scatter + extra + _BETA * n / (_BETA + n) * np.outer(average, average)
    precision = wishart(inverse_scale, d + n + n_extra, rng)
    root = np.linalg.cholesky(precision * (_BETA + n))
    mean = n * average / (_BETA + n) + np.linalg.solve(root.T, rng.standard_normal(d))
    return mean, precision


def wishart(inverse_scale: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Return a Wishart draw whose scale matrix is the inverse of the one given (Bartlett 1933)."""
    d = len(inverse_scale)
    triangle = np.tril(rng.standard_normal((d, d)), -1)
    triangle[np.diag_indices(d)] = np.sqrt(rng.chisquare(degrees - np.arange(d)))
    # With inverse_scale = L L', the scale's own root is L'^-1: solving replaces the inverse.
    half = np.linalg.solve(np.linalg.cholesky(inverse_scale).T, triangle)
    return half @ half.T


def precision_of(n: float, squares: float, rng: np.random.Generator) -> float:
    """Return a draw of a precision with a Gamma(1, 1) prior.

    Given are the number `n` and the sum of squares of normal numbers of mean 0.
    """
    return float(rng.gamma(_SHAPE + n / 2) / (_RATE + squares / 2))


def draw_degrees(degrees: float, precisions: np.ndarray, rng: np.random.Generator) -> float:
    """Return the degrees of freedom of the rows' precisions, drawn given them.

    It is one step of slice sampling in log degrees.

    The prior is Gamma(2, 0.1), the usual one of the degrees of freedom of a t distribution, above
    1. Without this limit, rows whose ratings are all equal, as are many of likes, would have ever more
    precision, and the likelihood would have no maximum.

    References
    ----------
    Neal (2003), "Slice Sampling", section 4. Juarez, Steel (2010), "Model-based Clustering of
    Non-Gaussian Panel Data Based on Skew-t Distributions": the prior.
    """
    n, evidence = len(precisions), float(np.sum(np.log(precisions) - precisions))

    def log_density(x: float) -> float:
        if x < least:
            return -math.inf
        half = math.exp(x) / 2
        likelihood = n * (half * math.log(half) - math.lgamma(half)) + half * evidence
        return likelihood + _DEGREES_SHAPE * x - _DEGREES_RATE * 2 * half

    least = math.log(LEAST_DEGREES)
    here = max(math.log(degrees), least)
    level = log_density(here) - rng.exponential()
    low = here - _SLICE * rng.random()
    high = low + _SLICE
    while log_density(low) > level:
        low -= _SLICE
    while log_density(high) > level:
        high += _SLICE
    while True:
        x = low + (high - low) * rng.random()
        if log_density(x) > level:
            return math.exp(x)
        if x < here:
            low = x
        else:
            high = x
