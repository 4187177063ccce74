"""The scores of all items: those of pairs, and of one draw those that rank, with the same bits."""

import numpy as np
import pytest

import palate
from palate.lists.ranking import rank

QUIET = {"validation": 0, "callback": lambda report: None}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(4)
    users, items = np.divmod(rng.choice(300 * 70, 3000, replace=False), 70)
    return palate.Ratings.from_arrays(users, items, rng.integers(1, 6, 3000), scale=(1, 5))


@pytest.fixture(
    scope="module",
    params=[
        palate.LeastSquares(n_factors=7, max_sweeps=3),
        palate.Spectral(n_factors=5),
        palate.Baseline(),
        palate.Gibbs(n_factors=3, sweeps=8, burn_in=4, n_draws=3),
        palate.LeastSquares(n_factors=4, link="bounded", max_sweeps=3),
    ],
    ids=["least squares", "spectral", "biases alone", "draws", "bounded"],
)
def model(request, table):
    return request.param.fit(table, **QUIET)


def test_they_are_the_scores_of_pairs_for_known_and_unknown_users(model):
    users = np.array([5, -1, 0, 299, 5])
    scores = model.score_items(users)
    items = np.arange(len(model.items))
    pairs = model.score_pairs(np.repeat(users, len(items)), np.tile(items, len(users)))
    np.testing.assert_allclose(scores.ravel(), pairs, atol=2e-4)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores[0], scores[4])


def test_one_draw_has_the_bits_that_rank_alone_and_among_others(model):
    if len(model.user_factors) > 1 or not model.likelihood.linear:
        pytest.skip("scores of draws, and of a link, are summed in another order than they are ranked")
    users = np.arange(len(model.users))
    scores = model.score_items(users)
    ranking = rank(model, users, 10)
    np.testing.assert_array_equal(np.take_along_axis(scores, ranking.items, axis=1), ranking.scores)
    np.testing.assert_array_equal(np.concatenate([model.score_items(users[[u]]) for u in users]), scores)


def test_an_item_that_is_not_finite_scores_nan_and_no_other_does(table):
    model = palate.LeastSquares(n_factors=3, max_sweeps=2).fit(table, **QUIET)
    model.item_factors[0, 4] = np.nan
    assert np.flatnonzero(np.isnan(model.score_items(np.arange(9))).any(axis=0)).tolist() == [4]
