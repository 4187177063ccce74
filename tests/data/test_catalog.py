"""Catalogs: what comes in, how they are brought in line with ratings, and how titles are found."""

from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from palate import Catalog, Ratings, Vocabulary
from palate.data.catalog import CatalogWarning
from palate.data.matrix import RatingMatrix


@pytest.fixture
def films():
    return pl.DataFrame(
        {
            "runtime": [170, 178, 88],
            "id": [6, 16, 1],
            "genres": [["Crime", "Drama"], ["Crime"], None],
            "name": ["Heat", "Casino", "Amélie"],
            "year": ["1995", " 1995 ", None],
        }
    )


def aligned(catalog, ratings):
    return catalog.aligned(ratings.items, RatingMatrix.from_ratings(ratings)).frame


def test_columns_are_tidied(films):
    catalog = Catalog.from_frame(films, item="id", title="name")
    assert catalog.frame.schema == {
        "item_id": pl.Int64,
        "title": pl.String,
        "year": pl.Int32,
        "genres": pl.String,
        "runtime": pl.Int64,
    }
    assert catalog.frame.rows()[0] == (6, "Heat", 1995, "Crime|Drama", 170)
    assert catalog.frame["year"].to_list() == [1995, 1995, None]
    assert len(catalog) == 3
    assert repr(catalog) == "Catalog(3 items: title, year, genres, runtime)"


def test_any_frame(films):
    flat = films.with_columns(pl.col("genres").list.join("|"))
    expected = Catalog.from_frame(flat, item="id", title="name").frame
    pandas = pd.DataFrame({name: flat[name].to_list() for name in flat.columns})
    for frame in (pandas, flat.to_arrow(), flat.lazy(), duckdb.from_arrow(flat.to_arrow())):
        assert Catalog.from_frame(frame, item="id", title="name").frame.equals(expected)
    lists = pd.DataFrame({"item_id": [1], "genres": [["a", "b"]]})
    assert Catalog.from_frame(lists).frame.rows() == [(1, "a|b")]


def test_missing_values_of_pandas_are_null():
    frame = pd.DataFrame(
        {"item_id": [1, 2], "title": ["x", None], "year": [1999.0, np.nan], "price": [1.5, np.nan]}
    )
    assert Catalog.from_frame(frame).frame.rows() == [(1, "x", 1999, 1.5), (2, None, None, None)]


def test_ids_alone():
    items = Vocabulary.from_ids(["b", "a"])
    assert Catalog.from_items(items).frame.rows() == [("a",), ("b",)]
    assert repr(Catalog.from_items(items)) == "Catalog(2 items: ids only)"


def test_aligned(films):
    ratings = Ratings.from_arrays([1, 1, 2], [16, 99, 16], [4, 3, 5])
    frame = aligned(Catalog.from_frame(films, item="id", title="name"), ratings)
    assert frame.columns == ["item_id", "title", "year", "genres", "n_ratings", "mean_rating", "runtime"]
    assert frame.rows() == [
        (16, "Casino", 1995, "Crime", 2, 4.5, 178),
        (99, None, None, None, 1, 3.0, None),
        (6, "Heat", 1995, "Crime|Drama", 0, None, 170),
        (1, "Amélie", None, None, 0, None, 88),
    ]
    assert frame.schema["n_ratings"] == pl.Int64
    assert frame.schema["mean_rating"] == pl.Float64


def test_aligned_twice_is_aligned_once(films):
    ratings = Ratings.from_arrays([1, 1, 2], [16, 99, 16], [4, 3, 5])
    matrix = RatingMatrix.from_ratings(ratings)
    once = Catalog.from_frame(films, item="id").aligned(ratings.items, matrix)
    assert once.aligned(ratings.items, matrix).frame.equals(once.frame)


def test_aligned_without_metadata():
    ratings = Ratings.from_arrays([1, 1], ["x", "y"], [4, 3])
    assert aligned(Catalog.from_items(ratings.items), ratings).rows() == [("x", 1, 4.0), ("y", 1, 3.0)]


