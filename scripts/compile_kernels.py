"""Compile the kernels of least squares and Gibbs into Numba's cache, in one process, before tests
compare bits across processes.

A process that compiles a kernel may inline what it calls in another way than a process that finds
the parts in the cache, and then sums round differently in the last bit. Processes that all load
from the cache run the same machine code.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

import palate

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from train_gibbs import planted
from train_gibbs import trainer as small_chain


def ratings(weighted: bool = False) -> palate.Ratings:
    """Return a small table whose rows are short and long, so that every branch of the row solver is used."""
    rng = np.random.default_rng(11)
    user = np.concatenate([np.zeros(210, int), rng.integers(1, 60, 500)])
    item = np.concatenate([np.arange(210), rng.integers(0, 90, 500)])
    values = rng.integers(1, 11, len(user)) / 2
    weights = {"weight": values + 1} if weighted else {}
    return palate.Ratings.from_arrays(user, item, values, duplicates="last", **weights)


def main() -> None:
    """Fit every kind of row once."""
    trainers = [
        palate.LeastSquares(n_factors=5, max_sweeps=2),
        palate.LeastSquares(n_factors=3, max_sweeps=2, unobserved_weight=0.01, dropout=0.1, l1_bias=0.1),
        palate.LeastSquares(n_factors=3, max_sweeps=2, user_features="rated", item_features="raters"),
        palate.LeastSquares(n_factors=3, max_sweeps=2, solver="conjugate"),
        palate.LeastSquares(n_factors=2, max_sweeps=2, l2_user=0.0, l2_item=0.0),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for trainer in trainers:
            trainer.fit(ratings(), threads=1)
        palate.LeastSquares(n_factors=2, max_sweeps=1).fit(ratings(weighted=True), threads=1)
        small_chain(12).fit(planted(), callback=lambda report: None, threads=1, seed=5)


if __name__ == "__main__":
    main()
