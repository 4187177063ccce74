"""The store in a PostgreSQL database, which several processes share; each hears of the others' changes.

A process that writes is answered after the database has committed, and takes in what it wrote
before it answers. The others hear of it by LISTEN and NOTIFY, within milliseconds; should a message
be lost, they look every `POLL` seconds, which is the greatest staleness while the database answers.
`fresh` waits for nothing: it reads at once whatever is new.
"""

import contextlib
import secrets
import threading
from typing import TYPE_CHECKING, Any

from palate._requiring import require
from palate.store.changes import StoreError
from palate.store.database import DatabaseStore, changes_of
from palate.store.mirror import Mirror
from palate.store.writing import Writer

if TYPE_CHECKING:
    from psycopg import Connection


POLL = 1.0  # seconds between two looks, if no message comes
VERSION = 1
_LOCK = 0x70616C74  # of the advisory lock that keeps changes in the order of their revisions
_CHANNEL = "palate_ratings"
_TABLES = """
CREATE TABLE IF NOT EXISTS palate_meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE IF NOT EXISTS palate_ratings (
    "user" text NOT NULL, item text NOT NULL, value double precision,
    state text NOT NULL CHECK (state IN ('rated', 'seen', 'removed')),
    at bigint NOT NULL, revision bigint NOT NULL,
    PRIMARY KEY ("user", item), CHECK ((state = 'rated') = (value IS NOT NULL)));
CREATE INDEX IF NOT EXISTS palate_ratings_revision ON palate_ratings (revision);
CREATE TABLE IF NOT EXISTS palate_forgotten (
    digest text PRIMARY KEY, revision bigint NOT NULL, at bigint NOT NULL);
CREATE INDEX IF NOT EXISTS palate_forgotten_revision ON palate_forgotten (revision);
"""


def connected(address: str) -> Any:
    """Return a connection to the database of an address.

    Raises
    ------
    ImportError
        Without psycopg.
    StoreError
        If the database does not answer; the message holds no password.
    """
    psycopg = require("psycopg", "psycopg", "postgres", "a store in PostgreSQL")
    try:
        return psycopg.connect(address, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        raise StoreError(f"the PostgreSQL store cannot be opened: {said}") from None


class PostgresStore(DatabaseStore):
    """Live ratings in PostgreSQL, for several processes at a time.

    Parameters
    ----------
    address : str
        `postgresql://user@host/database`, as libpq takes it. The tables are made if they are not there.
    """

    PUT = """
        INSERT INTO palate_ratings VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT ("user", item) DO UPDATE SET
        value = excluded.value, state = excluded.state, at = excluded.at, revision = excluded.revision
    """
    DELETE = 'DELETE FROM palate_ratings WHERE "user" = %s'
    FORGET = """
        INSERT INTO palate_forgotten VALUES (%s, %s, %s) ON CONFLICT (digest) DO UPDATE SET
        revision = excluded.revision, at = excluded.at
    """
    ADVANCE = """
        UPDATE palate_meta SET value = (value::bigint + %s)::text WHERE name = 'revision' RETURNING value
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection = connected(address)
        try:
            self.mirror = Mirror(_salt(self._connection))
            self._reading = connected(address)
        except BaseException:
            self._connection.close()
            raise
        self._seen = 0
        self._unheard = False  # whether the database did not answer when it was last listened to
        self._read_lock = threading.Lock()
        self._ends = threading.Event()
        self._reading.execute(f"LISTEN {_CHANNEL}")
        self.fresh()
        self._writer = Writer(self._begin, self._commit, self._undo, self._said)
        self._listener = threading.Thread(target=self._listen, name="palate-listen", daemon=True)
        self._listener.start()

    def __repr__(self) -> str:
        return f"PostgresStore({self.n_ratings:,} ratings)"

    @property
    def _in_doubt(self) -> bool:
        """Whether the last write failed, the connection is cut, or the database did not answer."""
        return super()._in_doubt or self._connection.closed or self._unheard

    def fresh(self) -> None:
        """Take in what other processes have committed."""
        with self._read_lock:
            # One statement for the revision, then what is not newer: changes are committed in the
            # order of their revisions.
            revision = "SELECT value FROM palate_meta WHERE name = 'revision'"
            until = int(self._reading.execute(revision).fetchone()[0])
            if until <= self._seen:
                return
            bounds = self._seen, until
            gone = self._reading.execute(
                "SELECT digest, revision FROM palate_forgotten WHERE revision > %s AND revision <= %s", bounds
            ).fetchall()
            for digest, revision in gone:
                self.mirror.forget(digest, revision)
            rows = self._reading.execute(
                'SELECT "user", item, value, state, at, revision FROM palate_ratings WHERE revision > %s '
                'ORDER BY "user"',
                bounds[:1],
            )
            self.mirror.apply(changes_of(rows))
            self._seen = until

    def close(self) -> None:
        """Commit what waits and end both connections."""
        self._writer.close()
        self._ends.set()
        self._listener.join(POLL + 10)
        self._connection.close()
        self._reading.close()

    def _listen(self) -> None:
        while not self._ends.is_set():
            try:
                for _ in self._reading.notifies(timeout=POLL / 4, stop_after=1):
                    pass
                self.fresh()
                self._unheard = False
            except Exception:
                self._unheard = True
                if not self._ends.wait(POLL):
                    self._connect_again()

    def _connect_again(self) -> None:
        with contextlib.suppress(Exception), self._read_lock:
            self._reading.close()
            self._reading = connected(self._address)
            self._reading.execute(f"LISTEN {_CHANNEL}")

    # -- within the writing thread
    # -----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin a transaction, on a new connection if the old one was cut since the last."""
        import psycopg

        try:
            self._connection.execute("BEGIN")
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            self._connection = connected(self._address)
            self._connection.execute("BEGIN")
        self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))

    def _commit(self) -> None:
        self._connection.execute(f"NOTIFY {_CHANNEL}")
        self._connection.execute("COMMIT")

    def _undo(self) -> None:
        self._connection.execute("ROLLBACK")

    def _said(self, error: Exception) -> StoreError:
        text = " ".join(str(error).split())
        if not isinstance(error, StoreError):  # which names the store itself
            text = f"the PostgreSQL store cannot be written: {text}"
        return StoreError(
            f"{text}{'' if text.endswith(('.', '?')) else '.'} Ratings acknowledged before are kept."
        )


def _salt(connection: "Connection[Any]") -> bytes:
    """Make the tables if they are not there, check their version, and return the salt of the digests."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(_TABLES)
        connection.execute(
            "INSERT INTO palate_meta VALUES ('version', %s), ('revision', '0'), ('salt', %s) ON CONFLICT "
            "DO NOTHING",
            (str(VERSION), secrets.token_hex(16)),
        )
    found = dict(connection.execute("SELECT name, value FROM palate_meta").fetchall())
    if int(found["version"]) > VERSION:
        raise StoreError(
            f"the PostgreSQL store is of version {found['version']}; this palate knows versions up to "
            f"{VERSION}. Install a newer palate."
        )
    return bytes.fromhex(found["salt"])
