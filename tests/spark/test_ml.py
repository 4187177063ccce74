"""The stages of pyspark.ml train and predict as palate does, and take part in pipelines, grids and
saved files.
"""

import numpy as np
import polars as pl
import pytest

import palate

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]


@pytest.fixture(scope="module")
def ratings(spark):
    rng = np.random.default_rng(5)
    taste, kind = rng.normal(size=60), rng.normal(size=50)
    user, item = (place.ravel() for place in np.meshgrid(np.arange(60), np.arange(50), indexing="ij"))
    value = 3 + taste[user] * kind[item] + 0.3 * rng.normal(size=len(user))
    kept = rng.random(len(user)) < 0.4
    frame = pl.DataFrame(
        {"who": [f"u{number}" for number in user[kept]], "film": item[kept], "stars": value[kept]}
    )
    return spark.createDataFrame(frame.to_arrow()).repartition(2).cache()


COLUMNS = {"userCol": "who", "itemCol": "film", "ratingCol": "stars"}


def test_a_fitted_stage_predicts_as_its_model_and_is_saved(spark, ratings, tmp_path):
    from palate.spark.ml import PalateEstimator, PalateModel

    estimator = PalateEstimator(trainer=palate.LeastSquares(n_factors=2, max_sweeps=4), seed=3, **COLUMNS)
    stage = estimator.fit(ratings)
    frame = pl.DataFrame(ratings.toArrow())
    expected = palate.LeastSquares(n_factors=2, max_sweeps=4).fit(
        palate.Ratings.from_frame(frame, user="who", item="film", rating="stars"), seed=3
    )
    assert (stage.model.item_factors == expected.item_factors).all()
    found = pl.DataFrame(stage.transform(ratings).toArrow())
    assert (found["prediction"].to_numpy() == expected.predict(found["who"], found["film"])).all()
    stage.write().overwrite().save(str(tmp_path / "stage"))
    again = PalateModel.load(str(tmp_path / "stage"))
    assert again.uid == stage.uid
    assert again.getOrDefault("userCol") == "who"
    assert pl.DataFrame(again.recommend(n=1).toArrow()).equals(pl.DataFrame(stage.recommend(n=1).toArrow()))
    estimator.save(str(tmp_path / "estimator"))
    assert PalateEstimator.load(str(tmp_path / "estimator")).getTrainer() == palate.LeastSquares(
        n_factors=2, max_sweeps=4
    )


def test_a_model_with_time_predicts_for_the_times_of_the_table(spark):
    from palate.spark.ml import PalateEstimator, PalateModel

    rng = np.random.default_rng(2)
    users, items = np.divmod(np.arange(400), 20)
    times = 1_500_000_000 + rng.integers(0, 10**8, 400)
    frame = pl.DataFrame({"user_id": users, "item_id": items, "rating": rng.integers(1, 6, 400), "at": times})
    table = spark.createDataFrame(frame.to_arrow())
    trainer = palate.Gibbs(n_factors=2, sweeps=6, burn_in=2, time="bins")
    stage = PalateEstimator(trainer=trainer, timestampCol="at").fit(table)
    found = pl.DataFrame(stage.transform(table).toArrow()).sort("user_id", "item_id")["prediction"].to_numpy()
    assert (found == stage.model.predict(users, items, timestamps=times)).all()
    undated = pl.DataFrame(stage.transform(table.drop("at")).toArrow()).sort("user_id", "item_id")
    assert (undated["prediction"].to_numpy() == stage.model.predict(users, items)).all()
    timeless = PalateEstimator(trainer=palate.Baseline(), timestampCol="at").fit(table)
    assert "prediction" in timeless.transform(table).columns
    assert isinstance(stage, PalateModel)


def test_a_pipeline_and_a_grid_choose_the_better_trainer(ratings):
    from pyspark.ml import Pipeline
    from pyspark.ml.evaluation import RegressionEvaluator
    from pyspark.ml.tuning import CrossValidator, ParamGridBuilder

    from palate.spark.ml import PalateEstimator

    estimator = PalateEstimator(**COLUMNS)
    grid = (
        ParamGridBuilder()
        .addGrid(estimator.trainer, [palate.Baseline(), palate.LeastSquares(n_factors=1)])
        .build()
    )
    evaluator = RegressionEvaluator(labelCol="stars", predictionCol="prediction", metricName="rmse")
    chosen = CrossValidator(
        estimator=Pipeline(stages=[estimator]),
        estimatorParamMaps=grid,
        evaluator=evaluator,
        numFolds=2,
        seed=1,
    ).fit(ratings)
    assert chosen.bestModel.stages[0].model.trainer["name"] == "LeastSquares"
    assert chosen.avgMetrics[1] < chosen.avgMetrics[0]


def test_wrong_params_are_refused():
    from palate.spark.ml import PalateEstimator, trainer_of_text

    with pytest.raises(TypeError, match="PalateEstimator takes no argument 'rank'"):
        PalateEstimator(rank=3)
    with pytest.raises(TypeError, match="trainer must be one of palate's trainers"):
        PalateEstimator(trainer=7)
    with pytest.raises(ValueError, match="unknown must be one of 'raise', 'nan', 'baseline'; got 'drop'"):
        PalateEstimator(unknown="drop")
    with pytest.raises(
        ValueError, match="trainer must be JSON with the name of one of palate's trainers; got 'ALS'"
    ):
        trainer_of_text("ALS")
    for name in ("read", "Ratings"):
        with pytest.raises(
            ValueError, match="trainer must be JSON with the name of one of palate's trainers"
        ):
            trainer_of_text(f'{{"name": "{name}"}}')


def test_a_missing_column_is_told_by_the_name_of_its_param(ratings):
    from palate.spark.ml import PalateEstimator

    with pytest.raises(ValueError, match="Did you mean userCol='who'"):
        PalateEstimator(**{**COLUMNS, "userCol": "whom"}).fit(ratings)
    stage = PalateEstimator(trainer=palate.Baseline(), **COLUMNS).fit(ratings)
    with pytest.raises(ValueError, match="itemCol="):
        stage.transform(ratings.drop("film"))
