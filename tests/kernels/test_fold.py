"""Random numbers of folded rows: each row's own, and of the distribution they are named after."""

import numpy as np
import pytest

from palate.kernels.fold import gamma_rows
from palate.kernels.random import key_of

N = 40_000
KEYS = np.arange(1, N + 1, dtype=np.uint64)


@pytest.mark.parametrize("shape", [0.3, 1.0, 2.5, 60.0])
def test_gamma_numbers_have_the_moments_of_their_distribution(shape):
    out = np.empty(N)
    gamma_rows(KEYS, key_of(1, 2, 3), np.full(N, shape), out)
    assert (out > 0).all()
    assert out.mean() == pytest.approx(shape, abs=4.5 * np.sqrt(shape / N))
    fourth = 3 * shape**2 + 6 * shape  # central moment
    assert out.var() == pytest.approx(shape, abs=4.5 * np.sqrt((fourth - shape**2) / N))
    third = 4.5 * np.sqrt((15 * shape**3 + 130 * shape**2 + 120 * shape) / N)
    assert ((out - shape) ** 3).mean() == pytest.approx(2 * shape, abs=third)


def test_a_row_has_the_same_number_in_any_company():
    out, alone = np.empty(5), np.empty(1)
    gamma_rows(KEYS[:5], key_of(1, 2, 3), np.array([0.5, 1.0, 2.0, 3.0, 4.0]), out)
    gamma_rows(KEYS[3:4], key_of(1, 2, 3), np.array([3.0]), alone)
    assert alone[0] == out[3]
    gamma_rows(KEYS[3:4], key_of(1, 2, 4), np.array([3.0]), alone)
    assert alone[0] != out[3]
