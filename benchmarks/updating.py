"""How far an update is from a full fit: ratings that came last are added to a model, and trained on
from the start.

A tenth of each user's ratings is the test. Of the others the last 5 % by time are new: `before` was
trained without them, `updated` is `before.update(new)`, `refit` was trained on all. RMSE and
nDCG@10 are first those of test ratings whose user and item all three know, then ("active") those of
users with new ratings, newcomers among them.

    python benchmarks/updating.py FOLDER [FOLDER ...]
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import palate

TRAINERS: dict[str, Callable[[], Any]] = {
    "LeastSquares": palate.LeastSquares,
    "LeastSquares, bags": lambda: palate.LeastSquares(user_features="rated", item_features="raters"),
    "Gibbs, 10 factors": lambda: palate.Gibbs(n_factors=10, sweeps=150, burn_in=50),
    "Spectral": palate.Spectral,
    "LinearItems": palate.LinearItems,
    "Recommender": palate.Recommender,
}
SHARE = 0.05


def parts(ratings: palate.Ratings) -> tuple[palate.Ratings, palate.Ratings, palate.Ratings]:
    """Return what was there, what came, and the test, each with the ids that it holds alone."""
    test = palate.splits.per_user(ratings, share=0.1, seed=0).part == 1
    assert ratings.timestamp is not None
    late = (ratings.timestamp > np.quantile(ratings.timestamp[~test], 1 - SHARE)) & ~test
    return tuple(alone(ratings, mask) for mask in (~test & ~late, late, test))  # type: ignore[return-value]


def alone(ratings: palate.Ratings, mask: np.ndarray) -> palate.Ratings:
    """Return some ratings with no ids but theirs."""
    part = ratings.select(mask)
    users, items = part.users.take(part.user_index), part.items.take(part.item_index)
    return palate.Ratings.from_arrays(users, items, part.value, timestamp=part.timestamp, scale=ratings.scale)


def timed(act: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and the seconds that it took."""
    start = time.perf_counter()
    return act(), time.perf_counter() - start


def figures(
    models: dict[str, Any], test: palate.Ratings, users: Any, items: Any
) -> dict[str, tuple[float, float]]:
    """Return RMSE and nDCG@10 of each model, for test ratings of these users and items."""
    kept = (
        np.isin(test.users.ids(), users)[test.user_index] & np.isin(test.items.ids(), items)[test.item_index]
    )
    pairs = test.users.take(test.user_index[kept]), test.items.take(test.item_index[kept])
    values, liked = test.value[kept], {}
    for user, item, value in zip(pairs[0].to_list(), pairs[1].to_list(), values, strict=True):
        if value >= 4:
            liked.setdefault(user, set()).add(item)
    discount = 1 / np.log2(np.arange(2, 12))
    found = {}
    for name, model in models.items():
        rmse = float("nan")
        if model.scale is not None:
            rmse = float(np.sqrt(np.mean((model.predict(*pairs) - values) ** 2)))
        gains = dict.fromkeys(liked, 0.0)
        for user, item, rank in (
            model.recommend(sorted(liked), n=10).select("user_id", "item_id", "rank").iter_rows()
        ):
            gains[user] += discount[rank - 1] * (item in liked[user])
        ideal = {user: discount[: min(10, len(own))].sum() for user, own in liked.items()}
        found[name] = (rmse, float(np.mean([gains[user] / ideal[user] for user in liked])))
    return found


def row(name: str, trainer: Any, old: palate.Ratings, new: palate.Ratings, test: palate.Ratings) -> str:
    """Return a row of the table."""
    quiet: dict[str, Any] = {"callback": lambda report: None}
    before = trainer.fit(old, **quiet)
    before.update(new)  # compiles
    updated, update_seconds = timed(lambda: before.update(new))
    everything = palate.union(before, new)
    refit, refit_seconds = timed(lambda: trainer.fit(everything, **quiet))
    known = figures(
        {"before": before, "updated": updated, "refit": refit}, test, old.users.ids(), old.items.ids()
    )
    active = figures({"updated": updated, "refit": refit}, test, new.users.ids(), everything.items.ids())
    cells = [f"{pair[at]:.4f}" for found in (known, active) for at in (0, 1) for pair in found.values()]
    return f"| {name} | {' | '.join(cells)} | {update_seconds:.2f} | {refit_seconds:.2f} |".replace("nan", "")


def main(folders: list[str]) -> None:
    """Print a table for each data set."""
    warnings.simplefilter("ignore")
    for folder in folders:
        ratings = palate.datasets.load().ratings if folder == "bundled" else palate.read(folder).ratings
        old, new, test = parts(ratings)
        print(f"\n{folder}: {len(old):,} ratings, {len(new):,} new, {len(test):,} to test\n")
        columns = [
            f"{figure} {model}" for figure in ("RMSE", "nDCG@10") for model in ("before", "updated", "refit")
        ]
        active = [
            f"active: {figure} {model}" for figure in ("RMSE", "nDCG@10") for model in ("updated", "refit")
        ]
        print(f"| model | {' | '.join([*columns, *active])} | update, s | refit, s |")
        print("| --- " * 13 + "|")
        for name, trainer in TRAINERS.items():
            print(row(name, trainer(), old, new, test), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["bundled"])
