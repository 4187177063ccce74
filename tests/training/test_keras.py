"""Trainers on Keras, with Keras itself: skipped where it is not installed."""

import builtins
import dataclasses
import functools
import pickle
import sys

import numpy as np
import pytest

import palate
from palate.scorer import Scorer
from palate.training.keras.backend import require_keras

try:
    keras = require_keras()  # on a backend that is installed
except ImportError as error:
    pytest.skip(str(error), allow_module_level=True)

backends = ("jax", "tensorflow", "torch")


def small(seed=0, n_users=30, n_items=20):
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < 0.5)
    taste, kind = rng.normal(size=(n_users, 2)), rng.normal(size=(n_items, 2))
    values = np.clip(np.round(6 + 2 * np.sum(taste[users] * kind[items], axis=1)), 1, 10) / 2
    return palate.Ratings.from_arrays(users, items, values, scale=(0.5, 5))


def built(n_factors=3, dropout=0.2, biases=True, n_users=30, n_items=20):
    """Return the model of the lesson, in the lesson's words."""
    user_id, movie_id = keras.Input(shape=(1,), name="user_id"), keras.Input(shape=(1,), name="movie_id")
    r12n = keras.regularizers.l1_l2(l1=0, l2=1e-6)
    user = keras.layers.Embedding(n_users, n_factors, embeddings_regularizer=r12n, name="user_embedding")(
        user_id
    )
    movie = keras.layers.Embedding(n_items, n_factors, embeddings_regularizer=r12n, name="movie_embedding")(
        movie_id
    )
    if dropout:
        user, movie = keras.layers.Dropout(dropout)(user), keras.layers.Dropout(dropout)(movie)
    out = keras.layers.Flatten()(keras.layers.Dot(2)([user, movie]))
    if biases:
        movie_b = keras.layers.Flatten()(keras.layers.Embedding(n_items, 1, name="movie_bias")(movie_id))
        user_b = keras.layers.Flatten()(keras.layers.Embedding(n_users, 1, name="user_bias")(user_id))
        out = keras.layers.Add()([user_b, movie_b, out])
    model = keras.Model(inputs=[user_id, movie_id], outputs=out)
    model.compile(keras.optimizers.Adam(0.01), loss="MSE", metrics=["MAE"])
    return model


@pytest.fixture(scope="module", params=[True, False], ids=["biases", "no biases"])
def lesson(request):
    """Return ratings, a model of the lesson trained on them by Keras, every pair, and the stars
    Keras predicts for it.
    """
    ratings, model, (users, items) = small(), built(biases=request.param), np.divmod(np.arange(600), 20)
    pairs = [ratings.user_index[:, None], ratings.item_index[:, None]]
    model.fit(pairs, ratings.value - np.float32(ratings.mean()), batch_size=1000, epochs=2, verbose=0)
    stars = model.predict([users[:, None], items[:, None]], batch_size=600, verbose=0)[:, 0] + ratings.mean()
    return ratings, model, (users, items), stars


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_a_model_that_keras_trained_and_saved_predicts_the_same_here(lesson, tmp_path, name):
    ratings, trained, pairs, stars = lesson
    trained.save(tmp_path / name)
    model = palate.FactorModel.from_keras(tmp_path / name, ratings)
    np.testing.assert_allclose(model.predict(*pairs), stars, atol=1e-5)
    assert model.trainer["keras_l2_user"] == 1e-6
    assert model.trainer["dropout"] == 0.2


def test_weights_that_keras_saved_in_its_own_numbering_are_refused(lesson, tmp_path):
    lesson[1].save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(palate.ModelFileError, match=r"save the whole model as \.keras instead"):
        palate.FactorModel.from_keras(tmp_path / "a.weights.h5", mean=0)


