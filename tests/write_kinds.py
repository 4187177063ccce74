"""Write one small model file of each kind that can be saved, with what it predicts: `python
tests/write_kinds.py`.

The files stand for those that people have: later versions must load them and predict the same.
Write a kind anew only when it did not exist before; a file that is there already is left as it is.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import palate
from palate.heads.chance import ChanceByPlace
from palate.heads.ranking import TwoHeads
from palate.model.recommender_model import RecommenderModel
from palate.model.sum_model import SumModel

KINDS = Path(__file__).parent / "corpus" / "kinds"
GIBBS: dict[str, Any] = {"n_factors": 2, "sweeps": 12, "burn_in": 6}


def planted() -> palate.Ratings:
    """Return 300 ratings of 25 users and 20 items on the scale 1 to 5, with times."""
    rng = np.random.default_rng(3)
    pairs = np.sort(rng.permutation(25 * 20)[:300])
    users, items = np.divmod(pairs, 20)
    taste = rng.normal(size=25)[users] * rng.normal(size=20)[items]
    values = np.clip(np.round(3 + taste + 0.5 * rng.normal(size=300)), 1, 5)
    times = 1_000_000_000 + rng.integers(0, 400_000_000, 300)
    return palate.Ratings.from_arrays(users, items, values, timestamp=times, scale=(1, 5))


def _of_few_users() -> palate.Ratings:
    """Return the planted ratings of the first eight users."""
    frame = planted().to_frame().filter(pl.col("user_id") < 8)
    return palate.Ratings.from_frame(frame, scale=(1, 5))


def _average() -> Any:
    ratings = planted()
    return palate.average(
        [palate.LeastSquares(n_factors=2).fit(ratings, validation=0, seed=seed) for seed in range(2)]
    )


def _recommender() -> Any:
    """Return a model of two heads, the first of them a sum of two models."""
    ratings = planted()
    parts = _plain(palate.LinearItems())(), _plain(palate.Spectral(n_factors=2))()
    choice = SumModel.of(parts, (0.7, 0.3))
    stars = palate.LeastSquares(n_factors=2).fit(ratings, seed=0, threads=1)
    chance = ChanceByPlace(level=0.4, shift=2.0, slope=1.0, average=0.01, activity=0.8, usual=15.0)
    heads = TwoHeads(choice=choice, stars=stars, chance=chance, beta=1.0, liked_from=4.0, noise=0.8)
    shared = {name: getattr(choice, name) for name in ("users", "items", "catalog", "ratings")}
    return RecommenderModel(heads=heads, trainer={"name": "Recommender"}, history=stars.history, **shared)


def _plain(trainer: Any) -> Callable[[], Any]:
    return lambda: trainer.fit(planted(), validation=0, seed=0, threads=1)


MAKERS: dict[str, Callable[[], Any]] = {
    "least-squares": lambda: palate.LeastSquares(n_factors=2).fit(planted(), seed=0, threads=1),
    "least-squares-features": _plain(
        palate.LeastSquares(n_factors=2, user_features="rated", item_features="raters")
    ),
    "least-squares-bounded": _plain(palate.LeastSquares(n_factors=2, link="bounded")),
    "least-squares-starts": _plain(palate.LeastSquares(n_factors=2, n_starts=2)),
    "counts": _plain(palate.LeastSquares.for_counts("linear", n_factors=2)),
    "baseline": _plain(palate.Baseline()),
    "gibbs-shared-noise": _plain(palate.Gibbs(noise="shared", **GIBBS)),
    "gibbs-row-precision": _plain(palate.Gibbs(**GIBBS)),
    "gibbs-ordinal": _plain(palate.Gibbs(likelihood="ordinal", **GIBBS)),
    "gibbs-features": _plain(palate.Gibbs(user_features="rated", item_features="raters", **GIBBS)),
    "gibbs-time": _plain(palate.Gibbs(time="bins,sessions", **GIBBS)),
    "average": _average,
    "compressed": lambda: palate.Gibbs(**GIBBS).fit(planted(), validation=0, seed=0, threads=1).compress(3),
    "linear-items": _plain(palate.LinearItems()),
    "linear-items-low-rank": lambda: palate.LinearItems(form="dense").fit(_of_few_users(), validation=0),
    "spectral": _plain(palate.Spectral(n_factors=2)),
    "recommender": _recommender,
}


def answers(model: Any) -> dict[str, Any]:
    """Return what a model says of all pairs, of how sure it is, and of someone new."""
    users, items = (grid.ravel() for grid in np.meshgrid(np.arange(25), np.arange(20), indexing="ij"))
    users, items = (np.asarray(index) for index in (users, items))
    known = np.isin(users, model.users.ids()) & np.isin(items, model.items.ids())
    found = {"predictions": model.predict(users[known], items[known]).tolist()}
    try:
        found["std"] = model.predict(users[known], items[known], return_std=True)[1].tolist()
    except ValueError:
        found["std"] = None
    found["lists"] = model.recommend(n=3)["item_id"].to_list()
    return found


if __name__ == "__main__":
    KINDS.mkdir(parents=True, exist_ok=True)
    for name, make in MAKERS.items():
        path = KINDS / f"{name}.palate"
        if not path.exists():
            make().save(path)
            path.with_suffix(".json").write_text(json.dumps(answers(palate.load(path))) + "\n")
