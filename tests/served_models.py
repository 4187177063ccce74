"""Small models and files for the tests of the core, the store and the service."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from palate import Catalog, LeastSquares, Ratings, Recommender


@cache
def ratings(seed: int = 0, n_users: int = 300, n_items: int = 40) -> Ratings:
    """Ratings of people who like the items of their own half."""
    rng = np.random.default_rng(seed)
    pairs = [(user, item) for user in range(n_users) for item in rng.permutation(n_items)[: 8 + user % 9]]
    values = [
        float(
            np.clip(round(2 * (3 + (1.5 if user % 2 == item % 2 else -1.5) + rng.normal(0, 0.4))) / 2, 0.5, 5)
        )
        for user, item in pairs
    ]
    users = [f"u{user}" for user, _ in pairs]
    return Ratings.from_arrays(users, [int(item) for _, item in pairs], values, scale=(0.5, 5))


@cache
def catalog(n_items: int = 40) -> Catalog:
    """Titles with accents, markup and emoji."""
    odd = ["Amélie", "<script>alert(1)</script>", "🎬 Film", "שלום", "The Matrix", "The Matrix Reloaded"]
    titles = [*odd, *(f"Film {place}" for place in range(len(odd), n_items))]
    genres = [("Comedy", "Drama|Comedy", "Horror")[place % 3] for place in range(n_items)]
    frame = pl.DataFrame(
        {
            "item_id": list(range(n_items)),
            "title": titles,
            "year": [1960 + place for place in range(n_items)],
            "genres": genres,
        }
    )
    return Catalog.from_frame(frame)


@cache
def point_model(seed: int = 0, n_factors: int = 3) -> Any:
    """A model by least squares with held-out ratings, so that it knows how sure it is."""
    return LeastSquares(n_factors=n_factors, max_sweeps=4).fit(ratings(), catalog=catalog(), seed=seed)


@cache
def two_heads() -> Any:
    """A model of two heads."""
    return Recommender().fit(ratings(), catalog=catalog())


def saved(path: Path, seed: int = 0) -> Path:
    """Write a point model to a file."""
    point_model(seed).save(path)
    return path
