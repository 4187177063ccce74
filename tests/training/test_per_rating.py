"""The penalty that each rating adds, beside the one with `l2_scaling`."""

from itertools import pairwise

import numpy as np
import pytest

import palate
from palate import LeastSquares, Ratings

RNG = np.random.default_rng(5)
CELLS = RNG.choice(40 * 25, 400, replace=False)
RATINGS = Ratings.from_arrays(CELLS // 25, CELLS % 25, RNG.integers(1, 6, 400), scale=(1, 5))


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
