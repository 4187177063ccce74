"""A store that lasts as long as the process: for trying things out, and where nothing is to be kept."""

import secrets
import threading
from collections.abc import Sequence

from palate.store.changes import Change, Forgotten
from palate.store.mirror import Mirror, RatingStore, digest_of


class MemoryStore(RatingStore):
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
        self.mirror = Mirror(secrets.token_bytes(16))
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"MemoryStore({self.n_ratings:,} ratings)"

    def write(self, changes: Sequence[Change]) -> int:
        """Keep these changes; return the revision of the last one."""
        with self._lock:
            first = self.mirror.revision + 1
            self.mirror.apply([(change, first + place) for place, change in enumerate(changes)])
            return self.mirror.revision

    def forget(self, user: str) -> Forgotten:
        """Delete a user's ratings and remember that the user is to be left out."""
        with self._lock:
            gone = Forgotten(user, len(self.mirror.of(user)))
            self.mirror.forget(digest_of(user, self.mirror.salt), self.mirror.revision + 1, user)
            return gone
