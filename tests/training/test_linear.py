"""LinearItems: weights between items in closed form."""

import numpy as np
import pytest

import palate
from palate.kernels import linear
from palate.linear.low_rank import LowRankWeights
from palate.linear.weights import DenseWeights, SparseWeights
from palate.solve.linear import (
    RidgePath,
    _stands_dense,
    closed_form,
    local_ridge,
    low_rank_form,
    products_kept,
)
from palate.solve.rows import Rows


def ratings_of(rng, n_users=40, n_items=25, **options):
    users, items = np.nonzero(rng.random((n_users, n_items)) < 0.3)
    return palate.Ratings.from_arrays(users, items, rng.integers(1, 6, len(users)), scale=(1, 5), **options)


def grades_of(ratings):
    x = np.zeros((ratings.n_users, ratings.n_items))
    x[ratings.user_index, ratings.item_index] = 0.25 + 0.75 * (ratings.value - 1) / 4
    return x


def scores(model):
    return model.score_items(np.arange(model.n_users))


def rows_of(dense):
    users, items = np.nonzero(dense)
    indptr = np.searchsorted(users, np.arange(len(dense) + 1)).astype(np.int64)
    return Rows(indptr, items.astype(np.int32), dense[users, items], np.empty(0, np.float32), dense.shape[1])


@pytest.mark.parametrize("m", [1, 6, 24])
def test_the_local_ridge_is_that_of_the_reference_with_products_dense_or_sparse(rng, m, monkeypatch):
    dense = np.where(rng.random((60, 25)) < 0.2, rng.random((60, 25)), 0).astype(np.float32)
    dense[:, 5] = 0
    products = linear.item_products_reference(dense.astype(np.float64), 0, 25).astype(np.float32)
    strength = 2 * np.diag(products).mean()
    results = [local_ridge(rows_of(dense), m, (1.0, 2.0), threads) for threads in (1, 3)]
    monkeypatch.setattr("palate.solve.linear._stands_dense", lambda *_: False)
    results += [local_ridge(rows_of(dense), m, (1.0, 2.0), threads) for threads in (1, 3)]
    for items, weights, counts in results:
        np.testing.assert_array_equal(items, results[0][0])
        np.testing.assert_array_equal(weights, results[0][1])
        for item in range(25):
            near, wanted = linear.local_ridge_reference(products, strength, m, item)
            assert items[item, : counts[item]].tolist() == near.tolist()
            np.testing.assert_allclose(weights[1, item, : counts[item]], wanted, atol=1e-5)
        alone = local_ridge(rows_of(dense), m, (1.0,), 2)  # the same as among others
        np.testing.assert_array_equal(weights[0], alone[1][0])
    assert results[0][2][5] == 0


@pytest.mark.parametrize("square", [True, False], ids=["dense", "sparse"])
def test_a_system_too_near_to_singular_for_float32_is_solved_in_float64(rng, square, monkeypatch):
    monkeypatch.setattr("palate.solve.linear._stands_dense", lambda *_: square)
    dense = np.where(rng.random((60, 19)) < 0.3, rng.random((60, 19)), 0).astype(np.float32)
    dense = np.hstack([dense, dense])  # every item twice: P_NN is singular but for the penalty
    products = linear.item_products_reference(dense.astype(np.float64), 0, 38)
    items, (weights,), counts = local_ridge(rows_of(dense), 37, (1e-6,), 2)
    for item in range(38):
        n = counts[item]
        twin = (item + 19) % 38  # it explains the item by itself, up to the penalty
        assert weights[item, np.flatnonzero(items[item, :n] == twin)[0]] == pytest.approx(1, abs=0.01)
        near = items[item, :n]
        assert (
            np.abs(products[np.ix_(near, near)] @ weights[item, :n] - products[near, item]).max()
            < 1e-3 * products.max()
        )


