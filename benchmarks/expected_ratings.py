"""Whether 80 % intervals of the expected rating hold it, on planted ratings with known expectations.

python benchmarks/expected_ratings.py [--seeds 31 32]
"""

import argparse

import numpy as np

import palate

TABLES = {"many ratings": (1500, 2500, 1, 2000), "few ratings": (3000, 1500, 1, 30)}
NOISES = (0.3, 0.8, 1.5)


def planted(seed, noise, n_users, n_items, fewest, most):
    """Return users, items, expected ratings and ratings, of biases and six factors with an sd of 0.7."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n_users, 6)), rng.normal(size=(n_items, 6)) * 0.7 / np.sqrt(6)
    biases = rng.normal(0, 0.4, n_users), rng.normal(0, 0.5, n_items)
    counts = (fewest * (most / fewest) ** rng.random(n_users) ** 2).astype(int)
    popularity = -0.8 * np.log(np.arange(n_items) + 3)
    chosen = [np.argsort(-(popularity + rng.gumbel(size=n_items)))[:n] for n in counts]
    user, item = np.repeat(np.arange(n_users), counts), np.concatenate(chosen)
    expected = 3.5 + biases[0][user] + biases[1][item] + (factors[0][user] * factors[1][item]).sum(axis=1)
    return user, item, expected, expected + rng.normal(0, noise, len(user))


def shares_inside(trainer, seed, noise, size):
    """Return the shares of expected ratings and of ratings inside their 80 % intervals."""
    user, item, expected, rating = planted(seed, noise, *size)
    tested = np.random.default_rng(seed + 1).random(len(user)) < 0.1
    kept = ~tested
    tested &= np.isin(user, user[kept]) & np.isin(item, item[kept])
    model = trainer.fit(
        palate.Ratings.from_arrays(user[kept], item[kept], rating[kept]), callback=lambda _: None
    )
    found = []
    for values, of in ((expected, "mean"), (rating, "rating")):
        _, low, high = model.predict(user[tested], item[tested], interval=0.8, interval_of=of)
        found.append(np.mean((values[tested] >= low) & (values[tested] <= high)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[31, 32])
    seeds = parser.parse_args().seeds
    for name, size in TABLES.items():
        for noise in NOISES:
            for trainer in (palate.LeastSquares(), palate.Gibbs(sweeps=120, burn_in=40)):
                found = np.mean([shares_inside(trainer, seed, noise, size) for seed in seeds], axis=0)
                print(f"{name}, noise {noise}, {type(trainer).__name__}: ", end="")
                print(f"expected {found[0]:.3f}, rating {found[1]:.3f}", flush=True)


if __name__ == "__main__":
    main()
