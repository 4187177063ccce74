"""Small models of rows that were folded in: everything asked of a row can be asked of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.folded_rows import FoldedRows
from palate.factors.row_precision import RowNoise
from palate.factors.sides import SideName
from palate.factors.taking import take
from palate.factors.temporal import Sessions, TimeContext
from palate.factors.temporal_scores import in_units_of
from palate.model.folded import Folded, FoldedItem, FoldedUser, solve_users
from palate.model.user_ratings import matrix_of
from palate.solve.rows import Rows

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel


def own_noise(model: "FactorModel", side: SideName, scale: np.ndarray | None) -> RowNoise | None:
    """Return the noise of folded rows beside the model's other rows, None where all share one."""
    own = model.factors.side(side).noise
    return None if own is None or scale is None else replace(own, scale=scale)


def _in_their_time_bins(model: "FactorModel", folded: Sequence[FoldedUser]) -> TimeContext | None:
    """Return what a model knows of time, for these users."""
    context = model.context
    if context is None:
        return None
    user_time_bin = np.array(
        [context.n_time_bins - 1 if user.time_bin is None else user.time_bin for user in folded], np.int32
    )
    parts = [Sessions.none(1) if user.sessions is None else user.sessions for user in folded]
    sessions = Sessions(
        np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64),
        np.concatenate([part.begin for part in parts]),
        np.concatenate([part.end for part in parts]),
    )
    nothing = np.empty((len(context.session_effect), 0), np.float32)
    session_effect = np.concatenate(
        [nothing if user.session_effect is None else user.session_effect for user in folded], axis=1
    )
    return context.of_users(user_time_bin, sessions, session_effect)


def _scales(folded: Sequence[Folded]) -> np.ndarray | None:
    """Return the scales of folded rows, (n_draws, n)."""
    scales = [row.scale for row in folded if row.scale is not None]
    return np.stack(scales, axis=1) if len(scales) == len(folded) else None


def known_spread(model: "FactorModel") -> float | None:
    """Return the factor on the standard errors of folded users.

    There is none without the ratings of the model's own users, which say how sure the items'
    vectors are.
    """
    return None if model.ratings is None else model.spread


def of_table(model: "FactorModel", users: Vocabulary, ratings: RatingMatrix, threads: int) -> "FactorModel":
    """Return a model whose users are the rows of `ratings`, each solved for with the item vectors fixed."""
    rows = Rows.of_matrix(ratings)
    times = ratings.timestamp
    if times is not None and model.context is not None:
        times = in_units_of(model, times, "timestamps of the ratings to fold in")
    found = solve_users(model, rows, threads, times)
    return _of_new_users(
        model, (found.factors, found.bias, found.scale), ratings, _of_last_time_bins(model, found), users
    )


def _of_new_users(
    model: "FactorModel",
    found: tuple[np.ndarray, np.ndarray, np.ndarray | None],
    ratings: RatingMatrix,
    context: TimeContext | None,
    users: Vocabulary | None = None,
) -> "FactorModel":
    """Return a model of new users alone, of whom the vectors, biases and scales of noise are found."""
    factors, bias, scale = found
    n_users = bias.shape[1]
    return take(
        model,
        user_rows=np.full(n_users, -1),
        users=Vocabulary.numbered(n_users) if users is None else users,
        user_factors=factors,
        user_bias=bias,
        user_noise=own_noise(model, "user", scale),
        ratings=ratings,
        spread=known_spread(model),
        item_link=None,  # its features are the former users
        context=context,
    )


def _of_last_time_bins(model: "FactorModel", found: FoldedRows) -> TimeContext | None:
    """Return what a model knows of time, for rows that were folded in."""
    context = model.context
    if context is None:
        return None
    user_time_bin = (
        np.full(found.bias.shape[1], context.n_time_bins - 1)
        if found.user_time_bin is None
        else found.user_time_bin
    )
    return context.of_users(user_time_bin, found.sessions, found.session_effect)


def with_users(model: "FactorModel", folded: Sequence[FoldedUser]) -> "FactorModel":
    """Return a model whose only users are the folded ones, by position.

    Everything that is asked of a user can be asked of them.
    """
    ratings = [replace(user, weights=None, times=None) for user in folded]
    matrix = matrix_of(ratings, len(model.items))
    factors = np.stack([user.factors for user in folded], axis=1)
    bias = np.stack([user.bias for user in folded], axis=1)
    context = _in_their_time_bins(model, folded)
    return _of_new_users(model, (factors, bias, _scales(folded)), matrix, context)


def with_items(model: "FactorModel", folded: Sequence[FoldedItem]) -> "FactorModel":
    """Return a model whose only items are the folded ones, by position, for predictions of them."""
    return take(
        model,
        item_rows=np.full(len(folded), -1),
        item_factors=np.stack([item.factors for item in folded], axis=1),
        item_bias=np.stack([item.bias for item in folded], axis=1),
        item_noise=own_noise(model, "item", _scales(folded)),
        user_link=None,
        fold=None,  # users are not summed again; the fold is of the former items
    )
