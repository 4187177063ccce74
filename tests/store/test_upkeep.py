"""Ratings of a file together with those of a store."""

import uuid

import pytest

import palate
from palate.store.changes import Change
from palate.store.memory import MemoryStore
from palate.store.upkeep import joined


@pytest.mark.parametrize(
    "ids",
    [(1, 2, 3), ("al", "bo", "cy"), tuple(uuid.UUID(int=number) for number in (1, 2, 3))],
    ids=["int", "str", "uuid"],
)
def test_live_ratings_replace_those_of_their_pairs_whatever_the_kind_of_ids(ids, recwarn):
    al, bo, cy = ids
    ratings = palate.Ratings.from_arrays([al, al, bo, cy], [al, bo, al, al], [1.0, 2, 3, 4])
    store = MemoryStore()
    store.write(
        [
            Change(str(al), str(al), 5.0),
            Change(str(al), str(bo), removed=True),
            Change(str(bo), str(bo), 4.0),
        ]
    )
    store.forget(str(cy))
    found = joined(ratings, store.mirror)
    expected = palate.Ratings.from_arrays([al, bo, bo], [al, al, bo], [5.0, 3, 4])
    assert found.ratings.to_frame("polars").equals(expected.to_frame("polars"))
    assert (found.n_live, found.n_replaced, found.n_forgotten, found.n_of_other_ids) == (2, 2, 1, 0)
    assert not recwarn.list


def test_live_ratings_whose_ids_are_of_another_type_are_counted():
    ratings = palate.Ratings.from_arrays([1, 2], [1, 1], [1.0, 2.0])
    store = MemoryStore()
    store.write([Change("al", "1", 5.0), Change("01", "1", 5.0), Change("2", "1")])
    found = joined(ratings, store.mirror)
    assert found.n_of_other_ids == 2
    assert found.ratings.to_frame("polars")["user_id"].to_list() == [1]
