"""Tables of other libraries come in as they are, and all of them as the same ratings."""

import deltalake
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest

import palate
from palate.io.sql import read_sql

FRAME = pl.DataFrame(
    {
        "user_id": ["al", "al", "bo", "cy"],
        "item_id": [1, 2, 1, 3],
        "rating": [1.0, 2.0, 3.0, 4.0],
        "note": ["x"] * 4,
    }
)


class Stream:
    """What nothing but Arrow's C stream can be asked of, and once alone."""

    def __init__(self, table):
        self.tables = [table]

    def __arrow_c_stream__(self, requested_schema=None):
        return self.tables.pop().__arrow_c_stream__(requested_schema)


def in_files(folder):
    for part in range(2):
        FRAME[2 * part : 2 * part + 2].write_parquet(folder / f"{part}.parquet")
    return folder


def delta(folder):
    """Return a Delta table of which a later version left out what an earlier one had."""
    deltalake.write_deltalake(folder / "delta", FRAME.with_columns(rating=pl.lit(5.0)).to_arrow())
    deltalake.write_deltalake(folder / "delta", FRAME.to_arrow(), mode="overwrite")
    return deltalake.DeltaTable(folder / "delta")


SOURCES = {
    "pandas": lambda folder: FRAME.to_pandas(),
    "lazy": lambda folder: FRAME.lazy(),
    "scanned": lambda folder: pl.scan_parquet(in_files(folder)),
    "arrow table": lambda folder: FRAME.to_arrow(),
    "batch": lambda folder: FRAME.to_arrow().combine_chunks().to_batches()[0],
    "reader": lambda folder: pa.RecordBatchReader.from_batches(
        FRAME.to_arrow().schema, FRAME.to_arrow().to_batches()
    ),
    "dataset": lambda folder: pyarrow.dataset.dataset(in_files(folder)),
    "scanner": lambda folder: pyarrow.dataset.dataset(in_files(folder)).scanner(),
    "stream": lambda folder: Stream(FRAME.to_arrow()),
    "delta": delta,
    "delta dataset": lambda folder: delta(folder).to_pyarrow_dataset(),
    "duckdb": lambda folder: duckdb.connect().sql(f"SELECT * FROM '{in_files(folder)}/*.parquet'"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_any_source_gives_the_same_ratings(tmp_path, name):
    ratings = palate.Ratings.from_frame(SOURCES[name](tmp_path))
    assert ratings.to_frame("polars").rows() == FRAME.drop("note").rows()


@pytest.mark.parametrize("name", SOURCES)
def test_a_missing_column_is_named_whatever_the_source(tmp_path, name):
    with pytest.raises(
        ValueError,
        match=r"column 'stars' must be in the ratings; got the columns 'user_id', 'item_id', 'rating'",
    ):
        palate.Ratings.from_frame(SOURCES[name](tmp_path), rating="stars")


def test_a_delta_folder_is_not_read_past_its_log(tmp_path):
    delta(tmp_path)
    with pytest.raises(ValueError, match=r"must be read as a Delta table.*deltalake.DeltaTable\(FOLDER\)"):
        palate.read(tmp_path / "delta")


def test_a_query_reads_files_and_databases(tmp_path):
    in_files(tmp_path)
    found = read_sql(f"SELECT * FROM '{tmp_path}/*.parquet'").ratings
    assert found.to_frame().rows() == FRAME.drop("note").rows()
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(
            f"CREATE TABLE reviews AS SELECT user_id AS who, item_id AS what, rating::DECIMAL(3, 1) AS "
            f"stars FROM '{tmp_path}/*.parquet'"
        )
    data = read_sql(
        "SELECT * FROM reviews WHERE stars > 1",
        tmp_path / "shop.duckdb",
        user="who",
        item="what",
        scale=(1, 5),
    )
    assert data.ratings.to_frame().rows() == FRAME.drop("note")[1:].rows()
    assert data.name == "shop"


def test_a_query_without_ratings_counts_rows_if_asked():
    query = "SELECT * FROM (VALUES ('al', 1), ('al', 1), ('bo', 2)) AS t(user_id, item_id)"
    with pytest.warns(UserWarning, match="the query has no rating column: each row counts 1"):
        assert read_sql(query, counts=True).ratings.value.tolist() == [2, 1]
    with pytest.raises(ValueError, match="the query must have a rating column"):
        read_sql(query)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "SELECT * FROM nowhere",
            "sql must be a query that DuckDB can run; got 'SELECT . FROM nowhere', for which DuckDB says: "
            "Catalog Error",
        ),
        (
            "SELEC",
            "sql must be a query that DuckDB can run; got 'SELEC', for which DuckDB says: Parser Error",
        ),
        ("CREATE TABLE t (a INT)", "sql must be one query that yields rows, SELECT ...; got"),
        ("COPY (SELECT 1) TO 'stolen.csv'", "sql must be one query that yields rows"),
        ("SELECT 1; SELECT 2", "sql must be one query that yields rows"),
        ("", "sql must be one query that yields rows"),
    ],
)
def test_a_query_that_fails_says_why(query, message):
    with pytest.raises(ValueError, match=message):
        read_sql(query)


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError, match="must be a DuckDB database; there is no file of that name"):
        read_sql("SELECT 1", tmp_path / "shop.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_without_duckdb_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(ImportError, match=r'pip install "palate\[sql\]"'):
        read_sql("SELECT 1")
