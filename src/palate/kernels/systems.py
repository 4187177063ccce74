"""What the kernels that solve rows are given: the ratings of the rows, the other side and the penalty.

A kernel takes them apart once. What is called for every row gets the arrays alone: Numba would count the
references to all the others each time, which takes a tenth of a fit with few factors.
"""

from typing import NamedTuple

import numpy as np

from palate.kernels.compiling import inlined


class Systems(NamedTuple):
    """What the system of every row is made of; `palate.kernels.rows` has the equations."""

    indptr: np.ndarray  # (n_rows + 1,) int64
    columns: np.ndarray  # (n_ratings,) int32
    values: np.ndarray  # (n_ratings,) float32
    weights: np.ndarray  # (n_ratings,) float32, or empty: all 1
    mean: np.float32  # mu
    other: np.ndarray  # (n_columns, width) float32, width a multiple of 8
    other_bias: np.ndarray  # (n_columns,) float32
    precision: np.ndarray  # (width + 1, width + 1) float32, the bias last
    strength: np.ndarray  # (n_rows,) float32
    prior_mean: np.ndarray  # (0 | 1 | n_rows, width + 1) float32
    base_gram: np.ndarray  # (width + 1, width + 1) float32, or empty
    base_rhs: np.ndarray  # (width + 1,) float32, or empty
    w0: np.float32
    imputed: np.float32  # r0
    dropout: np.float32  # d
    l1_bias: np.float32
    with_bias: bool


@inlined()
def mean_of_row(prior_mean, u):
    """Return the mean of the prior of row u, empty where it is zero."""
    n_means = prior_mean.shape[0]
    return prior_mean[min(u, n_means - 1)] if n_means > 0 else prior_mean.reshape(-1)


@inlined()
def set_to_mean(mean, u, out, out_bias):
    """Write the mean of its prior, which is zero if it is empty, to row u."""
    width = out.shape[1]
    for f in range(width):
        out[u, f] = mean[f] if mean.size > 0 else np.float32(0.0)
    out_bias[u] = mean[width] if mean.size > 0 else np.float32(0.0)
