"""How a table is laid out: headers, quotes, marks for "not rated", empty cells, times and decimals."""

import gzip

import polars as pl
import pytest

import palate
from palate.io.layout import ReadingWarning, is_value

AMAZON = "RV01,0007,5.0,1365811200\nRV02,0031,5.0,1341100800\nRV03,0043,1.0,1367193600\n"
HEADER = "user_id,item_id,rating\n"


def read(tmp_path, text, name="t.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return palate.read(path, **options)


def rows(*arguments, **options):
    return read(*arguments, **options).ratings.to_frame().rows()


def test_a_warning_names_the_line_that_called_palate(tmp_path):
    with pytest.warns(ReadingWarning, match="are left out") as caught:
        read(tmp_path, HEADER + "1,2,3\n2,3,NA\n3,3,1\n", missing="NA")
    assert [one.filename for one in caught] == [__file__]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"user": "RV01"},
        {"user": "RV01", "item": "0007", "rating": "5.0", "timestamp": "1365811200"},
        {"rating": "5.0"},
    ],
)
def test_a_first_line_that_is_a_row_is_no_header(tmp_path, options):
    with pytest.raises(
        ValueError,
        match=r"t.csv seems to have no line of column names .*'RV01,0007,5.0,1365811200'.*header=False",
    ):
        read(tmp_path, AMAZON, **options)


def test_columns_without_names_lose_no_row(tmp_path):
    with pytest.warns(
        ReadingWarning, match=r"chosen by their positions: user 1, item 2, rating 3, timestamp 4"
    ):
        found = rows(tmp_path, AMAZON, header=False)
    assert found[0] == ("RV01", "0007", 5.0, 1365811200)
    assert len(found) == 3
    assert rows(tmp_path, AMAZON, header=False, user="2", item="1", rating="3", timestamp="4")[0] == (
        "0007",
        "RV01",
        5.0,
        1365811200,
    )
    with pytest.warns(ReadingWarning, match=r"user 1, item 2, rating 4\."):
        assert rows(tmp_path, "a,b,c,2\n", header=False, rating="4") == [("a", "b", 2.0)]


def test_times_before_ratings_are_recognized_where_columns_have_no_names(tmp_path):
    with pytest.warns(ReadingWarning, match=r"user 1, item 2, rating 4, timestamp 3\."):
        assert rows(tmp_path, "a,b,1365811200,2\n", header=False) == [("a", "b", 2.0, 1365811200)]
    with pytest.warns(ReadingWarning, match=r"user 1, item 2, timestamp 3\."):
        assert len(read(tmp_path, "a,b,1365811200\n", header=False, no_rating=True).ratings) == 1
    assert rows(tmp_path, "a,b,1365811200\n", header=False, user="1", item="2", rating="3")[0][2] > 1e9
    for text in ("a,b,1365811200\n", "a,b,2015-03-31\n", "a,b,31.03.2015\n", "a,b,1365811200,great\n"):
        with pytest.raises(
            palate.ArgumentError,
            match=r"column 3 of t\.csv must hold ratings; got times such as .*no_rating=True",
        ):
            read(tmp_path, text, header=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "userId"}, "must be numbers from 1 to 4; got user='userId'"),
        ({"user": "0"}, "must be numbers from 1 to 4; got user='0'"),
        (
            {"item": "1"},
            "the user column of t.csv must be known; got 4 columns without names. Number it with user=",
        ),
    ],
)
def test_numbers_of_columns(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, AMAZON, header=False, **options)


def test_numbers_as_names_are_believed_when_told(tmp_path):
    text = "user_id,item_id,2019\n1,2,3\n"
    with pytest.raises(ValueError, match="seems to have no line of column names"):
        read(tmp_path, text, rating="2019")
    assert rows(tmp_path, text, rating="2019", header=True) == [(1, 2, 3.0)]
    assert rows(tmp_path, "0,1,2\n7,8,3\n", user="0", item="1", rating="2") == [
        (7, 8, 3.0)
    ]  # a frame without names


@pytest.mark.parametrize("cell", ["5", "-1.5", "3,5", "2015-03-31", "31.12.2015 10:00", "1e3", ".5"])
def test_values(cell):
    assert is_value(cell)
    assert not is_value(f"x{cell}")


