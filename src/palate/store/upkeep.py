"""What is done to a store beside using it: check, backup, export, and training with what it holds."""

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl

from palate._words import counted
from palate.data import columns as names
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary
from palate.store.changes import RATED, STATES, StoreError
from palate.store.mirror import Mirror
from palate.store.opening import POSTGRES, file_of
from palate.store.schema import connected
from palate.store.sqlite import read_all


def held(address: str) -> Mirror:
    """Return what a store holds now; a service that uses it goes on. Raises StoreError."""
    if address.startswith(POSTGRES):
        from palate.store.postgres import PostgresStore

        with closing(PostgresStore(address)) as store:
            return store.mirror
    path = file_of(address)
    with closing(connected(path, read_only=True)) as connection:
        return read_all(connection, path)


def check(address: str) -> list[str]:
    """Return what is wrong with a store, nothing if it is sound.

    Raises StoreError if it cannot be read at all.
    """
    found = []
    if not address.startswith(POSTGRES):
        with closing(connected(file_of(address), read_only=True)) as connection:
            try:
                told = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
                found += [line for line in told if line != "ok"]
            except sqlite3.DatabaseError as error:
                return [str(error)]
    if found:  # what is damaged may not be readable
        return found
    mirror = held(address)
    revisions = [rating.revision for user in mirror.users() for rating in mirror.of(user).values()]
    if len(set(revisions)) < len(revisions):
        found.append("two ratings have the same revision")
    if revisions and max(revisions) > mirror.revision:
        found.append(
            f"a rating has revision {max(revisions)}, but the store is at revision {mirror.revision}"
        )
    states = {rating.state for user in mirror.users() for rating in mirror.of(user).values()}
    found += [f"a rating has the state {state!r}" for state in sorted(states - set(STATES))]
    return found


def backup(address: str, path: Path) -> None:
    """Write a copy of an SQLite store as it is now to a new file; a service that uses it goes on.

    Raises
    ------
    StoreError
        For PostgreSQL, which has its own tools, or if the file is there already.
    """
    if address.startswith(POSTGRES):
        raise StoreError(
            "a store in PostgreSQL is backed up by its own tools: pg_dump --table 'palate_*' URL"
        )
    if path.exists():
        raise StoreError(f"{path} is there already. Name a new file.")
    with closing(connected(file_of(address), read_only=True)) as source:
        try:
            with closing(sqlite3.connect(path)) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            path.unlink(missing_ok=True)
            raise StoreError(f"the backup {path} cannot be written: {error}.") from error


def exported(address: str) -> pl.DataFrame:
    """Return all of a store as a frame: user_id, item_id, rating, state, timestamp."""
    mirror = held(address)
    rows = [
        (user, item, rating.value, rating.state, rating.at)
        for user in sorted(mirror.users())
        for item, rating in sorted(mirror.of(user).items())
    ]
    ids = {names.USER_ID: pl.String, names.ITEM_ID: pl.String}
    others = {names.RATING: pl.Float64, "state": pl.String, names.TIMESTAMP: pl.Int64}
    return pl.DataFrame(rows, schema={**ids, **others}, orient="row")


@dataclasses.dataclass(frozen=True)
class Joined:
    """Ratings of a file together with those of a store, and what became of the store's."""

    ratings: Ratings
    n_live: int
    n_replaced: int
    n_forgotten: int
    n_of_other_ids: int

    def __str__(self) -> str:
        text = (
            f"{counted(self.n_live, 'stored rating')} added, {counted(self.n_replaced, 'rating')} of the "
            f"file replaced or deleted, {counted(self.n_forgotten, 'rating')} of deleted users left out"
        )
        other = (
            f"; {counted(self.n_of_other_ids, 'stored rating')} left out, whose ids are of another type "
            "than those of the file"
        )
        return text + (other if self.n_of_other_ids else "")


def joined(ratings: Ratings, mirror: Mirror) -> Joined:
    """Return ratings with a store's, and without forgotten people.

    A live rating replaces that of the same pair.
    """
    users = [str(value) for value in ratings.users.values.to_list()]
    forgotten = np.array([mirror.is_forgotten(user) for user in users], bool)[ratings.user_index]
    frame = ratings.to_frame("polars")
    live = _live(ratings, mirror, frame.schema)
    known = frame.filter(pl.Series(~forgotten))
    kept = known.join(live, on=[names.USER_ID, names.ITEM_ID], how="anti")
    rated = live.filter(pl.col(names.RATING).is_not_null())
    extra = {name: name for name in (names.TIMESTAMP, names.WEIGHT) if name in frame.columns}
    whole, scale = pl.concat([kept, rated.select(kept.columns)]), ratings.scale if ratings.declared else None
    merged = Ratings.from_frame(whole, scale=scale, **extra)
    total = sum(rating.state == RATED for user in mirror.users() for rating in mirror.of(user).values())
    n_replaced = known.height - kept.height
    return Joined(merged, rated.height, n_replaced, int(forgotten.sum()), total - rated.height)


def _live(ratings: Ratings, mirror: Mirror, schema: pl.Schema) -> pl.DataFrame:
    """Return the live pairs in the ids and the types of the file's table, each with the weight 1.

    The rating is null for a pair that is seen or taken back.
    """
    rows = []
    for user in mirror.users():
        who = _id(ratings.users, user)
        for item, rating in mirror.of(user).items():
            what = _id(ratings.items, item)
            if who is not None and what is not None:
                rows.append((who, what, rating.value, rating.at, 1.0))
    of_file = {name: schema[name] for name in (names.USER_ID, names.ITEM_ID, names.RATING)}
    others = {names.TIMESTAMP: pl.Int64, names.WEIGHT: pl.Float32}
    return pl.DataFrame(rows, schema={**of_file, **others}, orient="row")


def _id(vocabulary: Vocabulary, text: str) -> object | None:
    try:
        value = vocabulary.parse(text)
    except ValueError:
        return None
    return (str(value) if vocabulary.kind == "uuid" else value) if str(value) == text else None
