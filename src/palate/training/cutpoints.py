"""The ordinal likelihood of a Gibbs chain: noisy latent values of the ratings, and the cutpoints between the levels."""

from dataclasses import dataclass

import numpy as np

from palate.solve.parallel import even_bounds, run_chunks

_PRIOR_SD = 10.0  # of each cutpoint, in units of the noise
_CHUNK = 1 << 15


@dataclass(frozen=True, eq=False)
class Terms:
    """Log posterior of cutpoints given latent values, its gradient (n_cuts,) and negative curvature (n_cuts, n_cuts)."""

    value: float
    gradient: np.ndarray
    curvature: np.ndarray


def first_cutpoints(codes: np.ndarray, n_levels: int) -> np.ndarray:
    """Return the cutpoints at which a latent value of 0 has the levels' shares, ascending; rare levels get a little room."""
    from palate.kernels.ordinal import normal_quantile

    shares = np.bincount(codes, minlength=n_levels) + 0.5
    edges = np.cumsum(shares / shares.sum())[:-1]
    return 1.3 * np.array([normal_quantile(edge) for edge in edges])  # rows deviate, too, so that cuts lie further apart


def draw_cutpoints(
    cutpoints: np.ndarray, latent: np.ndarray, codes: np.ndarray, rng: np.random.Generator, threads: int
) -> np.ndarray:
    """Return cutpoints drawn given latent values without noise: one Metropolis-Hastings step, noisy values summed out.

    The proposal is normal about a Newton step, with the curvature's inverse as covariance; with many ratings nearly all are
    accepted.

    References
    ----------
    Cowles (1996), "Accelerating Monte Carlo Markov chain convergence for cumulative-link generalized linear models".
    """
    here = terms(cutpoints, latent, codes, threads)
    there = _newton(cutpoints, here)
    root = np.linalg.cholesky(here.curvature)
    proposed = there + np.linalg.solve(root.T, rng.standard_normal(len(cutpoints)))
    chance = rng.random()
    if (np.diff(proposed) <= 0).any():
        return cutpoints
    after = terms(proposed, latent, codes, threads)
    back = _newton(proposed, after)
    ratio = (
        after.value - here.value + _log_normal(cutpoints, back, after.curvature) - _log_normal(proposed, there, here.curvature)
    )
    return proposed if np.log(chance) < ratio else cutpoints


def terms(cutpoints: np.ndarray, latent: np.ndarray, codes: np.ndarray, threads: int) -> Terms:
    """Return the log posterior of cutpoints and its derivatives; chunks are fixed and added in order."""
    from palate.kernels.ordinal import cutpoint_terms

    n = len(cutpoints)

    def part(start: int, stop: int) -> tuple[float, np.ndarray, np.ndarray]:
        gradient, curvature = np.zeros(n), np.zeros((2, n))
        return cutpoint_terms(start, stop, latent, codes, cutpoints, gradient, curvature), gradient, curvature

    value, gradient, bands = -0.5 * float(cutpoints @ cutpoints) / _PRIOR_SD**2, -cutpoints / _PRIOR_SD**2, np.zeros((2, n))
    for one, slope, band in run_chunks(part, even_bounds(len(latent), _CHUNK), threads):
        value, gradient, bands = value + one, gradient + slope, bands + band
    whole = np.diag(bands[0] + 1 / _PRIOR_SD**2) + np.diag(bands[1, :-1], 1) + np.diag(bands[1, :-1], -1)
    return Terms(value, gradient, whole)


def draw_targets(
    key: np.uint64, latent: np.ndarray, codes: np.ndarray, cutpoints: np.ndarray, out: np.ndarray, threads: int
) -> None:
    """Fill `out` (n_ratings,) float32 with noisy latent values drawn given the ratings."""
    from palate.kernels.ordinal import draw_latent

    def part(start: int, stop: int) -> None:
        draw_latent(key, start, stop, latent, codes, cutpoints, out)

    run_chunks(part, even_bounds(len(latent), _CHUNK), threads)


def _newton(cutpoints: np.ndarray, at: Terms) -> np.ndarray:
    return cutpoints + np.linalg.solve(at.curvature, at.gradient)


def _log_normal(x: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> float:
    gap = x - mean
    return 0.5 * float(np.linalg.slogdet(precision)[1]) - 0.5 * float(gap @ precision @ gap)
