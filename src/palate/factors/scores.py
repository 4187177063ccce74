"""Scores of a factorization: pairs, and all items of some users.

Under the identity link the mean over draws is a product of long vectors, taken at once; under
another link every draw is taken through it before the mean.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from palate._parallel import check_threads, even_bounds, run_chunks
from palate.scorer import Factored, Prior

if TYPE_CHECKING:
    from palate.factors.factors import Factors, FactorScorer
    from palate.factors.likelihood.base import Likelihood

PAIRS_PER_CHUNK = 1 << 16
SCORES_PER_CHUNK = 1 << 18
TABLE = 1 << 12  # entries of the table of a link

Added = Callable[[np.ndarray, int, slice, np.ndarray], None]  # of latent values, draw, users and the sum


def user_constants(model: Factored, users: np.ndarray) -> np.ndarray:
    """Return `mean + user bias` averaged over draws, float64, for each user index.

    The index -1 is the unknown user.
    """
    return np.asarray(
        (model.global_mean[:, None] + _rows(model.user_bias, model.user_prior, users)).mean(axis=0)
    )


def item_biases(model: Factored, items: np.ndarray) -> np.ndarray:
    """Return the bias averaged over draws, float32, for each item index (-1 for the unknown item)."""
    return np.asarray(_rows(model.item_bias, model.item_prior, items).mean(axis=0), np.float32)


def _rows(bias: np.ndarray, prior: Prior, index: np.ndarray) -> np.ndarray:
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
    from palate.kernels import pairs

    users, items = _checked(model, user_index, item_index)
    user_prior, item_prior = (
        np.ascontiguousarray(prior.mean[:, :-1], dtype=np.float32)
        for prior in (model.user_prior, model.item_prior)
    )
    bias = item_biases(model, items)
    products = np.empty(len(users), dtype=np.float32)

    def run(start: int, stop: int) -> None:
        part = slice(start, stop)
        pairs.pair_products(
            model.user_factors,
            model.item_factors,
            user_prior,
            item_prior,
            bias[part],
            users[part],
            items[part],
            products[part],
        )

    run_chunks(run, even_bounds(len(users), PAIRS_PER_CHUNK), check_threads(threads))
    return np.asarray(products + user_constants(model, users), np.float32)


def _checked(
    model: Factored, user_index: np.ndarray, item_index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    users = np.ascontiguousarray(user_index, dtype=np.int64)
    items = np.ascontiguousarray(item_index, dtype=np.int64)
    _check_range(users, len(model.users), "user_index")
    _check_range(items, len(model.items), "item_index")
    return users, items


def score_items(model: "FactorScorer", user_index: np.ndarray) -> np.ndarray:
    """Return the predicted ratings of all items for each user index, float32, shape (n, n_items)."""
    users = np.asarray(user_index, dtype=np.int64)
    _check_range(users, len(model.users), "user_index")
    if not model.likelihood.linear:
        return _items_after_link(model, users)
    n_draws = len(model.user_factors)
    scores = np.zeros((len(users), len(model.items)), dtype=np.float32)
    for draw in range(n_draws):
        scores += (_factors(model, users, draw) / np.float32(n_draws)) @ model.item_factors[draw].T
    scores += item_biases(model, np.arange(len(model.items)))
    scores += user_constants(model, users)[:, None].astype(np.float32)
    return scores


def _factors(model: Factored, users: np.ndarray, draw: int) -> np.ndarray:
    """Return one draw's factors of each user index, float32; the prior's at -1."""
    prior = np.asarray(model.user_prior.mean[draw, :-1], dtype=np.float32)
    factors = (
        model.user_factors[draw, users]
        if len(model.users)
        else np.zeros((len(users), len(prior)), np.float32)
    )
    return np.where((users < 0)[:, None], prior, factors)


def _items_after_link(model: "FactorScorer", users: np.ndarray) -> np.ndarray:
    """Return the mean over draws of all items' expected ratings, in blocks of users.

    What a draw expects of a latent value is looked up in a table, whose lines stay within a hundred
    thousandth of the scale; where pairs have a noise of their own that moves it, it is computed.
    """
    biases = _rows(model.user_bias, model.factors.user.prior, users) + model.global_mean[:, None]
    scores = np.zeros((len(users), len(model.items)), dtype=np.float32)
    own_noise = model.factors.item.noise is not None
    add = _added_with_noise(model.factors, users) if own_noise else _added_by_table(model)

    def run(start: int, stop: int) -> None:
        part = slice(start, stop)
        for draw in range(len(biases)):
            latent = _factors(model, users[part], draw) @ model.item_factors[draw].T
            latent += model.item_bias[draw]
            latent += biases[draw, part, None].astype(np.float32)
            add(latent, draw, part, scores[part])

    chunk = max(1, SCORES_PER_CHUNK // len(model.items))
    run_chunks(run, even_bounds(len(users), chunk), check_threads(None))
    return scores


def _added_by_table(model: "FactorScorer") -> Added:
    """Return the function that adds one draw's expected ratings to those of other draws."""
    from palate.factors.item_index import of_items
    from palate.kernels.predictive import add_interpolated

    n_draws = len(model.user_factors)
    tables = of_items(
        model, "link", lambda source: [_link_table(source.likelihood, draw) for draw in range(n_draws)]
    )

    def add(latent: np.ndarray, draw: int, part: slice, out: np.ndarray) -> None:
        low, step, table = tables[draw]
        add_interpolated(latent, table, low, step, np.float32(1 / n_draws), out)

    return add


def _added_with_noise(factors: "Factors", users: np.ndarray) -> Added:
    """Return the same where each pair has its own noise."""
    own, other = factors.user.noise, factors.item.noise
    if own is None or other is None:
        raise ValueError("user_noise and item_noise must be given together.")
    mine, theirs = own.at(users, "user").astype(np.float32), other.scale
    share = np.float32(1 / len(theirs))

    def add(latent: np.ndarray, draw: int, part: slice, out: np.ndarray) -> None:
        factors.likelihood.add_expected(latent, draw, (mine[draw, part], theirs[draw]), share, out)

    return add


def _link_table(likelihood: "Likelihood", draw: int) -> tuple[float, float, np.ndarray]:
    """Return (first latent value, step, expected ratings) of a draw, to where it no longer changes."""
    low, high = likelihood.latent_range(draw)
    grid = np.linspace(low, high, TABLE)
    return low, (high - low) / (TABLE - 1), likelihood.expected(grid[None], draw)[0]


def _check_range(index: np.ndarray, n: int, what: str) -> None:
    if index.size and (index.min() < -1 or index.max() >= n):
        raise IndexError(f"{what} must be between -1 and {n - 1}; got {index.min()} to {index.max()}.")
