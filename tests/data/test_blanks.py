"""The warning of ids that differ only by blanks at their ends."""

import warnings

import pytest

import palate
from palate.data.blanks import BlanksWarning


def build(users, items):
    return palate.Ratings.from_arrays(users, items, [4.0] * len(users), scale=(1, 5))


def test_one_id_names_itself_and_the_other():
    with pytest.warns(BlanksWarning) as caught:
        ratings = build(["bo", "bo ", "ann"], ["Heat", "Heat", "Alien"])
    assert [str(one.message) for one in caught] == [
        "1 user id differs from another one only by blanks at the ends, such as 'bo ' and 'bo', and so "
        "counts as a different user. Take the blanks out of the table if the same one is meant."
    ]
    assert caught[0].filename == __file__
    assert ratings.n_users == 3


def test_several_ids_are_counted():
    with pytest.warns(BlanksWarning, match="^2 item ids differ from another .* count as a different item"):
        build(["ann"] * 4, ["x", " x", "x\t", "y"])


def test_ids_with_blanks_that_are_like_no_other_say_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(["ann ", "bo"], ["Heat", " Alien"])
        build([1, 2], [3, 4])
