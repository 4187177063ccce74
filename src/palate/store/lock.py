"""A lock that the operating system lets go of when its process ends, however it ends."""

import os
from pathlib import Path
from typing import IO

from palate.store.changes import StoreError


class FileLock:
    """The sole right to write a store, held as a lock on a file beside it.

    Raises
    ------
    StoreError
        If another process holds it, with its number, or the file cannot be made.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        try:
            self._file: IO[str] | None = open(path, "a+", encoding="ascii")  # noqa: SIM115 - held open as long as the lock
        except OSError as error:
            raise StoreError(f"{what} cannot be opened: {error.strerror or error} ({path}).") from error
        if not _taken(self._file):
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise StoreError(
                f"{what} is in use by another process{f' (process id {holder})' if holder else ''}. Stop it "
                "first, use its API, or use PostgreSQL, which several processes can share."
            )
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _taken(file: IO[str]) -> bool:
    """Try to lock an open file; return whether it is ours now."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
