"""Two tables of pairs as one are the stable sort of both."""

import itertools
import pickle
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from palate.data.ratings import Ratings
from palate.splits.holdout import merge_holdout, merged_with_train
from palate.splits.merging import merged_rows

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=40)


def _table(pairs):
    rows, columns = np.array(pairs, np.int32).reshape(-1, 2).T
    return np.ascontiguousarray(rows), np.ascontiguousarray(columns)


@given(PAIRS, PAIRS, st.booleans(), st.integers(1, 3))
def test_merged_rows_are_the_stable_sort_of_both_tables(first, second, in_order, threads):
    if in_order:
        first, second = sorted(first), sorted(second)
    one, two = _table(first), _table(second)
    rows, columns = (np.concatenate(parts) for parts in zip(one, two, strict=True))
    order = np.lexsort((np.arange(len(rows)), columns, rows))
    both = merged_rows(one, two, (7, 7), threads)
    values = np.arange(len(rows), dtype=np.float32)
    assert np.repeat(np.arange(7), np.diff(both.indptr)).tolist() == rows[order].tolist()
    assert both.together(one[1], two[1]).tolist() == columns[order].tolist()
    assert both.together(values[: len(first)], values[len(first) :]).tolist() == order.tolist()
    assert both.second.tolist() == (order >= len(first)).tolist()
    pairs = list(zip(rows[order], columns[order], strict=True))
    assert both.n_twice == sum(pair == after for pair, after in itertools.pairwise(pairs))


@given(
    st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=30),
    st.data(),
    st.booleans(),
    st.booleans(),
)
def test_the_training_ratings_are_what_the_mask_leaves(pairs, data, weighted, in_order):
    pairs = sorted(pairs)
    held = np.array(data.draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs))))
    held[0], held[1] = False, True  # the validation ratings may have users and items of their own
    users, items = np.array(pairs).T
    values, weights = np.arange(len(pairs)) % 5 + 1.0, np.arange(len(pairs)) + 1.0

    def table(kept):
        given = {"weight": weights[kept]} if weighted else {}
        return Ratings.from_arrays(users[kept], items[kept], values[kept], scale=(1, 5), **given)

    train = table(~held)
    if not in_order:
        train = train.select(np.arange(len(train))[::-1])
    everything, held_out, own = merged_with_train(train, table(held))
    starts = [np.searchsorted(everything.user_index, np.arange(everything.n_users + 1)).tolist()]
    assert [everything.user_indptr.tolist()] == starts
    if own is None:
        assert not in_order
        return
    kept = everything.select(~held_out)
    for name in ("user_index", "item_index", "value", "user_indptr"):
        assert getattr(own, name).tolist() == getattr(kept, name).tolist(), name
    assert (own.users, own.items) == (everything.users, everything.items)
    assert not weighted or own.weight.tolist() == kept.weight.tolist()


def test_ratings_of_both_make_the_user_of_each_when_it_is_asked_for():
    train = Ratings.from_arrays(["a", "a", "c"], [1, 2, 1], [1, 2, 3], scale=(1, 5))
    held_out = Ratings.from_arrays(["b", "c"], [2, 2], [4, 5], scale=(1, 5))
    both, second = merge_holdout(train, held_out)
    assert "user_index" not in vars(both)
    again = pickle.loads(pickle.dumps(both))
    for ratings in (both, again, replace(both, declared=False), both.select(np.arange(5))):
        assert ratings.user_index.tolist() == [0, 0, 1, 2, 2]
        assert ratings.user_index.dtype == np.int32
        assert ratings.user_indptr.tolist() == [0, 2, 3, 5]
    assert both.to_frame().rows()[2] == ("b", 2, 4.0)
    assert second.tolist() == [False, False, True, False, True]
