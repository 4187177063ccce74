"""Ids keep their kind, are never merged, and come back as they went in."""

import pickle
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate import Vocabulary

INT64 = st.integers(-(2**63), 2**63 - 1)
UINT64 = st.integers(0, 2**64 - 1)
# No surrogates: they are no text that UTF-8 can hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
IDS = st.one_of(
    *(
        st.lists(kind, min_size=1, max_size=40)
        for kind in (INT64, st.integers(0, 50), UINT64, TEXT, st.uuids())
    )
)


@given(IDS)
def test_round_trip(ids):
    vocabulary = Vocabulary.from_ids(ids)
    index = vocabulary.indices(ids)
    assert [vocabulary.id(i) for i in index] == ids
    assert [type(vocabulary.id(i)) for i in index] == [type(id_) for id_ in ids]
    assert [vocabulary.index(id_) for id_ in ids] == index.tolist()
    assert len(vocabulary) == len(set(ids))
    encoded, position = Vocabulary.encode(ids)
    assert encoded == vocabulary
    assert position.dtype == np.int32
    assert position.tolist() == index.tolist()


@given(IDS, IDS)
def test_an_id_is_found_exactly_if_it_is_there(ids, others):
    vocabulary = Vocabulary.from_ids(ids)
    there = {(type(id_), id_) for id_ in ids}
    found = vocabulary.indices(others)
    assert (found >= 0).tolist() == [(type(id_), id_) in there for id_ in others]


@given(IDS)
def test_order_of_ids_does_not_matter(ids):
    assert Vocabulary.from_ids(ids) == Vocabulary.from_ids(ids[::-1]) == Vocabulary.from_ids(ids + ids)


@given(IDS)
def test_pickle(ids):
    vocabulary = Vocabulary.from_ids(ids)
    vocabulary.indices(ids)
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary


def test_look_alikes_are_not_merged():
    numbers = Vocabulary.from_ids([1, 2])
    assert numbers.indices([1, "1", True, 1.0, np.int64(1), None]).tolist() == [0, -1, -1, -1, 0, -1]
    assert numbers.indices([1.0, 2.0]).tolist() == [-1, -1]
    assert numbers.indices([True]).tolist() == [-1]
    texts = Vocabulary.from_ids(["1", "01", " 1", "", " ", "é", "e\u0301"])
    assert len(texts) == 7
    assert texts.indices(["1", 1, "01", "", "1 "]).tolist() == [
        texts.index("1"),
        -1,
        texts.index("01"),
        0,
        -1,
    ]


@pytest.mark.parametrize("low", [0, -(2**63), 2**63 - 9, 10**6])
def test_every_integer_type_is_looked_up(low):
    vocabulary = Vocabulary.from_ids([low, low + 3, low + 8])
    assert vocabulary.indices(np.array([low + 3, low + 4])).tolist() == [1, -1]
    # what would wrap around into the table
    assert vocabulary.indices(np.array([2**64 - 1, 2**63 + 5], dtype=np.uint64)).tolist() == [-1, -1]
    assert vocabulary.indices(np.array([-(2**63) + 1, 2**63 - 2])).tolist() == [-1, -1]


def test_ids_beyond_int64():
    vocabulary = Vocabulary.from_ids([2**64 - 1, 0, 2**63])
    assert vocabulary.kind == "uint"
    assert vocabulary.ids().dtype == np.uint64
    assert vocabulary.indices([-1, 0, 2**63, 2**64]).tolist() == [-1, 0, 1, -1]
    assert vocabulary.index(2**64 - 1) == 2
    # an unsigned column whose values fit is no other kind of id
    assert Vocabulary.from_ids(np.array([1, 2], dtype=np.uint64)) == Vocabulary.from_ids([1, 2])


def test_integers_far_apart():
    ids = [-(10**15), 3, 10**15]
    vocabulary, index = Vocabulary.encode([3, 10**15, -(10**15), 3])
    assert vocabulary.ids().tolist() == ids
    assert index.tolist() == [1, 2, 0, 1]
    assert vocabulary.indices([10**15, 4]).tolist() == [2, -1]


def test_handed_out_types():
    uuid = UUID("12345678-1234-5678-1234-567812345678")
    assert Vocabulary.from_ids([5, 3]).ids().tolist() == [3, 5]
    assert Vocabulary.from_ids(["b", "a"]).ids() == ["a", "b"]
    uuids = Vocabulary.from_ids([uuid])
    assert uuids.ids() == [uuid]
    assert uuids.take([0]).to_list() == [str(uuid)]
    assert uuids.indices([uuid, str(uuid)]).tolist() == [0, 0]  # frames hold UUIDs as strings
    assert uuids.parse(str(uuid).upper()) == uuid


