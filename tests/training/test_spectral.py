"""Spectral: a model of choices by one decomposition, whose users are sums over their items."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import palate
from palate.data.times import TimeUnitWarning


def ratings_of(rng, n_users=40, n_items=25, timestamp=False, **options):
    users, items = np.nonzero(rng.random((n_users, n_items)) < 0.3)
    values = rng.integers(1, 6, len(users))
    times = {"timestamp": rng.integers(0, 1000, len(users))} if timestamp else {}
    return palate.Ratings.from_arrays(users, items, values, scale=(1, 5), **times, **options)


def scores(model):
    return model.score_items(np.arange(model.n_users))


@pytest.mark.parametrize(
    "trainer",
    [
        palate.Spectral(n_factors=6, passes=60),
        palate.Spectral(n_factors=6, passes=60, filter="ridge", ridge=0.7),
    ],
)
def test_scores_are_those_of_the_formula(rng, trainer):
    ratings = ratings_of(rng)
    model = trainer.fit(ratings, validation=0)
    x = np.zeros((ratings.n_users, ratings.n_items))
    x[ratings.user_index, ratings.item_index] = 0.25 + 0.75 * (ratings.value - 1) / 4
    n_u, n_i = (x > 0).sum(axis=1), (x > 0).sum(axis=0)
    _, s, right = np.linalg.svd(n_u[:, None] ** -0.35 * x * n_i**-0.35)
    s, v = s[:6], right[:6].T
    h = s**0.5 if trainer.filter == "power" else s**2 / (s**2 + 0.7 * s[-1] ** 2)
    wanted = (x @ (n_i[:, None] ** -0.25 * v)) @ (n_i[:, None] ** 0.25 * h * v).T
    np.testing.assert_allclose(scores(model), wanted, atol=2e-3)
    assert model.scale is None
    assert "score" in model.recommend(0).columns


@pytest.mark.parametrize("timestamp", [False, True])
def test_a_stored_user_is_the_fold_in_of_their_own_ratings(rng, timestamp, tmp_path):
    ratings = ratings_of(rng, timestamp=timestamp)
    model = palate.Spectral(n_factors=5, half_life=100 if timestamp else None).fit(ratings, validation=0)
    model.save(tmp_path / "model.palate")
    loaded = palate.load(tmp_path / "model.palate")
    for user in (0, 17):
        own = ratings.user_index == user
        times = ratings.timestamp[own][::-1] if timestamp else None
        folded = loaded.fold_in(ratings.item_index[own][::-1], ratings.value[own][::-1], timestamps=times)
        np.testing.assert_array_equal(folded.factors[0], model.user_factors[0, user])
        assert loaded.recommend(folded)["item_id"].to_list() == model.recommend(user)["item_id"].to_list()
    assert not loaded.fold_in([], []).factors.any()


def test_the_parts_of_a_score_add_up_to_it(rng):
    from palate.solve.rows import Rows

    ratings = ratings_of(rng)
    model = palate.Spectral(n_factors=5).fit(ratings, validation=0)
    items, values, _ = model.ratings.row(3)
    rows = Rows(np.array([0, len(items)]), items, values, np.empty(0, np.float32), model.n_items)
    parts = model.fold.parts(rows, model.item_factors[0], model.item_factors[0, 7])
    assert len(parts) == len(items)
    np.testing.assert_allclose(parts.sum(), model.predict(3, 7), atol=1e-5)
    assert "remainder" not in str(model.explain(3, 7))


def test_the_parts_of_a_score_add_up_to_it_where_old_choices_count_less(rng, tmp_path):
    ratings = ratings_of(rng, timestamp=True)
    model = palate.Spectral(n_factors=5, half_life=20).fit(ratings, validation=0)
    model.save(tmp_path / "model.palate")
    own = ratings.user_index == 3
    loaded = palate.load(tmp_path / "model.palate")
    folded = loaded.fold_in(ratings.item_index[own], ratings.value[own], timestamps=ratings.timestamp[own])
    undated = loaded.fold_in(ratings.item_index[own], ratings.value[own])
    for user in (3, folded, undated):
        told = loaded.explain(user, 7)
        assert "remainder" not in str(told)
        np.testing.assert_allclose(told.frame["contribution"].sum(), told.score, atol=1e-5)
    assert abs(loaded.explain(undated, 7).score - loaded.explain(3, 7).score) > 1e-4
    held = palate.Spectral(n_factors=5, half_life=20).fit(ratings, validation=0.2)
    assert "remainder" not in str(held.explain(3, 7))


def test_new_users_are_evaluated_like_known_ones(rng):
    ratings = ratings_of(rng)
    known = ratings.user_index < 30
    model = palate.Spectral(n_factors=5).fit(ratings.select(known), validation=0)
    rest = ratings.select(~known)
    fold = np.arange(len(rest)) % 2 == 0
    found = palate.evaluate(model, rest.select(~fold), fold_in=rest.select(fold))
    assert found is not None


def test_an_item_that_nobody_chose_scores_zero_and_says_so(rng):
    ratings = ratings_of(rng)
    held = ratings.item_index == 4
    model = palate.Spectral(n_factors=5).fit(ratings.select(~held), validation=ratings.select(held))
    assert not scores(model)[:, model.items.index(4, "item id")].any()
    assert any(
        "1 item has no training rating (all are held out); its" in note for note in model.history.notes
    )


def test_ratings_that_are_all_equal_count_alike():
    users, items = np.repeat(range(6), 3), np.concatenate([(u + np.arange(3)) % 5 for u in range(6)])
    equal = palate.Ratings.from_arrays(users, items, np.full(18, 3.0))
    alike = palate.Spectral(n_factors=3, grades="alike").fit(equal, validation=0)
    np.testing.assert_array_equal(
        scores(palate.Spectral(n_factors=3).fit(equal, validation=0)), scores(alike)
    )


def test_factors_past_the_rank_are_zero_and_told():
    ratings = palate.Ratings.from_arrays(
        np.repeat(range(4), 3), np.tile(range(3), 4), np.full(12, 5.0), scale=(1, 5)
    )
    model = palate.Spectral(n_factors=3).fit(ratings, validation=0)
    assert not model.item_factors[0, :, 1:].any()
    assert "The ratings have rank 1 up to rounding: the last 2 of 3 factors are 0." in model.history.notes
    assert np.isfinite(scores(model)).all()


def test_counts_and_recency_change_what_a_choice_counts(rng):
    ratings = ratings_of(rng, timestamp=True)
    plain = scores(palate.Spectral(n_factors=5).fit(ratings, validation=0))
    for trainer in (
        palate.Spectral(n_factors=5, grades="counts"),
        palate.Spectral(n_factors=5, half_life=50),
    ):
        model = trainer.fit(ratings, validation=0)
        assert np.isfinite(scores(model)).all()
        assert np.abs(scores(model) - plain).max() > 1e-3


def test_items_with_few_ratings_come_last_and_what_they_tell_stays(rng):
    table = np.where(rng.random((40, 12)) < 0.5, 5, 0)
    table[:, :2] = 0
    table[:2, :2] = 5
    ratings = palate.Ratings.from_arrays(*np.nonzero(table), table[table > 0], scale=(1, 5))
    plain, model = (palate.Spectral(n_factors=4, min_ratings=n).fit(ratings, validation=0) for n in (1, 3))
    np.testing.assert_allclose(model.user_factors, plain.user_factors, rtol=1e-5)
    np.testing.assert_array_equal(model.item_factors[0, 2:], plain.item_factors[0, 2:])
    np.testing.assert_array_equal(model.item_factors[0, :2] * 2.0**30, plain.item_factors[0, :2])
    third = palate.Ratings.from_arrays([7], [0], [5], scale=(1, 5))
    found, before = model.update(third), plain.update(third)
    np.testing.assert_allclose(found.item_factors[0, 0], before.item_factors[0, 0], atol=1e-5)
    np.testing.assert_allclose(found.item_factors[0, 1] * 2.0**30, before.item_factors[0, 1], atol=1e-5)
    np.testing.assert_allclose(found.user_factors, before.user_factors, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"n_factors": 26},
            ValueError,
            r"n_factors must be at most 25, the smaller of 40 users and 25 items; got 26",
        ),
        ({"n_factors": 0}, ValueError, "n_factors must be from 1 to 1,024"),
        ({"n_factors": "many"}, TypeError, "n_factors must be an integer"),
        ({"grades": "stars"}, ValueError, "grades must be one of"),
        ({"least_grade": 0.0}, ValueError, "least_grade must be above 0 and at most 1; got 0"),
        ({"filter": "low"}, ValueError, "filter must be one of"),
        ({"power": -1.0}, ValueError, "power must be a finite number of at least 0"),
        ({"half_life": 3.0}, ValueError, "ratings must have timestamps for half_life=3"),
        ({"half_life": 0}, ValueError, "half_life must be above 0"),
        ({"passes": 0}, ValueError, "passes must be at least 1"),
    ],
)
def test_what_is_out_of_range_is_refused(rng, options, error, message):
    with pytest.raises(error, match=message):
        palate.Spectral(**options).fit(ratings_of(rng))


def test_a_half_life_of_days_is_said_to_be_in_seconds(rng):
    dated = replace(ratings_of(rng), timestamp=np.arange(len(ratings_of(rng))) * 86_400)
    for trainer in (palate.Spectral(half_life=30), palate.LinearItems(half_life=30)):
        with pytest.warns(TimeUnitWarning, match="half_life=30 leaves 100 % of the choices without weight"):
            trainer.fit(dated, validation=0)


def test_what_the_model_cannot_do_is_said(rng):
    model = palate.Spectral(n_factors=5).fit(ratings_of(rng), validation=0)
    with pytest.raises(ValueError, match="items cannot be folded into this model: a Spectral model"):
        model.fold_in_item([1, 2], [3, 4])
    outside = r"a rating must be within the model's scale 1 to 5; got 9 for item 2 \(ratings\[0\]\)"
    for chosen in (model, palate.LinearItems().fit(ratings_of(rng), validation=0)):
        for refused in (chosen.fold_in, lambda *row, chosen=chosen: chosen.user_with(1, *row)):
            with pytest.raises(ValueError, match=outside):
                refused([2, 1], [9, 3])
    with pytest.raises(ValueError, match=r"weights must be positive and finite; got -1 \(weights\[1\]\)"):
        model.fold_in([2, 1], [4, 3], weights=[1, -1])
    with pytest.raises(ValueError, match="trained without half_life"):
        model.fold_in([1], [4], timestamps=[3])
    with pytest.raises(ValueError, match="features must be features of the model"):
        model.fold_in([1], [4], {"age": 3})
    with pytest.raises(ValueError, match="cannot be averaged"):
        palate.average([model, model])
    timed = palate.Spectral(n_factors=5, half_life=9).fit(ratings_of(rng, timestamp=True), validation=0)
    with pytest.raises(ValueError, match="timestamps must be one for each of 1 ratings; got 2"):
        timed.fold_in([1], [4], timestamps=[3, 4])
    with pytest.raises(TypeError, match="got the text 'now'"):
        timed.fold_in([1], [4], timestamps="now")


class TestNewItemsByGenre:
    @pytest.fixture
    def model(self, rng):
        ratings = ratings_of(rng)
        genres = ["Comedy", "Drama", "Comedy|Drama"] + [None] * (ratings.n_items - 3)
        frame = pl.DataFrame({"item_id": ratings.items.values, "genres": genres})
        return palate.Spectral(n_factors=5).fit(
            ratings, validation=0, catalog=palate.Catalog.from_frame(frame)
        )

    def test_the_vector_is_the_mean_of_the_genres(self, model):
        vectors = model.item_factors[0]
        comedy, drama = vectors[[0, 2]].mean(axis=0), vectors[[1, 2]].mean(axis=0)
        user = model.users.id(0)
        for genres, expected in (("Comedy", comedy), (["Comedy", "Drama", "Opera"], (comedy + drama) / 2)):
            new = model.fold_in_item([], [], {"genres": genres}, item_id="new")
            assert float(model.predict(user, new)) == pytest.approx(
                float(model.user_factors[0, 0] @ expected), abs=1e-6
            )

    @pytest.mark.parametrize(
        ("features", "error", "message"),
        [
            ({"genres": "Opera"}, ValueError, "name genres of items that were rated; got 'Opera'"),
            ({"genres": 3}, TypeError, "be a text or a list of texts; got 3"),
            ({"year": 1999}, ValueError, "hold genres alone for a model of choices; got 'year'"),
            (None, ValueError, "items cannot be folded into this model"),
        ],
    )
    def test_what_says_nothing_is_refused(self, model, features, error, message):
        with pytest.raises(error, match=message):
            model.fold_in_item([], [], features)

    def test_a_catalog_without_genres_is_told(self, rng):
        model = palate.Spectral(n_factors=5).fit(ratings_of(rng), validation=0)
        with pytest.raises(ValueError, match="be left out for a model whose catalog has no genres"):
            model.fold_in_item([], [], {"genres": "Comedy"})