@pytest.mark.filterwarnings("ignore:Argument `input_length` is deprecated")
@pytest.mark.parametrize("biases", [True, False])
def test_keras_loads_what_is_written_here(tmp_path, biases):
    ratings = small()
    model = palate.LeastSquares(n_factors=3, max_sweeps=3, biases=biases).fit(ratings, validation=0)
    for name in ("model.h5", "model.keras"):
        model.to_keras(tmp_path / name)
        loaded = keras.models.load_model(tmp_path / name)
        found = np.asarray(loaded([ratings.user_index[:, None], ratings.item_index[:, None]]))
        assert found.shape == (len(ratings), 1)
        stars = found[:, 0] + model.global_mean[0]
        np.testing.assert_allclose(stars, model.predict(ratings.user_index, ratings.item_index), atol=1e-5)


FACTORIZATION = palate.KerasFactorization(n_factors=4, epochs=3, learning_rate=0.1, biases=True)
NETWORK = palate.KerasNetwork(n_factors=4, hidden=(8, 4), epochs=3, learning_rate=0.1)


def scores(model):
    return model.score_items(np.arange(len(model.users)))


@pytest.fixture(scope="module")
def fitted():
    """Return the model of a trainer, fitted once."""
    return functools.cache(lambda trainer: trainer.fit(small()))


