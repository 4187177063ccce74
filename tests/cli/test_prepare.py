"""`palate prepare`: the lesson's pair of files, which `palate train` reads again."""

import json

import numpy as np
import polars as pl
import pytest

import palate as library


def test_what_it_writes_can_be_trained_on(palate, folder, tmp_path):
    output = tmp_path / "prepared"
    result = palate("prepare", folder / "ratings.csv", "-o", output, "--scale", "1", "5")
    assert result.code == 0, result.err
    assert "475 training rows, then 25 for validation" in result.out
    assert result.out.endswith(f"Next: palate train {output}\n")
    table = pl.read_csv(output / "rating.csv")
    assert table.columns == ["userId", "movieId", "rating", "y"]
    assert abs(table["y"].head(475).mean()) < 1e-6
    trained = palate("train", output, "-o", tmp_path / "model.palate", "--json")
    assert json.loads(trained.out)["n_ratings"] == 500


def test_json_and_what_is_there_already(palate, refused, folder, tmp_path):
    told = json.loads(palate("prepare", folder / "ratings.csv", "-o", tmp_path, "--json").out)
    assert (told["folder"], told["n_train"], told["n_items"]) == (str(tmp_path), 475, 40)
    assert "rating.csv" in refused("prepare", folder / "ratings.csv", "-o", tmp_path)
    assert palate("prepare", folder / "ratings.csv", "-o", tmp_path, "--overwrite").code == 0


def test_a_share_out_of_range(refused, folder, tmp_path):
    message = refused("prepare", folder / "ratings.csv", "-o", tmp_path, "--validation", "1", code=2)
    assert "--validation must be a share, at least 0 and below 1; got 1.0." in message


def test_train_holds_out_the_rows_that_were_prepared_for_it(palate, folder, tmp_path):
    output, model = tmp_path / "prepared", tmp_path / "m.palate"
    told = json.loads(
        palate("prepare", folder / "ratings.csv", "-o", output, "--json", "--validation", "0.1").out
    )
    result = palate("train", output, "-o", model, "--n-factors", "2")
    assert "the 50 validation rows at the end of the files of palate prepare are held out" in result.err
    trained = library.load(model)
    rows = pl.read_csv(output / "rating.csv")["userId", "movieId"].rows()
    held = np.flatnonzero(trained.ratings.held_out)
    users = np.searchsorted(trained.ratings.indptr, held, side="right") - 1
    pairs = zip(trained.users.take(users), trained.items.take(trained.ratings.items[held]), strict=True)
    assert set(pairs) == set(rows[told["n_train"] :])
    assert float(trained.global_mean[0]) == pytest.approx(told["mean"], abs=1e-6)
    assert library.read(output).mean == pytest.approx(told["mean"], abs=1e-6)
    own = palate(
        "train", output, "-o", model, "--n-factors", "2", "--validation", "0.2", "--json"
    )  # a share that was asked for
    assert (own.err, json.loads(own.out)["n_validation"]) == ("", 100)
    table = (output / "rating.csv").read_text().splitlines()
    (output / "rating.csv").write_text("\n".join(table[:-1]) + "\n")
    changed = palate("train", output, "-o", model, "--n-factors", "2")
    assert (
        "rating.csv has 499 rows, but split.json beside it says 450 for training and 50 for validation"
        in changed.err
    )


def test_the_default_model_is_not_replaced_without_a_word(palate, refused, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = ("train", folder / "ratings.csv", "--n-factors", "2")
    assert "Saved model.palate (" in palate(*train).out
    assert "model.palate exists already; name another file with --output, or pass --overwrite" in refused(
        *train, code=2
    )
    for options in (("--overwrite",), ("-o", "model.palate")):
        assert "bytes), in place of the file that was there." in palate(*train, *options).out
