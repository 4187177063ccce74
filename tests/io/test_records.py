"""JSON Lines, Netflix' blocks, RecBole's typed columns, and folders of part files."""

import gzip
import json

import polars as pl
import pytest

import palate

ROWS = [("u1", "0007", 5.0, 1252800000), ("u2", "0007", 3.5, 1252800001)]
KEYS = ["reviewerID", "asin", "overall", "timestamp"]
LINES = "\n".join(json.dumps(dict(zip(KEYS, row, strict=True)) | {"helpful": [1, 2]}) for row in ROWS) + "\n"


@pytest.mark.parametrize("name", ["r.json", "r.jsonl", "r.ndjson.gz"])
def test_json_lines(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(
        gzip.compress(LINES.encode()) if name.endswith("gz") else b"\xef\xbb\xbf" + LINES.encode()
    )
    assert palate.read(path).ratings.to_frame().rows() == ROWS
    assert palate.read(path, user="asin", item="reviewerID").ratings.to_frame().rows()[0] == (
        "0007",
        "u1",
        5.0,
        1252800000,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"user":1,"item":2,"rating":3}\n\n{"user":1,"item"',
            r"must hold one JSON object per line; got '\{\"user\":1,\"item\"' at line 3",
        ),
        (
            '{"user":1,"item":2,"rating":3}\n[1]\n',
            r"must hold one JSON object per line; got '\[1\]' at line 2",
        ),
        (
            '{"user":1,"item":2,"rating":3}\n{"user":1,"item":3,"rating":"x"}\n',
            "column 'rating' must hold numbers; got 'x' at line 2",
        ),
        (
            '{"user":1,"item":2,"rating":3}\n{"user":1,"rating":3}\n',
            "column 'item' must have an id in every row; got null at line 2",
        ),
        ('{"user":1,"item":"a\\nb","rating":3}\n', "must hold ids without tabs and line ends"),
        (
            '{"user":1,"thing":2,"rating":3}\n',
            "must have an item column; got the columns 'user', 'thing', 'rating'",
        ),
        ('[\n {"user":1}]', "it is one list of them. Write one per line: jq -c"),
    ],
)
def test_json_that_is_wrong(tmp_path, text, message):
    path = tmp_path / "r.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        palate.read(path)


NETFLIX = "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n822109,4,2005-05-14\n"
NETFLIX_ROWS = [(822109, 1, 5.0, 1115942400), (822109, 2, 4.0, 1116028800), (1488844, 1, 3.0, 1125964800)]


@pytest.mark.parametrize("size", [7, 1 << 20])
def test_netflix(tmp_path, monkeypatch, size):
    monkeypatch.setattr("palate.io.blocks.BLOCK", size)
    (tmp_path / "combined_data_1.txt").write_text(NETFLIX)
    (tmp_path / "movie_titles.csv").write_bytes("1,2003,Dinosaur, the Planet\n2,NULL,Léa\n".encode("latin-1"))
    data = palate.read(tmp_path)
    assert data.ratings.to_frame().rows() == NETFLIX_ROWS
    assert data.ratings.scale == (1.0, 5.0)
    assert data.catalog.frame.rows() == [(1, "Dinosaur, the Planet", 2003), (2, "Léa", None)]
    path = tmp_path / "bad.txt"
    path.write_text(NETFLIX + "x,4,2005-05-14\n")
    with pytest.raises(ValueError, match=r"must hold whole numbers; got 'x' at line 6 of bad.txt"):
        palate.read(path)


def test_netflix_in_several_files(tmp_path):
    (tmp_path / "combined_data_1.txt").write_text(NETFLIX[: NETFLIX.index("2:")])
    (tmp_path / "combined_data_2.txt").write_text(NETFLIX[NETFLIX.index("2:") :])
    assert palate.read(tmp_path).ratings.to_frame().rows() == NETFLIX_ROWS


def test_typed_columns(tmp_path):
    path = tmp_path / "ml.inter"
    path.write_text("user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t3\t881250949\n")
    assert palate.read(path).ratings.to_frame().rows() == [(1, 2, 3.0, 881250949)]


@pytest.mark.parametrize("header", [True, False])
def test_folders_of_part_files(tmp_path, header):
    folder = tmp_path / "ratings.csv"
    folder.mkdir()
    names = "user_id,item_id,rating\n" if header else ""
    (folder / "part-00000-a.csv").write_text(names + "1,7,3\n1,8,4")
    (folder / "part-00001-a.csv.gz").write_bytes(gzip.compress((names + "1,7,3\n2,8,5\n").encode()))
    (folder / "part-00002-a.csv").write_text(names)
    (folder / "_SUCCESS").write_text("")
    (folder / ".part-00000-a.csv.crc").write_bytes(b"\0")
    how = {} if header else {"header": False, "user": "1", "item": "2", "rating": "3"}
    data = palate.read(folder, duplicates="mean", **how)
    assert data.ratings.to_frame().rows() == [(1, 7, 3.0), (1, 8, 4.0), (2, 8, 5.0)]
    assert data.ratings.n_duplicates == 1  # a first row that comes again is a row


def test_folders_of_parquet_parts(tmp_path):
    for day in (1, 2):
        (tmp_path / f"day={day}").mkdir()
        frame = pl.DataFrame({"user_id": [day], "item_id": ["a"], "rating": [day + 1.0]})
        frame.write_parquet(tmp_path / f"day={day}" / "part-00000.snappy.parquet")
    assert palate.read(tmp_path).ratings.to_frame().rows() == [(1, "a", 2.0), (2, "a", 3.0)]


def test_a_folder_of_parquet_files_of_any_names_is_one_table(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    rows = pl.DataFrame({"user_id": [1, 2, 3], "item_id": ["a", "b", "a"], "rating": [4, 2, 5]})
    rows[:2].write_parquet(folder / "january.parquet")
    more = rows[2:].with_columns(pl.col("user_id").cast(pl.Int32), pl.col("rating").cast(pl.Int16))
    more.select("rating", "item_id", "user_id").write_parquet(folder / "february.parquet")
    assert palate.read(folder).ratings.to_frame().rows() == [(1, "a", 4.0), (2, "b", 2.0), (3, "a", 5.0)]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (None, r"^march\.parquet must be a sound Parquet file; reading it failed"),
        ({"user_id": [1], "title": ["Heat"]}, r"march\.parquet"),
        (
            {"user_id": ["x"], "item_id": [7], "rating": [1.0]},
            r"column 'user_id' of march\.parquet must be of .* in january\.parquet, Int64; got String",
        ),
    ],
    ids=["damaged", "another table", "another type"],
)
def test_a_parquet_file_that_does_not_go_with_the_others_is_named(tmp_path, other, said):
    whole = {"user_id": [1, 2], "item_id": [7, 8], "rating": [4.0, 2.0]}
    pl.DataFrame(whole).write_parquet(tmp_path / "january.parquet")
    pl.DataFrame(whole if other is None else other).write_parquet(tmp_path / "march.parquet")
    if other is None:
        (tmp_path / "march.parquet").write_bytes((tmp_path / "march.parquet").read_bytes()[:-40])
    with pytest.raises((ValueError, TypeError), match=said):
        palate.read(tmp_path)
