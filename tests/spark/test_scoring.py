"""Lists and predictions by Spark's workers are those of the model itself."""

import subprocess
import sys
from uuid import UUID

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import palate
from palate.spark import errand, predict, recommend
from palate.spark.needs import require_spark_columns

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings(
        "ignore:PySpark does not yet fully support pandas",
        "ignore::palate.data.duplicates.DuplicateRatingsWarning",
    ),
]


def table(spark_frame):
    return pl.DataFrame(spark_frame.toArrow())


@pytest.fixture(scope="module")
def model():
    data = palate.datasets.load("movielens-small")
    return palate.LeastSquares(n_factors=8, max_sweeps=4).fit(data, threads=1)


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(1)
    users, items = rng.integers(0, 30, 300), rng.integers(0, 40, 300)
    ratings = palate.Ratings.from_arrays(
        [f"u-{user}" for user in users],
        [f"i-{item}" for item in items],
        rng.integers(1, 6, 300),
        duplicates="mean",
    )
    return palate.LeastSquares(n_factors=2, max_sweeps=2).fit(ratings)


def test_everyone_gets_the_list_of_the_model(spark, model):
    found = table(recommend(model, n=3)).sort("user_id", "rank")
    expected = model.recommend(n=3).select(found.columns).sort("user_id", "rank")
    assert_frame_equal(found, expected, check_dtypes=False, check_exact=True)


def test_filters_and_columns_are_those_of_the_model(spark, model):
    users = spark.createDataFrame([(int(user),) for user in model.users.ids()[:40]], "who int").repartition(3)
    how = {"where": pl.col("year") >= 1990, "min_ratings": 20, "exclude_items": [318], "exclude_seen": False}
    lists = recommend(model, users, 4, user="who", catalog=True, **how)
    assert dict(lists.dtypes)["who"] == "int"
    found = table(lists).sort("who", "rank")
    expected = (
        model.recommend(model.users.ids()[:40].tolist(), 4, **how)
        .rename({"user_id": "who"})
        .sort("who", "rank")
    )
    assert_frame_equal(found, expected, check_dtypes=False, check_exact=True)


def test_users_with_text_ids_are_skipped_or_refused_when_unknown(spark, texts):
    users = spark.createDataFrame([("u-3",), ("nobody",), ("u-7",)], "user_id string").coalesce(1)
    found = table(recommend(texts, users, 2, unknown="skip"))
    assert_frame_equal(found, texts.recommend(["u-3", "u-7"], 2).select(found.columns), check_dtypes=False)
    with pytest.raises(Exception, match="unknown user id 'nobody'"):
        recommend(texts, users, 2).toArrow()


def test_uuids_stand_as_texts(spark):
    users = [UUID(int=number) for number in range(1, 4)]
    model = palate.Baseline().fit(palate.Ratings.from_arrays(users, ["x", "y", "z"], [5, 3, 1]), validation=0)
    asked = spark.createDataFrame([(str(users[1]),)], "user_id string")
    assert table(recommend(model, asked, 1)).rows() == [
        (str(users[1]), "x", 1, pytest.approx(float(model.predict(users[1], "x"))))
    ]
    assert len(table(recommend(model, n=5))) == 6


def test_predictions_stand_beside_what_was_there(spark, model):
    data = palate.datasets.load("movielens-small").ratings.to_frame().head(700)
    pairs = spark.createDataFrame(data.to_arrow())
    answer = predict(model, pairs, clip=True, return_std=True, interval=0.8)
    assert answer.columns == [*data.columns, "predicted_rating", "std", "low", "high"]
    found = table(answer).sort("user_id", "item_id")
    mean, std, low, high = model.predict(
        data["user_id"], data["item_id"], clip=True, return_std=True, interval=0.8
    )
    for name, column in {"predicted_rating": mean, "std": std, "low": low, "high": high}.items():
        assert (found[name].to_numpy() == column).all(), name


def test_unknown_pairs_are_nan_or_the_baseline_and_never_dropped(spark, texts):
    pairs = spark.createDataFrame(
        [("u-3", "i-1"), ("nobody", "i-1"), ("u-3", "nothing")], "user_id string, item_id string"
    )
    found = table(predict(texts, pairs, unknown="nan", name="guess"))
    assert found["guess"].is_nan().to_list() == [False, True, True]
    baseline = table(predict(texts, pairs, unknown="baseline"))["predicted_rating"]
    assert (
        baseline.to_numpy()
        == texts.predict(["u-3", "nobody", "u-3"], ["i-1", "i-1", "nothing"], unknown="baseline")
    ).all()
    with pytest.raises(Exception, match="unknown user id 'nobody'"):
        predict(texts, pairs).toArrow()


def test_predictions_at_a_time(spark):
    rng = np.random.default_rng(2)
    users, items = np.divmod(np.arange(400), 20)
    times = 1_500_000_000 + rng.integers(0, 10**8, 400)
    ratings = palate.Ratings.from_arrays(users, items, rng.integers(1, 6, 400), timestamp=times)
    model = palate.Gibbs(n_factors=2, sweeps=12, burn_in=4, time="bins").fit(ratings, seed=1)
    frame = pl.DataFrame({"user_id": users[:9], "item_id": items[:9], "timestamp": times[:9]})
    found = table(predict(model, spark.createDataFrame(frame.to_arrow()), timestamp="timestamp"))
    expected = model.predict(users[:9], items[:9], timestamps=times[:9])
    assert (found.sort("user_id", "item_id")["predicted_rating"].to_numpy() == expected).all()


def test_a_file_that_all_workers_see_is_read_where_it_is(spark, texts, tmp_path):
    texts.save(tmp_path / "m.palate")
    assert_frame_equal(table(recommend(tmp_path / "m.palate", n=2)), table(recommend(texts, n=2)))


