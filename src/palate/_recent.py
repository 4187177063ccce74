"""A bounded mapping of what was made last."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A bounded mapping that forgets what was asked for least recently; safe to share between threads.

    Examples
    --------
    >>> recent = Recent(2)
    >>> [recent.get(key, lambda: key * 10) for key in (1, 2, 1, 3)], 1 in recent, 2 in recent
    ([10, 20, 10, 30], True, False)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return what is kept for a key, made now if it is not there.

        Two threads may make it at once; one is kept.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        self.put(key, made)
        return made

    def put(self, key: K, made: V) -> None:
        """Keep something for a key."""
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def __contains__(self, key: K) -> bool:
        return key in self._kept
