"""The bootstrap kernel is held to its reference."""

import numpy as np
import pytest

from palate.kernels.metrics import LANES, resampled_sums, resampled_sums_reference
from palate.kernels.random import key_of


@pytest.mark.parametrize(
    ("n", "n_columns", "resamples"), [(1, 1, 1), (7, 3, LANES - 1), (50, 5, LANES), (23, 2, 3 * LANES + 1)]
)
def test_it_is_its_reference(n, n_columns, resamples, rng):
    values = rng.normal(size=(n, n_columns))
    found, expected = np.empty((resamples, n_columns)), np.empty((resamples, n_columns))
    resampled_sums(key_of(7, 0, 1), 100, values, found)
    resampled_sums_reference(key_of(7, 0, 1), 100, values, expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
