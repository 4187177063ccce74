"""The ways to split ratings.

Each is drawn with a seed and depends on the ratings alone, never on the order of their rows.
"""

import datetime
import math

import numpy as np

from palate._checks import (
    ArgumentError,
    ArgumentTypeError,
    Setting,
    Words,
    check_count,
    check_share,
    is_number,
)
from palate._random import from_seed
from palate.data.dataset import Dataset, ratings_of
from palate.data.ratings import Ratings
from palate.splits.parts import FOLD_IN, TEST, TRAIN, Folds, Split

MAX_FOLDS = 1000


def random(ratings: Ratings | Dataset, share: float = 0.2, *, seed: int = 0) -> Split:
    """Return a split that tests a random share of the ratings.

    Parameters
    ----------
    ratings : Ratings or Dataset
    share : float, default 0.2
        Exactly `round(share * n_ratings)` are tested.
    seed : int, default 0

    Raises
    ------
    ValueError
        If the share is not between 0 and 1, or leaves one part empty.

    Examples
    --------
    >>> len(random(Ratings.from_arrays([1, 1, 2, 2], list("abab"), [5, 3, 4, 2]), share=0.25).test)
    1
    """
    ratings = ratings_of(ratings)
    check_share("share", share)
    n_test = round(share * len(ratings))
    part = np.full(len(ratings), TRAIN, dtype=np.uint8)
    part[from_seed(seed).permutation(len(ratings))[:n_test]] = TEST
    return _checked(Split(ratings, part, "random", {"share": float(share), "seed": int(seed)}))


def k_fold(ratings: Ratings | Dataset, n_folds: int = 5, *, seed: int = 0) -> Folds:
    """Return folds for cross-validation.

    Each rating is tested in one of the folds and trained on in the others.

    Parameters
    ----------
    ratings : Ratings or Dataset
    n_folds : int, default 5
        From 2 to 1,000. The sizes of the folds differ by at most one.
    seed : int, default 0

    Raises
    ------
    ValueError
        If there are fewer ratings than folds, or the number is out of range.

    Examples
    --------
    >>> [
    ...     len(split.test)
    ...     for split in k_fold(Ratings.from_arrays([1, 1, 2], list("abb"), [5, 3, 4]), n_folds=2)
    ... ]
    [2, 1]
    """
    ratings = ratings_of(ratings)
    check_count("n_folds", n_folds, 2, MAX_FOLDS)
    if n_folds > len(ratings):
        raise ArgumentError("n_folds", f"be at most the number of ratings, {len(ratings):,}", f"{n_folds}")
    fold = np.empty(len(ratings), dtype=np.uint16)
    fold[from_seed(seed).permutation(len(ratings))] = np.arange(len(ratings)) % n_folds
    return Folds(ratings, fold, "k_fold", {"n_folds": int(n_folds), "seed": int(seed)})


def per_user(
    ratings: Ratings | Dataset, *, n: int | None = None, share: float | None = None, seed: int = 0
) -> Split:
    """Return a split that tests the same number, or the same share, of every user's ratings.

    Every user keeps at least one training rating; a user with a single rating is not tested.

    Parameters
    ----------
    ratings : Ratings or Dataset
    n : int, optional
        Ratings to test per user.
    share : float, optional
        Share to test, rounded to the nearest number; 0.2 if neither is given.
    seed : int, default 0

    Raises
    ------
    ValueError
        If both are given, one is out of range, or nothing is left to test.

    Examples
    --------
    >>> ratings = Ratings.from_arrays([1, 1, 1, 2, 2, 3], list("abcaba"), [5, 3, 4, 2, 1, 5])
    >>> per_user(ratings, n=1).test.user_index.tolist()
    [0, 1]
    """
    ratings = ratings_of(ratings)
    if n is not None and share is not None:
        raise ValueError(f"per_user takes either n or share; got n={n} and share={share}.")
    counts = np.diff(ratings.user_indptr)
    if n is not None:
        check_count("n", n, 1)
        wanted = np.full(len(counts), n)
    else:
        share = 0.2 if share is None else share
        check_share("share", share)
        wanted = np.floor(share * counts + 0.5).astype(np.int64)
    n_test = np.minimum(wanted, np.maximum(counts - 1, 0))
    part = _last_of_each(ratings.user_index, from_seed(seed).random(len(ratings)), n_test)
    return _checked(Split(ratings, part, "per_user", {"n": n, "share": share, "seed": int(seed)}))


