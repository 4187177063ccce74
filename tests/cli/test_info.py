"""`palate info`: blocks, training and history of a model file."""

import json
import re

import palate as library


def test_info_adds_up(palate, model):
    told = json.loads(palate("info", model, "--json").out)
    loaded = library.load(model)
    assert told["file_bytes"] == model.stat().st_size
    assert (told["n_users"], told["n_items"], told["n_factors"], told["scale"]) == (30, 40, 4, [1.0, 5.0])
    found = {block["name"]: block for block in told["blocks"]}
    assert found["user_factors"] == {
        "name": "user_factors",
        "shape": [1, 30, 4],
        "dtype": "float32",
        "parameters": 120,
        "bytes": 480,
    }
    assert sum(block["parameters"] for block in told["blocks"]) == 30 * 5 + 40 * 5 + 1 + 1  # mean and noise
    assert found["ratings.items"]["bytes"] == 500 * 4
    assert told["history"] == json.loads(json.dumps(loaded.history.to_dict()))
    assert told["trainer"] == dict(loaded.trainer)


def test_info_in_words(palate, model):
    text = palate("info", model).out
    assert "30 users (integer ids), 40 items (integer ids), 4 factors, mean rating " in text
    assert "catalog: title, year, genres, n_ratings, mean_rating\n" in text
    assert "  n_factors = 4\n" in text
    assert "trained on 475 ratings, 25 held out for validation (errors unclipped)\n" in text
    assert text.count(" kept\n") == 1
    assert "1 x 30 x 4" in text


def test_info_of_a_model_without_ratings(palate, bare_model):
    text = palate("info", bare_model).out
    assert "ratings: none (the model was saved without them)\n" in text
    assert "ratings.items" not in text
    assert json.loads(palate("info", bare_model, "--json").out)["n_ratings"] is None


def test_a_posterior_of_levels(palate, folder, tmp_path):
    data = library.read(folder / "ratings.csv", scale=(1, 5))
    trainer = library.Gibbs(n_factors=2, sweeps=12, burn_in=4, likelihood="ordinal", item_features="raters")
    path = tmp_path / "draws.palate"
    trainer.fit(data.ratings, catalog=data.catalog).save(path)
    result = palate("info", path)
    assert result.code == 0
    assert "2 factors, ordinal link, scale 1 to 5" in result.out
    assert re.search(r"item_features.raters +8 x 30 x 3 ", result.out)
    assert re.search(r"cutpoints +8 x 4 ", result.out)
    told = json.loads(palate("info", path, "--json").out)
    assert told["history"]["sweeps"][0]["train_rmse"] is None
    assert told["history"]["sweeps"][-1]["validation_rmse"] > 0
