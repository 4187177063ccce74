"""Genres are the same however they are written."""

import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import palate
from command_line import items_frame, ratings_frame
from palate.data.catalog import Catalog
from palate.data.tags import TagsWarning, divided_by, parts_of_list, tag_column
from palate.solve.features import split_tags

WAYS = {
    "bars": "|".join,
    "bars and blanks": " | ".join,
    "JSON": json.dumps,
    "Python": repr,
    "NumPy": lambda tags: str(np.array(tags, dtype=object)),
    "objects": lambda tags: json.dumps([{"id": place, "name": tag} for place, tag in enumerate(tags)]),
    "objects of Python": lambda tags: str([{"id": place, "name": tag} for place, tag in enumerate(tags)]),
    "counts": lambda tags: str(dict.fromkeys(tags, 3)),
    "no quotes": lambda tags: f"[{', '.join(tags)}]",
    "braces": lambda tags: f"{{{','.join(tags)}}}",
}
GUESSED = {"commas": ", ".join, "tight commas": ",".join, "semicolons": "; ".join, "slashes": " / ".join}
TAGS = st.lists(
    st.lists(
        st.sampled_from(["Comedy", "Crime", "Children's", "Film-Noir", "Sci-Fi"]), min_size=1, unique=True
    ),
    min_size=1,
)


@pytest.mark.parametrize("way", WAYS)
@given(rows=TAGS)
def test_ways_to_write_tags(way, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tag_column(pl.Series("genres", [WAYS[way](row) for row in rows]))
    assert found.to_list() == ["|".join(row) for row in rows]


@pytest.mark.parametrize("way", GUESSED)
@given(rows=TAGS)
def test_ways_that_are_a_guess_say_so(way, rows):
    cells = [GUESSED[way](row) for row in rows]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert tag_column(pl.Series("genres", cells)).to_list() == ["|".join(row) for row in rows]
    n = len({tag for row in rows for tag in row})
    assert [f"read as {n} different ones" in str(one.message) for one in caught] == [True] * any(
        len(row) > 1 for row in rows
    )


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (
            ["Drama|War, old", "Crime"],
            ["Drama|War, old", "Crime"],
        ),  # with bars about, a comma belongs to a name
        (["", " ", None, "[]", "['A']"], [None, None, None, None, "A"]),
        (["[REC]", "A"], ["[REC]", "A"]),
        (["(no genres listed)", "Sci-Fi/Horror", "N/A"], ["(no genres listed)", "Sci-Fi/Horror", "N/A"]),
        ([["A", None, "B"], [], None], ["A|B", None, None]),
        ([[{"id": 1, "name": "A"}]], ["A"]),
    ],
)
def test_cells(cells, wanted):
    assert tag_column(pl.Series("genres", cells)).to_list() == wanted


def test_objects_of_python():
    frame = pd.DataFrame({"item_id": [1, 2, 3], "genres": [{"B", "A"}, ("C",), None]})
    assert Catalog.from_frame(frame).frame["genres"].to_list() == ["A|B", "C", None]


@pytest.mark.parametrize("cell", ["['Rock | Pop']", ["Rock | Pop"]])
def test_a_bar_in_a_tag_of_a_list(cell):
    with pytest.raises(
        ValueError,
        match=r"genres of the catalog must not hold a bar \(\|\), which divides them; got 'Rock \| Pop'",
    ):
        tag_column(pl.Series("genres", [cell]))


def test_an_object_without_a_name():
    with pytest.raises(ValueError, match=r"a tag must be a text or an object with a name; got \{'x': 'y'\}"):
        tag_column(pl.Series("genres", [[{"x": "y"}]]))


def test_features_take_lists_apart_and_speak_of_commas():
    assert split_tags("['b', 'a']") == ["a", "b"]
    assert parts_of_list("['a', 'b'") is None
    assert divided_by(["a", "b, c"]) is None
    table = items_frame().with_columns(
        pl.Series("topic", ["jazz, live", "live, rock", "jazz, rock", "rock, live"] * 10)
    )
    ratings = palate.Ratings.from_frame(ratings_frame())
    model = palate.LeastSquares(n_factors=2, item_features="topic").fit(
        ratings, catalog=Catalog.from_frame(table)
    )
    assert any(
        "topic of items has 4 different values, most of them with commas" in note
        for note in model.history.notes
    )


@pytest.mark.parametrize("way", [*WAYS, *GUESSED])
def test_filters_features_and_reports_see_the_same_genres(way, tmp_path):
    write = {**WAYS, **GUESSED}[way]
    films = items_frame().with_columns(
        pl.col("genres").map_elements(lambda text: write(text.split("|")), return_dtype=pl.String)
    )
    films.write_csv(tmp_path / "items.csv")
    ratings_frame().write_csv(tmp_path / "ratings.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagsWarning)
        data = palate.read(tmp_path)
    assert data.catalog.frame["genres"].to_list() == items_frame()["genres"].to_list()
    model = palate.LeastSquares(n_factors=2, item_features="genres").fit(data.ratings, catalog=data.catalog)
    assert model.item_link.groups[0].values == ("Comedy", "Crime", "Drama")
    assert model.recommend(1, n=99, where={"genres": "comedy"}, exclude_seen=False).height == 20
