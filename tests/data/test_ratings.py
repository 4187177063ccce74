"""The rating table: every way in gives the same table, whatever the order of the rows."""

import sys
import warnings
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from palate import Ratings
from palate.data.duplicates import DuplicateRatingsWarning

STARS = st.sampled_from([0.5, 1.0, 2.5, 4.0, 5.0])
PAIRS = st.lists(
    st.tuples(st.integers(-3, 5), st.sampled_from(["a", "b", "é", ""])), min_size=1, max_size=20, unique=True
)


def same(left, right):
    """Return whether two tables hold the same ratings, to the bit."""
    arrays = ("user_index", "item_index", "value", "timestamp", "weight")
    return (
        left.users == right.users
        and left.items == right.items
        and left.scale == right.scale
        and all(
            (a is None and b is None) or (a.dtype == b.dtype and a.tobytes() == b.tobytes())
            for a, b in ((getattr(left, name), getattr(right, name)) for name in arrays)
        )
    )


@pytest.fixture
def table():
    return pl.DataFrame(
        {
            "who": [7, 3, 7],
            "what": ["b", "é", "a"],
            "stars": [4.0, 2.5, 1.0],
            "when": [30, 20, 10],
            "trust": [1.0, 2.0, 0.5],
        }
    )


NAMED = {"user": "who", "item": "what", "rating": "stars", "timestamp": "when", "weight": "trust"}


def test_sorted_by_user_and_item(table):
    ratings = Ratings.from_frame(table, **NAMED)
    assert ratings.users.ids().tolist() == [3, 7]
    assert ratings.items.ids() == ["a", "b", "é"]
    assert ratings.user_index.tolist() == [0, 1, 1]
    assert ratings.item_index.tolist() == [2, 0, 1]
    assert ratings.value.tolist() == [2.5, 1.0, 4.0]
    assert ratings.timestamp.tolist() == [20, 10, 30]
    assert ratings.weight.tolist() == [2.0, 0.5, 1.0]
    assert ratings.user_indptr.tolist() == [0, 1, 3]
    assert (ratings.n_users, ratings.n_items, ratings.n_ratings, len(ratings)) == (2, 3, 3, 3)
    assert ratings.scale == (1.0, 4.0)
    assert not ratings.declared
    assert ratings.mean() == pytest.approx((2.5 * 2 + 1.0 * 0.5 + 4.0 * 1) / 3.5)
    assert [
        getattr(ratings, name).dtype.name
        for name in ("user_index", "item_index", "value", "timestamp", "weight")
    ] == [
        "int32",
        "int32",
        "float32",
        "int64",
        "float32",
    ]


@given(PAIRS, st.data())
def test_row_order_never_matters(pairs, data):
    values = data.draw(st.lists(STARS, min_size=len(pairs), max_size=len(pairs)))
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)))
    rows = [(*pair, value, time) for pair, value, time in zip(pairs, values, times, strict=True)]
    first = of_rows(rows)
    assert same(first, of_rows(data.draw(st.permutations(rows))))


def of_rows(rows, **options):
    users, items, values, times = (list(column) for column in zip(*rows, strict=True))
    return Ratings.from_arrays(users, items, values, timestamp=times, **options)


@given(PAIRS, st.data())
def test_every_frame_is_the_same_table(pairs, data):
    n = len(pairs)
    frame = pl.DataFrame(
        {
            "user_id": [user for user, _ in pairs],
            "item_id": [item for _, item in pairs],
            "rating": data.draw(st.lists(STARS, min_size=n, max_size=n)),
            "timestamp": data.draw(st.lists(st.integers(0, 2**33), min_size=n, max_size=n)),
        }
    )
    pandas = pd.DataFrame({name: frame[name].to_list() for name in frame.columns})
    relation = duckdb.from_arrow(frame.to_arrow())
    expected = Ratings.from_frame(frame, timestamp="timestamp")
    assert len(expected) == n
    for other in (frame.lazy(), pandas, pandas.set_index(pandas.index[::-1]), frame.to_arrow(), relation):
        assert same(Ratings.from_frame(other, timestamp="timestamp"), expected)
    arrays = [frame[name].to_numpy() for name in frame.columns]
    assert same(Ratings.from_arrays(*arrays[:3], timestamp=arrays[3]), expected)


