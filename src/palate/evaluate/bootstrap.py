"""Bootstrap over users: how far a figure would move with other users of the same kind.

Users are drawn with replacement, each with all of their ratings, since ratings of one user are no independent evidence. Every figure
is a ratio of sums over users, `sum_u top_u / sum_u bottom_u`, so a resample is a weighted sum and all figures of all models come
from the same resamples, which makes differences between models paired.
"""

import numpy as np

_BLOCK = 1 << 22  # weights that stand in memory at once (32 MB)


def resampled_sums(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Return the column sums of rows drawn with replacement.

    Parameters
    ----------
    values : ndarray of shape (n_users, n_columns), float64
    resamples : int
    seed : int

    Returns
    -------
    ndarray of shape (resamples, n_columns), float64

    Examples
    --------
    >>> resampled_sums(np.array([[1.0], [1.0]]), resamples=3, seed=0).ravel().tolist()
    [2.0, 2.0, 2.0]
    """
    n = len(values)
    generator = np.random.default_rng(seed)
    out = np.empty((resamples, values.shape[1]))
    size = max(1, min(resamples, _BLOCK // max(n, 1)))
    for start in range(0, resamples, size):
        count = min(size, resamples - start)
        drawn = generator.integers(n, size=(count, n)) + np.arange(count)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n)
        out[start : start + count] = times.astype(np.float64) @ values
    return out


def interval(draws: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper end of the percentile interval of draws, shape (resamples, ...), ignoring undefined ones (NaN)."""
    tail = 50.0 * (1.0 - confidence)
    undefined = np.isnan(draws).all(axis=0)
    low, high = (
        np.where(undefined, np.nan, np.nanpercentile(np.where(undefined, 0.0, draws), end, axis=0))
        for end in (tail, 100.0 - tail)
    )
    return low, high