def test_float64_is_used_where_float32_does_not_suffice_and_only_there(rng):
    table = rng.random((40, 12)).astype(np.float32)
    products = table.T @ table
    twins = np.vstack([np.hstack([products, products])] * 2)
    outs = (
        np.zeros((24, 23), np.int32),
        np.zeros((1, 24, 23), np.float32),
        np.zeros(24, np.int64),
        np.zeros((1, 24), bool),
    )
    system = np.zeros((1, 24), np.float32)  # no item is too rare for a system
    assert (
        linear.local_ridge(0, 24, linear.Products(twins), np.array([1e-6], np.float32), system, 23, *outs)
        == 24
    )
    assert outs[-1].all()
    assert (
        linear.local_ridge(0, 24, linear.Products(twins), np.array([10.0], np.float32), system, 23, *outs)
        == 0
    )


@pytest.mark.parametrize("square", [True, False], ids=["dense", "sparse"])
def test_rare_items_have_the_weight_of_each_neighbour_alone(rng, square, monkeypatch):
    monkeypatch.setattr("palate.solve.linear._stands_dense", lambda *_: square)
    dense = np.where(rng.random((60, 19)) < 0.3, rng.random((60, 19)), 0).astype(np.float32)
    few = np.arange(19) == 4
    items, weights, counts = local_ridge(rows_of(dense), 18, (2.0,), 2, few=few)
    plain = local_ridge(rows_of(dense), 18, (2.0,), 2)
    np.testing.assert_array_equal(weights[0, ~few], plain[1][0, ~few])
    products = linear.item_products_reference(dense.astype(np.float64), 0, 19)
    wanted = products[items[4, : counts[4]], 4] / (3 * np.diag(products).mean())
    np.testing.assert_allclose(weights[0, 4, : counts[4]], wanted, rtol=1e-5)


@pytest.mark.parametrize("shape", [(60, 25), (20, 25)])  # by items, and by users
def test_scores_of_a_path_of_penalties_are_those_of_the_weights(rng, shape):
    dense = np.where(rng.random(shape) < 0.2, rng.random(shape), 0).astype(np.float32)
    path, users = RidgePath(rows_of(dense), 2), np.arange(5)
    for l2 in (0.5, 3.0):
        wanted = dense[users] @ closed_form(rows_of(dense), l2, 0.0, 0.0, 1)
        np.testing.assert_allclose(path.scores(l2)(users), wanted, atol=1e-5)


@pytest.mark.parametrize("form", ["local", "dense"])
def test_items_with_few_ratings_come_after_all_others_in_their_own_order(rng, form):
    table = np.where(rng.random((40, 12)) < 0.5, 5, 0)
    table[3:, :2] = 0  # two items of at most three ratings
    table[:3, :2] = [[5, 0], [5, 5], [0, 5]]
    ratings = palate.Ratings.from_arrays(*np.nonzero(table), table[table > 0], scale=(1, 5))
    plain = palate.LinearItems(form=form, l2=1, min_ratings=1).fit(ratings, validation=0)
    model = palate.LinearItems(form=form, l2=1).fit(ratings, validation=0)
    users = np.arange(40)
    np.testing.assert_array_equal(model.score_items(users)[:, 2:], plain.score_items(users)[:, 2:])
    assert np.abs(model.score_items(users)[:, :2]).max() < 1e-6
    parts = model.explain(5, 0).frame["contribution"].to_numpy()
    np.testing.assert_allclose(parts.sum(), model.predict(5, 0), rtol=1e-4)
    alone = ratings.select(ratings.item_index < 2)  # nothing is known better: they are as they were
    scores = [
        palate.LinearItems(form=form, l2=1, min_ratings=n).fit(alone, validation=0).score_items([0])
        for n in (1, 3)
    ]
    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize("shape", [(60, 25), (20, 25)])  # by items, and by users
