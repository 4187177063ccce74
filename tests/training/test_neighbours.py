"""Neighbours: the nearest items by cosine, as a reference and as a trainer."""

import numpy as np
import pytest

import palate
from palate.kernels import linear
from palate.linear.neighbours import neighbour_weights
from palate.solve.rows import Rows


def rows_of(dense):
    users, items = np.nonzero(dense)
    indptr = np.searchsorted(users, np.arange(len(dense) + 1)).astype(np.int64)
    values = dense[users, items].astype(np.float32)
    return Rows(indptr, items.astype(np.int32), values, np.empty(0, np.float32), dense.shape[1])


def weights_of(found):
    return np.array([found.row(item) for item in range(found.n_items)])


def test_weights_are_cosines_of_the_nearest_items():
    dense = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0]])
    found = weights_of(neighbour_weights(rows_of(dense), 1, 0.0, 1))
    expected = np.zeros((4, 4))
    expected[2, 0] = 2 / np.sqrt(6)  # item 2 is nearest to 0 and the other way round
    expected[0, 2] = 2 / np.sqrt(6)
    expected[0, 1] = 1 / np.sqrt(3)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_shrinking_takes_from_those_that_few_have_in_common():
    dense = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
    found = weights_of(neighbour_weights(rows_of(dense), 2, 5.0, 1))
    assert found[1, 0] == pytest.approx(1 / (np.sqrt(3) + 5))
    assert found[2, 0] == pytest.approx(2 / (np.sqrt(6) + 5))


@pytest.mark.parametrize("m", [1, 5, 29])
def test_the_kernel_finds_what_the_reference_finds_with_any_number_of_threads(rng, m):
    dense = np.where(rng.random((50, 30)) < 0.2, rng.random((50, 30)), 0).astype(np.float32)
    products = linear.item_products_reference(dense, 0, 30).astype(np.float32)
    items, values, counts = np.zeros((30, m), np.int32), np.zeros((30, m), np.float32), np.zeros(30, np.int64)
    linear.nearest_products(0, products, m, items, values, counts)
    for item in range(30):
        near, wanted = linear.nearest_products_reference(products, m, item)
        np.testing.assert_array_equal(items[item, : counts[item]], near)
        np.testing.assert_array_equal(values[item, : counts[item]], wanted)
    one, three = (neighbour_weights(rows_of(dense), m, 1.0, threads) for threads in (1, 3))
    np.testing.assert_array_equal(weights_of(one), weights_of(three))


def test_every_hyperparameter_changes_the_scores(rng):
    users, items = np.nonzero(rng.random((40, 20)) < 0.3)
    values = rng.integers(1, 6, len(users))
    ratings = palate.Ratings.from_arrays(
        users, items, values, timestamp=rng.integers(0, 1000, len(users)), scale=(1, 5)
    )
    plain = palate.Neighbours(neighbours=10).fit(ratings, validation=0).score_items(np.arange(40))
    for change in (
        {"neighbours": 3},
        {"shrink": 0.0},
        {"grades": "alike"},
        {"least_grade": 0.9},
        {"half_life": 50.0},
    ):
        other = palate.Neighbours(**{"neighbours": 10, **change}).fit(ratings, validation=0)
        assert not np.array_equal(other.score_items(np.arange(40)), plain), change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neighbours": 0}, "neighbours must be at least 1"),
        ({"shrink": -1.0}, "shrink must be"),
        ({"grades": "stars"}, "grades must be one of"),
        ({"half_life": 9.0}, "must have timestamps for half_life=9"),
    ],
)
def test_bad_values_are_refused(change, message):
    ratings = palate.Ratings.from_arrays([1, 1, 2], [1, 2, 1], [5, 4, 3], scale=(1, 5))
    with pytest.raises(ValueError, match=message):
        palate.Neighbours(**change).fit(ratings, validation=0)


def test_what_is_held_out_is_not_learned_unless_refitted():
    ratings = palate.Ratings.from_arrays([1, 1, 2, 2], [1, 2, 1, 3], [5, 4, 3, 2], scale=(1, 5))
    held = ratings.select([3])
    model = palate.Neighbours().fit(ratings.select([0, 1, 2]), validation=held)
    assert not model.weights.row(2).any()
    again = palate.Neighbours().fit(ratings.select([0, 1, 2]), validation=held, refit=True)
    assert again.weights.row(2).any()
