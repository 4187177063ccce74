"""Measures palate beside its peers and writes benchmarks/RESULTS.md.

    python benchmarks/run.py                                everything, about two hours on two cores
    python benchmarks/run.py speed sweep --rounds 5         some sections
    python benchmarks/run.py quality --data FOLDER          data sets in FOLDER: ml-1m, goodbooks-10k, ...
    python benchmarks/run.py report                         only write RESULTS.md anew from the record

Every figure comes from a process of its own. In a section, palate and its peers take turns (palate,
peer, palate, peer, ...) for at least five rounds, and ratios are of medians within that run. Each
measurement is a line of benchmarks/results.jsonl; the tables are made of each section's last run.
Planted data and the peers' environments lie in --cache, outside the repository:

    python benchmarks/planted.py --csv
    python benchmarks/environments/build_environments.py
"""

import argparse
import datetime
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import measure  # noqa: E402
import report  # noqa: E402
from environments.build_environments import default_cache, environment_python  # noqa: E402

# One objective for palate and cmfrec, which knows penalties that are constant or times the number
# of ratings, nothing between. The strength on the factors is the one of .03, .04, .05 and .06 with
# which cmfrec reaches its lowest validation error on the planted data (.7645 after 5 iterations);
# the one on the biases is noise variance / bias variance.
STRENGTHS = {"l2_user": 0.04, "l2_item": 0.04, "l2_scaling": 1.0, "l2_bias": 3.6}
CMFREC_ITERATIONS = range(3, 9)
# LIBMF sometimes waits for ever for a thread of its own (often on small data and busy cores): it is
# then started again.
LIBMF_TRIES = {"limit": 180, "tries": 4}
LIBMF = {"l2_user": 0.03, "l2_item": 0.03, "learning_rate": 0.07, "iterations": 14}
WIDTHS = (32, 64, 128, 256)
SETS = ("ml-1m", "movielens-small", "goodbooks-10k", "movietweetings")
# MovieLens-1M: (hyper-parameters, refit). Strengths were chosen on validation ratings inside the
# first fold's training part. With refit the fit ends on all of it. Several starts are fits whose
# predictions are averaged: no single point estimate.
TUNED: dict[str, tuple[dict[str, Any], bool]] = {
    "defaults and refit": ({}, True),
    "tuned and refit": ({"l2_user": 1.25, "l2_item": 1.25, "l2_bias": 5.0}, True),
    "tuned, mean of 5 starts": ({"n_factors": 16, "l2_user": 1.0, "l2_item": 1.0, "n_starts": 5}, False),
    "tuned, mean of 5 starts, refit": (
        {"n_factors": 16, "l2_user": 1.0, "l2_item": 1.0, "n_starts": 5},
        True,
    ),
}
FULL_SHAPE = {"users": 138_493, "items": 26_744, "ratings": 20_000_000}


