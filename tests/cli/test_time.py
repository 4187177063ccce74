"""Time on the command line, end to end on files."""

import json

import pytest

import palate as library


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """Return a folder with train.csv, test.csv and timed.palate, trained on the former with time."""
    from palate.cli import main

    folder = tmp_path_factory.mktemp("timed")
    split = library.splits.random(library.datasets.load("movielens-small").ratings, share=0.5)
    few = split.train.select(split.train.user_index < 120)
    for name, ratings in (("train", few), ("test", split.test.select(split.test.user_index < 120))):
        ratings.to_frame().write_csv(folder / f"{name}.csv")
    arguments = [
        "train",
        folder / "train.csv",
        "-o",
        folder / "timed.palate",
        "--trainer",
        "gibbs",
        "--time",
        "bins,sessions",
    ]
    assert main([str(one) for one in (*arguments, "--n-factors", 4, "--sweeps", 30, "--burn-in", 10)]) == 0
    return folder


def test_info_tells_what_is_known_of_time(palate, timed):
    about = json.loads(palate("info", timed / "timed.palate", "--json").out)
    assert about["n_time_bins"] == 15
    assert about["n_sessions"] > 120
    assert about["trainer"]["time"] == "bins,sessions"
    blocks = {block["name"]: block["shape"] for block in about["blocks"]}
    assert blocks["context.session_effect"] == [20, about["n_sessions"]]
    assert blocks["context.user_shift"] == [20, 15, 5]
    assert "time: 15 bins" in palate("info", timed / "timed.palate").out


def test_evaluation_and_calibration_use_the_times_of_the_test(palate, timed):
    def rmse(test, *more):
        result = palate(
            "evaluate",
            timed / "timed.palate",
            "--test",
            test,
            "--no-lists",
            "--no-baselines",
            "--json",
            *more,
        )
        return json.loads(result.out)

    with_times = rmse(timed / "test.csv")
    timeless = timed / "timeless.csv"
    lines = (timed / "test.csv").read_text().splitlines()
    timeless.write_text("\n".join(line.rsplit(",", 1)[0] for line in lines) + "\n")
    without = rmse(timeless)
    values = [
        next(row["value"] for row in found["figures"] if row["metric"] == "rmse")
        for found in (with_times, without)
    ]
    assert values[0] < values[1]
    assert not any("is a model with time" in note for note in with_times["notes"])
    assert any(
        "timed is a model with time, but the test has no timestamps" in note for note in without["notes"]
    )
    assert "is a model with time" in palate("calibrate", timed / "timed.palate", timeless).out
    named = timed / "named.csv"
    named.write_text("\n".join(["user_id,item_id,rating,when", *lines[1:]]) + "\n")
    again = rmse(named, "--timestamp", "when")
    assert next(row["value"] for row in again["figures"] if row["metric"] == "rmse") == values[0]


def test_predictions_and_lists_as_of_a_time(palate, timed):
    model = library.load(timed / "timed.palate")
    user, item = model.users.id(3), model.items.id(5)
    rows = json.loads(
        palate("predict", timed / "timed.palate", user, item, "--at", "1999-01-01", "--json").out
    )
    assert rows[0]["predicted_rating"] == pytest.approx(
        model.predict(user, item, timestamps=915148800), abs=1e-6
    )
    same = json.loads(
        palate("predict", timed / "timed.palate", user, item, "--at", "915148800", "--json").out
    )
    assert same == rows
    listed = json.loads(
        palate("recommend", timed / "timed.palate", user, "--at", "1999-01-01T00:00:00+00:00", "--json").out
    )
    assert [row["item_id"] for row in listed] == model.at(915148800).recommend(user)["item_id"].to_list()


def test_a_newcomers_times_count(palate, timed, tmp_path):
    model = library.load(timed / "timed.palate")
    items = model.items.ids()[:3]
    path = tmp_path / "mine.csv"
    path.write_text(
        "item_id,rating,timestamp\n"
        + "".join(f"{item},{5 - n},{915148800 + n}\n" for n, item in enumerate(items))
    )
    listed = json.loads(palate("recommend", timed / "timed.palate", "--fold-in", path, "--json").out)
    folded = model.fold_in(items, [5, 4, 3], timestamps=[915148800, 915148801, 915148802])
    assert [row["item_id"] for row in listed] == model.recommend(folded)["item_id"].to_list()
    path.write_text(
        "item_id,rating,timestamp\n"
        + "".join(f"{item},{5 - n},1999-01-01T00:00:0{n}\n" for n, item in enumerate(items))
    )
    assert json.loads(palate("recommend", timed / "timed.palate", "--fold-in", path, "--json").out) == listed
    then = json.loads(
        palate("recommend", timed / "timed.palate", "--fold-in", path, "--at", "2003-01-01", "--json").out
    )
    assert [row["item_id"] for row in then] == model.recommend(folded, timestamp=1041379200)[
        "item_id"
    ].to_list()


