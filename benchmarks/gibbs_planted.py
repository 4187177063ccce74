"""Gibbs on the 20 million planted ratings: seconds a sweep, memory, and how near to the oracle.

python benchmarks/gibbs_planted.py [--sweeps 60 --burn-in 15 --data FOLDER]
"""

import argparse
import json
import resource
import sys
from pathlib import Path

import numpy as np

import palate

sys.path.insert(0, str(Path(__file__).resolve().parent))
from environments.build_environments import default_cache
from palate_runs import load_arrays


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_cache() / "planted-138493x26744x20000000-seed0")
    parser.add_argument("--sweeps", type=int, default=60)
    parser.add_argument("--burn-in", type=int, default=15)
    options = parser.parse_args()
    train, holdout = (
        palate.Ratings.from_arrays(*load_arrays(options.data, part), scale=(0.5, 5))
        for part in ("train", "holdout")
    )
    oracle = json.loads((options.data / "meta.json").read_text())["rmse_oracle"]

    def tell(report):
        if report.sweep % 5 == 0:
            print(
                f"sweep {report.sweep}: {report.seconds:.2f} s, validation RMSE {report.validation_rmse:.4f}",
                flush=True,
            )

    model = palate.Gibbs(sweeps=options.sweeps, burn_in=options.burn_in).fit(
        train, validation=holdout, callback=tell
    )
    reports = model.history.sweeps
    print(
        json.dumps(
            {
                "sweep_seconds": float(np.median([report.seconds for report in reports])),
                "rmse": reports[-1].validation_rmse,
                "oracle": oracle,
                "above_oracle": reports[-1].validation_rmse / oracle - 1,
                "draws": model.n_draws,
                "notes": list(model.history.notes),
                "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