def test_answers_come_in_the_kind_of_frame_given(table):
    pandas = pd.DataFrame({name: table[name].to_list() for name in table.columns})
    assert isinstance(Ratings.from_frame(pandas, **NAMED).to_frame(), pd.DataFrame)
    assert type(Ratings.from_frame(table.to_arrow(), **NAMED).to_frame()).__module__.startswith("pyarrow")
    assert isinstance(Ratings.from_frame(table.lazy(), **NAMED).to_frame(), pl.DataFrame)
    assert isinstance(
        Ratings.from_frame(duckdb.from_arrow(table.to_arrow()), **NAMED).to_frame(), pl.DataFrame
    )
    assert isinstance(Ratings.from_frame(pandas, **NAMED).to_frame("polars"), pl.DataFrame)
    with pytest.raises(ValueError, match="frame kind must be one of polars, pandas, pyarrow; got 'modin'"):
        Ratings.from_frame(table, **NAMED).to_frame("modin")


def test_to_frame_is_the_way_back(table):
    ratings = Ratings.from_frame(table, **NAMED)
    frame = ratings.to_frame()
    assert frame.columns == ["user_id", "item_id", "rating", "timestamp", "weight"]
    assert same(Ratings.from_frame(frame, timestamp="timestamp", weight="weight"), ratings)


def test_the_input_is_left_alone(table):
    values = np.array([-0.0, 1.0], dtype=np.float32)
    Ratings.from_arrays([1, 2], [1, 2], values)
    assert np.signbit(values[0])
    before = table.clone()
    Ratings.from_frame(table, **NAMED)
    assert table.equals(before)


def test_minus_zero_is_zero():
    assert not np.signbit(Ratings.from_arrays([1, 2], [1, 2], [-0.0, 0.0]).value).any()


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.coo_array, scipy.sparse.csc_matrix])
def test_scipy(make):
    matrix = make(np.array([[0, 3.0, 0], [1.0, 0, 2.0]]))
    ratings = Ratings.from_scipy(matrix)
    assert ratings.to_frame().rows() == [(0, 1, 3.0), (1, 0, 1.0), (1, 2, 2.0)]
    named = Ratings.from_scipy(matrix, user_ids=["x", "a"], item_ids=[30, 20, 10], scale=(1, 5))
    assert named.to_frame().rows() == [("a", 10, 2.0), ("a", 30, 1.0), ("x", 20, 3.0)]
    assert named.scale == (1.0, 5.0)


def test_scipy_keeps_stored_zeros_and_uuids():
    from uuid import UUID

    matrix = scipy.sparse.coo_array(
        (np.array([0.0, 2.0]), (np.array([0, 1]), np.array([0, 0]))), shape=(2, 1)
    )
    ids = [UUID(int=2), UUID(int=1)]
    ratings = Ratings.from_scipy(matrix, user_ids=ids)
    assert ratings.users.ids() == ids[::-1]
    assert ratings.value.tolist() == [2.0, 0.0]


