"""The store in one SQLite file: one connection, one writing thread, durable when `write` returns."""

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from palate.store.changes import Forgotten, StoreError
from palate.store.database import DatabaseStore, changes_of
from palate.store.lock import FileLock
from palate.store.mirror import Mirror
from palate.store.schema import connected, usable
from palate.store.writing import Writer

ROOM = 1 << 20  # bytes on the disk that a batch may take


class SQLiteStore(DatabaseStore):
    """Live ratings in one file, which one process holds at a time.

    Parameters
    ----------
    path : path
        Made if it is not there, with `path-wal` and `path.lock` beside it. It must not be on a network drive.

    Raises
    ------
    StoreError
        If it cannot be opened, another process holds it, or it is of a newer version.

    Examples
    --------
    >>> import tempfile
    >>> from palate.store.changes import Change
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = SQLiteStore(folder.name + "/live.db")
    >>> store.write([Change("al", "x", 4.0)])
    1
    >>> store.close()
    >>> SQLiteStore(folder.name + "/live.db").of("al")["x"].value
    4.0
    """

    PUT = """
        INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user, item) DO UPDATE SET
        value = excluded.value, state = excluded.state, at = excluded.at, revision = excluded.revision
    """
    DELETE = "DELETE FROM ratings WHERE user = ?"
    FORGET = """
        INSERT INTO forgotten VALUES (?, ?, ?) ON CONFLICT (digest) DO UPDATE SET
        revision = excluded.revision, at = excluded.at
    """
    ADVANCE = "UPDATE meta SET value = value + ? WHERE name = 'revision' RETURNING value"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = FileLock(self.path.with_name(self.path.name + ".lock"), f"the store {self.path}")
        try:
            self._connection = connected(self.path)
            self.mirror = read_all(self._connection, self.path)
        except BaseException:
            self._lock.release()
            raise
        execute = self._connection.execute
        self._writer = Writer(
            lambda: execute("BEGIN IMMEDIATE"),
            lambda: execute("COMMIT"),
            self._connection.rollback,
            self._said,
        )

    def __repr__(self) -> str:
        return f"SQLiteStore({str(self.path)!r}, {self.n_ratings:,} ratings)"

    def problem(self) -> str | None:
        """Return why nothing can be written, or None; after a failed write it tries again."""
        if self._in_doubt and shutil.disk_usage(self.path.parent).free < ROOM:
            return self._writer.failure  # what would be tried takes less than a batch
        return super().problem()

    def close(self) -> None:
        """Commit what waits, and let another process have the file."""
        self._writer.close()
        self._connection.close()
        self._lock.release()

    def _drop(self, user: str, revision: int, deleted: int) -> Forgotten:
        forgotten = super()._drop(user, revision, deleted)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # overwrites in the file what was deleted
        return forgotten

    def _said(self, error: Exception) -> StoreError:
        text = str(error)
        if "full" in text:
            advice = "Free space; nothing has to be restarted."
            return StoreError(f"the store {self.path} cannot be written: the disk is full. {advice}")
        if "locked" in text:
            text = "another program is writing to it. End that program, or try again"
        return StoreError(
            f"the store {self.path} cannot be written: {text}. Ratings acknowledged before are kept."
        )


def read_all(connection: sqlite3.Connection, path: Path) -> Mirror:
    """Return in memory what the store of a file holds. Raises StoreError if it is damaged."""
    with usable(path):
        found: dict[str, Any] = dict(connection.execute("SELECT name, value FROM meta"))
        mirror = Mirror(found["salt"])
        rows = connection.execute("SELECT user, item, value, state, at, revision FROM ratings ORDER BY user")
        mirror.apply(changes_of(rows))
        for digest, revision in connection.execute("SELECT digest, revision FROM forgotten"):
            mirror.forget(digest, revision)
        mirror.revision = int(found["revision"])
        return mirror
