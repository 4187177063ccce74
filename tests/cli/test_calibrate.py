"""`palate calibrate`, end to end on files."""

import json

import numpy as np
import polars as pl
import pytest

import palate as library
from palate.training.gibbs.trainer import Gibbs


@pytest.fixture(scope="module")
def sure(tmp_path_factory):
    """Return a folder with a model with draws that held ratings out, and later ratings."""
    path = tmp_path_factory.mktemp("calibrate")
    rng = np.random.default_rng(3)
    users, items = np.nonzero(rng.random((60, 40)) < 0.5)
    values = np.clip(np.round(3 + rng.normal(size=60)[users] / 2 + rng.normal(size=40)[items]), 1, 5)
    split = library.splits.random(library.Ratings.from_arrays(users, items, values, scale=(1, 5)), 0.3)
    Gibbs(n_factors=2, sweeps=30, burn_in=10).fit(split.train, validation=0.1).save(path / "sure.palate")
    split.test.to_frame().write_csv(path / "later.csv")
    return path


def test_a_model_is_tested_on_what_it_held_out(palate, sure):
    result = palate("calibrate", sure / "sure.palate")
    assert (result.code, result.err) == (0, "")
    assert "20 draws" in result.out
    assert "mean width" in result.out
    assert "PIT: the 20 bins contain" in result.out


def test_later_ratings_json_file_and_plot(palate, sure):
    pytest.importorskip("matplotlib")
    later = sure / "sure.palate", sure / "later.csv", "--scale", 1, 5
    result = palate("calibrate", *later, "--json", "--nominal", 0.8, "--plot", sure / "plot.png")
    document = json.loads(result.out)
    assert {row["nominal"] for row in document["coverage"]} == {0.8}
    assert (sure / "plot.png").stat().st_size > 10_000
    assert palate("calibrate", *later, "-o", sure / "table.csv").out.startswith("Wrote ")
    assert pl.read_csv(sure / "table.csv").columns == [
        "n_train",
        "n_test",
        "nominal",
        "coverage",
        "error",
        "se",
        "width",
    ]
    assert "Drew the plot to" in palate("calibrate", *later, "--plot", sure / "plot.svg").out


def test_bad_input_is_one_line(refused, sure, bare_model):
    path = sure / "sure.palate"
    assert refused("calibrate", path, "--nominal", 2, code=2).startswith("--nominal must be between 0 and 1")
    assert refused("calibrate", path, "--plot", "plot.txt", code=2).startswith(
        "--plot must end in .png, .svg or .pdf"
    )
    assert "must have standard errors or draws" in refused("calibrate", bare_model)