def test_scipy_refusals():
    matrix = scipy.sparse.csr_array(np.eye(2))
    with pytest.raises(
        ValueError, match="user_ids must hold 2 distinct ids, one for each of the matrix's rows; got 1"
    ):
        Ratings.from_scipy(matrix, user_ids=["a"])
    with pytest.raises(ValueError, match=r"item_ids must hold 2 distinct ids.*got 2, 1 of them distinct"):
        Ratings.from_scipy(matrix, item_ids=["a", "a"])
    with pytest.raises(
        TypeError, match="matrix must be a SciPy sparse matrix of two dimensions; got ndarray"
    ):
        Ratings.from_scipy(np.eye(2))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([5, 7], [5, 7]),
        ([5.9, 7.0], [5, 7]),
        ([date(1970, 1, 2), date(1970, 1, 1)], [86400, 0]),
        ([datetime(1970, 1, 1, 1), datetime(1969, 12, 31, 23)], [3600, -3600]),
        (pd.Series(pd.to_datetime([3600, 0], unit="s")), [3600, 0]),
        (pd.Series(pd.to_datetime([3600, 0], unit="s", utc=True)).dt.tz_convert("Asia/Tokyo"), [3600, 0]),
        (pl.Series([datetime(1970, 1, 1, 1, tzinfo=UTC)] * 2), [3600, 3600]),
        (
            np.array(["1970-01-01T01", "1970-01-01T00"], dtype="datetime64[h]").astype("datetime64[ms]"),
            [3600, 0],
        ),
    ],
)
def test_times(times, expected):
    assert Ratings.from_arrays([1, 2], [1, 1], [1, 2], timestamp=times).timestamp.tolist() == expected


@pytest.mark.parametrize(
    "values",
    [[4, 5], [Decimal("4"), Decimal("5")], np.array([4, 5], np.uint8), pd.Series([4, 5], dtype="Int8")],
)
def test_kinds_of_numbers(values):
    assert Ratings.from_arrays([1, 2], [1, 1], values).value.tolist() == [4.0, 5.0]


def test_select():
    ratings = Ratings.from_arrays([1, 1, 2], [1, 2, 1], [3, 4, 5], scale=(1, 5), timestamp=[1, 2, 3])
    part = ratings.select(np.array([True, False, True]))
    assert (part.users, part.items, part.scale, part.declared) == (
        ratings.users,
        ratings.items,
        (1.0, 5.0),
        True,
    )
    assert part.value.tolist() == [3.0, 5.0]
    assert part.timestamp.tolist() == [1, 3]
    assert same(ratings.select([2, 0]), part)
    assert len(ratings.select([])) == 0
    assert np.isnan(ratings.select(np.zeros(3, bool)).mean())
    with pytest.raises(ValueError, match=r"must have one entry per rating \(3\); got 2"):
        ratings.select(np.zeros(2, bool))
    for rows in ([0, 0], [3], [-1]):
        with pytest.raises(ValueError, match="positions of ratings must be distinct numbers from 0 to 2"):
            ratings.select(rows)


@pytest.mark.parametrize(
    ("rows", "repr_"),
    [
        ([("u", "i", 3)], "Ratings(1 ratings of 1 items by 1 users, observed 3 to 3)"),
        ([("u", "i", 3), ("u", "j", 4)], "Ratings(2 ratings of 2 items by 1 users, observed 3 to 4)"),
        ([("u", "i", 3), ("v", "i", 4)], "Ratings(2 ratings of 1 items by 2 users, observed 3 to 4)"),
    ],
)
def test_one_of_everything(rows, repr_):
    ratings = Ratings.from_arrays(*(list(column) for column in zip(*rows, strict=True)))
    assert repr(ratings) == repr_
    assert ratings.user_indptr[-1] == len(rows)


# Repeated pairs


def test_last_is_the_latest():
    rows = [("u", "i", 2, 10), ("u", "i", 4, 30), ("u", "i", 3, 20), ("v", "i", 5, 1)]
    with pytest.warns(
        DuplicateRatingsWarning, match=r"2 rows repeat a \(user, item\) pair.*the latest is kept"
    ):
        ratings = of_rows(rows)
    assert ratings.to_frame().rows() == [("u", "i", 4.0, 30), ("v", "i", 5.0, 1)]
    assert ratings.n_duplicates == 2


