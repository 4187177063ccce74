"""A Spark table becomes the ratings that its rows would be, or is refused in the library's words."""

import numpy as np
import polars as pl
import pytest

import palate
from palate.recommender.planning import available_gigabytes
from palate.spark import fit
from palate.spark.memory import Size, check_fits, needed

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings(
        "ignore:PySpark does not yet fully support pandas",
        "ignore::palate.data.duplicates.DuplicateRatingsWarning",
    ),
]


def frame_of(rng, n=3000, ids="text"):
    users, items = rng.integers(0, 60, n), rng.integers(0, 80, n)
    given = pl.DataFrame(
        {
            "user_id": users,
            "item_id": items,
            "rating": rng.integers(1, 6, n) / 1.0,
            "at": np.arange(n) + 1_600_000_000,
        }
    ).unique(["user_id", "item_id"], maintain_order=True)
    return given.with_columns(pl.format("u{}", "user_id").alias("user_id")) if ids == "text" else given


@pytest.mark.parametrize("ids", ["text", "int"])
def test_the_model_is_that_of_the_table(spark, rng, ids):
    frame = frame_of(rng, ids=ids)
    trainer = palate.LeastSquares(n_factors=3, max_sweeps=3)
    model = fit(trainer, spark.createDataFrame(frame.to_arrow()).repartition(3), timestamp="at", seed=4)
    expected = trainer.fit(palate.Ratings.from_frame(frame, timestamp="at"), seed=4)
    assert model.users == expected.users
    assert (model.user_factors == expected.user_factors).all()
    assert (model.item_factors == expected.item_factors).all()


def test_events_duplicates_weights_and_a_table_of_validation(spark, rng):
    frame = frame_of(rng).with_columns(w=pl.col("rating") + 0.5)
    train, held_out = frame.head(1200), frame.tail(200)
    twice = pl.concat([train, train.head(50).with_columns(rating=pl.lit(1.0))])
    model = fit(
        palate.LeastSquares(n_factors=2, max_sweeps=2),
        spark.createDataFrame(twice.to_arrow()),
        weight="w",
        duplicates="mean",
        validation=spark.createDataFrame(held_out.to_arrow()),
    )
    expected = palate.LeastSquares(n_factors=2, max_sweeps=2).fit(
        palate.Ratings.from_frame(twice, weight="w", duplicates="mean"),
        validation=palate.Ratings.from_frame(held_out, weight="w"),
    )
    assert (model.item_factors == expected.item_factors).all()
    events = fit(palate.Popular(), spark.createDataFrame(twice.to_arrow()), rating=None)
    assert events.n_items == frame.head(1200)["item_id"].n_unique()


@pytest.mark.parametrize(
    ("rows", "schema", "error", "message"),
    [
        (
            [("a", 1, 3.0), (None, 1, 2.0)],
            "user_id string, item_id int, rating double",
            ValueError,
            "column 'user_id' must have an id in every row; got null at 0-based row 1",
        ),
        (
            [("a", 1, 3.0), ("b", 1, float("nan"))],
            "user_id string, item_id int, rating double",
            ValueError,
            "column 'rating' must hold finite numbers; got nan at 0-based row 1",
        ),
        (
            [("a", 1, 3.0), ("b", 1, None)],
            "user_id string, item_id int, rating double",
            ValueError,
            "column 'rating' must .* null",
        ),
        (
            [("a", 1.5, 3.0)],
            "user_id string, item_id double, rating double",
            TypeError,
            "column 'item_id' must hold ids; got Float64",
        ),
        ([("a", 1, "good")], "user_id string, item_id int, rating string", TypeError, "column 'rating' must"),
        (
            [("a", 1, 3.0), ("a", 1, 4.0)],
            "user_id string, item_id int, rating double",
            ValueError,
            "user 'a' and item 1",
        ),
        ([], "user_id string, item_id int, rating double", ValueError, "must have at least one row"),
    ],
)
def test_bad_tables_are_refused_in_the_words_of_the_library(spark, rows, schema, error, message):
    with pytest.raises(error, match=message):
        fit(
            palate.Baseline(),
            spark.createDataFrame(rows, schema).coalesce(1),
            duplicates="error",
            validation=0,
        )


def test_a_damaged_file_among_those_of_a_table_is_named(spark, rng, tmp_path):
    for part in ("a", "b"):
        frame_of(rng, 100).write_parquet(tmp_path / f"{part}.parquet")
    damaged = tmp_path / "b.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(Exception, match=r"b\.parquet"):
        fit(
            palate.Baseline(),
            spark.read.schema("user_id string, item_id long, rating double").parquet(str(tmp_path)),
        )


def test_a_table_that_will_not_fit_is_refused_with_the_figure(spark, rng):
    frame = spark.createDataFrame(frame_of(rng).to_arrow())
    with pytest.raises(
        MemoryError,
        match=r"must fit in memory_limit, 0.0001 GB; 2,\d+ ratings of about \d+ users and \d+ items need "
        r"about 0\.0",
    ):
        fit(palate.LeastSquares(), frame, memory_limit=0.0001)
    with pytest.raises(MemoryError, match="the driver's free memory"):
        check_fits(Size(10**13, 10, 10, 20, 0.0), palate.LeastSquares(), None)
    assert available_gigabytes() is None or available_gigabytes() > 0
    few, many = Size(10**6, 10, 10, 20, 0.0), Size(10**8, 10, 10, 20, 0.0)
    assert needed(few, palate.Baseline()) < needed(many, palate.Baseline())


def test_wrong_calls_are_refused_before_anything_runs(spark):
    frame = spark.createDataFrame([("a", 1)], "user string, item_id int")
    with pytest.raises(ValueError, match=r"column 'user_id' must be in ratings; .* Did you mean user='user'"):
        fit(palate.Baseline(), frame)
    for trainer in ("baseline", palate.Baseline):
        with pytest.raises(TypeError, match="trainer must have the method fit"):
            fit(trainer, frame)
