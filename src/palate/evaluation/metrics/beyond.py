"""Beyond accuracy: whether lists are all alike, all popular, or reach the catalog.

A list that is empty has no value: NaN.
"""

from collections.abc import Callable, Sequence

import numpy as np

from palate.evaluation.metrics.lists import Lists

_PAIRS = 1 << 22  # pairs of listed items that are compared at a time


def mean_over_list(items: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the mean of an item's value over each list of shape (n_users, k); places of -1 are none."""
    filled = items >= 0
    n = filled.sum(axis=1)
    total = np.where(filled, value[items], 0.0).sum(axis=1)
    return np.asarray(np.divide(total, n, out=np.full(len(items), np.nan), where=n > 0))


def self_information(counts: np.ndarray, n_users: int) -> np.ndarray:
    """Return -log2 of the share of users who rated each item.

    It is 0 for an item that all users know, and log2(n_users) for one that a single user knows.

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
    return np.asarray(np.log2(n_users) - np.log2(np.clip(counts, 1, n_users)))


def serendipity(lists: Lists, k: int, expected: np.ndarray) -> np.ndarray:
    """Return `sum_{j <= k} rel_j unexpected_j / k`.

    It is the share of a list that is relevant and not in the list of the most popular items.

    An item is unexpected if it is not among the first k of `expected`, (n_users, >= k), -1 at free
    places: what a primitive model lists for the same user. A user without relevant items has no
    value.

    References
    ----------
    Ge, Delgado-Battenfeld, Jannach (2010), "Beyond Accuracy: Evaluating Recommender Systems by
    Coverage and Serendipity", section 3.2.

    Examples
    --------
    >>> row, item = np.zeros(2, int), np.array([0, 2])
    >>> lists = Lists.match(np.array([[2, 0]]), 3, row, item, worth=np.ones(2))
    >>> serendipity(lists, 2, np.array([[1, 2]])).tolist()
    [0.5]
    """
    n_users, n_items = len(lists.items), int(max(lists.items.max(initial=0), expected.max(initial=0))) + 1
    user = np.arange(n_users)[:, None] * n_items
    listed, known = lists.items[:, :k], expected[:, :k]
    there = np.isin(user + listed, (user + known)[known >= 0])
    found = (lists.hit[:, :k] & ~there).sum(axis=1) / k
    return np.where(lists.n_relevant > 0, found, np.nan)


def diversity(
    items: np.ndarray, ks: Sequence[int], alike: Callable[[int, np.ndarray], np.ndarray]
) -> list[np.ndarray]:
    """Return, for each k, the mean over the pairs of a list's first k items of `1 - alike`.

    `alike(item, items)` says how alike items are to one, at most 1. A list of fewer than two items
    has no value: NaN.

    Parameters
    ----------
    items : ndarray of shape (n_users, n), int
        -1 at free places.
    ks : sequence of int
    alike : callable

    References
    ----------
    Ziegler, McNee, Konstan, Lausen (2005), "Improving Recommendation Lists Through Topic
    Diversification", section 3.3 (intra-list similarity); Smyth, McClave (2001), "Similarity vs.
    Diversity".

    Examples
    --------
    >>> even = lambda item, items: (items % 2 == item % 2).astype(float)
    >>> [values.round(2).tolist() for values in diversity(np.array([[0, 2, 3]]), (2, 3), even)]
    [[0.0], [0.67]]
    """
    n = items.shape[1]
    first, second = np.triu_indices(n, 1)
    found = [np.full(len(items), np.nan) for _ in ks]
    size = max(1, _PAIRS // max(len(first), 1))
    for start in range(0, len(items), size):
        block = items[start : start + size]
        there = (block[:, first] >= 0) & (block[:, second] >= 0)
        unlike = _unlike(block[:, first], block[:, second], there, alike)
        for k, out in zip(ks, found, strict=True):
            inside = second < k
            pairs = there[:, inside].sum(axis=1)
            total = unlike[:, inside].sum(axis=1)
            part = out[start : start + size]
            np.divide(total, pairs, out=part, where=pairs > 0)
    return found


def _unlike(
    one: np.ndarray, other: np.ndarray, there: np.ndarray, alike: Callable[[int, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return `1 - alike` of each pair, asked once of each pair of items; 0 where one is missing."""
    low, high = np.minimum(one, other)[there].astype(np.int64), np.maximum(one, other)[there].astype(np.int64)
    width = int(high.max(initial=0)) + 1
    keys, place = np.unique(low * width + high, return_inverse=True)
    first, second = np.divmod(keys, width)
    out = np.zeros(one.shape)
    if not len(keys):  # lists of one item have no pairs
        return out
    bounds = np.flatnonzero(np.append(True, first[1:] != first[:-1]))
    values = np.empty(len(keys))
    for start, stop in zip(bounds, np.append(bounds[1:], len(keys)), strict=True):
        values[start:stop] = alike(int(first[start]), second[start:stop])
    out[there] = 1.0 - values[place]
    return out


def gini(appearances: np.ndarray) -> float:
    """Return the Gini coefficient of the items' numbers of appearances.

    It is 0 if all items are listed equally often, and near 1 if a few take all places.

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
