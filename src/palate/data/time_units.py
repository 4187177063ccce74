"""Units of times that are numbers: how the size of a number tells its unit, and what it is in seconds.

Seconds since 1970 have nine to eleven digits, milliseconds, microseconds and nanoseconds three, six
and nine more, and 20050201 is written as a day. Small numbers are in a unit of their own, which
orders them but puts them at no date.
"""

import numpy as np

from palate._checks import ArgumentError
from palate.data.ids import WhereRow

SECONDS = "seconds"
FACTORS = {SECONDS: 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
# as NumPy calls them
DATETIMES = {SECONDS: "s", "milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}
_FIRST, LAST = 10**8, 10**11  # in seconds 1973 and the year 5138
# in seconds 1985 to 2128; as milliseconds they are all in the first two months of 1970
_USUAL = 5 * 10**8, 5 * 10**9
# how a day may be written as one number: number of digits after the year, and the lowest and
# highest such number
_WRITTEN = {
    "YYYY": (0, 1950, 2040),
    "YYYYMM": (2, 190001, 210012),
    "YYYYMMDD": (4, 19000101, 21001231),
    "YYYYMMDDHHMM": (8, 190001010000, 210012312359),
    "YYYYMMDDHHMMSS": (10, 19000101000000, 21001231235959),
}
_FAR = 10  # times the largest time that a unit of its own is known by


def unit_of(numbers: np.ndarray) -> str | None:
    """Return the unit that the size of numbers tells, None for one of their own.

    Examples
    --------
    >>> (
    ...     unit_of(np.array([1104546498, 1419984000])),
    ...     unit_of(np.array([20050101, 20141231])),
    ...     unit_of(np.array([3, 250])),
    ... )
    ('seconds', 'YYYYMMDD', None)
    """
    if not len(numbers):
        return None
    low, high = float(numbers.min()), float(numbers.max())
    for name, (digits, first, last) in _WRITTEN.items():
        if first <= low and high <= last and _are_days(numbers, digits):
            return name
    size = max(abs(low), abs(high))
    return next((unit for unit, factor in FACTORS.items() if _FIRST * factor <= size < LAST * factor), None)


def in_seconds(numbers: np.ndarray, unit: str | None) -> np.ndarray:
    """Return times in whole seconds since 1970, int64; those in a unit of their own become whole numbers."""
    if unit in _WRITTEN:
        return _days_in_seconds(numbers.astype(np.int64), _WRITTEN[unit][0])
    factor = FACTORS.get(unit or SECONDS, 1)
    if numbers.dtype.kind == "f":
        return np.floor(numbers / factor).astype(np.int64)
    return numbers if factor == 1 else numbers // factor


def _days_in_seconds(whole: np.ndarray, digits: int) -> np.ndarray:
    parts = [whole // 10 ** (digits - 2 * (place + 1)) % 100 for place in range(digits // 2)]
    parts += [np.ones_like(whole)] * max(0, 2 - len(parts))
    month, day, clock = parts[0], parts[1], parts[2:]
    months = (whole // 10**digits - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    hour, minute, second = [*clock, *([np.zeros_like(whole)] * 3)][:3]
    return np.asarray(days * 86_400 + hour * 3_600 + minute * 60 + second, dtype=np.int64)


def _are_days(numbers: np.ndarray, digits: int) -> bool:
    """Return whether all numbers are whole and, written out, a day and perhaps a time of day."""
    whole = numbers.astype(np.int64)
    if numbers.dtype.kind == "f" and (whole != numbers).any():
        return False
    limits = ((1, 12), (1, 31), (0, 23), (0, 59), (0, 60))
    parts = [whole // 10 ** (digits - 2 * (place + 1)) % 100 for place in range(digits // 2)]
    return all(
        ((part >= low) & (part <= high)).all() for part, (low, high) in zip(parts, limits, strict=False)
    )


def placed(times: np.ndarray, known: np.ndarray, what: str, certain: bool = False) -> np.ndarray:
    """Return times in the unit of those that a model knows.

    Parameters
    ----------
    times : ndarray of int64
        As `timestamp_values` gives them.
    known : ndarray of int64
        Times of the model, such as the ends of its time bins.
    what : str
        What to call the times in a message.
    certain : bool
        Whether they are seconds for sure, because they were dates.

    Raises
    ------
    ValueError
        If the two are of units that cannot be brought together, so that every time would be before
        or after all of the model's.
    """
    if not len(times) or not len(known):
        return times
    unit = unit_of(known)
    size, model = np.abs(times.astype(np.float64)), np.abs(known.astype(np.float64))
    wrong = size > _FAR * model.max() if unit is None else np.zeros(len(times), bool)
    if unit == SECONDS and not certain and size.max() * _FAR < min(model.min(), _FIRST * _FAR):
        wrong[:] = True
    if unit in _WRITTEN or wrong.any():
        place = int(np.argmax(wrong))
        known_as = {SECONDS: "seconds since 1970", None: "no seconds"}.get(unit, f"{unit}, no seconds")
        of_model = f"which run from about {int(known.min())} to {int(known.max())} and are {known_as}"
        must = f"be in the unit of this model's times, {of_model}"
        raise ArgumentError(what, must, f"{int(times[place])}, which is not among them")
    return times * FACTORS[unit] if unit in FACTORS and unit != SECONDS else times


def check_one_unit(numbers: np.ndarray, unit: str | None, what: str, where: WhereRow) -> None:
    """Raise if some times would be usual in a coarser unit than that of the largest."""
    if unit not in FACTORS or unit == SECONDS:
        return
    size = np.abs(numbers)
    for coarser, factor in FACTORS.items():
        if factor >= FACTORS[unit]:
            return
        other = (size >= _USUAL[0] * factor) & (size <= _USUAL[1] * factor)
        if other.any():
            row, largest = int(np.argmax(other)), int(np.argmax(size))
            one = f"{plain(numbers[row])} at {where(row)}, which seems to be {coarser}"
            got = f"{one}, and {plain(numbers[largest])} at {where(largest)}, {unit}"
            raise ArgumentError(what, "hold times of one unit", got, "Bring them to one unit first.")


def plain(number: object) -> str:
    return f"{number:.17g}" if isinstance(number, float | np.floating) else str(number)
