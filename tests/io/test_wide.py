"""Tables with a column for each item, and catalogs whose columns are named."""

import polars as pl
import pytest

import palate

ROWS = [(1, 10, 3.0), (1, 20, 4.5), (2, 20, 1.0)]


@pytest.mark.parametrize("name", ["w.csv", "w.parquet"])
def test_a_column_for_each_item(tmp_path, name):
    frame = pl.DataFrame(
        {"user": [1, 2], "10": [3.0, 99], "20": [4.5, 1.0], "30": [None, None]},
        schema_overrides={"30": pl.Float64},
    )
    (frame.write_csv if name.endswith("csv") else frame.write_parquet)(tmp_path / name)
    assert palate.read(tmp_path / name, format="wide", missing=99).ratings.to_frame().rows() == ROWS
    with pytest.raises(ValueError, match=r"got none called 'who'"):
        palate.read(tmp_path / name, format="wide", user="who")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",a,b\n1,3,x\n", r"cells must hold numbers; got 'x' at line 2 of w.csv, column 'b'"),
        (",a,a\n1,3,4\n", "got 'a' twice"),
        (",a,b\n1,,\n", "must hold ratings in the columns behind its user ids; got none"),
    ],
)
def test_wide_tables_that_are_wrong(tmp_path, text, message):
    (tmp_path / "w.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        palate.read(tmp_path / "w.csv", format="wide")


def test_an_index_without_a_name_and_decimal_commas(tmp_path):
    (tmp_path / "w.csv").write_text(";a;b\nann;3,5;\nbo;;2\n")
    found = palate.read(tmp_path / "w.csv", format="wide", decimal=",").ratings.to_frame().rows()
    assert found == [("ann", "a", 3.5), ("bo", "b", 2.0)]


def test_points_are_no_decimal_commas(tmp_path):
    (tmp_path / "w.csv").write_text("user;a;b\n1;2,5;1.5\n")
    with pytest.raises(
        ValueError, match=r"cells must hold numbers; got '1.5' at line 2 of w.csv, column 'b'"
    ):
        palate.read(tmp_path / "w.csv", format="wide", decimal=",")


def test_columns_of_a_catalog_by_name(tmp_path):
    (tmp_path / "r.csv").write_text("user_id,item_id,rating\n1,5,3\n")
    path = tmp_path / "c.csv"
    path.write_text("key_no,headline,released,kinds,title\n5,Heat,1995,Crime|Drama,wrong\n")
    data = palate.read(
        tmp_path / "r.csv",
        items=path,
        items_id="key_no",
        items_title="headline",
        items_year="released",
        items_genres="kinds",
    )
    assert data.catalog.frame.rows() == [(5, "Heat", 1995, "Crime|Drama", "wrong")]
    with pytest.raises(
        ValueError, match=r"column 'kind' must be in c.csv; .* Did you mean items_genres='kinds'"
    ):
        palate.read(tmp_path / "r.csv", items=path, items_id="key_no", items_genres="kind")
    with pytest.raises(ValueError, match=r"items_id must be given with items"):
        palate.read(tmp_path / "r.csv", items_id="key_no")
