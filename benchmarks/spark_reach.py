"""Distributed least squares beside one machine and MLlib, on two executors of one core each.

    python benchmarks/spark_reach.py FOLDER same [--sweeps 2] [--blocks 1 2 7]
    python benchmarks/spark_reach.py FOLDER cost [--factors 16 32]
    python benchmarks/spark_reach.py FOLDER lists [--users 20000]

FOLDER is anything `palate.read` reads; ids must be integers, since MLlib takes no others. `same`
compares the bits of one machine with those of each number of blocks. `cost` times half sweeps
without arithmetic and of the data, and MLlib's ten sweeps. `lists` makes the ten best of 60,000
planted items at 32 factors for a share of 692,465 users. One JSON line a measurement.
"""

import argparse
import json
import os
import sys
import time

import numpy as np

import palate
import palate.spark
from palate.spark.solver import SparkSolver
from palate.training.initialization import bias_start
from palate.training.training_data import Problem

LEARNED = ("user_factors", "item_factors", "user_bias", "item_bias", "global_mean")
SWEEPS = 10


def told(what, began, **figures):
    seconds = round(time.perf_counter() - began, 3)
    print(json.dumps({"what": what, "seconds": seconds, **figures}), flush=True)


def session():
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    own = os.path.dirname(os.path.dirname(palate.__file__))
    return palate.spark.session(
        "local-cluster[2,1,1024]",
        spark__ui__enabled="false",
        spark__ui__showConsoleProgress="false",
        spark__sql__shuffle__partitions=2,
        spark__executorEnv__PYTHONPATH=own,
    )


def table_of(spark, ratings):
    return spark.createDataFrame(ratings.to_frame("pyarrow").select(["user_id", "item_id", "rating"]))


def rmse(model, test):
    frame = test.to_frame()
    found = model.predict(frame["user_id"], frame["item_id"], unknown="baseline")
    return round(float(((found - frame["rating"].to_numpy()) ** 2).mean() ** 0.5), 4)


def same(spark, data, sweeps, blocks_tried):
    """Say whether the bits are those of one machine for each number of blocks."""
    trainer = palate.LeastSquares(n_factors=16, max_sweeps=sweeps, patience=sweeps, tolerance=0)
    expected, table = trainer.fit(data.ratings, seed=1), table_of(spark, data.ratings).cache()
    table.count()
    for blocks in blocks_tried:
        for keep in (True, False):
            began = time.perf_counter()
            found = palate.spark.fit_distributed(trainer, table, blocks=blocks, seed=1, keep_ratings=keep)
            equal = all((getattr(found, name) == getattr(expected, name)).all() for name in LEARNED)
            told(
                "same bits",
                began,
                blocks=blocks,
                keep_ratings=keep,
                sweeps=len(found.history.sweeps),
                equal=bool(equal),
            )


def half_sweeps(spark, ratings, factors, what):
    """Time half sweeps over users and items, by number of blocks."""
    problem = Problem.build(ratings, np.zeros(len(ratings), bool))
    trainer = palate.LeastSquares(n_factors=factors)
    priors = trainer.priors(1.0, problem.mean)
    users, items = bias_start(problem, l2_bias=2.0)[0]
    rng = np.random.default_rng(0)
    users, items = (
        type(side).padded(rng.normal(size=(len(side.bias), factors)).astype(np.float32) * 0.1, side.bias)
        for side in (users, items)
    )
    for blocks in (2, 8):
        solver = SparkSolver(spark, blocks)
        for rows, other, prior, side in (
            (problem.by_user, items, priors[0], "users"),
            (problem.by_item, users, priors[1], "items"),
        ):
            taken = []
            for _ in range(6):
                began = time.perf_counter()
                solver(rows, other, problem.mean, prior)
                taken.append(round(time.perf_counter() - began, 3))
            told(f"half sweep, {what}", began, side=side, blocks=blocks, first=taken[0], next=taken[1:])
        solver.close()


