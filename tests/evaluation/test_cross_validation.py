"""Cross-validation: every rating tested once, pooled figures equal to figures over all of them,
however many folds run at once.
"""

import dataclasses
import math

import numpy as np
import polars as pl
import pytest

from palate import Baseline, Catalog, LeastSquares, Ratings, Recommender, crossval, evaluate, splits


@pytest.fixture
def ratings(rng):
    users, items = np.nonzero(rng.random((30, 20)) < 0.5)
    values = np.clip(np.round(3 + rng.normal(size=30)[users] + rng.normal(size=20)[items]), 1, 5)
    return Ratings.from_arrays([f"u{user:02}" for user in users], items, values, scale=(1, 5))


TRAINER = LeastSquares(n_factors=2, max_sweeps=4)


def test_every_rating_is_tested_once_and_the_pool_is_over_all(ratings):
    folds = splits.k_fold(ratings, 4, seed=2)
    result = crossval(TRAINER, ratings, folds=folds, seed=2, k=5, resamples=50)
    assert result.about["n_test"] == len(ratings)
    assert result.n_test.tolist() == np.bincount(ratings.user_index).tolist()
    parts = [evaluate(TRAINER.fit(split.train, seed=2), split, k=5, resamples=0) for split in folds]
    squares = sum(part.value("rmse") ** 2 * part.about["n_test"] for part in parts)
    assert result.value("rmse") == pytest.approx(math.sqrt(squares / len(ratings)))
    assert result.by_fold.filter(metric="rmse", model="LeastSquares")["value"].to_list() == [
        part.value("rmse") for part in parts
    ]
    # a user's figure is the mean of the folds in which it is defined
    every = pl.concat([part.per_user for part in parts]).filter(pl.col("model") == "LeastSquares")
    mean = every.group_by("user_id").agg(pl.col("ndcg@5").mean()).sort("user_id")
    mine = result.per_user.filter(pl.col("model") == "LeastSquares")
    assert mine["user_id"].to_list() == mean["user_id"].to_list()
    np.testing.assert_allclose(mine["ndcg@5"].to_numpy(), mean["ndcg@5"].to_numpy())
    assert result.value("coverage", 5) == pytest.approx(
        np.mean([part.value("coverage", 5) for part in parts])
    )
    for frame in (result.by_activity, result.by_popularity):
        assert frame.filter(pl.col("model") == "baseline")["n_test"].sum() == len(ratings)


def test_the_number_of_folds_at_a_time_changes_nothing(ratings):
    one, three = (
        crossval(TRAINER, ratings, folds=3, k=4, resamples=30, parallel=parallel) for parallel in (1, 3)
    )
    assert one.table().equals(three.table())
    assert one.per_user.equals(three.per_user)
    assert one.by_fold.equals(three.by_fold)


def test_the_seed_decides_the_folds(ratings):
    first, again, other = (
        crossval(Baseline(), ratings, folds=2, k=(), resamples=0, seed=seed).value("rmse")
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_several_trainers_and_the_references(ratings):
    result = crossval(
        [TRAINER, dataclasses.replace(TRAINER, n_factors=1)], ratings, folds=2, k=3, resamples=0
    )
    assert result.models == ("LeastSquares", "LeastSquares 2", "baseline", "most popular", "neighbours")
    named = crossval(
        {"small": TRAINER, "baseline": Baseline(damping_user=9.0)}, ratings, folds=2, k=3, resamples=0
    )
    assert named.models == ("small", "baseline", "most popular", "neighbours")
    assert named.value("rmse", model="small") == result.value("rmse")
    assert named.value("rmse", model="baseline") != result.value("rmse", model="baseline")


def test_refit_and_validation_reach_the_trainer(ratings):
    figures = {
        (share, refit): crossval(
            TRAINER, ratings, folds=2, k=(), resamples=0, validation=share, refit=refit
        ).value("rmse")
        for share, refit in ((0.3, False), (0.3, True), (0.0, False))
    }
    assert len(set(figures.values())) == 3


def test_the_callback_counts_folds_and_can_end_the_work(ratings):
    seen = []
    crossval(Baseline(), ratings, folds=3, k=(), resamples=0, callback=lambda done, n: seen.append((done, n)))
    assert seen == [(1, 3), (2, 3), (3, 3)]

    def stop(done, n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crossval(Baseline(), ratings, folds=3, k=(), resamples=0, callback=stop)


def test_the_report_speaks_of_folds(ratings):
    text = str(crossval(Baseline(), ratings, folds=3, k=3, resamples=20))
    assert f"Evaluated on {len(ratings)} ratings of 20 items by 30 users." in text
    assert "Each rating was tested once, in one of 3 folds, by a model trained on the other folds." in text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"trainers": []}, ValueError, "trainers must hold at least one trainer; got none"),
        ({"trainers": 3}, TypeError, "trainers must have a method fit; got 3"),
        ({"trainers": LeastSquares}, TypeError, "Pass an instance, such as"),
        ({"folds": 1}, ValueError, "n_folds must be from 2 to 1,000; got 1"),
        ({"parallel": 0}, ValueError, "parallel must be at least 1; got 0"),
        ({"parallel": 1.5}, TypeError, r"parallel must be an integer; got 1\.5"),
        (
            {"ratings": [1]},
            TypeError,
            r"ratings must be palate\.Ratings or what palate.read returns; got list",
        ),
        ({"resamples": -1}, ValueError, "resamples must be at least 0; got -1"),
        (
            {"folds": splits.k_fold(Ratings.from_arrays([1, 2], [1, 2], [1, 2]), 2)},
            ValueError,
            "folds must be of these ratings",
        ),
        ({"validation": 1.5}, ValueError, "validation must be a share"),
    ],
)
def test_bad_input_is_refused(arguments, error, message, ratings):
    with pytest.raises(error, match=message):
        crossval(**{"trainers": Baseline(), "ratings": ratings, **arguments})


def test_features_of_the_catalog(ratings):
    ids = ratings.items.values
    genres = ["a" if n % 2 else "b" for n in range(len(ids))]
    catalog = Catalog.from_frame(pl.DataFrame({"item_id": ids, "genres": genres}))
    trainer = dataclasses.replace(TRAINER, item_features="genres")
    with pytest.raises(ValueError, match="genres"):
        crossval(trainer, ratings, folds=2, k=(), resamples=0)
    with_genres, without = (
        crossval(one, ratings, folds=2, k=(), resamples=0, catalog=catalog).value("rmse")
        for one in (trainer, TRAINER)
    )
    assert with_genres != without


def test_the_front_door_is_cross_validated_like_any_trainer(ratings):
    trainers = {"both": Recommender(seconds=1, stars="none"), "stars": TRAINER}
    result = crossval(trainers, ratings, folds=2, k=5, resamples=0, relevant_from=4)
    assert 0 <= result.value("ndcg@5", model="both") <= 1
    assert result.value("ndcg@5", model="both") == result.value("ndcg", 5, model="both")
    assert result.about["n_test"] == len(ratings)
