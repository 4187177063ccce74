"""How long `palate inspect --html` takes, and how much memory, for a model of the size of MovieLens-20M.

    python benchmarks/inspection.py

Factors, biases and ratings are random: 138,493 users, 26,744 items, 32 factors, 20 million ratings,
few items with most of them. The page is made in a process of its own from a saved model, so that
seconds and memory are those of the command.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

N_USERS, N_ITEMS, N_FACTORS, N_RATINGS = 138_493, 26_744, 32, 20_000_000


def main() -> None:
    """Make a model and its page, and print seconds and memory."""
    if len(sys.argv) > 1:
        random_model().save(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.palate"
        # in a process of its own, too: a child's peak counts what its parent held when it was started
        subprocess.run([sys.executable, __file__, str(path)], check=True)
        command = [
            sys.executable,
            "-c",
            "from palate.cli import main; main()",
            "inspect",
            str(path),
            "--html",
            str(Path(folder) / "large.html"),
        ]
        started = time.perf_counter()
        child = subprocess.Popen(command)
        _, code, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        if code:
            sys.exit("the command failed")
        size = (Path(folder) / "large.html").stat().st_size
    print(f"{seconds:.1f} s, {usage.ru_maxrss / 1024:,.0f} MB, page of {size / 1024:,.0f} kB")


def random_model():
    """Return a model of random numbers, with its ratings, titles and genres."""
    from palate.data.catalog import Catalog
    from palate.data.vocabulary import Vocabulary
    from palate.model.factor_model import FactorModel
    from palate.solve.prior import RowPrior

    rng = np.random.default_rng(0)
    prior = RowPrior(
        mean=np.zeros((1, N_FACTORS + 1), np.float32), precision=np.eye(N_FACTORS + 1, dtype=np.float32)[None]
    )
    genres = ("Comedy|Drama", "Action", "Action|Sci-Fi", "Drama")
    columns = {
        "item_id": np.arange(N_ITEMS),
        "title": [f"Film {item}" for item in range(N_ITEMS)],
        "genres": [genres[item % len(genres)] for item in range(N_ITEMS)],
    }
    return FactorModel(
        users=Vocabulary.from_ids(np.arange(N_USERS)),
        items=Vocabulary.from_ids(np.arange(N_ITEMS)),
        user_factors=rng.normal(0, 0.2, (1, N_USERS, N_FACTORS)).astype(np.float32),
        item_factors=rng.normal(0, 0.2, (1, N_ITEMS, N_FACTORS)).astype(np.float32),
        user_bias=rng.normal(0, 0.4, (1, N_USERS)).astype(np.float32),
        item_bias=rng.normal(0, 0.4, (1, N_ITEMS)).astype(np.float32),
        global_mean=np.array([3.5]),
        user_prior=prior,
        item_prior=prior,
        scale=(0.5, 5.0),
        ratings=random_ratings(rng),
        catalog=Catalog.from_frame(pl.DataFrame(columns)),
    )


def random_ratings(rng: np.random.Generator):
    """Return 20 million distinct pairs, users and items drawn with very different chances."""
    from palate.data.matrix import RatingMatrix

    activity = rng.lognormal(0, 1.1, N_USERS)
    fame = 1 / np.arange(1, N_ITEMS + 1) ** 0.7
    pairs = np.zeros(0, np.int64)
    while len(pairs) < N_RATINGS:
        missing = int(1.2 * (N_RATINGS - len(pairs))) + 1
        users = np.searchsorted(np.cumsum(activity / activity.sum()), rng.random(missing)).clip(
            max=N_USERS - 1
        )
        items = np.searchsorted(np.cumsum(fame / fame.sum()), rng.random(missing)).clip(max=N_ITEMS - 1)
        pairs = np.unique(np.concatenate([pairs, users * N_ITEMS + items]))
    pairs = np.sort(rng.choice(pairs, N_RATINGS, replace=False))
    counts = np.bincount(pairs // N_ITEMS, minlength=N_USERS)
    return RatingMatrix(
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        items=(pairs % N_ITEMS).astype(np.int32),
        codes=rng.integers(0, 10, N_RATINGS).astype(np.uint8),
        levels=np.arange(0.5, 5.5, 0.5, dtype=np.float32),
        n_items=N_ITEMS,
    )


if __name__ == "__main__":
    main()