@pytest.mark.parametrize(("dropout", "leave"), [(0.0, 0.0), (0.3, 0.2), (0.0, 1.0)])
def test_the_closed_form_is_the_formula_by_items_and_by_users(rng, shape, dropout, leave):
    dense = np.where(rng.random(shape) < 0.3, rng.random(shape), 0).astype(np.float32)
    gram = dense.T.astype(np.float64) @ dense
    gamma = 2.0 + np.diag(gram) * dropout / (1 - dropout)
    inverse = np.linalg.inv(gram + np.diag(gamma))
    wanted = np.eye(25) - inverse @ np.diag(gamma + np.maximum(0, (1 - leave) / np.diag(inverse) - gamma))
    np.fill_diagonal(wanted, 0)
    for threads in (1, 2):
        np.testing.assert_allclose(
            closed_form(rows_of(dense), 2.0, dropout, leave, threads), wanted, atol=1e-5
        )


@pytest.mark.parametrize(("dropout", "leave"), [(0.0, 0.0), (0.3, 0.2), (0.0, 1.0)])
def test_the_low_rank_form_is_the_closed_form(rng, dropout, leave):
    dense = np.where(rng.random((20, 50)) < 0.3, rng.random((20, 50)), 0).astype(np.float32)
    dense[:, 3] = 0
    vectors, scale = low_rank_form(rows_of(dense), 2.0, dropout, leave)
    assert vectors.shape == (50, 20)
    found = vectors @ vectors.T * scale
    np.fill_diagonal(found, 0)
    np.testing.assert_allclose(found, closed_form(rows_of(dense), 2.0, dropout, leave, 1), atol=1e-5)
    assert not vectors[3].any()


@pytest.mark.parametrize("options", [{}, {"item_exponent": 0.3, "user_exponent": 0.2, "dropout": 0.1}])
def test_the_dense_form_keeps_vectors_where_users_are_half_of_the_items_or_fewer(rng, options, monkeypatch):
    ratings = ratings_of(rng, 20, 40)
    ratings = ratings.select(ratings.item_index != 5)  # an item without ratings
    trainer = palate.LinearItems(form="dense", l2=2.0, min_ratings=4, **options)
    model = trainer.fit(ratings, validation=0)
    monkeypatch.setattr(palate.LinearItems, "is_low_rank", staticmethod(lambda n_users, n_items: False))
    whole = trainer.fit(ratings, validation=0)
    assert isinstance(model.weights, LowRankWeights)
    assert isinstance(whole.weights, DenseWeights)
    np.testing.assert_allclose(scores(model), scores(whole), atol=1e-5)
    np.testing.assert_array_equal(model.weights.has_weights, whole.weights.has_weights)


@pytest.mark.parametrize(
    ("n_users", "form", "kind"),
    [
        (20, "dense", LowRankWeights),
        (21, "dense", DenseWeights),
        (60, "dense", DenseWeights),
        (20, "local", SparseWeights),
    ],
)
def test_how_weights_are_kept_follows_from_the_form_and_the_size_of_the_table(rng, n_users, form, kind):
    model = palate.LinearItems(form=form).fit(ratings_of(rng, n_users, 40), validation=0)
    assert type(model.weights) is kind


def test_ease_leaves_no_gain_to_any_weight(rng):
    dense = np.where(rng.random((60, 25)) < 0.3, 1, 0).astype(np.float32)
    weights = closed_form(rows_of(dense), 5.0, 0.0, 0.0, 1).astype(np.float64)
    slope = -dense.T @ (dense - dense @ weights) + 5.0 * weights
    np.fill_diagonal(slope, 0)
    assert np.abs(slope).max() < 1e-4


