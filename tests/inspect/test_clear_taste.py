"""Users with clear tastes: planted ones, and the four of the bundled ratings."""

import dataclasses

import numpy as np
import polars as pl
import pytest

import palate
from palate.inspect import distinctive, user_page
from palate.inspect.clear_taste import COUNTERPARTS, distinctive_report
from palate.inspect.genre_preferences import clearest_genres, genre_contrasts, residuals


@pytest.fixture(scope="module")
def planted():
    """Return a model of 40 users and 40 items where user 7 loves War, by two stars, and nobody else
    has a taste.
    """
    rng = np.random.default_rng(1)
    users, items = np.nonzero(rng.random((40, 40)) < 0.8)
    values = 3 + 0.3 * rng.normal(size=len(users)) + 2 * ((users == 7) & (items % 4 == 0))
    table = pl.DataFrame(
        {
            "item_id": range(40),
            "genres": [("War", "Drama|Crime", "Crime", "(no genres listed)")[i % 4] for i in range(40)],
        }
    )
    ratings = palate.Ratings.from_arrays(users, items, np.clip(values, 0, 6), scale=(0, 6))
    return palate.LeastSquares(n_factors=4).fit(
        ratings, catalog=palate.Catalog.from_frame(table), validation=0
    )


def test_a_planted_taste_is_found_first(planted):
    found = distinctive(planted, n=1, min_in_genre=4)
    (row,) = found.to_dicts()
    assert (row["user_id"], row["taste"]) == (7, "War")
    assert 1 < row["clarity"] < row["liking"] < 2.5


def test_liking_is_mean_surprise_inside_less_outside(planted):
    left, matrix = residuals(planted.ratings), planted.ratings
    span = slice(*matrix.indptr[7:9])
    inside = matrix.items[span] % 4 == 0
    row = genre_contrasts(planted, 7).filter(taste="War").row(0, named=True)
    a, b = left[span][inside].astype(float), left[span][~inside].astype(float)
    assert row["liking"] == pytest.approx(a.mean() - b.mean(), rel=1e-4)
    pooled = (((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()) / (len(a) + len(b) - 2)
    assert row["clarity"] == pytest.approx(
        row["liking"] - 3 * np.sqrt(pooled * (1 / len(a) + 1 / len(b))), rel=1e-4
    )
    assert row["n_in_taste"] == len(a)
    assert genre_contrasts(planted).filter(user_id=7, taste="War")["clarity"].item() == pytest.approx(
        row["clarity"]
    )


def test_surprises_know_the_mean_the_item_and_the_user():
    ratings = palate.Ratings.from_arrays([1, 1, 2, 2], ["a", "b", "a", "b"], [5, 1, 5, 1], scale=(1, 5))
    left = residuals(palate.Baseline().fit(ratings, validation=0).ratings)
    # item a: (2 + 2) / (2 + 10) above the mean of 3; the users do not differ
    assert left.tolist() == pytest.approx([2 - 1 / 3, -2 + 1 / 3] * 2)


def test_few_ratings_make_no_taste(planted):
    assert len(distinctive(planted, n=40, min_ratings=1000)) == 0
    assert len(distinctive(planted, n=40, min_in_genre=30)) == 0


def test_without_genres_an_axis_is_named_by_its_items(planted):
    bare = dataclasses.replace(planted, catalog=None)
    found = distinctive(bare, n=3)
    assert found["user_id"][0] == 7
    assert found["n_in_taste"].to_list() == [None] * 3
    assert all(int(item) % 4 == 0 for item in found["taste"][0].split("; "))  # War
    assert found["clarity"].is_sorted(descending=True)
    assert "one direction of the factors" in distinctive_report(bare, 3).sections[0].text[0]


def test_a_baseline_without_genres_has_no_directions():
    ratings = palate.Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [5, 3, 4], scale=(1, 5))
    assert len(distinctive(palate.Baseline().fit(ratings, validation=0), min_ratings=1)) == 0


def test_bad_arguments(planted):
    with pytest.raises(ValueError, match="n must be at least 1; got 0"):
        distinctive(planted, n=0)
    with pytest.raises(ValueError, match="distinctive needs the ratings"):
        distinctive(dataclasses.replace(planted, ratings=None))


@pytest.fixture(scope="module")
def films():
    data = palate.datasets.load("movielens-small")
    return palate.Baseline().fit(data.ratings, catalog=data.catalog)


def test_the_rule_finds_the_four_counterparts(films):
    found = {row["user_id"]: row["taste"] for row in clearest_genres(films).to_dicts()}
    assert {exercise: found[user] for exercise, user in COUNTERPARTS.items()} == {
        26556: "Comedy",
        112287: "Comedy",
        69106: "Sci-Fi",
        83421: "Drama",
    }
    assert len(found) < len(films.users) / 5  # most users have no clear taste


@pytest.mark.parametrize(
    ("exercise", "liked"),
    [
        (26556, ["Rear Window", "North by Northwest", "Goldfinger", "Fletch Lives"]),
        (112287, ["Dirty Dancing", "Love Actually", "Sex and the City", "Twilight"]),
        (69106, ["The Matrix", "Star Wars: Episode IV - A New Hope", "WALL·E", "Gattaca"]),
        (83421, ["The Godfather", "The Shawshank Redemption", "Casino"]),
    ],
)
def test_the_four_like_what_the_exercises_four_like(films, exercise, liked):
    rated = pl.DataFrame(films.rated(COUNTERPARTS[exercise])).filter(pl.col("rating") >= 4)
    assert set(liked) <= set(rated["title"])
    assert user_page(films, COUNTERPARTS[exercise])["tastes"]["clarity"][0] > 0
