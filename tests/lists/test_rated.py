"""What users rated."""

from dataclasses import replace

import numpy as np
import pytest

from palate.lists.rated import rated


def test_highest_first_then_by_id_with_metadata(model):
    frame = model.rated("cy")
    assert frame.columns[:4] == ["user_id", "item_id", "rating", "held_out"]
    assert frame.select("item_id", "rating").rows() == [(20, 3.5), (10, 3.0), (30, 3.0), (40, 3.0)]
    assert frame["title"].to_list() == ["Psycho", "Airplane!", "The Naked Gun", "Vertigo"]


def test_held_out_ratings_are_marked(model):
    assert model.rated("ann").select("item_id", "held_out").rows() == [(10, False), (20, True)]


def test_many_users_in_the_order_given(model, table):
    frame = model.rated(["bob", "ann"])
    assert frame.select("user_id", "item_id").rows() == [
        ("bob", 20),
        ("bob", 30),
        ("bob", 50),
        ("ann", 10),
        ("ann", 20),
    ]
    assert rated(table, ["bob", "ann"]).equals(frame)


def test_times_are_shown_where_there_are_any(model):
    times = np.arange(len(model.ratings))
    frame = replace(model, ratings=replace(model.ratings, timestamp=times)).rated("ann")
    assert frame["timestamp"].to_list() == [0, 1]


def test_needs_ratings_and_a_known_user(model, bare):
    with pytest.raises(
        ValueError, match=r"rated needs the ratings of the model, which was saved without them"
    ):
        bare.rated("ann")
    with pytest.raises(KeyError, match=r"unknown user id 'zoe'"):
        model.rated("zoe")
