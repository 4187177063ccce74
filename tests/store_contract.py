"""What every store must do, whatever it keeps ratings in."""

import threading

import pytest

from palate.store.changes import Change, StoreError


class StoreContract:
    """Subclasses give the fixture `make`, a function that opens the same store anew."""

    def test_what_is_written_is_read_again_after_reopening(self, make):
        store = make()
        store.write([Change("al", "x", 4.0, at=5), Change("al", "y", at=6), Change("bo", "x", 2.5, at=7)])
        store.write([Change("al", "z", removed=True, at=8)])
        before = {user: dict(store.of(user)) for user in ("al", "bo", "cy")}
        assert {item: (r.value, r.state, r.at) for item, r in before["al"].items()} == {
            "x": (4.0, "rated", 5),
            "y": (None, "seen", 6),
            "z": (None, "removed", 8),
        }
        assert before["cy"] == {}
        store.close()
        again = make()
        assert {user: dict(again.of(user)) for user in ("al", "bo", "cy")} == before
        assert again.n_ratings == 4
        again.close()

    def test_the_last_change_of_a_pair_wins_and_revisions_rise(self, make):
        store = make()
        first = store.write([Change("al", "x", 4.0)])
        second = store.write([Change("al", "x", 2.0), Change("bo", "x", 1.0)])
        assert first < second
        assert store.of("al")["x"].value == 2.0
        assert store.revision_of("al") < store.revision_of("bo") == second
        assert store.n_ratings == 2
        assert store.users() == ["bo", "al"]
        store.close()

    def test_writing_the_same_again_is_seen_once(self, make):
        store = make()
        for _ in range(3):
            store.write([Change("al", "x", 4.0)])
        assert store.n_ratings == 1
        store.close()

    def test_a_forgotten_user_is_gone_and_known_as_forgotten_after_reopening(self, make):
        store = make()
        store.write([Change("al", "x", 4.0), Change("al", "y", 3.0), Change("bo", "x", 2.0)])
        assert store.forget("al").n_deleted == 2
        for _ in range(2):
            assert store.is_forgotten("al")
            assert not store.is_forgotten("bo")
            assert dict(store.of("al")) == {}
            assert store.n_ratings == 1
            store.close()
            store = make()
        store.write([Change("al", "z", 5.0)])
        assert list(store.of("al")) == ["z"]
        assert store.is_forgotten("al")
        store.close()

    def test_a_mapping_that_was_handed_out_never_changes(self, make):
        store = make()
        store.write([Change("al", "x", 4.0)])
        before = store.of("al")
        store.write([Change("al", "y", 1.0)])
        assert list(before) == ["x"]
        with pytest.raises(TypeError):
            before["z"] = None
        store.close()

    def test_writes_of_many_threads_are_all_kept_in_each_threads_order(self, make):
        store = make()

        def write(who: int) -> None:
            for place in range(25):
                store.write([Change(f"u{who}", f"i{place % 7}", float(place))])

        threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        wanted = {
            f"i{item}": float(max(place for place in range(25) if place % 7 == item)) for item in range(7)
        }
        store.close()
        again = make()
        for who in range(8):
            assert {item: r.value for item, r in again.of(f"u{who}").items()} == wanted
        again.close()

    def test_odd_ids_round_trip(self, make):
        odd = [
            "é",
            "e\u0301",
            "🎬",
            "שלום",
            "'; DROP TABLE ratings; --",
            "<b>",
            " ",
            "../x",
            "a/b",
            "__proto__",
            "x" * 256,
        ]
        store = make()
        store.write([Change(user, item, 1.0) for user in odd for item in odd])
        store.close()
        again = make()
        assert all(sorted(again.of(user)) == sorted(odd) for user in odd)
        assert again.n_ratings == len(odd) ** 2
        again.close()

    def test_a_closed_store_says_so(self, make):
        store = make()
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.write([Change("al", "x", 1.0)])

    def test_an_empty_write_changes_nothing(self, make):
        store = make()
        revision = store.write([Change("al", "x", 1.0)])
        assert store.write([]) == revision
        assert store.waiting == 0
        assert store.problem() is None
        store.close()
