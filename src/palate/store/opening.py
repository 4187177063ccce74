"""Which store an address means."""

import os
from pathlib import Path

from palate.store.changes import RatingStore
from palate.store.sqlite import SQLiteStore

POSTGRES = ("postgresql://", "postgres://")


def open_store(address: str | os.PathLike[str]) -> RatingStore:
    """Return the store of an address: a file for SQLite, `postgresql://user@host/database` for PostgreSQL.

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
    return SQLiteStore(file_of(text))


def file_of(address: str) -> Path:
    """Return the file of an address of SQLite, `sqlite:///path` or the path itself.

    Examples
    --------
    >>> file_of("live.db").name, file_of("sqlite:///tmp/live.db").as_posix()
    ('live.db', 'tmp/live.db')
    """
    return Path(address.removeprefix("sqlite:///"))
