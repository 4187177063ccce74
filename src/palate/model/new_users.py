"""New users, for models in which a user is determined by their ratings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from palate.data.vocabulary import Vocabulary
from palate.model.queries import has_any, small_rows
from palate.model.user_ratings import UserRatings, last_time, matrix_of

if TYPE_CHECKING:
    from palate.model.answers import Answers


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
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


def new_user_with(model: "Answers", user: object, new: UserRatings) -> NewUser:
    """Return a user with new ratings and those in the model."""
    if model.users.knows(user, "user id"):
        new = _stored(model, user).with_new(new, last_time(model.ratings))
    return NewUser(id=user, **vars(new))


def with_new_users(model: "Answers", users: Any) -> Any:
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
        entry if isinstance(entry, NewUser) else NewUser(id=entry, **vars(_stored(model, entry)))
        for entry in entries
    ]
    small = model.with_users(Vocabulary.numbered(len(rows)), matrix_of(rows, len(model.items)))
    return small_rows(model, small, [row.id for row in rows], single)


def _stored(model: "Answers", user: object) -> UserRatings:
    """Return what a user of the model rated, without what was held out."""
    index = model.users.index(user, "user id")
    if model.ratings is None:
        needs = "known users beside new ones need the ratings of the model"
        raise ValueError(f"{needs}, which was saved without them.")
    return UserRatings.stored(model.ratings, index).trained()
