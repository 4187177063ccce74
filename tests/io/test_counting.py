"""Counting a table without holding it: the same numbers as reading it, and what cannot be counted."""

import gzip

import numpy as np
import polars as pl
import pytest

import palate
from palate._checks import ArgumentError
from palate.io.counting import TableSize, count


@pytest.fixture
def table():
    rng = np.random.default_rng(4)
    pairs = pl.DataFrame({"userId": rng.integers(0, 60, 900), "movieId": rng.integers(0, 80, 900)}).unique(
        maintain_order=True
    )
    return pairs.with_columns(rating=pl.Series(rng.integers(1, 6, len(pairs)) * 1.0))


@pytest.mark.parametrize("name", ["r.parquet", "r.csv", "r.tsv", "r[1].csv", "r[1].parquet"])
def test_a_file_is_counted_as_it_is_read(tmp_path, table, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        table.write_parquet(path)
    else:
        table.write_csv(path, separator="\t" if name.endswith("tsv") else ",")
    read = palate.read(path).ratings
    assert count(path) == TableSize(len(read), read.n_users, read.n_items)


def test_a_folder_of_part_files_is_counted_as_one_table(tmp_path, table):
    for number in range(3):
        table[number * 100 : (number + 1) * 100].write_parquet(tmp_path / f"part-{number:05}.parquet")
    assert count(tmp_path).n_ratings == 300
    assert count(tmp_path).n_items == table[:300]["movieId"].n_unique()


def test_columns_are_named_as_in_reading(tmp_path, table):
    path = tmp_path / "r.csv"
    table.rename({"userId": "who", "movieId": "what"}).write_csv(path)
    with pytest.raises(ValueError, match="user"):
        count(path)
    assert count(path, user="who", item="what").n_users == table["userId"].n_unique()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("r.csv.gz", gzip.compress(b"user_id,item_id,rating\n1,2,3\n", mtime=0), "uncompressed"),
        ("r.dat", b"1::2::3\n1::3::4\n", "one character"),
        ("r.jsonl", b'{"user_id": 1, "item_id": 2, "rating": 3}\n', "uncompressed text"),
        ("r.parquet", b"PAR1 and no more", "sound .*(Parquet|table)"),
    ],
    ids=["gzip", "two colons", "JSON Lines", "damaged"],
)
def test_what_cannot_be_counted_is_refused(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        count(path)


def test_part_files_of_two_schemas_are_refused(tmp_path, table):
    table.write_parquet(tmp_path / "part-0.parquet")
    table.rename({"rating": "stars"}).write_parquet(tmp_path / "part-1.parquet")
    with pytest.raises(ValueError, match=r"sound table.*stars"):
        count(tmp_path)


def test_a_damaged_part_file_is_named(tmp_path, table):
    for part in range(3):
        table.write_parquet(tmp_path / f"part-{part}.parquet")
    (tmp_path / "part-1.parquet").write_bytes((tmp_path / "part-1.parquet").read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"^part-1.parquet must be a sound table"):
        count(tmp_path)


def test_a_panic_of_polars_is_told_as_damage(tmp_path, table, monkeypatch):
    table.write_parquet(tmp_path / "t.parquet")

    def panics(*arguments, **options):
        raise pl.exceptions.PanicException("called `Result::unwrap()` on an `Err` value")

    monkeypatch.setattr(pl.LazyFrame, "collect", panics)
    with pytest.raises(ValueError, match=r"^t.parquet must be a sound table; .* its data are damaged"):
        count(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="the data that it is of are damaged"):
        palate.Ratings.from_frame(pl.scan_parquet(tmp_path / "t.parquet"), user="userId", item="movieId")


@pytest.mark.parametrize("encoding", ["klingon", "hex", ".", "\0"])
def test_an_encoding_that_is_none_is_refused(tmp_path, table, encoding):
    table.write_csv(tmp_path / "r.csv")
    for reads in (count, palate.read):
        with pytest.raises(ArgumentError, match="encoding must be one that Python knows, such as 'utf-8' or"):
            reads(tmp_path / "r.csv", encoding=encoding)
