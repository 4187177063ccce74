"""One measurement of palate, one process: called as a user would call it; the last line of output
is a JSON object.

    python benchmarks/palate_runs.py {fit,topn,read,bundled-fit,latency,quality} [options]

Started by run.py in turn with peers.py. In `fit`, `seconds` is the fit alone, from Ratings to
FactorModel, after a fit of a few users has loaded the compiled kernels from Numba's cache (the
peers come compiled); what that took is `seconds_loading`.
"""

import argparse
import importlib.metadata
import json
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

PARTS = ("users", "items", "ratings")


def load_arrays(folder: Path, part: str) -> tuple[np.ndarray, ...]:
    """Return users, items and ratings of `train` or `holdout`."""
    return tuple(np.load(folder / f"{part}_{name}.npy") for name in PARTS)


def rmse(prediction: np.ndarray, truth: np.ndarray, scale: tuple[float, float] | None = None) -> float:
    """Return the RMSE, of predictions clipped to the scale when there is one."""
    if scale is not None:
        prediction = np.clip(prediction, *scale)
    return float(np.sqrt(np.mean((prediction.astype(np.float64) - truth) ** 2)))


def trainer_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the hyper-parameters given on the command line; the others stay at palate's defaults."""
    names = (
        "n_factors",
        "l2_user",
        "l2_item",
        "l2_scaling",
        "l2_bias",
        "max_sweeps",
        "patience",
        "tolerance",
    )
    settings = {name: value for name in names if (value := getattr(options, name)) is not None}
    return settings | (json.loads(options.settings) if options.settings else {})


# --- fit
# ------------------------------------------------------------------------------------------------------


def run_fit(options: argparse.Namespace) -> dict:
    """Fit on the training arrays with the holdout as validation."""
    import palate

    users, items, values = load_arrays(options.data, "train")
    scale = (float(values.min()), float(values.max()))
    ratings = palate.Ratings.from_arrays(users, items, values, scale=scale)
    truth = load_arrays(options.data, "holdout")
    holdout = palate.Ratings.from_arrays(*truth, scale=scale)
    del users, items, values
    trainer = palate.LeastSquares(**trainer_settings(options))
    start = time.perf_counter()
    few = ratings.select(np.arange(min(len(ratings), 5000)))
    trainer.fit(few, validation=0.05, seed=0, threads=options.threads)
    loading = time.perf_counter() - start

    catalog = make_titles(ratings) if options.titles else None
    start = time.perf_counter()
    model = trainer.fit(ratings, validation=holdout, catalog=catalog, seed=0, threads=options.threads)
    seconds = time.perf_counter() - start
    prediction = model.predict(truth[0], truth[1], unknown="baseline")
    sweeps = model.history.sweeps
    if options.model:
        model.save(options.model)
    if options.factors_out:
        save_factors(model, options.factors_out, options.data)
    return {
        "seconds": seconds,
        "seconds_loading": loading,
        "seconds_per_iteration": [sweep.seconds for sweep in sweeps],
        "rmse_per_iteration": [sweep.validation_rmse for sweep in sweeps],
        "n_train": len(ratings),
        "n_users": len(model.users),
        "n_items": len(model.items),
        "best_iteration": model.history.best_sweep,
        "stopped": model.history.stopped,
        "rmse": rmse(prediction, truth[2], scale),
        "rmse_unclipped": rmse(prediction, truth[2]),
    }


def make_titles(ratings: Any) -> Any:
    """Return a catalog with a title, a year and genres for each item."""
    import polars as pl

    import palate

    ids = ratings.items.values
    frame = pl.DataFrame(
        {
            "item_id": ids,
            "title": [f"The Film with the Number {item}" for item in ids],
            "year": [1920 + int(item) % 100 for item in ids],
            "genres": ["Comedy|Drama" if int(item) % 2 else "Action|Thriller|Western" for item in ids],
        }
    )
    return palate.Catalog.from_frame(frame, year="year", genres="genres")


def save_factors(model: Any, path: Path, folder: Path) -> None:
    """Write factors and item biases by the arrays' own indexes, for a peer that ranks the same items."""
    n_users, n_items = (
        max(int(load_arrays(folder, part)[side].max()) for part in ("train", "holdout")) + 1
        for side in (0, 1)
    )
    width = model.user_factors.shape[2]
    user_factors, item_factors = (
        np.zeros((n_users, width), np.float32),
        np.zeros((n_items, width), np.float32),
    )
    item_bias = np.full(n_items, -1e6, np.float32)  # an item the model does not know is never ranked
    user_ids, item_ids = np.asarray(model.users.ids()), np.asarray(model.items.ids())
    user_factors[user_ids], item_factors[item_ids] = model.user_factors[0], model.item_factors[0]
    item_bias[item_ids] = model.item_bias[0]
    np.savez(path, user_factors=user_factors, item_factors=item_factors, item_bias=item_bias)


