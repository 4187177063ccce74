"""Side information in least squares: the ridge against dense algebra, the objective, fold-in, and
what is refused.
"""

import dataclasses
import itertools

import numpy as np
import polars as pl
import pytest

import palate
from palate.solve.features import FeatureBlock, bin_block, bins_of, split_tags, tag_block
from palate.solve.ridge import SmallGroups, solve_ridge, times, transposed_times
from palate.solve.rows import Rows, Side
from palate.solve.strengths import ridge_prior
from palate.training.als.features import RidgeLink

SMALL = palate.LeastSquares(n_factors=3, max_sweeps=12, user_features="rated", item_features="raters,genres")


def binary_block(matrix):
    indptr = np.concatenate([[0], np.cumsum(matrix.sum(axis=1))])
    columns = np.nonzero(matrix)[1].astype(np.int32)
    rows = Rows(indptr, columns, np.ones(len(columns), np.float32), np.empty(0, np.float32), matrix.shape[1])
    return FeatureBlock.of_rows(rows)


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    matrices = [rng.random((30, 7)) < 0.3, rng.random((30, 4)) < 0.5]
    dense = np.hstack([m / np.sqrt(np.maximum(m.sum(axis=1, keepdims=True), 1)) for m in matrices])
    return tuple(binary_block(m) for m in matrices), dense


def films():
    """Ratings of 40 users and 30 films, and a catalog with genres that matter."""
    rng = np.random.default_rng(1)
    genres = np.where(np.arange(30) % 3 == 0, "Drama|War", "Comedy")
    users, items = np.nonzero(rng.random((40, 30)) < 0.5)
    values = 3 + np.where(genres[items] == "Comedy", 0.7, -0.7) + 0.4 * rng.normal(size=len(users))
    catalog = palate.Catalog.from_frame(pl.DataFrame({"item_id": np.arange(30), "genres": genres}))
    return palate.Ratings.from_arrays(users, items, values), catalog


def test_products_are_those_of_the_dense_matrix(features):
    blocks, dense = features
    rng = np.random.default_rng(2)
    table, rows = rng.normal(size=(11, 8)).astype(np.float32), rng.normal(size=(30, 8)).astype(np.float32)
    np.testing.assert_allclose(times(blocks, table, 30, 2), dense @ table, atol=1e-5)
    np.testing.assert_allclose(transposed_times(blocks, rows, 2), dense.T @ rows, atol=1e-5)


def test_the_ridge_is_the_dense_solution(features):
    blocks, dense = features
    rng = np.random.default_rng(3)
    rows, weight = rng.normal(size=(30, 8)).astype(np.float32), rng.random((30, 8)).astype(np.float32) + 0.5
    right = transposed_times(blocks, rows * weight, 1)
    start = np.zeros((11, 8), np.float32)
    found = solve_ridge(
        blocks, right, start, np.float32(0.7), np.ones((11, 8), np.float32), 30, weight=weight, tolerance=1e-7
    )
    for column in range(8):
        system = dense.T @ (weight[:, column, None] * dense) + 0.7 * np.eye(11)
        np.testing.assert_allclose(found[:, column], np.linalg.solve(system, right[:, column]), atol=2e-5)


def test_small_groups_make_steps_fewer_and_change_nothing_else(features):
    blocks, dense = features
    small = SmallGroups.of(blocks)
    assert small.columns.tolist() == list(range(11))
    np.testing.assert_allclose(small.gram, dense.T @ dense, atol=1e-6)
    rng = np.random.default_rng(6)
    right, strength = rng.normal(size=(11, 8)).astype(np.float32), np.full((11, 1), 0.3, np.float32)
    start, ones = np.zeros((11, 8), np.float32), np.ones((11, 1), np.float32)
    found = solve_ridge(blocks, right, start, strength, ones, 30, small=small, tolerance=1e-6)
    np.testing.assert_allclose(found, np.linalg.solve(dense.T @ dense + 0.3 * np.eye(11), right), atol=1e-4)
    assert SmallGroups.of(()) is None


def test_a_link_weighs_rows_as_the_objective_does(features):
    blocks, dense = features
    rng = np.random.default_rng(4)
    counts = rng.integers(1, 9, 30)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    empty = np.empty(0, np.float32)
    rows = Rows(indptr, np.zeros(indptr[-1], np.int32), np.ones(indptr[-1], np.float32), empty, 5)
    prior = ridge_prior(2, l2=1.5, l2_bias=3.0, scaling=0.5)
    link = RidgeLink.build(blocks, rows, prior, 20.0)
    side = Side.padded(rng.normal(size=(30, 2)).astype(np.float32), rng.normal(size=30).astype(np.float32))
    weights = link.fit(side, link.start(), 1)
    own = link.own(weights)[0]
    x = np.hstack([side.factors[:, :2], side.bias[:, None]])
    cost = np.stack([1.5 * np.sqrt(counts), 1.5 * np.sqrt(counts), np.full(30, 3.0)], axis=1)
    strength = 20 * np.array([1.5, 1.5, 3.0])
    for column in range(3):
        system = dense.T @ (cost[:, column, None] * dense) + strength[column] * np.eye(11)
        wanted = np.linalg.solve(system, dense.T @ (cost[:, column] * x[:, column]))
        np.testing.assert_allclose(own[:, column], wanted, atol=2e-3)
    expected = (cost * (x - dense @ own) ** 2).sum() + (strength * own**2).sum()
    assert link.penalty(side, weights, 1) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(link.prior_mean(weights, 1)[:, [0, 1, 8]], dense @ own, atol=1e-5)


