"""Predictions of pairs: broadcasting, unknown ids, clipping, and items found by title or condition."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from palate.lists.chosen_items import find_items
from palate.lists.filters import EmptyResultWarning
from palate.lists.predicting import predict


def test_one_pair_is_a_number(model):
    assert model.predict("ann", 10) == 4.5
    assert isinstance(model.predict("ann", 10), float)


@pytest.mark.parametrize(
    ("users", "items", "expected"),
    [
        ("ann", [10, 20, 30], [4.5, 2.25, 4.0]),
        (["ann", "bob", "cy"], 40, [2.5, 5.0, 3.5]),
        (["ann", "bob"], [20, 10], [2.25, 3.0]),
        (["ann"], [20], [2.25]),
        (np.array(["ann", "bob"]), pl.Series([20, 10]), [2.25, 3.0]),
        (pd.Series(["bob"]), pd.Series([40]), [5.0]),
        ([], [], []),
        ("ann", [], []),
    ],
)
def test_single_ids_go_with_every_other(model, users, items, expected):
    found = model.predict(users, items)
    assert found.dtype == np.float32
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("users", "items"), [(["ann"], [10, 20]), (["ann", "bob"], [10]), (["ann", "bob"], [])]
)
def test_lengths_must_agree(model, users, items):
    with pytest.raises(
        ValueError,
        match=rf"of one length, or one of them a single id; got {len(users)} users and {len(items)}",
    ):
        model.predict(users, items)


def test_clip_moves_predictions_to_the_ends_of_the_scale(model):
    narrow = replace(model, scale=(3.0, 4.25))
    assert narrow.predict("ann", [10, 20, 30], clip=True).tolist() == [4.25, 3.0, 4.0]
    with pytest.raises(ValueError, match=r"clip must be off for scores without a rating scale\."):
        replace(model, scale=None).predict("ann", 10, clip=True)


def test_unknown_ids_raise_and_say_what_else_could_be_done(model):
    with pytest.raises(
        KeyError, match=r"unknown item id 77\. It is items\[1\]\. Pass unknown='baseline' or unknown='nan'"
    ):
        model.predict("ann", [10, 77])
    with pytest.raises(KeyError, match=r"unknown user id 'zoe'\. It is users\[0\]\. Pass unknown="):
        model.predict("zoe", 10)
    with pytest.raises(ValueError, match=r"unknown must be one of 'raise', 'nan', 'baseline'; got 'skip'\."):
        model.predict("ann", 10, unknown="skip")


def test_unknown_ids_may_be_nan(model):
    found = model.predict(["ann", "zoe", "bob"], [10, 10, 77], unknown="nan")
    np.testing.assert_array_equal(found, np.array([4.5, np.nan, np.nan], np.float32))
    assert np.isnan(model.predict(1, 10, unknown="nan"))


def test_unknown_ids_may_have_the_mean_and_the_bias_of_the_known_side(model):
    found = model.predict(["ann", "zoe", "bob", "zoe"], [10, 10, 77, 77], unknown="baseline")
    assert found.tolist() == [4.5, 3.5, 3.5, 3.0]


def test_an_unknown_row_is_its_prior_mean(model):
    prior = replace(model.user_prior, mean=np.array([[2.0, 0.25]], np.float32))
    found = replace(model, user_prior=prior).predict("zoe", [10, 20, 77], unknown="baseline")
    assert found.tolist() == [3 + 0.25 + 0.5 + 2, 3 + 0.25 + 0.25 - 2, 3.25]


def test_a_prediction_is_the_recommended_one(model):
    frame = model.recommend(None, 5, exclude_seen=False)
    assert model.predict(frame["user_id"], frame["item_id"]).tolist() == frame["predicted_rating"].to_list()


def test_all_items_of_users_are_the_scores_of_their_pairs(model):
    users = np.array([2, -1, 0])
    pairs = [model.score_pairs(np.full(5, user), np.arange(5)) for user in users]
    np.testing.assert_array_equal(model.score_items(users), pairs)


@pytest.mark.parametrize("index", [-2, 3])
def test_an_index_that_is_no_row_is_refused(model, index):
    with pytest.raises(IndexError, match=rf"user_index must be between -1 and 2; got {index} to {index}"):
        model.score_pairs([index], [0])


def test_a_scorer_without_factors_predicts(table, model):
    assert predict(table, "ann", [10, 20]).tolist() == model.predict("ann", [10, 20]).tolist()


def test_frame_of_items_by_id_keeps_their_order(model):
    frame = model.predict_frame("bob", [40, 10])
    assert frame.columns == [
        "user_id",
        "item_id",
        "predicted_rating",
        "title",
        "year",
        "genres",
        "n_ratings",
        "mean_rating",
    ]
    assert frame.select("user_id", "item_id", "predicted_rating", "title").rows() == [
        ("bob", 40, 5.0, "Vertigo"),
        ("bob", 10, 3.0, "Airplane!"),
    ]


def test_frame_pairs_every_user_with_every_item(model):
    frame = model.predict_frame(["ann", "bob"], [10, 20])
    assert frame["user_id"].to_list() == ["ann", "ann", "bob", "bob"]
    assert frame["predicted_rating"].to_list() == [4.5, 2.25, 3.0, 4.75]


@pytest.mark.parametrize(
    ("choice", "items"),
    [
        ({"title": "naked gun"}, [30]),
        ({"title": ["psycho", "AIRPLANE!"]}, [10, 20]),
        ({"where": {"year": (1950, 1970)}}, [20, 40]),
        ({"title": ["psycho", "naked"], "where": "year > 1970"}, [30]),
    ],
)
def test_items_are_found_by_title_and_condition(model, choice, items):
    assert model.predict_frame("ann", **choice)["item_id"].to_list() == items


def test_items_of_the_catalog_that_nobody_rated_are_nan_or_baseline(model):
    found = model.predict_frame("bob", title=["never seen", "psycho"])
    assert found["item_id"].to_list() == [20, 60]
    assert found["n_ratings"].to_list() == [3, 0]
    np.testing.assert_array_equal(found["predicted_rating"].to_numpy(), [4.75, np.nan])
    assert model.predict_frame("bob", title="never", unknown="baseline")["predicted_rating"].to_list() == [
        3.5
    ]


def test_frame_of_unknown_ids(model):
    frame = model.predict_frame(["ann", "zoe"], [10, 77], unknown="baseline")
    assert frame.select("user_id", "item_id", "predicted_rating", "title").rows() == [
        ("ann", 10, 4.5, "Airplane!"),
        ("ann", 77, 3.0, None),
        ("zoe", 10, 3.5, "Airplane!"),
        ("zoe", 77, 3.0, None),
    ]
    with pytest.raises(KeyError, match=r"unknown item id 77"):
        model.predict_frame("ann", [10, 77])


def test_items_must_be_chosen_in_one_way(model, bare):
    for choice in ({}, {"items": 10, "title": "Psycho"}):
        with pytest.raises(
            ValueError, match=r"items must be chosen either by id \(items=\) or by title= and where=; got"
        ):
            model.predict_frame("ann", **choice)
    with pytest.raises(KeyError, match=r"no title contains 'Heat'"):
        model.predict_frame("ann", title="Heat")
    with pytest.raises(ValueError, match=r"this model has no catalog with titles"):
        bare.predict_frame("ann", title="Heat")
    with pytest.warns(EmptyResultWarning, match=r"where=\{'year': 2050\} keeps none of 6 items"):
        assert model.predict_frame("ann", where={"year": 2050}).height == 0


def test_titles_are_found_in_the_catalog(model):
    assert find_items(model, ["gun", "vertigo", "gun"]).tolist() == [2, 3]


def test_users_and_items_in_the_order_of_no_rows_are_refused(model):
    with pytest.raises(
        TypeError, match="items must be a list, an array or a column; got a set, which has no order"
    ):
        model.predict(["ann", "bob"], {10, 20})
    assert model.predict("ann", {10}).tolist() == [4.5]
    users, items = pd.Series(["ann", "bob"]), pd.Series([20, 10], index=[1, 0])
    with pytest.raises(ValueError, match="users and items must be pandas series with one index; got two"):
        model.predict(users, items)
    assert model.predict(users, items.to_numpy()).tolist() == [2.25, 3.0]


def test_the_index_of_a_series_plays_no_part_in_messages(model):
    with pytest.raises(KeyError, match=r"unknown item id 77\. It is items\[1\]"):
        model.fold_in(pd.Series([10, 77], index=[7, 9]), [5.0, 1.0])
    assert model.recommend("ann", 1, exclude_items=pd.Series([10, 77], index=[7, 9])).height == 1


@pytest.mark.parametrize(
    ("ratings", "error", "said"),
    [
        (
            np.ma.masked_equal([5.0, 1.0], 1.0),
            ValueError,
            r"ratings must be finite; got nan \(ratings\[1\]\)",
        ),
        ({5.0, 1.0}, TypeError, "ratings must be a list, an array or a column; got a set"),
        (["100%", "20%"], TypeError, r"ratings must be numbers; got \['100%', '20%'\]"),
    ],
)
def test_ratings_to_fold_in_are_numbers_in_the_order_of_their_items(model, ratings, error, said):
    with pytest.raises(error, match=said):
        model.fold_in([10, 20], ratings)
    mine = {10: 5.0, 20: 1.0}
    assert model.fold_in(mine.keys(), mine.values()).values.tolist() == [5.0, 1.0]
