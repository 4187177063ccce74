"""Ratings that meet a model: whether they are on its scale."""

from collections.abc import Callable

import numpy as np

from palate._checks import ArgumentError
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings

Scale = tuple[float, float]

# with more than this share outside, the ratings are on another scale; with less, some of them may
# be wrong
_MOST = 0.5
_NARROW = 0.5  # ratings within so small a share of the scale may be on a shorter one
_CHANCE = 1e-6  # and are suspected if ratings like the model's own would be so narrow so rarely


class ScaleWarning(UserWarning):
    """Ratings that may be on another scale than the model they meet; the message has the numbers."""


def outside(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Return which values lie outside a scale, bool.

    Examples
    --------
    >>> outside(np.array([1, 5.5, 0.1], np.float32), (0.1, 5)).tolist()
    [False, True, False]
    """
    # not a number is outside, too
    return ~((values >= np.float32(scale[0])) & (values <= np.float32(scale[1])))


def check_rating(values: np.ndarray, scale: Scale | None, names: Callable[[int], str]) -> None:
    """Raise unless every rating of one user or item is on the scale.

    `names(place)` says in words which one is not.

    Raises
    ------
    ValueError
        With the first rating outside.
    """
    if scale is None:
        return
    wrong = np.flatnonzero(outside(values, scale))
    if len(wrong):
        place = int(wrong[0])
        must = f"be within the model's scale {scale[0]:g} to {scale[1]:g}"
        raise ArgumentError("a rating", must, f"{values[place]:g} {names(place)}")


def off_scale(
    ratings: Ratings, scale: Scale | None, whose: str, what: str, known: RatingMatrix | None = None
) -> str | None:
    """Return what must be said of ratings beside the scale of a model that they meet, or None.

    Parameters
    ----------
    ratings : Ratings
    scale : (float, float) or None
        None for scores that are no ratings: nothing is said then.
    whose : str
        Whose scale it is, as messages say it: "'LeastSquares'", "the model to start from".
    what : str
        What the ratings are: "test ratings".
    known : RatingMatrix, optional
        What the model was trained on, to see ratings that all lie in one part of a wider scale.

    Raises
    ------
    ValueError
        If most of the ratings lie outside, with the first of them.
    """
    if scale is None or not len(ratings):
        return None
    wrong = np.flatnonzero(outside(ratings.value, scale))
    limits = f"the scale {scale[0]:g} to {scale[1]:g} of {whose}"
    if len(wrong):
        n = f"all {len(ratings):,}" if len(wrong) == len(ratings) else f"{len(wrong):,} of {len(ratings):,}"
        row = int(wrong[0])
        user, item = ratings.users.id(ratings.user_index[row]), ratings.items.id(ratings.item_index[row])
        found = (
            f"{n} {what} lie outside {limits}; the first is {ratings.value[row]:g}, of user {user!r} "
            f"and item {item!r}."
        )
        if len(wrong) > _MOST * len(ratings) and scale[0] < scale[1]:
            said = f"{found} Bring them to that scale, or train a model on ratings with this scale."
            raise ValueError(said)
        return found[0].upper() + found[1:]
    return _declared(ratings, scale, limits, what) or _narrow(ratings, scale, limits, what, known)


def _declared(ratings: Ratings, scale: Scale, limits: str, what: str) -> str | None:
    if not ratings.declared or tuple(ratings.scale) == tuple(scale):
        return None
    return (
        f"The {what} are declared to be on a scale of {ratings.scale[0]:g} to {ratings.scale[1]:g}, "
        f"which is not {limits}."
    )


def _narrow(ratings: Ratings, scale: Scale, limits: str, what: str, known: RatingMatrix | None) -> str | None:
    """Return a question about ratings that all lie in one part of the scale, unlike the model's own."""
    low, high = float(ratings.value.min()), float(ratings.value.max())
    if ratings.declared or known is None or not len(known) or high - low > _NARROW * (scale[1] - scale[0]):
        return None
    own = known.values()
    share = float(np.mean((own >= np.float32(low)) & (own <= np.float32(high))))
    if share == 1 or len(ratings) * np.log(max(share, 1e-300)) > np.log(_CHANCE):
        return None
    return (
        f"All {len(ratings):,} {what} lie between {low:g} and {high:g}, where {100 * share:.0f}% of the "
        f"ratings lie that the model was trained on: are they on {limits}?"
    )
