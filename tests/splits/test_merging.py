"""Two tables of pairs as one are the stable sort of both."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

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
    assert both.row_numbers().tolist() == rows[order].tolist()
    assert both.together(one[1], two[1]).tolist() == columns[order].tolist()
    assert both.together(values[: len(first)], values[len(first) :]).tolist() == order.tolist()
    assert both.second.tolist() == (order >= len(first)).tolist()
    pairs = list(zip(rows[order], columns[order], strict=True))
    assert both.n_twice == sum(pair == after for pair, after in itertools.pairwise(pairs))
