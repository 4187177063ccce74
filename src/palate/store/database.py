"""What stores in a database share: one thread writes, and what it committed goes into the copy in memory."""

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

from palate.store.changes import REMOVED, Change, Forgotten, StoreError
from palate.store.mirror import RatingStore, digest_of
from palate.store.writing import Writer

Numbered = list[tuple[Change, int]]  # changes with their revisions


class DatabaseStore(RatingStore):
    """Live ratings in a database, whose statements are in its own dialect of SQL."""

    PUT: str  # a row of ratings
    DELETE: str  # the ratings of a user
    FORGET: str  # digest, revision, time
    ADVANCE: str  # raises the revision by a number, and returns it
    _connection: Any
    _writer: Writer

    def write(self, changes: Sequence[Change]) -> int:
        """Keep all of these changes or none; return the revision of the last one once they are committed."""
        return self._writer.do(lambda: self._put(changes), self._keep)

    def forget(self, user: str) -> Forgotten:
        """Delete a user's ratings and remember a salted digest of the id."""
        return self._writer.do(lambda: self._delete(user), lambda found: self._drop(user, *found))

    @property
    def waiting(self) -> int:
        """How many writes wait to be committed."""
        return self._writer.waiting

    def problem(self) -> str | None:
        """Return why nothing can be written, or None; where that is in doubt, it tries."""
        if self._in_doubt:
            try:
                self._writer.do(lambda: self._advanced(0), lambda _: None)
            except StoreError as error:
                return str(error)
        return None

    @property
    def _in_doubt(self) -> bool:
        """Whether the last write failed."""
        return self._writer.failure is not None

    def _put(self, changes: Sequence[Change]) -> Numbered:
        """Write changes within a transaction; return them with their revisions."""
        first = self._advanced(len(changes)) - len(changes) + 1
        numbered = [(change, first + place) for place, change in enumerate(changes)]
        with closing(self._connection.cursor()) as cursor:
            cursor.executemany(self.PUT, rows_of(numbered))
        return numbered

    def _delete(self, user: str) -> tuple[int, int]:
        """Delete a user within a transaction; return the revision and how many ratings are gone."""
        revision = self._advanced(1)
        deleted = self._connection.execute(self.DELETE, (user,)).rowcount
        forgotten = digest_of(user, self.mirror.salt), revision, int(time.time())
        self._connection.execute(self.FORGET, forgotten)
        return revision, deleted

    def _advanced(self, n: int) -> int:
        """Return the store's revision after n more changes."""
        return int(self._connection.execute(self.ADVANCE, (n,)).fetchone()[0])

    def _keep(self, numbered: Numbered) -> int:
        """Take in what was committed."""
        self.mirror.apply(numbered)
        return numbered[-1][1] if numbered else self.mirror.revision

    def _drop(self, user: str, revision: int, deleted: int) -> Forgotten:
        """Take in that a user was deleted."""
        self.mirror.forget(digest_of(user, self.mirror.salt), revision, user)
        return Forgotten(user, deleted)


def rows_of(numbered: Numbered) -> list[tuple[object, ...]]:
    """Return changes as rows of a table of ratings."""
    return [(one.user, one.item, one.value, one.state, one.at, revision) for one, revision in numbered]


def changes_of(rows: Iterable[tuple[Any, ...]]) -> Numbered:
    """Return the changes that the rows of a table of ratings stand for."""
    return [
        (Change(user, item, value, state == REMOVED, at), revision)
        for user, item, value, state, at, revision in rows
    ]
