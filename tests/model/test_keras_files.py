"""Keras files: what is in them arrives, in both layouts; what does not fit is refused by name."""

import json
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import palate
from keras_files import NAMES, config_of, layer, layers_of, tables, write_h5, write_keras

pytest.importorskip("h5py")

MEAN = 3.5


def stars(weights, users, items, mean=MEAN):
    """Return what Keras' model predicts, plus the mean."""
    found = np.sum(weights["user_embedding"][users] * weights["movie_embedding"][items], axis=1) + mean
    if "user_bias" in weights:
        found = found + weights["user_bias"][users, 0] + weights["movie_bias"][items, 0]
    return found


USERS, ITEMS = np.divmod(np.arange(35), 5)


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("write", [write_h5, write_keras])
def test_predictions_are_those_of_the_tables(tmp_path, write, biases):
    weights = tables(1, biases)
    model = palate.FactorModel.from_keras(write(tmp_path / "model", weights), mean=MEAN)
    np.testing.assert_allclose(model.predict(USERS, ITEMS), stars(weights, USERS, ITEMS), atol=1e-6)
    assert (model.n_users, model.n_items, model.n_factors) == (7, 5, 3)
    assert model.user_prior.bias == biases


@pytest.mark.parametrize(
    ("scope", "suffix"),
    [("", ":0"), ("_1", ":0"), ("", "")],
    ids=["Keras 2", "second model of a session", "Keras 3"],
)
def test_variables_may_have_the_names_that_keras_versions_give_them(tmp_path, scope, suffix):
    path = write_h5(tmp_path / "model.h5", tables(2), scope=scope, suffix=suffix)
    np.testing.assert_allclose(
        palate.FactorModel.from_keras(path, mean=0).predict(3, 4), stars(tables(2), [3], [4], 0)[0], atol=1e-6
    )


@pytest.mark.parametrize(
    "order", [NAMES, NAMES[::-1], ("movie_bias", "user_embedding", "user_bias", "movie_embedding")]
)
def test_numbered_groups_of_keras_3_are_named_by_the_description(tmp_path, order):
    path = write_keras(tmp_path / "model.keras", tables(3), order=order)
    np.testing.assert_allclose(
        palate.FactorModel.from_keras(path, mean=MEAN).predict(USERS, ITEMS),
        stars(tables(3), USERS, ITEMS),
        atol=1e-6,
    )


def test_weights_alone_are_enough(tmp_path):
    path = write_h5(tmp_path / "weights.h5", tables(4), config="")
    assert palate.FactorModel.from_keras(path, mean=0).n_factors == 3


def test_double_and_big_endian_tables_become_float32(tmp_path):
    weights = {name: table.astype(">f8") for name, table in tables(5).items()}
    model = palate.FactorModel.from_keras(write_h5(tmp_path / "model.h5", weights), mean=MEAN)
    assert model.user_factors.dtype == np.float32
    np.testing.assert_allclose(model.predict(USERS, ITEMS), stars(tables(5), USERS, ITEMS), atol=1e-5)


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame])
def test_the_mean_is_rating_minus_y_of_the_lesson(tmp_path, make):
    frame = make(
        {"userId": [1, 1, 3], "movieId": [0, 2, 4], "rating": [4.0, 5.0, 3.0], "y": [0.475, 1.475, -0.525]}
    )
    model = palate.FactorModel.from_keras(write_h5(tmp_path / "model.h5"), frame)
    assert model.global_mean[0] == pytest.approx(3.525)
    assert model.users.ids().tolist() == [1, 3]
    np.testing.assert_allclose(
        model.predict([1, 3], [0, 4]), stars(tables(), [1, 3], [0, 4], 3.525), atol=1e-6
    )


def test_the_mean_is_else_that_of_the_ratings(tmp_path):
    ratings = palate.Ratings.from_arrays([1, 1, 3], [0, 2, 4], [4.0, 5.0, 3.0], scale=(1, 5))
    path = write_h5(tmp_path / "model.h5")
    assert palate.FactorModel.from_keras(path, ratings).global_mean[0] == 4.0
    assert palate.FactorModel.from_keras(path, ratings, mean=3).global_mean[0] == 3.0
    with pytest.raises(ValueError, match=r"mean must be given without ratings: .* Pass ratings="):
        palate.FactorModel.from_keras(path)
    with pytest.raises(ValueError, match="mean must be a finite number; got nan"):
        palate.FactorModel.from_keras(path, mean=float("nan"))
    with pytest.raises(TypeError, match="mean must be a number; got 'x'"):
        palate.FactorModel.from_keras(path, mean="x")


