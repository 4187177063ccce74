"""Everyday frames and columns of every library: each gives the same ratings, or one sentence."""

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import palate
from palate import Ratings
from palate.data.series import to_series

USERS, ITEMS, VALUES = [1, 1, 2], [10, 20, 10], [4.0, 3.5, 5.0]
BASE = {"user_id": USERS, "item_id": ITEMS, "rating": VALUES}
ROWS = list(zip(USERS, ITEMS, VALUES, strict=True))


def rows(ratings):
    return [tuple(row)[:3] for row in ratings.to_frame("polars").rows()]


@given(st.permutations([4, 3.5, 5, Decimal("2.5"), Fraction(1, 2), np.float32(1.5), np.int64(3)]))
def test_numbers_of_several_types_are_numbers_in_any_order(values):
    n = list(range(len(values)))
    expected = [float(value) for value in values]
    for given_ in (
        values,
        pd.Series(values, dtype=object),
        np.array(values, dtype=object),
        iter(values),
        dict.fromkeys(n).keys(),
    ):
        if isinstance(given_, type({}.keys())):
            assert Ratings.from_arrays(given_, n, values).value.tolist() == expected
        else:
            assert Ratings.from_arrays(n, n, given_).value.tolist() == expected
    assert Ratings.from_arrays(n, n, [1] * len(n), weight=values).weight.tolist() == expected


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(VALUES, dtype="Float64"),
        pd.Series(VALUES, dtype="double[pyarrow]"),
        pd.Series(pd.arrays.SparseArray(VALUES)),
        pd.Series(VALUES, index=[2, 0, 1]),
        pd.Series(VALUES).astype("category"),
        pa.chunked_array([VALUES[:1], VALUES[1:]]),
        pa.chunked_array(
            [pa.array(VALUES[:1]).dictionary_encode(), pa.array(VALUES[1:]).dictionary_encode()]
        ),
        pa.RunEndEncodedArray.from_arrays([1, 2, 3], VALUES),
        np.ma.array(VALUES),
        np.array(VALUES, ">f8"),
        np.array(VALUES, "float16"),
        {"a": 4.0, "b": 3.5, "c": 5.0}.values(),
        [Decimal("4"), Decimal("3.5"), Decimal("5.0")],
        (value for value in VALUES),
    ],
    ids=lambda values: type(values).__name__,
)
def test_columns_keep_the_order_of_their_rows(values):
    assert rows(Ratings.from_arrays(USERS, ITEMS, values)) == ROWS


def test_chunks_with_dictionaries_of_their_own_keep_integers():
    ids = pa.chunked_array([pa.array([7, 5]).dictionary_encode(), pa.array([5, 9]).dictionary_encode()])
    assert to_series(ids).to_list() == [7, 5, 5, 9]
    table = pa.table({"user_id": ids, "item_id": [1, 2, 3, 4], "rating": [1, 2, 3, 4]})
    assert Ratings.from_frame(table).users.ids().tolist() == [5, 7, 9]


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ([4, float("nan"), 5], ValueError, "values must hold finite numbers; got nan at 0-based row 1"),
        ([4, 3.5, pd.NA], ValueError, "null at 0-based row 2"),
        (
            [Decimal("1"), Decimal("NaN"), Decimal("2")],
            ValueError,
            "finite numbers; got nan at 0-based row 1",
        ),
        ([4, 3.5, True], TypeError, "must hold numbers; got bool True at 0-based row 2"),
        ([4, "3.5", 5], TypeError, "must hold numbers; got str '3.5' at 0-based row 1"),
        (np.ma.array(VALUES, mask=[0, 1, 0]), ValueError, "null at 0-based row 1"),
        ({4.0, 3.5, 5.0}, TypeError, "got a set, which has no order of rows"),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, TypeError, "got a dict, which is not a column"),
        (np.ones((3, 1)), ValueError, r"one dimension; got an array of shape \(3, 1\)"),
        (np.array([1, 2, 3j]), TypeError, "must hold numbers; got complex"),
        (pl.DataFrame({"a": VALUES}), TypeError, "got a DataFrame, which is not a column"),
    ],
)
def test_what_is_no_column_of_ratings(values, error, said):
    with pytest.raises(error, match=said):
        Ratings.from_arrays(USERS, ITEMS, values)


def test_a_float_among_ids_is_named_where_it_is():
    with pytest.raises(TypeError, match=r"users must hold ids; got float \(2.5 at 0-based row 1\)"):
        Ratings.from_arrays([1, 2.5, 3], ITEMS, VALUES)


def test_series_of_two_indexes_are_refused():
    users, values = pd.Series(USERS), pd.Series(VALUES, index=[2, 1, 0])
    with pytest.raises(ValueError, match="user and rating must be pandas series with one index; got two"):
        Ratings.from_arrays(users, ITEMS, values)
    assert rows(Ratings.from_arrays(users, ITEMS, values.to_numpy())) == ROWS


def times_of(column):
    return Ratings.from_frame(
        pa.table({**BASE, "t": column})
        if isinstance(column, pa.Array)
        else pd.DataFrame({**BASE, "t": column}),
        timestamp="t",
    )


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0, 1000, 2000], pa.timestamp("ms", "+05:30")),
        pa.array([0, 1, 2], pa.timestamp("s", "-03:00")),
        pd.array([dt.datetime(1970, 1, 1, 0, 0, second) for second in range(3)], "timestamp[ns][pyarrow]"),
        pd.Series(
            [
                pd.Timestamp(0, tz="UTC"),
                pd.Timestamp(10**9, tz="Asia/Tokyo"),
                pd.Timestamp(2 * 10**9, tz="UTC"),
            ],
            dtype=object,
        ),
        pd.to_datetime([0, 1, 2], unit="s", utc=True).tz_convert("America/New_York"),
    ],
)
def test_times_of_any_zone(column):
    assert times_of(column).timestamp.tolist() == [0, 1, 2]


