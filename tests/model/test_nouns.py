"""What values are called."""

import numpy as np
import pytest

import palate
from palate.model.nouns import noun_of

PLAYS = palate.Ratings.from_arrays(["al", "al", "bo", "bo"], list("xyxz"), [1, 12, 3, 40])
STARS = palate.Ratings.from_arrays(["al", "al", "bo", "bo"], list("xyxz"), [1, 2, 3, 5], scale=(1, 5))
ONES = palate.Ratings.from_arrays(["al", "al", "bo", "bo"], list("xyxz"), np.ones(4))


@pytest.mark.parametrize(
    ("trainer", "table", "noun"),
    [
        (palate.Recommender(), STARS, "rating"),
        (palate.Recommender(values="counts"), PLAYS, "interaction"),
        (palate.Recommender(), ONES, "interaction"),
        (palate.LeastSquares(n_factors=1), STARS, "rating"),
        (palate.LeastSquares.for_counts(n_factors=1), PLAYS, "interaction"),
        (palate.LinearItems(), STARS, "rating"),
        (palate.LinearItems(grades="counts"), PLAYS, "interaction"),
        (palate.Spectral(n_factors=1, grades="alike"), ONES, "interaction"),
        (palate.Baseline(), STARS, "rating"),
        (palate.Popular(), STARS, "rating"),
    ],
)
def test_counts_and_choices_are_interactions_also_after_a_file(trainer, table, noun, tmp_path):
    model = trainer.fit(table)
    assert noun_of(model) == noun
    model.save(tmp_path / "m.palate")
    assert noun_of(palate.load(tmp_path / "m.palate")) == noun
