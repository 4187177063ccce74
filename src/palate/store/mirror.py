"""What every store is: a copy in memory, from which everything is read, and changes that are kept."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from palate.store.changes import Change, Forgotten, LiveRating

_NOTHING: Mapping[str, LiveRating] = MappingProxyType({})


def digest_of(user: str, salt: bytes) -> str:
    """Return the salted digest by which a forgotten user is recognised without the id.

    Examples
    --------
    >>> (
    ...     digest_of("al", b"salt") == digest_of("al", b"salt"),
    ...     digest_of("al", b"salt") == digest_of("al", b"other"),
    ... )
    (True, False)
    """
    return hashlib.blake2b(user.encode("utf-8", "surrogatepass"), key=salt, digest_size=16).hexdigest()


class Mirror:
    """Live ratings by user.

    Each user's mapping is replaced, never changed: whoever holds one may go on reading it.
    """

    def __init__(self, salt: bytes) -> None:
        self.salt = salt
        self.revision = 0
        self.n_ratings = 0
        self._lock = threading.Lock()
        self._ratings: dict[str, Mapping[str, LiveRating]] = {}
        self._revisions: dict[str, int] = {}
        self._forgotten: dict[str, int] = {}

    def apply(self, changes: Sequence[tuple[Change, int]]) -> None:
        """Take in changes with their revisions.

        One that is older than what is known of its pair changes nothing.
        """
        with self._lock:
            by_user: dict[str, dict[str, LiveRating]] = {}
            for change, revision in changes:
                own = by_user.get(change.user)
                if own is None:
                    own = by_user[change.user] = dict(self._ratings.get(change.user, _NOTHING))
                before = own.get(change.item)
                if revision < self._forgotten_at(change.user) or (before and before.revision > revision):
                    continue
                own[change.item] = LiveRating(change.value, change.state, change.at, revision)
                self.n_ratings += before is None
                self._revisions[change.user] = max(revision, self._revisions.get(change.user, 0))
                self.revision = max(revision, self.revision)
            for user, ratings in by_user.items():
                self._ratings[user] = MappingProxyType(ratings)

    def _forgotten_at(self, user: str) -> int:
        return self._forgotten.get(digest_of(user, self.salt), 0) if self._forgotten else 0

    def forget(self, digest: str, revision: int, user: str | None = None) -> None:
        """Drop what is known of a user from before this revision; without `user` the digest is looked up."""
        with self._lock:
            self._forgotten[digest] = max(revision, self._forgotten.get(digest, 0))
            self.revision = max(revision, self.revision)
            gone = (
                [user]
                if user is not None
                else [name for name in self._ratings if digest_of(name, self.salt) == digest]
            )
            for name in gone:
                before = self._ratings.pop(name, _NOTHING)
                left = {item: rating for item, rating in before.items() if rating.revision > revision}
                self.n_ratings -= len(before) - len(left)
                if left:
                    self._ratings[name] = MappingProxyType(left)
                self._revisions[name] = max(revision, self._revisions.get(name, 0))

    def of(self, user: str) -> Mapping[str, LiveRating]:
        """Return what is known of a user by item."""
        return self._ratings.get(user, _NOTHING)

    def revision_of(self, user: str) -> int:
        """Return the revision of the last change of this user, 0 without one."""
        return self._revisions.get(user, 0)

    def is_forgotten(self, user: str) -> bool:
        """Return whether the user asked to be forgotten."""
        return bool(self._forgotten) and digest_of(user, self.salt) in self._forgotten

    def users(self) -> list[str]:
        """Return the users with live ratings, those of the latest changes first."""
        with self._lock:
            return sorted(self._ratings, key=lambda user: -self._revisions[user])


class RatingStore:
    """Where live ratings are kept.

    `write` and `forget` return after what they did is durable, and are in order.

    Each change raises the store's revision by one. All of it is in memory as well, so that reading
    never waits.
    """

    mirror: Mirror

    def write(self, changes: Sequence[Change]) -> int:
        """Keep all of these changes or none; return the revision of the last one. Raises StoreError."""
        raise NotImplementedError

    def forget(self, user: str) -> Forgotten:
        """Delete a user's ratings and remember that the user is to be left out of models trained before.

        Raises StoreError.
        """
        raise NotImplementedError

    def of(self, user: str) -> Mapping[str, LiveRating]:
        """Return what the store knows of a user by item, as a mapping that never changes."""
        return self.mirror.of(user)

    def revision_of(self, user: str) -> int:
        """Return the revision of the last change of this user, 0 without one."""
        return self.mirror.revision_of(user)

    def is_forgotten(self, user: str) -> bool:
        """Return whether the user asked to be forgotten."""
        return self.mirror.is_forgotten(user)

    def users(self) -> list[str]:
        """Return the users with live ratings, those of the latest changes first."""
        return self.mirror.users()

    @property
    def n_ratings(self) -> int:
        """How many pairs the store knows of."""
        return self.mirror.n_ratings

    @property
    def waiting(self) -> int:
        """How many writes wait to be committed."""
        return 0

    def problem(self) -> str | None:
        """Return why nothing can be written, or None; tries to write if the last write failed."""
        return None

    def close(self) -> None:
        """Commit what waits and let go of the store."""
