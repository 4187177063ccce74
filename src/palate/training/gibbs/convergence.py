"""Whether a chain ran long enough: R-hat and effective sample size of what is monitored.

References: Vehtari, Gelman, Simpson, Carpenter, Buerkner (2021), "Rank-normalization, folding, and
localization: an improved R-hat for assessing convergence of MCMC"; here without the rank step,
which predictions bounded by a scale do not need.
"""

import numpy as np

from palate._checks import ArgumentError


def split_rhat(traces: np.ndarray) -> np.ndarray:
    """Return R-hat of each quantity: near 1 if halves of chains agree, and above 1.05 if they do not.

    Parameters
    ----------
    traces : ndarray of shape (n_chains, n_sweeps, n_quantities)
        At least four sweeps.

    Examples
    --------
    >>> import numpy as np
    >>> drifting = np.arange(100.0).reshape(1, 100, 1)
    >>> bool(split_rhat(drifting)[0] > 1.5)
    True
    """
    halves = _halves(traces)
    n = halves.shape[1]
    within = halves.var(axis=1, ddof=1).mean(axis=0)
    between = n * halves.mean(axis=1).var(axis=0, ddof=1)
    whole = (n - 1) / n * within + between / n
    return np.asarray(np.sqrt(whole / np.maximum(within, 1e-300)))


def effective_size(traces: np.ndarray) -> np.ndarray:
    """Return the effective number of independent draws of each quantity's mean.

    It is computed from the autocorrelation of its chains.

    Pairs of autocorrelations are summed until a pair is negative (Geyer 1992), and made monotone.

    Parameters
    ----------
    traces : ndarray of shape (n_chains, n_sweeps, n_quantities)
    """
    halves = _halves(traces)
    m, n, _ = halves.shape
    centred = halves - halves.mean(axis=1, keepdims=True)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(centred, size, axis=1)) ** 2
    covariance = np.fft.irfft(spectrum, size, axis=1)[:, :n].mean(axis=0) / n  # (n, n_quantities)
    within = covariance[0] * n / (n - 1)
    whole = covariance[0] + halves.mean(axis=1).var(axis=0, ddof=1)
    correlation = 1 - (within - covariance) / np.maximum(whole, 1e-300)
    correlation[0] = 1
    even = n - n % 2
    pairs = correlation[0:even:2] + correlation[1:even:2]
    positive = np.cumprod(pairs > 0, axis=0).astype(bool)
    pairs = np.minimum.accumulate(np.where(positive, pairs, 0), axis=0)
    times = np.maximum(2 * pairs.sum(axis=0) - 1, 1 / np.log10(max(m * n, 11)))
    return np.asarray(m * n / times)


def _halves(traces: np.ndarray) -> np.ndarray:
    half = traces.shape[1] // 2
    if half < 2:
        raise ArgumentError("traces", "have at least 4 sweeps", f"{traces.shape[1]}")
    return np.concatenate([traces[:, :half], traces[:, -half:]]).astype(np.float64)
