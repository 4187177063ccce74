"""Fold-in of whole tables, for tests on users who were held out of training."""

from dataclasses import replace
from typing import Any

import numpy as np

from palate._checks import ArgumentError
from palate.data.ratings import Ratings
from palate.evaluation.evaluated_model import EvaluatedModel, LeakError, aligned, indexes
from palate.model.factor_model import FactorModel
from palate.scorer import Scorer


def fold_in(
    model: EvaluatedModel, ratings: Ratings, test: Ratings, threads: int | None = None
) -> EvaluatedModel:
    """Return a model whose users are those of `ratings`, each known by these ratings alone.

    Raises
    ------
    LeakError
        If a user was trained on, or a rating is tested too.
    TypeError
        If the scorer cannot fold users in.
    """
    scorer, name = model.scorer, model.name
    user, _ = indexes(ratings, scorer.users, scorer.items)
    n_trained = len(np.unique(user[(user >= 0) & (np.append(model.user_counts, 0)[user] > 0)]))
    if n_trained:
        raise LeakError(
            f"the users of fold_in must be new to {name!r}; it was trained on ratings of {n_trained:,} of "
            f"them."
        )
    folded = fold_in_users(scorer, ratings, name, threads)
    seen = folded.ratings
    if seen is None:
        must = "return a scorer that holds the users' ratings"
        raise ArgumentError(f"with_users of {name!r}", must, "one without")
    n_tested = int(np.count_nonzero(seen.contains(*indexes(test, folded.users, folded.items))))
    if n_tested:
        raise LeakError(
            f"the ratings of fold_in must not be tested; {n_tested:,} of {len(test):,} test ratings are "
            f"among them."
        )
    return replace(model, scorer=folded, seen=seen, user_counts=seen.user_counts())


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
        return scorer.with_users(ratings.users, matrix, threads=threads)
    fold: Any = getattr(scorer, "with_users", None)
    if fold is None:
        raise TypeError(
            f"{name!r} must have a method with_users(users, ratings) to be tested on new users; "
            f"{type(scorer).__name__} has none."
        )
    folded: Scorer = fold(ratings.users, matrix)
    return folded
