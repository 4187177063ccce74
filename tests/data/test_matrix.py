"""What a model keeps of its ratings gives back exactly what went in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from palate import Ratings
from palate.data.matrix import RatingMatrix

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=50, unique=True)


@pytest.fixture
def ratings():
    return Ratings.from_arrays(
        [1, 1, 2, 3], ["a", "c", "a", "b"], [4.0, 2.5, 3.0, 4.0], weight=[1, 2, 3, 4], timestamp=[9, 8, 7, 6]
    )


def test_rows_counts_and_means(ratings):
    held_out = np.array([False, True, False, False])
    matrix = RatingMatrix.from_ratings(ratings, held_out)
    assert (matrix.n_users, matrix.n_items, matrix.n_ratings, len(matrix)) == (3, 3, 4, 4)
    assert [part.tolist() for part in matrix.row(0)] == [[0, 2], [4.0, 2.5], [False, True]]
    assert [part.tolist() for part in RatingMatrix.from_ratings(ratings).row(1)] == [[0], [3.0], [False]]
    assert matrix.user_counts().tolist() == [2, 1, 1]
    assert matrix.item_counts().tolist() == [2, 1, 1]
    assert matrix.item_counts().dtype == np.int64
    assert matrix.item_means().tolist() == [3.5, 4.0, 2.5]
    assert matrix.codes.dtype == np.uint8
    assert matrix.levels.tolist() == [2.5, 3.0, 4.0]
    assert matrix.weight.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert matrix.timestamp.tolist() == [9, 8, 7, 6]
    assert repr(matrix) == "RatingMatrix(4 ratings of 3 items by 3 users, 1 held out)"


def test_an_item_without_ratings_has_no_mean(ratings):
    matrix = RatingMatrix.from_ratings(ratings.select([0]))
    assert matrix.item_counts().tolist() == [1, 0, 0]
    assert matrix.item_means()[0] == 4.0
    assert np.isnan(matrix.item_means()[1:]).all()


@given(hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-1e6, 1e6, width=32)))
def test_values_are_kept_to_the_bit(values):
    ratings = Ratings.from_arrays(np.arange(len(values)), np.zeros(len(values), int), values)
    np.testing.assert_array_equal(RatingMatrix.from_ratings(ratings).values(), values)


@pytest.mark.parametrize(
    ("n_levels", "dtype"), [(256, "uint8"), (257, "uint16"), (65_536, "uint16"), (65_537, "float32")]
)
def test_codes_are_as_narrow_as_they_can_be(n_levels, dtype):
    values = np.arange(n_levels, dtype=np.float32)
    ratings = Ratings.from_arrays(np.arange(n_levels), np.zeros(n_levels, int), values)
    matrix = RatingMatrix.from_ratings(ratings)
    assert matrix.codes.dtype == dtype
    assert (matrix.levels is None) == (dtype == "float32")
    np.testing.assert_array_equal(matrix.values(), values)
    np.testing.assert_array_equal(matrix.values(slice(1, 3)), [1, 2])
    np.testing.assert_array_equal(matrix.values([2, 0]), [2, 0])


@given(PAIRS)
def test_contains(pairs):
    ratings = Ratings.from_arrays([u for u, _ in pairs], [i for _, i in pairs], np.ones(len(pairs)))
    matrix = RatingMatrix.from_ratings(ratings)
    there = {(ratings.users.index(u), ratings.items.index(i)) for u, i in pairs}
    user, item = (
        grid.ravel() for grid in np.meshgrid(np.arange(-1, matrix.n_users), np.arange(-1, matrix.n_items))
    )
    assert matrix.contains(user, item).tolist() == [pair in there for pair in zip(user, item, strict=True)]


def test_contains_in_no_ratings(ratings):
    matrix = RatingMatrix.from_ratings(ratings.select([]))
    assert matrix.contains(np.array([0, 2]), np.array([0, 0])).tolist() == [False, False]


def test_held_out_must_fit(ratings):
    with pytest.raises(ValueError, match=r"held_out must have one entry per rating \(4,\); got shape \(3,\)"):
        RatingMatrix.from_ratings(ratings, np.zeros(3, bool))
