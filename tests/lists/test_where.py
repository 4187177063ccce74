"""Conditions on the catalog's columns."""

import numpy as np
import polars as pl
import pytest

from palate.lists.where import matching

TABLE = pl.DataFrame(
    {
        "item_id": [1, 2, 3, 4],
        "title": ["Amélie", "The Naked Gun", "Alien", None],
        "year": [2001, 1988, 1979, None],
        "genres": ["Comedy|Romance", "Comedy", "Sci-Fi|Horror", None],
        "mean_rating": [4.0, 3.5, 4.25, None],
        "language": ["fr", "en", "en", None],
        "award": [True, False, True, None],
    }
)


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        (None, [1, 2, 3, 4]),
        (pl.col("year") > 1985, [1, 2]),
        ((pl.col("year") > 1985) | (pl.col("award")), [1, 2, 3]),
        (pl.lit(True), [1, 2, 3, 4]),
        ("year > 1985 AND language = 'en'", [2]),
        ({}, [1, 2, 3, 4]),
        ({"year": 1988}, [2]),
        ({"year": (1979, 1988)}, [2, 3]),
        ({"year": (None, 1987)}, [3]),
        ({"year": (1988, None)}, [1, 2]),
        ({"year": (None, None)}, [1, 2, 3]),
        ({"year": [1988, 2001]}, [1, 2]),
        ({"year": {1988}}, [2]),
        ({"year": range(1970, 1990)}, [2, 3]),
        ({"year": np.array([1988, 1979])}, [2, 3]),
        ({"year": pl.Series([1988])}, [2]),
        ({"year": []}, []),
        ({"year": None}, [4]),
        ({"mean_rating": (3.75, None)}, [1, 3]),
        ({"genres": "comedy"}, [1, 2]),
        ({"genres": "sci-fi"}, [3]),
        ({"genres": ["Horror", "Romance"]}, [1, 3]),
        ({"title": "ALIEN"}, [3]),
        ({"title": "ame\u0301lie"}, [1]),
        ({"language": "en"}, [2, 3]),
        ({"language": "EN"}, []),
        ({"award": True}, [1, 3]),
        ({"genres": "Comedy", "year": (1980, 1989)}, [2]),
        ({"year": pl.col("year") % 2 == 0}, [2]),
    ],
)
def test_keeps_the_rows_that_satisfy_it(where, ids):
    found = matching(where, TABLE)
    assert found.dtype == bool
    assert TABLE["item_id"].to_numpy()[found].tolist() == ids


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        (
            {"yaer": 1988},
            ValueError,
            r"where must name columns of the items; got 'yaer'\. Did you mean 'year'\? The columns are "
            r"'item_id', 'title'",
        ),
        (pl.col("yaer") > 1, ValueError, r"where must name columns of the items; got 'yaer'"),
        ("yaer > 1", ValueError, r"where must name columns of the items; got 'yaer'"),
        (
            {"genres": "Com"},
            ValueError,
            r"genres must be genres of the items; got 'Com'\. The genres, the nearest first: Comedy, ",
        ),
        ({"genres": ["Comedy", ".*"]}, ValueError, r"genres must be genres of the items; got '\.\*'"),
        ("year >", ValueError, r"where must be a condition in SQL, such as \"year >= 1980\"; got 'year >'"),
        ({"year": "1988"}, TypeError, r"where\['year'\] must compare with numbers; got str '1988'"),
        ({"year": ("1980", None)}, TypeError, r"where\['year'\] must compare with numbers; got str '1980'"),
        ({"year": True}, TypeError, r"where\['year'\] must compare with numbers; got bool True"),
        ({"genres": 3}, TypeError, r"where\['genres'\] must compare with texts; got int 3"),
        (
            {"year": (1980, 1985, 1990)},
            ValueError,
            r"must be a range of two ends, \(low, high\); got \(1980, 1985, 1990\)",
        ),
        ({"year": (1990, 1980)}, ValueError, r"must be a range with its lower end first; got \(1990, 1980\)"),
        (
            pl.col("year"),
            ValueError,
            r"where must give true or false for each item; got 4 values of type Int32|Int64",
        ),
        (
            pl.col("award").filter(pl.col("award")),
            ValueError,
            r"where must give true or false for each item; got 2 values",
        ),
        (
            pl.col("title").cast(pl.Int64) > 1,
            ValueError,
            r"where must use columns of the items",
        ),
        (
            7,
            TypeError,
            r"where must be a Polars expression, a text of SQL or a mapping of column to condition; got int",
        ),
        (np.ones(4, bool), TypeError, r"where must be a Polars expression.*got ndarray"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(where, error, message):
    with pytest.raises(error, match=message):
        matching(where, TABLE)
