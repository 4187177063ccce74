"""Scores of one size: each user's scores over their standard deviation, so that models can be added."""

import numpy as np

from palate.kernels.compiling import kernel, shared
from palate.kernels.emitter import FAST


@shared(fastmath=FAST)
def spread_of(scores):
    """Return the standard deviation of these scores, float64."""
    first, total, squares = np.float64(scores[0]), 0.0, 0.0  # from the first, equal scores have exactly 0
    for i in range(len(scores)):
        total += np.float64(scores[i]) - first
    mean = total / len(scores)
    for i in range(len(scores)):
        away = np.float64(scores[i]) - first - mean
        squares += away * away
    return np.sqrt(squares / len(scores))


@kernel(fastmath=FAST)
def add_by_spread(scores, weight, total):
    """Add `weight s_ui / sd_u` to `total` (n_users, n_items), where `sd_u` is that of a user's scores.

    Scores that are all alike add nothing.
    """
    for user in range(len(scores)):
        spread = spread_of(scores[user])
        if spread > 0.0:
            own, out, factor = scores[user], total[user], weight / np.float32(spread)
            for item in range(len(own)):
                out[item] += factor * own[item]


def add_by_spread_reference(scores, weight, total):
    """NumPy reference of `add_by_spread`."""
    spread = scores.std(axis=1, dtype=np.float64, keepdims=True)
    total += weight * np.divide(scores, spread, out=np.zeros(scores.shape), where=spread > 0)