class Bench:
    """What every section needs: options, the record, the planted data and a name for this run."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.rounds: int = options.rounds
        self.cache: Path = options.cache
        self.record = measure.Record(options.record)
        self.run_id = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        size = (options.users, options.items, options.ratings)
        self.planted = self.cache / f"planted-{'x'.join(map(str, size))}-seed0"

    def need_planted(self, csv: bool = False, parquet: bool = False) -> Path:
        """Return the folder of the planted data, generated in a process of its own when it is not
        there yet.
        """
        wanted = [self.planted / "meta.json"] + ([self.planted / "ratings-shuffled.csv"] if csv else [])
        wanted += [self.planted / "ratings-text-131072.parquet"] if parquet else []  # the last one written
        if not all(path.exists() for path in wanted):
            sizes = {name: getattr(self.options, name) for name in ("users", "items", "ratings")}
            flags = [part for name, value in sizes.items() for part in (f"--{name}", str(value))]
            command = [sys.executable, str(HERE / "planted.py"), "--cache", str(self.cache), *flags]
            measure.run(command + ["--csv"] * csv + ["--parquet"] * parquet)
        meta = json.loads((self.planted / "meta.json").read_text())
        if not self.record.last_run("planted") or self.record.last_run("planted")[0]["result"] != meta:
            self.record.add("planted", self.run_id, "planted", meta)
        return self.planted

    def note(self, section: str, name: str, call: Callable[[], dict], **labels: Any) -> dict:
        """Measure, record and show one figure; a peer that cannot run is reported and left out."""
        result = call()
        self.record.add(section, self.run_id, name, result, **labels)
        seconds = result.get("seconds", result.get("wall_seconds", 0.0))
        extra = f", RMSE {result['rmse']:.4f}" if "rmse" in result else ""
        print(
            f"{section}: {name} {seconds:.2f} s{extra}, peak {result['process_peak_rss_mb']:.0f} MB",
            flush=True,
        )
        return result

    def has(self, environment: str = "peers") -> bool:
        """Return whether a peers' environment is built; say so when it is not."""
        there = environment_python(environment, self.cache).exists()
        if not there:
            print(
                f"no environment {environment}: run benchmarks/environments/build_environments.py "
                f"{environment}"
            )
        return there


# --- sections
# -----------------------------------------------------------------------------------------------------------


def speed(bench: Bench) -> None:
    """Time to a validation RMSE: palate, cmfrec (Cholesky, same objective) and LIBMF, after
    cmfrec's own curve.
    """
    data = bench.need_planted()
    options = {"data": data, "threads": 2}
    best = bench.options.cmfrec_iterations
    if best is None:
        curve = {
            n: bench.note(
                "curve",
                f"cmfrec {n}",
                lambda n=n: measure.peer("cmfrec", **options, **STRENGTHS, iterations=n),
            )
            for n in CMFREC_ITERATIONS
        }
        best = min(curve, key=lambda n: curve[n]["rmse"])
    trainer = {"n_factors": 32, **STRENGTHS}
    for number in range(bench.rounds):
        labels = {"round": number}
        bench.note(
            "speed", "palate, same objective", lambda: measure.palate("fit", **options, **trainer), **labels
        )
        bench.note(
            "speed",
            "cmfrec",
            lambda: measure.peer("cmfrec", **options, **STRENGTHS, iterations=best),
            **labels,
        )
        bench.note(
            "speed", "palate, defaults", lambda: measure.palate("fit", **options, n_factors=32), **labels
        )
        bench.note(
            "speed", "LIBMF", lambda: measure.peer("libmf", **options, **LIBMF, **LIBMF_TRIES), **labels
        )


def sweep(bench: Bench) -> None:
    """Seconds of one sweep beside one iteration of implicit's ALS (CG), and palate's GFLOP/s by
    number of factors.
    """
    data = bench.need_planted()
    options = {"data": data, "threads": 2}
    fixed = {**STRENGTHS, "max_sweeps": 4, "patience": 99}
    for number in range(bench.rounds):
        labels = {"round": number}
        bench.note(
            "sweep", "palate", lambda: measure.palate("fit", **options, **fixed, n_factors=32), **labels
        )

        bench.note(
            "sweep",
            "implicit CG",
            lambda: measure.peer("implicit", **options, iterations=4, solver="cg"),
            **labels,
        )
        bench.note(
            "sweep",
            "implicit Cholesky",
            lambda: measure.peer("implicit", **options, iterations=4, solver="cholesky"),
            **labels,
        )
    fixed["max_sweeps"] = 3
    for width in WIDTHS * 2:
        bench.note(
            "width",
            f"palate {width}",
            lambda width=width: measure.palate("fit", **options, **fixed, n_factors=width),
            width=width,
        )


