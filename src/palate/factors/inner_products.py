"""Vectors whose inner products order items as a factorization's scores do.

A score is `mean + b_u + b_i + p_u . q_i`. With the item `(q_i, b_i)` and the user `(p_u, 1)` the
inner product is the score less `mean + b_u`, which is the same for all items of a user. One more
component makes all items equally long, after which cosine and Euclidean distance order them as the
inner product does (Bachrach et al. 2014, "Speeding Up the Xbox Recommender System Using a Euclidean
Transformation for Inner-Product Spaces"). Items are divided by that length, and users multiplied by
it.
"""

import numpy as np

from palate._checks import ArgumentError, Setting, Words
from palate.factors.factors import FactorScorer
from palate.factors.taking import latent_order_differs


def check_order(model: FactorScorer, way_out: str) -> None:
    """Raise ArgumentError if no inner product has the order of a user's scores; it says what to do."""
    likelihood = model.likelihood
    if likelihood.linear:
        return
    if len(model.user_factors) > 1:
        why = "because no inner product orders items like the mean over draws"
        must = f"be a point estimate under the {likelihood.link} link, {why}"
        raise ArgumentError("model", must, f"{len(model.user_factors)} draws", way_out)
    if latent_order_differs(model.factors):
        why = "because no inner product orders items with different noise"
        must = f"have one noise for all items under the {likelihood.link} link, {why}"
        advice = Words("Train with ", Setting("noise", "shared"), ". ", way_out)
        raise ArgumentError("model", must, "a model with it", advice)


def item_rows(model: FactorScorer) -> np.ndarray:
    """Return `(q_i, b_i)` in float64 with the factors of all draws side by side.

    The shape is (n_items, n_draws * n_factors + 1).
    """
    side = np.moveaxis(model.item_factors, 0, 1).reshape(len(model.items), -1).astype(np.float64)
    return np.column_stack([side, model.item_bias.mean(axis=0, dtype=np.float64)])


def user_rows(model: FactorScorer, users: np.ndarray) -> np.ndarray:
    """Return `(p_u, 1)` of each user index in float64; the mean over draws is in it."""
    factors = np.moveaxis(model.user_factors[:, users], 0, 1).reshape(len(users), -1)
    return np.column_stack([factors.astype(np.float64) / len(model.user_factors), np.ones(len(users))])


def longest(items: np.ndarray) -> float:
    """Return the length of the longest row, 1 if all are zero."""
    return float(np.sqrt(np.square(items).sum(axis=1).max(initial=0.0))) or 1.0


def of_one_length(items: np.ndarray, length: float) -> np.ndarray:
    """Return the rows divided by the longest one's length, with what they lack of it as a last component."""
    items = items / length
    missing = np.sqrt(np.maximum(0.0, 1.0 - np.square(items).sum(axis=1)))
    return np.column_stack([items, missing])
