"""What the lesson starts from."""

import numpy as np
import pytest

from palate.lesson import needs, require, setup
from palate.lesson.setting import default_kind


@pytest.fixture(scope="module")
def s():
    return setup(kind="pandas")


def test_tables_are_those_of_the_exercise(s):
    assert list(s.df.columns) == ["userId", "movieId", "rating", "y"]
    assert list(s.movies.columns) == ["movieId", "title", "genres", "key", "year", "n_ratings", "mean_rating"]
    assert (s.movies.index == s.movies.movieId).all()
    assert s.movies.index.name is None  # or sorting by movieId would be ambiguous
    assert s.movies.n_ratings.max() == 341
    assert set(s.df.movieId) == set(s.movies.movieId)
    row0 = s.df.iloc[0]
    assert row0.rating - row0.y == pytest.approx(s.offset)
    assert abs(s.df.y.mean()) < 1e-9


def test_the_offset_of_the_exercise_makes_stars(s):
    ids = s.movies.index[:50]
    stars = s.model.predict([np.repeat(s.uid, 50), ids]) + s.offset
    assert np.allclose(stars[:, 0], s.model.model.predict(s.uid, ids), atol=1e-3)


def test_the_first_model_recommends_what_hardly_anyone_knows_and_the_second_does_not(s):
    obscure, known = (model.recommend(s.uid, 5, exclude_seen=False) for model in (s.model, s.l2_model))
    assert obscure.n_ratings.max() < 15
    assert obscure.predicted_rating.min() > 100
    assert known.n_ratings.min() > 100
    assert known.predicted_rating.max() < 6


def test_whoever_waits_is_told_what_for(monkeypatch):
    told = []

    class Line:
        update, stop = told.append, int

        def __init__(self, text):
            told.append(text)

    monkeypatch.setattr("palate.training.progress._someone_watches", lambda: True)
    monkeypatch.setattr("palate.training.progress._status", Line)
    setup(kind="polars")
    assert told[0] == "training the models of the lesson"


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_each_setup_has_tables_of_its_own(kind):
    first, second = setup(kind=kind), setup(kind=kind)
    assert first.movies is not second.movies
    assert type(first.model.recommend(63)).__module__.startswith(kind)
    assert first.model.model.item_factors is second.model.model.item_factors


def test_the_library_of_the_tables_must_be_known():
    with pytest.raises(ValueError, match="frame kind must be one of polars, pandas, pyarrow; got 'lists'"):
        setup(kind="lists")
    assert default_kind() == "pandas"  # as in the exercise, where it is installed


def test_a_missing_library_is_named_with_what_brings_it(capsys):
    assert needs("numpy")
    assert capsys.readouterr().out == ""
    assert not needs("numpy", "no_such_library")
    shown = capsys.readouterr().out
    assert 'needs no_such_library: pip install "palate[tutorial]", then run' in " ".join(shown.split())


def test_a_notebook_without_its_libraries_says_which_pip_install():
    require("numpy")
    with pytest.raises(
        ImportError,
        match=r'this notebook needs no_such_library\. Install with pip install "palate\[tutorial\]"',
    ):
        require("numpy", "no_such_library")


def test_its_repr_names_what_is_in_it(s):
    assert repr(s) == "Lesson(100,004 ratings, 9,066 films, models without and with a penalty, user 63)"