def test_a_pair_that_is_not_one_mean_apart_is_refused(tmp_path):
    frame = pl.DataFrame({"userId": [1, 2], "movieId": [0, 2], "rating": [4.0, 5.0], "y": [0.5, 1.0]})
    with pytest.raises(
        ValueError, match=r"rating - y must be one number, the mean that was taken off; got 3\.5 to 4"
    ):
        palate.FactorModel.from_keras(write_h5(tmp_path / "model.h5"), frame)


def test_a_frame_without_ids_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match="ratings must have a column of items, such as 'movieid'; got 'userId', 'rating'"
    ):
        palate.FactorModel.from_keras(
            write_h5(tmp_path / "model.h5"), pl.DataFrame({"userId": [1], "rating": [4.0]})
        )


def test_ids_without_ratings_are_unknown(tmp_path):
    ratings = palate.Ratings.from_arrays([1, 1, 3], [0, 2, 4], [4.0, 5.0, 3.0], scale=(1, 5))
    model = palate.FactorModel.from_keras(write_h5(tmp_path / "model.h5"), ratings)
    with pytest.raises(KeyError, match="unknown user id 2"):
        model.predict(2, 0)
    assert "5 rows of users and 2 of items have no rating; their ids are unknown here." in model.history.notes
    assert model.recommend(1, n=9)["item_id"].to_list() == [4]


@pytest.mark.parametrize(
    ("users", "error", "match"),
    [
        ([1, 7], ValueError, "user ids must be row numbers of the file's table, 0 to 6; got 7"),
        ([-1, 7], ValueError, "got -1 and 1 more. Are these the ratings that Keras was trained on"),
        (["a", "b"], TypeError, "user ids must be integers, since Keras' ids are row numbers; got strings"),
    ],
)
def test_ids_must_be_rows(tmp_path, users, error, match):
    ratings = palate.Ratings.from_arrays(users, [0, 2], [4.0, 5.0])
    with pytest.raises(error, match=match):
        palate.FactorModel.from_keras(write_h5(tmp_path / "model.h5"), ratings)


def test_fold_in_uses_the_penalty_of_the_file(tmp_path):
    ratings = palate.Ratings.from_arrays(
        np.repeat(np.arange(7), 5), np.tile(np.arange(5), 7), np.tile([1.0, 5], 18)[:35]
    )
    model = palate.FactorModel.from_keras(write_h5(tmp_path / "model.h5"), ratings)
    assert np.diag(model.item_prior.precision[0])[0] == pytest.approx(35 * 1e-6)
    assert model.user_prior.l1_bias == pytest.approx(35 * 1e-4)
    assert model.user_prior.dropout == pytest.approx(1 / 0.8**2 - 1)
    plain = layers_of(tables(), l2=(0, 0), dropout=0)
    other = palate.FactorModel.from_keras(write_h5(tmp_path / "plain.h5", layers=plain), ratings)
    errors = ratings.value - other.predict(ratings.user_index, ratings.item_index)
    wanted = np.mean(errors.astype(float) ** 2) / np.mean(other.user_factors.astype(float) ** 2)
    assert np.diag(other.user_prior.precision[0])[0] == pytest.approx(wanted, rel=1e-4)
    assert np.isfinite(other.predict(other.fold_in([0, 1], [5, 1]), 2))


def test_it_saves_and_describes_itself(tmp_path):
    catalog = palate.Catalog.from_frame(pl.DataFrame({"item_id": [0, 9], "title": ["Heat", "Big"]}))
    ratings = palate.Ratings.from_arrays([1, 1, 3], [0, 2, 4], [4.0, 5.0, 3.0], scale=(1, 5))
    model = palate.FactorModel.from_keras(write_h5(tmp_path / "svd.h5"), ratings, catalog)
    assert repr(model) == "FactorModel(Keras file: 2 users, 3 items, 3 factors)"
    assert model.rated(1)["title"].to_list() == [None, "Heat"]
    assert model.trainer["file"] == "svd.h5"
    model.save(tmp_path / "model.palate")
    assert palate.load(tmp_path / "model.palate").trainer == model.trainer