def test_last_without_times_is_the_last_row():
    with pytest.warns(DuplicateRatingsWarning, match="1 row repeats .* the last one read is kept"):
        ratings = Ratings.from_arrays(["v", "u", "u"], [1, 1, 1], [5, 4, 2])
    assert ratings.to_frame().rows() == [("u", 1, 2.0), ("v", 1, 5.0)]


def test_mean():
    with pytest.warns(
        DuplicateRatingsWarning, match=r"their mean is kept for each pair \(duplicates='mean'\)"
    ):
        ratings = of_rows([("u", "i", 2, 10), ("u", "i", 5, 30), ("u", "j", 1, 5)], duplicates="mean")
    assert ratings.to_frame().rows() == [("u", "i", 3.5, 30), ("u", "j", 1.0, 5)]


def test_mean_by_weight():
    with pytest.warns(DuplicateRatingsWarning):
        ratings = Ratings.from_arrays([1, 1, 2], [1, 1, 1], [2, 5, 3], weight=[3, 1, 7], duplicates="mean")
    assert ratings.value.tolist() == [(2 * 3 + 5 * 1) / 4, 3.0]
    assert ratings.weight.tolist() == [2.0, 7.0]


def test_sum():
    with pytest.warns(
        DuplicateRatingsWarning,
        match=r"2 rows repeat .*; the values of each pair are added up \(duplicates='sum'\)",
    ):
        ratings = of_rows(
            [("u", "i", 2, 10), ("u", "i", 5, 30), ("u", "j", 1, 5), ("u", "i", 5, 20)], duplicates="sum"
        )
    assert ratings.to_frame().rows() == [("u", "i", 12.0, 30), ("u", "j", 1.0, 5)]
    assert ratings.scale == (1.0, 12.0)


def test_weights_of_summed_rows_are_averaged():
    with pytest.warns(DuplicateRatingsWarning):
        ratings = Ratings.from_arrays([1, 1, 2], [1, 1, 1], [2, 5, 3], weight=[3, 1, 7], duplicates="sum")
    assert (ratings.value.tolist(), ratings.weight.tolist()) == ([7.0, 3.0], [2.0, 7.0])


def test_sums_are_exact_as_long_as_float32_is():
    n = 70_000
    with pytest.warns(DuplicateRatingsWarning):
        ratings = Ratings.from_arrays([1] * n, [1] * n, [100] * n, duplicates="sum")
    assert ratings.value.tolist() == [100.0 * n]


def test_without_values_each_row_counts_one():
    frame = pl.DataFrame({"user_id": ["u", "v", "u", "u"], "item_id": [1, 1, 1, 2]})
    for make in (
        lambda: Ratings.from_frame(frame, rating=None),
        lambda: Ratings.from_arrays(frame["user_id"], frame["item_id"], None),
    ):
        with pytest.warns(DuplicateRatingsWarning, match="added up"):
            assert make().to_frame().rows() == [("u", 1, 2.0), ("u", 2, 1.0), ("v", 1, 1.0)]
    with pytest.raises(ValueError, match="at least one row; got an empty table"):
        Ratings.from_frame(frame.head(0), rating=None)
    with pytest.raises(
        ValueError, match="column 'rating' must be in the ratings; got the columns 'user_id', 'item_id'"
    ):
        Ratings.from_frame(frame)


def test_sums_outside_the_declared_scale_or_beyond_float32_are_refused():
    with (
        pytest.warns(DuplicateRatingsWarning),
        pytest.raises(
            ValueError, match="sum of a pair's values must be within the declared scale 1 to 5; got 8"
        ),
    ):
        Ratings.from_arrays([1, 1], [1, 1], [4, 4], duplicates="sum", scale=(1, 5))
    with (
        pytest.warns(DuplicateRatingsWarning),
        pytest.raises(ValueError, match="sum of a pair's values must be finite"),
    ):
        Ratings.from_arrays([1, 1], [1, 1], [3e38, 3e38], duplicates="sum")


