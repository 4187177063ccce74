"""Times in every unit that people have them in are the same seconds, or the reader is told."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import palate
from palate import Ratings
from palate.data.duplicates import DuplicateRatingsWarning
from palate.data.time_units import placed, unit_of
from palate.data.times import TimeUnitWarning, timestamp_values

MOMENTS = [datetime(2005, 2, 1, 10, 30, 15, tzinfo=UTC), datetime(2014, 11, 30, 23, 59, 59, tzinfo=UTC)]
SECONDS = [int(moment.timestamp()) for moment in MOMENTS]


@pytest.mark.parametrize(
    ("form", "step"),
    [
        (lambda t: int(t.timestamp()) * 10**3, 1),
        (lambda t: int(t.timestamp()) * 10**6, 1),
        (lambda t: int(t.timestamp()) * 10**9, 1),
        (lambda t: t.timestamp() * 1e3, 1),
        (lambda t: int(t.strftime("%Y%m%d%H%M%S")), 1),
        (lambda t: int(t.strftime("%Y%m%d%H%M")), 60),
        (lambda t: int(t.strftime("%Y%m%d")), 86_400),
        (lambda t: float(t.strftime("%Y%m%d")), 86_400),
    ],
)
def test_units_become_seconds_with_a_note(form, step):
    numbers = [form(moment) for moment in MOMENTS]
    for values in (numbers, np.array(numbers), pl.Series(numbers), pd.Series(numbers)):
        with pytest.warns(
            TimeUnitWarning,
            match="timestamps: numbers such as .* are taken for .*, 2005-02-01 .* become seconds since 1970",
        ):
            assert timestamp_values(values).tolist() == [second // step * step for second in SECONDS]


def test_months_and_years():
    with pytest.warns(TimeUnitWarning, match="dates written as YYYYMM, 2005-02-01"):
        assert timestamp_values([200502, 201411]).tolist() == [1107216000, 1414800000]
    with pytest.warns(TimeUnitWarning, match="taken for years, 2005-01-01"):
        assert timestamp_values([2005, 2014]).tolist() == [1104537600, 1388534400]


@pytest.mark.parametrize("values", [SECONDS, [0, 3, 250], [12784, 16436], [20050201, 20059999], [-5, 7]])
def test_seconds_and_units_of_their_own_stay_without_a_word(values, recwarn):
    assert timestamp_values(values).tolist() == values
    assert not recwarn.list


@given(st.lists(st.datetimes(datetime(1974, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=5))
def test_a_datetime_is_the_same_time_however_it_comes(moments):
    expected = [int(np.datetime64(moment, "s").astype(np.int64)) for moment in moments]
    aware = [
        moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=n % 12)))
        for n, moment in enumerate(moments)
    ]
    ways = [
        moments,
        aware,
        pl.Series(moments),
        pd.Series(moments),
        pd.Series([pd.Timestamp(moment) for moment in aware], dtype=object),
        np.array(moments, "datetime64[ns]"),
        np.array(moments, "datetime64[us]"),
    ]
    for values in ways:
        assert timestamp_values(values).tolist() == expected


def test_coarse_dates_of_numpy_and_dates_among_datetimes():
    assert timestamp_values(np.array(["2005-02-01"], "datetime64[h]")).tolist() == [1107216000]
    assert timestamp_values(np.array(["2005-02-01"], "datetime64[D]")).tolist() == [1107216000]
    assert timestamp_values([date(2005, 2, 1), datetime(2005, 2, 1, 0, 0, 1)]).tolist() == [
        1107216000,
        1107216001,
    ]


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        (
            [1107216000, 1107216000000],
            ValueError,
            "one unit; got 1107216000 at 0-based row 0, which seems to be seconds, and 110721",
        ),
        (
            [datetime(2005, 1, 1), datetime(2005, 1, 1, tzinfo=UTC)],
            TypeError,
            "a datetime without a zone .* and a datetime with a zone",
        ),
        ([1, datetime(2005, 1, 1)], TypeError, "times of one kind"),
        ([1, "noon"], TypeError, "must hold numbers or datetimes; got str"),
        ([1, 0.5, None], ValueError, "null at 0-based row 2"),
        ([1, 0.5, float("nan")], ValueError, "finite times; got nan at 0-based row 2"),
        ([2**63, 0.0], ValueError, "must fit 64 bits; got 9223372036854775808 at 0-based row 0"),
        (np.array(["NaT"], "datetime64[s]"), ValueError, "null at 0-based row 0"),
    ],
)
def test_what_is_no_column_of_times(values, error, said):
    with pytest.raises(error, match=said):
        timestamp_values(values)


@pytest.mark.parametrize(
    "times",
    [
        [1107216000.2, 1107216000.9],
        [1107216000200, 1107216000900],
        np.array([1107216000_000000001, 1107216000_000000002]),
        np.array([1107216000_000000001, 1107216000_000000002], "datetime64[ns]"),
        [pd.Timestamp(1107216000_000000001), pd.Timestamp(1107216000_000000002)],
        [100, 100.5],
    ],
)
@pytest.mark.filterwarnings("ignore::palate.data.times.TimeUnitWarning")
def test_what_is_cut_off_a_time_still_orders_the_rows_of_a_pair(times):
    for order in (slice(None), slice(None, None, -1)):
        with pytest.warns(DuplicateRatingsWarning):
            ratings = Ratings.from_arrays([1, 1], [1, 1], [2, 5][order], timestamp=times[order])
        assert ratings.value.tolist() == [5.0]


def test_fractions_of_an_own_unit_are_told():
    with pytest.warns(TimeUnitWarning, match="fractions are used to order repeated pairs, and then cut off"):
        assert timestamp_values([0.5, 100.5]).tolist() == [0, 100]


def test_the_unit_of_a_text_file_is_that_of_the_whole_column(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,item_id,rating,timestamp\n1,1,3,20050201\n1,2,4,20141130\n")
    with pytest.warns(TimeUnitWarning, match="column 'timestamp': numbers such as 20050201"):
        assert palate.read(path).ratings.timestamp.tolist() == [1107216000, 1417305600]


@pytest.mark.parametrize(
    ("texts", "advice"),
    [
        (["01/02/2015"], "'%d/%m/%Y' if the day is first, or timestamp_format='%m/%d/%Y' if the month is."),
        (["01/02/2015", "31/12/2015"], "'%d/%m/%Y'."),
        (["01-02-2015 10:20", "01-31-2015 10:20"], "'%m-%d-%Y %H:%M'."),
        (["19.11.2024, 00:15:10"], "'%d.%m.%Y, %H:%M:%S'."),
    ],
)
def test_the_format_of_dates_with_the_year_last_is_proposed_and_reads_them(tmp_path, texts, advice):
    path = tmp_path / "ratings.csv"
    lines = [f'{user},1,3,"{text}"' for user, text in enumerate(texts)]
    path.write_text("\n".join(["user_id,item_id,rating,timestamp", *lines]) + "\n")
    with pytest.raises(ValueError, match="must hold seconds or dates like") as refused:
        palate.read(path)
    assert str(refused.value).endswith(
        f"got '{texts[0]}' at line 2 of ratings.csv. Pass timestamp_format={advice}"
    )
    pattern = advice.split("'")[1]
    assert palate.read(path, timestamp_format=pattern).ratings.timestamp is not None


@pytest.mark.parametrize("text", ["1.2.15", "15-02-01"])
def test_dates_that_could_be_two_are_refused(tmp_path, text):
    path = tmp_path / "ratings.csv"
    path.write_text(f"user_id,item_id,rating,timestamp\n1,1,3,{text}\n")
    with pytest.raises(
        ValueError,
        match=rf"got '{text}' at line 2 of ratings.csv. Pass timestamp_format=.* The order of day",
    ):
        palate.read(path)


@pytest.mark.parametrize(
    "text", ["2015-02-01", "2015/02/01", "2015.02.01", "2015-2-1", "2015-02-01 00:00", "2015-02-01T00:00:00Z"]
)
def test_dates_with_the_year_first_are_known(tmp_path, text):
    path = tmp_path / "ratings.csv"
    path.write_text(f"user_id,item_id,rating,timestamp\n1,1,3,{text}\n")
    assert palate.read(path).ratings.timestamp.tolist() == [1422748800]


def test_times_are_placed_among_those_of_a_model():
    time_bins, counters = np.array(SECONDS), np.array([100, 900])
    assert placed(np.array([1107216000]), time_bins, "t").tolist() == [1107216000]
    assert placed(np.array([1107216000]), time_bins * 1000, "t").tolist() == [1107216000000]
    assert placed(np.array([2, 1500]), counters, "t").tolist() == [2, 1500]
    assert placed(np.array([0]), time_bins, "t", certain=True).tolist() == [0]
    for times, known in (([1107216000], counters), ([500], time_bins), ([1107216000], np.array([20050201]))):
        with pytest.raises(
            ValueError, match="must be in the unit of this model's times, which run from about"
        ):
            placed(np.array(times), known, "t")


def test_the_unit_of_nothing_is_none():
    assert unit_of(np.empty(0, np.int64)) is None