def with_layer(*more):
    return [*layers_of(tables()), *more]


REFUSED = {
    "other names": (
        [layer("Embedding", "user"), layer("Dense", "hidden")],
        "must have layers named 'user_embedding' and 'movie_embedding'; got 'user', 'hidden'",
    ),
    "no layers": ([], "'movie_embedding'; got none"),
    "a Lambda": (
        with_layer(layer("Lambda", "out", ["flatten"], function=["4wEAAAA=", None, None])),
        "layer 'out' is a Lambda layer, which holds code",
    ),
    "a network": (
        with_layer(layer("Dense", "hidden", ["flatten"])),
        "layer 'hidden' is of class 'Dense'; a matrix factorization has only",
    ),
    "a cosine": (
        with_layer(layer("Dot", "cosine", normalize=True)),
        "layer 'cosine' must be a plain product",
    ),
    "a further table": (
        with_layer(layer("Embedding", "genre")),
        "layer 'genre' is an Embedding that a FactorModel has no place for",
    ),
    "a name twice": (
        with_layer(layer("Flatten", "flatten")),
        "must name each layer once; got 'flatten' twice",
    ),
    "a circle": (
        with_layer(layer("Add", "a", ["b"]), layer("Add", "b", ["a"])),
        "must not feed each other in a circle; 'a' does",
    ),
    "a layer of itself": (
        with_layer(layer("Add", "a", ["a"])),
        "must not feed each other in a circle; 'a' does",
    ),
    "a product called an embedding": (
        [layer("Dot", "user_embedding"), layer("Embedding", "movie_embedding")],
        "layer 'user_embedding' must be of class Embedding; got Dot",
    ),
    "a nameless layer": ([{"class_name": "Add", "config": {}}], "must give each layer a name and a class"),
    "no layer": (["Add"], "must describe each layer; got 'Add'"),
}


@pytest.mark.parametrize("write", [write_h5, write_keras])
@pytest.mark.parametrize(("layers", "match"), REFUSED.values(), ids=REFUSED.keys())
def test_a_description_of_something_else_is_refused(tmp_path, write, layers, match):
    path = write(tmp_path / "model", layers=[], config=config_of(layers))
    with pytest.raises(palate.ModelFileError, match=match) as caught:
        palate.FactorModel.from_keras(path, mean=0)
    assert str(caught.value).startswith(f"{path} is no Keras model that can be read here: ")


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ("{", "must be JSON"),
        ("[" * 100_000, "must be nested at most 16 deep"),
        ('{"class_name": "Sequential", "config": []}', "must describe a model of layers; got 'Sequential'"),
        (json.dumps({"config": {"layers": 3}}), "must describe a model of layers"),
        ("é", "must be ASCII"),
    ],
)
@pytest.mark.parametrize("write", [write_h5, write_keras])
def test_a_description_that_is_none_is_refused(tmp_path, write, config, match):
    with pytest.raises(palate.ModelFileError, match=match):
        palate.FactorModel.from_keras(write(tmp_path / "model", config=config), mean=0)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        (
            {"movie_embedding": np.zeros((5, 4), np.float32)},
            "both embeddings must have one length; got 3 and 4",
        ),
        (
            {"user_bias": np.zeros((6, 1), np.float32)},
            r"layer 'user_bias' must be of shape \(7, 1\); got \(6, 1\)",
        ),
        ({"user_embedding": np.zeros(7, np.float32)}, r"must have rows and columns; got shape \(7,\)"),
        ({"user_embedding": np.zeros((7, 3), np.int32)}, "must hold floating-point numbers; got 'int32'"),
        ({"user_embedding": np.full((7, 3), np.nan, np.float32)}, "must hold finite numbers"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path, changed, match):
    weights = tables() | changed
    path = write_h5(tmp_path / "model.h5", weights, layers=layers_of(tables()), config="")
    with pytest.raises(palate.ModelFileError, match=match):
        palate.FactorModel.from_keras(path, mean=0)


def test_a_table_must_be_what_the_description_declares(tmp_path):
    config = config_of(layers_of(tables() | {"user_embedding": np.zeros((8, 3))}))
    with pytest.raises(
        palate.ModelFileError, match=r"must be of the shape it declares, \(8, 3\); got \(7, 3\)"
    ):
        palate.FactorModel.from_keras(write_h5(tmp_path / "model.h5", config=config), mean=0)


