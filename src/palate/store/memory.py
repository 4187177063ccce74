"""A store that lasts as long as the process: for trying things out, and where nothing is to be kept."""

import secrets
import threading
from collections.abc import Mapping, Sequence

from palate.store.changes import Change, Forgotten, LiveRating
from palate.store.mirror import Mirror, digest_of


class MemoryStore:
    """Live ratings that nobody keeps.

    Examples
    --------
    >>> store = MemoryStore()
    >>> store.write([Change("al", "x", 4.0), Change("al", "y", 2.0)])
    2
    >>> {item: rating.value for item, rating in store.of("al").items()}
    {'x': 4.0, 'y': 2.0}
    >>> store.forget("al"), store.is_forgotten("al"), dict(store.of("al"))
    (Forgotten(user='al', n_deleted=2), True, {})
    """

    def __init__(self) -> None:
        self._mirror = Mirror(secrets.token_bytes(16))
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"MemoryStore({self.n_ratings:,} ratings)"

    def write(self, changes: Sequence[Change]) -> int:
        """Keep these changes; return the revision of the last one."""
        with self._lock:
            first = self._mirror.revision + 1
            self._mirror.apply([(change, first + place) for place, change in enumerate(changes)])
            return self._mirror.revision

    def forget(self, user: str) -> Forgotten:
        """Delete a user's ratings and remember that the user is to be left out."""
        with self._lock:
            gone = Forgotten(user, len(self._mirror.of(user)))
            self._mirror.forget(digest_of(user, self._mirror.salt), self._mirror.revision + 1, user)
            return gone

    def of(self, user: str) -> Mapping[str, LiveRating]:
        """Return what is known of a user by item."""
        return self._mirror.of(user)

    def revision_of(self, user: str) -> int:
        """Return the revision of the last change of this user, 0 without one."""
        return self._mirror.revision_of(user)

    def is_forgotten(self, user: str) -> bool:
        """Return whether the user asked to be forgotten."""
        return self._mirror.is_forgotten(user)

    def users(self) -> list[str]:
        """Return the users with live ratings, those of the latest changes first."""
        return self._mirror.users()

    @property
    def n_ratings(self) -> int:
        """How many pairs are known."""
        return self._mirror.n_ratings

    @property
    def waiting(self) -> int:
        """No write ever waits."""
        return 0

    def problem(self) -> None:
        """Return None: memory can be written."""

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
