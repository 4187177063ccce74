"""New users, for models in which a user is determined by their ratings."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.sums import times_of_ratings
from palate.model.folded import Given, checked_row
from palate.model.queries import has_any, small_rows
from palate.model.user_ratings import UserRatings, last_time, matrix_of
from palate.scorer import Scorer


class TakesUsers(Scorer, Protocol):
    """A model that can have users other than those it was trained on."""

    def with_users(self, users: Vocabulary, ratings: RatingMatrix) -> Any:
        """Return the model whose only users are `users`, each known by their row of `ratings` alone."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class NewUser(UserRatings):
    """A user who was not in the training data; accepted wherever a user id is.

    Parameters
    ----------
    id : int, str, UUID or None
        Id of the user in results.
    rated, values, weights, times, held_out
        What the user rated, as in `palate.model.user_ratings.UserRatings`.

    Examples
    --------
    >>> from palate import Model, Popular, Ratings
    >>> ratings = Ratings.from_arrays(["al", "bo"], ["x", "y"], [5, 3])
    >>> Model.of(Popular().fit(ratings), ratings).fold_in(["x"], [4], user_id="cy")
    NewUser('cy', 1 rating)
    """

    id: Any

    def __repr__(self) -> str:
        return (
            f"NewUser({'' if self.id is None else f'{self.id!r}, '}{len(self.values):,} "
            f"rating{'' if len(self.values) == 1 else 's'})"
        )


def new_user(model: TakesUsers, given: Given, user_id: object) -> NewUser:
    """Return the user with these ratings, after checking them as fold-in does."""
    return _new_user(user_id, checked_row(model, given, partial(times_of_ratings, given.timestamps)))


def new_user_with(model: TakesUsers, user: object, given: Given) -> NewUser:
    """Return a user with these ratings and those in the model."""
    new = new_user(model, given, user)
    if not model.users.knows(user, "user id"):
        return new
    return _new_user(user, _stored(model, user).with_new(new, last_time(model.ratings)))


def with_new_users(model: TakesUsers, users: Any) -> Any:
    """Return `users` unchanged, or as rows of a small model if new users are among them.

    Raises
    ------
    KeyError
        If an id beside a new user is unknown.
    """
    if not has_any(users, NewUser):
        return users
    single = isinstance(users, NewUser)
    entries = [users] if single else list(users)
    rows = [
        entry if isinstance(entry, NewUser) else _new_user(entry, _stored(model, entry)) for entry in entries
    ]
    small = model.with_users(Vocabulary.numbered(len(rows)), matrix_of(rows, len(model.items)))
    return small_rows(model, small, [row.id for row in rows], single)


def _stored(model: TakesUsers, user: object) -> UserRatings:
    """Return what a user of the model rated, without what was held out."""
    index = model.users.index(user, "user id")
    if model.ratings is None:
        raise ValueError(
            "known users beside new ones need the ratings of the model, which was saved without them."
        )
    return UserRatings.stored(model.ratings, index).trained()


def _new_user(user_id: object, found: UserRatings) -> NewUser:
    return NewUser(id=user_id, **vars(found))