def topn(bench: Bench) -> None:
    """All users' exact top 10 on equal factors, without what they rated: palate and implicit's
    `recommend`.
    """
    data = bench.need_planted()
    with tempfile.TemporaryDirectory() as folder:
        model, factors, lists = (Path(folder) / name for name in ("m.palate", "factors.npz", "lists.npz"))
        measure.palate("fit", data=data, n_factors=32, max_sweeps=5, model=model, factors_out=factors)
        for number in range(bench.rounds):
            peer = {"data": data, "threads": 2, "model": factors, "out": lists}
            bench.note(
                "topn", "implicit", lambda peer=peer: measure.peer("implicit-topn", **peer), round=number
            )
            bench.note(
                "topn",
                "palate",
                lambda: measure.palate("topn", model=model, compare=lists, threads=2),
                round=number,
            )


def read(bench: Bench) -> None:
    """Reading a CSV of 20 M rows to train-ready CSR, sorted as MovieLens is and in random order;
    pandas beside it.
    """
    folder = bench.need_planted(csv=True)
    for number in range(bench.rounds):
        for order, file in (("sorted", "ratings.csv"), ("shuffled", "ratings-shuffled.csv")):
            path = folder / file
            bench.note(
                "read", f"palate, {order}", lambda path=path: measure.palate("read", csv=path), round=number
            )
            if number < 2 and bench.has():
                bench.note(
                    "read",
                    f"pandas and SciPy, {order}",
                    lambda path=path: measure.peer("read", csv=path),
                    round=number,
                )


def memory(bench: Bench) -> None:
    """Peak memory of a fresh `palate train ratings.csv -o m.palate`."""
    folder = bench.need_planted(csv=True)
    palate = Path(sys.executable).with_name("palate")
    with tempfile.TemporaryDirectory() as out:
        model = Path(out) / "m.palate"
        for number in range(min(bench.rounds, 3)):
            for order, file in (("sorted", "ratings.csv"), ("shuffled", "ratings-shuffled.csv")):
                command = [str(palate), "train", str(folder / file), "-o", str(model)]

                def train(command: list[str] = command) -> dict:
                    result = measure.run(command)
                    return result | {
                        "output": result["output"][-300:],
                        "model_mb": model.stat().st_size / 2**20,
                    }

                bench.note("memory", f"palate train, {order}", train, round=number)


READ = """
import json, sys, time
start = time.process_time()
import palate
palate.read(sys.argv[1])
print(json.dumps({"cpu_seconds": time.process_time() - start}))
"""


def parquet(bench: Bench) -> None:
    """Peak memory and processor time of `palate.read` of Parquet files with ids of several kinds."""
    folder = bench.need_planted(parquet=True)
    for number in range(min(bench.rounds, 3)):
        for path in sorted(folder.glob("ratings-*.parquet")):
            _, ids, row_group = path.stem.split("-")
            groups = "one row group" if int(row_group) == 1 << 30 else f"row groups of {int(row_group):,}"

            def read_it(path: Path = path) -> dict:
                result = measure.run_json([sys.executable, "-W", "ignore", "-c", READ, str(path)])
                return result | {"file_mb": path.stat().st_size / 2**20}

            bench.note("parquet", f"{ids} ids, {groups}", read_it, round=number)


def quality(bench: Bench) -> None:
    """Five-fold errors on public data sets, with defaults and tuned, beside the baseline and
    (MovieLens-1M) the peers.
    """
    folder = bench.options.data
    for name in SETS:
        if name != "movielens-small" and (folder is None or not (folder / name).is_dir()):
            print(f"quality: {name} left out; --data must be a folder that holds it.")
            continue
        call = {"data": folder, "set": name}
        bench.note("quality", name, lambda call=call: measure.palate("quality", **call))
        if name == "ml-1m":
            for label, (settings, refit) in TUNED.items():
                tuned = {**call, "settings": json.dumps(settings), "refit": refit}
                bench.note(
                    "quality", f"{name}, {label}", lambda tuned=tuned: measure.palate("quality", **tuned)
                )
            if bench.has():
                _quality_peers(bench, folder)


