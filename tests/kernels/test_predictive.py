"""The expected level of many pairs at once, each with its own noise."""

import math

import numpy as np

from palate.kernels.predictive import add_expected_levels


def test_expected_levels_are_those_of_the_normal_distribution():
    rng = np.random.default_rng(0)
    latent = (4 * rng.normal(size=(7, 61))).astype(np.float32)
    users, items = (np.exp(0.5 * rng.normal(size=n)).astype(np.float32) for n in latent.shape)
    cuts, levels = np.array([-2.0, -0.5, 0.4, 3.0], np.float32), np.array([0.5, 1, 2.5, 4, 5], np.float32)
    out = np.full(latent.shape, 10, np.float32)
    add_expected_levels(latent, users, items, cuts, levels, np.float32(0.25), out)
    scale = np.outer(users, items).astype(float)
    phi = np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2)
    wanted = levels[0] + sum(
        float(step) * phi((latent - float(cut)) / scale)
        for step, cut in zip(np.diff(levels), cuts, strict=True)
    )
    np.testing.assert_allclose(out, 10 + 0.25 * wanted, atol=3e-6)
    assert np.ptp(wanted) > 4.4  # from one end of the scale to the other
