"""The lists that users got, beside what was relevant to them: what every metric of lists is computed from."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Lists:
    """One list per user, best item first, marked with what turned out relevant.

    Parameters
    ----------
    items : ndarray of shape (n_users, n), int32
        Item indexes; -1 where a list is shorter. There are as many places as the longest k.
    gain : ndarray of shape (n_users, n), float64
        What each place is worth: 0 unless the item is relevant, else 1 (binary) or its rating (graded).
    hit : ndarray of shape (n_users, n), bool
        Whether the item is relevant.
    n_relevant : ndarray of shape (n_users,), int64
        Relevant items of the user, those the scorer does not know among them.
    ideal : ndarray of shape (n_users, n), float64
        The gains of the best possible list.
    found : ndarray of shape (n_pairs,), int64
        For each relevant pair, the rank at which it was listed, or 0.
    """

    items: np.ndarray
    gain: np.ndarray
    hit: np.ndarray
    n_relevant: np.ndarray
    ideal: np.ndarray
    found: np.ndarray

    @property
    def n(self) -> int:
        """Number of places of each list, free ones included."""
        return int(self.items.shape[1])

    @classmethod
    def match(
        cls, items: np.ndarray, n_items: int, row: np.ndarray, item: np.ndarray, worth: np.ndarray
    ) -> "Lists":
        """Mark lists with the relevant pairs.

        Parameters
        ----------
        items : ndarray of shape (n_users, n), int32
        n_items : int
            Number of items the scorer knows.
        row, item : ndarray of shape (n_pairs,), int64
            The relevant pairs: row in `items`, and item index or -1 for an item the scorer does not
            know. No pair twice.
        worth : ndarray of shape (n_pairs,), float64
            Gain of each pair, at least 0.

        Examples
        --------
        >>> lists = Lists.match(
        ...     np.array([[2, 0, 1]]),
        ...     3,
        ...     row=np.array([0, 0]),
        ...     item=np.array([0, -1]),
        ...     worth=np.ones(2),
        ... )
        >>> lists.hit.tolist(), lists.n_relevant.tolist(), lists.found.tolist()
        ([[False, True, False]], [2], [2, 0])
        """
        n_users, n = items.shape
        order = np.lexsort((item, row))
        keys = row[order] * (n_items + 1) + item[order] + 1  # the item -1 comes first in its row
        wanted = np.arange(n_users)[:, None] * (n_items + 1) + items + 1
        at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        hit = (keys[at] == wanted) & (items >= 0) if len(keys) else np.zeros(items.shape, dtype=bool)
        found = np.zeros(len(row), dtype=np.int64)
        found[order[at[hit]]] = np.nonzero(hit)[1] + 1
        gain = np.where(hit, worth[order[at]], 0.0) if len(keys) else np.zeros(items.shape)
        n_relevant = np.bincount(row, minlength=n_users)
        return cls(items, gain, hit, n_relevant, _ideal(n_users, n, row, worth), found)


def _ideal(n_users: int, n: int, row: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Return each user's n highest gains, descending, 0 where there are fewer relevant items."""
    order = np.lexsort((-worth, row))
    row = row[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    inside = place < n
    ideal = np.zeros((n_users, n))
    ideal[row[inside], place[inside]] = worth[order][inside]
    return ideal
