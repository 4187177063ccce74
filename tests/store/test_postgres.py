"""The store in PostgreSQL: the same contract, and two of them on one database."""

import os
import time

import pytest

from palate.store.changes import Change, StoreError
from palate.store.opening import open_store
from postgres_server import missing, server
from store_contract import StoreContract
from store_kills import kill_writers

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def address():
    with server() as found:
        yield found


@pytest.fixture
def database(address, request):
    """A database of the test's own."""
    import psycopg

    name = f"t{abs(hash(request.node.nodeid))}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return address.rsplit("/", 1)[0] + f"/{name}"


def until(what, seconds=60):
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "this never became true"
        time.sleep(0.005)


class TestContract(StoreContract):
    @pytest.fixture
    def make(self, database):
        return lambda: open_store(database)


def test_two_processes_hear_of_each_other(database):
    one, two = open_store(database), open_store(database)
    one.write([Change("al", "x", 4.0)])
    until(lambda: "x" in two.of("al"))
    two.write([Change("al", "x", 2.0), Change("al", "y", 3.0)])
    until(lambda: one.revision_of("al") == two.revision_of("al"))
    assert {item: rating.value for item, rating in one.of("al").items()} == {"x": 2.0, "y": 3.0}
    one.forget("al")
    until(lambda: two.is_forgotten("al"))
    assert dict(two.of("al")) == {}
    one.close()
    two.close()


def test_many_writers_on_two_stores_end_with_the_same(database):
    one, two = open_store(database), open_store(database)
    for place in range(60):
        (one, two)[place % 2].write([Change(f"u{place % 3}", f"i{place % 5}", float(place % 5))])
    one.fresh()
    two.fresh()
    for user in ("u0", "u1", "u2"):
        assert dict(one.of(user)) == dict(two.of(user))
    one.close()
    two.close()


def test_a_lost_message_is_made_good_by_looking(database):
    import psycopg

    one = open_store(database)
    one.write([Change("al", "x", 4.0)])
    with psycopg.connect(database, autocommit=True) as other:  # a change that nobody is told of
        other.execute("UPDATE palate_meta SET value = '2' WHERE name = 'revision'")
        other.execute("INSERT INTO palate_ratings VALUES ('al', 'y', 3, 'rated', 1, 2)")
    until(lambda: "y" in one.of("al"))
    one.close()


def cut_connections(database):
    import psycopg

    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
            "datname = current_database()"
        )


def test_a_cut_connection_is_made_anew_before_the_next_write(database):
    one = open_store(database)
    one.write([Change("al", "x", 4.0)])
    cut_connections(database)
    one.write([Change("al", "y", 3.0)])
    assert one.problem() is None
    two = open_store(database)
    assert set(two.of("al")) == {"x", "y"}
    two.write([Change("al", "z", 3.0)])
    until(lambda: "z" in one.of("al"))
    one.close()
    two.close()


def test_a_database_that_does_not_answer_is_a_problem_before_anything_is_written(database, monkeypatch):
    from palate.store import postgres

    def refused(address):
        raise StoreError("the PostgreSQL store cannot be opened: connection refused")

    one = open_store(database)
    connect = postgres.connected
    monkeypatch.setattr(postgres, "connected", refused)
    cut_connections(database)
    until(lambda: one.problem() is not None)
    said = "the PostgreSQL store cannot be opened: connection refused. Ratings acknowledged before are kept."
    assert one.problem() == said
    with pytest.raises(StoreError, match="cannot be opened: connection refused\\."):
        one.write([Change("al", "y", 3.0)])
    monkeypatch.setattr(postgres, "connected", connect)
    until(lambda: one.problem() is None)
    one.write([Change("al", "y", 3.0)])
    one.close()


@pytest.mark.slow
def test_killed_writers_lose_nothing_that_was_acknowledged(database):
    kills = 60 if os.environ.get("PALATE_SOAK") else 2
    assert kill_writers(database, kills, lambda store: None) >= 20 * kills


def test_a_newer_version_is_refused(database):
    import psycopg

    open_store(database).close()
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("UPDATE palate_meta SET value = '9' WHERE name = 'version'")
    with pytest.raises(StoreError, match="is of version 9"):
        open_store(database)


def test_no_server_is_said_without_the_password():
    with pytest.raises(StoreError, match="cannot be opened") as said:
        open_store("postgresql://me:secretword@127.0.0.1:1/none")
    assert "secretword" not in str(said.value)
