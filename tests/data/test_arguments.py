"""Calls with a wrong keyword are answered with the right one; fold-in takes a mapping."""

import inspect

import pytest

import palate
from palate.data.arguments import ids_and_ratings


@pytest.fixture(scope="module")
def model():
    ratings = palate.Ratings.from_arrays(
        ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
    )
    return palate.LeastSquares(n_factors=2).fit(ratings, validation=0)


@pytest.mark.parametrize(
    ("trainer", "given", "meant"),
    [
        ("LeastSquares", "factors", "n_factors="),
        ("Gibbs", "n_factor", "n_factors="),
        ("LeastSquares", "reg", "l2_user= or l2_item="),
        ("Spectral", "n_factrs", "n_factors="),
    ],
)
def test_a_trainer_says_which_hyper_parameter_was_meant(trainer, given, meant):
    with pytest.raises(TypeError) as error:
        getattr(palate, trainer)(**{given: 8})
    assert str(error.value) == f"{trainer} takes no argument {given!r}. Did you mean {meant}?"


def test_a_model_and_read_do_so_too(model):
    with pytest.raises(
        TypeError, match=r"^FactorModel.recommend takes no argument 'top'. Did you mean n=\?$"
    ):
        model.recommend("al", top=5)
    with pytest.raises(TypeError, match=r"^FactorModel.predict takes no argument 'xyzzy'. It takes user"):
        model.predict("al", 1, xyzzy=5)
    with pytest.raises(
        TypeError, match=r"^LeastSquares.fit takes no argument 'random_state'. Did you mean seed=\?$"
    ):
        palate.LeastSquares().fit(model.ratings, random_state=1)
    with pytest.raises(TypeError, match=r"^read takes no argument 'sep'. Did you mean separator=\?$"):
        palate.read("r.csv", sep=";")


def test_signatures_stay(model):
    assert "n_factors" in inspect.signature(palate.LeastSquares).parameters
    assert list(inspect.signature(model.recommend).parameters)[:2] == ["users", "n"]


def test_fold_in_takes_a_mapping(model):
    pairs, mapped = model.fold_in([1, 3], [4, 1]), model.fold_in({1: 4, 3: 1})
    assert float(model.predict(pairs, 2)) == float(model.predict(mapped, 2))
    item = model.fold_in_item({"al": 5, "bo": 1})
    assert float(model.predict("cy", item)) == float(
        model.predict("cy", model.fold_in_item(["al", "bo"], [5, 1]))
    )


def test_fold_in_without_ratings_says_what_it_takes(model):
    with pytest.raises(
        TypeError,
        match="ratings must be given beside items, or items be a mapping of id to rating; got items alone",
    ):
        model.fold_in([1, 3])
    with pytest.raises(TypeError, match="ratings must be left out where items is a mapping"):
        ids_and_ratings({1: 5}, [5], "items")