def test_a_model_is_shipped_once_and_read_once_by_a_process(spark, texts):
    from palate.spark.shipping import ship
    from palate.spark.worker import model_of

    first, second = ship(spark, texts)[1], ship(spark, texts)[1]
    assert first is second
    assert model_of(first) is model_of(second)


def test_a_worker_with_another_palate_names_both_versions(spark, texts):
    from dataclasses import replace

    from palate.spark.shipping import ship
    from palate.spark.worker import model_of

    newer = replace(ship(spark, texts)[1], name="not-there.palate", digest="0" * 64, version="99.0")
    with pytest.raises(
        palate.ModelFileError, match=r"cannot read the model that palate 99.0 sent: .* Install palate 99.0"
    ):
        model_of(newer)


def test_a_file_that_a_full_disk_cut_off_is_refused_on_the_worker(texts, tmp_path):
    from palate.spark.worker import Shipped, model_of, version_here

    whole, cut = tmp_path / "whole.palate", tmp_path / "cut.palate"
    texts.save(whole)
    cut.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(palate.ModelFileError, match=r"a Spark worker with palate .* cannot read the model"):
        model_of(Shipped(str(cut), True, "1" * 64, version_here()))


def test_ids_of_another_kind_are_unknown_and_named(model, tmp_path):
    import pyarrow as pa

    from palate.spark.worker import Shipped, recommended, version_here

    model.save(tmp_path / "m.palate")
    shipped = Shipped(str(tmp_path / "m.palate"), True, "2" * 64, version_here())
    options = {"n": 1, "threads": 1}
    for ids, named in ((["15"], "'15'"), ([15.5], "15.5")):
        batch = pa.RecordBatch.from_arrays([pa.array(ids)], names=["user_id"])
        with pytest.raises((KeyError, TypeError), match=named):
            list(recommended(shipped, "raise", None, options, iter([batch])))


def test_a_worker_without_palate_says_so():
    cloudpickle = pytest.importorskip("pyspark.cloudpickle")
    from palate.spark.shipping import _by_value

    sent = cloudpickle.dumps(_by_value(errand.mapped)(b"order"))
    program = (
        "import sys, pickle; sys.modules['palate'] = None; next(pickle.load(sys.stdin.buffer)(iter([])))"
    )
    ended = subprocess.run([sys.executable, "-c", program], input=sent, capture_output=True, timeout=120)
    assert (
        b"RuntimeError: palate must be installed on every Spark worker; it cannot be imported there"
        in ended.stderr
    )


def test_wrong_questions_are_refused_at_once(spark, model, texts):
    users = spark.createDataFrame([("u-3",)], "user_id string")
    pairs_at = spark.createDataFrame([("u-3", "i-1", 0)], "user_id string, item_id string, at long")
    for call, error, message in [
        (lambda: recommend(texts, users, 0), ValueError, "n must be at least 1; got 0"),
        (
            lambda: recommend(texts, users, unknown="nan"),
            ValueError,
            "unknown must be 'raise' or 'skip'; got 'nan'",
        ),
        (
            lambda: recommend(texts, users, user="who"),
            ValueError,
            "column 'who' must be in users; got the columns 'user_id'",
        ),
        (lambda: recommend(texts, ["u-3"]), TypeError, "users must be a Spark DataFrame; got list"),
        (
            lambda: recommend(7, users),
            TypeError,
            "model must be a palate model or the path of a model file; got int",
        ),
        (lambda: predict(texts, users), ValueError, "column 'item_id' must be in pairs"),
        (lambda: predict(texts, users, sigma=1), TypeError, "predict takes no argument 'sigma'"),
        (lambda: recommend(texts, users, threads=0), ValueError, "threads must be at least 1; got 0"),
        (lambda: predict(texts, pairs_at, name=3), TypeError, "name must be the name of a column; got 3"),
        (
            lambda: predict(texts, pairs_at, timestamp="at"),
            ValueError,
            "this model cannot predict for a given time",
        ),
        (
            lambda: recommend(texts, users.withColumnRenamed("user_id", "item_id"), user="item_id"),
            ValueError,
            "user must name a column that the lists do not have; got 'item_id'",
        ),
    ]:
        with pytest.raises(error, match=message):
            call()
    pairs = spark.createDataFrame(
        [("u-3", "i-1", 1.0)], "user_id string, item_id string, predicted_rating double"
    )
    with pytest.raises(ValueError, match="pairs must have no column 'predicted_rating'"):
        predict(texts, pairs)
    with pytest.raises(ValueError, match="unknown must be one of"):
        predict(texts, pairs, unknown="drop", name="x")
    with pytest.warns(UserWarning, match="exclude_items contains all items"):
        recommend(texts, users, exclude_items=list(texts.items.ids()))
    require_spark_columns(users, {"user": "user_id"}, "users")


def test_a_null_among_the_users_is_an_unknown_user(spark, texts):
    users = spark.createDataFrame([("u-3",), (None,)], "user_id string")
    with pytest.raises(Exception, match="unknown user id None"):
        recommend(texts, users).toArrow()


def test_without_java_one_sentence(monkeypatch, tmp_path):
    from palate.spark import needs

    sql = pytest.importorskip("pyspark.sql")
    monkeypatch.setattr(sql.SparkSession, "getActiveSession", classmethod(lambda cls: None))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match="Spark needs Java 17 or newer, and no java was found"):
        needs.session()


def test_without_pyspark_one_sentence(monkeypatch):
    from palate.spark import needs

    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(ImportError, match=r"palate.spark needs PySpark, which is not installed"):
        needs.pyspark_sql()