LONE = 'user\tartist\tplays\nu1\tmuse\t3\nu1\t"heroes\t7\nu2\t12" mix\t4\nu2\t"weird al" y\t9\nu3\tlive"\t2\n'


def test_between_tabs_quotes_are_plain_characters(tmp_path):
    assert [row[1:] for row in rows(tmp_path, LONE, item="artist")] == [
        ('"heroes', 7.0),
        ("muse", 3.0),
        ('"weird al" y', 9.0),
        ('12" mix', 4.0),
        ('live"', 2.0),
    ]
    quoted = 'user_id\titem_id\trating\nu\t"a b"\t3\n'
    with pytest.warns(ReadingWarning, match='"a b" keeps its quotes. Pass quote=True if they enclose fields'):
        assert rows(tmp_path, quoted) == [("u", '"a b"', 3.0)]
    assert rows(tmp_path, quoted, quote=True) == [("u", "a b", 3.0)]
    assert rows(tmp_path, '"user_id"\t"item_id"\t"rating"\n"u"\t"a b"\t3\n') == [
        ("u", "a b", 3.0)
    ]  # as R writes tables


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'u1,a,3\nu1,"b,7\nu2,c,4\nu3,d",2\n',
            r"must hold ids, not rows with separators and line ends; got 'b,7\\nu2,c,4\\nu3,d' at line 3 "
            r"of t.csv.*quote=False",
        ),
        (
            'u1,a,3\nu1,"weird al" y,7\n',
            "quotes of t.csv must enclose whole fields, and be doubled inside them; got another at line "
            "3.*quote=False",
        ),
        ('u1,a,3\nu1,12" mix,7\nu2,7" single,4\n', "quotes of t.csv must enclose whole fields.* at line 3"),
        ('u1,a,3\nu1,12" mix,7\n', "got a quote without end at line 3.*quote=False"),
    ],
)
def test_quotes_that_swallow_rows_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, HEADER + text)


def test_quoted_ids_keep_their_tabs_and_line_ends(tmp_path):
    assert rows(tmp_path, HEADER + '"u\t1","a\nb",2\n') == [("u\t1", "a\nb", 2.0)]


def test_quotes_can_be_plain_characters(tmp_path):
    assert len(rows(tmp_path, HEADER + 'u1,a,3\nu1,"b,7\nu2,"weird al" y,4\nu3,d",2\n', quote=False)) == 4


@pytest.mark.parametrize("missing", [-1, "-1", (-1.0,), ("-1", "NA")])
def test_marks_for_not_rated(tmp_path, missing):
    with pytest.warns(
        ReadingWarning, match=r"2 of 4 rows of t.csv hold '-1'.* for a rating and are left out"
    ):
        data = read(tmp_path, HEADER + "1,a,-1\n1,b,4\n2,a,-1.0\n2,b,3\n", missing=missing)
    assert data.ratings.to_frame().rows() == [(1, "b", 4.0), (2, "b", 3.0)]


def test_marks_that_are_words(tmp_path):
    text = HEADER + "1,a,NA\n1,b,4\n\n2,a,x\n"
    with pytest.raises(
        ValueError, match=r"column 'rating' must hold numbers; got 'NA' at line 2 of t.csv. Pass missing='NA'"
    ):
        read(tmp_path, text)
    with pytest.raises(ValueError, match=r"column 'rating' must hold numbers; got 'x' at line 5 of t.csv"):
        read(tmp_path, text, missing="NA")  # lines count although a row is left out
    with pytest.raises(ValueError, match=r"must hold at least one row; got none but those left out"):
        read(tmp_path, HEADER + "1,a,99\n", missing=99)
    with pytest.warns(ReadingWarning, match=r"0 of 1 rows of t.csv hold '99' for a rating\."):
        read(tmp_path, HEADER + "1,a,3\n", missing=99)


