"""Models whose parts do not fit are refused when they are made."""

from dataclasses import replace

import numpy as np
import pytest

from model_files import noisy_model, ordinal_model, small_model
from palate.factors.row_precision import RowNoise
from palate.solve.features import FeatureGroup, FeatureLink


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise_sd": np.ones(3)}, r"noise_sd must be of shape \(2,\); got \(3,\)\."),
        ({"cutpoints": np.zeros((2, 3), np.float32)}, r"cutpoints must be of shape \(2, 2\); got \(2, 3\)\."),
        ({"cutpoints": None}, r"cutpoints must be given for link='ordinal'; got None\."),
        (
            {"levels": None, "cutpoints": np.zeros((2, 0), np.float32)},
            r"levels must be given for link='ordinal'; got None\.",
        ),
        ({"cutpoints": np.array([[0, 1], [1, 0]], np.float32)}, r"cutpoints must ascend in each draw\."),
        (
            {"levels": np.array([1, 1, 2], np.float32)},
            r"levels must be one row of strictly ascending values\.",
        ),
        ({"levels": np.ones((3, 1), np.float32)}, r"levels must be one row of strictly ascending values\."),
        ({"user_bias": np.zeros((1, 3), np.float32)}, r"user_bias must be of shape \(2, 3\); got \(1, 3\)\."),
        (
            {"link": "bounded", "scale": None},
            r"scale must be given for link='bounded', which keeps .*; got None\.",
        ),
        ({"link": "logit"}, r"link must be one of 'identity', 'bounded', 'ordinal'; got 'logit'\."),
        (
            {
                "item_link": FeatureLink(
                    (FeatureGroup(name="raters", kind="bag", weights=np.zeros((2, 2, 3), np.float32)),)
                )
            },
            r"the weights of 'raters' in item_link must be of shape \(2, 3, 3\); got \(2, 2, 3\)\.",
        ),
    ],
)
def test_parts_that_do_not_fit(change, message):
    with pytest.raises(ValueError, match=message):
        replace(ordinal_model(), **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"user_noise": RowNoise(scale=np.ones((2, 4), np.float32), degrees=np.ones(2))},
            r"user_noise.scale must be of shape \(2, 3\)",
        ),
        (
            {"item_noise": RowNoise(scale=np.ones((2, 3), np.float32), degrees=np.ones(1))},
            r"item_noise.degrees must be of shape \(2,\)",
        ),
        ({"item_noise": None}, r"user_noise and item_noise must be given together, .*; got True and False"),
        (
            {"noise_sd": None},
            r"beside noise_sd and for the links 'identity' and 'ordinal'; got True and True, noise_sd False",
        ),
        ({"link": "bounded"}, r"noise_sd True, link 'bounded'"),
    ],
)
def test_noise_of_rows_that_does_not_fit(change, message):
    with pytest.raises(ValueError, match=message):
        replace(noisy_model(), **change)


def test_priors_must_fit_the_draws():
    with pytest.raises(ValueError, match=r"the mean of user_prior must be of shape \(2, 3\); got \(1, 3\)\."):
        replace(ordinal_model(), user_prior=small_model().user_prior)
