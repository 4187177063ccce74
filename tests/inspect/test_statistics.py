"""Figures, bins and samples with known answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from palate.inspect.statistics import QUANTILES, describe, histogram, sampled, table


def test_known_answer():
    found = describe(np.arange(101, dtype=np.float32))
    assert [found[f"q{q:02d}"] for q in QUANTILES] == pytest.approx(list(QUANTILES))
    assert (found["count"], found["mean"], found["min"], found["max"]) == (101, 50, 0, 100)
    assert found["std"] == pytest.approx(np.sqrt((101**2 - 1) / 12))
    assert QUANTILES == (5, 10, 25, 40, 50, 60, 75, 90, 95, 99)


def test_figures_of_draws_are_averaged():
    found = describe(np.array([[0.0, 2.0], [0.0, 4.0]]))
    assert (found["count"], found["mean"], found["max"], found["q25"]) == (2, 1.5, 3, 0.75)


def test_nothing_to_describe():
    found = table({"none": np.zeros(0), "one": np.ones(1)})
    assert found["count"].to_list() == [0, 1]
    assert found["mean"].to_list() == [None, 1.0]
    assert histogram({"none": np.zeros(0)}).height == 0


@given(arrays(np.float32, st.integers(1, 60), elements=st.floats(-100, 100, width=32)))
def test_bins_hold_every_value_and_follow_each_other(values):
    bins = histogram({"x": values})
    assert bins["share"].sum() == pytest.approx(1)
    assert bins["low"].to_list()[1:] == bins["high"].to_list()[:-1]


@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 9))
def test_a_sample_is_distinct_ascending_and_repeatable(n, wanted, seed):
    found = sampled(n, wanted, seed)
    assert len(found) == min(n, wanted)
    assert (np.diff(found) > 0).all()
    assert found.tolist() == sampled(n, wanted, seed).tolist()
    assert 0 <= found.min() <= found.max() < n
