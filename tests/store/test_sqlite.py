"""The store in an SQLite file: the contract, what it refuses, a full disk, and kills."""

import os
import resource
import sqlite3
import subprocess
import sys

import pytest

from palate.store.changes import Change, StoreError
from palate.store.opening import open_store
from palate.store.schema import VERSION
from palate.store.sqlite import SQLiteStore
from store_contract import StoreContract
from store_kills import kill_writers

KILLS = 60 if os.environ.get("PALATE_SOAK") else 4


class TestContract(StoreContract):
    @pytest.fixture
    def make(self, tmp_path):
        return lambda: open_store(tmp_path / "live.db")


def test_two_processes_cannot_hold_one_store(tmp_path):
    store = SQLiteStore(tmp_path / "live.db")
    code = f"from palate.store.sqlite import SQLiteStore; SQLiteStore({str(tmp_path / 'live.db')!r})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert found.returncode == 1
    assert f"is in use by another process (process id {os.getpid()})" in found.stderr
    store.close()
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_the_same_process_cannot_open_it_twice_either(tmp_path):
    store = SQLiteStore(tmp_path / "live.db")
    with pytest.raises(StoreError, match="in use by another process"):
        SQLiteStore(tmp_path / "live.db")
    store.close()


def test_a_newer_store_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "live.db"
    SQLiteStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(
        StoreError, match=f"version {VERSION + 1}; this palate knows versions up to {VERSION}"
    ):
        SQLiteStore(path)
    assert path.read_bytes() == before


def test_other_files_are_refused(tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(StoreError, match="not a store of palate"):
        SQLiteStore(other)
    text = tmp_path / "text.db"
    text.write_text("this is no database " * 100)
    with pytest.raises(StoreError, match="not a database"):
        SQLiteStore(text)
    with pytest.raises(StoreError, match="cannot be opened"):
        SQLiteStore(tmp_path / "no-folder" / "live.db")


def test_an_address_of_another_kind_is_refused_and_none_is_made_where_one_must_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="begins with postgresql://; got 'mysql://host/x'"):
        open_store("mysql://host/x")
    with pytest.raises(StoreError, match=r"there is no store live\.db"):
        open_store("live.db", existing=True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_is_what_the_pragmas_promise(tmp_path):
    store = SQLiteStore(tmp_path / "live.db")
    asked = {
        name: store._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    }
    assert asked == {"journal_mode": "wal", "synchronous": 2}
    store.close()


def test_nothing_of_a_forgotten_user_is_left_in_the_files(tmp_path):
    store = SQLiteStore(tmp_path / "live.db")
    store.write([Change("somebody-unmistakable", f"i{place}", 4.0) for place in range(300)])
    store.forget("somebody-unmistakable")
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"somebody-unmistakable" not in left
    store.close()


_FULL = """
import resource, signal, sys
from palate.store.sqlite import SQLiteStore
from palate.store.changes import Change, StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SQLiteStore(sys.argv[1])
kept = 0
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
try:
    for place in range(1000):
        store.write([Change(f"u{place}-{row}", "x" * 200, 1.0) for row in range(20)])
        kept += 20
except StoreError as error:
    print(error)
assert 0 < kept < 20_000 and store.n_ratings == kept, (kept, store.n_ratings)
try:
    store.write([Change(f"u{row}", "x" * 200, 1.0) for row in range(2000)])
    raise SystemExit("this cannot have been kept")
except StoreError:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert store.problem() is None, store.problem()
store.write([Change("after", "x", 1.0)])
store.close()
store = SQLiteStore(sys.argv[1])
assert store.n_ratings == kept + 1
"""


def test_a_file_that_cannot_grow_is_an_error_and_needs_no_restart(tmp_path):
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    found = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "live.db")], capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, found.stderr
    assert "cannot be written" in found.stdout


def test_a_full_database_says_that_the_disk_is_full(tmp_path):
    store = SQLiteStore(tmp_path / "live.db")
    store.write([Change("al", "x", 4.0)])
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count={pages}")
    many = [Change("bo", f"i{place}" * 50, 1.0) for place in range(500)]
    with pytest.raises(StoreError, match=r"the disk is full\. Free space; nothing has to be restarted"):
        store.write(many)
    assert (store.n_ratings, dict(store.of("bo"))) == (1, {})
    store._connection.execute("PRAGMA max_page_count=1073741823")
    assert store.problem() is None
    store.write(many)
    assert store.n_ratings == 501
    store.close()


def test_a_store_with_little_room_is_not_ready_after_a_failure(tmp_path, monkeypatch):
    store = SQLiteStore(tmp_path / "live.db")
    store._writer.failure = "the disk is full"
    monkeypatch.setattr("palate.store.sqlite.ROOM", 1 << 62)
    assert store.problem() == "the disk is full"
    monkeypatch.setattr("palate.store.sqlite.ROOM", 0)
    assert store.problem() is None
    store.close()


def test_another_program_that_writes_is_named_and_its_end_is_enough(tmp_path):
    store = SQLiteStore(tmp_path / "live.db")
    store._connection.execute("PRAGMA busy_timeout=0")
    other = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(
        StoreError, match=r"another program is writing to it\. End that program, or try again"
    ):
        store.write([Change("al", "x", 4.0)])
    assert (store.n_ratings, dict(store.of("al"))) == (0, {})
    assert "another program" in store.problem()
    other.execute("ROLLBACK")
    other.close()
    assert store.problem() is None
    store.write([Change("al", "x", 4.0)])
    assert store.n_ratings == 1
    store.close()


_FAULTS = """
import resource, signal, sys
from palate.store.sqlite import SQLiteStore
from palate.store.changes import Change, StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
many = [Change("bo", f"i{place}" * 40, 1.0) for place in range(40)]
endless, n = resource.RLIM_INFINITY, 0
for size in range(0, 10**6, int(sys.argv[2])):
    path = f"{sys.argv[1]}/{size}.db"
    store = SQLiteStore(path)
    store.write([Change("al", "x", 4.0)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, endless))
    try:
        store.write(many)
        failed = False
    except StoreError as error:
        assert "cannot be written" in str(error), error
        failed = True
    if failed:
        if n % 2:  # the fault stays
            try:
                store.write([Change("cy", "x" * 5000, 1.0)] * 9)
                assert store.n_ratings == 2
            except StoreError:
                assert store.problem() is not None or store.n_ratings == 1
        assert dict(store.of("bo")) == {} and store.of("al")["x"].value == 4.0
    resource.setrlimit(resource.RLIMIT_FSIZE, (endless, endless))
    if failed:
        assert store.problem() is None, store.problem()
        store.write(many)
    store.close()
    store = SQLiteStore(path)
    assert len(store.of("bo")) == 40 and store.of("al")["x"].value == 4.0
    assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()
    n += failed
    if not failed:
        break
print(n, "faults")
"""


def test_a_write_that_fails_at_any_size_keeps_what_was_there_and_needs_no_restart(tmp_path):
    """The file may not grow beyond 0, 1, 2, ... steps of bytes until a write succeeds: the fault is
    met at each place of the log, once and for as long as it lasts.
    """
    step = "97" if os.environ.get("PALATE_SOAK") else "1031"
    found = subprocess.run(
        [sys.executable, "-c", _FAULTS, str(tmp_path), step], capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, found.stderr
    assert int(found.stdout.split()[0]) >= 10


@pytest.mark.slow
def test_killed_writers_lose_nothing_that_was_acknowledged(tmp_path):
    def undamaged(store):
        assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    assert kill_writers(str(tmp_path / "live.db"), KILLS, undamaged) >= 20 * KILLS
