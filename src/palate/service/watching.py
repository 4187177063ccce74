"""Model files that are watched: one that was saved anew is taken into use."""

import logging
import threading
from pathlib import Path

from palate.app.core import Core
from palate.app.errors import ActivationError

LOG = logging.getLogger("palate.service")
EVERY = 1.0  # seconds between two looks


class Watcher:
    """A thread that looks at the models' files.

    One that could not be taken into use is tried again when it changes again.
    """

    def __init__(self, core: Core, every: float = EVERY) -> None:
        self._core, self._every = core, every
        self._ends = threading.Event()
        self._files = {model.id: Path(model.path) for model in core.models if model.path}
        self._known = {name: _stamp(path) for name, path in self._files.items()}
        self._thread = threading.Thread(target=self._work, name="palate-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ends.set()
        self._thread.join()

    def _work(self) -> None:
        before = dict(self._known)
        while not self._ends.wait(self._every):
            now = {name: _stamp(path) for name, path in self._files.items()}
            for name, stamp in now.items():
                if (
                    stamp is not None and stamp != self._known[name] and stamp == before[name]
                ):  # written to its end
                    self._known[name] = stamp
                    self._take(name)
            before = now

    def _take(self, name: str) -> None:
        try:
            info = self._core.activate(name, make_active=False)
        except ActivationError as error:
            LOG.error("%s", error)
        else:
            LOG.info("model %s is of version %s now", name, info.version)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
