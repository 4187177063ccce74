"""Who a question is about: a user as the model was trained on them, one with live ratings, or
somebody unknown.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from palate.app.answers import FOLD_IN, POPULAR, STORED
from palate.app.served import Asked, Recent, ServedModel, one_user, positions
from palate.lists.popular import silent_about
from palate.scorer import Scorer
from palate.store.changes import RATED, REMOVED, LiveRating, RatingStore

FOLDED = 10_000  # users with live ratings whose vectors are kept ready, for each model


class People:
    """The users of one model together with a store: each is folded in once for every change of
    their ratings.
    """

    def __init__(self, served: ServedModel, store: RatingStore) -> None:
        self.served = served
        self.store = store
        self._folded: Recent[tuple[str, int], Asked] = Recent(FOLDED)

    def stored_row(self, user: str) -> int:
        """Return a user's row in the model, -1 for one it does not know or who asked to be forgotten."""
        return -1 if self.store.is_forgotten(user) else self.served.user_index(user)

    def known(self, user: str) -> Asked:
        """Return a user by id; somebody nothing is known of has the source "popular fallback"."""
        live, row = self.store.of(user), self.stored_row(user)
        if live:
            return self._folded.get((user, _revision(live)), lambda: self.fold(user, live, row))
        if row < 0:
            return _nobody(self.served, positions([]))
        own, model = self.served.own_ratings(row)[0], self.served.model
        source = _source(model, row, STORED)
        return Asked(model, model.users.id(row), row, source, own, positions([]), len(own))

    def is_ready(self, user: str) -> bool:
        """Return whether nothing has to be folded in before the user can be answered."""
        live = self.store.of(user)
        return not live or (user, _revision(live)) in self._folded

    def fold(self, user: str, live: Mapping[str, LiveRating], row: int) -> Asked:
        """Return a user with live ratings, which win over those of the model's training; BadRating
        for one that this model cannot hold.
        """
        served = self.served
        at = {served.find_item(item): rating for item, rating in live.items()}
        at.pop(-1, None)  # of another model's items
        shown = positions(place for place, rating in at.items() if rating.state != REMOVED)
        if (
            row >= 0 and served.model.ratings is None
        ):  # the vector is all that is known; the live ratings cannot join it
            return Asked(served.model, served.model.users.id(row), row, STORED, shown, shown, 0)
        items, values, weight, times = served.own_ratings(row)
        keep = ~np.isin(items, np.fromiter(at, np.int32))
        rated = {
            place: served.check_rating(rating.value) for place, rating in at.items() if rating.state == RATED
        }
        new_items, new_values = np.fromiter(rated, np.int32), np.array(list(rated.values()), np.float32)
        seen = np.union1d(items[keep], shown).astype(np.int32)
        every = np.concatenate([items[keep], new_items])
        if not len(every):
            return _nobody(served, seen, shown)
        matrix = one_user(
            every,
            np.concatenate([values[keep], new_values]),
            len(served.model.items),
            None if weight is None else np.concatenate([weight[keep], np.ones(len(new_items), np.float32)]),
            None
            if times is None
            else np.concatenate([times[keep], np.full(len(new_items), _now(served), np.int64)]),
        )
        folded = served.folded(user, matrix)
        return Asked(folded, user, 0, _source(folded, 0, FOLD_IN), seen, shown, len(every))

    def stranger(self, ratings: Mapping[str, float]) -> Asked:
        """Return somebody who is known by the ratings sent along alone; all of them must be of the
        model's items.
        """
        served = self.served
        rated = {served.item_index(item): served.check_rating(value) for item, value in ratings.items()}
        if not rated:
            return _nobody(served, positions([]))
        items = np.fromiter(rated, np.int32)
        matrix = one_user(
            items, np.array(list(rated.values()), np.float32), len(served.model.items), None, None
        )
        seen = positions(rated)
        folded = served.folded("you", matrix)
        return Asked(folded, "you", 0, _source(folded, 0, FOLD_IN), seen, seen, len(items))

    def fold_all(self) -> int:
        """Fold in every user with live ratings that will be kept ready, latest first; return how many."""
        users = self.store.users()[:FOLDED]
        for user in reversed(users):
            self.known(user)
        return len(users)


def _nobody(served: ServedModel, seen: np.ndarray, live: np.ndarray | None = None) -> Asked:
    return Asked(served.model, None, -1, POPULAR, seen, seen if live is None else live, 0)


def _source(model: Scorer, row: int, otherwise: str) -> str:
    """Return what a list is made from: popularity where the model knows nothing of the user's choices."""
    return POPULAR if silent_about(model, np.array([row]))[0] else otherwise


def _revision(live: Mapping[str, LiveRating]) -> int:
    return max(rating.revision for rating in live.values())


def _now(served: ServedModel) -> int:
    """Return the time of a live rating in units of the training ratings: the latest that the model
    knows of.
    """
    times: Any = served.model.ratings.timestamp
    return int(times.max()) if len(times) else 0
