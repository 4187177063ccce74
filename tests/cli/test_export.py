"""`palate export vectors`."""

import json

import numpy as np
import polars as pl
import pytest

import palate as library


def test_vectors_of_both_sides_make_the_predictions(palate, model, tmp_path):
    done = palate("export", "vectors", model, "--side", "both", "-o", tmp_path / "out")
    assert done.code == 0
    assert done.out.splitlines() == [
        f"Wrote 40 vectors of 6 numbers to {tmp_path / 'out' / 'items.parquet'}.",
        f"Wrote 30 vectors of 6 numbers to {tmp_path / 'out' / 'users.parquet'}.",
    ]
    items, users = (pl.read_parquet(tmp_path / "out" / f"{side}.parquet") for side in ("items", "users"))
    made = users["vector"].to_numpy() @ items["vector"].to_numpy().T + users["offset"].to_numpy()[:, None]
    assert np.allclose(made, library.load(model).score_items(np.arange(30)), atol=1e-5)


def test_one_side_goes_to_one_file(palate, model, tmp_path):
    out = tmp_path / "users.parquet"
    palate("export", "vectors", model, "--side", "users", "-o", out)
    again = palate("export", "vectors", model, "--side", "users", "-o", out)
    assert "in place of the file that was there" in again.out
    assert pl.read_parquet(out).columns == ["user_id", "vector", "offset"]
    answer = palate("export", "vectors", model, "-o", tmp_path / "items.parquet", "--json")
    assert json.loads(answer.out) == [
        {"side": "items", "output": str(tmp_path / "items.parquet"), "rows": 40, "length": 6}
    ]


@pytest.fixture(scope="module")
def two_heads(folder):
    path = folder / "heads.palate"
    library.Recommender().fit(library.read(folder / "ratings.csv")).save(path)
    return path


def test_a_head_is_named(palate, refused, two_heads, tmp_path):
    out = tmp_path / "items.parquet"
    message = refused("export", "vectors", two_heads, "-o", out, code=2)
    assert message.startswith("--head choice or --head stars must be named")
    assert palate("export", "vectors", two_heads, "-o", out, "--head", "stars").code == 0
    assert "--head must be 'choice'" in refused(
        "export", "vectors", two_heads, "-o", out, "--head", "best", code=2
    )


def test_a_model_without_factors_names_trainers_with_them(refused, folder, tmp_path):
    path = tmp_path / "linear.palate"
    library.LinearItems().fit(library.read(folder / "ratings.csv"), validation=0).save(path)
    message = refused("export", "vectors", path, "-o", tmp_path / "items.parquet")
    assert message.endswith(
        "palate train --trainer least-squares, or --trainer spectral for what people choose."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["-o", "items.csv"],
            "--output must end in .parquet, as other formats cannot contain vectors; got 'items.csv'",
        ),
        (["-o", "items.parquet", "--side", "item"], "--side must be items, users or both; got 'item'"),
        (["-o", "x.parquet", "--side", "both"], "--output must be a folder with --side both"),
        (
            ["-o", "items.parquet", "--head", "stars"],
            "--head must be left out for a model that has one; got 'stars'",
        ),
    ],
)
def test_what_is_wrong_is_said(refused, model, options, message):
    assert message in refused("export", "vectors", model, *options, code=2)
