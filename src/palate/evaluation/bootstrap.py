"""Bootstrap over users: how far a figure would move with other users of the same kind.

Users are drawn with replacement, each with all of their ratings, since ratings of one user are no
independent evidence. Every figure is a ratio of sums over users, `sum_u top_u / sum_u bottom_u`, so
a resample is a weighted sum and all figures of all models come from the same resamples, which makes
differences between models paired.
"""

import numpy as np

from palate._parallel import check_threads, even_bounds, run_chunks
from palate._random import Stream, key_of

_PER_CHUNK = 32  # resamples, a multiple of those that the kernel works on at a time


def resampled_sums(values: np.ndarray, resamples: int, seed: int, threads: int | None = None) -> np.ndarray:
    """Return the column sums of rows drawn with replacement.

    Parameters
    ----------
    values : ndarray of shape (n_users, n_columns), float64
    resamples : int
    seed : int
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.

    Returns
    -------
    ndarray of shape (resamples, n_columns), float64

    Examples
    --------
    >>> resampled_sums(np.array([[1.0], [1.0]]), resamples=3, seed=0).ravel().tolist()
    [2.0, 2.0, 2.0]
    """
    from palate.kernels import metrics as kernel

    columns, place = _distinct_columns(values)
    out = np.empty((resamples, columns.shape[1]))
    key = key_of(seed, 0, Stream.BOOTSTRAP)

    def run(start: int, stop: int) -> None:
        kernel.resampled_sums(key, start, columns, out[start:stop])

    if out.size and len(values):
        run_chunks(run, even_bounds(resamples, _PER_CHUNK), check_threads(threads))
    return out[:, place]


def _distinct_columns(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct columns, and the place of each given column among them.

    Most figures share their denominator.
    """
    known: dict[bytes, int] = {}
    columns = np.ascontiguousarray(values.T)
    place = np.array([known.setdefault(column.tobytes(), len(known)) for column in columns], dtype=np.int64)
    first = np.unique(place, return_index=True)[1]
    return np.ascontiguousarray(values[:, first]), place


def interval(draws: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return both ends of the percentile interval of draws, which have shape (resamples, ...).

    Draws that are NaN, because a figure is undefined, are ignored.
    """
    tail = 50.0 * (1.0 - confidence)
    undefined = np.isnan(draws).all(axis=0)
    low, high = (
        np.where(undefined, np.nan, np.nanpercentile(np.where(undefined, 0.0, draws), end, axis=0))
        for end in (tail, 100.0 - tail)
    )
    return low, high
