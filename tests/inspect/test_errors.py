"""Errors of predictions on tables small enough to check by hand."""

import numpy as np
import pytest

from palate import Baseline, LeastSquares, Ratings
from palate.inspect.errors import errors


@pytest.fixture
def ratings():
    return Ratings.from_arrays(["a", "a", "b"], [1, 2, 1], [5, 1, 3], scale=(1, 5))


@pytest.fixture
def mean_alone(ratings):
    """Return a model that predicts 3, the mean, for every pair."""
    return Baseline(damping_user=1e9, damping_item=1e9).fit(ratings, validation=0)


def test_known_answer(ratings, mean_alone):
    found = errors(mean_alone, ratings)
    assert (found.rmse, found.mae, found.n) == (pytest.approx(np.sqrt(8 / 3)), pytest.approx(4 / 3), 3)


def test_unknown_users_and_items_are_predicted_from_what_is_known(mean_alone):
    strangers = Ratings.from_arrays(["a", "z"], [9, 1], [4, 4])
    assert errors(mean_alone, strangers).mae == pytest.approx(1, abs=1e-6)


def test_clipping_counts_predictions_as_the_ends_of_the_scale(ratings):
    wild = LeastSquares(n_factors=1, l2_user=0, l2_item=0, l2_bias=0).fit(ratings, validation=0)
    unseen = Ratings.from_arrays(["b"], [2], [1], scale=(1, 5))
    predicted = wild.predict("b", 2)
    assert errors(wild, unseen, clip=False).mae == pytest.approx(abs(predicted - 1), rel=1e-6)
    assert errors(wild, unseen).mae == pytest.approx(abs(min(max(predicted, 1), 5) - 1), rel=1e-6)


def test_nothing_to_judge(mean_alone, ratings):
    with pytest.raises(ValueError, match="at least one rating; got none"):
        errors(mean_alone, ratings.select(np.zeros(3, bool)))


def test_scores_without_a_scale_cannot_be_clipped(ratings):
    model = LeastSquares.for_counts(n_factors=1).fit(ratings, validation=0)
    with pytest.raises(ValueError, match="clip must be off for scores without a rating scale"):
        errors(model, ratings)
    assert errors(model, ratings, clip=False).n == 3
