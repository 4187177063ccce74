"""Twelve people whose lists show what a model does.

They are the users with the most and the fewest ratings and the most unusual tastes, an unknown user,
yourself, and two users of your choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from palate.data.matrix import RatingMatrix
from palate.explorer.parts import count
from palate.explorer.state import ME
from palate.model.model import Model
from palate.model.nouns import noun_of

STRANGER = "a stranger"
EACH = 3
ENOUGH = 20  # ratings that a user needs, to be called unusual


@dataclass(frozen=True)
class Person:
    """One of the twelve: the user's id, and why they were chosen."""

    user: str
    why: str


def twelve_people(model: Model, own: Sequence[str] = ()) -> tuple[list[Person], str]:
    """Return the twelve people, and a note if the model cannot tell them apart.

    Heavy and light users are those with the most and the fewest ratings. Users of unusual taste are
    those with the lowest correlation of their ratings with the means of the items, among users with
    20 ratings or more. Ties are decided by the order of ids.

    Parameters
    ----------
    model : Model
    own : sequence of str
        Up to two users of one's own choice, beside oneself.

    Examples
    --------
    >>> from palate import Baseline, Ratings
    >>> ratings = Ratings.from_arrays(["al", "al", "bo"], [1, 2, 1], [3, 5, 4], scale=(1, 5))
    >>> people, note = twelve_people(Baseline().fit(ratings, validation=0))
    >>> [(person.user, person.why) for person in people if person.user != "a stranger"]
    [('al', 'heavy user: 2 ratings'), ('bo', 'light user: 1 rating'), ('me', 'yourself')]
    """
    chosen: list[tuple[int, str]] = []
    note, noun = "", noun_of(model)
    if model.ratings is None:
        unknown = "heavy, light and unusual users are not known"
        note = f"This model was saved without its {noun}s, so that {unknown}."
        chosen = [(index, "a user of the model") for index in range(min(3 * EACH, len(model.users)))]
    else:
        chosen = _by_ratings(model, model.ratings, noun)
    people = [Person(str(model.users.id(index)), why) for index, why in chosen]
    people.append(Person(STRANGER, "new: the model knows nothing about them"))
    people.append(Person(ME, "yourself"))
    named = list(dict.fromkeys(own)) or _middle(model, {index for index, _ in chosen})
    return [*people, *(Person(user, "of your choice") for user in named[: EACH - 1])], note


def _by_ratings(model: Model, ratings: RatingMatrix, noun: str) -> list[tuple[int, str]]:
    counts = ratings.user_counts()
    order = np.lexsort((np.arange(len(counts)), -counts))
    order = order[counts[order] > 0]
    heavy = order[:EACH].tolist() if len(order) > 2 * EACH else order[: (len(order) + 1) // 2].tolist()
    light = [index for index in order[::-1].tolist() if index not in heavy][: EACH - 1]
    odd = _odd(ratings, counts, {*heavy, *light})
    groups = (("heavy user", heavy), ("light user", light), ("unusual taste", odd))
    return [(index, f"{why}: {count(int(counts[index]), noun)}") for why, group in groups for index in group]


def _odd(ratings: RatingMatrix, counts: np.ndarray, taken: set[int]) -> list[int]:
    agreement = agreements(ratings)
    known = np.isfinite(agreement) & (counts >= ENOUGH)
    order = np.argsort(agreement, kind="stable").tolist()
    return [index for index in order if known[index] and index not in taken][:EACH]


def agreements(ratings: RatingMatrix) -> np.ndarray:
    """Return the correlation of each user's ratings with the means of their items, float64.

    It is NaN where either does not vary.
    """
    users = np.repeat(np.arange(ratings.n_users), np.diff(ratings.indptr))
    own, theirs = ratings.values().astype(np.float64), ratings.item_means().astype(np.float64)[ratings.items]
    size = np.maximum(np.diff(ratings.indptr), 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(users, values, minlength=ratings.n_users) / size

    own, theirs = own - mean(own)[users], theirs - mean(theirs)[users]
    together, scale = mean(own * theirs), np.sqrt(mean(own**2) * mean(theirs**2))
    return np.asarray(np.divide(together, scale, out=np.full(len(scale), np.nan), where=scale > 1e-9))


def _middle(model: Model, taken: set[int]) -> list[str]:
    """Return two users in the middle of the ids, where nobody was named."""
    n = len(model.users)
    wanted = [index for index in (n // 3, 2 * n // 3) if 0 <= index < n and index not in taken]
    return [str(model.users.id(index)) for index in dict.fromkeys(wanted)]
