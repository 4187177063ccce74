"""The lesson's pair of files, as its notebook reads them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import palate
from palate import Catalog, Dataset, Ratings
from palate.data.prepare import prepare


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    rows = [
        f"{user},{film},{(user * film) % 10 / 2 + 0.5},{user}"
        for user in (10, 20, 31)
        for film in (2, 5, 11, 12)
        if user != film
    ]
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "\n".join(rows) + "\n")
    (folder / "movies.csv").write_text(
        'movieId,title,genres\n12,"Naked Gun, The (1988)",Comedy\n2,Emma (1996),Drama\n5,Emma (1996) '
        ",Drama|Romance\n7,Nobody (2000),Drama\n"
    )
    return palate.read(folder)


def test_what_the_notebook_reads(data, tmp_path):
    done = prepare(data, tmp_path / "out", validation=0.25, seed=3)
    ratings = pd.read_csv(tmp_path / "out" / "rating.csv", usecols=["userId", "movieId", "rating", "y"])
    movies = pd.read_csv(tmp_path / "out" / "movie.csv", index_col=0)
    assert list(ratings.columns) == ["userId", "movieId", "rating", "y"]
    assert list(movies.columns) == ["movieId", "title", "genres", "key", "year", "n_ratings", "mean_rating"]
    assert (movies.index == movies.movieId).all()
    assert movies.title.tolist() == ["Emma", "Emma", "(no title listed)", "The Naked Gun"]
    assert movies.key.tolist() == [
        "Emma (1996)",
        "Emma (1996) [5]",
        "(no title listed)",
        "Naked Gun, The (1988)",
    ]
    assert movies.year.tolist()[:2] == [1996, 1996]
    assert np.isnan(movies.year[2])
    assert movies.genres.tolist() == ["Drama", "Drama|Romance", "(no genres listed)", "Comedy"]
    assert movies.n_ratings.tolist() == [3, 3, 3, 3]
    assert movies.mean_rating.tolist() == pytest.approx(
        ratings.groupby("movieId").rating.mean().tolist(), abs=1e-6
    )
    assert (done.n_train, done.n_validation, done.n_users, done.n_items, done.n_unrated) == (9, 3, 3, 4, 1)
    assert done.mean == pytest.approx(ratings.rating[:9].mean())
    assert (ratings.rating - ratings.y).tolist() == pytest.approx([done.mean] * 12, abs=1e-6)


def test_ids_are_ranks_from_zero(data, tmp_path):
    prepare(data, tmp_path / "out")
    ids = pl.read_csv(tmp_path / "out" / "ids.csv")
    assert ids.rows() == [
        ("userId", 0, 10),
        ("userId", 1, 20),
        ("userId", 2, 31),
        *(("movieId", i, id_) for i, id_ in enumerate([2, 5, 11, 12])),
    ]
    ratings = pl.read_csv(tmp_path / "out" / "rating.csv")
    users, films = np.array([10, 20, 31]), np.array([2, 5, 11, 12])
    original = {(users[user], films[film], rating) for user, film, rating, _ in ratings.rows()}
    assert original == {row[:3] for row in data.ratings.to_frame().rows()}


def test_seed(data, tmp_path):
    def text(name, **options):
        prepare(data, tmp_path / name, **options)
        return (tmp_path / name / "rating.csv").read_text()

    assert text("a", seed=1) == text("b", seed=1)
    other = text("c", seed=2)
    assert other != text("a", seed=1, overwrite=True)
    assert other != text("d", seed=2, validation=0.5)  # y has another mean


def test_palate_reads_it_back(data, tmp_path):
    prepare(data, tmp_path / "out")
    again = palate.read(tmp_path / "out")
    np.testing.assert_array_equal(again.ratings.value, data.ratings.value)
    np.testing.assert_array_equal(again.ratings.user_index, data.ratings.user_index)
    np.testing.assert_array_equal(again.ratings.item_index, data.ratings.item_index)
    assert again.catalog.frame.columns == [
        "item_id",
        "title",
        "year",
        "genres",
        "key",
        "n_ratings",
        "mean_rating",
    ]


def test_one_rating_without_catalog(tmp_path):
    done = prepare(Dataset(name="one", ratings=Ratings.from_arrays(["u"], ["é"], [3])), tmp_path)
    assert (done.n_train, done.n_validation, done.mean) == (1, 0, 3.0)
    assert (tmp_path / "rating.csv").read_text() == "userId,movieId,rating,y\n0,0,3.0,0.0\n"
    assert "movieId,0,é" in (tmp_path / "ids.csv").read_text(encoding="utf-8")


def test_titles_without_keys(tmp_path):
    ratings = Ratings.from_arrays([1, 1], [3, 4], [3, 4])
    catalog = Catalog.from_frame(pl.DataFrame({"item_id": [3, 4], "title": ["A", "A"], "year": [1999, None]}))
    prepare(Dataset(name="two", ratings=ratings, catalog=catalog), tmp_path)
    assert pl.read_csv(tmp_path / "movie.csv")["key"].to_list() == ["A (1999)", "A"]


def test_refusals(data, tmp_path):
    for share in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="validation must be a share, at least 0 and below 1; got"):
            prepare(data, tmp_path / "out", validation=share)
    with pytest.raises(ValueError, match="seed must be from 0 to 9,223,372,036,854,775,807; got -1"):
        prepare(data, tmp_path / "out", seed=-1)
    assert not (tmp_path / "out").exists()
    (tmp_path / "rating.csv").write_text("mine")
    with pytest.raises(
        FileExistsError, match=r"rating.csv is there already; pass overwrite=True, or another folder"
    ):
        prepare(data, tmp_path)
    assert (tmp_path / "rating.csv").read_text() == "mine"
    prepare(data, tmp_path, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ids.csv",
        "movie.csv",
        "rating.csv",
        "raw",
        "split.json",
    ]
