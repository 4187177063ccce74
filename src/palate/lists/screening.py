"""The items that may be among a user's best, found by bounds of their scores."""

import numpy as np

from palate.factors.draws import bounded_scores
from palate.factors.factors import FactorScorer
from palate.lists.pool import Pool


def candidates(model: FactorScorer, user: int, n: int, z: float, pool: Pool) -> np.ndarray:
    """Return the items whose upper bound of `mean - z sd` is not below the n-th highest lower bound.

    They are in ascending order, and hold the top n by exact scores.

    Parameters
    ----------
    model : FactorModel
        One with draws.
    user : int
    n : int
        At least 1 and at most the number of items.
    z : float
    pool : Pool
        What may be ranked; if ascending, the best are those of the lowest `mean + z sd`.
    """
    low, high = bounded_scores(model, user, -1 if pool.ascending else 1, z)
    out = np.isnan(low)
    if pool.mask.size:
        out |= ~pool.mask
    out[pool.seen_by(user)] = True
    low[out], high[out] = -np.inf, -np.inf
    least = np.partition(low, len(low) - n)[len(low) - n]
    return np.flatnonzero((high >= least) & ~out)
