"""When a dense network beats factorization: planted ratings that depend on how near a film is to a
user's taste.

    python benchmarks/network_wins.py [--seeds 0 1 2]

People and films stand at places, uniform in [0, 1]; the rating is 5 minus 4 times the distance,
plus noise of 0.3. With one such scale a distance is no product of few numbers, but two layers find
it; the more scales are averaged, the nearer the ratings come to a sum of many small effects. 2,000
users, 1,000 films, 40 ratings each; a tenth is tested, a tenth decides when to stop. Prints a
Markdown table of test RMSE (means over seeds).
"""

import argparse

import numpy as np

import palate

N_USERS, N_ITEMS, PER_USER, NOISE = 2_000, 1_000, 40, 0.3
SCALES = (1, 2, 4)
MODELS = {
    "`LeastSquares(n_factors=8)`": palate.LeastSquares(n_factors=8),
    "`LeastSquares()`": palate.LeastSquares(),
    "`Gibbs(n_factors=16)`": palate.Gibbs(n_factors=16),
    "`KerasNetwork(n_factors=4, hidden=(64, 32))`": palate.KerasNetwork(
        n_factors=4, hidden=(64, 32), epochs=60, patience=6
    ),
}


def planted(scales: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return users, items and ratings."""
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(N_USERS), PER_USER)
    items = np.concatenate([rng.choice(N_ITEMS, PER_USER, replace=False) for _ in range(N_USERS)])
    distance = np.abs(rng.random((N_USERS, scales))[users] - rng.random((N_ITEMS, scales))[items]).mean(
        axis=1
    )
    return users, items, 5 - 4 * distance + NOISE * rng.normal(size=len(users))


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    print(
        "| model | "
        + " | ".join(f"scales: {scales}" for scales in SCALES)
        + " |\n"
        + "| --- " * (len(SCALES) + 1)
        + "|"
    )
    for name, trainer in MODELS.items():
        cells = []
        for scales in SCALES:
            errors = []
            for seed in options.seeds:
                users, items, values = planted(scales, seed)
                held = np.random.default_rng(seed + 100).random(len(values)) < 0.1
                train = palate.Ratings.from_arrays(users[~held], items[~held], values[~held])
                model = trainer.fit(train, validation=0.1, seed=seed, callback=lambda report: None)
                index = model.users.indices(users[held]), model.items.indices(items[held])
                found = model.score_pairs(*(one.astype(np.int64) for one in index))
                errors.append(np.sqrt(np.mean((found - values[held]) ** 2)))
            cells.append(f"{np.mean(errors):.3f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
