"""By how much the default model beats the damped-bias baseline on the bundled ratings: RMSE,
clipped, a mean over five seeds.

`python benchmarks/baseline_margin.py` prints a table; it fails when the mean margin is below
MARGIN. Each seed has its own split (5 % held out), the same for both models. `--set NAME=VALUE ...`
tries other hyper-parameters.
"""

import argparse
import statistics
import sys

MARGIN = 0.01
SEEDS = range(5)


def measure(hyperparameters: dict, seeds=SEEDS) -> list[tuple[int, float, float]]:
    """Return (seed, RMSE of the baseline, RMSE of the model) for each seed."""
    from palate import Baseline, LeastSquares, datasets
    from palate.inspect.errors import errors

    ratings = datasets.load("movielens-small").ratings
    rows = []
    for seed in seeds:
        figures = []
        for trainer in (Baseline(), LeastSquares(**hyperparameters)):
            model = trainer.fit(ratings, seed=seed, callback=lambda report: None)
            figures.append(errors(model, ratings.select(model.ratings.held_out)).rmse)
        rows.append((seed, *figures))
    return rows


def parsed(text: str) -> tuple[str, object]:
    """Return the name and value of NAME=VALUE."""
    name, _, value = text.partition("=")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            pass
    return name, {"True": True, "False": False}.get(value, value)


def main() -> int:
    """Print the table and return 1 when the mean margin is too small."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="hyper-parameters of LeastSquares"
    )
    rows = measure(dict(map(parsed, parser.parse_args().set)))
    print("| seed | baseline | model | margin |\n| --- | --- | --- | --- |")
    for seed, baseline, model in rows:
        print(f"| {seed} | {baseline:.4f} | {model:.4f} | {baseline - model:.4f} |")
    margins = [baseline - model for _, baseline, model in rows]
    mean = statistics.mean(margins)
    print(f"| mean | | | {mean:.4f} (standard deviation {statistics.stdev(margins):.4f}) |")
    return int(mean < MARGIN)


if __name__ == "__main__":
    sys.exit(main())
