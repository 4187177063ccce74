"""How well known the items of lists are, by their numbers of ratings. All such figures are computed here."""

from dataclasses import dataclass

import numpy as np

RARE = 5  # fewer ratings than this are rare


@dataclass(frozen=True, kw_only=True)
class Known:
    """How well known the items of lists are. All figures of empty lists are NaN.

    Parameters
    ----------
    median : float
        Half of the places have items of at most so many ratings.
    low, high : float
        A tenth has items of at most so many, and a tenth of at least so many.
    rare_share : float
        Share of the places with items of few ratings.
    """

    median: float
    low: float
    high: float
    rare_share: float

    @classmethod
    def of(cls, n_ratings: np.ndarray, few: int = RARE) -> "Known":
        """Return the figures of lists whose items have these numbers of ratings, one for each place.

        An item has few ratings below `few`.

        Examples
        --------
        >>> Known.of(np.array([1, 3, 8]), few=3).median
        3.0
        """
        if not len(n_ratings):
            return cls(median=np.nan, low=np.nan, high=np.nan, rare_share=np.nan)
        low, high = np.quantile(n_ratings, (0.1, 0.9))
        return cls(
            median=float(np.median(n_ratings)),
            low=float(low),
            high=float(high),
            rare_share=float((n_ratings < few).mean()),
        )


def coverage(appearances: np.ndarray) -> float:
    """Return the share of the items that are in at least one list.

    `appearances` counts the lists of each item.
    """
    return float(np.count_nonzero(appearances) / len(appearances)) if len(appearances) else float("nan")


def groups_by_count(counts: np.ndarray) -> np.ndarray:
    """Return the group of each number of ratings, int64: 0, 1, 2 to 3, 4 to 7, and so on.

    Examples
    --------
    >>> groups_by_count(np.array([0, 1, 2, 3, 4])).tolist()
    [0, 1, 2, 2, 3]
    """
    return np.where(counts > 0, np.floor(np.log2(np.maximum(counts, 1))) + 1, 0).astype(np.int64)


def ends_of_groups(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest number of ratings in each group of `groups_by_count`.

    Examples
    --------
    >>> [ends.tolist() for ends in ends_of_groups(np.arange(4))]
    [[0, 1, 2, 4], [0, 1, 3, 7]]
    """
    low = np.where(groups > 0, 1 << np.maximum(groups - 1, 0), 0).astype(np.int64)
    return low, np.maximum(2 * low - 1, 0)
