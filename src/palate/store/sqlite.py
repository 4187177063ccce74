"""The store in one SQLite file: one connection, one writing thread, durable when `write` returns."""

import os
import shutil
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from palate.store.changes import Change, Forgotten, StoreError
from palate.store.database import DatabaseStore, changes_of, rows_of
from palate.store.lock import FileLock
from palate.store.mirror import Mirror, digest_of
from palate.store.schema import connected
from palate.store.writing import Writer

ROOM = 1 << 20  # bytes on the disk that a batch may take
_PUT = """
INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user, item) DO UPDATE SET
value = excluded.value, state = excluded.state, at = excluded.at, revision = excluded.revision
"""


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
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = SQLiteStore(folder.name + "/live.db")
    >>> store.write([Change("al", "x", 4.0)])
    1
    >>> store.close()
    >>> SQLiteStore(folder.name + "/live.db").of("al")["x"].value
    4.0
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = FileLock(self.path.with_name(self.path.name + ".lock"), f"the store {self.path}")
        try:
            self._connection = connected(self.path)
            self.mirror = read_all(self._connection)
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
        if self._writer.failure is not None:
            if shutil.disk_usage(self.path.parent).free < ROOM:  # what is tried takes less than a batch
                return self._writer.failure
            try:
                self._writer.do(lambda: self._set_revision(self.mirror.revision), lambda _: None)
            except StoreError as error:
                return str(error)
        return None

    def close(self) -> None:
        """Commit what waits, and let another process have the file."""
        self._writer.close()
        self._connection.close()
        self._lock.release()

    # -- within the writing thread
    # -----------------------------------------------------------------------------------------

    def _put(self, changes: Sequence[Change]) -> list[tuple[Change, int]]:
        first = self._next_revision()
        numbered = [(change, first + place) for place, change in enumerate(changes)]
        self._connection.executemany(_PUT, rows_of(numbered))
        self._set_revision(first + len(numbered) - 1)
        return numbered

    def _delete(self, user: str) -> tuple[int, int]:
        revision = self._next_revision()
        deleted = self._connection.execute("DELETE FROM ratings WHERE user = ?", (user,)).rowcount
        self._connection.execute(
            "INSERT INTO forgotten VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET revision = "
            "excluded.revision, at = excluded.at",
            (digest_of(user, self.mirror.salt), revision, int(time.time())),
        )
        self._set_revision(revision)
        return revision, deleted

    def _drop(self, user: str, revision: int, deleted: int) -> Forgotten:
        forgotten = super()._drop(user, revision, deleted)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # overwrites in the file what was deleted
        return forgotten

    def _next_revision(self) -> int:
        return (
            int(self._connection.execute("SELECT value FROM meta WHERE name = 'revision'").fetchone()[0]) + 1
        )

    def _set_revision(self, revision: int) -> None:
        self._connection.execute("UPDATE meta SET value = ? WHERE name = 'revision'", (revision,))

    def _said(self, error: Exception) -> StoreError:
        text = str(error)
        if "full" in text:
            return StoreError(
                f"the store {self.path} cannot be written: the disk is full. Free space; nothing has to be "
                f"restarted."
            )
        if "locked" in text:
            text = "another program is writing to it. End that program, or try again"
        return StoreError(
            f"the store {self.path} cannot be written: {text}. Ratings acknowledged before are kept."
        )


def read_all(connection: sqlite3.Connection) -> Mirror:
    """Return a store's content in memory."""
    found: dict[str, Any] = dict(connection.execute("SELECT name, value FROM meta"))
    mirror = Mirror(found["salt"])
    rows = connection.execute("SELECT user, item, value, state, at, revision FROM ratings ORDER BY user")
    mirror.apply(changes_of(rows))
    for digest, revision in connection.execute("SELECT digest, revision FROM forgotten"):
        mirror.forget(digest, revision)
    mirror.revision = int(found["revision"])
    return mirror
