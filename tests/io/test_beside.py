"""Which catalog is joined to ratings, on which column, and of which kind ids of text files are."""

import uuid
import warnings

import polars as pl
import pytest

import palate
from palate.data.catalog import CatalogWarning


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def titles(data):
    return dict(zip(data.catalog.frame["item_id"], data.catalog.frame["title"], strict=True))


WORKS = "id,work,title\n1,3,Third\n2,1,First\n3,2,Second\n"


@pytest.mark.parametrize(
    ("item", "catalog", "origin"),
    [
        ("book_id", "id,book_id,title\n1,3,Third\n2,1,First\n3,2,Second\n", "by book_id from books.csv"),
        ("bookId", "id,book_id,title\n1,3,Third\n2,1,First\n3,2,Second\n", "by book_id from books.csv"),
        ("work", WORKS, "by work from books.csv"),
        (
            "movie_id",
            "product_id,item_id,title\n1,3,Third\n2,1,First\n3,2,Second\n",
            "by item_id from books.csv",
        ),
        (
            "book_id",
            "id,book_id,best_book_id,work_id,title\n3,1,1,1,Third\n1,2,2,2,First\n2,3,3,3,Second\n",
            "by id from books.csv",
        ),
    ],
)
@pytest.mark.parametrize("form", ["auto", "table"])
def test_the_ratings_own_column_is_joined(tmp_path, item, catalog, origin, form):
    write(tmp_path, ratings=f"user_id,{item},rating\n1,2,5\n1,3,3\n2,1,2\n", books=catalog)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = (
            palate.read(tmp_path, item=item if form == "table" else None, format=form)
            if item != "work"
            else None
        )
        data = data or palate.read(tmp_path, item=item)
    assert titles(data) == {1: "First", 2: "Second", 3: "Third"}
    assert data.catalog.origin == origin


def test_another_column_is_joined_only_in_a_file_that_was_named(tmp_path):
    write(
        tmp_path,
        log="user_id,sku,rating\n1,2,5\n1,3,3\n",
        items="product_id,sku_code,title\n1,3,Third\n2,1,First\n3,2,B\n",
    )
    with pytest.warns(
        CatalogWarning, match=r"items.csv has no column 'sku' or 'item_id' \(its columns are 'product_id', "
    ):
        assert palate.read(tmp_path / "log.csv", item="sku").catalog is None
    named = palate.read(tmp_path / "log.csv", item="sku", items=tmp_path / "items.csv")
    assert named.catalog.origin == "by product_id from items.csv"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("movies", "id,name\n1,Heat\n", "movies.csv has no column 'movieId' or 'item_id'"),
        (
            "movies",
            "movieId,title,genres\n1,Heat,Crime\n1,Alien,Horror\n",
            "got item_id 1 at line 2 of movies.csv and again at line 3",
        ),
        ("movies", 'movieId,title,genres\n1,"Heat\n', "movies.csv"),
        ("items", "movieId,year\n1,soon\n", "got 'soon' at line 2 of items.csv"),
        ("items", "", "items.csv must hold ratings; got an empty file"),
        ("items", "movieId,order\n1,1\n1,2\n", "at line 2 of items.csv and again at line 3 of items.csv"),
        (
            "books",
            "movieId,title\n77,Heat\n",
            r"none of its 1 ids by movieId from books.csv is among the items rated",
        ),
    ],
)
@pytest.mark.parametrize("form", ["auto", "table"])
def test_a_file_that_nobody_named_never_stops_a_reading(tmp_path, name, text, why, form):
    write(tmp_path, ratings="userId,movieId,rating\n1,1,5\n1,2,3\n", **{name: text})
    with pytest.warns(CatalogWarning, match=why) as caught:
        data = palate.read(tmp_path, format=form)
    assert data.catalog is None
    assert len(data.ratings) == 2
    assert all("items='none'" in str(warning.message) for warning in caught)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert palate.read(tmp_path, format=form, items="none").catalog is None


def test_titles_without_genres_are_taken(tmp_path):
    write(tmp_path, ratings="userId,movieId,rating\n1,1,5\n", movies="movieId,title\n1,Heat\n")
    data = palate.read(tmp_path)
    assert (titles(data), data.catalog.origin) == ({1: "Heat"}, "by movieId from movies.csv")