def share_of_each(ratings: Ratings, share: float, *, seed: int = 0) -> np.ndarray:
    """Return a mask of a random share of every user's ratings, of users with few ratings on average.

    Where the share is less than one rating, it is one as often as the share says; else it is rounded to
    the nearest number. A rating of every user stays out.

    Examples
    --------
    >>> ratings = Ratings.from_arrays(np.arange(2000) // 2, np.arange(2000) % 7, np.ones(2000))
    >>> round(float(share_of_each(ratings, 0.1).mean()), 2)
    0.1
    """
    counts, rng = np.diff(ratings.user_indptr), from_seed(seed)
    order = rng.random(len(ratings))
    expected = share * counts
    wanted = np.floor(expected + np.where(expected < 1, rng.random(len(counts)), 0.5)).astype(np.int64)
    n_test = np.minimum(wanted, np.maximum(counts - 1, 0))
    return np.asarray(_last_of_each(ratings.user_index, order, n_test) == TEST)


def leave_one_out(ratings: Ratings | Dataset, *, latest: bool | None = None, seed: int = 0) -> Split:
    """Return a split that tests one rating of every user who has two or more.

    Parameters
    ----------
    ratings : Ratings or Dataset
    latest : bool, optional
        Whether to test the user's latest rating (a random one of several at the same time) or a
        random rating. Default: the latest if there are times.
    seed : int, default 0

    Raises
    ------
    ValueError
        If the latest is asked for without times, or no user has two ratings.

    Examples
    --------
    >>> ratings = Ratings.from_arrays([1, 1, 2, 2], list("abab"), [5, 3, 4, 2], timestamp=[20, 10, 30, 40])
    >>> leave_one_out(ratings).test.item_index.tolist()
    [0, 1]
    """
    ratings = ratings_of(ratings)
    if latest is None:
        latest = ratings.timestamp is not None
    draw = from_seed(seed).random(len(ratings))
    n_test = (np.diff(ratings.user_indptr) > 1).astype(np.int64)
    part = _last_of_each(ratings.user_index, draw, n_test, _times(ratings, "latest=True") if latest else None)
    return _checked(Split(ratings, part, "leave_one_out", {"latest": bool(latest), "seed": int(seed)}))


def by_time(ratings: Ratings | Dataset, *, share: float | None = None, cutoff: object = None) -> Split:
    """Return a split whose test ratings are the latest.

    It shows what a running service will see, and has higher errors than a random split: some test
    users and items have no training ratings.

    Parameters
    ----------
    ratings : Ratings or Dataset
        With times.
    share : float, optional
        Largest share of ratings to test; 0.2 if neither is given. Ratings with the same time stay
        together.
    cutoff : number, date or datetime, optional
        Ratings at this time or later are tested. Numbers are in the unit of `ratings.timestamp`,
        dates in UTC by default.

    Raises
    ------
    ValueError
        If there are no times, both arguments are given, a part would be empty, or the share is out
        of range.

    Examples
    --------
    >>> ratings = Ratings.from_arrays([1, 1, 2, 2], list("abab"), [5, 3, 4, 2], timestamp=[10, 20, 30, 30])
    >>> by_time(ratings, cutoff=20)
    Split(by_time, cutoff=20: 1 ratings to train, 3 to test)
    """
    ratings = ratings_of(ratings)
    if share is not None and cutoff is not None:
        said = f"by_time takes either share or cutoff; got share={share} and "
        raise ValueError(Words(said, Setting("cutoff", cutoff), "."))
    times = _times(ratings, "by_time")
    if cutoff is not None:
        moment = _moment(cutoff)
    else:
        share = 0.2 if share is None else share
        check_share("share", share)
        moment = _latest_share(times, share)
    part = np.where(times >= moment, TEST, TRAIN).astype(np.uint8)
    return _checked(Split(ratings, part, "by_time", {"share": share, "cutoff": moment}))


