"""How obscure lists are and how far predictions leave the scale, on data with known answers."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from palate import Baseline, LeastSquares, Ratings
from palate.inspect import obscurity
from palate.inspect.obscurity import obscurity_of, outside_share, top_items


@pytest.fixture
def model():
    """Return a model that likes "rare" best, then "known", for users who have seen "base" only."""
    users = [1, 2, 3, 4, 1, 2, 3, 5]
    items = ["base"] * 4 + ["known"] * 3 + ["rare"]
    ratings = Ratings.from_arrays(users, items, [3, 3, 3, 3, 4, 4, 4, 5], scale=(1, 5))
    return Baseline(damping_user=1e9, damping_item=0.1).fit(ratings, validation=0)


def test_top_items_are_everyones_unseen_best_with_their_counts(model):
    top = top_items(model, n=1)
    assert dict(zip(top["user_id"], top["item_id"], strict=True)) == {
        1: "rare",
        2: "rare",
        3: "rare",
        4: "rare",
        5: "known",
    }
    assert top["n_ratings"].to_list() == [1, 1, 1, 1, 3]


def test_figures_of_lists():
    top = pl.DataFrame(
        {
            "user_id": [1, 1, 2],
            "item_id": [1, 2, 3],
            "rank": [1, 2, 1],
            "score": [9.0, 3.0, 4.0],
            "n_ratings": [1, 5, 9],
        }
    )
    found = obscurity_of(top)
    assert (found.n, found.median_n_ratings, found.rare_share, found.highest) == (
        2,
        5.0,
        pytest.approx(1 / 3),
        9.0,
    )


def test_share_outside_the_scale_counts_every_pair(model, monkeypatch):
    scores = model.score_items(np.arange(5))
    narrow = dataclasses.replace(model, scale=(3.2, 4.2))
    wanted = np.mean((scores < 3.2) | (scores > 4.2))
    assert 0 < wanted < 1
    assert outside_share(narrow) == pytest.approx(wanted)
    monkeypatch.setattr(obscurity, "_CHUNK", 1)  # one user at a time
    assert outside_share(narrow) == pytest.approx(wanted)


def test_scores_have_no_outside():
    plays = Ratings.from_arrays([1, 2], ["a", "b"], [3, 4])
    with pytest.raises(ValueError, match="these scores have no scale"):
        outside_share(LeastSquares.for_counts(n_factors=1).fit(plays, validation=0))
