"""`palate recommend` with --diversity, --at-most and --boost, and lists of the most popular items."""

import json

import numpy as np
import polars as pl
import pytest

import palate as library


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return the file of a spectral model of 30 users and 24 films; nothing is known of user 29."""
    rng = np.random.default_rng(1)
    user, item = np.divmod(np.flatnonzero(rng.random(720) < 0.4), 24)
    ratings = library.Ratings.from_arrays(user, item, rng.integers(1, 6, len(user)), scale=(1, 5))
    catalog = library.Catalog.from_frame(
        pl.DataFrame(
            {
                "item_id": list(range(24)),
                "title": [f"Film {number}" for number in range(24)],
                "year": [1980 + number % 4 for number in range(24)],
                "genres": [("Comedy", "Drama", "Crime|Drama")[number % 3] for number in range(24)],
            }
        )
    )
    held = ratings.user_index == ratings.users.index(29)
    model = library.Spectral(n_factors=4).fit(
        ratings.select(~held), validation=ratings.select(held), catalog=catalog
    )
    path = tmp_path_factory.mktemp("shaping") / "films.palate"
    model.save(path)
    return path


def listed(palate, films, *options):
    """Return the ids of a list of six."""
    result = palate("recommend", films, 3, "--n", 6, "--json", *options)
    assert result.code == 0, result
    return [row["item_id"] for row in json.loads(result.out)]


def test_the_options_are_the_arguments_of_recommend(palate, films):
    model = library.load(films)
    asked = [
        (("--diversity", 0.7), {"diversity": 0.7}),
        (("--at-most", "genres=3"), {"at_most": {"genres": 3}}),
        (
            ("--at-most", "genres:Comedy=1", "--at-most", "year:1981=1"),
            {"at_most": {"genres": {"Comedy": 1}, "year": {1981: 1}}},
        ),
        (("--boost", "genres:crime=3"), {"boost": {"genres": {"Crime": 3}}}),
        (
            ("--boost", "item:Film 7=9", "--boost", "year:1980=0.5"),
            {"boost": {"item_id": {7: 9}, "year": {1980: 0.5}}},
        ),
        (
            ("--diversity", 0.4, "--at-most", "genres=3", "--boost", "genres:Drama=2"),
            {"diversity": 0.4, "at_most": {"genres": 3}, "boost": {"genres": {"Drama": 2}}},
        ),
    ]
    plain = listed(palate, films)
    for options, arguments in asked:
        found = listed(palate, films, *options)
        assert found == model.recommend(3, n=6, **arguments)["item_id"].to_list(), options
        assert found != plain, options


def test_a_list_that_caps_leave_short_says_so(palate, films):
    result = palate("recommend", films, 3, "--n", 10, "--at-most", "genres=1")
    assert result.code == 0
    assert "leaves" in result.err
    assert "of 10 places filled for user 3" in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--diversity", "2"), "--diversity"),
        (("--diversity", "much"), "--diversity"),
        (("--at-most", "genres"), "--at-most must be COLUMN=N, such as genres=3; got 'genres'"),
        (
            ("--at-most", "genres=few"),
            "--at-most must end in a whole number, such as genres=3; got 'genres=few'",
        ),
        (("--at-most", "genres=0"), "--at-most genres must be at least 1; got 0"),
        (("--at-most", "colour=2"), "'colour'"),
        (("--at-most", "genres:Comdy=2"), "--at-most genres must name values that items have; got 'Comdy'"),
        (("--at-most", "year:new=2"), "year holds numbers; got 'new'"),
        (
            ("--at-most", "genres=2", "--at-most", "genres:Drama=1"),
            "--at-most must limit all values of genres or single",
        ),
        (
            ("--boost", "genres=2"),
            "--boost must be COLUMN:VALUE=FACTOR, such as genres:Comedy=1.5; got 'genres=2'",
        ),
        (("--boost", "genres:=2"), "--boost must be COLUMN:VALUE=FACTOR"),
        (("--boost", "genres:Drama=more"), "--boost must end in a number"),
        (("--boost", "genres:Drama=-1"), "--boost genres:Drama must be finite and above 0; got -1"),
        (("--boost", "year:1850=2"), "--boost year must name values that items have; got 1850"),
        (("--boost", "genres:Darma=2"), "--boost genres must be genres of the items; got 'Darma'"),
        (("--boost", "colour:red=2"), "--boost must name columns of the items; got 'colour'"),
        (("--boost", "item:Film 99=2"), "Film 99"),
        (("--boost", "genres:Drama=2", "--ascending"), "ascending"),
    ],
)
def test_bad_shapes_name_the_option_and_what_was_given(palate, films, options, message):
    result = palate("recommend", films, 3, *options)
    assert result.code in (1, 2), result
    assert message in " ".join(result.err.split()), result.err
    assert "Traceback" not in result.err


def test_a_user_of_whom_nothing_is_known_has_the_most_popular_items_by_name(palate, films):
    result = palate("recommend", films, 29, "--n", 5, "--unknown", "popular", "--json")
    assert result.code == 0
    assert "no choices of user 29: the list is of the most popular items" in " ".join(result.err.split())
    rows = json.loads(result.out)
    assert {row["source"] for row in rows} == {"most popular"}
    counts = [row["n_ratings"] for row in rows]
    assert counts == sorted(counts, reverse=True)