def held_out_users(
    ratings: Ratings | Dataset,
    *,
    share: float | None = None,
    n: int | None = None,
    test_share: float = 0.5,
    seed: int = 0,
) -> Split:
    """Return a split that trains without some of the users.

    A part of the ratings of these users is folded in; the rest is tested.

    It shows what new users get after rating a few items ("strong generalization"). Users with a
    single rating are not held out.

    Parameters
    ----------
    ratings : Ratings or Dataset
    share : float, optional
        Share of the users to hold out, 0.1 if neither is given.
    n : int, optional
        Number of users to hold out.
    test_share : float, default 0.5
        Share of their ratings to test, rounded. At least one is tested and one folded in.
    seed : int, default 0

    Raises
    ------
    ValueError
        If both are given, one is out of range, or no user with two ratings can be held out.

    Examples
    --------
    >>> ratings = Ratings.from_arrays([1, 1, 2, 2, 3, 3], list("ababab"), [5, 3, 4, 2, 1, 5])
    >>> held_out_users(ratings, n=1)
    Split(held_out_users, n=1, test_share=0.5, seed=0: 4 ratings to train, 1 to fold in, 1 to test)
    """
    ratings = ratings_of(ratings)
    if n is not None and share is not None:
        raise ValueError(f"held_out_users takes either n or share; got n={n} and share={share}.")
    check_share("test_share", test_share)
    generator = from_seed(seed)
    counts = np.diff(ratings.user_indptr)
    eligible = np.flatnonzero(counts > 1)
    if n is None:
        share = 0.1 if share is None else share
        check_share("share", share)
        n_users = max(1, round(share * np.count_nonzero(counts)))
    else:
        check_count("n", n, 1)
        n_users = int(n)
    if n_users > len(eligible):
        must = f"be at most the {len(eligible):,} users with two or more ratings"
        raise ArgumentError("n", must, f"{n_users:,}")
    chosen = generator.permutation(eligible)[:n_users]
    n_test = np.zeros(len(counts), dtype=np.int64)
    n_test[chosen] = np.clip(np.floor(test_share * counts[chosen] + 0.5), 1, counts[chosen] - 1)
    part = _last_of_each(ratings.user_index, generator.random(len(ratings)), n_test)
    part[(n_test > 0)[ratings.user_index] & (part != TEST)] = FOLD_IN
    parameters = {"share": share, "n": n, "test_share": float(test_share), "seed": int(seed)}
    return _checked(Split(ratings, part, "held_out_users", parameters))


def _last_of_each(
    user: np.ndarray, draw: np.ndarray, n_test: np.ndarray, times: np.ndarray | None = None
) -> np.ndarray:
    """Mark the last `n_test` ratings of each user as tested, in the order of (time,) draw; `user` ascends."""
    order = np.lexsort((draw, user) if times is None else (draw, times, user))
    end = np.searchsorted(user, user, side="right")  # of the user's ratings, also in `order`
    part = np.full(len(user), TRAIN, dtype=np.uint8)
    part[order[end - np.arange(len(user)) <= n_test[user]]] = TEST
    return part


def _latest_share(times: np.ndarray, share: float) -> int:
    """Return the earliest time from which on at most this share of the ratings lies."""
    ascending = np.sort(times)
    first = len(times) - math.floor(share * len(times))
    if first == len(times):
        got = f"{share}, which is less than one of {len(times):,}"
        raise ArgumentError("share", "leave ratings to test", got)
    moment = ascending[first]
    if first and ascending[first - 1] == moment:  # would cut through one moment: all of it is trained on
        first = int(np.searchsorted(ascending, moment, side="right"))
        if first == len(times):
            latest = f"the latest {share:.0%} of the ratings"
            advice = Words.of("Take a larger share, or pass `cutoff=`.")
            raise ArgumentError(latest, "not all have one time", f"{int(moment)}", advice)
        moment = ascending[first]
    return int(moment)


def _moment(cutoff: object) -> int | float:
    if isinstance(cutoff, datetime.datetime):
        aware = cutoff if cutoff.tzinfo else cutoff.replace(tzinfo=datetime.UTC)
        return math.ceil(aware.timestamp())
    if isinstance(cutoff, datetime.date):
        return _moment(datetime.datetime(cutoff.year, cutoff.month, cutoff.day))
    if not is_number(cutoff):
        raise ArgumentTypeError("cutoff", "be a number, a date or a datetime", f"{cutoff!r}")
    if not math.isfinite(cutoff):
        raise ArgumentError("cutoff", "be finite", f"{cutoff}")
    return int(cutoff) if float(cutoff).is_integer() else float(cutoff)


def _times(ratings: Ratings, what: str) -> np.ndarray:
    if ratings.timestamp is None:
        advice = "Pass `timestamp=` when you make the Ratings."
        raise ValueError(Words.of(f"{what} needs times; these ratings have none. {advice}"))
    return ratings.timestamp


def _checked(split: Split) -> Split:
    for code, name in ((TRAIN, "train"), (TEST, "test")):
        if not (split.part == code).any():
            parameters = ", ".join(
                f"{key}={value!r}" for key, value in split.parameters.items() if value is not None
            )
            raise ValueError(
                f"the split must leave ratings to {name}; {split.method}({parameters}) leaves none of "
                f"{len(split.part):,}."
            )
    return split
