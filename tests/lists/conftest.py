"""A model small enough to work out by hand."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.model.factor_model import FactorModel
from palate.solve.prior import RowPrior

# ann likes comedies (factor 1), bob dislikes them, cy (0) is indifferent and has rated everything but 50.
RATED = {
    "ann": {10: 5.0, 20: 1.0},
    "bob": {20: 4.0, 30: 2.0},
    "cy": {10: 3.0, 20: 3.5, 30: 3.0, 40: 3.0},
}
CATALOG = {
    "item_id": [10, 20, 30, 40, 50, 60],
    "title": ["Airplane!", "Psycho", "The Naked Gun", "Vertigo", None, "Never Seen"],
    "year": [1980, 1960, 1988, 1958, None, 1999],
    "genres": ["Comedy", "Horror|Crime", "Comedy|Crime", "Crime|Mystery", None, "Comedy"],
}
ITEM_FACTOR = [1, -1, 1, -1, 0]  # 10, 20, 30, 40, 50
ITEM_BIAS = [0.5, 0.25, 0.0, 0.5, -0.5]


def no_prior(n_factors, n_draws=1):
    return RowPrior(
        precision=np.repeat(np.eye(n_factors + 1, dtype=np.float32)[None], n_draws, axis=0),
        mean=np.zeros((n_draws, n_factors + 1), np.float32),
    )


def rows(values):
    """Return values as an array of one draw, float32."""
    return np.asarray(values, np.float32)[None]


@pytest.fixture(scope="session")
def model():
    """Return three users, five rated items and one that nobody rated; s = 3 + b_u + b_i + p_u q_i.

    ann: 4.5 2.25 4.0 2.5 2.5    bob: 3.0 4.75 2.5 5.0 3.0    cy: 3.5 3.25 3.0 3.5 2.5
    """
    pairs = [(user, item, rating) for user, rated in RATED.items() for item, rating in rated.items()]
    users, items, values = zip(*pairs, strict=True)
    known = Ratings.from_arrays([*users, "bob"], [*items, 50], [*values, 2.0], scale=(1, 5))
    held_out = np.array(
        [(u, i) == ("ann", 20) for u, i in known.to_frame().select("user_id", "item_id").rows()]
    )
    matrix = RatingMatrix.from_ratings(known, held_out)
    return FactorModel(
        users=known.users,
        items=known.items,
        user_factors=rows([[1.0], [-1.0], [0.0]]),
        item_factors=rows(np.reshape(ITEM_FACTOR, (5, 1))),
        user_bias=rows([0.0, 0.5, 0.0]),
        item_bias=rows(ITEM_BIAS),
        global_mean=np.array([3.0]),
        user_prior=no_prior(1),
        item_prior=no_prior(1),
        scale=(1.0, 5.0),
        catalog=Catalog.from_frame(pl.DataFrame(CATALOG)).aligned(known.items, matrix),
        ratings=matrix,
    )


@pytest.fixture(scope="session")
def bare(model):
    """Return the same model as it is when saved without ratings and trained without a catalog."""
    return replace(model, ratings=None, catalog=None)


class Table:
    """A scorer that is no factorization: it holds every score."""

    def __init__(self, model):
        self.users, self.items, self.scale = model.users, model.items, model.scale
        self.catalog, self.ratings, self.frame_kind = model.catalog, model.ratings, model.frame_kind
        self.scores = model.score_items(np.arange(len(model.users)))

    def score_pairs(self, user_index, item_index):
        return self.scores[user_index, item_index]

    def score_items(self, user_index):
        return self.scores[user_index]


@pytest.fixture(scope="session")
def table(model):
    """Return a scorer without factors that gives the model's scores."""
    return Table(model)
