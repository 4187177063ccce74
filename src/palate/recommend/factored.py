"""Scores of a factorization: pairs, and all items of some users."""

import numpy as np

from palate.recommend.scorer import Factored, Prior
from palate.solve.parallel import check_threads, even_bounds, run_chunks

PAIRS_PER_CHUNK = 1 << 16


def user_constants(model: Factored, users: np.ndarray) -> np.ndarray:
    """Return `mean + user bias` averaged over draws, float64, for each user index (-1 for the unknown user)."""
    return (model.global_mean[:, None] + _rows(model.user_bias, model.user_prior, users)).mean(axis=0)


def item_biases(model: Factored, items: np.ndarray) -> np.ndarray:
    """Return the bias averaged over draws, float32, for each item index (-1 for the unknown item)."""
    return _rows(model.item_bias, model.item_prior, items).mean(axis=0).astype(np.float32)


def _rows(bias: np.ndarray, prior: Prior, index: np.ndarray) -> np.ndarray:
    """Return the biases at the given indexes, float64, shape (n_draws, n); the prior's at -1."""
    known = index >= 0
    rows = np.repeat(np.asarray(prior.mean[:, -1:], dtype=np.float64), len(index), axis=1)
    rows[:, known] = bias[:, index[known]]
    return rows


def score_pairs(model: Factored, user_index: np.ndarray, item_index: np.ndarray, threads: int | None = None) -> np.ndarray:
    """Return the predicted rating of each pair of indexes, float32.

    Parameters
    ----------
    model : Factored
    user_index, item_index : ndarray of int, of one shape (n,)
        -1 is an unknown user or item, which is taken at its prior mean.
    threads : int, optional
        All processors when None; the result is the same.
    """
    from palate.kernels import pairs

    users = np.ascontiguousarray(user_index, dtype=np.int64)
    items = np.ascontiguousarray(item_index, dtype=np.int64)
    _check_range(users, len(model.users), "user_index")
    _check_range(items, len(model.items), "item_index")
    user_prior, item_prior = (
        np.ascontiguousarray(prior.mean[:, :-1], dtype=np.float32) for prior in (model.user_prior, model.item_prior)
    )
    bias = item_biases(model, items)
    products = np.empty(len(users), dtype=np.float32)

    def run(start: int, stop: int) -> None:
        part = slice(start, stop)
        pairs.pair_products(
            model.user_factors, model.item_factors, user_prior, item_prior, bias[part], users[part], items[part], products[part]
        )

    run_chunks(run, even_bounds(len(users), PAIRS_PER_CHUNK), check_threads(threads))
    return (products + user_constants(model, users)).astype(np.float32)


def score_items(model: Factored, user_index: np.ndarray) -> np.ndarray:
    """Return the predicted ratings of all items for each user index, float32, shape (n, n_items)."""
    users = np.asarray(user_index, dtype=np.int64)
    _check_range(users, len(model.users), "user_index")
    n_draws = len(model.user_factors)
    priors = np.asarray(model.user_prior.mean, dtype=np.float32)[:, None, :-1]
    scores = np.zeros((len(users), len(model.items)), dtype=np.float32)
    for draw in range(n_draws):
        factors = model.user_factors[draw, users] if len(model.users) else np.zeros((len(users), priors.shape[2]), np.float32)
        factors = np.where((users < 0)[:, None], priors[draw], factors)
        scores += (factors / np.float32(n_draws)) @ model.item_factors[draw].T
    scores += item_biases(model, np.arange(len(model.items)))
    scores += user_constants(model, users)[:, None].astype(np.float32)
    return scores


def _check_range(index: np.ndarray, n: int, what: str) -> None:
    if index.size and (index.min() < -1 or index.max() >= n):
        raise IndexError(f"{what} must be between -1 and {n - 1}; got {index.min()} to {index.max()}.")