def test_wrong_times_are_one_line(refused, timed, model, tmp_path):
    path = timed / "timed.palate"
    assert refused("predict", path, 1, 1, "--at", "yesterday", code=2).startswith(
        "--at must be a date such as 2005-06-01 or a whole number; got 'yesterday'"
    )
    assert refused("recommend", path, 1, "--at", "2005-13-01", code=2).startswith("--at must be a date")
    assert "cannot predict for a given time" in refused("recommend", model, 1, "--at", "2005-06-01")
    text = "user_id,item_id,rating\n1,1,3\n1,2,4\n2,1,5\n"
    (tmp_path / "plain.csv").write_text(text)
    common = ("train", tmp_path / "plain.csv", "-o", tmp_path / "m.palate", "--trainer", "gibbs", "--time")
    assert "must have timestamps for a model with time" in refused(*common, "bins")
    assert "must be 'bins', 'sessions' or both" in refused(*common, "days", code=2)
    (tmp_path / "mine.csv").write_text("item_id,rating,timestamp\n1,5,noon\n")
    assert (
        "mine.csv, row 1: timestamp must be a date such as 2005-06-01 or a whole number; got 'noon'"
        in refused("recommend", path, "--fold-in", tmp_path / "mine.csv")
    )
    (tmp_path / "mine.csv").write_text("item_id,rating,timestamp\n1,5,\n")
    assert "row 1: timestamp must be given in every row or none" in refused(
        "recommend", path, "--fold-in", tmp_path / "mine.csv"
    )
    (tmp_path / "mine.csv").write_text("item_id,rating,timestamp\n1,5,7\n")
    assert "--rate has no time" in refused(
        "recommend", path, "--fold-in", tmp_path / "mine.csv", "--rate", "2=3"
    )
    assert refused("recommend", path, 1, "--at", "99999999999999999999", code=2).startswith(
        "--at must be a date"
    )
    for ambiguous in ("01/02/2005", "1.2.05", "05-02-01"):
        said = refused("recommend", path, 1, "--at", ambiguous, code=2)
        assert said.startswith(
            f"--at must be a date such as 2005-06-01 or a whole number; got '{ambiguous}'. The order of day"
        )


def test_a_time_of_another_unit_is_converted_with_a_note_or_refused(palate, refused, timed, tmp_path):
    path = timed / "timed.palate"
    rows = json.loads(palate("predict", path, 1, 31, "--at", "2000-02-01", "--json").out)
    for written in ("20000201", "949363200000", "949363200"):
        result = palate("predict", path, 1, 31, "--at", written, "--json")
        assert json.loads(result.out) == rows
        assert ("2000-02-01 00:00:00, and become seconds since 1970" in result.err) == (
            written != "949363200"
        )
    assert "must be in the unit of this model's times" in refused("predict", path, 1, 31, "--at", "365")
    counted = tmp_path / "counted.csv"
    counted.write_text(
        "user_id,item_id,rating,timestamp\n"
        + "".join(
            f"{u},{i},{1 + (u + i) % 5},{u * 40 + i}\n" for u in range(30) for i in range(30) if (u + i) % 3
        )
    )
    own = tmp_path / "own.palate"
    options = (
        "--trainer",
        "gibbs",
        "--time",
        "bins",
        "--n-factors",
        "2",
        "--sweeps",
        "6",
        "--burn-in",
        "2",
        "--scale",
        "1",
        "5",
    )
    assert palate("train", counted, "-o", own, *options).code == 0
    said = refused("predict", own, 1, 1, "--at", "2005-06-01")
    assert "which run from about" in said
    assert "and are no seconds; got 1117584000, which is not among them" in said
    assert palate("predict", own, 1, 1, "--at", "700").code == 0
    dated = tmp_path / "dated.csv"
    dated.write_text("user_id,item_id,rating,timestamp\n1,2,3,2005-06-01\n2,1,4,2006-06-01\n")
    assert "and are no seconds; got 1117584000" in refused(
        "evaluate", own, "--test", dated, "--no-lists", "--resamples", "0"
    )
    assert "and are no seconds; got 1117584000" in refused("calibrate", own, dated)