def _quality_peers(bench: Bench, folder: Path) -> None:
    arrays = bench.cache / "folds"
    measure.palate("quality", data=folder, set="ml-1m", arrays_out=arrays)
    calls = {
        "Surprise SVD": ("surprise", "peers", {"factors": 100, "iterations": 20}),
        "cmfrec": (
            "cmfrec",
            "peers",
            {"factors": 40, "iterations": 15, **STRENGTHS, "l2_user": 0.05, "l2_item": 0.05, "l2_bias": 5.0},
        ),
        "LIBMF": (
            "libmf",
            "peers",
            {"factors": 40, "iterations": 30, "l2_user": 0.05, "l2_item": 0.05, "learning_rate": 0.05},
        ),
        "myFM": ("myfm", "myfm", {"factors": 20, "iterations": 200}),
    }
    calls["LIBMF"][2].update(LIBMF_TRIES)
    for name, (peer, environment, options) in calls.items():
        if not bench.has(environment):
            continue
        for fold in range(1 if peer == "myfm" else 5):
            data = arrays / f"ml-1m-fold{fold}"
            bench.note(
                "quality-peers",
                name,
                lambda peer=peer, environment=environment, data=data, options=options: measure.peer(
                    peer, environment, data=data, **options
                ),
                fold=fold,
            )


def startup(bench: Bench) -> None:
    """Import time, the first fit ever (empty Numba cache), later fits, and one user's top 10 from a
    loaded model.
    """
    clock = (
        "import time; t = time.perf_counter(); import palate; print('{\"seconds\": %f}' % "
        "(time.perf_counter() - t))"
    )
    measure.run([sys.executable, "-c", "import palate"])  # byte code is written
    for number in range(max(bench.rounds, 5)):
        bench.note(
            "startup", "import palate", lambda: measure.run_json([sys.executable, "-c", clock]), round=number
        )
    for number in range(bench.rounds):
        with tempfile.TemporaryDirectory() as cache:
            environment = measure.clean_environment(NUMBA_CACHE_DIR=cache)
            for name in ("first fit", "later fit"):
                bench.note(
                    "startup",
                    name,
                    lambda env=environment: measure.palate("bundled-fit", environment=env),
                    round=number,
                )
    data = bench.need_planted()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "m.palate"
        measure.palate("fit", data=data, n_factors=32, max_sweeps=3, model=model, titles=True)
        for number in range(bench.rounds):
            bench.note("startup", "one user", lambda: measure.palate("latency", model=model), round=number)


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "startup": startup,
    "read": read,
    "memory": memory,
    "parquet": parquet,
    "speed": speed,
    "sweep": sweep,
    "topn": topn,
    "quality": quality,
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "sections", nargs="*", help=f"{', '.join(SECTIONS)} or report; all of them by default"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, help="folder of the public data sets, for quality")
    parser.add_argument(
        "--cache",
        type=Path,
        default=default_cache(),
        help="planted data and environments; default %(default)s",
    )
    parser.add_argument("--record", type=Path, default=HERE / "results.jsonl", help="default %(default)s")
    parser.add_argument("--results", type=Path, default=HERE / "RESULTS.md", help="default %(default)s")
    parser.add_argument(
        "--cmfrec-iterations", type=int, help="speed: take this number instead of finding the best"
    )
    for name, size in FULL_SHAPE.items():
        parser.add_argument(
            f"--{name}", type=int, default=size, help="size of the planted data; default %(default)s"
        )
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    if unknown := [name for name in options.sections if name not in SECTIONS and name != "report"]:
        sys.exit(f"section must be one of {', '.join(SECTIONS)}, report; got {unknown[0]!r}.")
    os.environ["PALATE_BENCHMARKS"] = str(options.cache)  # where measure.py looks for the peers
    bench = Bench(options)
    for name in options.sections or SECTIONS:
        if name != "report":
            SECTIONS[name](bench)
        report.write(options.results, bench.record)
    print(f"written: {options.results}")


if __name__ == "__main__":
    main()
