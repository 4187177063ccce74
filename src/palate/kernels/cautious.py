"""Exact top n by a score that never exceeds the mean: a walk over candidates in the order of the mean.

For a user, with candidates in descending order of their means (equal means by item index) and
spreads sd >= 0,

    score_i = mean_i - z sd_i <= mean_i          z >= 0

the first n are known once the n-th score so far is above the mean of the next candidate: nothing
behind it can reach that score. The walk comes in steps of a few candidates, so that a spread is
computed for those visited only.
"""

import numpy as np

from palate.kernels.compiling import kernel
from palate.kernels.topn import _finish, _offer


@kernel()
def walk(items, mean, sd, z, best_items, best_scores, size, done):
    """Offer the next candidates of each user to the user's first n, and mark the users whose first
    n are known.

    Parameters
    ----------
    items : ndarray of shape (m, width), int32
        The next candidates, best mean first; -1 where a user has no more.
    mean : ndarray of shape (m, width + 1), float32
        Their means, and the mean of the candidate after them; NaN where there is none.
    sd : ndarray of shape (m, width), float64
    z : float
    best_items, best_scores : ndarray of shape (m, n), int32 and float32
        A heap for each user, whose root ranks last.
    size : ndarray of shape (m,), int64
        Items on each heap.
    done : ndarray of shape (m,), bool
    """
    n, width = best_items.shape[1], items.shape[1]
    for u in range(items.shape[0]):
        for place in range(width):
            if items[u, place] < 0:
                done[u] = True
                break
            if size[u] == n and best_scores[u, 0] > mean[u, place]:
                done[u] = True
                break
            score = np.float32(np.float64(mean[u, place]) - z * sd[u, place])
            size[u] = _offer(best_scores[u], best_items[u], size[u], score, items[u, place])
        if not done[u]:
            following = mean[u, width]
            done[u] = np.isnan(following) or (size[u] == n and best_scores[u, 0] > following)


@kernel()
def finish(best_items, best_scores, size):
    """Sort every user's heap, best first; -1 and NaN where a user has fewer than n items."""
    for u in range(best_items.shape[0]):
        _finish(best_scores[u], best_items[u], size[u])


def cautious_reference(mean, sd, z, n, forbidden):
    """Return (items, scores) of shape (m, n) for all means and spreads (m, n_items), in NumPy."""
    from palate.kernels.topn import top_items_reference

    return top_items_reference((mean.astype(np.float64) - z * sd).astype(np.float32), n, forbidden)
