"""Similar items and users by the cosine of their factors."""

from dataclasses import replace

import numpy as np
import pytest

from palate.lists.filters import EmptyResultWarning
from palate.lists.similar import similar_items


@pytest.fixture(scope="module")
def plane(model):
    """Return the model with factors in a plane: items at 0, 90, 45 and 180 degrees and at none."""
    items = np.array([[2, 0], [0, 1], [3, 3], [-1, 0], [0, 0]], np.float32)[None]
    users = np.array([[1, 0], [1, 1], [0, 5]], np.float32)[None]
    prior = replace(
        model.user_prior, mean=np.zeros((1, 3), np.float32), precision=np.eye(3, dtype=np.float32)[None]
    )
    return replace(model, item_factors=items, user_factors=users, user_prior=prior, item_prior=prior)


def test_items_rank_by_cosine(plane):
    frame = plane.similar_items(10, shrink=0)
    assert frame.columns[:4] == ["similar_to", "item_id", "rank", "similarity"]
    assert frame["item_id"].to_list() == [30, 20, 40]
    np.testing.assert_allclose(frame["similarity"].to_numpy(), [0.5**0.5, 0, -1], atol=1e-6)
    assert frame["title"].to_list() == ["The Naked Gun", "Psycho", "Vertigo"]


def test_many_items_and_n(plane):
    frame = plane.similar_items([30, 40], 1, shrink=0)
    assert frame.select("similar_to", "item_id", "rank").rows() == [(30, 10, 1), (40, 20, 1)]


@pytest.mark.parametrize(
    ("filters", "items"),
    [
        ({"min_ratings": 2}, [30, 20]),
        ({"where": {"genres": "mystery"}}, [40]),
        ({"candidates": [10, 20]}, [20]),
        ({"exclude_items": [30]}, [20, 40]),
    ],
)
def test_filters_are_those_of_recommend(plane, filters, items):
    assert plane.similar_items(10, shrink=0, **filters)["item_id"].to_list() == items


def test_users_rank_by_cosine_with_their_number_of_ratings(plane):
    frame = plane.similar_users("ann")
    assert frame.select("similar_to", "user_id", "rank", "n_ratings").rows() == [
        ("ann", "bob", 1, 3),
        ("ann", "cy", 2, 4),
    ]
    np.testing.assert_allclose(frame["similarity"].to_numpy(), [0.5**0.5, 0], atol=1e-6)
    assert plane.similar_users("ann", min_ratings=4)["user_id"].to_list() == ["cy"]


def test_draws_count_together(plane):
    """Turning one draw of all items leaves their cosines as they are."""
    turned = plane.item_factors @ np.array([[0, 1], [-1, 0]], np.float32)
    prior = replace(plane.item_prior, mean=np.zeros((2, 3)), precision=np.ones((2, 3, 3)))
    two = replace(
        plane,
        item_factors=np.concatenate([plane.item_factors, turned]),
        user_factors=np.repeat(plane.user_factors, 2, axis=0),
        user_bias=np.repeat(plane.user_bias, 2, axis=0),
        item_bias=np.repeat(plane.item_bias, 2, axis=0),
        global_mean=np.array([3.0, 3.0]),
        user_prior=prior,
        item_prior=prior,
    )
    one, both = plane.similar_items(10, shrink=0), two.similar_items(10, shrink=0)
    assert both["item_id"].to_list() == one["item_id"].to_list()
    np.testing.assert_allclose(both["similarity"].to_numpy(), one["similarity"].to_numpy(), atol=1e-6)


def test_an_item_without_direction_is_similar_to_nothing(plane):
    with pytest.warns(
        EmptyResultWarning,
        match=r"found for 1 of 2, the first of them 50: its factors are zero, or no other",
    ):
        frame = plane.similar_items([10, 50], shrink=0)
    assert set(frame["similar_to"]) == {10}


def test_filters_that_leave_nothing_say_so(plane):
    with pytest.warns(
        EmptyResultWarning,
        match=r"no similar items were found for 1 of 1, the first of them 10: min_ratings=9 keeps",
    ):
        assert plane.similar_items(10, min_ratings=9).height == 0
    with pytest.warns(EmptyResultWarning, match=r"no user has min_ratings=9 ratings"):
        assert plane.similar_users("ann", min_ratings=9).height == 0


def test_needs_factors_known_ids_and_counts(plane, table):
    with pytest.raises(
        ValueError, match=r"similarity must be used with a model that has factors; got Table without any\."
    ):
        similar_items(table, 10)
    with pytest.raises(KeyError, match=r"unknown item id 77\. It is items\[0\]\."):
        plane.similar_items(77)
    with pytest.raises(
        ValueError, match=r"min_ratings must be 0 here: this model was saved without ratings\."
    ):
        replace(plane, ratings=None).similar_users("ann", min_ratings=1)
    with pytest.raises(ValueError, match=r"n must be at least 1; got 0"):
        plane.similar_items(10, 0)