def test_weights_of_other_layers_are_refused(tmp_path):
    def change(file, group):
        group.create_group("hidden").create_dataset("hidden/kernel:0", data=np.zeros((2, 2)))

    path = write_h5(tmp_path / "model.h5", config="", change=change)
    with pytest.raises(
        palate.ModelFileError,
        match="layer 'hidden' must not have weights in a matrix factorization; it has 1",
    ):
        palate.FactorModel.from_keras(path, mean=0)


def test_numbered_weights_without_names_are_refused(tmp_path):
    import h5py

    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file.create_dataset("layers/embedding/vars/0", data=np.zeros((2, 2)))
    with pytest.raises(
        palate.ModelFileError,
        match=r"a .weights.h5 file of Keras 3 numbers them; save the whole model as .keras",
    ):
        palate.FactorModel.from_keras(tmp_path / "a.weights.h5", mean=0)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "model.h5").write_bytes(b"userId,movieId,rating\n")
    with pytest.raises(
        palate.ModelFileError,
        match=r"must be an HDF5 file \(.h5\) or a zip archive \(.keras\); it begins with b'userId",
    ):
        palate.FactorModel.from_keras(tmp_path / "model.h5", mean=0)
    with pytest.raises(FileNotFoundError):
        palate.FactorModel.from_keras(tmp_path / "none.h5", mean=0)


def test_without_h5py_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r'a Keras file needs h5py, .* pip install "palate\[keras-files\]"'):
        palate.FactorModel.from_keras(tmp_path / "model.h5", mean=0)


class TestWriting:
    @pytest.fixture
    def model(self):
        rng = np.random.default_rng(0)
        users, items = np.nonzero(rng.random((9, 8)) < 0.7)
        ratings = palate.Ratings.from_arrays(
            users + 2, 3 * items, rng.integers(1, 6, len(users)), scale=(1, 5)
        )
        return palate.LeastSquares(n_factors=3, max_sweeps=3).fit(ratings, validation=0)

    @pytest.mark.parametrize("name", ["model.h5", "model.keras"])
    def test_what_is_written_is_read_again(self, model, tmp_path, name):
        model.to_keras(tmp_path / name)
        ratings = palate.Ratings.from_frame(
            pl.concat(
                [model.rated(user).select("user_id", "item_id", "rating") for user in model.users.ids()]
            )
        )
        again = palate.FactorModel.from_keras(tmp_path / name, ratings, mean=float(model.global_mean[0]))
        for part in ("user_factors", "item_factors", "user_bias", "item_bias", "global_mean"):
            np.testing.assert_array_equal(getattr(again, part), getattr(model, part))
        assert again.users == model.users

    @pytest.mark.parametrize("name", ["model.h5", "model.keras"])
    def test_the_same_model_gives_the_same_bytes(self, model, tmp_path, name):
        model.to_keras(tmp_path / name)
        first = (tmp_path / name).read_bytes()
        model.to_keras(tmp_path / name)
        assert (tmp_path / name).read_bytes() == first

    def test_the_ending_decides(self, model, tmp_path):
        with pytest.raises(ValueError, match=r"path must end in .h5 or .keras, .* got '.*model.npz'"):
            model.to_keras(tmp_path / "model.npz")

    def test_what_keras_cannot_hold_is_refused(self, model, tmp_path):
        path = tmp_path / "model.h5"
        with pytest.raises(ValueError, match=r"must be one fit with the identity link .* got one of 2 draws"):
            palate.average([model, model]).to_keras(path)
        base = palate.Baseline().fit(palate.Ratings.from_arrays([1, 2], [1, 2], [3, 4]), validation=0)
        with pytest.raises(
            ValueError, match="must have factors to become a Keras file; got one of biases alone"
        ):
            base.to_keras(path)
        for users, match in (
            (["a", "b"], "user ids must be integers .* got strings"),
            ([-1, 3], "got -1"),
            ([1, 2**40], "tables of 8 GiB"),
        ):
            ratings = palate.Ratings.from_arrays(users, [1, 2], [3, 4])
            with pytest.raises(ValueError, match=match):
                palate.LeastSquares(n_factors=1, max_sweeps=1).fit(ratings, validation=0).to_keras(path)
        assert not path.exists()
