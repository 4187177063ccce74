"""Averages of models with distributions and features: their draws side by side, or a plain refusal."""

from dataclasses import replace

import numpy as np
import pytest

from model_files import noisy_model, ordinal_model
from palate import average


def test_draws_stand_side_by_side():
    one = ordinal_model()
    both = average([one, one])
    assert both.n_draws == 4
    np.testing.assert_array_equal(both.cutpoints, np.concatenate([one.cutpoints, one.cutpoints]))
    assert both.noise_sd.shape == (4,)
    assert both.spread is None
    assert both.user_link.groups[0].weights.shape == (4, 3, 3)
    assert both.predict("al", 10) == pytest.approx(one.predict("al", 10), abs=1e-6)


def test_the_noise_of_rows_stands_side_by_side():
    one = noisy_model()
    both = average([one, one])
    np.testing.assert_array_equal(both.user_noise.scale, np.concatenate([one.user_noise.scale] * 2))
    assert both.item_noise.degrees.shape == (4,)
    with pytest.raises(
        ValueError, match=r"models must all have noise of users and items, or none; fit them by one trainer\."
    ):
        average([one, replace(one, user_noise=None, item_noise=None)])


def test_models_that_do_not_fit_are_refused():
    one = ordinal_model()
    with pytest.raises(
        ValueError, match=r"models must have the same link and levels; fit them by one trainer\."
    ):
        average([one, replace(one, link="identity", cutpoints=None)])
    with pytest.raises(ValueError, match=r"models must have the same link and levels"):
        average([one, replace(one, levels=np.array([1, 2, 5], np.float32))])
    with pytest.raises(ValueError, match=r"models must have the same features; fit them by one trainer\."):
        average([one, replace(one, user_link=None)])
    assert average([replace(one, item_link=None), replace(one, item_link=None)]).item_link is None
