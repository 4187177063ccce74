"""How well items are predicted before anybody rated them: a tenth of the items of MovieLens-small,
from genres and year alone.

python benchmarks/cold_start.py [--seeds 0 1 2]
"""

import argparse
import dataclasses

import numpy as np

import palate

TRAINER = palate.Gibbs(
    n_factors=16, sweeps=150, burn_in=40, user_features="rated", item_features="raters,genres,year"
)


def one(data, seed):
    """Return RMSE on all ratings of new items: from their features, and from the prior of an item
    without any.
    """
    ratings, table = data.ratings, data.catalog.frame
    rng = np.random.default_rng(seed)
    new = rng.random(ratings.n_items) < 0.1
    held = new[ratings.item_index]
    model = TRAINER.fit(
        ratings.select(~held), catalog=data.catalog, validation=0, callback=lambda report: None, seed=seed
    )
    known = set(model.users.ids())
    about = {row["item_id"]: row for row in table.iter_rows(named=True)}
    errors = {"features": [], "no features": [], "training mean": []}
    mean = float(ratings.value[~held].mean())
    for index in np.flatnonzero(new):
        item = ratings.items.id(int(index))
        rows = np.flatnonzero(ratings.item_index == index)
        users = [ratings.users.id(int(u)) for u in ratings.user_index[rows]]
        keep = [user in known for user in users]
        users, values = [user for user, k in zip(users, keep, strict=True) if k], ratings.value[rows][keep]
        if not users:
            continue
        features = {name: about[item][name] for name in ("genres", "year") if about[item][name] is not None}
        for name, given in (("features", features), ("no features", {})):
            errors[name].append(values - model.predict(users, model.fold_in_item([], [], features=given)))
        errors["training mean"].append(values - mean)
    return {name: float(np.sqrt(np.mean(np.concatenate(part) ** 2))) for name, part in errors.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    data = palate.datasets.load("movielens-small")
    print(dataclasses.asdict(TRAINER))
    for seed in options.seeds:
        print(seed, {name: round(value, 4) for name, value in one(data, seed).items()})


if __name__ == "__main__":
    main()
