"""Model files that are watched: one that was saved anew is taken into use."""

import logging
import os
import threading

from palate.app.activating import Stamp, stamp
from palate.app.core import Core
from palate.app.errors import ActivationError

EVERY = 1.0  # seconds between two looks


class Watcher:
    """A thread that looks at the files of a core's models now and then.

    One that could not be taken into use is tried again when it changes again.
    """

    def __init__(self, core: Core, log: logging.Logger, every: float = EVERY) -> None:
        self._core, self._log, self._every = core, log, every
        self._in_use = {info.id: _stamp(info.path) for info in core.models}
        self._before = dict(self._in_use)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="palate-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ends.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ends.wait(self._every):
            self._look()

    def _look(self) -> None:
        """Take the models into use whose files were replaced, and have not changed since the last look."""
        for info in self._core.models:
            now = _stamp(info.path)
            written = now is not None and now == self._before.get(info.id)
            self._before[info.id] = now
            if written and now != self._in_use.setdefault(info.id, now):
                self._in_use[info.id] = now
                try:
                    new = self._core.activate(info.id, info.path, make_active=info.active)
                    self._log.info("model %s is of version %s now", new.id, new.version)
                except ActivationError as error:
                    self._log.error("%s", error)


def _stamp(path: str | os.PathLike[str] | None) -> Stamp | None:
    try:
        return None if path is None else stamp(path)
    except OSError:
        return None
