"""A file of each kind of model, written before the code that reads it changed, still gives the same
answers.
"""

import json
import pickle

import numpy as np
import pytest

import palate
from write_kinds import KINDS, MAKERS, answers


def test_there_is_a_file_of_each_kind():
    assert sorted(path.stem for path in KINDS.glob("*.palate")) == sorted(MAKERS)


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_it_loads_to_the_same_answers(kind):
    expected = json.loads((KINDS / f"{kind}.json").read_text())
    found = answers(palate.load(KINDS / f"{kind}.palate"))
    assert found["lists"] == expected["lists"]
    # across processors and libraries the last bits of float32 may differ
    np.testing.assert_allclose(found["predictions"], expected["predictions"], rtol=1e-5)
    if expected["std"] is None:
        assert found["std"] is None
    else:
        np.testing.assert_allclose(found["std"], expected["std"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["least-squares", "gibbs-time"])
def test_a_pickle_of_before_still_loads(kind):
    model = pickle.loads((KINDS / f"{kind}.pickle").read_bytes())
    assert answers(model) == answers(palate.load(KINDS / f"{kind}.palate"))
