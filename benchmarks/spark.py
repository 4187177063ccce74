"""What Spark costs: a half sweep whatever its size, lists for everyone, and least squares on the
workers beside one machine and MLlib.

python benchmarks/spark.py [FOLDER] [--factors 16] [--sweeps 5]

FOLDER is anything `palate.read` reads, the bundled ratings without one; ids must be integers, since
MLlib takes no others. One JSON line a measurement.
"""

import argparse
import json
import time

import palate
import palate.spark
from palate.spark.solver import SparkSolver
from palate.training.initialization import bias_start
from palate.training.training_data import Problem


def told(what, began, **figures):
    print(json.dumps({"what": what, "seconds": round(time.perf_counter() - began, 3), **figures}), flush=True)


def half_sweep(spark):
    """Time half sweeps of a table so small that its arithmetic is nothing."""
    ratings = palate.Ratings.from_arrays(
        [1, 1, 2, 2, 3, 3, 4, 4], [1, 2, 2, 3, 3, 4, 4, 1], [1, 2, 3, 4, 5, 4, 3, 2]
    )
    problem = Problem.build(ratings, ratings.value < 0)
    prior, _ = palate.LeastSquares(n_factors=1).priors(1.0, problem.mean)
    (_, items), _ = bias_start(problem, l2_bias=2.0)
    items = type(items).padded(problem.by_item.values[:4, None] * 0, items.bias)
    solver = SparkSolver(spark, 2)
    for repeat in range(6):
        began = time.perf_counter()
        solver(problem.by_user, items, problem.mean, prior)
        told("half sweep without arithmetic" if repeat else "half sweep, the first", began)
    solver.close()


def mllib(table, test, factors, sweeps):
    from pyspark.ml.evaluation import RegressionEvaluator
    from pyspark.ml.recommendation import ALS

    began = time.perf_counter()
    als = ALS(
        userCol="user_id",
        itemCol="item_id",
        rank=factors,
        maxIter=sweeps,
        regParam=0.1,
        seed=1,
        coldStartStrategy="drop",
    )
    model = als.fit(table)
    model.userFactors.count()
    found = time.perf_counter()
    error = RegressionEvaluator(labelCol="rating").evaluate(model.transform(test))
    told("MLlib ALS", began + time.perf_counter() - found, rmse=round(error, 4))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--factors", type=int, default=16)
    parser.add_argument("--sweeps", type=int, default=5)
    given = parser.parse_args()
    spark = palate.spark.session("local[2]", spark__ui__enabled="false", spark__sql__shuffle__partitions=2)
    data = palate.read(given.folder) if given.folder else palate.datasets.load("movielens-small")
    split = palate.splits.random(data.ratings, share=0.1, seed=1)
    train, test = (
        spark.createDataFrame(part.to_frame("pyarrow").select(["user_id", "item_id", "rating"])).cache()
        for part in (split.train, split.test)
    )
    told("rows", time.perf_counter(), train=train.count(), test=test.count())
    half_sweep(spark)
    trainer = palate.LeastSquares(n_factors=given.factors, max_sweeps=given.sweeps)
    for name, verb in (("on the driver", palate.spark.fit), ("on the workers", palate.spark.fit_distributed)):
        began = time.perf_counter()
        model = verb(trainer, train, seed=1)
        held_out = split.test.to_frame()
        error = (
            model.predict(held_out["user_id"], held_out["item_id"], unknown="baseline")
            - held_out["rating"].to_numpy()
        )
        told(f"LeastSquares {name}", began, rmse=round(float((error**2).mean() ** 0.5), 4))
    mllib(train, test, given.factors, given.sweeps)
    for repeat in ("first", "again"):
        began = time.perf_counter()
        lists = palate.spark.recommend(model, n=10)
        lists.write.format("noop").mode("overwrite").save()
        told(f"ten items for {model.n_users:,} users, {repeat}", began)
    spark.stop()


if __name__ == "__main__":
    main()
