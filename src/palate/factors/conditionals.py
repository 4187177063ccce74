"""What is random of rows beside their vectors, drawn given all else.

A chain that trains and a fold-in into its draws are the same sampler: one sweeps over all rows, the
other over new ones alone. Both draw by these formulas, and hand in their own random numbers. (The
vectors are drawn by the row solver, `palate.solve.rows.solve_rows`, and the latent values behind
levels by `palate.kernels.ordinal.draw_latent`, by both, too.)
"""

from collections.abc import Callable

import numpy as np


def draw_row_precisions(
    degrees: float, counts: np.ndarray, squares: np.ndarray, gamma: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return each row's own precision of its ratings (n,), drawn given them.

    The prior is Gamma(degrees / 2, degrees / 2), and there are `counts` normal errors of mean 0 and
    unit variance over that precision, with these sums of `squares`. `gamma` returns a Gamma(shape,
    1) number for each shape.
    """
    return gamma((degrees + counts) / 2) / ((degrees + squares) / 2)


def draw_session_effects(
    weight: np.ndarray, total: np.ndarray, precision: float, z: np.ndarray
) -> np.ndarray:
    """Return the effect of each session (n,), drawn given what else is left of its ratings.

    The prior is normal with mean 0 and this `precision`; `weight` is the sum of the precisions of a
    session's ratings, `total` the sum of precision times error, `z` is standard normal.
    """
    precisions = weight + precision
    return total / precisions + z / np.sqrt(precisions)


def draw_levels(
    pull: np.ndarray,
    bias_precision: float,
    effects: np.ndarray,
    row: np.ndarray,
    precision: float,
    z: np.ndarray,
) -> np.ndarray:
    """Return how much of what a row's ratings share is its bias and no effect of its sessions, (n,).

    It is added to the bias and taken off the effects, which changes no score.

    Given the sum of both, one follows the other so closely that drawing them in turn hardly moves
    them.

    Parameters
    ----------
    pull : ndarray of shape (n,)
        The rows less their prior means, times the last column of their prior's precision.
    bias_precision : float
        The last entry of that column.
    effects : ndarray of shape (n_sessions,)
    row : ndarray of shape (n_sessions,), int
        Whose session each is.
    precision : float
        Of the effects' prior.
    z : ndarray of shape (n,)
        Standard normal numbers.

    References
    ----------
    Liu, Sabatti (2000), "Generalised Gibbs Sampler and Multigrid Monte Carlo for Bayesian
    Computation": moves along a translation.
    """
    n = len(pull)
    total = np.bincount(row, minlength=n) * precision + bias_precision
    change: np.ndarray = (precision * np.bincount(row, effects, n) - pull) / total + z / np.sqrt(total)
    return change