def test_error():
    with pytest.raises(
        ValueError,
        match=r"each user must rate an item once; got user 'u' and item 7 at 0-based row 0 and 0-based row "
        r"2, and 1 more such row",
    ):
        Ratings.from_arrays(["u", "v", "u", "u"], [7, 7, 7, 7], [1, 2, 3, 4], duplicates="error")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Ratings.from_arrays(["u", "v"], [7, 7], [1, 2], duplicates="error").n_duplicates == 0
    with pytest.raises(
        ValueError, match="duplicates must be one of 'last', 'mean', 'sum', 'error'; got 'first'"
    ):
        Ratings.from_arrays([1], [1], [1], duplicates="first")


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), STARS, st.integers(0, 2)), min_size=1, max_size=30
)


@given(ROWS, st.data(), st.sampled_from(["last", "mean", "sum"]))
def test_order_of_repeated_rows_does_not_matter_with_times(rows, data, policy):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DuplicateRatingsWarning)
        first = of_rows(rows, duplicates=policy)
        assert same(first, of_rows(data.draw(st.permutations(rows)), duplicates=policy))
    pairs = {}
    for user, item, value, time in rows:
        pairs.setdefault((user, item), []).append((time, value))
    assert first.n_duplicates == len(rows) - len(pairs)
    kept = {
        "last": lambda rows: max(rows)[1],
        "mean": lambda rows: np.mean([v for _, v in rows]),
        "sum": lambda rows: sum(v for _, v in rows),
    }
    expected = [kept[policy](pairs[pair]) for pair in sorted(pairs)]
    assert first.value.tolist() == pytest.approx(expected)
    assert first.timestamp.tolist() == [max(pairs[pair])[0] for pair in sorted(pairs)]


@given(ROWS)
def test_the_last_row_wins_without_times(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DuplicateRatingsWarning)
        ratings = Ratings.from_arrays([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    last = {(user, item): value for user, item, value, _ in rows}
    assert {(user, item): value for user, item, value in ratings.to_frame().rows()} == last


# What is refused


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"user": "whom"},
            ValueError,
            "column 'whom' must be in the ratings; got the columns 'who', 'what', 'stars', 'when', "
            "'trust'. Did you mean user='who'",
        ),
        (
            {"timestamp": "zzz"},
            ValueError,
            "column 'zzz' must be in the ratings; .* Name the right one with timestamp=",
        ),
        (
            {"rating": "what"},
            ValueError,
            "rating must be another column than item; got 'what' for both",
        ),
        ({"user": "stars"}, ValueError, "rating must be another column than user; got 'stars' for both"),
        (
            {"scale": (1, 3)},
            ValueError,
            "column 'stars' must be within the declared scale 1 to 3; got 4 at 0-based row 0",
        ),
        (
            {"scale": (2, 5)},
            ValueError,
            "column 'stars' must be within the declared scale 2 to 5; got 1 at 0-based row 2",
        ),
        (
            {"scale": (5, 1)},
            ValueError,
            r"scale must be two finite numbers, the lower one first; got \(5, 1\)",
        ),
        ({"scale": (1, np.inf)}, ValueError, "scale must be two finite numbers"),
        ({"scale": 5}, TypeError, "scale must be two numbers, the lowest and the highest rating; got 5"),
        ({"scale": (1, 2, 3)}, TypeError, r"scale must be two numbers.*got \(1, 2, 3\)"),
    ],
)
def test_refused_options(table, options, error, message):
    with pytest.raises(error, match=message):
        Ratings.from_frame(table, **{**NAMED, **options})


