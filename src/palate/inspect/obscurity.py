"""How obscure recommendations are, and how far predictions leave the rating scale."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.lists.obscurity import Known
from palate.lists.recommending import recommend
from palate.scorer import Scorer

_CHUNK = 1 << 22  # predictions held at a time


@dataclass(frozen=True, kw_only=True)
class Obscurity:
    """Figures about everyone's top n under one scorer.

    Parameters
    ----------
    n : int
        Length of each user's list.
    median_n_ratings : float
        Half of the recommended items have at most so many ratings.
    rare_share : float
        Share of the recommended items with fewer than five ratings.
    highest : float
        Highest prediction in any list.
    """

    n: int
    median_n_ratings: float
    rare_share: float
    highest: float


def top_items(scorer: Scorer, n: int = 10) -> pl.DataFrame:
    """Return everyone's top n, seen items left out: user_id, item_id, rank, predicted_rating, n_ratings.

    Parameters
    ----------
    scorer : Scorer
        With its ratings.
    n : int, default 10

    Raises
    ------
    ValueError
        If the scorer was saved without its ratings, or n is below 1.

    Examples
    --------
    >>> from palate.data.ratings import Ratings
    >>> from palate.training.baseline import Baseline
    >>> ratings = Ratings.from_arrays([1, 1, 2, 3], ["a", "b", "a", "c"], [5, 3, 4, 5])
    >>> top_items(Baseline().fit(ratings, validation=0), n=1).select("user_id", "item_id", "n_ratings").rows()
    [(1, 'c', 1), (2, 'c', 1), (3, 'a', 2)]
    """
    frame = pl.DataFrame(recommend(scorer, None, n))
    return frame.select(names.USER_ID, names.ITEM_ID, names.RANK, frame.columns[3], names.N_RATINGS)


def obscurity_of(top: pl.DataFrame) -> Obscurity:
    """Return the figures of a frame from `top_items`.

    Parameters
    ----------
    top : polars.DataFrame
        At least one row.

    Examples
    --------
    >>> top = pl.DataFrame(
    ...     {
    ...         "user_id": [1, 1],
    ...         "item_id": [7, 8],
    ...         "rank": [1, 2],
    ...         "predicted_rating": [4.5, 4.0],
    ...         "n_ratings": [3, 9],
    ...     }
    ... )
    >>> obscurity_of(top)
    Obscurity(n=2, median_n_ratings=6.0, rare_share=0.5, highest=4.5)
    """
    known = Known.of(top[names.N_RATINGS].to_numpy())
    return Obscurity(
        n=int(top[names.RANK].to_numpy().max()),
        median_n_ratings=known.median,
        rare_share=known.rare_share,
        highest=float(top[top.columns[3]].to_numpy().max()),
    )


def outside_share(scorer: Scorer) -> float:
    """Return the share of all predictions (every user, every item) that lie outside the rating scale.

    Parameters
    ----------
    scorer : Scorer
        With a scale.

    Raises
    ------
    ValueError
        If the scorer's scores have no scale.
    """
    if scorer.scale is None:
        raise ValueError("outside_share needs ratings; these scores have no scale.")
    low, high = scorer.scale
    n_users, n_items = len(scorer.users), len(scorer.items)
    step = max(1, _CHUNK // max(1, n_items))
    outside = 0
    for first in range(0, n_users, step):
        scores = scorer.score_items(np.arange(first, min(first + step, n_users)))
        outside += int(np.count_nonzero((scores < low) | (scores > high)))
    return outside / (n_users * n_items)
