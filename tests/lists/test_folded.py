"""Folded-in users and items in every question."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from palate.data.vocabulary import Vocabulary
from palate.factors.item_index import item_catalog
from palate.lists.filters import EmptyResultWarning


@pytest.fixture
def dee(model):
    """Return a new user who rated 10 and 30 highly."""
    return model.fold_in([30, 10], [4.0, 5.0], user_id="dee")


def test_is_recommended_what_it_has_not_rated(model, dee):
    frame = model.recommend(dee)
    assert frame["user_id"].to_list() == ["dee"] * 3
    assert set(frame["item_id"]) == {20, 40, 50}
    assert frame["n_ratings"].to_list() == [
        dict(zip(model.catalog.frame["item_id"], model.catalog.frame["n_ratings"], strict=True))[item]
        for item in frame["item_id"]
    ]
    expected = [
        3 + dee.bias[0] + model.item_bias[0, i] + dee.factors[0, 0] * model.item_factors[0, i, 0]
        for i in range(5)
    ]
    everything = model.recommend(dee, exclude_seen=False).sort("item_id")
    np.testing.assert_allclose(everything["predicted_rating"].to_numpy(), expected, rtol=1e-6)


def test_stands_beside_ids(model, dee):
    frame = model.recommend(["ann", dee], 2)
    assert frame["user_id"].to_list() == ["ann", "ann", "dee", "dee"]
    assert frame.head(2).equals(model.recommend("ann", 2))
    with pytest.raises(KeyError, match=r"unknown user id 'zoe'"):
        model.recommend(["zoe", dee])


def test_may_have_no_name(model):
    nobody = model.fold_in([10], [5.0])
    frame = model.recommend(nobody, 1)
    assert frame["user_id"].to_list() == [None]
    assert frame.schema == model.recommend("ann").schema
    mixed = model.recommend([model.fold_in([10], [5.0], user_id=7), "ann"], 1)
    assert mixed["user_id"].to_list() == ["7", "ann"]


def test_is_recommended_without_the_models_own_ratings(model, bare):
    dee = bare.fold_in([10, 30], [5.0, 4.0], user_id="dee")
    assert set(bare.recommend(dee)["item_id"]) == {20, 40, 50}
    with pytest.raises(ValueError, match=r"saved without them"):
        bare.recommend(["ann", dee])


def test_counts_stay_those_of_the_model_without_a_catalog(model):
    plain = replace(model, catalog=None)
    frame = plain.recommend(plain.fold_in([10], [5.0]), 4)
    assert frame.sort("item_id")["n_ratings"].to_list() == [3, 2, 1, 1]


def test_predict_rated_and_similar(model, dee):
    one = model.predict(dee, 20)
    assert one == pytest.approx(3 + dee.bias[0] + 0.25 - dee.factors[0, 0], rel=1e-6)
    assert model.predict([dee, "ann"], 20).tolist() == [np.float32(one), 2.25]
    assert model.predict_frame(dee, title="psycho")["predicted_rating"].to_list() == [np.float32(one)]
    assert model.rated(dee).select("user_id", "item_id", "rating").rows() == [
        ("dee", 10, 5.0),
        ("dee", 30, 4.0),
    ]
    assert model.similar_users(dee, 1)["user_id"].to_list() == ["ann"]


def test_folded_items_are_predicted(model, dee):
    film = model.fold_in_item(["ann", "bob"], [5.0, 1.0], item_id=70)
    expected = 3 + model.user_bias[0] + film.bias[0] + model.user_factors[0, :, 0] * film.factors[0, 0]
    np.testing.assert_allclose(model.predict(["ann", "bob", "cy"], film), expected, rtol=1e-6)
    assert model.predict("ann", film) == pytest.approx(expected[0], rel=1e-6)
    assert model.predict("ann", [film, 10])[1] == 4.5
    assert model.predict(dee, film) == pytest.approx(
        3 + dee.bias[0] + film.bias[0] + dee.factors[0, 0] * film.factors[0, 0], rel=1e-6
    )
    assert np.isnan(model.predict("zoe", film, unknown="nan"))


def test_sides_are_not_confused(model, dee):
    film = model.fold_in_item(["ann"], [5.0])
    with pytest.raises(
        TypeError, match=r"users must be ids or FoldedUser objects; got FoldedItem\(1 rating\)"
    ):
        model.recommend(film)
    with pytest.raises(
        TypeError, match=r"items must be ids or FoldedItem objects; got FoldedUser\('dee', 2 ratings\)"
    ):
        model.predict("ann", dee)


def test_what_is_prepared_is_shared_with_the_model(model, dee):
    """A folded user must not cost another packing of the items."""
    from palate.factors.item_index import item_panels
    from palate.model.queries import resolve_users

    assert item_panels(resolve_users(model, dee).scorer) is item_panels(model)


def test_frames_of_users_hold_no_folded_rows(model):
    assert model.recommend(pl.Series("user_id", ["ann"]), 1).height == 1


def test_what_is_derived_does_not_depend_on_who_asks_first(model):
    """A folded model shares the items of the whole one, and nothing of its users."""
    one, other = replace(model), replace(model)
    few = one.ratings
    folded = [whole.with_users(model.users, few) for whole in (one, other)]
    small = [whole.with_users(Vocabulary.from_ids(["new"]), row_of(few)) for whole in (one, other)]
    wanted = other.similar_users("ann", 2)  # the whole model first
    small[1].recommend("new")
    small[0].recommend("new")
    with pytest.warns(EmptyResultWarning):
        small[0].similar_users("new", 2)  # a small one first
    assert one.similar_users("ann", 2).equals(wanted)
    assert folded[0].similar_users("ann", 2).equals(folded[1].similar_users("ann", 2))
    assert item_catalog(small[0]) is item_catalog(one)


def row_of(ratings):
    """Return the first user's ratings as a matrix of its own."""
    own = slice(0, int(ratings.indptr[1]))
    return replace(
        ratings,
        indptr=ratings.indptr[:2],
        items=ratings.items[own],
        codes=ratings.codes[own],
        held_out=None if ratings.held_out is None else ratings.held_out[own],
        weight=None if ratings.weight is None else ratings.weight[own],
        timestamp=None if ratings.timestamp is None else ratings.timestamp[own],
    )
