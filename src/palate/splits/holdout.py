"""Which ratings are held out."""

from dataclasses import replace

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, InPython, Words, is_number
from palate._random import Stream, key_of
from palate.data.arguments import warn_caller
from palate.data.forks import needs_threads
from palate.data.ratings import Ratings, RatingsByUser
from palate.data.scales import ScaleWarning, off_scale
from palate.data.vocabulary import Vocabulary
from palate.splits.merging import merged_rows


def check_validation(share: object) -> float:
    """Return a share of ratings to hold out, for which Ratings may be given in Python.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is not in [0, 1).
    """
    must = Words("be a share in [0, 1)", InPython(" or Ratings"))
    if not is_number(share):
        raise ArgumentTypeError("validation", must, f"{share!r}")
    if not 0 <= share < 1:
        raise ArgumentError("validation", must, f"{share!r}")
    return float(share)


def holdout_mask(n: int, share: float, seed: int = 0) -> np.ndarray:
    """Return a mask with exactly `round(share * n)` of `n` entries True, drawn without replacement.

    The draw depends on `n`, `share` and `seed` alone.

    Parameters
    ----------
    n : int
    share : float
        In [0, 1).
    seed : int, default 0

    Returns
    -------
    ndarray of shape (n,), bool

    Raises
    ------
    ValueError
        If `share` is not in [0, 1).

    Examples
    --------
    >>> int(holdout_mask(1000, 0.05, seed=1).sum())
    50
    """
    from palate.kernels.random import mark_sample

    mask = np.zeros(n, dtype=bool)
    size = round(check_validation(share) * n)
    if size:
        mark_sample(key_of(seed, 0, Stream.HOLDOUT), size, mask)
    return mask


def merge_holdout(train: Ratings, holdout: Ratings, threads: int = 1) -> tuple[Ratings, np.ndarray]:
    """Return the ratings of both, and the mask of those that come from `holdout`.

    Raises
    ------
    ValueError
        If a pair is in both, with the count.
    """
    return merged_with_train(train, holdout, threads)[:2]


@needs_threads("merging holdout ratings")
def merged_with_train(
    train: Ratings, holdout: Ratings, threads: int = 1
) -> tuple[Ratings, np.ndarray, Ratings | None]:
    """Return what `merge_holdout` returns, and the training ratings with the ids of both.

    They are those that the mask leaves, in the same order, and need not be copied out of the ratings of
    both. None where `train` is in another order.
    """
    _check_scales(train, holdout)
    users, *user_numbers = union_of(train.users, holdout.users, train.user_index, holdout.user_index)
    items, *item_numbers = union_of(train.items, holdout.items, train.item_index, holdout.item_index)
    shape = len(users), len(items)
    both = merged_rows((user_numbers[0], item_numbers[0]), (user_numbers[1], item_numbers[1]), shape, threads)
    if both.n_twice:
        raise ValueError(
            f"the validation ratings must not occur in the training ratings; {both.n_twice:,} of "
            f"{len(holdout):,} do. Split first."
        )

    def column(name: str) -> np.ndarray | None:
        one, two = getattr(train, name), getattr(holdout, name)
        return None if one is None or two is None else both.together(one, two)

    low, high = min(train.scale[0], holdout.scale[0]), max(train.scale[1], holdout.scale[1])
    merged = RatingsByUser.of(
        both.indptr,
        users=users,
        items=items,
        item_index=both.together(item_numbers[0], item_numbers[1]),
        value=both.together(train.value, holdout.value),
        timestamp=column("timestamp"),
        weight=column("weight"),
        scale=train.scale if train.declared else (low, high),
        declared=train.declared,
        frame_kind=train.frame_kind,
        events=train.events,
    )
    own = None
    if both.orders[0] is None:
        own = replace(train, users=users, items=items, user_index=user_numbers[0], item_index=item_numbers[0])
        vars(own)["user_indptr"] = both.starts[0]  # it is known, and need not be counted again
    return merged, both.second, own


def _check_scales(train: Ratings, holdout: Ratings) -> None:
    """Warn of held-out ratings beyond a declared scale, and raise ValueError for a wholly other one.

    What is observed in one part may well be exceeded in another.
    """
    tested = holdout if train.declared else replace(holdout, declared=False)
    said = off_scale(tested, train.scale, "the training ratings", "validation ratings")
    if said is not None and train.declared:
        warn_caller(said, ScaleWarning)


def union_of(
    first: Vocabulary, second: Vocabulary, first_index: np.ndarray, second_index: np.ndarray
) -> tuple[Vocabulary, np.ndarray, np.ndarray]:
    """Return the union of two vocabularies and both indexes in it."""
    if first == second:
        return first, first_index, second_index
    if first.kind != second.kind:
        ids, kinds = "training and validation ids", f"{first.kind} and {second.kind}"
        raise ArgumentTypeError(ids, "be of one type", kinds, "Convert one of the tables.")
    import polars as pl

    union = Vocabulary.from_ids(pl.concat([first.values, second.values]).unique())
    if union == first:
        return first, first_index, first.indices(second.values).astype(np.int32)[second_index]
    both = (first, first_index), (second, second_index)
    return union, *(union.indices(one.values).astype(np.int32)[index] for one, index in both)
