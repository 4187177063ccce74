"""Ctrl-C that arrives where Python ignores exceptions, as in a callback or a finalizer, is not lost."""

import _thread
import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

_SOON = 0.05  # seconds, after which the main thread is out of the code that ignored it


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Interrupt the main thread again whenever an interruption was ignored inside."""
    before = sys.unraisablehook

    def hook(found: Any) -> None:
        if isinstance(found.exc_value, KeyboardInterrupt):
            again = threading.Timer(_SOON, _thread.interrupt_main)
            again.daemon = True
            again.start()
        else:
            before(found)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
