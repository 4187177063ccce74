"""Scores of pairs of a factorization.

Under the identity link the mean over draws is a product of long vectors, taken at once; under
another link every draw is taken through it before the mean.
"""

from typing import TYPE_CHECKING

import numpy as np

from palate._parallel import check_threads, even_bounds, run_chunks
from palate.scorer import Factored, Prior

if TYPE_CHECKING:
    from palate.factors.factors import FactorScorer

PAIRS_PER_CHUNK = 1 << 16


def user_constants(model: Factored, users: np.ndarray) -> np.ndarray:
    """Return `mean + user bias` averaged over draws, float64, for each user index.

    The index -1 is the unknown user.
    """
    constants = model.global_mean[:, None] + prior_rows(model.user_bias, model.user_prior, users)
    return np.asarray(constants.mean(axis=0))


def item_biases(model: Factored, items: np.ndarray) -> np.ndarray:
    """Return the bias averaged over draws, float32, for each item index (-1 for the unknown item)."""
    return np.asarray(prior_rows(model.item_bias, model.item_prior, items).mean(axis=0), np.float32)


def prior_rows(bias: np.ndarray, prior: Prior, index: np.ndarray) -> np.ndarray:
    """Return the biases at the given indexes, float64, shape (n_draws, n); the prior's at -1."""
    known = index >= 0
    rows = np.repeat(np.asarray(prior.mean[:, -1:], dtype=np.float64), len(index), axis=1)
    rows[:, known] = bias[:, index[known]]
    return rows


def score_pairs(
    model: "FactorScorer", user_index: np.ndarray, item_index: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the predicted rating of each pair of indexes, float32.

    Parameters
    ----------
    model : FactorScorer
    user_index, item_index : ndarray of int, of one shape (n,)
        -1 is an unknown user or item, which is taken at its prior mean.
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.
    """
    if model.likelihood.linear:
        return linear_scores(model, user_index, item_index, threads)
    from palate.factors.uncertainty import expected_ratings

    return expected_ratings(model, *_checked(model, user_index, item_index), threads)


def linear_scores(
    model: Factored, user_index: np.ndarray, item_index: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """Return the mean over draws of the latent value of each pair of indexes, float32.

    The parameters are those of `score_pairs`.
    """
    from palate.kernels.pairs import pair_products

    users, items = _checked(model, user_index, item_index)
    user_prior, item_prior = (
        np.ascontiguousarray(prior.mean[:, :-1], dtype=np.float32)
        for prior in (model.user_prior, model.item_prior)
    )
    vectors = (model.user_factors, model.item_factors, user_prior, item_prior)
    bias = item_biases(model, items)
    products = np.empty(len(users), dtype=np.float32)

    def run(start: int, stop: int) -> None:
        part = slice(start, stop)
        pair_products(*vectors, bias[part], users[part], items[part], products[part])

    run_chunks(run, even_bounds(len(users), PAIRS_PER_CHUNK), check_threads(threads))
    return np.asarray(products + user_constants(model, users), np.float32)


def _checked(
    model: Factored, user_index: np.ndarray, item_index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    users = np.ascontiguousarray(user_index, dtype=np.int64)
    items = np.ascontiguousarray(item_index, dtype=np.int64)
    check_range(users, len(model.users), "user_index")
    check_range(items, len(model.items), "item_index")
    return users, items


def check_range(index: np.ndarray, n: int, what: str) -> None:
    """Raise IndexError for an index of `what` that is not between -1 and n - 1."""
    if index.size and (index.min() < -1 or index.max() >= n):
        raise IndexError(f"{what} must be between -1 and {n - 1}; got {index.min()} to {index.max()}.")