def test_the_objective_falls_with_every_sweep():
    ratings, catalog = films()
    sweeps = SMALL.fit(ratings, catalog=catalog).history.sweeps
    objectives = [report.objective for report in sweeps]
    assert all(after <= before * (1 + 1e-4) for before, after in itertools.pairwise(objectives))


def test_a_stored_user_is_what_fold_in_finds():
    ratings, catalog = films()
    model = SMALL.fit(ratings, catalog=catalog, validation=0)
    items, values, _ = model.ratings.row(7)
    folded = model.fold_in([model.items.id(int(item)) for item in items], values)
    np.testing.assert_allclose(folded.factors[0], model.user_factors[0, 7], atol=1e-5)
    assert folded.bias[0] == pytest.approx(model.user_bias[0, 7], abs=1e-5)


def test_a_new_film_is_predicted_from_its_genres():
    ratings, catalog = films()
    model = dataclasses.replace(SMALL, item_features="genres", l2_features=1.0).fit(
        ratings, catalog=catalog, validation=0
    )
    comedy, drama = (
        model.fold_in_item([], [], features={"genres": genres}) for genres in ("Comedy", "Drama|War")
    )
    gap = np.mean([model.predict(user, comedy) - model.predict(user, drama) for user in range(40)])
    assert gap > 0.7


def test_features_lower_the_error_on_the_bundled_ratings():
    data = palate.datasets.load("movielens-small")
    plain = palate.LeastSquares(n_factors=16, max_sweeps=15)
    linked = dataclasses.replace(plain, user_features="rated", item_features="raters")
    one, other = (min(s.validation_rmse for s in t.fit(data.ratings).history.sweeps) for t in (plain, linked))
    assert other < one - 0.015
    assert 0.83 < other < 0.86


def test_a_strong_penalty_on_features_is_no_features():
    ratings, catalog = films()
    trainer = dataclasses.replace(SMALL, l2_user=1.0, l2_item=1.0)
    none = dataclasses.replace(trainer, user_features="", item_features="").fit(ratings, validation=0)
    strong = dataclasses.replace(trainer, l2_features=1e12).fit(ratings, catalog=catalog, validation=0)
    np.testing.assert_allclose(strong.score_items(np.arange(5)), none.score_items(np.arange(5)), atol=1e-4)


def test_refit_puts_what_was_held_out_into_the_bags():
    ratings, catalog = films()
    model = SMALL.fit(ratings, catalog=catalog, refit=True)
    assert model.user_link.groups[0].weights.shape[1] == 30
    assert np.isfinite(model.score_items(np.arange(3))).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_the_same_bits_for_any_number_of_threads(threads):
    ratings, catalog = films()
    models = [SMALL.fit(ratings, catalog=catalog, threads=n) for n in (2, threads)]
    assert np.array_equal(models[0].user_factors, models[1].user_factors)
    assert np.array_equal(models[0].item_link.groups[1].weights, models[1].item_link.groups[1].weights)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l2_user", "l2_user must be above 0 with user_features"),
        ("l2_bias", "l2_bias must be above 0"),
        ("l2_features", "l2_features must be above 0"),
    ],
)
def test_no_penalty_with_features_is_refused(name, text):
    with pytest.raises(ValueError, match=text):
        dataclasses.replace(SMALL, **{name: 0.0}).fit(films()[0])


class TestEncodings:
    def test_tags_are_split_once_and_sorted(self):
        assert split_tags("War| Drama|War|") == ["Drama", "War"]
        assert split_tags(["b", "a"]) == ["a", "b"]
        assert split_tags(None) == split_tags(float("nan")) == split_tags("") == []

    def test_a_tag_block_scales_rows_to_length_one(self):
        block, values = tag_block(["a|b", None, "b"])
        assert values == ("a", "b")
        np.testing.assert_allclose(
            times([block], np.eye(2, 8, dtype=np.float32), 3, 1)[:, :2],
            [[0.5**0.5, 0.5**0.5], [0, 0], [0, 1]],
        )

    def test_numbers_fall_into_ranges_of_equal_counts(self):
        numbers = np.append(np.arange(100.0), np.nan)
        block, edges = bin_block(numbers, n_bins=4)
        assert list(np.diff(block.column_indptr)) == [25, 25, 25, 25]
        assert np.diff(block.indptr)[-1] == 0
        counts, places = bins_of(np.array([-5.0, 1000.0, np.nan]), edges)
        assert counts.tolist() == [1, 1, 0]
        assert places.tolist() == [0, 3]
