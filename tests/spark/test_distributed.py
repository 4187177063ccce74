"""Least squares on the workers gives the bits of one machine, however its rows are cut."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import palate
from palate.data.blanks import BlanksWarning
from palate.spark import fit_distributed

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]


@pytest.fixture(scope="module")
def frame():
    """A table in which one user gave 30 % of all ratings, with text ids."""
    rng = np.random.default_rng(11)
    user = np.concatenate([np.zeros(210, int), rng.integers(1, 60, 500)])
    item = np.concatenate([np.arange(210), rng.integers(0, 90, 500)])
    rating = rng.integers(1, 11, len(user)) / 2
    frame = pl.DataFrame({"user_id": user, "item_id": item, "rating": rating}).unique(
        ["user_id", "item_id"], maintain_order=True
    )
    return frame.with_columns(pl.format("user {}", "user_id").alias("user_id"))


def same(model, expected):
    for name in ("user_factors", "item_factors", "user_bias", "item_bias", "global_mean"):
        assert (getattr(model, name) == getattr(expected, name)).all(), name
    assert model.noise_sd == expected.noise_sd
    assert [step.objective for step in model.history.sweeps] == [
        step.objective for step in expected.history.sweeps
    ]
    assert model.history.stopped == expected.history.stopped


def test_the_bits_are_those_of_one_machine(spark, frame):
    trainer = palate.LeastSquares(n_factors=5, max_sweeps=2)
    expected = trainer.fit(palate.Ratings.from_frame(frame), seed=2, threads=1)
    same(fit_distributed(trainer, spark.createDataFrame(frame.to_arrow()), blocks=7, seed=2), expected)


@pytest.mark.parametrize(
    "trainer",
    [
        palate.LeastSquares(n_factors=3, max_sweeps=2, unobserved_weight=0.01, dropout=0.1, l1_bias=0.1),
        palate.LeastSquares(n_factors=3, max_sweeps=2, user_features="rated", item_features="raters"),
        palate.LeastSquares(n_factors=3, max_sweeps=2, solver="conjugate"),
        palate.LeastSquares(n_factors=2, max_sweeps=2, l2_user=0.0, l2_item=0.0),
    ],
    ids=["unobserved pairs", "features", "conjugate gradients", "no penalty"],
)
def test_every_kind_of_row_is_solved_the_same(spark, frame, trainer):
    expected = trainer.fit(palate.Ratings.from_frame(frame), threads=1)
    same(fit_distributed(trainer, spark.createDataFrame(frame.to_arrow()), blocks=3), expected)


def test_more_blocks_than_rows_weights_and_rows_without_ratings(spark, frame):
    frame = frame.filter(pl.col("user_id") <= "user 20").with_columns(w=pl.col("rating") + 1)
    held_out = frame.filter(pl.col("user_id") == "user 2")
    train, trainer = (
        frame.join(held_out, on=["user_id", "item_id"], how="anti"),
        palate.LeastSquares(n_factors=2, max_sweeps=1),
    )
    expected = trainer.fit(
        palate.Ratings.from_frame(train, weight="w"),
        validation=palate.Ratings.from_frame(held_out, weight="w"),
        threads=1,
    )
    found = fit_distributed(
        trainer,
        spark.createDataFrame(train.to_arrow()),
        validation=spark.createDataFrame(held_out.to_arrow()),
        weight="w",
        blocks=40,
    )
    same(found, expected)


def test_what_is_not_distributed_is_refused(spark, frame):
    table = spark.createDataFrame(frame.to_arrow())
    with pytest.raises(
        TypeError,
        match=r"trainer must be palate.LeastSquares, whose rows can be solved separately; got Gibbs",
    ):
        fit_distributed(palate.Gibbs(), table)
    with pytest.raises(ValueError, match="link must be 'identity' in fit_distributed; got 'bounded'"):
        fit_distributed(palate.LeastSquares(link="bounded"), table)
    with pytest.raises(ValueError, match="blocks must be a whole number of at least 1; got 0"):
        fit_distributed(palate.LeastSquares(), table, blocks=0)
    with pytest.raises(TypeError, match="ratings must be a Spark DataFrame; got DataFrame"):
        fit_distributed(palate.LeastSquares(), frame)
    for options, said in (
        ({"sed": 1}, r"fit_distributed takes no argument 'sed'\. Did you mean seed=\?"),
        ({"solver": None}, "fit_distributed takes no argument 'solver'"),
        ({"keep_ratings": "no"}, "keep_ratings must be True or False; got 'no'"),
        ({"half_sweeps": 3}, "half_sweeps must be the path of a file; got 3"),
        ({"memory_limit": "4 GB"}, "memory_limit must be a number; got '4 GB'"),
        ({"memory_limit": float("nan")}, "memory_limit must be a finite number; got nan"),
        ({"memory_limit": -1}, "memory_limit must be above 0, in gigabytes; got -1"),
        ({"item": "user_id"}, "item must be another column than user; got 'user_id' for both"),
    ):
        with pytest.raises((TypeError, ValueError), match=said):
            fit_distributed(palate.LeastSquares(), table, **options)


def test_a_worker_with_another_palate_is_refused():
    from palate.spark.worker import solved

    with pytest.raises(RuntimeError, match=r"the workers must have the palate of the driver, 99\.0"):
        next(solved("99.0", {}, iter([])))


@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_ratings_that_stay_on_the_workers_give_the_same_bits(spark, frame, blocks, monkeypatch):
    if blocks == 2:  # as if there were many vectors
        monkeypatch.setattr("palate.spark.solver._BROADCAST_BYTES", 0)
    trainer = palate.LeastSquares(n_factors=5, max_sweeps=2)
    expected = trainer.fit(palate.Ratings.from_frame(frame), seed=2, threads=1)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=blocks).rename({"rating": "stars"})
    table = spark.createDataFrame(shuffled.to_arrow())
    found = fit_distributed(trainer, table, rating="stars", blocks=blocks, seed=2, keep_ratings=False)
    same(found, replace(expected, noise_sd=None))
    assert (found.ratings, found.scale) == (None, expected.scale)
    assert found.catalog.frame.equals(expected.catalog.frame)
    assert found.users == expected.users


def test_counts_unobserved_pairs_and_empty_blocks_stay_on_the_workers(spark, frame):
    trainer = palate.LeastSquares.for_counts("linear", n_factors=3, max_sweeps=2)
    few = frame.filter(pl.col("user_id") <= "user 20")
    expected = trainer.fit(palate.Ratings.from_frame(few), validation=0.5, threads=1)
    table = spark.createDataFrame(few.to_arrow())
    same(fit_distributed(trainer, table, validation=0.5, blocks=40, keep_ratings=False), expected)


def test_a_driver_that_is_killed_goes_on_from_the_last_half_sweep(spark, frame, tmp_path):
    trainer = palate.LeastSquares(n_factors=3, max_sweeps=3)
    expected = trainer.fit(palate.Ratings.from_frame(frame), threads=1)
    table, path = spark.createDataFrame(frame.to_arrow()), tmp_path / "halves.run"
    how = {"blocks": 2, "keep_ratings": False, "half_sweeps": path}

    def killed(report):
        raise SystemExit

    with pytest.raises(SystemExit):
        fit_distributed(trainer, table, callback=killed, **how)
    reports = []
    same(fit_distributed(trainer, table, callback=reports.append, **how), replace(expected, noise_sd=None))
    assert [report.sweep for report in reports] == [2, 3]


def test_ids_that_differ_by_blanks_alone_are_named_where_ratings_stay_on_the_workers(spark):
    rows = [("al", "x", 4.0), ("al ", "y", 3.0), ("bo", "x", 2.0), ("bo", " x", 5.0)]
    table = spark.createDataFrame(rows, "user_id string, item_id string, rating double")
    trainer = palate.LeastSquares(n_factors=1, max_sweeps=1)
    with pytest.warns(BlanksWarning) as told:
        fit_distributed(trainer, table, validation=0, blocks=1, keep_ratings=False)
    said = sorted(str(one.message).split(" from another")[0] for one in told if one.category is BlanksWarning)
    assert said == ["1 item id differs", "1 user id differs"]


def test_tables_that_cannot_stay_on_the_workers_are_refused(spark, frame):
    trainer = palate.LeastSquares(n_factors=2, max_sweeps=1)

    def fit(rows, schema="user_id string, item_id int, rating double", **options):
        return fit_distributed(trainer, spark.createDataFrame(rows, schema), keep_ratings=False, **options)

    rows = [("al", 1, 4.0), ("bo", 2, 3.0)]
    for row, said in (
        ((None, 2, 1.0), "column 'user_id' must have an id in every row; got 1 of 3 rows without"),
        (("cy", 2, None), "column 'rating' must have a finite number in every row; got 1 of 3 rows without"),
        (("cy", 2, float("nan")), "a finite number in every row; got 1 of 3 rows without"),
        (("al", 1, 2.0), r"each user must rate an item once; got the pair \('al', 1\) in 2 rows"),
        (("cy", 2, 9.0), "column 'rating' must be within the declared scale 1 to 5; got 9"),
    ):
        with pytest.raises(palate.ArgumentError if "once" not in said else ValueError, match=said):
            fit([*rows, row], scale=(1, 5))
    with pytest.raises(
        TypeError, match="column 'user_id' must hold ids, which are integers or strings; got double"
    ):
        fit([(1.5, 2, 3.0)], "user_id double, item_id int, rating double")
    with pytest.raises(ValueError, match="the ratings must have at least one row"):
        fit([])
    for options, said in (
        ({"timestamp": "t"}, "timestamp must be left out with keep_ratings=False"),
        ({"rating": None}, "rating must be a column with keep_ratings=False"),
        ({"start": "spectral"}, "start must be a model or left out with keep_ratings=False"),
        ({"refit": True}, "refit must be left out with keep_ratings=False"),
        ({"user_table": pl.DataFrame({"user_id": ["al"]})}, "user_table must be left out .*; got DataFrame"),
        ({"memory_limit": 4}, "memory_limit must be left out with keep_ratings=False"),
        ({"item": "user_id"}, "item must be another column than user"),
    ):
        with pytest.raises(palate.ArgumentError, match=said):
            fit(rows, **options)
    other, table = (
        palate.LeastSquares(item_features="raters"),
        spark.createDataFrame(rows, "u string, i int, r double"),
    )
    with pytest.raises(palate.ArgumentError, match="item_features must be '' with keep_ratings=False"):
        fit_distributed(other, table, keep_ratings=False)
