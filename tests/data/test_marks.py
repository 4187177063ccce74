"""Marks for "not rated", equal ratings and equal predictions are spoken of."""

import warnings

import numpy as np
import pytest

import palate
from palate.data.marks import MarkWarning, marks
from palate.lists.recommending import EqualPredictionsWarning
from palate.training.training_data import EqualRatingsWarning


def values(*shares):
    """Return each (value, number) pair's value as often as it says."""
    return np.concatenate([np.full(number, value, np.float32) for value, number in shares])


STARS = [(1, 5), (2, 10), (3, 20), (4, 30), (5, 20)]
TENS = [(rating, 10) for rating in range(1, 11)]
JESTER = [(value, 1) for value in np.linspace(-9.9, 9.9, 150)]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([(-1, 20), *TENS], [(-1, 1)]),
        ([(-1, 20), *STARS], [(-1, 1)]),
        ([(-1, 20), (0, 5), *STARS], [(-1, 0)]),
        ([(0, 100), *TENS], [(0, 1)]),
        ([(99, 60), *JESTER], [(99, pytest.approx(9.9))]),
        ([(-999, 10), *STARS], [(-999, 1)]),
        ([(-99, 10), *JESTER], [(-99, pytest.approx(-9.9))]),
        ([(999, 10), *STARS], [(999, 5)]),
        ([(-1, 9), (99, 9), *STARS], [(-1, 1), (99, 5)]),
    ],
)
def test_marks_are_found(given, found):
    assert marks(values(*given)) == found


@pytest.mark.parametrize(
    "given",
    [
        STARS,
        TENS,
        JESTER,
        [(-1, 20), (1, 20)],  # likes and dislikes
        [(-1, 20), (0, 20), (1, 20)],
        [(0, 30), (1, 30)],
        [(0, 12), *STARS],  # stars from 0
        [(0, 10), (0.5, 5), *STARS],
        [(-2, 9), (-1, 9), (0, 9), (1, 9), (2, 9)],
        [(rating, 3) for rating in range(100)],  # 99 of 100 points
        [(-1, 1), *[(rating, 100) for rating in range(1, 6)]],  # one slip in five hundred
        [(-1, 3), *[(rating, 3) for rating in range(1, 6)]],  # too few to say
    ],
)
def test_ratings_are_no_marks(given):
    assert marks(values(*given)) == []


def test_ratings_with_a_mark_warn_unless_their_scale_is_declared():
    value = values((-1, 20), *TENS)
    rows = np.arange(len(value))
    with pytest.warns(
        MarkWarning,
        match=r"17% of the ratings \(20 of 120\) are -1, and no rating lies between it and 1.*missing=-1",
    ):
        palate.Ratings.from_arrays(rows, rows, value)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        palate.Ratings.from_arrays(rows, rows, value, scale=(-1, 10))


def test_equal_ratings_say_what_to_do_and_lists_of_equal_predictions_that_they_are():
    ratings = palate.Ratings.from_arrays([1, 1, 2, 2, 3], list("abacd"), [1] * 5)
    with pytest.warns(
        EqualRatingsWarning, match=r"all ratings are 1: there is nothing to predict.*for_counts"
    ):
        model = palate.Baseline().fit(ratings, validation=0)
    with pytest.warns(EqualPredictionsWarning, match=r"all predictions listed for user 3 are equal \(1\)"):
        model.recommend(3)
    with pytest.warns(EqualPredictionsWarning, match="for 3 of 3 users, the first of them 1, are equal"):
        model.recommend()


def test_choices_without_stars_are_learned_as_counts():
    rng = np.random.default_rng(0)
    user, item = np.divmod(np.flatnonzero(rng.random(600) < 0.3), 20)
    ratings = palate.Ratings.from_arrays(user, item, np.ones(len(user)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", EqualRatingsWarning)
        warnings.simplefilter("error", EqualPredictionsWarning)
        palate.LeastSquares.for_counts("everywhere", n_factors=2).fit(ratings).recommend(0)
