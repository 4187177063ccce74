"""The lesson's objective on MovieLens-1M: the value that least squares and Keras' Adam reach, and
how long they take.

    python benchmarks/keras_objective.py --data FOLDER/ratings.csv [--factors 8 16 32] [--network]

Both get the same split, and the objective is computed by palate from the final weights of each:
mean squared error of the training ratings plus the penalties, the lesson's 1e-7 for users and 1e-6
for films. Keras runs until its validation loss (validation error plus penalties) has not improved
for 5 epochs; its seconds are those inside its own `fit`, the first epoch's compilation told apart.
Prints Markdown.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import palate
from palate.model.factor_model import FactorModel

L2 = {"l2_user": 1e-7, "l2_item": 1e-6}


def objective(model: FactorModel, train: palate.Ratings) -> float:
    """Return Keras' loss of a model's weights over all training ratings."""
    errors = train.value - model.score_pairs(train.user_index, train.item_index)
    penalty = L2["l2_user"] * np.square(model.user_factors, dtype=np.float64).sum()
    penalty += L2["l2_item"] * np.square(model.item_factors, dtype=np.float64).sum()
    return float(np.mean(np.square(errors, dtype=np.float64)) + penalty)


def rmse(model: object, test: palate.Ratings) -> float:
    """Return the error on held-out ratings, not clipped."""
    errors = test.value - model.score_pairs(
        test.user_index.astype(np.int64), test.item_index.astype(np.int64)
    )
    return float(np.sqrt(np.mean(np.square(errors, dtype=np.float64))))


def silent(report: object) -> None:
    """Show nothing."""


def compare(train: palate.Ratings, test: palate.Ratings, n_factors: int) -> list[str]:
    """Return the table's rows for one length of the vectors."""
    rows, least_squares = (
        [],
        palate.LeastSquares.from_keras_strengths(
            n_ratings=len(train), n_factors=n_factors, biases=False, **L2
        ),
    )
    adam = palate.KerasFactorization(n_factors=n_factors, epochs=2000, patience=5, **L2)
    began = time.perf_counter()
    slow = adam.fit(train, validation=test, callback=silent)
    keras_whole = time.perf_counter() - began
    keras = sum(sweep.seconds for sweep in slow.history.sweeps)
    steady = np.median([sweep.seconds for sweep in slow.history.sweeps])
    target = objective(slow, train)
    reached: dict[str, float] = {}

    def note(report: object) -> None:
        loss = report.objective / len(train)
        if "seconds" not in reached and loss <= target:
            reached["seconds"] = time.perf_counter() - began
            reached["sweeps"] = report.sweep

    replace(least_squares, max_sweeps=1).fit(train, validation=0, callback=silent)  # compiles the kernels
    began = time.perf_counter()
    fast = least_squares.fit(train, validation=0, callback=note)  # the objective alone decides when to stop
    seconds, sweeps = time.perf_counter() - began, fast.history
    rows.append(
        f"| {n_factors} | least squares | {objective(fast, train):.4f} | {rmse(fast, test):.4f} "
        f"| {len(sweeps.sweeps)} (best {sweeps.best_sweep}) | {seconds:.2f} | {keras / seconds:.0f} |"
    )
    first = slow.history.sweeps[0].seconds
    return [
        f"| {n_factors} | Keras, Adam | {target:.4f} | {rmse(slow, test):.4f} | {len(slow.history.sweeps)} "
        f"(best "
        f"{slow.history.best_sweep}) | {keras:.1f} (whole {keras_whole:.1f}, first epoch {first:.1f}, "
        f"median {steady:.2f}) | 1 |",
        *rows,
        f"| {n_factors} | least squares, until as low as Keras | {target:.4f} | | "
        f"{reached.get('sweeps', 'never')} "
        f"| {reached.get('seconds', float('nan')):.2f} | "
        f"{keras / reached.get('seconds', float('nan')):.0f} |",
    ]


def network_rows(train: palate.Ratings, test: palate.Ratings) -> list[str]:
    """Return error and seconds of the network, of the lesson's factorization, and of palate's defaults."""
    trainers = {
        "network 8 + 8 -> 32 -> 4": palate.KerasNetwork(epochs=100, patience=3),
        "network 8 + 8 -> 32 -> 4, L2 1e-6": palate.KerasNetwork(
            epochs=100, patience=3, l2_user=1e-6, l2_item=1e-6
        ),
        "network 32 + 32 -> 64 -> 32, L2 1e-6, dropout .2": palate.KerasNetwork(
            n_factors=32, hidden=(64, 32), epochs=100, patience=3, l2_user=1e-6, l2_item=1e-6, dropout=0.2
        ),
        "biases alone": palate.Baseline(),
        "least squares, 32 factors": palate.LeastSquares(),
    }
    rows = []
    for name, trainer in trainers.items():
        began = time.perf_counter()
        model = trainer.fit(train, validation=test, callback=silent)
        rows.append(
            f"| {name} | {rmse(model, test):.4f} | {time.perf_counter() - began:.1f} | "
            f"{len(model.history.sweeps)} |"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="ratings; default: the bundled MovieLens-small")
    parser.add_argument("--factors", type=int, nargs="*", default=[8])
    parser.add_argument("--network", action="store_true", help="also measure the dense network")
    arguments = parser.parse_args()
    dataset = palate.datasets.load() if arguments.data is None else palate.read(arguments.data)
    split = palate.splits.random(dataset.ratings, share=0.05, seed=0)
    print(f"{dataset.ratings!r}, {len(split.test):,} of them held out", flush=True)
    if arguments.factors:
        print(
            "\n| factors | | objective | validation RMSE | epochs or sweeps | seconds | times faster "
            "|\n|--|--|--|--|--|--|--|"
        )
    for n_factors in arguments.factors:
        print("\n".join(compare(split.train, split.test, n_factors)), flush=True)
    if arguments.network:
        print("\n| | validation RMSE | seconds | epochs or sweeps |\n|--|--|--|--|")
        print("\n".join(network_rows(split.train, split.test)), flush=True)


if __name__ == "__main__":
    main()
