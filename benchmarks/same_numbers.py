"""Record what twelve trainings learn and predict, to compare two states of the code on one machine.

    python benchmarks/same_numbers.py record before.json
    python benchmarks/same_numbers.py compare before.json

`record` writes, for each configuration, the SHA-256 of the factors and of 1,000 predictions, and
the predictions themselves. `compare` trains again and says for each whether the bits are equal,
else how far the predictions are apart.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np

import palate

GIBBS = {"n_factors": 8, "sweeps": 24, "burn_in": 8}
CONFIGURATIONS = {
    "least squares": lambda: palate.LeastSquares(),
    "features": lambda: palate.LeastSquares(
        n_factors=8, user_features="rated", item_features="raters,genres,year"
    ),
    "bounded": lambda: palate.LeastSquares(n_factors=8, link="bounded"),
    "counts": lambda: palate.LeastSquares.for_counts("linear", n_factors=8),
    "unobserved weight": lambda: palate.LeastSquares(n_factors=8, unobserved_weight=0.01),
    "dropout": lambda: palate.LeastSquares(n_factors=8, dropout=0.2),
    "Gibbs, one noise": lambda: palate.Gibbs(noise="shared", **GIBBS),
    "Gibbs, row precision": lambda: palate.Gibbs(**GIBBS),
    "Gibbs, ordinal": lambda: palate.Gibbs(likelihood="ordinal", **GIBBS),
    "Gibbs, features": lambda: palate.Gibbs(user_features="rated", item_features="raters,genres", **GIBBS),
    "Gibbs, time": lambda: palate.Gibbs(time="bins,sessions", **GIBBS),
    "baseline": lambda: palate.Baseline(),
}


def digest(*arrays: np.ndarray) -> str:
    """Return the SHA-256 of arrays, one after the other."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def record() -> dict[str, dict]:
    """Train every configuration on the bundled ratings and return what came of it."""
    data = palate.datasets.load("movielens-small")
    ratings = data.ratings
    rng = np.random.default_rng(0)
    users = np.asarray(ratings.users.ids())[rng.integers(0, ratings.n_users, 1000)]
    items = np.asarray(ratings.items.ids())[rng.integers(0, ratings.n_items, 1000)]
    found = {}
    for name, make in CONFIGURATIONS.items():
        start = time.perf_counter()
        model = make().fit(ratings, catalog=data.catalog, seed=0)
        seconds = time.perf_counter() - start
        predictions = model.predict(users, items)
        found[name] = {
            "factors": digest(
                model.user_factors, model.item_factors, model.user_bias, model.item_bias, model.global_mean
            ),
            "predictions": digest(predictions),
            "values": [float(value) for value in predictions],
            "seconds": round(seconds, 2),
        }
        print(
            f"{name}: {found[name]['factors'][:12]} {found[name]['predictions'][:12]} {seconds:.1f} s",
            flush=True,
        )
    return found


def compare(before: dict[str, dict], now: dict[str, dict]) -> int:
    """Print how each configuration differs from an earlier record; return how many do."""
    changed = 0
    for name, old in before.items():
        new = now[name]
        same = [old[part] == new[part] for part in ("factors", "predictions")]
        apart = float(np.abs(np.subtract(old["values"], new["values"])).max())
        changed += not all(same)
        print(
            f"{name}: factors {'equal' if same[0] else 'DIFFER'}, predictions "
            f"{'equal' if same[1] else f'differ by {apart:.2g}'}"
        )
    return changed


if __name__ == "__main__":
    verb, path = sys.argv[1], Path(sys.argv[2])
    if verb == "record":
        path.write_text(json.dumps(record()))
    elif verb == "compare":
        sys.exit(1 if compare(json.loads(path.read_text()), record()) else 0)
    else:
        sys.exit("The first argument must be 'record' or 'compare'.")
