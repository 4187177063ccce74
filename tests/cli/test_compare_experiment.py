"""`palate compare` and `palate experiment` on files."""

import json
import sys

import pytest

import palate as library


@pytest.fixture
def two(folder, tmp_path):
    data = library.read(folder / "ratings.csv")
    paths = [tmp_path / "one.palate", tmp_path / "two.palate"]
    for path, trainer in zip(
        paths, (library.Baseline(), library.LeastSquares(n_factors=2, max_sweeps=4)), strict=True
    ):
        trainer.fit(data.ratings, catalog=data.catalog).save(path)
    return paths


def test_compare_prints_models_side_by_side(palate, two):
    result = palate("compare", *two, "--user", "1", "--n", "3")
    assert result.code == 0
    assert "Side by side:" in result.out
    assert "RMSE of two against one:" in result.out
    assert "Changes of rank relative to one:" in result.out
    told = json.loads(palate("compare", *two, "--json", "--resamples", "20").out)
    assert told["models"] == ["one", "two"]
    assert told["n_users"] == 30


def test_compare_needs_two_models_and_known_users(palate, two, tmp_path):
    assert palate("compare", two[0]).code == 2
    assert "compare needs two or more models" in palate("compare", two[0]).err
    table = tmp_path / "later.csv"
    table.write_text("user_id,item_id,rating\n1,1,5\n")
    assert f"test ratings are given by --test {table}" in palate("compare", two[0], table).err
    result = palate("compare", *two, "--user", "nobody")
    assert result.code == 1
    assert "nobody" in result.err


def test_experiment_on_a_file_of_ones_own(palate, folder, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text('max_sweeps = 2\n[[grid]]\nname = "size"\nn_factors = [1, 2]\n')
    options = ("--plan", plan, "--results", tmp_path / "done.jsonl")
    result = palate("experiment", folder / "ratings.csv", *options, "--plots", tmp_path / "pictures")
    assert result.code == 0
    assert "n_factors=2" in result.out
    assert "Wrote 1 pictures" in result.out
    rows = json.loads(palate("experiment", folder / "ratings.csv", *options, "--json").out)
    assert [row["n_factors"] for row in rows] == [1, 2]


def test_a_wrong_plan_is_one_line(palate, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text("[[grid]]\nn_facters = 3\n")
    result = palate("experiment", "--plan", plan)
    assert result.code == 2
    assert "Did you mean 'n_factors'" in result.err
    assert "Traceback" not in result.err


def test_pictures_that_cannot_be_drawn_are_found_out_before_the_fits(palate, folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    results = tmp_path / "done.jsonl"
    result = palate(
        "experiment", folder / "ratings.csv", "--results", results, "--plots", tmp_path / "pictures"
    )
    assert result.code == 1
    assert 'pip install "palate[plots]"' in result.err
    assert not results.exists()
