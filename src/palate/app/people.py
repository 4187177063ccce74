"""Who a question is about: a user of the training, one with live ratings, or somebody unknown."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from palate._recent import Recent
from palate.app.answers import FOLD_IN, POPULAR, STORED, ItemInfo, OwnRating, UserInfo
from palate.app.asked import Asked, positions
from palate.app.errors import UnknownUser
from palate.app.served import ServedModel
from palate.data.vocabulary import Vocabulary
from palate.lists.popular import silent_about
from palate.model.new_users import NewUser
from palate.model.user_ratings import UserRatings, last_time, matrix_of
from palate.store.changes import RATED, REMOVED, LiveRating
from palate.store.mirror import RatingStore

FOLDED = 10_000  # users with live ratings whose vectors are kept ready, for each model
TOGETHER = 32  # users that are folded in at once when a model is taken into use


class People:
    """The users of one model and a store: each is folded in once after every change."""

    def __init__(self, served: ServedModel, store: RatingStore) -> None:
        self.served = served
        self.store = store
        self._folded: Recent[tuple[str, int], Asked] = Recent(FOLDED)

    def stored_row(self, user: str) -> int:
        """Return a user's row in the model, -1 for one it does not know or who asked to be forgotten."""
        return -1 if self.store.is_forgotten(user) else self.served.user_index(user)

    def info(self, user: str) -> UserInfo:
        """Return what is known of a user; UnknownUser if that is nothing."""
        live, row = self._something(user)
        return UserInfo(
            id=user,
            source=self.known(user).source,
            n_model_ratings=len(self.served.own_ratings(row).rated),
            n_live_ratings=sum(rating.state != REMOVED for rating in live.values()),
            revision=self.store.revision_of(user),
        )

    def ratings(self, user: str) -> list[OwnRating]:
        """Return a user's live ratings, latest first, then those of the training, highest first.

        A live rating replaces one of the same item. UnknownUser is raised if nothing is known of the user.
        """
        live, row = self._something(user)
        served, out = self.served, []
        for item, rating in sorted(live.items(), key=lambda pair: -pair[1].revision):
            if rating.state != REMOVED:
                index = served.find_item(item)
                about = ItemInfo(item) if index < 0 else served.item(index)
                out.append(OwnRating(about, rating.value, rating.state, "live", rating.at))
        if row < 0 or served.model.ratings is None:
            return out
        items, values, held_out = served.model.ratings.row(row)
        for at in np.argsort(-values, kind="stable").tolist():
            about = served.item(int(items[at]))
            if about.id not in live:
                out.append(OwnRating(about, float(values[at]), RATED, "model", held_out=bool(held_out[at])))
        return out

    def _something(self, user: str) -> tuple[Mapping[str, LiveRating], int]:
        """Return a user's live ratings and row; UnknownUser if there is neither."""
        live, row = self.store.of(user), self.stored_row(user)
        if not live and row < 0:
            why = f"not in model {self.served.id!r}, and without live ratings"
            raise UnknownUser(f"user {user!r} is unknown: {why}.")
        return live, row

    def known(self, user: str) -> Asked:
        """Return a user by id; somebody nothing is known of has the source "popular fallback"."""
        live, row = self.store.of(user), self.stored_row(user)
        if live:
            return self._folded.get((user, _revision(live)), lambda: self.fold(user, live, row))
        if row < 0:
            return _nobody(self.served, positions([]))
        own, model = self.served.own_ratings(row).rated, self.served.model
        source = POPULAR if silent_about(model, np.array([row]))[0] else STORED
        return Asked(model, model.users.id(row), row, source, own, positions([]), len(own))

    def is_ready(self, user: str) -> bool:
        """Return whether nothing has to be folded in before the user can be answered."""
        live = self.store.of(user)
        return not live or (user, _revision(live)) in self._folded

    def fold(self, user: str, live: Mapping[str, LiveRating], row: int) -> Asked:
        """Return a user with live ratings, which win over those of the model's training.

        Raises BadRating for a rating that this model cannot hold.
        """
        found = self._rated(user, live, row)
        return self._fold_rows([found])[0] if isinstance(found.user, NewUser) else found

    def _rated(self, user: str, live: Mapping[str, LiveRating], row: int) -> Asked:
        """Return a user with live ratings; where there is something to fold in, it is a `NewUser`."""
        served = self.served
        at = {served.find_item(item): rating for item, rating in live.items()}
        at.pop(-1, None)  # of another model's items
        shown = positions(place for place, rating in at.items() if rating.state != REMOVED)
        # the vector is all that is known; the live ratings cannot join it
        if row >= 0 and served.model.ratings is None:
            return Asked(served.model, served.model.users.id(row), row, STORED, shown, shown, 0)
        own = served.own_ratings(row)
        kept = own.only(~np.isin(own.rated, np.fromiter(at, np.int32)))
        seen = np.union1d(kept.rated, shown).astype(np.int32)
        rated = {place: rating.value for place, rating in at.items() if rating.state == RATED}
        values = served.checked_ratings(list(rated.values()))
        new = UserRatings(rated=np.fromiter(rated, np.int32), values=values)
        # the time of live ratings is the latest that the model knows of, in its units
        every = NewUser(id=user, **vars(kept.with_new(new, last_time(served.model.ratings))))
        if not len(every.rated):
            return _nobody(served, seen, shown)
        return Asked(served.model, every, -1, FOLD_IN, seen, shown, len(every.rated))

    def _fold_rows(self, rated: Sequence[Asked]) -> list[Asked]:
        """Return new users, folded in together; each is as they would be alone."""
        ids = Vocabulary.from_ids([one.user.id for one in rated])
        rows = [rated[place] for place in np.argsort(ids.indices([one.user.id for one in rated]))]
        folded = self.served.folded(ids, matrix_of([one.user for one in rows], len(self.served.model.items)))
        silent = silent_about(folded, np.arange(len(rows)))
        return [
            replace(one, model=folded, user=one.user.id, row=row, source=POPULAR if silent[row] else FOLD_IN)
            for row, one in enumerate(rows)
        ]

    def stranger(self, ratings: Mapping[str, float]) -> Asked:
        """Return somebody who is known by the ratings sent along alone.

        All of them must be of the model's items.
        """
        served = self.served
        rated = {served.item_index(item): value for item, value in ratings.items()}
        if not rated:
            return _nobody(served, positions([]))
        items, values = np.fromiter(rated, np.int32), served.checked_ratings(list(rated.values()))
        order = np.argsort(items)
        seen = items[order]
        new = NewUser(id="you", rated=seen, values=values[order])
        return self._fold_rows([Asked(served.model, new, -1, FOLD_IN, seen, seen, len(seen))])[0]

    def fold_all(self, share: float = 1.0) -> int:
        """Fold in every user with live ratings that will be kept ready, latest first; return how many.

        With a `share` below 1 it takes that share of the time and leaves the rest to other threads.
        """
        users = self.store.users()[:FOLDED][::-1]
        for start in range(0, len(users), TOGETHER):
            began = time.perf_counter()
            for key, asked in self._fold_many(users[start : start + TOGETHER]):
                self._folded.put(key, asked)
            time.sleep((time.perf_counter() - began) * (1 / share - 1))
        return len(users)

    def _fold_many(self, users: Sequence[str]) -> Iterator[tuple[tuple[str, int], Asked]]:
        """Yield users with live ratings, with what each is kept by; many are folded in at once."""
        keys, together = {}, []
        for user in users:
            live = self.store.of(user)
            if live:
                keys[user] = user, _revision(live)
                found = self._rated(user, live, self.stored_row(user))
                if isinstance(found.user, NewUser):
                    together.append(found)
                else:
                    yield keys[user], found
        for asked in self._fold_rows(together) if together else ():
            yield keys[asked.user], asked


def _nobody(served: ServedModel, seen: np.ndarray, live: np.ndarray | None = None) -> Asked:
    return Asked(served.model, None, -1, POPULAR, seen, seen if live is None else live, 0)


def _revision(live: Mapping[str, LiveRating]) -> int:
    return max(rating.revision for rating in live.values())
