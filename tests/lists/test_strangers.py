"""Lists for users of whom some are unknown."""

import numpy as np
import polars as pl
import pytest

import palate
from palate.lists.strangers import UnknownUsersWarning


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(3)
    user, item = np.divmod(np.flatnonzero(rng.random(200) < 0.4), 10)
    ratings = palate.Ratings.from_arrays(user, item, rng.integers(1, 6, len(user)), scale=(1, 5))
    return palate.LeastSquares(n_factors=2, max_sweeps=5).fit(ratings, validation=0)


def test_known_users_have_the_lists_they_have_alone(model):
    alone = model.recommend([3, 1], n=3)
    assert model.recommend([3, 1], n=3, unknown="skip").equals(alone)
    assert model.recommend([3, 1], n=3, unknown="popular").drop("source").equals(alone)


def test_unknown_users_are_skipped_with_their_number(model):
    with pytest.warns(UnknownUsersWarning, match="2 users are unknown, the first of them 900: left out"):
        found = model.recommend([3, 900, 1, 901], n=3, unknown="skip")
    assert found.equals(model.recommend([3, 1], n=3))
    with pytest.warns(UnknownUsersWarning, match="user 900 is unknown: left out"):
        assert model.recommend(900, unknown="skip").height == 0


def test_unknown_users_get_the_most_rated_items_in_their_place(model):
    with pytest.warns(
        UnknownUsersWarning, match="user 900 is unknown: its list is of the most popular items"
    ):
        found = model.recommend([3, 900, 1], n=3, unknown="popular")
    assert found["user_id"].to_list() == [3, 3, 3, 900, 900, 900, 1, 1, 1]
    assert found["source"].to_list() == ["model"] * 3 + ["most popular"] * 3 + ["model"] * 3
    counts = model.ratings.item_counts()
    listed = found.filter(pl.col("user_id") == 900)
    assert listed["item_id"].to_list() == [
        model.items.id(int(row)) for row in np.argsort(-counts, kind="stable")[:3]
    ]
    expected = model.predict([900] * 3, listed["item_id"], unknown="baseline")
    np.testing.assert_allclose(listed["predicted_rating"], expected, rtol=1e-6)


def test_users_named_twice_keep_their_places(model):
    said = "2 users are unknown, the first of them 900: their lists are of the most popular items"
    with pytest.warns(UnknownUsersWarning, match=said):
        found = model.recommend([3, 900, 3, 901], n=2, unknown="popular")
    assert found["user_id"].to_list() == [3, 3, 900, 900, 3, 3, 901, 901]
    assert found["rank"].to_list() == [1, 2] * 4


def test_filters_apply_to_the_most_popular_too(model):
    with pytest.warns(UnknownUsersWarning):
        found = model.recommend(900, n=3, unknown="popular", candidates=[1, 2, 5], exclude_items=[2])
    assert sorted(found["item_id"].to_list()) == [1, 5]


def test_the_choice_is_named_and_has_no_lowest_list(model):
    with pytest.raises(ValueError, match="unknown must be one of 'raise', 'skip', 'popular'; got 'drop'"):
        model.recommend(3, unknown="drop")
    with pytest.raises(ValueError, match="ascending must be left out with unknown='popular'"):
        model.recommend(3, unknown="popular", ascending=True)
    with pytest.raises(KeyError, match="unknown user id 900"):
        model.recommend([3, 900])


def test_candidates_are_all_that_an_evaluation_ranks(model):
    rng = np.random.default_rng(4)
    known = {(int(u), int(i)) for u in range(20) for i in model.ratings.row(u)[0]}
    pairs = [(u, i) for u in range(20) for i in range(10) if (u, i) not in known and rng.random() < 0.5]
    test = palate.Ratings.from_arrays(*zip(*pairs, strict=True), [5] * len(pairs))
    everything = palate.evaluate(model, test, k=2, resamples=0, baselines=False)
    same = palate.evaluate(model, test, k=2, resamples=0, baselines=False, candidates=list(range(10)))
    assert same.value("recall", 2) == everything.value("recall", 2)
    few = palate.evaluate(model, test, k=2, resamples=0, baselines=False, candidates=[0, 1, 77])
    assert few.about["n_relevant"] == sum(item < 2 for _, item in pairs)
    assert few.value("recall", 2) == 1.0  # two places for two candidates
    assert few.value("rmse") == everything.value("rmse")
    elsewhere = sum(item >= 2 for _, item in pairs)
    assert (
        f"Lists hold 2 candidates (1 more is unknown to LeastSquares); {elsewhere} test ratings"
        in " ".join(few.notes)
    )
    with pytest.raises(KeyError, match="candidates must contain items of 'LeastSquares'"):
        palate.evaluate(model, test, candidates=[77], resamples=0)
