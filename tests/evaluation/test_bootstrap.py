"""Intervals: the spread of a mean is what theory says, resamples are seeded, differences are paired."""

import numpy as np
import pytest

from palate.evaluation.bootstrap import interval, resampled_sums


def test_the_spread_is_the_standard_error(rng):
    values = rng.normal(3.0, 2.0, (400, 1))
    means = resampled_sums(values, 4000, seed=1)[:, 0] / 400
    assert means.mean() == pytest.approx(values.mean(), abs=0.01)
    assert means.std() == pytest.approx(values.std() / 20, rel=0.05)
    low, high = interval(means, 0.95)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)


def test_every_resample_draws_as_many_users_as_there_are():
    counts = resampled_sums(np.eye(7), 300, seed=0)
    assert (counts.sum(axis=1) == 7).all()
    assert counts.mean() == pytest.approx(1.0)
    assert len({tuple(row) for row in counts}) > 200


def test_the_seed_decides_and_the_number_of_threads_does_not():
    values = np.arange(30.0).reshape(10, 3)
    first = resampled_sums(values, 50, seed=5)
    np.testing.assert_array_equal(first, resampled_sums(values, 50, seed=5))
    assert (first != resampled_sums(values, 50, seed=6)).any()
    for threads in (1, 2, 3):
        np.testing.assert_array_equal(first, resampled_sums(values, 50, seed=5, threads=threads))
    np.testing.assert_array_equal(first[:20], resampled_sums(values, 20, seed=5))


def test_undefined_draws_are_left_out_of_an_interval():
    draws = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    low, high = interval(draws, 0.5)
    assert (low[0], high[0]) == (1.5, 2.5)
    assert np.isnan([low[1], high[1]]).all()


def test_no_figures_have_no_intervals():
    assert [end.shape for end in interval(np.empty((5, 0)), 0.9)] == [(0,), (0,)]