@pytest.mark.parametrize("trainer", [FACTORIZATION, NETWORK], ids=["factorization", "network"])
class TestBoth:
    def test_it_ends_in_a_scorer_that_knows_more_than_the_mean(self, trainer, fitted):
        ratings, model = small(), fitted(trainer)
        assert isinstance(model, Scorer)
        assert np.std(ratings.value - model.score_pairs(ratings.user_index, ratings.item_index)) < np.std(
            ratings.value
        )
        users, items = np.divmod(np.arange(600), 20)
        np.testing.assert_allclose(model.score_pairs(users, items).reshape(30, 20), scores(model), atol=1e-5)
        assert model.history.best_sweep == len(model.history.sweeps) == 3
        assert model.history.stopped == "All 3 epochs were made."
        assert model.trainer["name"] == type(trainer).__name__

    def test_the_same_seed_gives_the_same_model_and_leaves_the_global_one_alone(self, trainer, fitted):
        state = np.random.get_state()[1].copy()  # noqa: NPY002
        again, other = (scores(trainer.fit(small(), seed=seed, threads=2)) for seed in (0, 1))
        np.testing.assert_array_equal(scores(fitted(trainer)), again)
        assert not np.array_equal(again, other)
        np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002

    def test_held_out_ratings_are_not_trained_on(self, trainer):
        ratings = small()
        held = np.zeros(len(ratings), bool)
        held[:: len(held) // round(0.05 * len(held))] = True
        held[np.flatnonzero(held)[round(0.05 * len(held)) :]] = (
            False  # as many as usual: steps of one shape are compiled once
        )
        train, test = ratings.select(~held), ratings.select(held)
        other = dataclasses.replace(test, value=(5.5 - test.value).astype(np.float32))
        models = [trainer.fit(train, validation=part) for part in (test, other)]
        np.testing.assert_array_equal(scores(models[0]), scores(models[1]))
        assert models[0].history.sweeps[-1].validation_rmse != models[1].history.sweeps[-1].validation_rmse

    def test_training_goes_on_from_a_model_with_its_split(self, trainer, fitted):
        first = fitted(trainer)
        crawling = dataclasses.replace(trainer, epochs=1, learning_rate=1e-9)
        longer = crawling.fit(small(), start=first, seed=99)
        np.testing.assert_allclose(scores(longer), scores(first), atol=1e-5)
        np.testing.assert_array_equal(longer.ratings.held_out, first.ratings.held_out)

    def test_the_figures_are_those_of_the_weights_after_each_epoch(self, trainer, fitted):
        model = fitted(trainer)
        held = model.ratings.held_out
        users = np.repeat(np.arange(30), np.diff(model.ratings.indptr))
        squares = (model.ratings.values() - model.score_pairs(users, model.ratings.items)).astype(float) ** 2
        last = model.history.sweeps[-1]
        assert (last.train_mse, last.validation_mse) == pytest.approx(
            (squares[~held].mean(), squares[held].mean()), rel=1e-5
        )

    def test_patience_keeps_the_best_epoch(self, trainer):
        model = dataclasses.replace(trainer, epochs=30, patience=2, learning_rate=0.5).fit(small())
        losses = [sweep.validation_mse for sweep in model.history.sweeps]
        assert model.history.stopped == "The loss did not fall for 2 epochs."
        assert model.history.best_sweep == len(losses) - 2
        rows = np.flatnonzero(model.ratings.held_out)
        users = np.searchsorted(model.ratings.indptr, rows, side="right") - 1
        errors = (model.ratings.values(rows) - model.score_pairs(users, model.ratings.items[rows])).astype(
            float
        )
        assert np.mean(errors**2) == pytest.approx(losses[model.history.best_sweep - 1], rel=1e-5)

    def test_refit_ends_on_all_ratings(self, trainer):
        model = dataclasses.replace(trainer, epochs=1).fit(small(), refit=True)
        assert model.history.stopped == "All 1 epochs were made. Then trained on all ratings for 1 epochs."
        assert model.history.n_train == len(small())
        assert model.ratings.held_out is None

    def test_the_callback_sees_epochs_and_may_end_training(self, trainer):
        seen = []
        model = trainer.fit(small(), callback=lambda report: seen.append(report.sweep) or report.sweep < 2)
        assert seen == [1, 2]
        assert model.history.stopped == "The callback ended training after epoch 2."

    def test_an_interrupt_keeps_the_last_whole_epoch(self, trainer):
        def interrupt(report):
            if report.sweep == 2:
                raise KeyboardInterrupt

        assert (
            trainer.fit(small(), callback=interrupt).history.stopped == "Interrupted after 2 complete epochs."
        )

    @pytest.mark.parametrize("change", [{"dropout": 0.4}, {"l2_user": 0.1}, {"mean": False}], ids=str)
    def test_hyperparameters_change_the_result(self, trainer, fitted, change):
        assert not np.array_equal(
            scores(dataclasses.replace(trainer, **change).fit(small())), scores(fitted(trainer))
        )

    def test_weights_of_ratings_count(self, trainer, fitted):
        heavy = dataclasses.replace(small(), weight=np.where(small().value > 3, 5, 1).astype(np.float32))
        assert scores(trainer.fit(heavy)).mean() > scores(fitted(trainer)).mean()

    def test_it_survives_pickle(self, trainer, fitted):
        np.testing.assert_array_equal(
            scores(pickle.loads(pickle.dumps(fitted(trainer)))), scores(fitted(trainer))
        )

    def test_it_recommends_and_is_evaluated(self, trainer, fitted):
        model = fitted(trainer)
        seen = np.isin(np.arange(20), model.rated(3)["item_id"].to_numpy())
        best = np.argsort(-np.where(seen, -np.inf, scores(model)[3]))
        assert model.recommend(3, n=4)["item_id"].to_list() == best[:4].tolist()
        assert np.isnan(model.predict(3, 99, unknown="nan"))
        assert np.isfinite(model.predict(99, 1, unknown="baseline"))
        assert model.predict_frame(3, [1, 2])["item_id"].to_list() == [1, 2]
        assert palate.evaluate(model, k=5, resamples=20).value("rmse") > 0

    @pytest.mark.parametrize(
        ("change", "error", "match"),
        [
            ({"n_factors": 0}, ValueError, "n_factors must be from 1 to 1,024; got 0"),
            ({"l2_user": -1}, ValueError, "l2_user must be a finite number of at least 0; got -1"),
            ({"dropout": 1}, ValueError, r"dropout must be in \[0, 1\)"),
            ({"epochs": 0}, ValueError, "epochs must be at least 1; got 0"),
            ({"batch_size": 1.5}, TypeError, "batch_size must be an integer; got 1.5"),
            ({"patience": 0}, ValueError, "patience must be at least 1; got 0"),
            ({"mean": "yes"}, TypeError, "mean must be True or False; got 'yes'"),
        ],
    )
    def test_hyperparameters_are_checked(self, trainer, change, error, match):
        with pytest.raises(error, match=match):
            dataclasses.replace(trainer, **change).fit(small())

    def test_arguments_are_checked(self, trainer):
        with pytest.raises(TypeError, match=r"ratings must be palate\.Ratings"):
            trainer.fit([[1, 2]])
        with pytest.raises(ValueError, match="threads must be"):
            trainer.fit(small(), threads=0)


class TestFactorization:
    def test_the_objective_is_that_of_least_squares(self):
        ratings, l2 = small(), {"l2_user": 1e-3, "l2_item": 2e-3}
        adam = palate.KerasFactorization(n_factors=2, epochs=8, learning_rate=0.1, **l2).fit(
            ratings, validation=0
        )
        trainer = palate.LeastSquares.from_keras_strengths(
            n_ratings=len(ratings), n_factors=2, biases=False, **l2
        )
        exact = trainer.fit(ratings, validation=0)
        squares = sum(
            strength * np.square(factors, dtype=float).sum()
            for strength, factors in ((1e-3, adam.user_factors), (2e-3, adam.item_factors))
        )
        last = adam.history.sweeps[-1]
        assert last.objective == pytest.approx(len(ratings) * (last.train_mse + squares), rel=1e-6)
        assert exact.history.sweeps[-1].objective < last.objective
        assert adam.user_prior.precision[0, 0, 0] == pytest.approx(trainer.l2_user)

    def test_it_is_saved_as_any_model(self, tmp_path):
        model = FACTORIZATION.fit(small(), checkpoint=tmp_path / "checkpoint")
        model.save(tmp_path / "model")
        for name in ("checkpoint", "model"):
            np.testing.assert_array_equal(scores(palate.load(tmp_path / name)), scores(model))

    def test_a_start_of_another_size_is_refused(self):
        with pytest.raises(
            ValueError, match="start must have n_factors=4 as the trainer; got a model with 2"
        ):
            FACTORIZATION.fit(small(), start=palate.LeastSquares(n_factors=2, max_sweeps=1).fit(small()))


class TestNetwork:
    def test_the_scores_are_those_of_keras(self, monkeypatch):
        kept = []
        real = palate.KerasNetwork.build
        monkeypatch.setattr(palate.KerasNetwork, "build", lambda *rest: kept.append(real(*rest)) or kept[-1])
        model = NETWORK.fit(small())
        users, items = np.divmod(np.arange(600), 20)
        expected = kept[0].predict([users[:, None], items[:, None]], verbose=0)[:, 0] + model.mean
        np.testing.assert_allclose(model.score_pairs(users, items), expected, atol=1e-5)

    def test_there_may_be_no_hidden_layers(self):
        model = dataclasses.replace(NETWORK, hidden=()).fit(small())
        assert repr(model) == "NetworkModel(30 users, 20 items, layers 1)"
        assert np.isfinite(scores(model)).all()

    def test_hidden_must_be_widths(self):
        with pytest.raises(TypeError, match="hidden must be a tuple of widths; got 5"):
            dataclasses.replace(NETWORK, hidden=5).fit(small())
        with pytest.raises(ValueError, match="each width in hidden must be from 1 to 65,536; got 0"):
            dataclasses.replace(NETWORK, hidden=(0,)).fit(small())

    def test_a_start_of_other_widths_is_refused(self, fitted):
        model = fitted(NETWORK)
        with pytest.raises(
            ValueError, match=r"start must have layers of the widths \(8, 3, 1\) .*; got \(8, 8, 4, 1\)"
        ):
            dataclasses.replace(NETWORK, hidden=(3,)).fit(small(), start=model)


def test_without_keras_the_message_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def hidden(name, *rest, **more):
        if name == "keras":
            raise ImportError("No module named 'keras'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", hidden)
    with pytest.raises(
        ImportError, match=r'needs Keras 3 and JAX, .* Install it with pip install "palate\[keras\]"'
    ):
        FACTORIZATION.fit(small())


def test_without_a_backend_too(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    real = __import__("importlib.util").util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *rest: None if name in backends else real(name, *rest)
    )
    with pytest.raises(ImportError, match=r'pip install "palate\[keras\]"'):
        FACTORIZATION.fit(small())
