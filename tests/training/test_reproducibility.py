"""The same seed gives the same bits: in other processes, with other thread counts, hash seeds and
row orders.
"""

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib, json, sys
import numpy as np, palate

options = json.loads(sys.argv[1])
data = palate.datasets.load("movielens-small").ratings
frame = data.to_frame().head(20_000)
if options.get("reverse"):
    frame = frame.reverse()
ratings = palate.Ratings.from_frame(frame)
trainer = palate.LeastSquares(n_factors=options["n_factors"], max_sweeps=3)
model = trainer.fit(ratings, threads=options["threads"], seed=4)
digest = hashlib.sha256()
biases = (model.user_bias, model.item_bias)
for array in (model.user_factors, model.item_factors, *biases, model.ratings.held_out):
    digest.update(np.ascontiguousarray(array).tobytes())
users, items = ratings.user_index[::50], ratings.item_index[::50]
print(json.dumps({"bits": digest.hexdigest(), "predictions": model.score_pairs(users, items).tolist()}))
"""


def fit(environment=None, **options):
    given = json.dumps({"threads": 2, "n_factors": 11, **options})
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, given],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **(environment or {})},
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def reference():
    return fit()


@pytest.mark.parametrize("threads", [1, 4, 8])
def test_threads_do_not_change_a_bit(reference, threads):
    assert fit(threads=threads)["bits"] == reference["bits"]


def test_hash_seeds_and_row_order_do_not_change_a_bit(reference):
    assert fit({"PYTHONHASHSEED": "7"}, reverse=True)["bits"] == reference["bits"]


@pytest.mark.slow
def test_another_processor_type_predicts_the_same_to_one_in_ten_thousand(reference, tmp_path):
    """NUMBA_CPU_NAME=generic compiles for the oldest processor of this kind, without AVX."""
    plain = fit({"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)})
    assert plain["predictions"] == pytest.approx(reference["predictions"], abs=1e-4)
