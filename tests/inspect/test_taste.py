"""Tastes by genre on a table where they are planted."""

import dataclasses

import polars as pl
import pytest

from palate import Baseline, Catalog, Ratings
from palate.inspect.genre_preferences import genre_tastes


@pytest.fixture
def model():
    """Return the mean alone (3) over users of whom one likes crime by 2 stars and dislikes drama by 2."""
    films = pl.DataFrame({"item_id": [1, 2, 3, 4], "genres": ["Crime", "Crime|Drama", "Drama", None]})
    ratings = Ratings.from_arrays(
        [1, 1, 1, 2, 2, 2, 2], [1, 2, 3, 1, 2, 3, 4], [5, 3, 1, 3, 3, 3, 3], scale=(1, 5)
    )
    trainer = Baseline(damping_user=1e9, damping_item=1e9)
    return trainer.fit(ratings, validation=0, catalog=Catalog.from_frame(films))


def test_likings_are_damped_means_of_what_was_not_expected(model):
    found = {
        (user, genre): liking for user, genre, liking, _, _ in genre_tastes(model, damping=2).iter_rows()
    }
    assert found == {
        (1, "Crime"): pytest.approx(2 / 4),
        (1, "Drama"): pytest.approx(-2 / 4),
        (2, "Crime"): pytest.approx(0),
        (2, "Drama"): pytest.approx(0),
    }


def test_the_clearest_liking_comes_first_with_its_numbers(model):
    frame = genre_tastes(model)
    assert frame.columns == ["user_id", "genre", "liking", "n_in_genre", "n_ratings"]
    assert frame.row(0)[:2] == (1, "Crime")
    assert frame.row(0)[3:] == (2, 3)


def test_what_is_missing_is_said(model):
    with pytest.raises(ValueError, match="with ratings and genres"):
        genre_tastes(dataclasses.replace(model, ratings=None))
    ratings = Ratings.from_arrays([1, 2], [1, 1], [3, 4])
    with pytest.raises(ValueError, match="with ratings and genres"):
        genre_tastes(Baseline().fit(ratings, validation=0))
