"""Models side by side, with known lists and known errors."""

import dataclasses

import numpy as np
import polars as pl
import pytest

import palate


@pytest.fixture(scope="module")
def models():
    """A model that loves what hardly anyone rated, and the baseline."""
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((40, 30)) < np.linspace(0.05, 0.9, 30))
    values = np.clip(np.round(3.5 + rng.normal(size=len(users))), 1, 5)
    ratings = palate.Ratings.from_arrays(users, items, values, scale=(1, 5))
    weak = palate.LeastSquares(n_factors=2, l2_user=0.01, l2_item=0.01, l2_bias=0.0, max_sweeps=5).fit(
        ratings
    )
    return {"weak": weak, "damped": palate.Baseline(damping_item=10).fit(ratings)}


def test_lists_stand_next_to_each_other(models):
    found = palate.compare(models, users=[3, 5], n=4, resamples=20)
    assert found.lists.height == 8
    for name, model in models.items():
        own = model.recommend([3, 5], n=4)
        assert found.lists[f"{name}: item_id"].to_list() == own["item_id"].to_list()
        assert found.lists[f"{name}: n_ratings"].to_list() == own["n_ratings"].to_list()


@pytest.mark.parametrize("users", [pl.DataFrame({"user_id": [3, 5]}), pl.Series([3, 5]).to_pandas(), {3, 5}])
def test_users_of_any_collection(models, users):
    lists = palate.compare(models, users=users, n=4, resamples=20).lists
    assert lists["user_id"].unique().sort().to_list() == [3, 5]


def test_what_moved_and_by_how_much(models):
    moved = palate.compare(models, users=[3], n=4, resamples=20).moved
    assert (moved["rank_before"].is_null() & moved["rank_after"].is_null()).sum() == 0
    assert (moved["rank_before"] != moved["rank_after"]).fill_null(True).all()
    for row in moved.iter_rows(named=True):
        before, after = (models[name].predict(3, row["item_id"]) for name in ("weak", "damped"))
        assert row["change"] == pytest.approx(after - before, abs=1e-5)


@pytest.mark.parametrize("titled", ["weak", "damped"])
def test_titles_may_be_known_to_one_model_alone(models, titled):
    titles = pl.DataFrame({"item_id": np.arange(30), "title": [f"film {item}" for item in range(30)]})
    catalog = palate.Catalog.from_frame(titles).aligned(models[titled].items, models[titled].ratings)
    both = {**models, titled: dataclasses.replace(models[titled], catalog=catalog)}
    moved = palate.compare(both, users=[3], n=4, resamples=20).moved
    assert moved.height
    assert moved["title"].to_list() == [f"film {item}" for item in moved["item_id"]]


def test_overlap_is_the_share_in_common(models):
    found = palate.compare(models, users=list(range(10)), n=4, resamples=20)
    lists = [models[name].recommend(list(range(10)), n=4).select("user_id", "item_id") for name in models]
    common = len(set(lists[0].rows()) & set(lists[1].rows()))
    assert found.overlap["overlap"].to_list() == [common / 40]


def test_obscure_picks_are_scored_again(models):
    rescored = palate.compare(models, n=4, resamples=20).rescored
    assert (rescored["n_ratings"] < 10).all()
    assert rescored["n_ratings"].is_sorted()
    for row in rescored.head(5).iter_rows(named=True):
        assert row["damped: predicted"] == pytest.approx(
            models["damped"].predict(row["user_id"], row["item_id"]), abs=1e-5
        )


def test_errors_are_paired_on_one_holdout(models):
    found = palate.compare(models, n=4, resamples=200)
    n = int(models["weak"].ratings.held_out.sum())
    assert found.note == f"Errors on the {n} ratings that all models held out of training."
    rmse = {row["model"]: row["rmse"] for row in found.summary.to_dicts()}
    row = found.differences.filter(pl.col("metric") == "rmse").row(0, named=True)
    assert (row["model"], row["against"]) == ("damped", "weak")
    assert row["difference"] == pytest.approx(rmse["damped"] - rmse["weak"])
    assert row["low"] <= row["difference"] <= row["high"]


def test_without_a_common_holdout_there_are_no_errors_and_the_note_says_why(models):
    whole = palate.Baseline().fit(
        palate.Ratings.from_arrays([0, 1, 2], [0, 1, 2], [1, 2, 3], scale=(1, 5)), validation=0
    )
    found = palate.compare({"whole": whole, "same": whole}, n=1)
    assert found.errors is None
    assert found.note.startswith(
        "No errors: test ratings must be given for 'whole', which held no ratings out of training"
    )


def test_models_of_different_splits_are_judged_on_what_both_held_out(models):
    ratings = palate.Ratings.from_arrays(*np.nonzero(np.ones((20, 20))), np.arange(400) % 5 + 1, scale=(1, 5))
    one, other = (palate.Baseline().fit(ratings, validation=0.3, seed=seed) for seed in (0, 1))
    both = one.ratings.held_out & other.ratings.held_out
    found = palate.compare({"one": one, "other": other}, n=1, resamples=20)
    assert found.note == f"Errors on the {both.sum()} ratings that all models held out of training."
    users, items = np.divmod(np.flatnonzero(both), 20)
    errors = one.predict(users, items, clip=True) - one.ratings.values(np.flatnonzero(both))
    assert found.summary["rmse"][0] == pytest.approx(np.sqrt(np.mean(errors**2)), abs=1e-5)


def test_models_that_share_no_held_out_rating(models):
    ratings = palate.Ratings.from_arrays([0, 0, 1, 1], [0, 1, 0, 1], [1, 2, 3, 4], scale=(1, 5))
    held = [ratings.select(np.arange(4) == place) for place in (0, 3)]
    one, other = (
        palate.Baseline().fit(ratings.select(np.arange(4) != place), validation=part)
        for place, part in zip((0, 3), held, strict=True)
    )
    assert "no rating was held out of training by all" in palate.compare([one, other], n=1).note


def test_ratings_that_were_trained_on_are_refused(models):
    trained = palate.Ratings.from_arrays([0], [29], [3], scale=(1, 5))
    with pytest.raises(ValueError, match="trained on"):
        palate.compare(models, test=trained)


def test_one_model_is_no_comparison(models):
    with pytest.raises(ValueError, match="models must be at least two to be compared; got 1"):
        palate.compare([models["weak"]])


def test_the_size_is_that_of_the_file(models, tmp_path):
    paths = [tmp_path / f"{name}.palate" for name in models]
    for path, model in zip(paths, models.values(), strict=True):
        model.save(path)
    found = palate.compare(paths, users=[1], resamples=20)
    assert found.summary["bytes"].to_list() == [path.stat().st_size for path in paths]
    assert (
        palate.compare(models, users=[1], resamples=20).summary["bytes"].to_list()
        == found.summary["bytes"].to_list()
    )


def test_models_of_other_users_are_compared_on_those_they_share(models):
    other = palate.Baseline().fit(
        palate.Ratings.from_arrays([3, 5, 99], [0, 29, 7], [1, 2, 3], scale=(1, 5)), validation=0
    )
    assert palate.compare({"one": models["weak"], "two": other}, n=2).n_users == 2
    stranger = palate.Baseline().fit(
        palate.Ratings.from_arrays([98, 99], [0, 1], [1, 2], scale=(1, 5)), validation=0
    )
    with pytest.raises(ValueError, match="users in common"):
        palate.compare([models["weak"], stranger])


def test_a_wrong_argument_is_no_note(models):
    with pytest.raises(ValueError, match="resamples must be"):
        palate.compare(models, resamples=-1)