def test_the_next_file_is_tried(tmp_path):
    write(
        tmp_path,
        ratings="user_id,item_id,rating\n1,a,5\n",
        items="item_id,n\na,1\na,2\n",
        catalog="item_id,title\na,Heat\n",
    )
    with pytest.warns(CatalogWarning, match=r"items.csv"):
        assert titles(palate.read(tmp_path)) == {"a": "Heat"}


def test_repeated_years_of_a_named_catalog_have_lines(tmp_path):
    write(tmp_path, ratings="user_id,item_id,rating\n1,a,5\n", mine="item_id,year\na,1995\n\nb,n/a\n")
    with pytest.raises(ValueError, match=r"column 'year' of the catalog .* got 'n/a' at line 4 of mine.csv"):
        palate.read(tmp_path / "ratings.csv", items=tmp_path / "mine.csv")


@pytest.mark.parametrize("odd", ["0007", "100000020X", "1e5", "9999999999999999999999", "-", " 7"])
def test_ids_of_a_text_file_are_of_the_kind_they_are_to_meet(tmp_path, odd):
    """Whole numbers are text beside a model whose ids are text."""
    write(
        tmp_path,
        train=f"user_id,item_id,rating\nu1,7,5\nu2,{odd},3\n",
        test="user_id,item_id,rating\n1,7,4\n",
    )
    known = palate.read(tmp_path / "train.csv").ratings
    assert palate.read(tmp_path / "test.csv").ratings.items.ids().tolist() == [7]
    found = palate.read(tmp_path / "test.csv", like=known).ratings
    assert (found.users.ids(), found.items.ids()) == (["1"], ["7"])


@pytest.mark.parametrize("odd", ["0007", "100000020X", "1e5", "9999999999999999999999"])
def test_an_id_that_cannot_be_of_the_models_kind_is_named(tmp_path, odd):
    write(tmp_path, test=f"user_id,item_id,rating\n1,7,4\n2,{odd},3\n")
    known = palate.Ratings.from_arrays([1, 2], [7, 8], [1, 2])
    with pytest.raises(
        ValueError,
        match=rf"must contain integers, as the known item ids do \(such as '7'\); got '{odd}' at "
        rf"line 3",
    ):
        palate.read(tmp_path / "test.csv", like=known)


def test_other_kinds(tmp_path):
    ids = [uuid.UUID(int=3), uuid.UUID(int=9)]
    known = palate.Ratings.from_arrays(ids, [2**63, 2**64 - 1], [1, 2])
    rows = "".join(
        f"{str(one).upper()},{item},3\n" for one, item in zip(ids, (2**63, 2**64 - 1), strict=True)
    )
    write(
        tmp_path,
        test="user_id,item_id,rating\n" + rows,
        bad=f"user_id,item_id,rating\n{ids[0]},{2**64},3\n",
        small="user_id,item_id,rating\nx,7,3\n",
    )
    found = palate.read(tmp_path / "test.csv", like=known).ratings
    assert found.users.ids() == ids
    assert found.items.ids().tolist() == [2**63, 2**64 - 1]
    with pytest.raises(ValueError, match=f"got '{2**64}' at line 2"):
        palate.read(tmp_path / "bad.csv", like=known)
    with pytest.raises(ValueError, match=r"must contain UUIDs.*got 'x' at line 2"):
        palate.read(tmp_path / "small.csv", like=known)


def test_files_with_types_are_not_turned(tmp_path):
    pl.DataFrame({"user_id": [1], "item_id": [7], "rating": [3]}).write_parquet(tmp_path / "t.parquet")
    known = palate.Ratings.from_arrays([1], ["7"], [1])
    with pytest.raises(
        TypeError,
        match=r"column 'item_id' of t.parquet must hold strings, .* got integers .* save the table as CSV",
    ):
        palate.read(tmp_path / "t.parquet", like=known)
    assert palate.read(
        tmp_path / "t.parquet", like=palate.Ratings.from_arrays([1], [7], [1])
    ).ratings.items.ids().tolist() == [7]
