"""`palate evaluate` and `palate crossval`, end to end on files."""

import json

import numpy as np
import polars as pl
import pytest

import palate
from palate.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with ratings, later ratings, two models trained on the former, and one saved
    without ratings.
    """
    path = tmp_path_factory.mktemp("evaluate")
    rng = np.random.default_rng(3)
    users, items = np.nonzero(rng.random((40, 30)) < 0.4)
    values = np.clip(np.round(3 + rng.normal(size=40)[users] + rng.normal(size=30)[items]), 1, 5)
    ratings = palate.Ratings.from_arrays(users, items, values, scale=(1, 5))
    split = palate.splits.random(ratings, 0.2)
    split.train.to_frame().write_csv(path / "train.csv")
    split.test.to_frame().write_csv(path / "later.csv")
    ratings.to_frame().write_csv(path / "all.csv")
    model = palate.LeastSquares(n_factors=2, max_sweeps=4).fit(split.train, validation=0.1)
    model.save(path / "model.palate")
    model.save(path / "bare.palate", ratings=False)
    palate.Baseline().fit(split.train, validation=0).save(path / "other.palate")
    return path


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def test_evaluate_without_arguments_tests_the_bundled_ratings(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    code, out, err = run(capsys, "evaluate", "--resamples", 100)
    assert (code, err) == (0, "")
    assert (
        "The bundled ratings, MovieLens-small: LeastSquares with its defaults, trained on 80% of them." in out
    )
    heading = next(line for line in out.splitlines() if "most popular" in line)
    assert heading.split() == ["LeastSquares", "baseline", "most", "popular", "popular", "lately"]
    assert "By nDCG@10, LeastSquares does not beat most popular, popular lately or neighbours" in out
    assert "RMSE: LeastSquares is better than baseline by" in out
    rmse = next(line for line in out.splitlines() if line.startswith("RMSE "))
    assert rmse.count("(") == 2
    assert rmse.rstrip().endswith("-")


def test_a_model_is_tested_on_what_it_held_out(capsys, folder):
    code, out, err = run(capsys, "evaluate", folder / "model.palate", "--k", 5, "--k", 3)
    assert (code, err) == (0, "")
    assert "model used these held-out ratings to decide when to stop" in out
    assert "nDCG@3" in out
    assert "nDCG@5" in out


def test_hit_curves_are_drawn(capsys, folder, tmp_path):
    path = tmp_path / "curves.svg"
    code, _, err = run(capsys, "evaluate", folder / "model.palate", "--curves", path, "--resamples", 10)
    assert code == 0
    assert err == f"palate: note: the hit curves are in {path}.\n"
    assert "<svg" in path.read_text()
    code, _, err = run(capsys, "evaluate", folder / "model.palate", "--curves", tmp_path / "curves.txt")
    assert code == 2
    assert "--curves must end in .png, .svg or .pdf" in err
    code, _, err = run(capsys, "evaluate", folder / "model.palate", "--curves", path, "--no-lists")
    assert code == 2
    assert "choose --curves or --no-lists, not both" in err


def test_models_are_compared_on_other_ratings(capsys, folder):
    models = folder / "model.palate", folder / "other.palate"
    code, out, _ = run(capsys, "evaluate", *models, "--test", folder / "later.csv", "--scale", 1, 5, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["models"] == ["model", "other", "baseline", "most popular", "neighbours"]
    rmse = {row["model"]: row["value"] for row in found["figures"] if row["metric"] == "rmse"}
    test = palate.read(folder / "later.csv", scale=(1, 5)).ratings
    expected = palate.evaluate(palate.load(models[0]), test, k=10, resamples=0)
    assert rmse["model"] == pytest.approx(expected.value("rmse"))
    assert set(rmse) == {"model", "other", "baseline"}
    assert {row["against"] for row in found["differences"]} == {
        "other",
        "baseline",
        "most popular",
        "neighbours",
    }
    assert {(row["model"], row["reference"]) for row in found["against_references"]} == {
        (model, reference) for model in ("model", "other") for reference in found["models"][2:]
    }


def test_a_model_without_ratings_needs_them(capsys, folder):
    arguments = "evaluate", folder / "bare.palate", "--test", folder / "later.csv"
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (1, "")
    assert "Pass --train with the ratings it was trained on" in err
    assert err.count("\n") == 1
    code, out, _ = run(capsys, *arguments, "--train", folder / "train.csv", "--no-lists", "--resamples", 0)
    assert code == 0
    assert "nDCG" not in out


@pytest.mark.parametrize(
    ("view", "column"),
    [("activity", "n_users"), ("popularity", "share_of_lists@10"), ("known", "side"), ("user", "user_id")],
)
def test_views(capsys, folder, tmp_path, view, column):
    code, out, _ = run(capsys, "evaluate", folder / "model.palate", "--by", view, "--resamples", 0)
    assert code == 0
    assert column in out
    code, out, _ = run(
        capsys,
        "evaluate",
        folder / "model.palate",
        "--by",
        view,
        "-o",
        tmp_path / "view.csv",
        "--resamples",
        0,
    )
    assert code == 0
    assert column in pl.read_csv(tmp_path / "view.csv").columns


def test_json_has_users_when_asked(capsys, folder):
    _, out, _ = run(capsys, "evaluate", folder / "model.palate", "--by", "user", "--json", "--resamples", 0)
    found = json.loads(out)
    assert len(found["per_user"]) == found["n_users"] * len(found["models"])


def test_crossval_of_a_file(capsys, folder):
    code, out, err = run(
        capsys,
        "crossval",
        folder / "all.csv",
        "--scale",
        1,
        5,
        "--folds",
        3,
        "--n-factors",
        2,
        "--max-sweeps",
        4,
        "--resamples",
        50,
    )
    assert (code, err) == (0, "")
    assert "Each rating was tested once, in one of 3 folds" in out
    assert "nDCG@10" in out


def test_crossval_with_features_of_the_catalog(capsys, folder, tmp_path):
    pl.DataFrame({"item_id": range(30), "genres": ["a", "b"] * 15}).write_csv(tmp_path / "items.csv")
    base = (
        "crossval",
        folder / "all.csv",
        "--folds",
        2,
        "--n-factors",
        2,
        "--no-lists",
        "--resamples",
        0,
        "--json",
    )
    found = [
        json.loads(run(capsys, *base, "--items", tmp_path / "items.csv", *more)[1])
        for more in ((), ("--item-features", "genres"))
    ]
    assert found[0] != found[1]
    code, _, err = run(capsys, *base, "--item-features", "genres")
    assert code == 2
    assert "genres" in err


def test_crossval_saves_folds_and_uses_them_again(capsys, folder, tmp_path):
    base = (
        "crossval",
        folder / "all.csv",
        "--trainer",
        "baseline",
        "--no-lists",
        "--resamples",
        0,
        "--json",
        "--no-baselines",
    )
    _, first, _ = run(capsys, *base, "--folds", 4, "--seed", 6, "--save-split", tmp_path / "folds.split")
    _, again, _ = run(capsys, *base, "--seed", 6, "--split", tmp_path / "folds.split", "--parallel", 2)
    first, again = json.loads(first), json.loads(again)
    assert first["figures"] == again["figures"]
    assert len({row["fold"] for row in again["by_fold"]}) == 4
    code, _, err = run(capsys, "crossval", folder / "train.csv", "--split", tmp_path / "folds.split")
    assert code == 1
    assert "belongs to other ratings" in err


def test_crossval_by_fold(capsys, folder):
    code, out, _ = run(
        capsys,
        "crossval",
        folder / "all.csv",
        "--trainer",
        "baseline",
        "--folds",
        2,
        "--no-lists",
        "--by",
        "fold",
    )
    assert code == 0
    assert "fold" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["evaluate", "--test", "x.csv"], 2, "--test and --train must be given with model files"),
        (["evaluate", "--k", "0"], 2, "--k must be at least 1; got 0"),
        (["evaluate", "--k", "3", "--no-lists"], 2, "choose --k or --no-lists, not both"),
        (["evaluate", "--by", "fold"], 2, "--by must be activity, popularity, known or user; got 'fold'"),
        (["evaluate", "--output", "x.txt"], 2, "--output must end in .csv, .parquet or .json"),
        (["evaluate", "none.palate"], 1, "none.palate"),
        (["crossval", "none.csv"], 1, "none.csv"),
        (["crossval", "--folds", "1"], 2, "--folds must be at least 2; got 1"),
        (["crossval", "--trainer", "magic"], 2, "--trainer must be"),
    ],
)
def test_errors_are_one_line(capsys, arguments, code, message):
    found, out, err = run(capsys, *arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_leak_is_reported_with_its_count(capsys, folder):
    code, _, err = run(capsys, "evaluate", folder / "other.palate", "--test", folder / "train.csv")
    assert code == 1
    n = pl.read_csv(folder / "train.csv").height
    assert f"the test ratings must be new to 'other'; of {n}, {n} were trained on." in err