def test_times_of_any_zone_beside_usearch():
    """If it is imported first, PyArrow 26 takes all zones for equal, and casts to another do nothing."""
    pytest.importorskip("usearch")
    code = """
import usearch.index, pyarrow as pa, palate
times = pa.array([5000], pa.timestamp("ms", "+05:30"))
table = pa.table({"user_id": [1], "item_id": [1], "rating": [4.0], "t": times})
print(palate.Ratings.from_frame(table, timestamp="t").timestamp)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[5]\n"


RELATION = (
    "select unnest([1, 1, 2]){kind} as user_id, unnest([10, 20, 10]) as item_id, unnest([4.0, 3.5, "
    "5.0]) as rating"
)


@pytest.mark.parametrize(
    "frame",
    [
        pa.table(BASE).to_batches()[0],
        pa.table(BASE).to_reader(),
        pl.LazyFrame(BASE),
        duckdb.sql(RELATION.format(kind="")),
        duckdb.sql(RELATION.format(kind="::hugeint")),
        pd.DataFrame(BASE).convert_dtypes(),
        pd.DataFrame(BASE).convert_dtypes(dtype_backend="pyarrow"),
        pd.DataFrame({**BASE, "rating": pd.arrays.SparseArray(VALUES)}),
        pd.DataFrame(BASE).assign(user_id=pd.Series(USERS).astype("category")),
        pd.concat(
            [pd.DataFrame(BASE), pd.DataFrame({"note": ["x"] * 3}), pd.DataFrame({"note": ["y"] * 3})], axis=1
        ),
        pa.Table.from_arrays(
            [*map(pa.array, BASE.values()), pa.array(USERS), pa.array(USERS)], names=[*BASE, "note", "note"]
        ),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_frames_of_every_day(frame):
    assert rows(Ratings.from_frame(frame)) == ROWS


def test_columns_may_be_called_by_numbers_and_tuples():
    frame = pd.DataFrame(ROWS)
    assert rows(Ratings.from_frame(frame, user=0, item=1, rating=2)) == ROWS
    frame.columns = pd.MultiIndex.from_tuples([("id", "user"), ("id", "item"), ("what", "stars")])
    assert (
        rows(Ratings.from_frame(frame, user=("id", "user"), item=("id", "item"), rating=("what", "stars")))
        == ROWS
    )


@pytest.mark.parametrize(
    ("frame", "error", "said"),
    [
        (
            pd.DataFrame([[1, 2, 3.0, 4.0]], columns=["user_id", "item_id", "rating", "rating"]),
            ValueError,
            "in the ratings once; got 2",
        ),
        (
            pd.DataFrame(BASE).set_index("user_id"),
            ValueError,
            r"It is in the frame's index: call reset_index\(\) first",
        ),
        (pd.DataFrame(ROWS), ValueError, "column 'user_id' must be in the ratings; got the columns 0, 1, 2"),
        (BASE, TypeError, r"got dict. Make a frame of it first, such as polars.DataFrame\(...\)"),
        (ROWS, TypeError, "got list. Make a frame of it first"),
        ("ratings.csv", TypeError, r"got str. For files use palate.read"),
        (np.ones((3, 3)), TypeError, "got ndarray. For arrays use from_arrays"),
        (scipy.sparse.eye(3), TypeError, "for SciPy matrices from_scipy"),
    ],
)
def test_what_is_no_table_of_ratings(frame, error, said):
    with pytest.raises(error, match=said):
        Ratings.from_frame(frame)


def test_uuids_of_arrow_stay_uuids():
    ids = [UUID(int=1), UUID(int=2), UUID(int=3)]
    column = pa.array([one.bytes for one in ids], pa.uuid())
    assert Ratings.from_arrays(column, ITEMS, VALUES).users.ids() == ids


@pytest.mark.parametrize(
    "users",
    [
        pl.LazyFrame({"user_id": [2, 1]}),
        duckdb.sql("select unnest([2, 1]) as user_id"),
        pa.table({"user_id": [2, 1]}).to_batches()[0],
        pd.DataFrame({"user_id": [2, 1], 0: [1, 2]}),
        pl.DataFrame({"user_id": [2, 1], "x": [0, 0]}),
        {2: None, 1: None}.keys(),
        (user for user in (2, 1)),
    ],
    ids=lambda users: type(users).__name__,
)
def test_users_may_be_asked_for_by_frames(users):
    model = palate.LeastSquares(n_factors=1).fit(
        Ratings.from_arrays([1, 1, 2], [10, 20, 10], VALUES), validation=0
    )
    found = model.recommend(users, n=1, exclude_seen=False)
    assert pl.DataFrame(found)["user_id"].to_list() == [2, 1]


def test_a_frame_of_users_without_their_column_says_so():
    model = palate.LeastSquares(n_factors=1).fit(
        Ratings.from_arrays([1, 1, 2], [10, 20, 10], VALUES), validation=0
    )
    with pytest.raises(ValueError, match="column 'user_id' must be in the frame; got the columns 'who'"):
        model.recommend(pl.DataFrame({"who": [1]}))


def test_a_nested_column_is_named_in_one_line():
    with pytest.raises(
        TypeError, match=r"values must hold numbers; got List\(Int64\) \(\[1, 2\] at 0-based row 0\)"
    ):
        Ratings.from_arrays(USERS, ITEMS, pl.Series([[1, 2], [3], [4]]))
