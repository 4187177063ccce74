"""The benchmark's generator: what it promises about counts and expectations (the kernels run in the
benchmark itself).
"""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
pytestmark = pytest.mark.skipif(
    not BENCHMARKS.is_dir(), reason="the benchmarks are not in the source distribution"
)


@pytest.fixture(scope="module")
def planted():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import planted
    finally:
        sys.path.remove(str(BENCHMARKS))
    return planted


def test_user_counts_add_up_between_minimum_and_cap(planted):
    shape = planted.PlantedShape(n_users=300, n_items=900, n_ratings=30_000)
    counts = planted.user_counts(shape, np.random.default_rng(0))
    assert counts.sum() == 30_000
    assert counts.min() >= 20
    assert counts.max() <= 300  # a third of the items


def test_every_user_at_the_cap_is_still_possible(planted):
    shape = planted.PlantedShape(n_users=10, n_items=90, n_ratings=300)
    assert planted.user_counts(shape, np.random.default_rng(0)).tolist() == [30] * 10


@pytest.mark.parametrize("n_ratings", [199, 301])
def test_impossible_sizes_are_refused(planted, n_ratings):
    shape = planted.PlantedShape(n_users=10, n_items=90, n_ratings=n_ratings)
    with pytest.raises(
        ValueError,
        match=rf"n_ratings must be between 200 and 300 for 10 users and 90 items; got {n_ratings}\.",
    ):
        planted.user_counts(shape, np.random.default_rng(0))


def test_popularity_is_a_distribution_with_a_long_tail(planted):
    weight = planted.item_weights(planted.PlantedShape(n_items=1000), np.random.default_rng(0))
    assert weight.sum() == pytest.approx(1)
    assert np.sort(weight)[-100:].sum() > 0.8
