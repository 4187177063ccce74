"""`palate update`, end to end on files."""

import json

import numpy as np
import pytest

import palate as library


@pytest.fixture
def model(tmp_path):
    """Return the path of a model with its ratings."""
    rng = np.random.default_rng(3)
    users, items = np.nonzero(rng.random((30, 20)) < 0.5)
    ratings = library.Ratings.from_arrays(users, items, rng.integers(1, 6, len(users)), scale=(1, 5))
    library.LeastSquares(n_factors=2, max_sweeps=5).fit(ratings, validation=0).save(tmp_path / "m.palate")
    return tmp_path / "m.palate"


@pytest.fixture
def came(tmp_path):
    """Return the path of further ratings."""
    (tmp_path / "came.csv").write_text("user_id,item_id,rating\n1,1,5\n77,1,4\n77,500,2\n")
    return tmp_path / "came.csv"


def test_an_update_is_saved_in_place_and_says_what_came(palate, model, came):
    result = palate("update", model, came)
    assert (result.code, result.err) == (0, "")
    assert "Read " in result.out
    assert "of 2 users (1 new) and 2 items (1 new). It took" in result.out
    assert "by 31 users." in result.out
    assert "in place of the file that was there." in result.out
    assert f"Next: palate recommend {model} 1" in result.out
    assert library.load(model).rated(77)["item_id"].to_list() == [1, 500]
    assert palate("recommend", model, "77").code == 0
    assert palate("info", model).code == 0


def test_another_file_leaves_the_model_alone_and_json_has_the_numbers(palate, model, came, tmp_path):
    before = model.read_bytes()
    result = palate("update", model, came, "-o", tmp_path / "new.palate", "--json")
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert (told["n_given"], told["n_new_users"], told["n_new_items"], told["replaced"]) == (3, 1, 1, False)
    assert told["stopped"].startswith("Updated with")
    assert model.read_bytes() == before


def test_drift_is_told_when_asked_for(palate, model, came, tmp_path):
    result = palate("update", model, came, "-o", tmp_path / "new.palate", "--drift")
    assert result.code == 0, result.err
    said = " ".join(result.out.split())
    assert "Of the first 10 items, the updated and the newly trained model have in common: " in said
    assert "for 1 new users; " in said
    told = json.loads(palate("update", model, came, "-o", tmp_path / "other.palate", "--drift", "--json").out)
    assert {row["group"] for row in told["drift"]["groups"]} == {"all", "new", "changed", "unchanged"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "user_id,item_id,rating\nal,1,5\n",
            "must contain integers, as the known user ids do (such as '0'); got 'al'",
        ),
        (
            "user_id,item_id,rating\n1,1,5\n2,1,9\n3,1,3\n",
            "1 of 3 new ratings lie outside the scale 1 to 5 of the model",
        ),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(refused, model, came, text, message):
    before = model.read_bytes()
    came.write_text(text)
    assert message in refused("update", model, came)
    assert model.read_bytes() == before


def test_rows_without_ratings_are_no_ratings_of_1(refused, model, came):
    came.write_text("user_id,item_id\n1,1\n")
    assert "--no-rating must be left out" in refused("update", model, came, "--no-rating", code=2)


def test_a_pair_in_both_is_as_asked(palate, refused, model, tmp_path):
    ratings = library.load(model).rated(3)
    item = ratings["item_id"][0]
    (tmp_path / "again.csv").write_text(f"user_id,item_id,rating\n3,{item},1\n")
    assert "--duplicates" in refused("update", model, tmp_path / "again.csv", "--duplicates", "error")
    assert palate("update", model, tmp_path / "again.csv").code == 0
    assert dict(library.load(model).rated(3)["item_id", "rating"].iter_rows())[item] == 1


def test_a_model_without_ratings_is_refused(refused, model, came):
    library.load(model).save(model, ratings=False)
    assert "saved with --no-ratings" in refused("update", model, came)