# --- lists
# ------------------------------------------------------------------------------------------------------


def run_topn(options: argparse.Namespace) -> dict:
    """Rank the exact top n of all users of a saved model: indexes and scores, and the frame that a
    user gets.
    """
    import palate
    from palate.lists.ranking import rank

    model = palate.load(options.model)
    everyone = np.arange(len(model.users))
    rank(model, everyone[:10], options.n, exclude_seen=True)  # loads the kernel and packs the items
    start = time.perf_counter()
    ranking = rank(model, everyone, options.n, exclude_seen=True, threads=options.threads)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    frame = model.recommend(n=options.n)
    result = {
        "seconds": seconds,
        "seconds_frame": time.perf_counter() - start,
        "rows": len(frame),
        "n": options.n,
    }
    if options.compare:
        result |= compare_lists(model, ranking, np.load(options.compare), everyone)
    return result


def compare_lists(model: Any, ranking: Any, other: Any, users: np.ndarray) -> dict:
    """Return the share of equal entries, and by how much the other list's scores (by this model)
    differ at most.
    """
    item_index = model.items.indices(other["items"].ravel()).reshape(other["items"].shape)
    n = ranking.items.shape[1]
    scores = model.score_pairs(np.repeat(users, n), item_index[users].ravel()).reshape(len(users), n)
    return {
        "share_of_equal_entries": float(np.mean(item_index == ranking.items)),
        "largest_score_difference": float(np.max(np.abs(scores - ranking.scores))),
    }


def run_latency(options: argparse.Namespace) -> dict:
    """Time one user's top n of a loaded model, one user at a time: indexes and scores, and the
    frame with titles.
    """
    import polars as pl

    import palate
    from palate.lists.ranking import rank

    start = time.perf_counter()
    model = palate.load(options.model)
    seconds_load = time.perf_counter() - start
    users = np.random.default_rng(0).choice(len(model.users), 1000, replace=False)
    ids = [model.users.id(int(index)) for index in users]
    first = time.perf_counter()
    model.recommend(ids[0], n=options.n)
    seconds_first = time.perf_counter() - first
    indexes, frames = [], []
    for index, user in zip(users, ids, strict=True):
        start = time.perf_counter()
        rank(model, np.array([index]), options.n, exclude_seen=True, threads=1)
        indexes.append(time.perf_counter() - start)
        start = time.perf_counter()
        frame = model.recommend(user, n=options.n)
        frames.append(time.perf_counter() - start)
    if not isinstance(frame, pl.DataFrame) or len(frame) != options.n:
        raise RuntimeError(f"recommend must return {options.n} rows; got {frame!r}.")
    return {
        "seconds_load": seconds_load,
        "seconds_first": seconds_first,
        "n_items": len(model.items),
        "columns": frame.columns,
        **{
            f"{name}_{label}_ms": float(np.quantile(times, q)) * 1e3
            for name, times in (("indexes", indexes), ("frame", frames))
            for label, q in (("median", 0.5), ("p99", 0.99))
        },
    }


# --- reading and starting
# ----------------------------------------------------------------------------------------------


def run_read(options: argparse.Namespace) -> dict:
    """Read a CSV to train-ready CSR: ratings sorted by user, and the matrix by items."""
    import palate
    from palate.training.training_data import Problem

    start = time.perf_counter()
    ratings = palate.read(options.csv, user="user_id", item="item_id", rating="rating").ratings
    seconds_ratings = time.perf_counter() - start
    problem = Problem.build(ratings, np.zeros(len(ratings), dtype=bool))
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "seconds_ratings": seconds_ratings, "n_ratings": problem.n_train}


def run_bundled_fit(options: argparse.Namespace) -> dict:
    """Import palate, load MovieLens-small and fit with defaults, twice, as a first-time user does."""
    start = time.perf_counter()
    import palate

    imported = time.perf_counter()
    ratings = palate.datasets.load("movielens-small").ratings
    loaded = time.perf_counter()
    model = palate.LeastSquares(**trainer_settings(options)).fit(ratings, seed=0, threads=options.threads)
    fitted = time.perf_counter()
    palate.LeastSquares(**trainer_settings(options)).fit(ratings, seed=0, threads=options.threads)
    again = time.perf_counter()
    return {
        "seconds_import": imported - start,
        "seconds_load": loaded - imported,
        "seconds_fit": fitted - loaded,
        "seconds_second_fit": again - fitted,
        "seconds": fitted - start,
        "validation_rmse": model.history.sweeps[model.history.best_sweep - 1].validation_rmse,
    }


# --- quality
# ------------------------------------------------------------------------------------------------------------


