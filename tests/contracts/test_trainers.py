"""What every trainer promises, whatever it fits: one class, run for each trainer in TRAINERS.

These tests also run against the installed wheel on every supported Python, with nothing else of
tests/ at hand.
"""

import dataclasses
import importlib.util
import pickle

import numpy as np
import polars as pl
import pytest

import palate

pytestmark = pytest.mark.contract

TRAINERS = {
    "least squares": palate.LeastSquares(n_factors=4, max_sweeps=6),
    "least squares without biases": palate.LeastSquares(
        n_factors=4, max_sweeps=6, mean=False, biases=False, dropout=0.2, l2_user=0.5, l2_item=0.5
    ),
    "least squares over all pairs": palate.LeastSquares(n_factors=4, max_sweeps=6, unobserved_weight=0.05),
    "least squares with bags": palate.LeastSquares(
        n_factors=4, max_sweeps=6, user_features="rated", item_features="raters"
    ),
    "least squares with bounds": palate.LeastSquares(n_factors=4, max_sweeps=6, link="bounded"),
    "baseline": palate.Baseline(),
    "spectral": palate.Spectral(n_factors="auto"),
    "linear items": palate.LinearItems(),
    "neighbours": palate.Neighbours(),
    "popular": palate.Popular(),
    "Gibbs": palate.Gibbs(n_factors=4, sweeps=30, burn_in=10),
    "Gibbs, in time": palate.Gibbs(n_factors=4, sweeps=30, burn_in=10, time="bins,sessions"),
    "Gibbs, ordinal with bags": palate.Gibbs(
        n_factors=4,
        sweeps=30,
        burn_in=10,
        likelihood="ordinal",
        user_features="rated",
        item_features="raters",
    ),
}
if all(
    importlib.util.find_spec(name) for name in ("keras", "jax")
):  # an extra, which the wheel's tests do without
    TRAINERS["Keras"] = palate.KerasFactorization(n_factors=4, epochs=4, learning_rate=0.1, biases=True)
N_USERS, N_ITEMS = 30, 20


def planted(seed=0, share=0.5):
    """Return (user numbers, item numbers, ratings in half stars), about `share` of all pairs, every
    user and item present.
    """
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((N_USERS, N_ITEMS)) < share)
    users, items = np.append(users, range(N_USERS)), np.append(items, np.arange(N_USERS) % N_ITEMS)
    users, items = np.unique(np.stack([users, items]), axis=1)
    taste, kind = rng.normal(size=(N_USERS, 2)), rng.normal(size=(N_ITEMS, 2))
    values = np.clip(np.round(7 + 2 * np.sum(taste[users] * kind[items], axis=1)), 1, 10) / 2
    return users, items, values


def ratings_of(users, items, values):
    """Return Ratings with text ids, so that ids and row numbers cannot be mistaken for each other,
    one or two a day.
    """
    times = 30_000 * (np.asarray(users) * 7 + np.asarray(items))
    ids = [f"u{u:02}" for u in users], [f"i{i:02}" for i in items]
    return palate.Ratings.from_arrays(*ids, values, timestamp=times, scale=(0.5, 5))


def all_scores(model):
    return model.score_items(np.arange(len(model.users)))


