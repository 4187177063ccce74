"""Recommendations as frames: order, filters, empty answers, kinds of frames and of scorers."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

import palate
from palate._parallel import check_threads
from palate.data.catalog import Catalog
from palate.lists.filters import EmptyResultWarning
from palate.lists.options import ListOptions
from palate.lists.recommending import recommend
from palate.scorer import Scorer, is_factored


def listed(frame, column="predicted_rating"):
    return list(zip(frame["item_id"].to_list(), frame[column].to_list(), strict=True))


def test_ranks_by_prediction_then_by_id(model):
    frame = model.recommend("ann", exclude_seen=False)
    assert listed(frame) == [(10, 4.5), (30, 4.0), (40, 2.5), (50, 2.5), (20, 2.25)]
    assert frame["rank"].to_list() == [1, 2, 3, 4, 5]
    assert frame["user_id"].to_list() == ["ann"] * 5


def test_columns_are_ids_rank_prediction_and_catalog(model):
    names = [
        "user_id",
        "item_id",
        "rank",
        "predicted_rating",
        "title",
        "year",
        "genres",
        "n_ratings",
        "mean_rating",
    ]
    frame = model.recommend("ann", 1)
    assert frame.columns == names
    assert frame.row(0)[4:] == ("The Naked Gun", 1988, "Comedy|Crime", 2, 2.5)


def test_what_was_rated_is_left_out_held_out_ratings_too(model):
    assert listed(model.recommend("ann")) == [(30, 4.0), (40, 2.5), (50, 2.5)]


def test_worst_ranks_the_lowest_first(model):
    frame = model.recommend("ann", 3, ascending=True, exclude_seen=False)
    assert listed(frame) == [(20, 2.25), (40, 2.5), (50, 2.5)]


def test_n_beyond_the_catalog_gives_what_there_is(model):
    assert model.recommend("ann", 1000, exclude_seen=False).height == 5


def test_users_stand_in_the_order_given_repeats_included(model):
    frame = model.recommend(["cy", "ann", "cy"], 1)
    assert frame["user_id"].to_list() == ["cy", "ann", "cy"]
    assert frame["item_id"].to_list() == [50, 30, 50]


def test_no_users_named_means_all_of_them(model):
    assert model.recommend(n=2, exclude_seen=False)["user_id"].to_list() == [
        "ann",
        "ann",
        "bob",
        "bob",
        "cy",
        "cy",
    ]


@pytest.mark.parametrize(
    ("filters", "items"),
    [
        ({"min_ratings": 2}, [10, 30, 20]),
        ({"where": {"genres": "crime"}}, [30, 40, 20]),
        ({"where": pl.col("year") > 1970}, [10, 30]),
        ({"candidates": [50, 20, 50]}, [50, 20]),
        ({"candidates": {50}}, [50]),
        ({"candidates": 40}, [40]),
        ({"exclude_items": [10, 30]}, [40, 50, 20]),
        ({"exclude_items": [999]}, [10, 30, 40, 50, 20]),
        ({"exclude_items": pl.Series([10])}, [30, 40, 50, 20]),
        ({"min_ratings": 2, "where": {"genres": "Crime"}, "exclude_items": [30]}, [20]),
    ],
)
def test_filters_apply_before_the_top_n(model, filters, items):
    assert model.recommend("ann", exclude_seen=False, **filters)["item_id"].to_list() == items
    assert model.recommend("ann", 1, exclude_seen=False, **filters)["item_id"].to_list() == items[:1]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"min_ratings": 4}, r"min_ratings=4 keeps none of 5 items, the most-rated one has 3 ratings\.$"),
        (
            {"min_ratings": 3, "where": {"year": 1988}},
            r"min_ratings=3 keeps none of 1 items, the most-rated one has 2",
        ),
        ({"where": {"year": 1901}}, r"where=\{'year': 1901\} keeps none of 5 items\.$"),
        ({"candidates": []}, r"candidates contains no item\.$"),
        ({"candidates": [10], "exclude_items": [10]}, r"exclude_items contains all items that are left\.$"),
    ],
)
def test_an_empty_answer_names_the_filter(model, filters, message):
    with pytest.warns(EmptyResultWarning, match=r"^no item is left to recommend: " + message):
        frame = model.recommend(["ann", "bob"], exclude_seen=False, **filters)
    assert frame.height == 0
    assert frame.schema == model.recommend("ann").schema


def test_an_empty_answer_names_the_users_who_rated_everything(model):
    with pytest.warns(
        EmptyResultWarning,
        match=r"to user 'cy': all 2 items that may be recommended are already rated; pass exc",
    ):
        model.recommend("cy", candidates=[10, 20])
    with pytest.warns(
        EmptyResultWarning, match=r"to 2 of 3 users, the first of them 'ann': they have rated all 1 items"
    ):
        frame = model.recommend(None, candidates=[10])
    assert frame["user_id"].to_list() == ["bob"]


def test_the_warning_points_at_the_caller(model):
    with pytest.warns(EmptyResultWarning) as caught:
        model.recommend("ann", min_ratings=4)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, ValueError, r"n must be at least 1; got 0\."),
        ({"n": 2.0}, TypeError, r"n must be an integer; got 2\.0\."),
        ({"min_ratings": -1}, ValueError, r"min_ratings must be at least 0; got -1\."),
        ({"min_ratings": "3"}, TypeError, r"min_ratings must be an integer; got '3'\."),
        ({"users": "zoe"}, KeyError, r"unknown user id 'zoe'"),
        (
            {"users": ["ann", "zoe", "yan"]},
            KeyError,
            r"unknown user id 'zoe'\. It is users\[1\]\. So is 1 more\.",
        ),
        (
            {"users": 7},
            KeyError,
            r"unknown user id 7: the ids of this model are strings, but this is of type int",
        ),
        ({"candidates": [10, 77]}, KeyError, r"unknown item id 77\. It is candidates\[1\]\."),
        ({"candidates": ["10"]}, KeyError, r"unknown item id '10': the ids of this model are integers"),
        (
            {"exclude_items": ["10"]},
            TypeError,
            r"exclude_items must hold ids of the items' type; got '10': the ids of this model are integers",
        ),
        ({"threads": 0}, ValueError, r"threads must be at least 1; got 0"),
    ],
)
def test_a_wrong_argument_is_refused(model, arguments, error, message):
    with pytest.raises(error, match=message):
        model.recommend(**{"users": "ann", **arguments})


def test_seen_items_cannot_be_excluded_without_ratings(bare):
    with pytest.raises(ValueError, match=r"which was saved without them\. Pass exclude_seen=False"):
        bare.recommend("ann")
    assert bare.recommend("ann", 2, exclude_seen=False).columns == [
        "user_id",
        "item_id",
        "rank",
        "predicted_rating",
    ]


def test_min_ratings_needs_counts(bare):
    with pytest.raises(
        ValueError, match=r"min_ratings must be 0 here: this model has neither ratings nor a catalog"
    ):
        bare.recommend("ann", exclude_seen=False, min_ratings=2)


def test_a_model_saved_without_ratings_still_counts_them(model):
    without = replace(model, ratings=None)
    assert without.recommend("ann", exclude_seen=False, min_ratings=2)["item_id"].to_list() == [10, 30, 20]


def test_a_catalog_that_is_not_aligned_is_aligned(model):
    shuffled = replace(
        model, catalog=Catalog(model.catalog.frame.drop("n_ratings", "mean_rating").reverse(), "int")
    )
    assert shuffled.recommend("ann").equals(model.recommend("ann"))
    without = replace(shuffled, ratings=None)
    assert without.recommend("ann", 1, exclude_seen=False)["title"].to_list() == ["Airplane!"]


def test_a_catalog_column_of_a_taken_name_is_renamed(model):
    frame = model.catalog.frame.with_columns(pl.lit(7).alias("rank"))
    assert replace(model, catalog=Catalog(frame, "int")).recommend("ann", 1)["item_rank"].to_list() == [7]


def test_scores_that_are_no_ratings_are_called_score(model):
    assert "score" in replace(model, scale=None).recommend("ann").columns


def test_answers_come_in_the_kind_of_the_call_else_of_the_model(model):
    assert isinstance(model.recommend("ann"), pl.DataFrame)
    assert isinstance(replace(model, frame_kind="pandas").recommend("ann"), pd.DataFrame)
    frame = model.recommend(pd.Series(["ann", "bob"]), 1)
    assert isinstance(frame, pd.DataFrame)
    assert frame["item_id"].tolist() == [30, 40]
    assert isinstance(model.recommend(pd.DataFrame({"user_id": ["bob"]}), 1), pd.DataFrame)
    assert isinstance(replace(model, frame_kind="pandas").recommend(pl.Series(["ann"])), pl.DataFrame)


def test_users_may_be_any_collection(model):
    expected = model.recommend(["ann", "bob"], 2)
    for users in (("ann", "bob"), np.array(["ann", "bob"]), pl.Series(["ann", "bob"]), iter(["ann", "bob"])):
        assert model.recommend(users, 2).equals(expected)
    assert model.recommend([], 2).height == 0


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("exclude_seen", [False, True])
def test_a_scorer_without_factors_gives_the_same(model, table, ascending, exclude_seen):
    assert isinstance(table, Scorer)
    assert not is_factored(table)
    for users in ("ann", None):
        options = {"ascending": ascending, "exclude_seen": exclude_seen, "exclude_items": [20]}
        found = recommend(table, users, 3, ListOptions(**options))
        assert found.equals(model.recommend(users, 3, **options))


def test_a_scorer_must_score_every_item(table):
    class Short(type(table)):
        def score_items(self, user_index):
            return self.scores[user_index, :-1]

    short = Short.__new__(Short)
    short.__dict__.update(table.__dict__)
    with pytest.raises(ValueError, match=r"score_items must return an array of shape \(1, 5\); got \(1, 4\)"):
        recommend(short, "ann")


def test_a_model_without_factors_ranks_by_bias(model):
    baseline = replace(
        model,
        user_factors=model.user_factors[..., :0],
        item_factors=model.item_factors[..., :0],
        user_prior=replace_prior(model.user_prior),
        item_prior=replace_prior(model.item_prior),
    )
    assert listed(baseline.recommend("bob", 2)) == [(10, 4.0), (40, 4.0)]


def replace_prior(prior):
    return replace(prior, precision=prior.precision[:, 1:, 1:], mean=prior.mean[:, 1:])


def test_draws_are_averaged(model):
    """Two draws whose mean is not the product of their means."""
    two = replace(
        model,
        user_factors=np.concatenate([model.user_factors, 3 * model.user_factors]),
        item_factors=np.concatenate([model.item_factors, 3 * model.item_factors]),
        user_bias=np.concatenate([model.user_bias, model.user_bias + 1]),
        item_bias=np.concatenate([model.item_bias, 0 * model.item_bias]),
        global_mean=np.array([3.0, 4.0]),
        user_prior=replace(model.user_prior, mean=np.zeros((2, 2)), precision=np.ones((2, 2, 2))),
        item_prior=replace(model.item_prior, mean=np.zeros((2, 2)), precision=np.ones((2, 2, 2))),
    )
    # bob and 40: (3 + .5 + .5 + 1 + 4 + 1.5 + 0 + 9) / 2
    frame = two.recommend("bob", 1)
    assert listed(frame) == [(40, 9.75)]
    assert two.predict("bob", 40) == 9.75
    assert two.score_items(np.array([1]))[0, 3] == 9.75


@pytest.mark.parametrize("threads", [1, 3])
def test_a_number_of_threads_holds_for_scores_without_factors_too(threads):
    used = set()

    class Alike:
        def score_pairs(self, users, items):
            return np.zeros(len(users))

        def score_items(self, users):
            used.add(check_threads(None))
            return np.zeros((len(users), 2))

    ratings = palate.Ratings.from_arrays(["al", "al", "bo"], ["x", "y", "x"], [5, 3, 4])
    palate.Model.of(Alike(), ratings).recommend(n=1, exclude_seen=False, threads=threads)
    assert used == {threads}


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_nothing(threads, rng, model):
    """More users than a chunk holds, so that several chunks run; filters compact the items."""
    many = 5000
    big = replace(
        model,
        user_factors=rng.normal(size=(1, many, 1)).astype(np.float32),
        user_bias=np.zeros((1, many), np.float32),
        users=type(model.users).from_ids(np.arange(many)),
        ratings=None,
    )
    every = big.recommend(n=3, exclude_seen=False, where={"genres": ["Comedy", "Crime"]}, threads=threads)
    assert every.height == 3 * many
    few = [0, 17, 2047, 2048, 4999]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alone = big.recommend(few, 3, exclude_seen=False, where={"genres": ["Comedy", "Crime"]})
    assert every.filter(pl.col("user_id").is_in(few)).equals(alone)


class TestArgumentsOfBefore:
    """`deny` and `worst` work for one more version, with a warning."""

    def test_they_are_passed_on_under_their_new_names(self, model):
        with pytest.warns(
            DeprecationWarning, match="deny= is now exclude_items=; the old name will be removed"
        ) as caught:
            found = model.recommend("ann", deny=[10], exclude_seen=False)
        assert caught[0].filename == __file__
        assert found.equals(model.recommend("ann", exclude_items=[10], exclude_seen=False))
        with pytest.warns(DeprecationWarning, match="worst= is now ascending="):
            found = model.recommend("ann", worst=True)
        assert found.equals(model.recommend("ann", ascending=True))
        with pytest.warns(DeprecationWarning, match="deny= is now exclude_items="):
            found = model.similar_items(10, deny=[30])
        assert found.equals(model.similar_items(10, exclude_items=[30]))

    def test_both_at_once_are_refused(self, model):
        with (
            pytest.warns(DeprecationWarning, match="deny="),
            pytest.raises(TypeError, match="must be given once"),
        ):
            model.recommend("ann", deny=[10], exclude_items=[30])

    def test_where_neither_is_taken_the_old_name_is_unknown(self, model):
        with pytest.raises(TypeError, match="predict takes no argument 'deny'"):
            model.predict("ann", 10, deny=[10])