def read_set(name: str, folder: Path | None) -> Any:
    """Return the ratings of a public data set; `movielens-small` is palate's own."""
    import palate

    if name == "movielens-small":
        return palate.datasets.load(name).ratings
    if folder is None:
        raise SystemExit(f"--data must be the folder that holds {name}; got none.")
    if name == "ml-1m":
        return palate.read(
            folder / name / "ratings.csv", user="user_id", item="movie_id", rating="rating", scale=(1, 5)
        ).ratings
    if name == "goodbooks-10k":
        return palate.read(
            folder / name / "ratings.csv", user="user_id", item="book_id", rating="rating", scale=(1, 5)
        ).ratings
    if name == "movietweetings":
        return palate.read(folder / name / "ratings.dat", scale=(0, 10)).ratings
    raise SystemExit(f"set must be movielens-small, ml-1m, goodbooks-10k or movietweetings; got {name!r}.")


def fold_masks(n: int, n_folds: int, seed: int) -> list[np.ndarray]:
    """Return the test masks of a seeded k-fold split."""
    fold = np.random.default_rng(seed).permutation(n) % n_folds
    return [fold == k for k in range(n_folds)]


def run_quality(options: argparse.Namespace) -> dict:
    """Cross-validate LeastSquares and Baseline on a public data set; figures are means over the folds."""
    import palate

    ratings = read_set(options.set, options.data)
    trainer = palate.LeastSquares(**trainer_settings(options))
    folds = []
    for number, test in enumerate(fold_masks(len(ratings), options.folds, options.seed)):
        train, holdout = ratings.select(~test), ratings.select(test)
        if options.arrays_out:
            save_fold(train, holdout, options.arrays_out / f"{options.set}-fold{number}")
            continue
        folds.append(score_fold(trainer, train, holdout, options))
    if options.arrays_out:
        return {"folds": options.folds}
    means = {name: float(np.mean([fold[name] for fold in folds])) for name in folds[0]}
    return {
        "set": options.set,
        "n_ratings": len(ratings),
        "n_folds": options.folds,
        "rmse_sd": float(np.std([fold["rmse"] for fold in folds], ddof=1)),
        "trainer": repr(trainer),
        **means,
    }


def score_fold(trainer: Any, train: Any, holdout: Any, options: argparse.Namespace) -> dict:
    """Return errors of one fold: model (validated on a share of its training ratings) and baseline."""
    import palate

    users = holdout.users.ids()
    items = holdout.items.ids()
    users, items = np.asarray(users)[holdout.user_index], np.asarray(items)[holdout.item_index]
    start = time.perf_counter()
    model = trainer.fit(train, seed=options.seed, refit=options.refit, threads=options.threads)
    seconds = time.perf_counter() - start
    baseline = palate.Baseline().fit(train, seed=options.seed)
    prediction = model.predict(users, items, unknown="baseline")
    base = baseline.predict(users, items, unknown="baseline")
    clipped = np.clip(prediction, *train.scale)
    return {
        "rmse": rmse(prediction, holdout.value, train.scale),
        "rmse_unclipped": rmse(prediction, holdout.value),
        "mae": float(np.mean(np.abs(clipped - holdout.value))),
        "baseline_rmse": rmse(base, holdout.value, train.scale),
        "seconds": seconds,
        "sweeps": float(len(model.history.sweeps)),
    }


def save_fold(train: Any, holdout: Any, folder: Path) -> None:
    """Write a fold in the form that peers.py reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, ratings in (("train", train), ("holdout", holdout)):
        arrays = (ratings.user_index, ratings.item_index, ratings.value)
        for name, array in zip(PARTS, arrays, strict=True):
            np.save(folder / f"{part}_{name}.npy", array)


RUNS = {
    "fit": run_fit,
    "topn": run_topn,
    "latency": run_latency,
    "read": run_read,
    "bundled-fit": run_bundled_fit,
    "quality": run_quality,
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", choices=RUNS)
    parser.add_argument("--data", type=Path, help="folder of arrays (fit) or of public data sets (quality)")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--model", type=Path, help="the model file: written by fit, read by topn and latency")
    parser.add_argument("--titles", action="store_true", help="fit: with a catalog")
    parser.add_argument("--factors-out", type=Path, help="fit: also write the factors as .npz for a peer")
    parser.add_argument("--compare", type=Path, help="topn: lists of a peer (.npz)")
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--set", default="ml-1m")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--refit", action="store_true", help="quality: end on all training ratings of the fold"
    )
    parser.add_argument("--arrays-out", type=Path, help="quality: only write the folds as arrays")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--settings", help="further hyper-parameters as JSON")
    for name in ("n-factors", "max-sweeps", "patience"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("l2-user", "l2-item", "l2-scaling", "l2-bias", "tolerance"):
        parser.add_argument(f"--{name}", type=float)
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    result = RUNS[options.run](options)
    distributions = ("palate", "numba", "numpy", "polars")
    versions = {name: importlib.metadata.version(name) for name in distributions}
    settings = {
        name: str(v) if isinstance(v, Path) else v for name, v in vars(options).items() if v is not None
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                **result,
                "peak_rss_mb": peak,
                "settings": settings,
                "versions": {"python": platform.python_version(), **versions},
            }
        )
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
