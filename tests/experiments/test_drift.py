"""How far an updated model is from one trained again."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest

import palate
from palate.experiments.drift import trainer_of

TRAINERS = [
    palate.LeastSquares(n_factors=3, max_sweeps=5),
    palate.Baseline(damping_user=2.0),
    palate.Spectral(n_factors=4),
    palate.LinearItems(neighbours=5),
    palate.Neighbours(shrink=1.0),
    palate.Popular(),
]


@pytest.fixture
def parts(rng):
    """Return ratings to train on, and later ones with new users among them."""
    users, items = np.nonzero(rng.random((40, 20)) < 0.4)
    times = 10 * (users % 10 == 0) + rng.integers(0, 10, len(users)) + 100 * (users >= 36)
    ratings = palate.Ratings.from_arrays(
        users, items, rng.integers(1, 6, len(users)), timestamp=times, scale=(1, 5)
    )
    late = ratings.timestamp >= 17
    return ratings.select(~late), ratings.select(late)


@pytest.mark.parametrize("trainer", TRAINERS, ids=lambda one: type(one).__name__)
def test_the_trainer_of_a_model_is_made_from_what_the_model_says(trainer, parts):
    assert trainer_of(trainer.fit(parts[0], validation=0)) == trainer


def test_an_update_without_change_has_not_drifted(parts):
    model = palate.Spectral(n_factors=4).fit(parts[0], validation=0)
    found = palate.drift(model, before=model, n=5)
    assert found.overlap == 1
    assert found.difference is None
    assert found.evaluation is None
    assert pl.DataFrame(found.groups)["group"].to_list() == ["all", "unchanged"]


def test_groups_are_users_that_are_new_that_changed_and_others(parts):
    old, late = parts
    model = palate.LeastSquares(n_factors=3, max_sweeps=5).fit(old, validation=0.1)
    found = palate.drift(model.update(late), before=model, n=5, resamples=20)
    frame = pl.DataFrame(found.groups)
    came = set(late.users.take(np.unique(late.user_index)).to_list())
    before = set(old.users.take(np.unique(old.user_index)).to_list())
    numbers = dict(frame.select("group", "n_users").rows())
    assert numbers["new"] == len(came - before)
    assert numbers["changed"] == len(came & before)
    assert numbers["unchanged"] == len(before - came)
    assert numbers["all"] == len(before | came)
    assert frame["overlap"].is_between(0, 1).all()
    assert found.difference > 0
    assert found.evaluation.models == ("updated", "trained again")
    text = str(found)
    assert text.startswith("Of the first 5 items, the updated and the newly trained model have in common: ")
    assert "RMSE on the ratings held out of both: " in text
    json.dumps(found.to_dict())


def test_a_model_trained_elsewhere_is_compared(parts):
    old, late = parts
    updated = palate.Popular().fit(old, validation=0).update(late)
    every = palate.union(palate.Popular().fit(old, validation=0), late)
    again = palate.Popular().fit(every, validation=0)
    assert palate.drift(updated, refit=again).overlap == 1
    others = palate.Popular().fit(palate.Ratings.from_arrays([1, 2], [1, 2], [4, 5]), validation=0)
    with pytest.raises(ValueError, match="refit must have the users of the updated model; got others"):
        palate.drift(updated, refit=others)


def test_what_cannot_be_trained_again_is_told(parts, tmp_path):
    model = palate.Popular().fit(parts[0], validation=0)
    other = dataclasses.replace(model, trainer={"name": "Mine"})
    with pytest.raises(ValueError, match=r"must be one of LeastSquares, .*; got 'Mine'. Train again"):
        palate.drift(other)
    with pytest.raises(ValueError, match="updated must hold its ratings"):
        palate.drift(dataclasses.replace(model, ratings=None))
    with pytest.raises(ValueError, match="before must hold its ratings"):
        palate.drift(model, before=dataclasses.replace(model, ratings=None))
    with pytest.raises(ValueError, match="n must be at least 1"):
        palate.drift(model, n=0)
    with pytest.raises(TypeError, match="updated must be a model of palate; got str"):
        palate.drift("films.palate")
    with pytest.raises(TypeError, match="before must be a model of palate; got int"):
        palate.drift(model, before=3)
