"""Grades of choices, recency and activity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.solve.grades import Grades, activity, grades_of, recency


def test_a_rating_is_graded_from_the_least_grade_to_one():
    grades = Grades(low=1, high=5)
    assert grades.of(np.array([1, 3, 5])).tolist() == [0.25, 0.625, 1]
    assert Grades(low=1, high=5, least=1).of(np.array([1, 3, 5])).tolist() == [1, 1, 1]
    assert Grades(low=4, high=4).of(np.array([4, 4])).tolist() == [1, 1]
    assert Grades(kind="alike").of(np.array([-7, 0, 99])).tolist() == [1, 1, 1]


def test_a_count_is_graded_by_its_logarithm():
    x = Grades(kind="counts", low=0, high=9, least=0.5).of(np.array([0, 9, 99]))
    np.testing.assert_allclose(x, [0.5, 1, 1.5])


@given(st.lists(st.floats(0.5, 5), min_size=1), st.floats(0.01, 1))
def test_grades_are_between_the_least_and_one_and_keep_the_order(values, least):
    x = Grades(low=0.5, high=5, least=least).of(np.sort(values))
    assert (np.diff(x) >= 0).all()
    assert x.min() >= np.float32(least) - 1e-6
    assert x.max() <= 1


@pytest.mark.parametrize(
    ("grades", "values", "message"),
    [
        (
            Grades(low=1, high=5),
            [3, 6],
            r"ratings must be from 1 to 5, the scale, to be graded; got 6 \(ratings\[1\]\)",
        ),
        (Grades(low=4, high=4), [3], "from 4 to 4"),
        (
            Grades(kind="counts", high=9),
            [-1],
            r"ratings must be at least 0 where they are counts; got -1, and 1 of 1 are negative\. Leave out",
        ),
    ],
)
def test_what_is_outside_the_scale_has_no_grade(grades, values, message):
    with pytest.raises(ValueError, match=message):
        grades.of(np.array(values))


def test_a_choice_counts_half_after_each_half_life():
    assert recency(np.array([100, 90, 80, 110]), 100, 10).tolist() == [1, 0.5, 0.25, 2]
    grades = grades_of("ratings", 0.25, 10, np.array([1.0, 5.0]), (1, 5), np.array([90, 100]))
    assert grades.now == 100
    assert grades.of(np.array([5, 5]), None, np.array([90, 100])).tolist() == [0.5, 1]
    assert grades.of(np.array([5, 5]), np.array([2, 4])).tolist() == [
        2,
        4,
    ]  # without times: as recent as the last
    with pytest.raises(
        ValueError, match="at most 100 half-lives after the last training rating, 100; got 1101"
    ):
        recency(np.array([1101]), 100, 10)


def test_a_half_life_needs_times():
    with pytest.raises(ValueError, match="must have timestamps for half_life=3; they have none"):
        grades_of("ratings", 0.25, 3, np.array([1.0]), (1, 5))


def test_activity_of_who_chose_nothing_is_zero():
    assert activity(np.array([0, 4, 9]), -0.5).tolist() == [0, 0.5, 1 / 3]
    assert activity(np.array([0, 4]), 0).tolist() == [0, 1]
