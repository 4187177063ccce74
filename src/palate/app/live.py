"""What may be kept of a user: ids of a fair length, and ratings that the active model could take in."""

from collections.abc import Iterable, Sequence

from palate._checks import ArgumentError
from palate.app.errors import BadRows
from palate.app.models import Models
from palate.app.served import ServedModel
from palate.store.changes import Change

MOST_BYTES = 256  # of an id


def check_user(user: str) -> str:
    """Return a user's id if it is a text of 1 to 256 bytes in UTF-8."""
    try:
        size = len(user.encode("utf-8"))
    except UnicodeEncodeError:
        raise ArgumentError("an id", "be valid Unicode", f"{user!r}") from None
    if not 0 < size <= MOST_BYTES or "\0" in user:
        must = f"have 1 to {MOST_BYTES} bytes in UTF-8, none of them zero"
        raise ArgumentError("an id", must, f"one of {size:,} bytes")
    return user


def change_of(models: Models, user: str, item: str, rating: float | None) -> Change:
    """Return the change that a rating makes; UnknownItem or BadRating if it cannot be kept."""
    served = models.people(None).served
    check_user(user)
    if served.find_item(item) < 0 and not models.any_knows(item):
        raise served.unknown_item(item)
    return Change(user, item, None if rating is None else served.check_rating(rating))


def changes_of(models: Models, rows: Iterable[tuple[str, str, float | None]]) -> list[Change]:
    """Return the changes that ratings (user, item, rating) make; BadRows names all that cannot be kept."""
    given = list(rows)
    if _can_keep(models.people(None).served, given):
        return [Change(user, item, None if value is None else float(value)) for user, item, value in given]
    changes, problems = [], []
    for place, (user, item, rating) in enumerate(given):
        try:
            changes.append(change_of(models, user, item, rating))
        except (LookupError, ValueError) as error:
            problems.append((place, str(error)))
    if problems:
        raise BadRows(problems)
    return changes


def _can_keep(served: ServedModel, rows: Sequence[tuple[str, str, float | None]]) -> bool:
    """Return whether `change_of` would take all of these, which is quick to see of many at once."""
    for user in {user for user, _, _ in rows}:
        try:
            check_user(user)
        except ValueError:
            return False
    known = all(served.find_item(item) >= 0 for _, item, _ in rows)
    return known and served.can_hold([rating for _, _, rating in rows if rating is not None])