@pytest.mark.parametrize("trainer", TRAINERS.values(), ids=TRAINERS.keys(), scope="class")
class TestEveryTrainer:
    @pytest.fixture(scope="class")
    def ratings(self):
        return ratings_of(*planted())

    @pytest.fixture(scope="class")
    def model(self, trainer, ratings):  # models do not change: one serves all tests of its trainer
        return trainer.fit(ratings)

    def test_it_is_a_frozen_record_of_its_hyperparameters(self, trainer):
        name = dataclasses.fields(trainer)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(trainer, name, 1)
        assert dataclasses.replace(trainer) == trainer

    def test_it_is_a_trainer_that_makes_a_model(self, trainer, model):
        assert isinstance(trainer, palate.Trainer)
        assert isinstance(model, palate.Model)

    def test_it_ends_in_a_scorer_with_finite_scores_of_every_pair(self, model):
        assert isinstance(model, palate.Scorer)
        scores = all_scores(model)
        assert scores.shape == (N_USERS, N_ITEMS)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_pairs_and_rows_score_alike(self, model):
        users, items = np.divmod(np.arange(N_USERS * N_ITEMS), N_ITEMS)
        np.testing.assert_allclose(
            model.score_pairs(users, items).reshape(N_USERS, N_ITEMS), all_scores(model), atol=1e-5
        )

    def test_the_same_seed_gives_the_same_bits_with_any_number_of_threads(self, trainer, ratings):
        one, two, three = (all_scores(trainer.fit(ratings, threads=threads, seed=7)) for threads in (1, 2, 3))
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)

    def test_the_order_of_the_input_does_not_matter(self, trainer, model, rng):
        users, items, values = planted()
        order = rng.permutation(len(users))
        shuffled = trainer.fit(ratings_of(users[order], items[order], values[order]))
        np.testing.assert_array_equal(all_scores(shuffled), all_scores(model))

    def test_it_knows_more_than_the_mean(self, trainer, ratings, model):
        if model.scale is None:  # scores of choices are no ratings: those chosen are above the others
            chosen = np.zeros((N_USERS, N_ITEMS), bool)
            chosen[ratings.user_index, ratings.item_index] = True
            assert all_scores(model)[chosen].mean() > all_scores(model)[~chosen].mean()
            return
        predicted = model.score_pairs(ratings.user_index, ratings.item_index)
        error = np.sqrt(np.mean((predicted - ratings.value) ** 2))
        assert error < np.std(ratings.value)

    def test_a_validation_set_of_the_callers_is_not_trained_on(self, trainer, ratings):
        held = np.zeros(len(ratings), dtype=bool)
        held[::7] = True
        train, validation = ratings.select(~held), ratings.select(held)
        changed = dataclasses.replace(validation, value=(5.5 - validation.value).astype(np.float32))
        # one sweep: with another verdict another sweep may be the best one; a Gibbs run has no best sweep
        has_best = "max_sweeps" in {field.name for field in dataclasses.fields(trainer)}
        one_sweep = dataclasses.replace(trainer, max_sweeps=1) if has_best else trainer
        model, other = (one_sweep.fit(train, validation=part) for part in (validation, changed))
        np.testing.assert_array_equal(all_scores(model), all_scores(other))

    def test_recommendations_are_the_best_unseen_items_in_order(self, model):
        frame = model.recommend("u03", n=N_ITEMS)
        seen = set(model.rated("u03")["item_id"])
        scores = dict(zip(model.items.ids(), all_scores(model)[3], strict=True))
        expected = sorted(
            (item for item in scores if item not in seen), key=lambda item: (-scores[item], item)
        )
        assert set(frame["item_id"]) == set(expected)
        assert list(frame["rank"]) == list(range(1, len(expected) + 1))
        np.testing.assert_allclose(
            frame["score" if model.scale is None else "predicted_rating"],
            [scores[item] for item in expected],
            atol=1e-5,
        )

    def test_an_unknown_id_is_answered_as_asked(self, model):
        with pytest.raises(KeyError, match="nobody"):
            model.predict("nobody", "i00")
        with pytest.raises(KeyError, match="nothing"):
            model.predict("u00", "nothing")
        assert np.isnan(model.predict("nobody", "i00", unknown="nan"))
        assert np.isfinite(model.predict("nobody", "nothing", unknown="baseline"))

    def test_saved_and_loaded_it_is_the_same_model(self, model, tmp_path):
        path = tmp_path / "model.palate"
        model.save(path)
        loaded = palate.load(path)
        np.testing.assert_array_equal(all_scores(loaded), all_scores(model))
        assert loaded.recommend("u00").equals(model.recommend("u00"))
        assert loaded.trainer == model.trainer

    def test_it_survives_pickle(self, model):
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(all_scores(copy), all_scores(model))

    def test_training_can_go_on(self, trainer, ratings, model):
        longer = trainer.fit(ratings, start=model, seed=99)
        assert np.isfinite(all_scores(longer)).all()

    def test_an_update_knows_new_users_items_and_ratings_and_leaves_the_model_as_it_was(
        self, model, ratings, tmp_path
    ):
        before = all_scores(model)
        came = ratings_of([2, 40, 40, 41], [3, 3, 30, 5], [4.5, 2.0, 4.0, 5.0])
        one, two = model.update(came, threads=1), model.update(came, threads=2)
        assert one.history.stopped.startswith(
            "Updated with 4 new or changed ratings of 3 users (2 new) and 3 items (1 new)"
        )
        assert one.history.earlier[-1].stopped == model.history.stopped
        assert set(one.users.ids()) == set(model.users.ids()) | {"u40", "u41"}
        assert set(one.items.ids()) == set(model.items.ids()) | {"i30"}
        assert {"i03", "i30"} == set(one.rated("u40")["item_id"])
        assert np.isfinite(all_scores(one)).all()
        np.testing.assert_array_equal(all_scores(one), all_scores(two))
        np.testing.assert_array_equal(all_scores(model), before)
        assert "i03" not in set(one.recommend("u40", n=30)["item_id"])
        one.save(tmp_path / "updated.palate")
        np.testing.assert_array_equal(all_scores(palate.load(tmp_path / "updated.palate")), all_scores(one))

    def test_an_update_that_brings_nothing_new_changes_nothing(self, model, ratings):
        same = model.update(ratings.select([0, 5, 9]))
        assert "Updated with 0 new or changed ratings" in same.history.stopped
        np.testing.assert_allclose(all_scores(same), all_scores(model), atol=1e-5)

    def test_someone_with_further_ratings_is_answered_at_once(self, model):
        someone = model.user_with("u03", {"i00": 4.5, "i01": 0.5})
        assert {"i00", "i01"} <= set(model.rated(someone)["item_id"])
        assert not {"i00", "i01"} & set(model.recommend(someone, n=N_ITEMS)["item_id"])
        assert np.isfinite(model.predict(someone, "i05"))

    @pytest.mark.parametrize("n", [1, 2])
    def test_the_smallest_tables_can_be_fitted(self, trainer, n):
        ratings = palate.Ratings.from_arrays(["u"] * n, range(n), [4.0] * n, timestamp=range(n), scale=(1, 5))
        if getattr(trainer, "likelihood", "") == "ordinal":  # one level alone has no cutpoints
            with pytest.raises(ValueError, match="at least two distinct values"):
                trainer.fit(ratings, validation=0)
            return
        model = trainer.fit(ratings, validation=0)
        assert np.isfinite(model.predict("u", 0))

    def test_ratings_must_be_ratings(self, trainer):
        with pytest.raises(TypeError, match="ratings must be"):
            trainer.fit([[1, 2], [3, 4]])

    def test_a_dataset_is_its_ratings_with_its_catalog(self, trainer, ratings, model):
        titles = [f"Film {number}" for number in range(N_ITEMS)]
        catalog = palate.Catalog.from_frame(pl.DataFrame({"item_id": ratings.items.ids(), "title": titles}))
        other = trainer.fit(palate.Dataset(name="films", ratings=ratings, catalog=catalog))
        np.testing.assert_array_equal(all_scores(other), all_scores(model))
        assert set(other.recommend("u03", n=3)["title"]) <= set(titles)
        own = palate.Catalog.from_frame(pl.DataFrame({"item_id": ratings.items.ids(), "title": titles[::-1]}))
        beside = trainer.fit(palate.Dataset(name="films", ratings=ratings, catalog=catalog), catalog=own)
        assert beside.catalog.frame["title"].to_list()[:N_ITEMS] == titles[::-1]

    @pytest.mark.parametrize(("threads", "error"), [(0, ValueError), (-1, ValueError), ("two", TypeError)])
    def test_threads_must_be_a_positive_count(self, trainer, ratings, threads, error):
        with pytest.raises(error, match="threads must be"):
            trainer.fit(ratings, threads=threads)

    def test_a_validation_share_must_leave_ratings_to_train_on(self, trainer, ratings):
        with pytest.raises(ValueError, match="validation"):
            trainer.fit(ratings, validation=1.5)
