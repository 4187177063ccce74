"""Beyond accuracy: whether lists are all alike, all popular, or reach the catalog.

A list that is empty has no value: NaN.
"""

import numpy as np


def mean_over_list(items: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the mean of an item's value over each list of shape (n_users, k); places of -1 are none."""
    filled = items >= 0
    n = filled.sum(axis=1)
    total = np.where(filled, value[items], 0.0).sum(axis=1)
    return np.divide(total, n, out=np.full(len(items), np.nan), where=n > 0)


def self_information(counts: np.ndarray, n_users: int) -> np.ndarray:
    """Return -log2 of the share of users who rated each item: 0 for one that all know,
    log2(n_users) for one that a single user knows.

    Its mean over a list is the list's novelty, in bits. An item without training ratings counts as
    one with a single one.

    References
    ----------
    Zhou et al. (2010), "Solving the apparent diversity-accuracy dilemma of recommender systems", equation 2.

    Examples
    --------
    >>> self_information(np.array([8, 2, 0]), 8).tolist()
    [0.0, 2.0, 3.0]
    """
    return np.log2(n_users) - np.log2(np.clip(counts, 1, n_users))


def coverage(appearances: np.ndarray) -> float:
    """Return the share of the catalog's items that are in at least one list; `appearances` counts
    the lists of each item.
    """
    return float(np.count_nonzero(appearances) / len(appearances)) if len(appearances) else float("nan")


def gini(appearances: np.ndarray) -> float:
    """Return the Gini coefficient of the items' appearances: 0 if all are listed equally often,
    near 1 if a few take all places.

    With the n counts x ascending, `sum_j (2 j - n - 1) x_j / (n sum x)`.

    Examples
    --------
    >>> gini(np.array([2, 2, 2])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    x = np.sort(appearances).astype(np.float64)
    n, total = len(x), x.sum()
    if total == 0:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * total))
