"""The store in one SQLite file: one connection, one writing thread, durable when `write` returns."""

import os
import shutil
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from palate.store.changes import REMOVED, Change, Forgotten, LiveRating, StoreError
from palate.store.lock import FileLock
from palate.store.mirror import Mirror, digest_of
from palate.store.schema import connected
from palate.store.writing import Writer

ROOM = 1 << 20  # bytes on the disk that a batch may take
_PUT = """
INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user, item) DO UPDATE SET
value = excluded.value, state = excluded.state, at = excluded.at, revision = excluded.revision
"""


class SQLiteStore:
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
            self._mirror = read_all(self._connection)
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

    def write(self, changes: Sequence[Change]) -> int:
        """Keep all of these changes or none; return the revision of the last one once they are on disk."""
        return self._writer.do(lambda: self._put(changes), self._keep)

    def forget(self, user: str) -> Forgotten:
        """Delete a user's ratings, overwrite them in the file, and remember a digest of the id."""
        return self._writer.do(lambda: self._delete(user), lambda revision: self._drop(user, revision))

    def of(self, user: str) -> Mapping[str, LiveRating]:
        """Return what is known of a user by item."""
        return self._mirror.of(user)

    def revision_of(self, user: str) -> int:
        """Return the revision of the last change of this user, 0 without one."""
        return self._mirror.revision_of(user)

    def is_forgotten(self, user: str) -> bool:
        """Return whether the user asked to be forgotten."""
        return self._mirror.is_forgotten(user)

    def users(self) -> list[str]:
        """Return the users with live ratings, those of the latest changes first."""
        return self._mirror.users()

    @property
    def n_ratings(self) -> int:
        """How many pairs are known."""
        return self._mirror.n_ratings

    @property
    def waiting(self) -> int:
        """How many writes wait to be committed."""
        return self._writer.waiting

    def problem(self) -> str | None:
        """Return why nothing can be written, or None; after a failed write it tries again."""
        if self._writer.failure is not None:
            if shutil.disk_usage(self.path.parent).free < ROOM:  # what is tried takes less than a batch
                return self._writer.failure
            try:
                self._writer.do(lambda: self._set_revision(self._mirror.revision), lambda _: None)
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
        self._connection.executemany(
            _PUT, [(c.user, c.item, c.value, c.state, c.at, revision) for c, revision in numbered]
        )
        self._set_revision(first + len(numbered) - 1)
        return numbered

    def _keep(self, numbered: list[tuple[Change, int]]) -> int:
        self._mirror.apply(numbered)
        return numbered[-1][1] if numbered else self._mirror.revision

    def _delete(self, user: str) -> int:
        revision = self._next_revision()
        self._connection.execute("DELETE FROM ratings WHERE user = ?", (user,))
        self._connection.execute(
            "INSERT INTO forgotten VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET revision = "
            "excluded.revision, at = excluded.at",
            (digest_of(user, self._mirror.salt), revision, int(time.time())),
        )
        self._set_revision(revision)
        return revision

    def _drop(self, user: str, revision: int) -> Forgotten:
        had = len(self._mirror.of(user))
        self._mirror.forget(digest_of(user, self._mirror.salt), revision, user)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Forgotten(user, had)

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
    mirror.apply(
        [
            (Change(user, item, value, state == REMOVED, at), revision)
            for user, item, value, state, at, revision in rows
        ]
    )
    for digest, revision in connection.execute("SELECT digest, revision FROM forgotten"):
        mirror.forget(digest, revision)
    mirror.revision = int(found["revision"])
    return mirror
