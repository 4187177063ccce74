"""What a store keeps: live ratings, marks without an opinion, removals, and who asked to be forgotten."""

import time
from dataclasses import dataclass, field

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
