"""What time brings, by what is asked: any rating, the last tenth of each user's, or the last tenth
of all; errors and lists.

python benchmarks/in_time.py [FOLDER] [--splits random last later] [--seeds 0 1 2] [--out LINES.jsonl]

FOLDER is anything `palate.read` reads that has timestamps; the bundled ratings without one. Test
ratings are predicted at their times, lists are made as of when each user was last seen. One JSON
line a fit.
"""

import argparse
import json
import time
from dataclasses import replace

import numpy as np

import palate

PARTS = ("", "bins", "sessions", "bins,sessions")


def last_of_each_user(ratings, share=0.1):
    """Return a mask of each user's latest ratings, whole tenths only: users with fewer than ten have none."""
    order = np.lexsort((ratings.item_index, ratings.timestamp, ratings.user_index))
    counts = np.diff(ratings.user_indptr)
    place = np.empty(len(ratings), np.int64)
    place[order] = np.arange(len(ratings)) - np.repeat(ratings.user_indptr[:-1], counts)
    return place >= (counts - np.floor(share * counts))[ratings.user_index]


def parts_of(ratings, split, seed):
    if split == "last":
        held = last_of_each_user(ratings)
        return ratings.select(~held), ratings.select(held)
    how = (
        palate.splits.random(ratings, share=0.1, seed=seed)
        if split == "random"
        else palate.splits.by_time(ratings, share=0.1)
    )
    return how.train, how.test


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument(
        "--splits", nargs="+", default=["random", "last", "later"], choices=["random", "last", "later"]
    )
    parser.add_argument("--parts", nargs="+", default=list(PARTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sweeps", type=int, default=200)
    parser.add_argument("--burn-in", type=int, default=50)
    parser.add_argument("--out")
    options = parser.parse_args()
    ratings = (
        palate.read(options.folder) if options.folder else palate.datasets.load("movielens-small")
    ).ratings
    trainer = palate.Gibbs(sweeps=options.sweeps, burn_in=options.burn_in)
    for split in options.splits:
        for seed in options.seeds:
            train, test = parts_of(ratings, split, seed)
            for part in options.parts:
                began = time.perf_counter()
                model = replace(trainer, time=part).fit(
                    train, validation=0, callback=lambda report: None, seed=seed
                )
                seconds = time.perf_counter() - began
                found = palate.evaluate(model, test, k=10, baselines=False, resamples=0)
                timeless = palate.evaluate(
                    model, replace(test, timestamp=None), k=(), baselines=False, resamples=0
                )
                line = {
                    "split": split,
                    "seed": seed,
                    "time": part,
                    "n_test": len(test),
                    "seconds": round(seconds, 1),
                }
                line |= {
                    "rmse": found.value("rmse"),
                    "rmse without times": timeless.value("rmse"),
                    "ndcg@10": found.value("ndcg", 10),
                }
                text = json.dumps(line)
                print(text, flush=True)
                if options.out:
                    with open(options.out, "a") as file:
                        file.write(text + "\n")


if __name__ == "__main__":
    main()
