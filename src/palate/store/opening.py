"""Which store an address means."""

import os
from pathlib import Path

from palate.store.changes import StoreError
from palate.store.mirror import RatingStore
from palate.store.sqlite import SQLiteStore

POSTGRES = ("postgresql://", "postgres://")


def open_store(address: str | os.PathLike[str], *, existing: bool = False) -> RatingStore:
    """Return the store of an address: a file for SQLite, `postgresql://user@host/database` for PostgreSQL.

    With `existing` a file that is not there is an error; without it the store is made.

    Raises
    ------
    StoreError
        If it cannot be opened.
    ImportError
        For PostgreSQL without psycopg; the message says what to install.
    """
    text = os.fspath(address)
    if text.startswith(POSTGRES):
        from palate.store.postgres import PostgresStore

        return PostgresStore(text)
    path = file_of(text)
    if existing and not path.is_file():
        raise StoreError(f"there is no store {path}.")
    return SQLiteStore(path)


def file_of(address: str) -> Path:
    """Return the file of an address of SQLite, `sqlite:///path` or the path itself.

    Examples
    --------
    >>> file_of("live.db").name, file_of("sqlite:///tmp/live.db").as_posix()
    ('live.db', 'tmp/live.db')
    """
    path = address.removeprefix("sqlite:///")
    if "://" in path:
        raise StoreError(
            f"a store must be a file or an address that begins with {POSTGRES[0]}; got {address!r}."
        )
    return Path(path)
