"""What all tests share: a generator of random numbers of their own, and how many cases Hypothesis tries."""

import os

import numpy as np
import pytest
from hypothesis import settings

# Kernels compile inside the first example, so no example has a time limit. CI repeats the same
# cases every time; `make soak` sets PALATE_SOAK and looks for new ones.
settings.register_profile("palate", deadline=None, derandomize="CI" in os.environ)
settings.register_profile("soak", deadline=None, max_examples=2000)
settings.load_profile("soak" if "PALATE_SOAK" in os.environ else "palate")


@pytest.fixture
def rng():
    """Return a generator that starts the same way in every test."""
    return np.random.default_rng(20_260_101)