@pytest.mark.parametrize(
    ("column", "values", "error", "message"),
    [
        ("rating", [1.0, np.nan], ValueError, "values must hold finite numbers; got nan at 0-based row 1"),
        ("rating", [-np.inf, 1.0], ValueError, "values must hold finite numbers; got -inf at 0-based row 0"),
        (
            "rating",
            [np.inf, -np.inf],
            ValueError,
            "values must hold finite numbers; got inf at 0-based row 0",
        ),
        (
            "rating",
            [1.0, 1e308],
            ValueError,
            "values must hold finite numbers; got 1e[+]?308 at 0-based row 1",
        ),
        (
            "rating",
            [1.0, None],
            ValueError,
            "values must have a number in every row; got null at 0-based row 1",
        ),
        ("rating", ["1", "2"], TypeError, "values must hold numbers; got text"),
        ("rating", [1, "2"], TypeError, "values must hold numbers; got str '2' at 0-based row 1"),
        ("rating", [True, False], TypeError, "values must hold numbers; got Boolean"),
        ("rating", [1.0], ValueError, "all columns must have one length; got 2 users, 2 items, 1 values"),
        ("users", [1, None], ValueError, "users must have an id in every row; got null at 0-based row 1"),
        (
            "weight",
            [1.0, 0.0],
            ValueError,
            "weight must hold positive numbers; got 0 at 0-based row 1. Remove rows",
        ),
        ("weight", [1.0, -1.0], ValueError, "weight must hold positive numbers; got -1 at 0-based row 1"),
        (
            "timestamp",
            [1, None],
            ValueError,
            "timestamp must have a time in every row; got null at 0-based row 1",
        ),
        (
            "timestamp",
            [1.0, np.nan],
            ValueError,
            "timestamp must hold finite times; got nan at 0-based row 1",
        ),
        ("timestamp", ["a", "b"], TypeError, r"timestamp must hold numbers or datetimes; got String \('a'"),
    ],
)
def test_refused_values(column, values, error, message):
    given_columns = {"users": [1, 2], "items": [1, 2], "rating": [1.0, 2.0], column: values}
    users, items, rating = (given_columns.pop(name) for name in ("users", "items", "rating"))
    with pytest.raises(error, match=message):
        Ratings.from_arrays(users, items, rating, **given_columns)


def test_empty_tables():
    with pytest.raises(ValueError, match="the ratings must have at least one row; got an empty table"):
        Ratings.from_arrays([], [], [])
    with pytest.raises(ValueError, match="the ratings must have at least one row; got an empty table"):
        Ratings.from_frame(pd.DataFrame({"user_id": [], "item_id": [], "rating": []}))


def test_no_table():
    with pytest.raises(
        TypeError, match="a table must be a polars, pandas or PyArrow frame or a DuckDB relation; got list"
    ):
        Ratings.from_frame([1, 2])


def test_without_pyarrow(tmp_path):
    """Everything but PyArrow tables works when PyArrow is not installed."""
    import subprocess

    script = tmp_path / "hidden.py"
    script.write_text(
        """
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "pyarrow":
            raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")

sys.meta_path.insert(0, Hide())
import duckdb, pandas as pd, polars as pl
from palate import Catalog, Ratings

columns = {"user_id": ["é", "b"], "item_id": [1, 2], "rating": [3.0, 4.0]}
frames = [pl.DataFrame(columns), pl.LazyFrame(columns), pd.DataFrame(columns),
          duckdb.sql("select * from (values ('é', 1, 3.0), ('b', 2, 4.0)) t(user_id, item_id, rating)")]
for frame in frames:
    ratings = Ratings.from_frame(frame)
    assert ratings.to_frame("polars").rows() == [("b", 2, 4.0), ("é", 1, 3.0)]
    ratings.to_frame()
assert list(Ratings.from_frame(frames[2]).to_frame()["user_id"]) == ["b", "é"]
films = pd.DataFrame({"item_id": [1, 2], "title": ["x", None], "year": pd.array([1999, None], dtype="Int64")})
assert Catalog.from_frame(films).frame.rows() == [(1, "x", 1999), (2, None, None)]
assert "pyarrow" not in sys.modules
print("fine")
"""
    )
    done = subprocess.run([sys.executable, "-X", "utf8", script], capture_output=True, text=True, check=False)
    assert "fine" in done.stdout, done.stderr
