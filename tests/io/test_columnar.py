"""Parquet and Arrow files are read block by block; nobody must be able to tell from the result."""

import gzip
import warnings
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow
import pyarrow.ipc
import pytest

import palate
from palate.data.duplicates import DuplicateRatingsWarning
from palate.data.ids import CodedIds
from palate.data.vocabulary import Vocabulary
from palate.io import columnar
from palate.io.layout import ReadingWarning
from palate.io.parts import Integers, Keys
from palate.io.sources import file_source

N = 40
PLAYERS = [f"user-{(7 * row) % 9}" for row in range(N)]
IDS = {
    "small": pl.Series([(7 * row) % 9 for row in range(N)], dtype=pl.Int16),
    "wide": pl.Series([10**15 + (7 * row) % 9 for row in range(N)]),
    "wide at the end": pl.Series([(7 * row) % 9 + (row > 35) * 2**40 for row in range(N)]),
    "negative": pl.Series([-(2**50) + (7 * row) % 9 for row in range(N)]),
    "unsigned": pl.Series([(7 * row) % 9 for row in range(N)], dtype=pl.UInt64),
    "beyond 64 bits with a sign": pl.Series(
        [(7 * row) % 9 + (row > 35) * 2**63 for row in range(N)], dtype=pl.UInt64
    ),
    "decimal": pl.Series([Decimal((7 * row) % 9) for row in range(N)], dtype=pl.Decimal(38, 0)),
    "text": pl.Series(PLAYERS),
    "categorical": pl.Series(PLAYERS, dtype=pl.Categorical),
    "enum": pl.Series(PLAYERS, dtype=pl.Enum(sorted(set(PLAYERS)))),
}
TIMES = {
    "seconds": [10**9 + 3 * row for row in range(N)],
    "days written as numbers": [20200101 + row % 28 for row in range(N)],
    "fractions": [1.5 * row for row in range(N)],
    "dates": [date(2020, 1, 1) + timedelta(row) for row in range(N)],
    "datetimes": [datetime(2020, 1, 1) + timedelta(milliseconds=row) for row in range(N)],
    "texts": [f"2020-01-{1 + row % 28:02} 12:00" for row in range(N)],
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(columnar, "BLOCK", 6)
    monkeypatch.setattr("palate.io.parts._AT_ONCE", 10)


def table(users=IDS["small"], **columns):
    given = {"item_id": [row // 9 for row in range(N)], "rating": [row % 5 + 0.5 for row in range(N)]}
    return pl.DataFrame({"user_id": users, **given, **columns})


def same(found, frame, **how):
    """Assert that ratings are those of a frame, to the bit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = palate.Ratings.from_frame(frame, **how)
    assert (found.users, found.items) == (expected.users, expected.items)
    for name in ("user_index", "item_index", "value", "timestamp"):
        one, other = getattr(found, name), getattr(expected, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert one.dtype == other.dtype, name
            np.testing.assert_array_equal(one, other, name)
    assert found.n_duplicates == expected.n_duplicates


@pytest.mark.parametrize("group", [3, 6, 17, N])
@pytest.mark.parametrize("ids", IDS)
def test_ids_of_any_type_in_row_groups_of_any_size(tmp_path, ids, group):
    frame = table(IDS[ids])
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=group)
    same(palate.read(tmp_path / "t.parquet").ratings, frame)


@pytest.mark.parametrize("ids", ["small", "wide", "text", "categorical"])
def test_arrow_files_and_compressed_ones(tmp_path, ids):
    frame = table(IDS[ids])
    batches = frame.to_arrow()
    with pyarrow.ipc.new_file(tmp_path / "t.arrow", batches.schema) as file:
        file.write_table(batches, max_chunksize=7)
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=7)
    (tmp_path / "packed.parquet.gz").write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
    for name in ("t.arrow", "packed.parquet.gz"):
        same(palate.read(tmp_path / name).ratings, frame)


@pytest.mark.parametrize("name", ["a[1].parquet", "what?.parquet", "*.arrow"])
def test_a_name_is_no_pattern(tmp_path, name):
    frame = table()
    write = frame.write_ipc if name.endswith("arrow") else frame.write_parquet
    write(tmp_path / "plain")
    (tmp_path / "plain").rename(tmp_path / name)
    same(palate.read(tmp_path / name).ratings, frame)


@pytest.mark.parametrize("kind", TIMES)
def test_times(tmp_path, kind):
    frame = table(timestamp=TIMES[kind])
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=7)
    if kind == "texts":
        frame = frame.with_columns(pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", palate.data.times.TimeUnitWarning)
        same(palate.read(tmp_path / "t.parquet").ratings, frame, timestamp="timestamp")


def test_no_more_than_a_block_of_rows_is_held(tmp_path, monkeypatch):
    table().write_parquet(tmp_path / "t.parquet", row_group_size=N)
    source = file_source(tmp_path / "t.parquet")
    blocks = list(columnar._blocks(source, ["rating", "user_id"]))
    assert [block.height for block in blocks] == [6, 6, 6, 6, 6, 6, 4]
    assert pl.concat(blocks).equals(table().select("rating", "user_id"))
    monkeypatch.setattr(columnar, "BLOCK", 1)  # blocks of a large file grow with it
    assert {block.height for block in columnar._blocks(source, ["rating"])} == {2}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("user_id", None, "column 'user_id' must have an id in every row; got null at 0-based row 33 of t"),
        ("item_id", None, "column 'item_id' must have an id in every row; got null at 0-based row 33 of t"),
        ("rating", None, "column 'rating' must have a number in every row; got null at 0-based row 33 of t"),
        ("rating", float("nan"), "column 'rating' must hold finite numbers; got nan at 0-based row 33 of t"),
        ("timestamp", None, "column 'timestamp' must have a time in every row; got null at 0-based row 33"),
    ],
)
def test_a_bad_cell_of_a_late_row_group_is_named(tmp_path, column, value, message):
    frame = table(timestamp=TIMES["seconds"])
    frame = frame.with_columns(
        pl.when(pl.int_range(N) == 33).then(value).otherwise(pl.col(column)).alias(column)
    )
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=7)
    with pytest.raises(ValueError, match=message):
        palate.read(tmp_path / "t.parquet")


def test_rows_keep_their_numbers_where_others_are_left_out(tmp_path):
    frame = table().with_columns(
        user_id=pl.when(pl.int_range(N) == 4).then(None).otherwise("user_id"),
        rating=pl.when(pl.int_range(N).is_in([2, 20])).then(-1.0).otherwise("rating"),
    )
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=7)
    how = {"missing": -1, "skip_empty": True}
    with pytest.warns(ReadingWarning) as noted:
        found = palate.read(tmp_path / "t.parquet", **how).ratings
    assert [str(note.message) for note in noted] == [
        "2 of 40 rows of t.parquet hold '-1' for a rating and are left out.",
        "1 of 40 rows of t.parquet have no user, item or rating and are left out.",
    ]
    same(found, frame.filter(pl.col("rating") > 0).drop_nulls())
    frame[30, "rating"] = float("inf")
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=7)
    with pytest.raises(ValueError, match=r"got inf at 0-based row 30 of t.parquet"):
        palate.read(tmp_path / "t.parquet", **how)
    frame[30, "rating"] = 99.0
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=7)
    with (
        pytest.warns(ReadingWarning),
        pytest.raises(ValueError, match=r"got 99 at 0-based row 30 of t.parquet"),
    ):
        palate.read(tmp_path / "t.parquet", scale=(0.5, 5), **how)


@pytest.mark.parametrize("ids", ["small", "wide", "text"])
def test_pairs_that_repeat_across_row_groups(tmp_path, ids):
    frame = table(IDS[ids])
    frame = pl.concat([frame, frame[[3, 4]].with_columns(rating=pl.lit(5.0))])
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=5)
    for duplicates in ("last", "mean"):
        with pytest.warns(DuplicateRatingsWarning, match="2 rows repeat"):
            found = palate.read(tmp_path / "t.parquet", duplicates=duplicates).ratings
        same(found, frame, duplicates=duplicates)
    with pytest.raises(ValueError, match=r"at 0-based row 4 of t.parquet and 0-based row 41 of t.parquet, "):
        palate.read(tmp_path / "t.parquet", duplicates="error")


@pytest.mark.parametrize("keep", [0.1, 0.7, 0.99])
def test_a_file_that_ends_too_early(tmp_path, keep):
    path = tmp_path / "t.parquet"
    table().write_parquet(path, row_group_size=5)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"^t.parquet must be a sound Parquet file; reading it failed: "):
        palate.read(path)


def test_a_late_row_group_that_is_damaged(tmp_path):
    path = tmp_path / "t.parquet"
    users = np.random.default_rng(0).integers(0, 1000, 4000)
    frame = pl.DataFrame({"user_id": users, "item_id": range(4000), "rating": [3.0] * 4000})
    frame.write_parquet(path, row_group_size=500, compression="zstd")
    data = bytearray(path.read_bytes())
    middle = int(0.7 * len(data))
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"^t.parquet must be a sound Parquet file; reading it failed: "):
        palate.read(path)


def test_a_panic_of_polars_is_told_as_damage(tmp_path):
    table().write_parquet(tmp_path / "t.parquet")
    said = "t.parquet must be a sound Parquet file; reading it failed: its data are damaged."
    with pytest.raises(ValueError, match=said), columnar._sound(file_source(tmp_path / "t.parquet")):
        raise pl.exceptions.PanicException("called `Result::unwrap()`")


@pytest.mark.parametrize("ids", ["small", "wide", "text"])
def test_an_empty_file(tmp_path, ids):
    table(IDS[ids])[:0].write_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="the ratings must have at least one row; got an empty table"):
        palate.read(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="the ratings must have at least one row; got an empty table"):
        palate.read(tmp_path / "t.parquet", no_rating=True)


@pytest.mark.parametrize("ids", ["small", "wide", "text", "categorical"])
def test_an_empty_file_among_others(tmp_path, ids):
    frame = table(IDS[ids])
    for number, part in enumerate((frame[:0], frame[:17], frame[:0], frame[17:])):
        part.write_parquet(tmp_path / f"part-{number}.parquet", row_group_size=5)
    same(palate.read(tmp_path).ratings, frame)


def test_files_of_one_table_with_integers_of_several_widths(tmp_path):
    users = IDS["beyond 64 bits with a sign"]
    table(users)[:20].cast({"user_id": pl.Int8}).write_parquet(tmp_path / "part-0.parquet")
    table(users)[20:].write_parquet(tmp_path / "part-1.parquet")
    same(palate.read(tmp_path).ratings, table(users))


def test_integers_that_no_64_bits_hold_together(tmp_path):
    users = IDS["beyond 64 bits with a sign"]
    negative = table()[:20].with_columns(user_id=pl.when(pl.int_range(20) == 7).then(-3).otherwise("user_id"))
    negative.write_parquet(tmp_path / "part-0.parquet")
    table(users)[20:].write_parquet(tmp_path / "part-1.parquet")
    with pytest.raises(
        ValueError,
        match=r"'user_id' must hold integers of 64 bits, all signed .*; got -3 at 0-based row 7 of",
    ):
        palate.read(tmp_path)


def test_ids_of_a_typed_file_meet_those_of_a_model(tmp_path):
    for ids in ("small", "wide", "text"):
        frame = table(IDS[ids])
        frame.write_parquet(tmp_path / "t.parquet", row_group_size=7)
        like = palate.Ratings.from_frame(frame)
        same(palate.read(tmp_path / "t.parquet", like=like).ratings, frame)
    strings = palate.Ratings.from_arrays(["a"], ["b"], [1])
    for ids, example in (("small", "0"), ("wide", str(10**15))):
        table(IDS[ids]).write_parquet(tmp_path / "t.parquet", row_group_size=7)
        with pytest.raises(
            TypeError, match=rf"must hold strings, .* got integers \(such as {example}\)\. Cast the column"
        ):
            palate.read(tmp_path / "t.parquet", like=strings)


@pytest.mark.parametrize("dtype", [pl.Int64, pl.String])
def test_keys_are_numbered_as_they_appear(dtype):
    values = np.random.default_rng(1).integers(0, 50, 400)
    keys = Keys()
    for start in range(0, 400, 7):
        keys.add(pl.Series(values[start : start + 7]).cast(dtype))
    found = keys.finish()
    assert found.series().cast(pl.Int64).to_list() == values.tolist()
    assert found.values.cast(pl.Int64).to_list() == list(dict.fromkeys(values.tolist()))
    assert found.codes.dtype == np.int32


def test_integers_take_four_bytes_a_row():
    narrow, wide = Integers(), Integers()
    for start in range(0, 100, 10):
        ids = pl.Series(range(start, start + 10), dtype=pl.Int64)
        narrow.add(ids)
        wide.add(ids if start < 50 else ids + 2**31)
    array, coded = narrow.finish(), wide.finish()
    assert array.dtype == np.int32
    assert array.tolist() == list(range(100))
    assert isinstance(coded, CodedIds)
    assert coded.series().to_list() == [*range(50), *range(2**31 + 50, 2**31 + 100)]
    vocabulary, index = Vocabulary.encode(coded)
    assert vocabulary.kind == "int"
    assert vocabulary.take(index).equals(coded.series(), check_names=False)