@pytest.mark.parametrize("make", [list, tuple, np.array, pl.Series, pd.Series, pd.Index, iter])
def test_any_container(make):
    assert Vocabulary.from_ids(make([3, 1])).ids().tolist() == [1, 3]


def test_pandas_columns():
    assert Vocabulary.from_ids(pd.Series([2, 1], dtype="Int64")).kind == "int"
    assert Vocabulary.from_ids(pd.Series(["b", "a"], dtype="category")).ids() == ["a", "b"]
    assert Vocabulary.from_ids(pl.Series(["b", "a"], dtype=pl.Categorical)).ids() == ["a", "b"]


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([1.0, 2.0], TypeError, r"must hold ids; got Float64 \(1.0 at 0-based row 0\).*cast to int64"),
        (np.array([1.0, np.nan]), TypeError, "a missing id turns a column of integers into floats"),
        ([True, False], TypeError, r"must hold ids; got Boolean \(True"),
        ([b"a"], TypeError, r"must hold ids; got Binary"),
        ([(1, 2)], TypeError, "must hold ids; got List"),
        (
            [1, "1"],
            TypeError,
            r"one type; got integers \(1 at 0-based row 0\) and strings \('1' at 0-based row 1\)",
        ),
        ([1, True], TypeError, r"must hold ids; got bool \(True at 0-based row 1\)"),
        ([1, None], ValueError, "must have an id in every row; got null at 0-based row 1"),
        (["a", None], ValueError, "must have an id in every row; got null at 0-based row 1"),
        (pd.Series(["a", None]), ValueError, "must have an id in every row; got null at 0-based row 1"),
        (
            pd.Series([1, None], dtype="Int64"),
            ValueError,
            "must have an id in every row; got null at 0-based row 1",
        ),
        (
            [2**64],
            ValueError,
            "must hold integers of 64 bits, all signed or all unsigned; got 18446744073709551616",
        ),
        (
            [-1, 2**63],
            ValueError,
            "must hold integers of 64 bits, all signed or all unsigned; got -1 at 0-based row 0",
        ),
        ("abc", TypeError, "must be a column, an array or a list; got str 'abc'"),
        (3, TypeError, "must be a column, an array or a list; got int 3"),
        (np.zeros((2, 2), int), ValueError, r"must have one dimension; got an array of shape \(2, 2\)"),
    ],
)
def test_what_is_no_id(ids, error, message):
    with pytest.raises(error, match=message):
        Vocabulary.from_ids(ids)


def test_unknown_ids_say_why():
    vocabulary = Vocabulary.from_ids([1, 2])
    with pytest.raises(KeyError, match="unknown user id 5"):
        vocabulary.index(5, "user id")
    with pytest.raises(
        KeyError, match="unknown id '1': the ids of this model are integers, but this is of type str"
    ):
        vocabulary.index("1")
    with pytest.raises(IndexError, match="index must be between 0 and 1; got 2"):
        vocabulary.id(2)


def test_parse():
    assert Vocabulary.from_ids([1]).parse("17") == 17
    assert Vocabulary.from_ids(["1"]).parse("17") == "17"
    with pytest.raises(ValueError, match="item id must be an integer, as in the ratings; got 'x'"):
        Vocabulary.from_ids([1]).parse("x", "item id")
    with pytest.raises(ValueError, match="id must be a UUID, as in the ratings; got 'x'"):
        Vocabulary.from_ids([UUID(int=1)]).parse("x")


def test_made_by_hand():
    assert Vocabulary(pl.Series([1, 2]), "int").ids().tolist() == [1, 2]
    for values, kind, message in [
        (pl.Series([2, 1]), "int", "strictly ascending"),
        (pl.Series([1, 1]), "int", "strictly ascending"),
        (pl.Series(["a", None]), "str", "must hold String without nulls"),
        (pl.Series([1], dtype=pl.Int32), "int", "must hold Int64 without nulls"),
        (pl.Series([1]), "float", "kind of a vocabulary must be one of int, uint, str, uuid; got 'float'"),
    ]:
        with pytest.raises(ValueError, match=message):
            Vocabulary(values, kind)


def test_empty():
    empty = Vocabulary.from_ids([])
    assert len(empty) == 0
    assert empty.indices([1, "a"]).tolist() == [-1, -1]
    assert empty.indices([1]).tolist() == [-1]


def test_order_is_by_code_point():
    ids = ["\U0001f600", "z", "Z", "é", "\ue000", "a"]
    assert Vocabulary.from_ids(ids).ids() == sorted(ids)