@pytest.mark.parametrize(
    ("trainer", "n_items"),
    [
        (palate.LinearItems(neighbours=6), 25),
        (palate.LinearItems(form="dense", l2=3.0), 25),
        (palate.LinearItems(form="dense", l2=3.0), 90),
    ],
    ids=["local", "dense", "low rank"],
)
def test_a_model_answers_saves_folds_in_and_explains(rng, trainer, n_items, tmp_path):
    ratings = ratings_of(rng, n_items=n_items)
    model = trainer.fit(ratings, validation=0)
    model.save(tmp_path / "model.palate")
    loaded = palate.load(tmp_path / "model.palate")
    np.testing.assert_array_equal(scores(loaded), scores(model))
    own = ratings.user_index == 3
    someone = loaded.fold_in(ratings.item_index[own], ratings.value[own], user_id="new")
    np.testing.assert_allclose(loaded.predict(someone, list(range(n_items))), scores(model)[3], atol=1e-6)
    assert loaded.recommend(someone)["item_id"].to_list() == model.recommend(3)["item_id"].to_list()
    parts = model.explain(3, 7).frame
    assert sorted(parts["item_id"].to_list()) == sorted(ratings.item_index[own].tolist())
    np.testing.assert_allclose(parts["contribution"].sum(), scores(model)[3, 7], atol=1e-6)
    similar = model.similar_items(2, 3)
    assert 2 not in similar["item_id"].to_list()
    assert (np.diff(similar["similarity"].to_numpy()) <= 0).all()
    weights = np.array([model.weights.row(item) for item in range(n_items)])
    np.testing.assert_allclose(scores(model), grades_of(ratings) @ weights, atol=1e-5)
    assert len(model.recommend(3, n=5, diversity=0.5)) == 5


