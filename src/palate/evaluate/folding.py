"""New users by the hundred: fold-in of whole tables, for tests on users who were held out of training."""

from dataclasses import replace
from typing import Any

import numpy as np

from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.evaluate.contestant import Contestant, LeakError, aligned, indexes
from palate.model.factor_model import FactorModel
from palate.model.fold_draws import FoldedRows
from palate.model.folded import own_noise, solve_users
from palate.recommend.curvature import item_curvature
from palate.recommend.prepared import share_items
from palate.recommend.scorer import Scorer
from palate.solve.parallel import check_threads
from palate.solve.rows import Rows
from palate.solve.timing import TimeContext


def fold_in(contestant: Contestant, ratings: Ratings, test: Ratings, threads: int | None = None) -> Contestant:
    """Return a contestant whose users are those of `ratings`, each known by these ratings alone.

    Raises
    ------
    LeakError
        If a user was trained on, or a rating is tested too.
    TypeError
        If the scorer cannot fold users in.
    """
    scorer, name = contestant.scorer, contestant.name
    user, _ = indexes(ratings, scorer.users, scorer.items)
    n_trained = len(np.unique(user[(user >= 0) & (np.append(contestant.user_counts, 0)[user] > 0)]))
    if n_trained:
        raise LeakError(f"the users of fold_in must be new to {name!r}; it was trained on ratings of {n_trained:,} of them.")
    folded = fold_in_users(scorer, ratings, name, threads)
    seen = folded.ratings
    if seen is None:
        raise ValueError(f"with_users of {name!r} must return a scorer that holds the users' ratings; got one without.")
    n_tested = int(np.count_nonzero(seen.contains(*indexes(test, folded.users, folded.items))))
    if n_tested:
        raise LeakError(
            f"the ratings of fold_in must not be tested; {n_tested:,} of {len(test):,} test ratings are among them."
        )
    return replace(contestant, scorer=folded, seen=seen, user_counts=seen.user_counts())


def fold_in_users(scorer: Scorer, ratings: Ratings, name: str, threads: int | None = None) -> Scorer:
    """Return the scorer for the users of `ratings`, each known by these ratings alone.

    A FactorModel solves each user's row with the item vectors fixed; another scorer must have a method
    `with_users(users, ratings)` that returns a scorer.

    Parameters
    ----------
    scorer : Scorer
    ratings : Ratings
        Ratings of items that the scorer does not know are left out: it can make nothing of them.
    name : str
        What messages call the scorer.
    threads : int, optional

    Raises
    ------
    TypeError
        If the scorer cannot fold users in.
    """
    matrix = aligned(ratings, ratings.users, scorer.items)
    if isinstance(scorer, FactorModel):
        return _folded_model(scorer, ratings, matrix, check_threads(threads))
    fold: Any = getattr(scorer, "with_users", None)
    if fold is None:
        raise TypeError(
            f"{name!r} must have a method with_users(users, ratings) to be tested on new users; {type(scorer).__name__} has none."
        )
    return fold(ratings.users, matrix)


def _folded_model(model: FactorModel, ratings: Ratings, matrix: RatingMatrix, threads: int) -> FactorModel:
    weights = np.empty(0, np.float32) if matrix.weight is None else matrix.weight
    rows = Rows(matrix.indptr, matrix.items, matrix.values(), weights, len(model.items))
    found = solve_users(model, rows, threads, matrix.timestamp)
    if model.spread is not None and model.ratings is not None:
        item_curvature(model)  # now: the folded model has no raters of its items
    folded = replace(
        model,
        users=ratings.users,
        user_factors=found.factors,
        user_bias=found.bias,
        user_noise=own_noise(model, "user", found.scale),
        ratings=matrix,
        item_link=None,
        context=_in_their_eras(model, found),
    )
    share_items(model, folded)
    return folded


def _in_their_eras(model: FactorModel, found: FoldedRows) -> TimeContext | None:
    """Return what a model knows of time, for users that were folded in."""
    context = model.context
    if context is None:
        return None
    home = np.full(found.bias.shape[1], context.n_eras - 1) if found.home is None else found.home
    return context.of_users(home, found.sittings, found.mood)
