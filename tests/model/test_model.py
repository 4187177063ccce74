"""`Model.of`: a scorer of one's own is ranked, filtered, evaluated and given new users like any other."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import palate
from palate.model.model import ScorerModel
from write_kinds import planted


class Mean:
    """Predicts each item's mean rating; counts calls to show that nothing else is asked of it."""

    def __init__(self, ratings):
        counts = np.bincount(ratings.item_index, minlength=ratings.n_items)
        sums = np.bincount(ratings.item_index, ratings.value, minlength=ratings.n_items)
        self.mean = (sums + 3 * 3.0) / (counts + 3)

    def score_pairs(self, users, items):
        return np.where(items >= 0, self.mean[items], 3.0)

    def score_items(self, users):
        return np.tile(self.mean, (len(users), 1))


class Neighbours(Mean):
    """Scores an item by how often it was rated together with what the user rated."""

    def __init__(self, ratings, rows=None):
        table = np.zeros((ratings.n_users, ratings.n_items))
        table[ratings.user_index, ratings.item_index] = 1
        self.together = table.T @ table
        np.fill_diagonal(self.together, 0)
        self.rows = table if rows is None else rows

    def score_pairs(self, users, items):
        return np.where((users >= 0) & (items >= 0), (self.rows @ self.together)[users, items], 0)

    def score_items(self, users):
        return np.where((users >= 0)[:, None], (self.rows @ self.together)[users], 0)

    def fold(self, ratings):
        rows = np.zeros((ratings.n_users, ratings.n_items))
        rows[np.repeat(np.arange(ratings.n_users), ratings.user_counts()), ratings.items] = 1
        other = object.__new__(Neighbours)
        other.together, other.rows = self.together, rows
        return other


@pytest.fixture(scope="module")
def ratings():
    return planted()


@pytest.fixture(scope="module")
def catalog():
    genres = ["Comedy" if item % 2 else "Drama" for item in range(20)]
    return palate.Catalog.from_frame(
        pl.DataFrame(
            {"item_id": range(20), "title": [f"Film {item}" for item in range(20)], "genres": genres}
        ),
        genres="genres",
    )


@pytest.fixture(scope="module")
def model(ratings, catalog):
    return palate.Model.of(Mean(ratings), ratings, catalog, scale=(1, 5))


def test_it_predicts_and_ranks_what_the_scorer_says(ratings, model):
    own = Mean(ratings).mean
    assert model.predict([3, 4], [7, 8]).tolist() == pytest.approx(own[[7, 8]], abs=1e-6)
    seen = set(model.rated(3)["item_id"])
    expected = [item for item in np.argsort(-own, kind="stable") if item not in seen][:4]
    frame = model.recommend(3, 4)
    assert frame["item_id"].to_list() == expected
    assert frame["predicted_rating"].to_list() == pytest.approx(own[expected], abs=1e-6)
    assert set(model.recommend(3, 4, where={"genres": "Comedy"})["genres"]) == {"Comedy"}
    assert repr(model) == "ScorerModel(Mean: 25 users, 20 items)"


def test_it_is_evaluated_beside_the_references(ratings, catalog):
    split = palate.splits.random(ratings, share=0.2)
    model = palate.Model.of(Mean(split.train), split.train, catalog, scale=(1, 5), name="mean of items")
    evaluation = palate.evaluate(model, split, k=3, resamples=20)
    assert evaluation.models[0] == "mean of items"
    assert 0 < evaluation.value("rmse") < 3


def test_a_scorer_that_folds_takes_new_users(ratings):
    model = palate.Model.of(Neighbours(ratings), ratings)
    known = model.rated(5)
    newcomer = model.fold_in(known["item_id"].to_list(), known["rating"].to_list(), user_id="me")
    assert repr(newcomer) == f"NewUser('me', {known.height} ratings)"
    frame, expected = model.recommend(newcomer, 3), model.recommend(5, 3)
    assert frame.drop("user_id").equals(expected.drop("user_id"))
    both = model.recommend([newcomer, 5], 3)
    assert both["user_id"].to_list() == ["me"] * 3 + ["5"] * 3
    assert model.predict(newcomer, 4) == model.predict(5, 4)
    assert model.rated(newcomer)["rating"].sum() == known["rating"].sum()


def test_new_users_are_tested_by_folding_them_in(ratings):
    split = palate.splits.held_out_users(ratings, share=0.3, seed=1)
    model = palate.Model.of(Neighbours(split.train), split.train)
    evaluation = palate.evaluate(model, split, k=3, resamples=0)
    assert evaluation.value("ndcg", 3) > 0


def test_what_a_scorer_cannot_do_is_said(ratings, model, tmp_path):
    with pytest.raises(
        TypeError,
        match=r"scorer must have the methods score_pairs\(users, items\) and score_items\(users\); got int",
    ):
        palate.Model.of(3, ratings)
    newcomer = model.fold_in([1, 2], [5, 4])
    with pytest.raises(ValueError, match="a model of Mean cannot"):
        model.recommend(newcomer)
    with pytest.raises(ValueError, match="a model of Mean has no file format"):
        model.save(tmp_path / "mean.palate")
    with pytest.raises(ValueError, match="caution must be 0 for a model without standard errors"):
        model.recommend(3, caution=0.5)
    with pytest.raises(ValueError, match="a rating must be within"):
        model.fold_in([1], [50])
    with pytest.raises(ValueError, match="timestamps must be one for each of 2 ratings; got 1"):
        model.fold_in([1, 2], [5, 4], timestamps=[3])
    with pytest.raises(KeyError, match="unknown user id 99"):
        model.recommend([newcomer, 99])


def test_frames_come_back_in_the_kind_that_went_in():
    frame = pd.DataFrame({"user_id": ["a", "a", "b"], "item_id": [1, 2, 1], "rating": [5, 3, 4]})
    ratings = palate.Ratings.from_frame(frame)
    assert isinstance(palate.Model.of(Mean(ratings), ratings).recommend("b"), pd.DataFrame)


def test_the_base_scores_nothing():
    base = palate.Model(users=palate.Vocabulary.numbered(2), items=palate.Vocabulary.numbered(2))
    with pytest.raises(NotImplementedError):
        base.score_pairs(np.zeros(1, int), np.zeros(1, int))
    with pytest.raises(NotImplementedError):
        base.score_items(np.zeros(1, int))
    assert issubclass(ScorerModel, palate.Model)
