"""A palate model called as Keras' is."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from palate import LeastSquares, Ratings
from palate.lesson import KerasView, keras_view


@pytest.fixture(scope="module")
def model():
    ratings = Ratings.from_arrays([1, 1, 2, 2, 4], [7, 8, 7, 9, 9], [5.0, 1.0, 4.0, 2.0, 3.0], scale=(1, 5))
    return LeastSquares(n_factors=2, biases=False).fit(ratings, validation=0)


@pytest.fixture(scope="module")
def view(model):
    return keras_view(model, 3.0)


COLUMNS = {
    "lists": lambda values: list(values),
    "arrays": np.array,
    "columns of shape (n, 1)": lambda values: np.array(values)[:, None],
    "pandas": pd.Series,
    "an index": pd.Index,
    "polars": pl.Series,
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_it_returns_centred_values_as_keras_does(column, view, model):
    centred = view.predict([column([1, 1, 2]), column([7, 9, 8])], batch_size=10, verbose=0)
    assert centred.shape == (3, 1)
    assert centred.dtype == np.float32
    assert np.allclose(centred[:, 0] + 3.0, model.predict([1, 1, 2], [7, 9, 8]), atol=1e-6)


def test_pairs_may_be_tuples_and_mappings(view):
    pair = view.predict([[1, 2], [7, 8]])
    assert np.array_equal(view.predict(([1, 2], [7, 8])), pair)
    assert np.array_equal(view.predict({"user_id": [1, 2], "movie_id": [7, 8]}), pair)


def test_the_mean_is_the_models_own_by_default(model):
    assert KerasView(model).mean == pytest.approx(3.0)


def test_with_items_it_returns_stars_and_the_rest_is_the_models(view, model):
    assert view.predict(1, 7) == model.predict(1, 7)
    assert view.predict(1, [9], clip=True) == model.predict(1, [9], clip=True)
    assert view.recommend(1, 2).equals(model.recommend(1, 2))
    assert view.n_factors == 2
    with pytest.raises(AttributeError):
        _ = view.no_such_thing


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (7, r"predict must be given \[users, items\], a list of two columns; got int\."),
        ([[1], [7], [8]], r"a list of two columns; got list\."),
        (
            [[1], [7, 8]],
            r"users and items must be of one length; got 1 and 2\. Repeat the user, as np\.repeat",
        ),
        (
            [1, [7]],
            r"users of predict must be a column of ids; values must be a column, an array or a list; got "
            r"int 1\.",
        ),
        (
            [[1], np.zeros((1, 2))],
            r"items of predict must be a column of ids; values must have one dimension",
        ),
    ],
)
def test_what_is_no_pair_is_refused(x, said, view):
    with pytest.raises(ValueError, match=said):
        view.predict(x)


def test_unknown_ids_are_named(view):
    with pytest.raises(KeyError, match="unknown user id 3"):
        view.predict([[3], [7]])


def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match=r"model must be a FactorModel; got int\."):
        KerasView(3)
    with pytest.raises(ValueError, match=r"mean must be a finite number; got nan\."):
        KerasView(model, float("nan"))


def test_weights_are_rows_by_id(view, model):
    (films,) = view.get_layer("movie_embedding").get_weights()
    (people,) = view.get_layer("user_embedding").get_weights()
    assert films.shape == (10, 2)
    assert people.shape == (5, 2)
    assert people[4] @ films[8] == pytest.approx(
        float(view.predict([[4], [8]])[0, 0]) + 3.0 - float(model.global_mean[0]), abs=1e-5
    )
    assert np.array_equal(films[0], [0, 0])
    assert [layer.name for layer in view.layers] == ["user_embedding", "movie_embedding"]
    assert repr(view.layers[0]) == "Layer('user_embedding', 3 rows of 2)"


def test_biases_are_layers_of_a_model_that_has_them():
    ratings = Ratings.from_arrays([1, 1, 2, 2], [7, 8, 7, 9], [5.0, 1.0, 4.0, 2.0], scale=(1, 5))
    biased = KerasView(LeastSquares(n_factors=2).fit(ratings, validation=0))
    (bias,) = biased.get_layer("movie_bias").get_weights()
    assert bias.shape == (10, 1)
    assert bias[7, 0] > 0 > bias[8, 0]


def test_layers_that_are_not_there_are_refused(view, model):
    with pytest.raises(
        ValueError, match=r"layer must be one of user_embedding, movie_embedding; got 'movie_bias'\."
    ):
        view.get_layer("movie_bias")
    twice = replace(
        model,
        user_factors=np.repeat(model.user_factors, 2, 0),
        item_factors=np.repeat(model.item_factors, 2, 0),
        user_bias=np.repeat(model.user_bias, 2, 0),
        item_bias=np.repeat(model.item_bias, 2, 0),
        global_mean=np.repeat(model.global_mean, 2),
        user_prior=replace(
            model.user_prior,
            precision=np.repeat(model.user_prior.precision, 2, 0),
            mean=np.repeat(model.user_prior.mean, 2, 0),
        ),
        item_prior=replace(
            model.item_prior,
            precision=np.repeat(model.item_prior.precision, 2, 0),
            mean=np.repeat(model.item_prior.mean, 2, 0),
        ),
    )
    with pytest.raises(
        ValueError, match=r"the model must have one draw to show its vectors as a layer; got 2\."
    ):
        KerasView(twice).get_layer("user_embedding").get_weights()


def test_ids_that_are_no_row_numbers():
    text = Ratings.from_arrays(["a", "a", "b"], ["x", "y", "x"], [5.0, 1.0, 4.0], scale=(1, 5))
    (rows,) = (
        KerasView(LeastSquares(n_factors=2).fit(text, validation=0)).get_layer("user_embedding").get_weights()
    )
    assert rows.shape == (2, 2)
    far = Ratings.from_arrays([1, 1, 2], [5, 10**12, 5], [5.0, 1.0, 4.0], scale=(1, 5))
    with pytest.raises(
        ValueError, match=r"ids must be from 0 to 10,000,000 to be row numbers; got 5 to 1000000000000\."
    ):
        KerasView(LeastSquares(n_factors=2).fit(far, validation=0)).get_layer("movie_embedding").get_weights()


def test_the_summary_is_shown(view, capsys):
    assert view.summary() is None
    assert "movie_embedding                3 x 2           6" in capsys.readouterr().out
    assert repr(view).startswith("KerasView(FactorModel(")


def test_it_can_be_copied_and_pickled(view):
    for other in (copy.deepcopy(view), pickle.loads(pickle.dumps(view))):
        assert np.array_equal(other.predict([[1], [7]]), view.predict([[1], [7]]))
