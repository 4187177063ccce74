"""Experiments: plans, their mistakes, resuming, what the table holds, and the pictures."""

import json
from pathlib import Path

import numpy as np
import pytest

import palate
from palate.experiments.grid import describe
from palate.experiments.plan import PlanError, read_plan

PLAN = {
    "max_sweeps": 2,
    "grid": [
        {"name": "size", "n_factors": [1, 2]},
        {"name": "penalty", "l2_user": [0.5, 2.0], "l2_item": "= l2_user"},
    ],
}


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((40, 30)) < 0.5)
    return palate.Ratings.from_arrays(
        users, items, np.clip(np.round(3 + rng.normal(size=len(users))), 1, 5), scale=(1, 5)
    )


def test_lists_are_tried_in_all_combinations():
    cells = read_plan({"grid": [{"name": "a", "n_factors": [1, 2], "dropout": [0.0, 0.5]}]})
    assert [tuple(cell.settings.values()) for cell in cells] == [(1, 0.0), (1, 0.5), (2, 0.0), (2, 0.5)]


def test_a_setting_may_follow_another():
    assert [cell.settings["l2_item"] for cell in read_plan(PLAN)[2:]] == [0.5, 2.0]


def test_keras_strengths_are_multiplied_by_the_ratings():
    cell = read_plan({"grid": [{"keras_l2_user": 1e-7, "keras_l2_item": 1e-6, "n_factors": 8}]})[0]
    trainer = cell.trainer(19_000_000)
    assert (trainer.l2_user, trainer.l2_item, trainer.l2_scaling) == (
        pytest.approx(1.9),
        pytest.approx(19.0),
        0.0,
    )
    alone = read_plan({"grid": [{"keras_l1_bias": 1e-4}]})[0].trainer(1000)
    assert alone == palate.LeastSquares(l1_bias=0.1)


def test_the_lessons_preset_holds_its_questions():
    cells = read_plan("lesson")
    assert len(cells) >= 24
    assert list(dict.fromkeys(cell.grid for cell in cells)) == [
        "size, without a penalty",
        "size, the lesson's penalty",
        "the lesson's penalty, stronger",
        "penalty by size",
        "biases",
        "absolute penalty on biases",
        "dropout",
        "unobserved pairs",
        "threshold",
        "the baseline",
    ]
    for cell in cells:
        cell.trainer(96_000)


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        ({}, "must have at least one .* got none"),
        ({"grid": [{"n_facters": 3}]}, "got the unknown key 'n_facters'. Did you mean 'n_factors'"),
        ({"grid": [{"zzz": 3}]}, "got the unknown key 'zzz'. It takes"),
        (
            {"grid": [{"trainer": "magic"}]},
            "must be one of least-squares, gibbs, baseline, keras; got 'magic'",
        ),
        ({"grid": [{"n_factors": []}]}, "at least one value each; got an empty list"),
        ({"grid": [{"l2_user": "= nothing"}]}, "must name another of its settings after '='"),
        ({"grid": ["x"]}, "grid 1 must be a table of settings"),
        ("lessen", "did you mean the preset 'lesson'"),
        ("no/such/file.toml", "no file no/such/file.toml. Presets: lesson, lesson-keras"),
    ],
)
def test_a_wrong_plan_is_refused(plan, text):
    with pytest.raises(PlanError, match=text):
        read_plan(plan)


def test_a_file_that_is_no_toml(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text("grid = [")
    with pytest.raises(PlanError, match="must be a TOML file"):
        read_plan(path)


def test_the_table_has_what_the_trainers_report(ratings):
    found = palate.experiment(ratings, PLAN)
    assert found.table["grid"].to_list() == ["size", "size", "penalty", "penalty"]
    model = palate.LeastSquares(n_factors=2, max_sweeps=2).fit(ratings)
    assert found.table["validation_rmse"][1] == pytest.approx(
        min(s.validation_rmse for s in model.history.sweeps)
    )
    assert found.curves.height == 8
    assert describe({"l2_user": 0.5, "n_factors": 2}) == "l2_user=0.5, n_factors=2"


def test_a_threshold_changes_the_lists_and_nothing_else(ratings):
    plan = {"max_sweeps": 2, "n_factors": 2, "grid": [{"name": "t", "min_ratings": [0, 21, 1000]}]}
    table = palate.experiment(ratings, plan).table
    assert table["validation_rmse"].n_unique() == 1
    assert table["list_median_ratings"][1] > table["list_median_ratings"][0]
    assert table["list_coverage"][2] == 0


def test_after_an_interrupt_it_goes_on_where_it_was(ratings, tmp_path):
    path = tmp_path / "done.jsonl"

    def stop(done, total, cell):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        palate.experiment(ratings, PLAN, results=path, progress=stop)
    assert len(path.read_text().splitlines()) == 2
    with path.open("a") as file:
        file.write('{"digest": "torn')  # killed in the middle of a line
    begun = []
    found = palate.experiment(
        ratings, PLAN, results=path, progress=lambda done, total, cell: begun.append(done)
    )
    assert begun == [2, 3]
    fresh = palate.experiment(ratings, PLAN)
    assert found.table.drop("seconds").equals(fresh.table.drop("seconds"))
    assert (
        palate.experiment(
            ratings, PLAN, results=path, progress=lambda *a: pytest.fail("nothing is left to do")
        ).table.height
        == 4
    )


def test_ctrl_c_within_a_fit_stores_nothing(ratings, tmp_path, monkeypatch):
    path, fit = tmp_path / "done.jsonl", palate.LeastSquares.fit

    def interrupted(self, *arguments, **options):
        def stop(report):
            if report.sweep == 2:
                raise KeyboardInterrupt

        return fit(self, *arguments, **{**options, "callback": stop})

    monkeypatch.setattr(palate.LeastSquares, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        palate.experiment(ratings, {"grid": [{"n_factors": 2}]}, results=path)
    assert not path.exists()


def test_a_setting_may_be_a_share_of_another():
    cell = read_plan({"grid": [{"keras_l2_item": 1e-5, "keras_l2_user": "= 0.1 * keras_l2_item"}]})[0]
    assert cell.settings["keras_l2_user"] == pytest.approx(1e-6)


def test_finished_settings_of_another_split_do_not_count(ratings, tmp_path):
    path = tmp_path / "done.jsonl"
    palate.experiment(ratings, PLAN, results=path)
    begun = []
    palate.experiment(
        ratings, PLAN, results=path, seed=1, progress=lambda done, total, cell: begun.append(done)
    )
    assert begun == [0, 1, 2, 3]
    digests = [json.loads(line)["digest"] for line in path.read_text().splitlines()]
    assert len(set(digests)) == len(digests) == 8


def test_pictures(ratings, tmp_path):
    written = palate.experiment(ratings, PLAN).plots(tmp_path / "pictures")
    assert [path.rsplit("/", 1)[-1] for path in written] == ["01-size.png", "02-penalty.png"]
    assert all(Path(path).read_bytes()[:4] == b"\x89PNG" for path in written)
