"""Small models whose rows were folded in; they have all the methods of a model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from palate._parallel import check_threads
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.folded_rows import FoldedRows, ToFold
from palate.factors.item_index import share_items
from palate.factors.row_precision import RowNoise
from palate.factors.sides import SideName
from palate.factors.taking import take
from palate.factors.temporal import Sessions
from palate.factors.temporal_scores import in_units_of
from palate.model.folded import Folded, FoldedItem, FoldedUser, solve_side
from palate.model.user_ratings import matrix_of
from palate.solve.rows import Rows

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel


def own_noise(model: "FactorModel", side: SideName, scale: np.ndarray | None) -> RowNoise | None:
    """Return the noise of folded rows beside the model's other rows, None where all share one."""
    own = model.factors.side(side).noise
    return None if own is None or scale is None else replace(own, scale=scale)


def _stacked(model: "FactorModel", folded: Sequence[Folded]) -> FoldedRows:
    """Return folded rows as those of one side, and what the model knows of their time."""
    scales = [row.scale for row in folded if row.scale is not None]
    found = FoldedRows(
        np.stack([row.factors for row in folded], axis=1),
        np.stack([row.bias for row in folded], axis=1),
        np.stack(scales, axis=1) if len(scales) == len(folded) else None,
    )
    if model.context is None:
        return found
    last, nothing = model.context.n_time_bins - 1, np.empty((model.n_draws, 0), np.float32)
    parts = [Sessions.none(1) if row.sessions is None else row.sessions for row in folded]
    effects = [nothing if row.session_effect is None else row.session_effect for row in folded]
    return replace(
        found,
        user_time_bin=np.array([last if row.time_bin is None else row.time_bin for row in folded]),
        sessions=Sessions(
            np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64),
            np.concatenate([part.begin for part in parts]),
            np.concatenate([part.end for part in parts]),
        ),
        session_effect=np.concatenate(effects, axis=1),
    )


def of_table(
    model: "FactorModel", users: Vocabulary, ratings: RatingMatrix, threads: int | None
) -> "FactorModel":
    """Return a model whose users are the rows of `ratings`, each solved for with the item vectors fixed."""
    rows, times = Rows.of_matrix(ratings), ratings.timestamp
    if times is not None and model.context is not None:
        times = in_units_of(model, times, "timestamps of the ratings to fold in")
    found = solve_side(model, "user", ToFold(rows, threads=check_threads(threads), times=times))
    small = _of_new_users(model, found, ratings, users)
    share_items(model, small)
    return small


def _of_new_users(
    model: "FactorModel", found: FoldedRows, ratings: RatingMatrix, users: Vocabulary
) -> "FactorModel":
    """Return a model of new users alone."""
    context = model.context
    if context is not None:
        last = np.full(len(users), context.n_time_bins - 1)
        time_bins = last if found.user_time_bin is None else found.user_time_bin
        context = context.of_users(time_bins, found.sessions, found.session_effect)
    return take(
        model,
        user_rows=np.full(len(users), -1),
        users=users,
        user_factors=found.factors,
        user_bias=found.bias,
        user_noise=own_noise(model, "user", found.scale),
        ratings=ratings,
        # the uncertainty of the items' vectors depends on the ratings of the model's own users alone
        spread=None if model.ratings is None else model.spread,
        item_link=None,  # its features are the former users
        context=context,
    )


def with_users(model: "FactorModel", folded: Sequence[FoldedUser]) -> "FactorModel":
    """Return a model whose only users are the folded ones, by position.

    Everything that is asked of a user can be asked of them.
    """
    ratings = [replace(user, weights=None, times=None) for user in folded]
    matrix = matrix_of(ratings, len(model.items))
    return _of_new_users(model, _stacked(model, folded), matrix, Vocabulary.numbered(len(folded)))


def with_items(model: "FactorModel", folded: Sequence[FoldedItem]) -> "FactorModel":
    """Return a model whose only items are the folded ones, by position, for predictions of them."""
    found = _stacked(model, folded)
    return take(
        model,
        item_rows=np.full(len(folded), -1),
        item_factors=found.factors,
        item_bias=found.bias,
        item_noise=own_noise(model, "item", found.scale),
        user_link=None,
        fold=None,  # users are not summed again; the fold is of the former items
    )