def test_marks_in_known_formats_and_in_parquet(tmp_path):
    with pytest.warns(ReadingWarning, match="1 of 2 rows of ratings.csv hold '0'"):
        data = read(tmp_path, "userId,movieId,rating\n1,2,0\n1,3,4\n", "ratings.csv", missing=0)
    assert data.ratings.scale == (0.5, 5.0)
    frame = pl.DataFrame(
        {"user_id": [1, 2, None], "item_id": [1, 1, 2], "rating": [-1, 3, 4], "timestamp": ["01/02/2020"] * 3}
    )
    frame.write_parquet(tmp_path / "t.parquet")
    with pytest.warns(ReadingWarning):
        data = palate.read(tmp_path / "t.parquet", missing=-1, skip_empty=True, timestamp_format="%d/%m/%Y")
    assert data.ratings.to_frame().rows() == [(2, 1, 3.0, 1580515200)]


def test_empty_cells(tmp_path):
    text = HEADER + "1,a,\n,b,4\n2,,4\n2,b,3\n"
    with pytest.raises(
        ValueError, match=r"got null at line 3 of t.csv.* Pass skip_empty=True to leave such rows out"
    ):
        read(tmp_path, text)
    with pytest.warns(
        ReadingWarning, match="3 of 4 rows of t.csv have no user, item or rating and are left out"
    ):
        assert rows(tmp_path, text, skip_empty=True) == [(2, "b", 3.0)]


@pytest.mark.parametrize(
    ("pattern", "cell"),
    [
        ("%d/%m/%Y", "31/12/2015"),
        ("%d.%m.%Y %H:%M", "31.12.2015 00:00"),
        ("%Y%m%d", "20151231"),
        ("%b %d, %Y", '"Dec 31, 2015"'),
    ],
)
def test_times_of_any_make(tmp_path, pattern, cell):
    text = f"user_id,item_id,rating,timestamp\n1,a,3,{cell}\n"
    assert rows(tmp_path, text, timestamp_format=pattern) == [(1, "a", 3.0, 1451520000)]
    with pytest.raises(ValueError, match=r"must hold times written as '%H-%M'; got .* at line 2"):
        read(tmp_path, text, timestamp_format="%H-%M")


def test_decimal_commas(tmp_path):
    text = "user_id;item_id;rating\n1;a;3,5\n1;b;4\n"
    with pytest.raises(
        ValueError, match=r"column 'rating' must hold numbers; got '3,5' at line 2 of t.csv. Pass decimal=','"
    ):
        read(tmp_path, text)
    assert rows(tmp_path, text, decimal=",") == [(1, "a", 3.5), (1, "b", 4.0)]
    assert rows(tmp_path, HEADER + '1,a,"3,5"\n', decimal=",", separator=None) == [(1, "a", 3.5)]
    with pytest.raises(ValueError, match=r"column 'rating' must hold numbers; got '1.234,5' at line 2"):
        read(tmp_path, "user_id;item_id;rating\n1;a;1.234,5\n", decimal=",")
    with pytest.raises(ValueError, match=r"decimal must be '.' or ',', and not the separator; got ';'"):
        read(tmp_path, text, decimal=";")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_texts_of_spreadsheets(tmp_path, encoding):
    data = (HEADER + "1,é,3\r\n").encode(encoding)
    if encoding == "utf-16-le":
        with pytest.raises(ValueError, match="UTF-16 without a byte order mark"):
            read(tmp_path, data)
        assert rows(tmp_path, data, encoding=encoding) == [(1, "é", 3.0)]
    else:
        assert rows(tmp_path, gzip.compress(data), "t.csv.gz") == [(1, "é", 3.0)]


@pytest.mark.parametrize("column", ["reviewDate", "at", "Played At", "order_date"])
def test_a_column_that_may_hold_times_and_is_not_read_is_named(tmp_path, column):
    text = f"user_id,item_id,rating,{column}\n1,2,3,2024-01-31\n"
    with pytest.warns(ReadingWarning, match=f"'{column}' holds the time of each rating, name it with time"):
        assert read(tmp_path, text).ratings.timestamp is None
    assert read(tmp_path, text, timestamp=column).ratings.timestamp.tolist() == [1706659200]


@pytest.mark.parametrize(
    ("user", "item"), [("visitorid", "itemid"), ("userID", "artistID"), ("user_id", "parent_asin")]
)
def test_columns_of_public_data_sets_need_no_names(tmp_path, user, item):
    assert rows(tmp_path, f"{item},{user},rating\n7,1,3\n") == [(1, 7, 3.0)]
