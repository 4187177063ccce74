"""Factor vectors with their ids."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest


def test_frame_has_ids_bias_and_factors(model):
    assert model.item_vectors().columns == ["item_id", "bias", "factor_0"]
    assert model.user_vectors(["bob", "ann"]).rows() == [("bob", 0.5, -1.0), ("ann", 0.0, 1.0)]
    assert isinstance(model.user_vectors(kind="pandas"), pd.DataFrame)


def test_arrays_come_with_the_callers_ids(model):
    everyone, one = model.user_vectors(kind="numpy"), model.item_vectors(40, kind="numpy")
    assert everyone.ids == ["ann", "bob", "cy"]
    assert everyone.factors.shape == (3, 1)
    assert (one.ids.tolist(), one.factors.tolist(), one.bias.tolist()) == ([40], [[-1.0]], [0.5])


def test_draws_are_rows_of_the_frame_and_an_axis_of_the_array(model):
    prior = replace(model.user_prior, mean=np.zeros((2, 2)), precision=np.ones((2, 2, 2)))
    arrays = ("user_factors", "item_factors", "user_bias", "item_bias", "global_mean")
    doubled = {name: np.concatenate([getattr(model, name), 2 * getattr(model, name)]) for name in arrays}
    two = replace(model, **doubled, user_prior=prior, item_prior=prior)
    assert two.user_vectors(["bob"]).rows() == [("bob", 0, 0.5, -1.0), ("bob", 1, 1.0, -2.0)]
    assert two.user_vectors(kind="numpy").factors.shape == (2, 3, 1)


def test_wrong_kinds_and_unknown_ids_are_refused(model):
    with pytest.raises(
        ValueError, match=r"kind must be one of 'polars', 'pandas', 'pyarrow', 'numpy'; got 'list'\."
    ):
        model.user_vectors(kind="list")
    with pytest.raises(KeyError, match=r"unknown item id 77\. It is ids\[0\]\."):
        model.item_vectors([77])
