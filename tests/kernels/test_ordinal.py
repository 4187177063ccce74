"""Ordered probit: probabilities, truncated draws, and the derivatives of the cutpoints' likelihood."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.kernels.ordinal import (
    cutpoint_terms,
    draw_latent,
    expected_levels,
    level_probabilities_reference,
    normal_cdf,
    normal_quantile,
)
from palate.kernels.random import key_of

CUTS = np.array([-1.5, -0.5, 0.4, 1.1])
LEVELS = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
NO_PRECISION = np.empty(0, np.float32)  # 1 throughout


@given(st.floats(1e-12, 1 - 1e-12))
def test_the_quantile_undoes_the_distribution_function(p):
    assert normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), rel=2e-9, abs=2e-9)
    assert normal_cdf(normal_quantile(p)) == pytest.approx(p, rel=1e-7)


def test_means_are_those_of_the_reference():
    latent = np.linspace(-4, 4, 33)
    wanted = level_probabilities_reference(latent, CUTS)
    mean = np.empty(33)
    expected_levels(latent, np.ones(33), CUTS, LEVELS, mean)
    np.testing.assert_allclose(mean, wanted @ LEVELS, atol=1e-12)
    assert (np.diff(mean) > 0).all()
    assert mean.min() > 1
    assert mean.max() < 5
    scaled = np.empty(33)
    expected_levels(2 * latent, np.full(33, 2.0), 2 * CUTS, LEVELS, scaled)
    np.testing.assert_allclose(scaled, mean, atol=1e-12)


@pytest.mark.parametrize(("latent", "code"), [(0.0, 2), (-0.7, 4), (2.0, 0), (12.0, 1), (-12.0, 3)])
def test_draws_lie_between_the_cutpoints_and_have_the_truncated_mean(latent, code):
    n = 20_000
    out = np.empty(n, np.float32)
    draw_latent(
        0,
        n,
        key_of(1, code, 5),
        np.full(n, latent, np.float32),
        np.full(n, code, np.uint8),
        CUTS,
        NO_PRECISION,
        out,
    )
    low = CUTS[code - 1] if code else -np.inf
    high = CUTS[code] if code < 4 else np.inf
    assert out.min() >= low - 1e-5
    assert out.max() <= high + 1e-5
    grid = np.linspace(max(low, latent - 30), min(high, latent + 30), 200_001)
    weight = np.exp(-0.5 * (grid - latent) ** 2 + 0.5 * np.min((grid - latent) ** 2))
    mean = np.average(grid, weights=weight)
    sd = np.sqrt(np.average((grid - mean) ** 2, weights=weight))
    assert abs(out.mean() - mean) < 4 * sd / np.sqrt(n) + 1e-4
    assert out.std() == pytest.approx(sd, rel=0.05)
    wide, values = np.empty(n, np.float32), np.full(n, 2 * latent, np.float32)
    draw_latent(
        0,
        n,
        key_of(1, code, 5),
        values,
        np.full(n, code, np.uint8),
        2 * CUTS,
        np.full(n, 0.25, np.float32),
        wide,
    )
    np.testing.assert_allclose(wide, 2 * out, rtol=1e-5, atol=1e-5)  # twice the noise is the unit doubled


@pytest.mark.parametrize("own", [False, True])
def test_derivatives_are_those_of_finite_differences(own):
    rng = np.random.default_rng(0)
    latent, codes = rng.normal(size=300).astype(np.float32), rng.integers(0, 5, 300).astype(np.uint8)
    precision = rng.gamma(2.0, size=300).astype(np.float32) if own else NO_PRECISION

    def terms(cuts):
        gradient, curvature = np.zeros(4), np.zeros((2, 4))
        return (
            cutpoint_terms(0, 300, latent, codes, cuts, precision, gradient, curvature),
            gradient,
            curvature,
        )

    value, gradient, curvature = terms(CUTS)
    roots = np.sqrt(precision.astype(np.float64)) if own else np.ones(300)
    inner = np.vstack(
        [level_probabilities_reference([s * r], CUTS * r) for s, r in zip(latent, roots, strict=True)]
    )
    assert value == pytest.approx(np.log(inner[np.arange(300), codes]).sum(), rel=1e-6)
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-5
        up, down = terms(CUTS + step), terms(CUTS - step)
        assert gradient[place] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-5, abs=1e-4)
        slope = -(up[1] - down[1]) / 2e-5
        assert curvature[0, place] == pytest.approx(slope[place], rel=1e-5)
        if place < 3:
            assert curvature[1, place] == pytest.approx(slope[place + 1], rel=1e-5)
