"""Lists of the default on tables that took no part in choosing it, beside other models.

    python benchmarks/other_tables.py FOLDER [--seed 3] [--only "few ratings"]

FOLDER holds movielens-small, ml-1m, goodbooks-10k and movietweetings. Each table is made from one of
these: with few ratings, with users who rated little, without values, with users and items exchanged,
and so on. A fifth of each user's ratings is the test, or the last tenth of all ratings. The default
gets only what is left. EASE is fitted with three penalties, and its best figure on the test is
shown, which favours EASE.
"""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import palate
from lists import read_set

PENALTIES = (50.0, 200.0, 800.0)
MOST_CELLS = 200_000_000  # users times items, up to which EASE is fitted
FOLDER = Path()


def ratings_of(name: str) -> palate.Ratings:
    return read_set(name, FOLDER)


def some(name: str, which: Callable[[palate.Ratings, np.random.Generator], np.ndarray]) -> palate.Ratings:
    """Return the ratings of a set that `which` marks."""
    ratings = ratings_of(name)
    return ratings.select(which(ratings, np.random.default_rng(7)))


def of_users(name: str, fewest: int, most: float) -> palate.Ratings:
    """Return the ratings of users who gave so many."""
    return some(
        name, lambda all_, _: (n := np.bincount(all_.user_index)[all_.user_index]).clip(fewest, most) == n
    )


def without_values() -> palate.Ratings:
    """Return MovieLens-1M's ratings of 4 and more as pairs without a value."""
    liked = some("ml-1m", lambda all_, _: all_.value >= 4)
    pairs = pl.DataFrame({"user_id": liked.user_index, "item_id": liked.item_index})
    return palate.Ratings.from_frame(pairs, rating=None)


def exchanged() -> palate.Ratings:
    """Return MovieLens-1M with films as users and users as items."""
    all_ = ratings_of("ml-1m")
    return palate.Ratings.from_arrays(all_.item_index, all_.user_index, all_.value, scale=all_.scale)


def without_times() -> palate.Ratings:
    all_ = ratings_of("movietweetings")
    return palate.Ratings.from_arrays(all_.user_index, all_.item_index, all_.value, scale=all_.scale)


def tags() -> palate.Ratings:
    """Return the tags of each film of MovieLens-small as choices of the film."""
    table = pl.read_csv(FOLDER / "movielens-small" / "tags.csv")
    table = table.select("movieId", pl.col("tag").str.to_lowercase())
    return palate.Ratings.from_frame(table, user="movieId", item="tag", rating=None)


def a_tenth_of_users() -> palate.Ratings:
    return some("goodbooks-10k", lambda all_, rng: (rng.random(all_.n_users) < 0.1)[all_.user_index])


def lately(all_: palate.Ratings, _: np.random.Generator) -> np.ndarray:
    """Return which ratings are among the first two fifths."""
    return all_.timestamp <= np.quantile(all_.timestamp, 0.4)


TABLES: dict[str, Callable[[], palate.Ratings]] = {
    "MovieLens-small": lambda: ratings_of("movielens-small"),
    "MovieLens-1M, 15 % of the ratings": lambda: some(
        "ml-1m", lambda all_, rng: rng.random(len(all_)) < 0.15
    ),
    "MovieLens-1M, users with at most 40 ratings": lambda: of_users("ml-1m", 1, 40),
    "MovieLens-1M, ratings of 4 and more without values": without_values,
    "MovieLens-1M, films as users": exchanged,
    "goodbooks-10k, a tenth of the users": a_tenth_of_users,
    "goodbooks-10k, a tenth of the ratings": lambda: some(
        "goodbooks-10k", lambda all_, rng: rng.random(len(all_)) < 0.1
    ),
    "MovieTweetings without times": without_times,
    "MovieTweetings, users with 20 ratings and more": lambda: of_users("movietweetings", 20, np.inf),
    "MovieTweetings, the first two fifths": lambda: some("movietweetings", lately),
    "MovieLens-small, tags of films": tags,
}
BY_TIME = (
    "MovieLens-small",
    "MovieTweetings, users with 20 ratings and more",
    "MovieTweetings, the first two fifths",
)


def measure(name: str, kind: str, split: palate.Split) -> None:
    """Print one row of the table."""
    train = split.train
    models: dict[str, Any] = {
        "Recommender()": palate.Recommender(seconds=600).fit(train),
        "most popular": palate.Popular().fit(train),
        "neighbours": palate.Neighbours().fit(train),
        "LinearItems()": palate.LinearItems().fit(train),
        "Spectral()": palate.Spectral().fit(train),
    }
    if train.n_users * train.n_items < MOST_CELLS:
        for l2 in PENALTIES:
            models[f"EASE {l2:g}"] = palate.LinearItems(form="dense", l2=l2).fit(train)
    found = palate.evaluate(models, split, k=10, baselines=False, resamples=0)
    ndcg = {model: found.value("ndcg", 10, model) for model in models}
    ease = max((value for model, value in ndcg.items() if model.startswith("EASE")), default=None)
    figures = [f"{ndcg[model]:.4f}" for model in models if not model.startswith("EASE")]
    row = [
        name,
        kind,
        *figures,
        "" if ease is None else f"{ease:.4f}",
        models["Recommender()"].trainer["choice"],
    ]
    print("| " + " | ".join(row) + " |", flush=True)


def main() -> None:
    global FOLDER
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--only", default="", help="part of the name of a table")
    asked = parser.parse_args()
    FOLDER = asked.folder
    warnings.simplefilter("ignore", UserWarning)
    head = [
        "table",
        "test",
        "`Recommender()`",
        "most popular",
        "neighbours",
        "`LinearItems()`",
        "`Spectral()`",
    ]
    head += ["EASE, best of three", "choice head"]
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head), flush=True)
    for name, make in TABLES.items():
        if asked.only in name:
            ratings = make()
            measure(name, "random", palate.splits.per_user(ratings, share=0.2, seed=asked.seed))
            if name in BY_TIME:
                measure(name, "latest", palate.splits.by_time(ratings, share=0.1))


if __name__ == "__main__":
    main()
