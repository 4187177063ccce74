"""What stores in a database share: one thread writes, and what it committed goes into the copy in memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from palate.store.changes import REMOVED, Change, Forgotten
from palate.store.mirror import Mirrored, digest_of
from palate.store.writing import Writer

Numbered = list[tuple[Change, int]]  # changes with their revisions


class DatabaseStore(Mirrored, ABC):
    """Live ratings in a database."""

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

    @abstractmethod
    def _put(self, changes: Sequence[Change]) -> Numbered:
        """Write changes within a transaction; return them with their revisions."""

    @abstractmethod
    def _delete(self, user: str) -> tuple[int, int]:
        """Delete a user within a transaction; return the revision and how many ratings are gone."""

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
