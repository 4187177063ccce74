"""How many requests each key may send: a bucket fills at a rate, and each request takes one from it."""

import time
from collections.abc import Callable


class Limits:
    """The buckets of all keys; asked from the event loop alone.

    Parameters
    ----------
    rate : float
        Requests a second. A bucket holds as many as come in a second, one at least.
    clock : callable
        Seconds that never go back.

    Examples
    --------
    >>> now = 0.0
    >>> limits = Limits(2, lambda: now)
    >>> [limits.wait(b"a") for _ in range(3)], limits.wait(b"b")
    ([0.0, 0.0, 0.5], 0.0)
    >>> now = 0.5
    >>> limits.wait(b"a"), limits.wait(b"a")
    (0.0, 0.5)
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._most, self._clock = rate, max(1.0, rate), clock
        self._buckets: dict[bytes, tuple[float, float]] = {}  # what was left, and when

    def wait(self, key: bytes) -> float:
        """Take one request of a key; return the seconds until it may be sent, 0 if it may now."""
        now = self._clock()
        left, before = self._buckets.get(key, (self._most, now))
        left = min(self._most, left + (now - before) * self._rate)
        if left < 1:
            return (1 - left) / self._rate
        self._buckets[key] = left - 1, now
        return 0.0
