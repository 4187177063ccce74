"""Fold-in: the vector of a user or item that was not in the training data, by the row solver."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Words
from palate.data import columns as names
from palate.data.arguments import ids_and_ratings
from palate.data.scales import check_rating
from palate.data.series import check_same_index
from palate.factors.folded_rows import FoldedRows, ToFold
from palate.factors.folding import fold_rows
from palate.factors.sides import SideName
from palate.factors.sums import check_half_life, times_of_ratings
from palate.factors.temporal import Sessions
from palate.factors.temporal_scores import check_times
from palate.lists.lookup import element, is_single, known_indices
from palate.model.user_ratings import UserRatings, last_time
from palate.scorer import Scorer
from palate.solve.confidence import Confidence
from palate.solve.grades import COUNTS, NONE, RATINGS, Grades

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel

Features = Mapping[str, Any] | None  # values of a row's features by name


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Folded(UserRatings):
    """A row that was solved for with the other side's vectors fixed.

    Parameters
    ----------
    id : int, str, UUID or None
        What answers call it.
    factors : ndarray of shape (n_draws, n_factors), float32
    bias : ndarray of shape (n_draws,), float32
    rated : ndarray of shape (n_rated,), int32
        Positions in the model of what it was rated on: items for a user, users for an item; ascending.
    values, weights, held_out
        The ratings, as in `palate.model.user_ratings.UserRatings`.
    times : ndarray of shape (n_rated,), int64, optional
        Of the ratings, for a model in which old choices count less.
    features : dict, optional
        Values of the features that the row was folded in with, by name.
    scale : ndarray of shape (n_draws,), float32, optional
        Of its noise, for a model whose rows have their own.
    time_bin : int, optional
        That a user's row is of, in a model that knows of time; the last one when None.
    sessions : Sessions, optional
        Of a user whose times are known, with `session_effect`, ndarray of shape (n_draws,
        n_sessions), float32.
    """

    id: Any
    factors: np.ndarray
    bias: np.ndarray
    features: dict[str, Any] | None = None
    scale: np.ndarray | None = None
    time_bin: int | None = None
    sessions: Sessions | None = None
    session_effect: np.ndarray | None = None


class FoldedUser(Folded):
    """A user who was not in the training data; accepted wherever a user id is."""


class FoldedItem(Folded):
    """An item that was not in the training data; accepted by `predict` wherever an item id is."""


def fold_user(model: "FactorModel", row: UserRatings, user_id: object, features: Features) -> FoldedUser:
    """Return the user with these ratings; see `FactorModel.fold_in`."""
    return FoldedUser(id=user_id, **_one_row(model, "user", row, features))


def user_with(model: "FactorModel", user: object, new: UserRatings) -> FoldedUser:
    """Return a user with new ratings and those in the model; see `FactorModel.user_with`."""
    if not model.users.knows(user, "user id"):
        return fold_user(model, new, user, None)
    if model.ratings is None:
        saved = Words.of("the model was saved with `ratings=False`.")
        raise ValueError(Words(f"what user {user!r} rated must be known to add to it; ", saved))
    old = UserRatings.stored(model.ratings, model.users.index(user))
    if old.times is None or (new.times is None and not _takes_times(model)):
        old, new = replace(old, times=None), replace(new, times=None)
    whole = old.with_new(new, last_time(model.ratings))
    found = _one_row(model, "user", whole.trained(), None)
    if found["times"] is None:
        whole = replace(whole, times=None)
    if whole.held_out is not None and not whole.held_out.any():
        whole = replace(whole, held_out=None)
    return FoldedUser(id=user, **{**found, **vars(whole)})


def _takes_times(model: "FactorModel") -> bool:
    return model.context is not None or model.grades.half_life is not None


def times_for(model: "FactorModel", timestamps: object, n: int) -> np.ndarray | None:
    """Return the time of each of n ratings of one row, after the checks that the model needs."""
    if model.fold is None and model.grades.half_life is None:  # perhaps of a model that knows of time
        return check_times(model, timestamps, n, "ratings")
    check_half_life(model.grades, timestamps)
    return times_of_ratings(timestamps, n)


def fold_item(model: "FactorModel", row: UserRatings, item_id: object, features: Features) -> FoldedItem:
    """Return the item with these ratings; see `FactorModel.fold_in_item`."""
    if model.fold is not None:
        return _by_genres(model, row, item_id, features)
    return FoldedItem(id=item_id, **_one_row(model, "item", row, features))


def _by_genres(model: "FactorModel", row: UserRatings, item_id: object, features: Features) -> FoldedItem:
    """Return an item of a model of choices, from its genres alone."""
    from palate.model.genre_vectors import vector_of_genres

    if len(row.rated) or not features:
        name = model.trainer.get("name", "model of choices")
        why = f"a {name} model makes users of their items, and not the reverse"
        advice = "Train again with the new item's ratings, or leave them out"
        then = "pass features={'genres': ...}: the item then has the mean vector of its genres"
        raise ValueError(f"items cannot be folded into this model: {why}. {advice} and {then}.")
    others = [name for name in features if name != names.GENRES]
    if others:
        raise ArgumentError("features", "hold genres alone for a model of choices", repr(others[0]))
    return FoldedItem(
        id=item_id,
        factors=vector_of_genres(model, features[names.GENRES])[None],
        bias=np.zeros(1, np.float32),
        rated=row.rated,
        values=row.values,
        features=dict(features),
    )


def _one_row(model: "FactorModel", side: SideName, row: UserRatings, features: Features) -> dict[str, Any]:
    """Return the fields of a folded row with these ratings."""
    rows = row.rows(model.n_items if side == "user" else model.n_users)
    own = None if features is None else dict(features)
    found = solve_side(model, side, ToFold(rows, own, times=row.times))
    return {
        **vars(row),
        "factors": found.factors[:, 0],
        "bias": found.bias[:, 0],
        "features": own,
        "scale": None if found.scale is None else found.scale[:, 0],
        "time_bin": None if found.user_time_bin is None else int(found.user_time_bin[0]),
        "sessions": found.sessions,
        "session_effect": found.session_effect,
        "times": None if model.grades.half_life is None else row.times,
    }


def checked_row(
    model: Scorer,
    given: object,
    ratings: object,
    weights: object,
    times: Callable[[int], np.ndarray | None] = lambda n: None,
    side: str = "items",
) -> UserRatings:
    """Check the ratings of one row and return them sorted, with what `times` gives for so many of them.

    What is `given` are ids of the other `side`, or a mapping of id to rating.

    Raises
    ------
    KeyError
        If an id is unknown.
    ValueError
        If lengths differ, a rating is not finite or outside the scale, a weight is not positive, or
        an id is repeated.
    """
    ids, ratings = ids_and_ratings(given, ratings, side)
    vocabulary, one = model.items if side == "items" else model.users, side.removesuffix("s")
    check_same_index({side: ids, "ratings": ratings, "weights": weights})
    values = _numbers(ratings, "ratings")
    if is_single(ids):
        ids = [ids]
    elif not hasattr(ids, "__getitem__") and not isinstance(ids, set | frozenset):
        ids = list(ids)
    if len(ids) != len(values):
        raise ArgumentError(f"{side} and ratings", "be of one length", f"{len(ids)} and {len(values)}")
    index = known_indices(vocabulary, ids, f"{one} id", side) if len(ids) else np.empty(0, np.int64)
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ArgumentError("ratings", "be finite", f"{values[place]} (ratings[{place}])")
    check_rating(
        values, scale_of(model), lambda place: f"for {one} {element(ids, place)!r} (ratings[{place}])"
    )
    order = np.argsort(index, kind="stable")
    index = index[order]
    if (np.diff(index) == 0).any():
        twice = vocabulary.id(int(index[np.flatnonzero(np.diff(index) == 0)[0]]))
        raise ArgumentError(side, "not repeat an id", f"{twice!r} twice", "Keep one of its ratings.")
    own, then = _weights(weights, order), times(len(order))
    then = None if then is None else then[order]
    return UserRatings(rated=index.astype(np.int32), values=values[order], weights=own, times=then)


def grades_of_model(model: object) -> Grades | None:
    """Return how a model of choices, or the first part of a sum of them, grades ratings; None for others."""
    for one in (getattr(model, "fold", None), model):
        grades = getattr(one, "grades", None)
        if isinstance(grades, Grades):
            return grades
    parts = (getattr(model, "choice", None), *getattr(model, "parts", ()))
    return next((found for part in parts if part is not None and (found := grades_of_model(part))), None)


def values_of_model(model: object) -> set[str | None]:
    """Return what a model takes the values of its ratings for, such as "counts", as far as it says so."""
    grades, trainer = grades_of_model(model), getattr(model, "trainer", {})
    counts = COUNTS if trainer.get("counts", NONE) != NONE else None
    graded = None if grades is None else grades.kind
    return {graded, trainer.get("values_resolved"), trainer.get("grades"), counts}


def scale_of(model: object) -> tuple[float, float] | None:
    """Return the scale on which a model takes ratings, be it to predict or to grade them; None for counts."""
    scale: tuple[float, float] | None = getattr(model, "scale", None)
    grades = grades_of_model(model)
    if scale is None and grades is not None and grades.kind == RATINGS:
        return grades.low, grades.high
    return scale


def _numbers(values: object, argument: str) -> np.ndarray:
    """Return numbers as an array, float32; a masked one is NaN."""
    if isinstance(values, set | frozenset):
        raise ArgumentTypeError(argument, "be a list, an array or a column", "a set, which has no order")
    if not isinstance(values, str) and isinstance(values, Iterable) and not hasattr(values, "__getitem__"):
        values = list(values)
    try:
        as_array = np.ma.asarray if np.ma.isMA(values) else np.asarray
        numbers = as_array(values, dtype=np.float32)
    except (TypeError, ValueError):
        raise ArgumentTypeError(argument, "be numbers", f"{values!r}") from None
    return np.atleast_1d(np.ma.filled(numbers, np.nan))


def _weights(weights: object, order: np.ndarray) -> np.ndarray | None:
    if weights is None:
        return None
    values = _numbers(weights, "weights")
    if len(values) != len(order):
        raise ArgumentError("weights and ratings", "be of one length", f"{len(values)} and {len(order)}")
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(wrong):
        got = f"{values[wrong[0]]:g} (weights[{wrong[0]}])"
        raise ArgumentError("weights", "be positive and finite", got)
    return np.asarray(values[order])


def solve_side(model: "FactorModel", side: SideName, asked: ToFold) -> FoldedRows:
    """Return rows of one side, for each draw, given their ratings as they are."""
    if model.factors.sums is None:  # as the trainer saw them: counts are targets and weights
        confidence, rows = Confidence.of_model(model.trainer, model.user_prior.unobserved_weight), asked.rows
        values, weights = confidence.apply(rows.values, rows.weights, asked.times)
        asked = replace(asked, rows=replace(rows, values=values, weights=weights))
    return fold_rows(model.factors, side, asked)
