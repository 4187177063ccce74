"""Predictions outside the rating scale: how many there are, and what clipping and bending the model
are worth.

    python benchmarks/rating_range.py movielens-small [--share 0.2] [--seeds 0 1 2]
    python benchmarks/rating_range.py path/to/ml-1m --share 0.1 --seeds 0

Prints a line of a Markdown table for each model: RMSE of held-out ratings as predicted and clipped,
and how many predictions lie outside.
"""

import argparse

import numpy as np

import palate
from palate.splits.holdout import holdout_mask

LOOSE = {"n_factors": 8, "l2_user": 0.01, "l2_item": 0.01, "l2_bias": 0.01}
GIBBS = {"n_factors": 16, "sweeps": 80, "burn_in": 30}
MODELS = {
    "8 factors, nearly no penalty": palate.LeastSquares(**LOOSE),
    'the same with `link="bounded"`': palate.LeastSquares(**LOOSE, link="bounded"),
    "`LeastSquares()`": palate.LeastSquares(),
    '`LeastSquares(link="bounded")`': palate.LeastSquares(link="bounded"),
    "`Gibbs(n_factors=16, sweeps=80, burn_in=30)`": palate.Gibbs(**GIBBS),
    'the same with `noise="shared"`': palate.Gibbs(**GIBBS, noise="shared"),
    'the same with `likelihood="ordinal"`': palate.Gibbs(**GIBBS, likelihood="ordinal"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    data = (
        palate.datasets.load(options.data) if options.data == "movielens-small" else palate.read(options.data)
    )
    low, high = data.ratings.scale
    print("| model | as it is | clipped | predictions outside |\n| --- | --- | --- | --- |")
    for name, trainer in MODELS.items():
        plain, clipped, outside = [], [], []
        for seed in options.seeds:
            held = holdout_mask(len(data.ratings), options.share, seed)
            train, test = data.ratings.select(~held), data.ratings.select(held)
            model = trainer.fit(train, seed=seed, callback=lambda report: None)
            ids = test.users.take(test.user_index), test.items.take(test.item_index)
            found = np.asarray(model.predict(*ids, unknown="baseline"), np.float64)
            within = np.clip(found, low, high)
            plain.append(np.sqrt(np.mean((found - test.value) ** 2)))
            clipped.append(np.sqrt(np.mean((within - test.value) ** 2)))
            outside.append(np.mean(np.abs(found - within) > 1e-6))
        columns = (
            " / ".join(f"{value:.4f}"[1:] if value < 1 else f"{value:.3f}" for value in values)
            for values in (plain, clipped)
        )
        print(f"| {name} | {' | '.join(columns)} | {100 * np.mean(outside):.2f} % |", flush=True)


if __name__ == "__main__":
    main()
