"""Use an installed palate as its first user would: import, fit, save, load, recommend, and the command line.

Run as `python scripts/smoke.py TREE` with TREE the source tree that palate must not have been imported from.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main(tree: Path) -> None:
    """Run every step and say how long each took; an exception or a failing command ends the run."""
    started = time.perf_counter()
    import palate

    report("import palate", started)
    place = Path(palate.__file__).resolve()
    if tree.resolve() in place.parents:
        raise SystemExit(f"palate must come from the wheel; it was imported from {place}.")

    started = time.perf_counter()
    data = palate.datasets.load("movielens-small")
    model = palate.LeastSquares(n_factors=8).fit(data.ratings, catalog=data.catalog)
    report("load and fit", started)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "smoke.palate"
        model.save(path)
        user = data.ratings.users.id(0)
        frame = palate.load(path).recommend(user, n=5)
        if len(frame) != 5:
            raise SystemExit(f"recommend must return 5 rows; got {len(frame)}.")
        for command in (["--help"], ["info", str(path)], ["recommend", str(path), str(user)]):
            started = time.perf_counter()
            subprocess.run(
                [str(Path(sys.executable).parent / "palate"), *command], check=True, stdout=subprocess.DEVNULL
            )
            report("palate " + command[0], started)


def report(what: str, started: float) -> None:
    """Print one timed step."""
    print(f"{what}: {time.perf_counter() - started:.2f} s", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
