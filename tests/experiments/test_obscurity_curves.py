"""Mends compared at equal coverage."""

import numpy as np
import polars as pl
import pytest

from palate.data.ratings import Ratings
from palate.experiments.curves import Point, at_equal, compare, point, table


def made(coverage, rating, found, hits=None):
    rating, found = np.asarray(rating, float), np.asarray(found, float)
    hits = found if hits is None else np.asarray(hits, float)
    return Point(
        strength=coverage,
        coverage=coverage,
        rating=rating,
        found=found,
        hits=hits,
        any_hit=(hits > 0).astype(float),
        median_n_ratings=1.0,
    )


def test_a_point_counts_what_was_held_out():
    test = Ratings.from_arrays([0, 0, 1, 2], [0, 2, 1, 2], [5, 2, 4, 3])
    items = np.array([[2, 0], [1, 0], [0, -1]])
    found = point(items, test, np.array([7, 1, 2]), 4.0, 3.0, np.array([True, True, True]))
    np.testing.assert_array_equal(found.rating, [7, 4, 0])
    np.testing.assert_array_equal(found.found, [2, 1, 0])
    np.testing.assert_array_equal(found.hits, [1, 1, 0])
    assert found.coverage == 1
    assert found.median_n_ratings == 7
    assert found.values == {"mean_rating": 11 / 3, "hits": 2, "hit_rate": 2 / 3}


def test_between_two_strengths_lists_are_mixed():
    weak, strong = made(0.4, [8, 0], [2, 0]), made(0.2, [5, 5], [1, 1])
    np.testing.assert_allclose(at_equal([weak, strong], 0.3)[0], (weak.sums + strong.sums) / 2)
    np.testing.assert_array_equal(at_equal([weak, strong], 0.2)[0], strong.sums)
    assert at_equal([weak, strong], 0.1) is None
    assert at_equal([weak], 0.4) is None


def test_the_better_place_counts_where_a_curve_comes_twice():
    path = [made(0.4, [4], [1]), made(0.2, [5], [1]), made(0.4, [6], [1])]
    assert at_equal(path, 0.4)[0][0, 0] == 6


def test_a_clear_difference_is_clear_and_none_is_none():
    rng = np.random.default_rng(0)
    found = rng.integers(1, 4, 200)
    better, same, worse = (
        [made(share, found * level + rng.normal(size=200) * 0.1, found) for share in (0.4, 0.2)]
        for level in (4.0, 4.0, 3.5)
    )
    frame = compare({"a": better, "b": same, "c": worse}, "a", [0.3, 0.9], resamples=200)
    assert frame["coverage"].unique().to_list() == [0.3]
    row = frame.filter((pl.col("metric") == "mean_rating") & (pl.col("against") == "c")).row(0, named=True)
    assert row["low"] > 0.4
    assert row["difference"] == pytest.approx(0.5, abs=0.02)
    same_row = frame.filter((pl.col("metric") == "mean_rating") & (pl.col("against") == "b")).row(
        0, named=True
    )
    assert same_row["low"] < 0 < same_row["high"]
    hits = frame.filter((pl.col("metric") == "hits") & (pl.col("against") == "c"))
    assert hits["difference"].item() == hits["low"].item() == hits["high"].item() == 0


def test_points_as_a_table():
    frame = table({"a": [made(0.4, [4], [1])]})
    assert frame.columns == [
        "mend",
        "strength",
        "coverage",
        "mean_rating",
        "hits",
        "hit_rate",
        "median_n_ratings",
    ]
    assert frame["mean_rating"].item() == 4


def test_several_holdouts_are_taken_together():
    first = {
        "a": [made(0.4, [5, 4], [1, 1]), made(0.2, [5, 4], [1, 1])],
        "b": [made(0.4, [4, 4], [1, 1]), made(0.2, [4, 4], [1, 1])],
    }
    second = {
        "a": [made(0.4, [3, 4], [1, 1]), made(0.2, [3, 4], [1, 1])],
        "b": [made(0.3, [4, 4], [1, 1]), made(0.1, [4, 4], [1, 1])],
    }
    frame = compare([first, second], "a", [0.25, 0.35], resamples=50)
    assert frame["coverage"].unique().to_list() == [0.25]
    assert frame.filter(pl.col("metric") == "mean_rating")["value"].item() == 4
    assert frame.filter(pl.col("metric") == "hits")["value"].item() == 2


def test_mends_are_compared_at_equal_hits_too():
    mine = [made(0.5, [5, 4], [1, 1]), made(0.3, [9, 9], [2, 2])]
    other = [made(0.2, [5, 4], [1, 1]), made(0.1, [8, 8], [2, 2])]
    frame = compare({"a": mine, "b": other}, "a", [3.0], equal="hits", resamples=50)
    row = {metric: frame.filter(pl.col("metric") == metric).row(0, named=True) for metric in frame["metric"]}
    assert (row["hits"]["value"], row["hits"]["difference"]) == (3, 0)
    assert (row["coverage"]["value"], row["coverage"]["other"]) == (pytest.approx(0.4), pytest.approx(0.15))
    assert row["coverage"]["low"] is None
    assert row["mean_rating"]["difference"] == pytest.approx(13.5 / 3 - 12.5 / 3)
    with pytest.raises(ValueError, match="equal must be 'coverage' or 'hits'; got 'luck'"):
        compare({"a": mine, "b": other}, "a", [3.0], equal="luck")
