"""What a store keeps: live ratings, marks without an opinion, removals, and who asked to be forgotten."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

RATED, SEEN, REMOVED = "rated", "seen", "removed"
STATES = (RATED, SEEN, REMOVED)


class StoreError(RuntimeError):
    """The store could not be opened, read or written; the message says why and what to do.

    What was acknowledged stays.
    """


@dataclass(frozen=True, slots=True)
class Change:
    """One thing a user says of one item.

    Parameters
    ----------
    user, item : str
    value : float, optional
        The rating. Without one the user has seen the item and has no opinion of it, unless `removed`.
    removed : bool, default False
        Whether the user takes back what was said, in a model's training data too.
    at : int
        Unix time in seconds.

    Examples
    --------
    >>> Change("al", "x", 4.0).state, Change("al", "x").state, Change("al", "x", removed=True).state
    ('rated', 'seen', 'removed')
    """

    user: str
    item: str
    value: float | None = None
    removed: bool = False
    at: int = field(default_factory=lambda: int(time.time()))

    @property
    def state(self) -> str:
        """What the change makes of the pair: "rated", "seen" or "removed"."""
        return REMOVED if self.removed else SEEN if self.value is None else RATED


@dataclass(frozen=True, slots=True)
class LiveRating:
    """What a store knows of one pair: the last change and the revision of the store that it made."""

    value: float | None
    state: str
    at: int
    revision: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a forgotten user had in the store: the number of ratings that were deleted."""

    user: str
    n_deleted: int


@runtime_checkable
class RatingStore(Protocol):
    """Where live ratings are kept.

    `write` and `forget` return after what they did is durable, and are in order.

    Each change raises the store's revision by one. All of it is in memory as well, so that reading
    never waits.
    """

    def write(self, changes: Sequence[Change]) -> int:
        """Keep all of these changes or none; return the revision of the last one. Raises StoreError."""
        ...

    def forget(self, user: str) -> Forgotten:
        """Delete a user's ratings and remember that the user is to be left out of models trained before.

        Raises StoreError.
        """
        ...

    def of(self, user: str) -> Mapping[str, LiveRating]:
        """Return what the store knows of a user by item, as a mapping that never changes."""
        ...

    def revision_of(self, user: str) -> int:
        """Return the revision of the last change of this user, 0 without one."""
        ...

    def is_forgotten(self, user: str) -> bool:
        """Return whether the user asked to be forgotten."""
        ...

    def users(self) -> list[str]:
        """Return the users with live ratings, those of the latest changes first."""
        ...

    @property
    def n_ratings(self) -> int:
        """How many pairs the store knows of."""
        ...

    @property
    def waiting(self) -> int:
        """How many writes wait to be committed."""
        ...

    def problem(self) -> str | None:
        """Return why nothing can be written, or None; tries to write if the last write failed."""
        ...

    def close(self) -> None:
        """Commit what waits and let go of the store."""
        ...
