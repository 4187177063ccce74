"""Scores of all items of some users of a factorization.

Those of one draw are the products that rank items, with the same bits.
"""

from collections.abc import Callable

import numpy as np

from palate._parallel import check_threads, even_bounds, run_chunks
from palate.factors.factors import Factors, FactorScorer
from palate.factors.item_index import of_items
from palate.factors.likelihood.base import Likelihood
from palate.factors.scores import check_range, item_biases, prior_rows, user_constants

SCORES_PER_CHUNK = 1 << 18
TABLE = 1 << 12  # entries of the table of a link
_USERS = 256  # whose scores one thread makes at a time

Added = Callable[[np.ndarray, int, slice, np.ndarray], None]  # of latent values, draw, users and the sum


def score_items(model: FactorScorer, user_index: np.ndarray) -> np.ndarray:
    """Return the predicted ratings of all items for each user index, float32, shape (n, n_items)."""
    users = np.asarray(user_index, dtype=np.int64)
    check_range(users, len(model.users), "user_index")
    if not model.likelihood.linear:
        return _items_after_link(model, users)
    n_draws = len(model.user_factors)
    if n_draws == 1:
        return _products(model, users)
    scores = np.zeros((len(users), len(model.items)), dtype=np.float32)
    for draw in range(n_draws):
        scores += (_factors(model, users, draw) / np.float32(n_draws)) @ model.item_factors[draw].T
    scores += item_biases(model, np.arange(len(model.items)))
    scores += user_constants(model, users)[:, None].astype(np.float32)
    return scores


def _products(model: FactorScorer, users: np.ndarray) -> np.ndarray:
    """Return the scores of a model of one draw.

    To pack the items of many draws for a single user would take longer than the product itself.
    """
    from palate.kernels.panels import grouped_rows, panel_products
    from palate.kernels.tile import TILE_ROWS

    panels, constants = of_items(model, "panels of all scores", _packed), user_constants(model, users)
    groups = grouped_rows(np.column_stack([_factors(model, users, 0), np.ones(len(users), np.float32)]))
    scores = np.empty((len(users), len(model.items)), np.float32)

    def run(start: int, stop: int) -> None:
        panel_products(start, stop, groups, panels, scores)
        part = slice(start * TILE_ROWS, stop * TILE_ROWS)
        if constants[part].any():  # the scores of choices have none
            scores[part] = scores[part] + constants[part, None]

    run_chunks(run, even_bounds(len(groups), _USERS // TILE_ROWS), check_threads(None))
    return scores


def _packed(model: FactorScorer) -> np.ndarray:
    """Return the items as panels of their factors and bias."""
    from palate.kernels.panels import panels_of

    bias = item_biases(model, np.arange(len(model.items)))
    return panels_of(np.column_stack([model.item_factors[0], bias]))


def _factors(model: FactorScorer, users: np.ndarray, draw: int) -> np.ndarray:
    """Return one draw's factors of each user index, float32; the prior's at -1."""
    prior = np.asarray(model.user_prior.mean[draw, :-1], dtype=np.float32)
    if not len(model.users):  # so that nobody is known
        return np.repeat(prior[None], len(users), axis=0)
    return np.where((users < 0)[:, None], prior, model.user_factors[draw, users])


def _items_after_link(model: FactorScorer, users: np.ndarray) -> np.ndarray:
    """Return the mean over draws of all items' expected ratings, in blocks of users.

    What a draw expects of a latent value is looked up in a table, whose lines stay within a hundred
    thousandth of the scale; where pairs have a noise of their own that moves it, it is computed.
    """
    biases = prior_rows(model.user_bias, model.factors.user.prior, users) + model.global_mean[:, None]
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


def _added_by_table(model: FactorScorer) -> Added:
    """Return the function that adds one draw's expected ratings to those of other draws."""
    from palate.kernels.predictive import add_interpolated

    n_draws = len(model.user_factors)
    tables = of_items(
        model, "link", lambda source: [_link_table(source.likelihood, draw) for draw in range(n_draws)]
    )

    def add(latent: np.ndarray, draw: int, part: slice, out: np.ndarray) -> None:
        low, step, table = tables[draw]
        add_interpolated(latent, table, low, step, np.float32(1 / n_draws), out)

    return add


def _added_with_noise(factors: Factors, users: np.ndarray) -> Added:
    """Return the same where each pair has its own noise."""
    own, other = factors.user.noise, factors.item.noise
    if own is None or other is None:
        raise ValueError("user_noise and item_noise must be given together.")
    mine, theirs = own.at(users, "user").astype(np.float32), other.scale
    share = np.float32(1 / len(theirs))

    def add(latent: np.ndarray, draw: int, part: slice, out: np.ndarray) -> None:
        factors.likelihood.add_expected(latent, draw, (mine[draw, part], theirs[draw]), share, out)

    return add


def _link_table(likelihood: Likelihood, draw: int) -> tuple[float, float, np.ndarray]:
    """Return (first latent value, step, expected ratings) of a draw, to where it no longer changes."""
    low, high = likelihood.latent_range(draw)
    grid = np.linspace(low, high, TABLE)
    return low, (high - low) / (TABLE - 1), likelihood.expected(grid[None], draw)[0]
