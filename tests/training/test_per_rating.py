"""The penalty that each rating adds, beside the one with `l2_scaling`."""

from itertools import pairwise

import numpy as np
import pytest

import palate
from palate import LeastSquares, Ratings

RNG = np.random.default_rng(5)
CELLS = RNG.choice(40 * 25, 400, replace=False)
VALUES = RNG.integers(1, 6, 400)
RATINGS = Ratings.from_arrays(CELLS // 25, CELLS % 25, VALUES, scale=(1, 5))


def _fit(**given):
    trainer = LeastSquares(n_factors=3, max_sweeps=12, patience=12, **given)
    return trainer.fit(RATINGS, validation=0, threads=1)


def test_alone_it_is_a_penalty_with_a_scaling_of_one():
    alone = _fit(l2_user=0.0, l2_item=0.0, l2_per_rating=0.3)
    scaled = _fit(l2_user=0.3, l2_item=0.3, l2_scaling=1.0)
    assert np.array_equal(alone.user_factors, scaled.user_factors)


def test_it_adds_to_a_penalty_that_grows_in_the_same_way():
    both = _fit(l2_user=0.2, l2_item=0.2, l2_scaling=1.0, l2_per_rating=0.1)
    whole = _fit(l2_user=0.3, l2_item=0.3, l2_scaling=1.0)
    assert both.predict([1, 2], [3, 4]) == pytest.approx(whole.predict([1, 2], [3, 4]), abs=1e-4)


def test_the_objective_falls_and_a_user_is_what_fold_in_finds(tmp_path):
    model = _fit(l2_user=2.0, l2_item=2.0, l2_scaling=0.0, l2_per_rating=0.1)
    objective = [sweep.objective for sweep in model.history.sweeps]
    assert all(after <= before * (1 + 1e-6) for before, after in pairwise(objective))
    model.save(tmp_path / "m.palate")
    loaded = palate.load(tmp_path / "m.palate")
    assert loaded.user_prior.per_rating == pytest.approx(0.05)
    mine = RATINGS.user_index == 7
    items = np.asarray(RATINGS.items.ids())[RATINGS.item_index[mine]]
    folded = loaded.fold_in(items, RATINGS.value[mine])
    stored = loaded.predict([RATINGS.users.id(7)], [3])
    assert loaded.predict(folded, [3]) == pytest.approx(stored, abs=1e-4)


SD = 0.8  # of ratings around their biases


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, (6 * SD, 6 * SD, 0.125, 0.03 * SD, 20)),
        ({"item_features": "genres"}, (7 * SD, 7 * SD, 0.125, 0.05 * SD, 20)),
        ({"item_features": "genres", "l2_features": 3.0}, (7 * SD, 7 * SD, 0.125, 0.05 * SD, 3)),
        ({"l2_user": 2.0}, (2, 1.5 * SD, 0.5, 0, 100)),
        ({"l2_scaling": 1.0}, (1.5 * SD, 1.5 * SD, 1, 0, 100)),
        ({"l2_per_rating": 0.1}, (1.5 * SD, 1.5 * SD, 0.5, 0.1, 100)),
        ({"unobserved_weight": 0.01}, (1.5 * SD, 1.5 * SD, 0.5, 0, 100)),
        ({"counts": "linear"}, (1.5 * SD, 1.5 * SD, 0.5, 0, 100)),
    ],
)
def test_automatic_penalties_belong_together(given, found):
    assert tuple(LeastSquares(**given).strengths(SD)) == pytest.approx(found)


def test_automatic_penalties_do_not_depend_on_the_unit_and_are_kept_in_the_model():
    model = _fit()
    tenfold = Ratings.from_arrays(CELLS // 25, CELLS % 25, 10 * VALUES, scale=(10, 50))
    other = LeastSquares(n_factors=3, max_sweeps=12, patience=12).fit(tenfold, validation=0, threads=1)
    assert other.trainer["l2_user_resolved"] == pytest.approx(
        10 * model.trainer["l2_user_resolved"], rel=1e-5
    )
    assert other.trainer["l2_scaling_resolved"] == model.trainer["l2_scaling_resolved"] == 0.125
