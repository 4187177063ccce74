"""The cutpoints of the ordinal likelihood of a Gibbs chain."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from palate._parallel import even_bounds, run_chunks

RATINGS_PER_CHUNK = 1 << 15
_PRIOR_SD = 10.0  # of each cutpoint, in units of the noise
_DEGREES = 5.0  # of freedom of the proposal
# Newton steps end when the next would gain less than this in the log posterior
_MOST_STEPS, _CLOSE = 50, 1e-6


@dataclass(frozen=True, eq=False)
class Terms:
    """Log posterior of cutpoints given latent values, its gradient and its negative curvature.

    The gradient has shape (n_cuts,), the curvature (n_cuts, n_cuts).
    """

    value: float
    gradient: np.ndarray
    curvature: np.ndarray


def first_cutpoints(codes: np.ndarray, n_levels: int) -> np.ndarray:
    """Return the ascending cutpoints at which a latent value of 0 has the levels' shares.

    Rare levels get at least a small share.
    """
    from palate.kernels.ordinal import normal_quantile

    shares = np.bincount(codes, minlength=n_levels) + 0.5
    edges = np.cumsum(shares / shares.sum())[:-1]
    # rows deviate, too, so that cuts lie further apart
    return 1.3 * np.array([normal_quantile(edge) for edge in edges])


def draw_cutpoints(
    cutpoints: np.ndarray,
    latent: np.ndarray,
    codes: np.ndarray,
    precision: np.ndarray,
    rng: np.random.Generator,
    threads: int,
) -> np.ndarray:
    """Return cutpoints drawn given latent values without noise, by one Metropolis-Hastings step.

    The noisy values are summed out.

    `precision` is that of each rating's noise, empty where it is 1 throughout.

    The proposal is a t distribution about the peak of the posterior with its curvature. Its heavy
    tails matter: from a start far off, a normal proposal is never accepted.

    References
    ----------
    Cowles (1996), "Accelerating Monte Carlo Markov chain convergence for cumulative-link
    generalized linear models".
    """
    posterior = partial(terms, latent=latent, codes=codes, precision=precision, threads=threads)
    here = posterior(cutpoints)
    peak, at_peak = _climb(cutpoints, here, posterior)
    root = np.linalg.cholesky(at_peak.curvature)
    spread = np.sqrt(_DEGREES / rng.chisquare(_DEGREES))
    proposed = peak + spread * np.linalg.solve(root.T, rng.standard_normal(len(cutpoints)))
    chance = rng.random()
    if (np.diff(proposed) <= 0).any():
        return cutpoints
    after = posterior(proposed)
    ratio = after.value - here.value + _log_t(cutpoints - peak, at_peak) - _log_t(proposed - peak, at_peak)
    return proposed if np.log(chance) < ratio else cutpoints


def _climb(
    cutpoints: np.ndarray, here: Terms, posterior: Callable[[np.ndarray], Terms]
) -> tuple[np.ndarray, Terms]:
    """Return the cutpoints of the highest posterior, by Newton steps.

    Steps are halved until they keep the order and increase the posterior.
    """
    for _ in range(_MOST_STEPS):
        step = np.linalg.solve(here.curvature, here.gradient)
        gain = float(step @ here.gradient)
        if gain < _CLOSE:
            break
        there = cutpoints + step
        while (np.diff(there) <= 0).any() or (after := posterior(there)).value < here.value:
            step = step / 2
            if np.abs(step).max() < 1e-12:
                return cutpoints, here
            there = cutpoints + step
        cutpoints, here = there, after
    return cutpoints, here


def terms(
    cutpoints: np.ndarray, latent: np.ndarray, codes: np.ndarray, precision: np.ndarray, threads: int
) -> Terms:
    """Return the log posterior of cutpoints and its derivatives; chunks are fixed and added in order."""
    from palate.kernels.ordinal import cutpoint_terms

    n = len(cutpoints)

    def part(start: int, stop: int) -> tuple[float, np.ndarray, np.ndarray]:
        gradient, curvature = np.zeros(n), np.zeros((2, n))
        value = cutpoint_terms(start, stop, latent, codes, cutpoints, precision, gradient, curvature)
        return value, gradient, curvature

    value = -0.5 * float(cutpoints @ cutpoints) / _PRIOR_SD**2
    gradient, bands = -cutpoints / _PRIOR_SD**2, np.zeros((2, n))
    for one, slope, band in run_chunks(part, even_bounds(len(latent), RATINGS_PER_CHUNK), threads):
        value, gradient, bands = value + one, gradient + slope, bands + band
    whole = np.diag(bands[0] + 1 / _PRIOR_SD**2) + np.diag(bands[1, :-1], 1) + np.diag(bands[1, :-1], -1)
    return Terms(value, gradient, whole)


def _log_t(gap: np.ndarray, at_peak: Terms) -> float:
    """Return the log density of the proposal at a distance from the peak, up to a constant."""
    return -0.5 * (_DEGREES + len(gap)) * float(np.log1p(gap @ at_peak.curvature @ gap / _DEGREES))
