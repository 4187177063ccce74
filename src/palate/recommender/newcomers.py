"""What users get of whom nothing is known: the most popular items, or what was popular lately.

It is judged by what users chose who came in the latest tenth of the ratings.
"""

import numpy as np

from palate.data.ratings import Ratings
from palate.recommender.candidates import LATELY
from palate.recommender.choosing import K, Test, clearly_higher
from palate.solve.grades import MIN_RATINGS, popularity

FEWEST = 200  # new users below which the most popular items stay


def for_newcomers(train: Ratings, late: Ratings, lowest: float) -> tuple[float, str] | None:
    """Return the half-life of popularity with the best lists for new users, and how good they are in words.

    None if the most popular items are as good. The half-life is in the unit of the times.

    Parameters
    ----------
    train : Ratings
        Earlier ratings, with times.
    late : Ratings
        The latest ratings, of the same users and items.
    lowest : float
        The lowest relevant rating.
    """
    test = _of_newcomers(train, late, lowest)
    if len(test.users) < FEWEST or not len(train) or train.timestamp is None:
        return None
    span = float(np.ptp(train.timestamp))
    if not span:
        return None
    ever = _quality(train, None, test)
    found = max(
        ((_quality(train, span * share, test), span * share) for share in LATELY),
        key=lambda one: float(one[0].mean()),
    )
    if not clearly_higher(found[0], ever):
        return None
    note = (
        "Users of whom nothing is known get the items that were popular lately: for "
        f"{len(test.users):,} users who were new in the latest tenth of all ratings these have nDCG@10 "
        f"{found[0].mean():.4f}, and the most popular items of all time have {ever.mean():.4f}."
    )
    return found[1], note


def _of_newcomers(train: Ratings, late: Ratings, lowest: float) -> Test:
    """Return the test of lists for users without earlier ratings."""
    relevant = (late.value >= lowest) & (np.diff(train.user_indptr) == 0)[late.user_index]
    users, row = np.unique(late.user_index[relevant].astype(np.int64), return_inverse=True)
    nothing = np.zeros(train.n_users + 1, np.int64), np.zeros(0, np.int32)
    return Test(users, row, late.item_index[relevant].astype(np.int64), nothing, train.n_items)


def _quality(train: Ratings, half_life: float | None, test: Test) -> np.ndarray:
    """Return each user's nDCG@10 of the same list for all."""
    counts = popularity(train.item_index, train.n_items, train.timestamp, half_life, MIN_RATINGS)
    first = np.argsort(-counts, kind="stable")[:K].astype(np.int32)
    return test.quality(np.tile(first, (len(test.users), 1)))
