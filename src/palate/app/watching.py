"""Model files that are watched: one that was saved anew is taken into use."""

import contextlib
import logging
import os
import threading

from palate.app.activating import Stamp, stamp
from palate.app.answers import ModelInfo
from palate.app.core import Core
from palate.app.errors import ActivationError

EVERY = 1.0  # seconds between two looks
MISSED = 3  # looks after which a file is taken to be gone
_LOG = logging.getLogger(__name__)


class Watcher:
    """A thread that looks at the files of a core's models now and then.

    One that could not be taken into use is tried again when it changes again.
    """

    def __init__(self, core: Core, every: float = EVERY) -> None:
        self._core, self._every = core, every
        self._in_use = {info.id: _stamp(info.path) for info in core.models}
        self._before = dict(self._in_use)
        self._missed = dict.fromkeys(self._in_use, 0)  # looks in a row at which the file was not there
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
            self._miss(info, info.path is not None and now is None)
            written = now is not None and now == self._before.get(info.id)
            self._before[info.id] = now
            if written and now != self._in_use.setdefault(info.id, now):
                self._in_use[info.id] = now
                with contextlib.suppress(ActivationError):  # which the core has logged
                    self._core.activate(info.id, info.path, make_active=info.active)

    def _miss(self, info: ModelInfo, missing: bool) -> None:
        """Warn once of a file that is gone, and not only for the moment in which it is replaced."""
        self._missed[info.id] = self._missed.get(info.id, 0) + 1 if missing else 0
        if self._missed[info.id] == MISSED:
            gone = "model %r stays in use, but its file %s is gone; put it back before the next start"
            _LOG.warning(gone, info.id, info.path)


def _stamp(path: str | os.PathLike[str] | None) -> Stamp | None:
    try:
        return None if path is None else stamp(path)
    except OSError:
        return None
