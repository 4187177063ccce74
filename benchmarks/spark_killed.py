"""Whether distributed least squares gives the bits of one machine when Spark loses an executor.

    python benchmarks/spark_killed.py [--blocks 7] [--keep-ratings]

Two executors on this machine (`local-cluster[2,1,1024]`), a table with text ids in which one user
gave 30 % of all ratings, four sweeps; one executor is killed after the second. Needs `ps`.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl

import palate
import palate.spark

LEARNED = ("user_factors", "item_factors", "user_bias", "item_bias", "global_mean")


def executors():
    """Return the process ids of the executors that this process started."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True)
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()[1:]]
    own = {str(os.getpid())}
    while more := {pid for pid, parent, _ in rows if parent in own} - own:
        own |= more
    return [int(pid) for pid, _, words in rows if pid in own and "CoarseGrainedExecutorBackend" in words]


def table():
    """Return the ratings as a frame."""
    rng = np.random.default_rng(11)
    user = np.concatenate([np.zeros(210, int), rng.integers(1, 60, 500)])
    item = np.concatenate([np.arange(210), rng.integers(0, 90, 500)])
    frame = pl.DataFrame({"user_id": user, "item_id": item, "rating": rng.integers(1, 11, len(user)) / 2})
    frame = frame.unique(["user_id", "item_id"], maintain_order=True)
    return frame.with_columns(pl.format("user {}", "user_id").alias("user_id"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--blocks", type=int, default=7)
    parser.add_argument("--keep-ratings", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    own = os.path.dirname(os.path.dirname(palate.__file__))
    spark = palate.spark.session(
        "local-cluster[2,1,1024]",
        spark__ui__enabled="false",
        spark__sql__shuffle__partitions=2,
        spark__executorEnv__PYTHONPATH=own,
    )
    frame, killed = table(), []
    trainer = palate.LeastSquares(n_factors=5, max_sweeps=4, tolerance=0.0, patience=99)
    expected = trainer.fit(palate.Ratings.from_frame(frame), seed=2, threads=1)

    def kill(report):
        if report.sweep == 2:
            killed.append(max(executors()))
            os.kill(killed[0], signal.SIGKILL)

    began = time.perf_counter()
    how = {"blocks": given.blocks, "keep_ratings": given.keep_ratings, "seed": 2, "callback": kill}
    found = palate.spark.fit_distributed(trainer, spark.createDataFrame(frame.to_arrow()), **how)
    same = all((getattr(found, name) == getattr(expected, name)).all() for name in LEARNED)
    print(f"{len(killed)} executor killed, {time.perf_counter() - began:.0f} s, same bits: {same}")
    spark.stop()
    return 0 if same and killed else 1


if __name__ == "__main__":
    sys.exit(main())
