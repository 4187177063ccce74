"""Errors of predicted ratings: root of the mean square (RMSE) and mean absolute deviation (MAE)."""

import numpy as np


def clipped(predicted: np.ndarray, scale: tuple[float, float]) -> np.ndarray:
    """Return predictions with those outside the scale moved to its ends."""
    return np.asarray(np.clip(predicted, *scale))


def error_sums(
    row: np.ndarray, n_rows: int, actual: np.ndarray, predicted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of squared and of absolute errors in each row (a user, or a bin), float64.

    Parameters
    ----------
    row : ndarray of shape (n,), int
    n_rows : int
    actual, predicted : ndarray of shape (n,)

    Examples
    --------
    >>> error_sums(np.array([0, 0, 1]), 2, np.array([4, 3, 5]), np.array([3, 3, 2]))
    (array([1., 9.]), array([1., 3.]))
    """
    error = actual.astype(np.float64) - predicted
    squares = np.bincount(row, weights=error * error, minlength=n_rows)
    return squares, np.bincount(row, weights=np.abs(error), minlength=n_rows)
