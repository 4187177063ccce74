"""Train with a checkpoint in a process of its own, to be killed by the test that starts it:
train_gibbs.py CHECKPOINT MODEL SWEEPS.
"""

import sys

import numpy as np

import palate


def planted():
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((60, 40)) < 0.4)
    values = np.clip(np.round(3 + rng.normal(size=60)[users] * 0.5 + rng.normal(size=40)[items] * 0.7), 1, 5)
    return palate.Ratings.from_arrays(users, items, values, scale=(1, 5))


def trainer(sweeps):
    return palate.Gibbs(
        n_factors=4,
        sweeps=sweeps,
        burn_in=10,
        likelihood="ordinal",
        user_features="rated",
        item_features="raters",
    )


if __name__ == "__main__":
    checkpoint, output, sweeps = sys.argv[1:]

    def tell(report):
        sys.stdout.write(f"{report.sweep}\n")
        sys.stdout.flush()

    trainer(int(sweeps)).fit(planted(), checkpoint=checkpoint, callback=tell, threads=1, seed=5).save(output)
