"""`palate prepare`: the lesson's pair of files, which `palate train` reads again."""

import json

import polars as pl


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
