"""Numbers that stand for "not rated": -1, 0, 99, -999 among the ratings."""

import numpy as np

from palate._checks import Call, Setting, Words
from palate.data.arguments import warn_caller

_FEW = 20  # ratings; of fewer nothing can be said
_FREQUENT = 0.01  # share of the ratings that a mark has at least
_ZEROS = 0.1  # the same of 0, which may be a rating
_MORE = 3  # times as frequent as the next rating must a 0 be
_LEVELS = 3  # from the lowest to the highest of the other ratings, so that likes and dislikes are none
_NINES = (88.0, 99.0, 888.0, 999.0, 8888.0, 9999.0, 99999.0)


class MarkWarning(UserWarning):
    """A frequent number apart from all other ratings may stand for "not rated"; the message names it."""


def marks(values: np.ndarray) -> list[tuple[float, float]]:
    """Return the numbers that may stand for "not rated", each with the rating next to it.

    Examples
    --------
    >>> marks(np.repeat(np.array([-1, 6, 7, 8, 10], np.float32), 10))
    [(-1.0, 6.0)]
    >>> marks(np.repeat(np.array([-1, 0, 1], np.float32), 10))
    []
    """
    if len(values) < _FEW:
        return []
    found = []
    low, high = float(values.min()), float(values.max())
    if high in _NINES:
        rest = values[values < high]
        if len(rest) and rest.max() <= high / 2 and len(values) - len(rest) >= _FREQUENT * len(values):
            found.append((high, float(rest.max())))
            values, high = rest, float(rest.max())
    if low <= 0:
        rest = values[values > low]
        if len(rest) and _is_low_mark(low, rest, len(values) - len(rest)):
            found.insert(0, (low, float(rest.min())))
    return found


def _is_low_mark(low: float, rest: np.ndarray, count: int) -> bool:
    share, second, highest = count / (count + len(rest)), float(rest.min()), float(rest.max())
    if share < _FREQUENT:
        return False
    if low == 0:
        wide = second >= 1 and highest - second >= _LEVELS
        return bool(wide and share >= _ZEROS and count > _MORE * np.count_nonzero(rest == rest.min()))
    if second < 0:
        return -low in _NINES and second - low > highest - second
    return highest - second >= _LEVELS or (second - low > 1 and highest > second)


def warn_of_marks(values: np.ndarray) -> None:
    """Warn of every number that may stand for "not rated"."""
    for mark, beside in marks(values):
        count = int(np.count_nonzero(values == np.float32(mark)))
        warn_caller(
            Words(
                f"{100 * count / len(values):.0f}% of the ratings ({count:,} of {len(values):,}) "
                f'are {mark:g}, and no rating lies between it and {beside:g}: does it mean "not '
                'rated"? Leave those rows out, as ',
                Call("palate.read"),
                " does with ",
                Setting("missing", mark),
                ", or declare ",
                Setting("scale", python="the scale"),
                ".",
            ),
            MarkWarning,
        )