def test_items_nobody_chose_one_user_one_item_and_equal_grades(rng):
    for form in ("local", "dense"):
        trainer = palate.LinearItems(form=form)
        ratings = ratings_of(rng)
        held = ratings.item_index == 4
        model = trainer.fit(ratings.select(~held), validation=ratings.select(held))
        assert not scores(model)[:, model.items.index(4, "item id")].any()
        for users, items in (([1], [1]), ([1, 1], [1, 2]), ([1, 2], [1, 1])):
            small = trainer.fit(palate.Ratings.from_arrays(users, items, [3.0] * len(users)), validation=0)
            assert np.isfinite(scores(small)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "wide"}, "form must be one of"),
        ({"l2": 0.0}, "l2 must be above 0"),
        ({"neighbours": 0}, "neighbours must be at least 1"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"leave": 1.5}, "leave must be at most 1"),
        ({"half_life": 3.0}, "ratings must have timestamps"),
        (
            {"form": "dense", "memory_limit": 1e-9},
            r"form='dense' must fit in memory_limit, 1e-09 GB; 25 items need about 0\.0 GB\. Use "
            r"form='local'",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(rng, options, message):
    with pytest.raises(ValueError, match=message):
        palate.LinearItems(**options).fit(ratings_of(rng))


def test_what_the_model_cannot_do_is_said(rng):
    model = palate.LinearItems().fit(ratings_of(rng), validation=0)
    with pytest.raises(ValueError, match="a rating must be within the model's scale 1 to 5; got 9"):
        model.fold_in([1], [9])
    with pytest.raises(ValueError, match="trained without half_life"):
        model.fold_in([1], [4], timestamps=[3])


def test_similar_items_are_those_that_the_same_people_chose(rng):
    ratings = ratings_of(rng)
    model = palate.LinearItems(neighbours=6).fit(ratings, validation=0)
    x, counts = grades_of(ratings), model.ratings.item_counts()
    norms = np.linalg.norm(x, axis=0)
    for shrink in (5.0, 0.0, 2.0):
        expected = x.T @ x[:, 2] / (norms * norms[2] + shrink) * counts / (counts + shrink)
        expected[2] = 0
        found = model.similar_items(2, 4, **({} if shrink == 5.0 else {"shrink": shrink}))
        np.testing.assert_allclose(found["similarity"], np.sort(expected)[::-1][:4], rtol=1e-5)
        np.testing.assert_allclose(expected[found["item_id"]], found["similarity"], rtol=1e-5)
    by_weights = model.similar_items(2, 3, by="weights")
    row = model.weights.row(2)
    np.testing.assert_allclose(by_weights["similarity"], row[by_weights["item_id"]], rtol=1e-6)


def test_a_model_without_ratings_knows_similar_items_by_its_weights(rng, tmp_path):
    model = palate.LinearItems(neighbours=6).fit(ratings_of(rng), validation=0)
    model.save(tmp_path / "model.palate", ratings=False)
    loaded = palate.load(tmp_path / "model.palate")
    expected = model.similar_items(2, 3, by="weights")
    assert loaded.similar_items(2, 3)["item_id"].to_list() == expected["item_id"].to_list()
    with pytest.raises(ValueError, match="by must be 'weights' for a model saved without ratings"):
        loaded.similar_items(2, by="cosine")
    with pytest.raises(ValueError, match="by must be one of 'cosine', 'weights'; got 'stars'"):
        model.similar_items(2, by="stars")


def test_within_its_memory_the_local_ridge_keeps_the_largest_products(monkeypatch):
    rng = np.random.default_rng(8)
    dense = rng.random((60, 30)).astype(np.float32) * (rng.random((60, 30)) < 0.6)
    monkeypatch.setattr("palate.solve.linear._stands_dense", lambda *_: False)
    whole = local_ridge(rows_of(dense), 3, (2.0,), 2)
    roomy = local_ridge(rows_of(dense), 3, (2.0,), 2, memory=1e9)
    assert all(np.array_equal(one, other) for one, other in zip(whole, roomy, strict=True))

    kept = products_kept(30, 3, memory=15.0 * 8 * 30)
    assert kept == 15
    items, (weights,), counts = local_ridge(rows_of(dense), 3, (2.0,), 2, memory=15.0 * 8 * 30)
    products = dense.T @ dense
    others = products - np.diag(np.diag(products))
    least = np.sort(others, axis=1)[:, -kept]
    truncated = np.where(others >= least[:, None], others, 0) + np.diag(np.diag(products))
    strength = np.float32(2.0 * np.square(dense, dtype=np.float64).sum() / 30)
    assert (truncated == 0).any()
    whole_rows = np.triu(truncated) + np.triu(truncated, 1).T  # of two neighbours the first one's row is read
    for item in range(30):
        system = whole_rows.copy()
        system[item] = system[:, item] = truncated[item]
        near, wanted = linear.local_ridge_reference(system, strength, 3, item)
        assert items[item, : counts[item]].tolist() == near.tolist()
        assert np.allclose(weights[item, : counts[item]], wanted, atol=1e-5)


def test_products_of_many_items_stand_dense_where_that_takes_no_more_memory(monkeypatch):
    monkeypatch.setattr("palate.solve.linear.DENSE_PRODUCTS", 0)
    full = np.full(30, 29)  # everyone rated everything: compressed rows of 8 bytes an entry
    assert _stands_dense(30, full, memory=4 * 900)
    assert not _stands_dense(30, full, memory=4 * 900 - 1)
    assert _stands_dense(30, np.full(30, 15), memory=1e9)
    assert not _stands_dense(30, np.full(30, 14), memory=1e9)


def test_a_small_memory_keeps_what_the_neighbours_need():
    assert products_kept(1_000_000, 100, memory=4e9) == 500
    assert products_kept(10_000_000, 100, memory=4e9) == 400
    assert products_kept(60_000, 100, memory=4e9) == 8333


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("l2", [2e-9, 1e-16])
def test_a_penalty_too_weak_to_invert_the_products_is_an_error(l2):
    few = palate.Ratings.from_arrays([0, 0, 1, 0], [2, 0, 2, 3], [4, 5, 1, 1], scale=(1, 5))
    equal = palate.Ratings.from_arrays(np.repeat([0, 1, 2], 3), [0, 1, 2] * 3, np.full(9, 5), scale=(1, 5))
    ratings = equal if l2 == 1e-16 else few
    with pytest.raises(ArithmeticError, match="the products of the items could not be inverted; raise l2"):
        palate.LinearItems(form="dense", l2=l2, item_exponent=1, min_ratings=1).fit(ratings, validation=0)
