"""Users of whose choices a model knows nothing have the most popular items."""

import warnings

import numpy as np
import polars as pl
import pytest

import palate
from palate.lists.pool import Pool
from palate.lists.popular import most_popular, silent_about
from palate.lists.recommending import EqualPredictionsWarning, NothingKnownWarning
from palate.model.sum_model import SumModel

TRAINERS = {
    "spectral": palate.Spectral(n_factors=3),
    "local": palate.LinearItems(),
    "dense": palate.LinearItems(form="dense"),
    "counts": palate.LeastSquares.for_counts(n_factors=3, max_sweeps=3),
}
NOBODY = 7  # all of this user's ratings are held out


def tables():
    """Return ratings of 20 users and 12 items without those of one user, and that user's ratings."""
    rng = np.random.default_rng(5)
    user, item = np.divmod(np.flatnonzero(rng.random(240) < np.tile(np.linspace(0.2, 0.8, 12), 20)), 12)
    ratings = palate.Ratings.from_arrays(user, item, rng.integers(1, 6, len(user)), scale=(1, 5))
    held = ratings.user_index == ratings.users.index(NOBODY)
    return ratings.select(~held), ratings.select(held)


@pytest.fixture(scope="module")
def models():
    train, held = tables()
    found = {name: trainer.fit(train, validation=held) for name, trainer in TRAINERS.items()}
    return found | {"sum": SumModel.of((found["local"], found["spectral"]), (1.0, 0.5))}


def most_rated(model, n):
    """Return the items with the most training ratings that the user has not rated."""
    own, _, _ = model.ratings.row(model.users.index(NOBODY))
    counts = np.bincount(model.ratings.items[~model.ratings.held_out], minlength=len(model.items))
    order = [item for item in np.argsort(-counts, kind="stable") if item not in own]
    return model.items.take(np.array(order[:n])).to_list()


@pytest.mark.parametrize("name", [*TRAINERS, "sum"])
def test_a_user_without_training_ratings_has_the_most_popular_items(models, name):
    model = models[name]
    row = model.users.index(NOBODY)
    assert silent_about(model, np.arange(len(model.users))).nonzero()[0].tolist() == [row]
    with warnings.catch_warnings():
        warnings.simplefilter("error", EqualPredictionsWarning)
        with pytest.warns(
            NothingKnownWarning, match=f"no choices of user {NOBODY}: the list is of the most pop"
        ):
            found = model.recommend(NOBODY, n=4)
    assert found["item_id"].to_list() == most_rated(model, 4)
    assert found["score"].to_list() == [0.0] * 4
    with pytest.warns(NothingKnownWarning, match=f"1 of 20 users, the first of them {NOBODY}: their lists"):
        everyone = model.recommend(n=4)
    assert everyone.filter(pl.col("user_id") == NOBODY)["item_id"].to_list() == most_rated(model, 4)
    others = [user for user in everyone["user_id"].unique() if user != NOBODY]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.recommend(others, n=4).equals(everyone.filter(pl.col("user_id") != NOBODY))


@pytest.mark.parametrize("name", [*TRAINERS, "sum"])
def test_answers_with_a_source_name_it_and_filters_apply(models, name):
    model = models[name]
    first = most_rated(model, 3)
    with pytest.warns(NothingKnownWarning):
        found = model.recommend([3, NOBODY], n=2, unknown="popular", exclude_items=first[:1])
    assert found["source"].to_list() == ["model"] * 2 + ["most popular"] * 2
    assert found["item_id"].to_list()[2:] == first[1:]


def test_a_model_without_ratings_takes_what_its_catalog_counts(models, tmp_path):
    model = models["spectral"]
    model.save(tmp_path / "model.palate", ratings=False)
    loaded = palate.load(tmp_path / "model.palate")
    with pytest.warns(NothingKnownWarning):
        found = loaded.recommend(NOBODY, n=12, exclude_seen=False)
    assert found["n_ratings"].is_sorted(descending=True)


def test_someone_new_who_has_chosen_what_nobody_weighs_has_them_too(models):
    model = models["local"]
    lonely = palate.Ratings.from_arrays([99], [98], [5], scale=(1, 5))
    with_lonely = palate.LinearItems().fit(palate.union(model, lonely), validation=0)
    newcomer = with_lonely.fold_in([98], [5.0])
    with pytest.warns(NothingKnownWarning):
        found = with_lonely.recommend([newcomer], n=3)
    counts = np.bincount(with_lonely.ratings.items, minlength=len(with_lonely.items))
    assert (
        found["item_id"].to_list() == with_lonely.items.take(np.argsort(-counts, kind="stable")[:3]).to_list()
    )


def test_ascending_lists_and_predicted_ratings_keep_the_order_of_ids(models):
    model = models["spectral"]
    with pytest.warns(EqualPredictionsWarning):
        lowest = model.recommend(NOBODY, n=3, ascending=True)
    assert lowest["item_id"].is_sorted()
    train, held = tables()
    stars = palate.LeastSquares(n_factors=2, biases=False, max_sweeps=2).fit(train, validation=held)
    assert not silent_about(stars, np.arange(len(stars.users))).any()


def test_a_list_is_as_short_as_what_is_left(models):
    model = models["dense"]
    seen = np.array([0, 0, 3], np.int64), np.array([1, 4, 5], np.int32)
    mask = np.zeros(12, bool)
    mask[[1, 2, 4]] = True
    assert most_popular(model, np.array([1]), 3, Pool(mask=mask, seen=seen))[0].tolist() == [2, -1, -1]


def test_evaluation_ranks_the_popular_for_users_without_a_vector(models):
    train, held = tables()
    for name in TRAINERS:
        found = palate.evaluate(models[name], held, k=3, relevant_from=1, resamples=0, train=train)
        known = found.value("ndcg@3"), found.value("ndcg@3", model="most popular")
        assert known[0] == known[1], name


def test_users_whom_the_model_does_not_know_are_evaluated_alike():
    train, held = tables()
    users, items = train.users.take(train.user_index), train.items.take(train.item_index)
    without = palate.Ratings.from_arrays(users, items, train.value, scale=(1, 5))
    assert NOBODY not in without.users.values
    model = palate.Spectral(n_factors=3).fit(without, validation=0)
    found = palate.evaluate(model, held, k=3, relevant_from=1, resamples=0)
    assert found.value("ndcg@3") == found.value("ndcg@3", model="most popular")


def test_a_recommender_ranks_by_popularity_and_ratings_and_says_so():
    train, _ = tables()
    model = palate.Recommender(beta=0.0).fit(train, validation=0)
    newcomer = model.fold_in([], [])
    with pytest.warns(NothingKnownWarning):
        found = model.recommend([newcomer], n=3, words=True)
    counts = model.ratings.item_counts()
    assert found["item_id"].to_list() == model.items.take(np.argsort(-counts, kind="stable")[:3]).to_list()
    assert all(
        words.startswith("among the most popular items; expected rating ") for words in found["in_words"]
    )