def test_own_counts_give_way():
    ratings = Ratings.from_arrays([1], [5], [4])
    table = pl.DataFrame({"item_id": [5], "n_ratings": [77], "mean_rating": [1.0]})
    assert aligned(Catalog.from_frame(table), ratings).rows() == [(5, 1, 4.0)]


def test_uuids():
    ids = [UUID(int=2), UUID(int=1)]
    catalog = Catalog.from_frame(pd.DataFrame({"item_id": ids, "title": ["two", "one"]}))
    ratings = Ratings.from_arrays([1], [ids[0]], [4])
    assert catalog.kind == "uuid"
    assert aligned(catalog, ratings)["title"].to_list() == ["two", "one"]


def test_a_catalog_of_other_items():
    ratings = Ratings.from_arrays([1], [5], [4])
    with pytest.warns(
        CatalogWarning,
        match="none of the 1 items in the catalog is among the 1 rated items: is its id column",
    ):
        aligned(Catalog.from_frame(pl.DataFrame({"item_id": [6]})), ratings)


@pytest.mark.parametrize(("rated", "known"), [([5], ["5"]), (["5"], [5])])
def test_ids_of_two_types(rated, known):
    ratings = Ratings.from_arrays([1], rated, [4])
    with pytest.raises(
        TypeError,
        match=r"item ids of the catalog must be \w+s as in the ratings; got \w+s .* Cast one of the two",
    ):
        aligned(Catalog.from_frame(pl.DataFrame({"item_id": known})), ratings)


def test_find():
    titles = ["The Naked Gun", "Naked Lunch", "AMÉLIE", "Ame\u0301lie 2", None, "a.b"]
    catalog = Catalog.from_frame(
        pl.DataFrame({"item_id": range(6), "title": titles, "key": [*"xxxxx", "Gun, The"]})
    )
    assert catalog.find("naked").tolist() == [0, 1]
    assert catalog.find("gun").tolist() == [0, 5]
    assert catalog.find("Amélie").tolist() == [2, 3]
    assert catalog.find("amélie", exact=True).tolist() == [2]
    assert catalog.find(".").tolist() == [5]
    assert catalog.find("gun, the", exact=True).tolist() == [5]
    assert catalog.find("nothing").tolist() == []
    assert Catalog.from_items(Vocabulary.from_ids([1])).find("x").tolist() == []


def test_rows():
    catalog = Catalog.from_frame(pl.DataFrame({"item_id": [5, 6, 7]}))
    assert catalog.rows([2, 0])["item_id"].to_list() == [7, 5]


@pytest.mark.parametrize(
    ("columns", "options", "error", "message"),
    [
        ({"id": [1]}, {}, ValueError, "column 'item_id' must be in the catalog; got the columns 'id'. "),
        (
            {"item_id": [1]},
            {"title": "name"},
            ValueError,
            "column 'name' must be in the catalog; got the columns 'item_id'",
        ),
        (
            {"item_id": [1, None]},
            {},
            ValueError,
            "column 'item_id' of the catalog must have an id in every row; got null at 0-based row 1",
        ),
        ({"item_id": [1.0]}, {}, TypeError, "column 'item_id' of the catalog must hold ids; got Float64"),
        (
            {"item_id": [3, 1, 3]},
            {},
            ValueError,
            "the catalog must contain each item once; got item_id 3 at 0-based row 0 and again at "
            "0-based row 2",
        ),
        (
            {"item_id": [1, 2], "year": ["1999", "soon"]},
            {},
            ValueError,
            "column 'year' of the catalog must hold years as whole numbers; got 'soon' at 0-based row 1",
        ),
        (
            {"item_id": [1], "year": [1999.5]},
            {},
            ValueError,
            "must hold years as whole numbers; got 1999.5 at 0-based row 0",
        ),
        (
            {"item_id": ["a"], "id": [1]},
            {"item": "id"},
            ValueError,
            "column 'item_id' of the catalog would appear twice: rename it, or pass it as item=",
        ),
        (
            {"name": ["a"], "item_id": [1], "title": ["b"]},
            {"title": "name"},
            ValueError,
            "column 'title' of the catalog would appear twice",
        ),
    ],
)
def test_refused(columns, options, error, message):
    with pytest.raises(error, match=message):
        Catalog.from_frame(pl.DataFrame(columns), **options)
