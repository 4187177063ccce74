"""The items that may be ranked for users, and in which order: the input of every ranking."""

from dataclasses import dataclass, field

import numpy as np

from palate._checks import Words
from palate.scorer import Scorer

ALL = np.zeros(0, dtype=bool)  # the mask of all items
NOTHING = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)  # seen by anybody


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool:
    """The items that may be in the lists of users.

    Parameters
    ----------
    mask : ndarray of shape (n_items,), bool
        Which items may be ranked, for all users; all of them when empty.
    seen : tuple of ndarray
        (indptr, items): what each user has seen, which is left out; nothing when empty.
    ascending : bool, default False
        Rank the lowest scores instead of the highest.
    threads : int, optional
        All processors when None.
    """

    mask: np.ndarray = field(default_factory=lambda: ALL)
    seen: tuple[np.ndarray, np.ndarray] = field(default_factory=lambda: NOTHING)
    ascending: bool = False
    threads: int | None = None

    @classmethod
    def of(
        cls,
        scorer: Scorer,
        allowed: np.ndarray | None = None,
        exclude_seen: bool = False,
        ascending: bool = False,
        threads: int | None = None,
    ) -> "Pool":
        """Return the `allowed` items of a scorer (all of them for None), without rated ones if asked for.

        Raises
        ------
        ValueError
            If `exclude_seen` is asked of a scorer without ratings.
        """
        mask, seen = ALL if allowed is None or allowed.all() else np.ascontiguousarray(allowed), NOTHING
        if exclude_seen:
            if scorer.ratings is None:
                raise ValueError(
                    Words.of(
                        "`exclude_seen=True` needs the ratings of the model, which was saved without them. "
                        "Pass `exclude_seen=False`, or save the model with its ratings."
                    )
                )
            seen = scorer.ratings.indptr, scorer.ratings.items
        return cls(mask=mask, seen=seen, ascending=ascending, threads=threads)

    def size(self, n_items: int) -> int:
        """Return how many of a scorer's `n_items` items may be ranked."""
        return int(self.mask.sum()) if self.mask.size else n_items

    def seen_by(self, user: int) -> np.ndarray:
        """Return the items that a user has seen."""
        indptr, items = self.seen
        return items[indptr[user] : indptr[user + 1]] if indptr.size else items
