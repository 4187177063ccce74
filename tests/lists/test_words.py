"""Predictions in words."""

import pytest

from palate.lists.words import sentence, sentences
from posteriors import posterior_model


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"n_ratings": 7423, "rating": (3.46, 5.7), "scale": (1, 5)},
            "4.6 expected (4.3 to 4.9), from 7,423 ratings; "
            "a single rating is likely to be between 3.5 and 5",
        ),
        ({"n_ratings": 1}, "4.6 expected (4.3 to 4.9), from 1 rating"),
        ({"n_ratings": 0}, "4.6 expected (4.3 to 4.9), from 0 ratings"),
        ({}, "4.6 expected (4.3 to 4.9)"),
        ({"scale": (1, 4.5)}, "4.5 expected (4.3 to 4.5)"),
        ({"rating": (4, 5)}, "4.6 expected (4.3 to 4.9); a single rating is likely to be between 4 and 5"),
    ],
)
def test_a_prediction_in_words(arguments, text):
    assert sentence(4.62, 4.31, 4.93, **arguments) == text


def test_nothing_known():
    assert sentence(float("nan"), 0, 0) == "nothing is known"


def test_one_sentence_for_each_row():
    said = sentences([3.0, 4.0], [2.5, 3.5], [3.5, 4.5], [2, None])
    assert said == ["3.0 expected (2.5 to 3.5), from 2 ratings", "4.0 expected (3.5 to 4.5)"]


@pytest.mark.parametrize("link", ["identity", "ordinal"])
def test_the_column_in_words_says_what_the_numbers_say(link):
    model = posterior_model(link=link, whole=False)
    row = model.recommend(0, 1, words=True).row(0, named=True)
    start = (
        f"{min(row['predicted_rating'], 5):.1f} expected ({row['low']:.1f} to "
        f"{min(row['high'], 5):.1f}), from {row['n_ratings']} rating"
    )
    assert row["in_words"].startswith(start)
    assert "; a single rating is likely to be " in row["in_words"]
