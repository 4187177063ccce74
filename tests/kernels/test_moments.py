"""Mean and spread over draws, after each link."""

import math

import numpy as np
import pytest

from palate.factors.draws import all_moments, posterior_arrays
from palate.factors.pairs import Pairs
from palate.factors.uncertainty import expected_ratings, standard_errors
from palate.kernels import moments
from posteriors import latent_draws, posterior_model


def scales_of(model):
    """Return the scale of the noise of all pairs in all draws; 1 without any."""
    if model.user_noise is None:
        return np.ones((1, 1, 1))
    return model.user_noise.scale[:, :, None].astype(float) * model.item_noise.scale[:, None, :].astype(float)


def pairs_of(model):
    return (index.ravel() for index in np.indices((model.n_users, model.n_items)))


@pytest.mark.parametrize("link", ["identity", "bounded", "ordinal", "noisy"])
@pytest.mark.parametrize("whole", [True, False])
def test_means_and_standard_errors_are_those_of_the_draws_after_the_link(link, whole):
    model = posterior_model(3, link=link, whole=whole, n_draws=5)
    users, items = pairs_of(model)
    arrays = posterior_arrays(model.factors)
    mean, sd = expected_ratings(model, users, items), standard_errors(model, users, items)
    expected_mean, expected_sd = moments.moments_reference(
        latent_draws(model), arrays.link, arrays.bounds, arrays.levels, arrays.cutpoints, scales_of(model)
    )
    np.testing.assert_allclose(mean, expected_mean.ravel(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(sd, expected_sd.ravel(), rtol=1e-4, atol=1e-6)


def test_the_sd_divides_by_the_number_of_draws():
    model = posterior_model(n_draws=2, n_factors=0)
    latent = latent_draws(model)
    sd = standard_errors(model, np.array([0]), np.array([3]))
    assert sd[0] == abs(latent[0, 0, 3] - latent[1, 0, 3]) / 2


def test_the_sd_does_not_depend_on_threads():
    model = posterior_model(whole=False, n_users=30, n_items=700)
    users, items = pairs_of(model)
    np.testing.assert_array_equal(
        standard_errors(model, users, items, 1), standard_errors(model, users, items, 3)
    )


@pytest.mark.parametrize("link", ["identity", "bounded", "ordinal", "noisy"])
def test_moments_of_all_items_are_those_of_the_pairs(link):
    model = posterior_model(5, whole=False, link=link, n_draws=6, n_items=131)
    users, items = pairs_of(model)
    mean, sd = all_moments(model, np.arange(model.n_users))
    np.testing.assert_allclose(mean.ravel(), model.score_pairs(users, items), atol=1e-5)
    np.testing.assert_allclose(sd.ravel(), standard_errors(model, users, items), atol=1e-5)


@pytest.mark.parametrize("link", ["ordinal", "noisy"])
def test_probabilities_of_stars_are_means_over_draws(link):
    model = posterior_model(7, whole=False, link=link)
    users, items = pairs_of(model)
    latent = latent_draws(model).reshape(model.n_draws, -1, 1)
    phi = np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2)
    scale = np.broadcast_to(scales_of(model), (model.n_draws, model.n_users, model.n_items)).reshape(
        model.n_draws, -1, 1
    )
    expected = phi((model.cutpoints[:, None, :] - latent) / scale).mean(axis=0)
    np.testing.assert_allclose(
        model.likelihood.below_levels(Pairs.of(model, users, items, threads=2)), expected, atol=1e-6
    )


def test_ratings_after_the_link_stay_inside_the_scale():
    latent = np.array([[-1e4, 0.0, 1e4, np.nan]], dtype=np.float32)
    out = np.empty_like(latent)
    moments.expected_of(latent, moments.BOUNDED, np.array([1.0, 5.0]), np.zeros(1), np.zeros(0), out)
    np.testing.assert_array_equal(out, [[1, 3, 5, np.nan]])
    moments.expected_of(
        latent, moments.ORDINAL, np.zeros(2), np.array([1.0, 2.0, 5.0]), np.array([0.0, 0.0]), out
    )
    np.testing.assert_array_equal(out, [[1, 3, 5, np.nan]])
