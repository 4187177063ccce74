"""What a running service says of itself: a line with the time for each event."""

import logging
import sys
import time

LOGGERS = "palate", "uvicorn.error"
EVERY = 60.0  # seconds for which a line that was written is not repeated


class Line(logging.Formatter):
    """Formats an event as the lines of all commands are, with the time in UTC."""

    def __init__(self) -> None:
        super().__init__("palate: %(asctime)s %(kind)s%(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of an event, followed by the traceback if it has one."""
        kinds = {logging.WARNING: "warning: ", logging.ERROR: "error: ", logging.CRITICAL: "error: "}
        record.kind = kinds.get(record.levelno, "")
        return super().format(record)


class Seldom(logging.Filter):
    """Leaves out an event that was written within the last minute, such as one of every request."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether an event is written."""
        now, text = record.created, record.getMessage()
        self._written = {said: at for said, at in self._written.items() if 0 <= now - at < EVERY}
        return self._written.setdefault(text, now) == now


def write_events() -> None:
    """Write the events of a service to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    handler.addFilter(Seldom())
    for name in LOGGERS:
        log = logging.getLogger(name)
        log.handlers = [handler]
        log.propagate = False
    logging.getLogger("palate").setLevel(logging.INFO)
