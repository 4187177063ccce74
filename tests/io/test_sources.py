"""Where tables come from: pipes, compressed files, endings of any case, and what is no table at all."""

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import threading
import zipfile

import polars as pl
import pytest

import palate
from palate.io.spool import spooled
from palate.io.tables import whole_table

TEXT = "user_id,item_id,rating\n1,a,3\n2,a,4\n1,b,5\n"
ROWS = [(1, "a", 3.0), (1, "b", 5.0), (2, "a", 4.0)]


def fed(path, data):
    """Make a named pipe that yields data once."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(data,), daemon=True).start()
    return path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_named_pipe(tmp_path, pack):
    data = palate.read(fed(tmp_path / "pipe", pack(TEXT.encode())))
    assert data.ratings.to_frame().rows() == ROWS
    with pytest.raises(ValueError, match=r"pipe must hold a table; got nothing"):
        palate.read(fed(tmp_path / "empty pipe", b""))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_catalog_and_a_plain_table_from_a_pipe(tmp_path):
    (tmp_path / "ratings.csv").write_text(TEXT)
    catalog = palate.read(
        tmp_path / "ratings.csv", items=fed(tmp_path / "items", b"item_id,title\na,Heat\n")
    ).catalog
    assert catalog.frame.rows() == [("a", "Heat")]
    assert whole_table(fed(tmp_path / "users", b"user_id,age\n1,30\n")).rows() == [(1, 30)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_the_copy_of_a_pipe_is_removed(tmp_path):
    spool = spooled(fed(tmp_path / "pipe", b"x"))
    copy = spool.copy
    assert copy.read_bytes() == b"x"
    del spool
    assert not copy.exists()


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input(name):
    code = f"import palate; print(palate.read({name!r}).ratings.to_frame().rows())"
    done = subprocess.run(
        [sys.executable, "-c", code], input=TEXT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(ROWS), done.stderr


@pytest.mark.parametrize(
    ("ending", "pack"), [(".bz2", bz2.compress), (".xz", lzma.compress), (".GZ", gzip.compress)]
)
def test_compressed_files(tmp_path, ending, pack):
    path = tmp_path / f"ratings.csv{ending}"
    path.write_bytes(pack(TEXT.encode()))
    for place in (path, tmp_path):
        assert palate.read(place).ratings.to_frame().rows() == ROWS
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(path, f"set/{path.name}")
    assert palate.read(tmp_path / "set.zip").ratings.to_frame().rows() == ROWS
    path.write_bytes(pack(TEXT.encode() * 99)[:-9])
    with pytest.raises(ValueError, match=r"ratings.csv must be a sound compressed file; unpacking it failed"):
        palate.read(path)


@pytest.mark.parametrize("name", ["r.pq", "RATINGS.PARQUET", "r.parq", "no ending", "r.feather", "r.Arrow"])
def test_columnar_files_of_any_name(tmp_path, name):
    frame = pl.DataFrame(ROWS, schema=["user_id", "item_id", "rating"], orient="row")
    path = tmp_path / name
    (frame.write_ipc if name.lower().endswith(("feather", "arrow")) else frame.write_parquet)(path)
    assert palate.read(path).ratings.to_frame().rows() == ROWS
    assert palate.read(tmp_path).ratings.to_frame().rows() == ROWS
    assert whole_table(path).rows() == ROWS
    assert whole_table(path, typed=False)["rating"].to_list() == ["3.0", "5.0", "4.0"]


def test_names_in_capitals(tmp_path):
    (tmp_path / "RATINGS.CSV").write_text("userId,movieId,rating\n1,2,3\n")
    (tmp_path / "Movies.csv").write_text("movieId,title,genres\n2,Heat (1995),Crime\n")
    assert palate.read(tmp_path).catalog.frame["title"].to_list() == ["Heat"]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            r"it is an Excel workbook. Save the table as CSV \(in Excel: File, Save As, CSV UTF-8\)",
        ),
        (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file"),
        (
            b"SQLite format 3\0",
            "it is an SQLite database. Save the table as CSV: sqlite3 -header -csv t.x 'SELECT",
        ),
        (b"\x28\xb5\x2f\xfd\0", "it is compressed by Zstandard. Unpack it: zstd -d t.x"),
        (b"\x80\x04\x95", "it is a pickle, which palate never loads"),
        (b"x" * 257 + b"ustar\0", "it is a tar archive. Unpack it: tar -xf t.x"),
    ],
)
def test_what_is_no_table(tmp_path, start, message):
    path = tmp_path / "t.x"
    path.write_bytes(start)
    for read in (palate.read, whole_table):
        with pytest.raises(ValueError, match=f"t.x must be a table of ratings; {message}"):
            read(path)


def test_a_workbook(tmp_path):
    path = tmp_path / "ratings.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(
        ValueError,
        match=r"ratings.xlsx must be a table in text or Parquet; it is an Excel workbook. Save the sheet "
        r"as CSV first",
    ):
        palate.read(path)


def test_models_and_tables_are_not_mixed_up(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(TEXT)
    with pytest.raises(
        ValueError, match=r"it is text, such as a CSV table of ratings, not a palate model; train a model"
    ):
        palate.load(path)
    model = palate.Baseline().fit(palate.read(path).ratings, validation=0)
    model.save(tmp_path / "m.palate")
    with pytest.raises(ValueError, match=r"m.palate must be a table of ratings; it is a model of palate"):
        palate.read(tmp_path / "m.palate")
