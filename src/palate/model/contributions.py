"""What the score of a pair is made of: the means and biases, and the share of each rating of the user.

Given the biases, a user's vector solves `A p = sum over own ratings of w_j q_j (r_j - mu - b_u -
b_j) + prior`. The part of the score that vectors make, `p . q_i`, is therefore a sum over the
user's ratings, in which rating j has the share

    q_i' A^-1 q_j  [ w_j (r_j - mu - b_u - b_j)  -  w0 (r0 - mu - b_u - b_j) ]

how much the rating differs from what the biases expect, times how alike the two items are to this
user. The prior mean, what features say, and the unobserved pairs have shares of the same form. For
least squares the shares add up to the score; of draws, averages, compressed and imported models a
remainder is left, since their vectors are no solutions of these equations.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from palate.model.folded import FoldedUser
from palate.solve.confidence import Confidence
from palate.solve.rows import Rows, Side, row_strength

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel

OTHERS = ("prior", "features", "unrated pairs")
Rated = tuple[Rows, np.ndarray | None]  # a user's ratings, and their times where the model takes them


@dataclass(frozen=True, eq=False)
class Contributions:
    """The parts of one pair's score, in its units.

    All but `items`, `values` and `expected` add up to `score`.

    Parameters
    ----------
    score : float
        The latent score, averaged over draws.
    averages : dict of str to float
        The mean and the biases, by name.
    others : dict of str to float
        The shares of the prior mean, of what features say, and of the pairs without a rating, by name.
    items : ndarray of shape (n_rated,), int32
        Positions of the items that the user rated, held-out ones left out.
    values : ndarray of shape (n_rated,), float32
        The ratings.
    expected : ndarray of shape (n_rated,), float64
        The score that mean and biases alone expect of each of these items.
    ratings : ndarray of shape (n_rated,), float64
        The share of each rating.
    remainder : float
        What is left.
    """

    score: float
    averages: dict[str, float]
    others: dict[str, float]
    items: np.ndarray
    values: np.ndarray
    expected: np.ndarray
    ratings: np.ndarray
    remainder: float


def contributions(
    model: "FactorModel", user: FoldedUser, item_factors: np.ndarray, item_bias: np.ndarray
) -> Contributions:
    """Return the parts of the score of a user and an item.

    Parameters
    ----------
    model : FactorModel
    user : FoldedUser
        With the ratings that the vector was solved from; those marked as held out are left out.
    item_factors : ndarray of shape (n_draws, n_factors), float32
    item_bias : ndarray of shape (n_draws,), float32
    """
    rated = user.trained()
    columns, times = rated.rated, rated.times
    rows = rated.rows(model.n_items)
    vectors = item_factors.astype(np.float64)
    if model.fold is not None:
        added = model.fold.parts(rows, model.item_factors[0], vectors[0], times)
        parts = [(added, np.zeros(len(columns)), np.zeros(3))]
    else:
        parts = [_of_draw(model, user, (rows, times), draw, item) for draw, item in enumerate(vectors)]
    levels = {"mean": model.global_mean, "user bias": user.bias, "item bias": item_bias}
    averages = {name: float(np.mean(level)) for name, level in levels.items()}
    products = np.einsum("df,df->d", user.factors.astype(np.float64), vectors)
    shares, expected, others = (np.mean([part[place] for part in parts], axis=0) for place in range(3))
    return Contributions(
        score=sum(averages.values()) + float(products.mean()),
        averages=averages,
        others=dict(zip(OTHERS, others.tolist(), strict=True)),
        items=columns,
        values=rated.values,
        expected=expected,
        ratings=shares,
        remainder=float(products.mean() - shares.sum() - others.sum()),
    )


def _of_draw(
    model: "FactorModel", user: FoldedUser, rated: Rated, draw: int, item: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the shares of the ratings, what the biases expect of them, and three other shares.

    The three are those of the prior, of features, and of unrated pairs.
    """
    rows = rated[0]
    prior, k = model.user_prior, model.n_factors
    bias, mean = float(user.bias[draw]), float(model.global_mean[draw])
    factors = model.item_factors[draw].astype(np.float64)  # (n_items, k)
    own, w0 = factors[rows.columns], float(prior.unobserved_weight)
    level = mean + bias + model.item_bias[draw].astype(np.float64)  # what mean and biases predict
    expected = level[rows.columns]
    target, weight = _targets(model, user, rated, draw)
    strength = float(row_strength(rows.counts, model.n_items, prior)[0])
    penalty = strength * prior.precision[draw, :k, :k].astype(np.float64)
    system = penalty + (own * (weight - w0)[:, None]).T @ own
    system[np.diag_indices(k)] += prior.dropout * (weight[:, None] * own**2).sum(axis=0)
    if w0:
        system += w0 * factors.T @ factors
    towards = _solved(system, item)  # A^-1 q_i
    shares = (own @ towards) * (weight * (target - expected) - w0 * (prior.imputed - expected))
    base = prior.mean[draw].astype(np.float64)
    told = _told_by_features(model, user, rows, draw) - base
    coupling = prior.precision[draw, :k, k].astype(np.float64)
    within = towards @ penalty
    from_prior = within @ base[:k] - (towards @ coupling) * (bias - base[k])
    from_features = within @ told[:k] + (towards @ coupling) * told[k]
    from_unrated = w0 * float((factors @ towards) @ (prior.imputed - level)) if w0 else 0.0
    return shares, expected, np.array([from_prior, from_features, from_unrated])


def _solved(system: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the solution x of `system x = right`, the shortest one if there are many.

    There are many if the ratings leave a direction open and no penalty applies to it.
    """
    if not len(right):
        return right
    try:
        return np.linalg.solve(system, right)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(system, right, rcond=None)[0])


def _targets(
    model: "FactorModel", user: FoldedUser, rated: Rated, draw: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the targets and weights for which the row was solved, float64.

    Counts, levels and a bounded scale have targets that are not the ratings.
    """
    rows, times = rated
    confidence = Confidence.of_model(model.trainer, model.user_prior.unobserved_weight)
    values, weights = confidence.apply(rows.values, rows.weights, times)
    side = Side.padded(user.factors[draw : draw + 1], user.bias[draw : draw + 1])
    plain = Rows(rows.indptr, rows.columns, values, weights, rows.n_columns)
    mean = float(model.global_mean[draw])
    working = model.likelihood.working(plain, side, model.item_sides[draw], mean, 1)
    weight = np.ones(len(values)) if not working.weights.size else working.weights.astype(np.float64)
    if user.scale is not None and model.item_noise is not None:
        theirs = model.item_noise.total[draw, rows.columns].astype(np.float64)
        weight = weight / (float(user.scale[draw]) * theirs) ** 2
    scores = model.item_factors[draw, rows.columns] @ user.factors[draw] + model.item_bias[draw, rows.columns]
    latent = (scores + user.bias[draw] + model.global_mean[draw]).astype(np.float32)
    return model.likelihood.behind(working, latent, weight, draw), weight


def _told_by_features(model: "FactorModel", user: FoldedUser, rows: Rows, draw: int) -> np.ndarray:
    """Return the prior mean of the user, including features, float64 (k + 1,)."""
    mean = model.user_prior.mean
    if model.user_link is not None:
        mean = model.user_link.prior_mean(mean, rows.columns, user.features)
    return np.asarray(mean[draw], np.float64)
