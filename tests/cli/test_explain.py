"""`palate explain` on a model file, in words, as JSON and as a table."""

import json

import polars as pl
import pytest

import palate as library


@pytest.fixture(scope="module")
def loaded(model):
    return library.load(model)


def test_it_says_what_the_library_says(palate, model, loaded):
    result = palate("explain", model, 1, 8)
    assert result.code == 0
    for line in loaded.explain(1, 8).lines():
        assert line in result.out
    by_title = palate("explain", model, 1, "--title", "Film number 8")
    assert by_title.out == result.out


def test_json_and_a_file_hold_all_parts(palate, model, loaded, tmp_path):
    frame = loaded.explain(1, 8).frame
    rows = json.loads(palate("explain", model, 1, 8, "--json").out)
    assert [row["part"] for row in rows] == frame["part"].to_list()
    palate("explain", model, 1, 8, "-o", tmp_path / "parts.csv")
    assert pl.read_csv(tmp_path / "parts.csv")["contribution"].sum() == pytest.approx(
        loaded.predict(1, 8), abs=1e-4
    )


def test_someone_new(palate, model):
    result = palate("explain", model, "--title", "Film number 8", "--rate", "Film number 9=5")
    assert result.code == 0
    assert "this new user" in result.out
    assert palate("explain", model, 8, "--rate", "Film number 9=5").out == result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the user"),
        ((1,), "name the item by id or by --title"),
        ((1, 8, "--title", "Film number 8"), "name the item by id or by --title"),
        ((1, 8, "--rate", "Film number 9=5"), "name a user, or give --rate or --fold-in"),
        ((999, 8), "unknown user id '999'"),
        ((1, 999), "unknown item id '999'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(palate, model, arguments, message):
    result = palate("explain", model, *arguments)
    assert result.code != 0
    assert message in result.err
    assert "Traceback" not in result.err


def test_a_model_of_choices_and_both_heads(palate, folder, tmp_path):
    table = library.read(folder / "ratings.csv", scale=(1, 5)).ratings
    library.LinearItems().fit(table, validation=0).save(tmp_path / "choices.palate")
    result = palate("explain", tmp_path / "choices.palate", 1, 8)
    assert result.code == 0
    assert "The score for user 1 and" in result.out
    refused = palate("explain", tmp_path / "choices.palate", 1, 8, "--by", "chosen")
    assert refused.code == 2
    assert "--by is for a model of two heads" in refused.err
    library.Recommender(seconds=1).fit(table).save(tmp_path / "both.palate")
    rated = palate("explain", tmp_path / "both.palate", 8, "--rate", "9=5")
    chosen = palate("explain", tmp_path / "both.palate", 8, "--rate", "9=5", "--by", "chosen")
    assert (rated.code, chosen.code) == (0, 0)
    assert "The prediction for this new user and" in rated.out
    assert "The score for this new user and" in chosen.out
    wrong = palate("explain", tmp_path / "both.palate", 1, 8, "--by", "best")
    assert wrong.code == 2
    assert "--by must be one of 'chosen', 'stars'; got 'best'" in wrong.err
