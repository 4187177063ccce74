"""Bayesian factorization on public ratings: error of the saved file, time, size, coverage, and what
each ingredient brings.

    python benchmarks/bayes.py FOLDER [--seeds 0 1 2 3 4] [--what plain bags full ordinal] [--sweeps
    450] [--out LINES.jsonl]

FOLDER is anything `palate.read` reads. For every seed a tenth of the ratings is held out, the model
is fitted to the rest, saved, and the file is evaluated as `palate evaluate MODEL TEST` does.
Nothing is chosen by the held-out ratings. One JSON line a fit.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import palate
from palate.splits.holdout import holdout_mask

WHAT = {
    "least squares": palate.LeastSquares(),
    "plain": palate.Gibbs(),
    "users' bag": palate.Gibbs(user_features="rated"),
    "bags": palate.Gibbs(user_features="rated", item_features="raters"),
    "full": palate.Gibbs(user_features="rated", item_features="raters,genres,year"),
    "books": palate.Gibbs(user_features="rated", item_features="raters,authors,year"),
    "bins": palate.Gibbs(time="bins"),
    "sessions": palate.Gibbs(time="sessions"),
    "time": palate.Gibbs(time="bins,sessions"),
    "full time": palate.Gibbs(
        user_features="rated", item_features="raters,genres,year", time="bins,sessions"
    ),
    "tweets": palate.Gibbs(user_features="rated", item_features="raters,genres"),
    "tweets time": palate.Gibbs(user_features="rated", item_features="raters,genres", time="bins,sessions"),
    "ordinal time": palate.Gibbs(likelihood="ordinal", time="bins,sessions"),
    "ordinal plain": palate.Gibbs(likelihood="ordinal"),
    "ordinal bags": palate.Gibbs(likelihood="ordinal", user_features="rated", item_features="raters"),
    "ordinal": palate.Gibbs(likelihood="ordinal", user_features="rated", item_features="raters,genres,year"),
}


def trainer_of(name, options):
    from dataclasses import replace

    if name == "least squares":
        return WHAT[name]
    return replace(WHAT[name], sweeps=options.sweeps, burn_in=options.burn_in, n_factors=options.factors)


def one(data, name, seed, options):
    """Fit, save, evaluate the file, and return the figures."""
    held = holdout_mask(len(data.ratings), 0.1, seed)
    train, test = data.ratings.select(~held), data.ratings.select(held)
    began = time.perf_counter()
    model = trainer_of(name, options).fit(
        train, validation=0, catalog=data.catalog, callback=lambda report: None, seed=seed
    )
    seconds = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.palate"
        model.save(path)
        size = path.stat().st_size
        evaluation = palate.evaluate(path, test, k=(), baselines=False, resamples=0)
        saved = palate.load(path)
    found = {
        "what": name,
        "seed": seed,
        "sweeps": options.sweeps,
        "factors": options.factors,
        "seconds": round(seconds, 1),
    }
    found |= {
        "rmse": evaluation.value("rmse"),
        "mae": evaluation.value("mae"),
        "draws": saved.n_draws,
        "file_mb": size / 2**20,
    }
    found["sweep_seconds"] = float(np.median([report.seconds for report in model.history.sweeps] or [np.nan]))
    found["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if options.errors:
        predicted = saved.predict(
            test.users.take(test.user_index), test.items.take(test.item_index), clip=True, unknown="baseline"
        )
        np.save(Path(options.errors) / f"{name.replace(' ', '-')}-{seed}.npy", test.value - predicted)
    if options.coverage and name != "least squares":
        found |= coverage(saved, test)
    found["notes"] = list(model.history.notes)
    return found


def coverage(model, test):
    """Return coverage of intervals of a rating, overall and by tenth of the items' popularity, with
    what was asked for.
    """
    calibration = palate.calibrate(model, test)
    return {"calibration": json.loads(json.dumps(calibration.to_dict(), default=float))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--what", nargs="+", default=["ordinal"], choices=list(WHAT))
    parser.add_argument("--sweeps", type=int, default=450)
    parser.add_argument("--burn-in", type=int, default=40)
    parser.add_argument("--factors", type=int, default=32)
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--errors", help="folder for the errors of each test rating")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    data = (
        palate.datasets.load("movielens-small")
        if options.folder == "movielens-small"
        else palate.read(options.folder)
    )
    for seed in options.seeds:
        for name in options.what:
            line = json.dumps(one(data, name, seed, options))
            if options.out:
                with options.out.open("a") as file:
                    file.write(line + "\n")
            print(line[:300])
            sys.stdout.flush()


if __name__ == "__main__":
    main()
