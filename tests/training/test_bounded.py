"""The bounded link of least squares: the working ratings, what is fitted, fold-in, the file, and
what is refused.
"""

import dataclasses
import itertools

import numpy as np
import pytest

import palate
from palate.factors.likelihood.bounded import Bounded
from palate.solve.rows import Rows, Side, solve_rows
from palate.solve.strengths import ridge_prior

TRAINER = palate.LeastSquares(n_factors=3, l2_user=0.1, l2_item=0.1, l2_bias=0.1, link="bounded")


def bent(seed=0, n_users=60, n_items=50):
    """Ratings whose scores are of rank 2, bent into 1 to 5, with little noise."""
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < 0.6)
    score = 0.5 + rng.normal(size=n_users)[users] + rng.normal(size=n_items)[items]
    score += (rng.normal(size=(n_users, 2))[users] * rng.normal(size=(n_items, 2))[items]).sum(axis=1)
    values = np.clip(Bounded(low=1, high=5).rating(score) + 0.05 * rng.normal(size=len(users)), 1, 5)
    return palate.Ratings.from_arrays(users, items, values, scale=(1, 5))


def test_score_and_rating_undo_each_other():
    bounds = Bounded(low=0.5, high=5.0)
    for rating in (0.7, 2.0, 3.5, 4.9):
        assert bounds.rating(np.array(bounds.score(rating))) == pytest.approx(rating)
    assert bounds.rating(np.array(bounds.score(5.0))) == pytest.approx(4.91)
    h = 1e-5
    assert bounds.slope(0.7) == pytest.approx(
        (bounds.rating(np.array(0.7 + h)) - bounds.rating(np.array(0.7 - h))) / (2 * h)
    )


def test_a_solve_of_working_ratings_goes_to_the_minimum_of_the_bent_error():
    """One user's bias: its Gauss-Newton steps end where no other bias has a lower penalised error."""
    bounds, values = Bounded(low=1, high=5), np.array([4.5, 5.0, 3.0, 4.0], np.float32)
    rows = Rows(np.array([0, 4]), np.arange(4, dtype=np.int32), values, np.empty(0, np.float32), 4)
    other = Side(np.zeros((4, 0), np.float32), np.array([0.3, -0.2, 0.1, 0.0], np.float32))
    prior, own = (
        ridge_prior(0, l2=0.0, l2_bias=0.5),
        Side(np.zeros((1, 0), np.float32), np.zeros(1, np.float32)),
    )
    for _ in range(30):
        own = solve_rows(bounds.working(rows, own, other, 0.2, 1), other, 0.2, prior).side
    grid = np.linspace(-3, 5, 80_001)
    errors = values[:, None] - bounds.rating(0.2 + other.bias[:, None] + grid)
    best = grid[((errors**2).sum(axis=0) + 0.5 * grid**2).argmin()]
    assert own.bias[0] == pytest.approx(best, abs=2e-3)
    squared, absolute = bounds.errors(rows, own, other, 0.2, 1)
    error = values - bounds.rating(0.2 + other.bias + own.bias[0])
    assert (squared, absolute) == (
        pytest.approx((error**2).sum(), rel=1e-5),
        pytest.approx(np.abs(error).sum(), rel=1e-5),
    )


def test_weights_of_ratings_multiply_those_of_the_slope():
    bounds = Bounded(low=1, high=5)
    plain = Rows(
        np.array([0, 2]),
        np.arange(2, dtype=np.int32),
        np.array([2.0, 4.0], np.float32),
        np.empty(0, np.float32),
        2,
    )
    heavy = dataclasses.replace(plain, weights=np.array([3.0, 1.0], np.float32))
    own, other = (Side(np.zeros((n, 0), np.float32), np.zeros(n, np.float32)) for n in (1, 2))
    one, two = (bounds.working(rows, own, other, 0.0, 1) for rows in (plain, heavy))
    np.testing.assert_allclose(two.weights, one.weights * [3, 1])
    np.testing.assert_allclose(one.weights, 1.0)  # the slope in the middle of a scale of 4


def test_it_fits_bent_ratings_better_and_stays_inside_the_scale():
    ratings = bent()
    straight, bounded = (
        dataclasses.replace(TRAINER, link=link).fit(ratings) for link in ("identity", "bounded")
    )
    one, other = (min(s.validation_rmse for s in model.history.sweeps) for model in (straight, bounded))
    assert other < 0.5 * one
    scores = bounded.score_items(np.arange(bounded.n_users))
    assert scores.min() >= 1
    assert scores.max() <= 5
    assert straight.score_items(np.arange(straight.n_users)).max() > 5
    rows = np.flatnonzero(bounded.ratings.held_out)
    users = np.searchsorted(bounded.ratings.indptr, rows, side="right") - 1
    errors = bounded.score_pairs(users, bounded.ratings.items[rows]) - bounded.ratings.values(rows)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(other, abs=1e-4)


def test_the_objective_is_the_bent_one_and_falls():
    objectives = [report.objective for report in TRAINER.fit(bent(), validation=0).history.sweeps]
    assert objectives[-1] < 0.5 * objectives[0]
    assert all(after < before * (1 + 1e-6) for before, after in itertools.pairwise(objectives))


def test_a_stored_user_is_nearly_what_fold_in_finds():
    model = TRAINER.fit(bent(), validation=0)
    items, values, _ = model.ratings.row(7)
    ids = [model.items.id(int(item)) for item in items]
    folded = model.fold_in(ids, values)
    np.testing.assert_allclose(model.predict(folded, ids), model.predict(7, ids), atol=0.02)
    assert 1 <= model.predict(model.fold_in([], []), 3) <= 5


def test_it_is_saved_ranked_and_refitted(tmp_path):
    ratings = bent()
    model = TRAINER.fit(ratings, refit=True)
    model.save(tmp_path / "bent.palate")
    loaded = palate.load(tmp_path / "bent.palate")
    assert loaded.link == "bounded"
    np.testing.assert_array_equal(loaded.score_items(np.arange(3)), model.score_items(np.arange(3)))
    top = model.recommend(3, n=4)
    assert top["predicted_rating"].is_sorted(descending=True)
    evaluation = palate.evaluate(TRAINER.fit(ratings), k=(), baselines=False, resamples=0)
    assert evaluation.value("rmse") == pytest.approx(evaluation.value("rmse_unclipped"))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"link": "probit"}, "link must be one of 'identity', 'bounded'; got 'probit'"),
        ({"dropout": 0.1}, "dropout must be 0.0 with link='bounded'; got 0.1"),
        ({"unobserved_weight": 0.1}, "unobserved_weight must be 0.0 with link='bounded'"),
        ({"counts": "linear"}, "counts must be 'none' with link='bounded'"),
        ({"solver": "conjugate"}, "solver must be 'exact' with link='bounded'"),
    ],
)
def test_what_does_not_go_with_it(change, text):
    with pytest.raises(ValueError, match=text):
        dataclasses.replace(TRAINER, **change).fit(bent())


def test_a_scale_without_width():
    ratings = palate.Ratings.from_arrays([1, 2], [1, 2], [3, 3])
    with pytest.raises(ValueError, match="two different ends for link='bounded'; got 3 to 3"):
        TRAINER.fit(ratings, validation=0)
