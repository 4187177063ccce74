"""What an approximate index of a large catalog costs and finds: time and recall beside exact lists.

    python benchmarks/approximate.py [--items 1000000] [--factors 32] [--users 1000]

Planted factors: the spectrum falls like that of trained models, popular items have longer vectors
and biases of their own, and each user has seen 50 items. One JSON line a measurement.
"""

import argparse
import json
import os
import tempfile
import time

import numpy as np
import polars as pl

import palate
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.lists import approximate
from palate.solve.prior import RowPrior

SEEN = 50


def planted(n_users, n_items, n_factors, seed=1):
    """Return a model with planted factors and the ratings that its users have given."""
    rng = np.random.default_rng(seed)
    spectrum = (1 / np.sqrt(1 + np.arange(n_factors))).astype(np.float32)
    popularity = rng.pareto(1.2, n_items) + 1
    known = np.sqrt(popularity / (popularity + 5)).astype(np.float32)[:, None]  # what shrinkage leaves
    items = rng.normal(size=(n_items, n_factors)).astype(np.float32) * spectrum * known * 0.6
    users = rng.normal(size=(n_users, n_factors)).astype(np.float32) * spectrum * 0.6
    seen = np.sort(rng.choice(n_items, (n_users, SEEN), p=popularity / popularity.sum()), axis=1)
    pairs = np.unique(np.repeat(np.arange(n_users), SEEN) * n_items + seen.ravel())
    user, item = (part.astype(np.int32) for part in np.divmod(pairs, n_items))
    vocabularies = [Vocabulary.encode(pl.Series(np.arange(n)), "ids")[0] for n in (n_users, n_items)]
    ratings = palate.Ratings(*vocabularies, user, item, np.full(len(user), 4, np.float32), scale=(1, 5))
    prior = RowPrior(
        precision=10 * np.eye(n_factors + 1, dtype=np.float32)[None],
        mean=np.zeros((1, n_factors + 1), np.float32),
    )
    bias = (rng.normal(size=n_items).astype(np.float32) * 0.4 * known[:, 0])[None]
    return palate.FactorModel(
        users=vocabularies[0],
        items=vocabularies[1],
        user_factors=users[None],
        item_factors=items[None],
        user_bias=np.zeros((1, n_users), np.float32),
        item_bias=bias,
        global_mean=np.array([3.5]),
        user_prior=prior,
        item_prior=prior,
        scale=(1.0, 5.0),
        ratings=RatingMatrix.from_ratings(ratings, None),
    )


def one_by_one(model, users, **how):
    """Return the median, the 99th percentile and the mean processor time of a list, in milliseconds."""
    taken, used = [], time.process_time()
    for user in users:
        began = time.perf_counter()
        model.recommend(int(user), 10, **how)
        taken.append(time.perf_counter() - began)
    used = (time.process_time() - used) / len(users)
    return {
        "p50_ms": 1e3 * np.median(taken),
        "p99_ms": 1e3 * np.quantile(taken, 0.99),
        "processor_ms": 1e3 * used,
    }


def told(what, **figures):
    rounded = {name: round(float(value), 4) for name, value in figures.items()}
    print(json.dumps({"what": what, **rounded}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--factors", type=int, default=32)
    parser.add_argument("--users", type=int, default=1000)
    given = parser.parse_args()
    model = planted(given.users, given.items, given.factors)
    every, some = np.arange(given.users), np.arange(min(100, given.users))
    model.recommend(0, 10)
    told("exact, one user", **one_by_one(model, some))
    began, used = time.perf_counter(), time.process_time()
    exact = model.recommend(every, 10)
    told(
        f"exact, {given.users} users",
        seconds=time.perf_counter() - began,
        processor=time.process_time() - used,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "items.index")
        began, used = time.perf_counter(), time.process_time()
        model.recommend(0, 10, approximate=path)
        built = {"seconds": time.perf_counter() - began, "processor": time.process_time() - used}
        told("index built and written", **built, megabytes=os.path.getsize(path) / 1e6)
        for width in (64, 128, 256, 512):
            approximate.FIRST = width
            told(f"approximate from {width}, one user", **one_by_one(model, some, approximate=path))
            began, used = time.perf_counter(), time.process_time()
            found = model.recommend(every, 10, approximate=path)
            spent = {"seconds": time.perf_counter() - began, "processor": time.process_time() - used}
            both = exact.join(found, on=["user_id", "item_id"])
            hits = np.bincount(both["user_id"], minlength=given.users) / 10
            told(
                f"approximate from {width}, {given.users} users",
                **spent,
                recall=hits.mean(),
                worst_list=hits.min(),
            )


if __name__ == "__main__":
    main()