def cogrouped(spark):
    """Time a co-grouped pass without arithmetic over two blocks, as half sweeps were once."""
    import pyarrow as pa

    from palate.spark.solver import cells

    def answer(block, now):
        return now.select(["block", "part"])

    table = cells(spark, [b"x" * 100, b"x" * 100]).repartition(2, "block").persist()
    taken = []
    for _ in range(6):
        began = time.perf_counter()
        now = cells(spark, [b"y" * 100, b"y" * 100])
        both = table.groupBy("block").cogroup(now.groupBy("block"))
        found = both.applyInArrow(answer, "block int, part binary").toArrow()
        assert isinstance(found, pa.Table)
        taken.append(round(time.perf_counter() - began, 3))
    told("co-grouped pass without arithmetic", began, first=taken[0], next=taken[1:])
    table.unpersist()


def mllib(table, test, factors):
    from pyspark.ml.evaluation import RegressionEvaluator
    from pyspark.ml.recommendation import ALS

    began = time.perf_counter()
    als = ALS(userCol="user_id", itemCol="item_id", rank=factors, maxIter=SWEEPS, regParam=0.1, seed=1)
    model = als.setColdStartStrategy("drop").fit(table)
    model.userFactors.count()
    taken = time.perf_counter() - began
    error = RegressionEvaluator(labelCol="rating").evaluate(model.transform(test))
    told(f"MLlib, {SWEEPS} sweeps", time.perf_counter() - taken, factors=factors, rmse=round(error, 4))
    return error


def cost(spark, data, ranks):
    few = palate.Ratings.from_arrays(
        [1, 1, 2, 2, 3, 3, 4, 4], [1, 2, 2, 3, 3, 4, 4, 1], [1, 2, 3, 4, 5, 4, 3, 2]
    )
    half_sweeps(spark, few, 1, "eight ratings")
    cogrouped(spark)
    split = palate.splits.random(data.ratings, share=0.1, seed=1)
    train, test = (table_of(spark, part).cache() for part in (split.train, split.test))
    told("rows", time.perf_counter(), train=train.count(), test=test.count())
    for factors in ranks:
        mllib(train, test, factors)
        for sweeps in (2, 4):
            trainer = palate.LeastSquares(n_factors=factors, max_sweeps=sweeps)
            for name, verb, options in (
                ("on the driver", palate.spark.fit, {}),
                ("on the workers", palate.spark.fit_distributed, {"blocks": 2}),
            ):
                began = time.perf_counter()
                model = verb(trainer, train, seed=1, **options)
                taken = time.perf_counter() - began
                error = rmse(model, split.test)
                told(
                    f"LeastSquares {name}",
                    time.perf_counter() - taken,
                    factors=factors,
                    sweeps=sweeps,
                    rmse=error,
                )
    for factors in ranks:
        half_sweeps(spark, split.train, factors, f"{factors} factors")


def lists(spark, n_users):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from approximate import planted

    model = planted(n_users, 60_000, 32)
    model.recommend([0], 10)
    for repeat in (1, 2):
        began = time.perf_counter()
        model.recommend(n=10, threads=2)
        told("directly, one frame", began, users=n_users, repeat=repeat)
    for repeat in (1, 2):
        began = time.perf_counter()
        found = palate.spark.recommend(model, n=10)
        found.write.format("noop").mode("overwrite").save()
        told("by Spark", began, users=n_users, repeat=repeat)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("what", choices=("same", "cost", "lists"))
    parser.add_argument("--factors", type=int, nargs="+", default=[16])
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--sweeps", type=int, default=2)
    parser.add_argument("--blocks", type=int, nargs="+", default=[1, 2, 7])
    given = parser.parse_args()
    spark = session()
    if given.what == "lists":
        lists(spark, given.users)
    elif given.what == "same":
        same(spark, palate.read(given.folder), given.sweeps, given.blocks)
    else:
        cost(spark, palate.read(given.folder), given.factors)
    spark.stop()


if __name__ == "__main__":
    main()
