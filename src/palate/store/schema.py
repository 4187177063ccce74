"""The tables of an SQLite store, and what opening one checks."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from palate.store.changes import StoreError

APPLICATION_ID = 0x70616C74  # "palt"
VERSION = 1

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE ratings (
    user TEXT NOT NULL, item TEXT NOT NULL, value REAL,
    state TEXT NOT NULL CHECK (state IN ('rated', 'seen', 'removed')),
    at INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (user, item),
    CHECK ((state = 'rated') = (value IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE forgotten (
    digest TEXT PRIMARY KEY, revision INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
# What brings a store of each version to the next one, in order. Version 1 is the first.
MIGRATIONS: dict[int, str] = {}


def connected(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Return a connection to the store of a file, which is made if it is not there and may be written.

    Raises
    ------
    StoreError
        If it cannot be opened, is no store, or is one of a newer version.
    """
    if read_only and not path.is_file():
        raise StoreError(f"there is no store {path}.")
    address = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    try:
        connection = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, timeout=5
        )
    except sqlite3.Error as error:
        raise StoreError(f"the store {path} cannot be opened: {error}.") from error
    try:
        with usable(path):
            connection.execute("PRAGMA trusted_schema=OFF")
            check_kind(connection, path, empty_allowed=not read_only)
            if not read_only:
                _prepare(connection)
    except StoreError:
        connection.close()
        raise
    return connection


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Raise StoreError, with what to do, for what SQLite cannot do with the store of a file."""
    try:
        yield
    except sqlite3.Error as error:
        foreign = "not a database" in str(error)
        advice = "Name another file." if foreign else "Look for damage: palate db check."
        raise StoreError(f"the store {path} cannot be used: {error}. {advice}") from error


def check_kind(connection: sqlite3.Connection, path: Path, *, empty_allowed: bool) -> None:
    """Refuse a file that is no store of palate, or one that a newer palate wrote."""
    kind = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if not tables and not kind and empty_allowed:
        return
    if kind != APPLICATION_ID:
        raise StoreError(f"{path} is an SQLite file, but not a store of palate. Name another file.")
    if version > VERSION:
        raise StoreError(
            f"the store {path} is of version {version}; this palate knows versions up to {VERSION}. "
            f"Install a newer palate."
        )


def _prepare(connection: sqlite3.Connection) -> None:
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "mmap_size=0"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("PRAGMA secure_delete=ON")  # what was forgotten is overwritten, not only unlinked
    if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.strip().split(";\n"):
            connection.execute(statement.rstrip(";"))
        connection.execute("INSERT INTO meta VALUES ('salt', ?), ('revision', 0)", (secrets.token_bytes(16),))
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for step in range(version, VERSION):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[step]}; PRAGMA user_version={step + 1}; COMMIT;"
        )
