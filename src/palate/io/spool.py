"""What can be read only once - standard input, pipes - as files that can be read again and again."""

import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any

from palate._checks import ArgumentError

STANDARD_INPUT = "standard input"
_NAMES = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


class Spool:
    """A copy on disk of what a path yields once; the copy is removed with this object."""

    def __init__(self, path: Path) -> None:
        self.name = STANDARD_INPUT if str(path) in _NAMES else str(path)
        handle, copy = tempfile.mkstemp(prefix="palate-")
        self.copy = Path(copy)
        weakref.finalize(self, self.copy.unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as out, _opened(path) as stream:
            shutil.copyfileobj(stream, out, 1 << 20)
        if not self.copy.stat().st_size:
            raise ArgumentError(self.name, "hold a table", "nothing", "Did the command that writes it fail?")


def spooled(path: Path) -> Spool | None:
    """Return the copy of a path that can be read only once, None for a path of files and folders."""
    if str(path) == "-":
        return Spool(path)
    return Spool(path) if path.exists() and not path.is_file() and not path.is_dir() else None


def _opened(path: Path) -> IO[bytes]:
    if str(path) != "-":
        return path.open("rb")
    stream: Any = sys.stdin
    if stream is None or stream.isatty():
        must = "come from a pipe or a file"
        raise ArgumentError("- means standard input, which", must, "a terminal", "Name a file.")
    return open(os.dup(stream.fileno()), "rb")
