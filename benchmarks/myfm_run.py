"""myFM on one split, with the same bags as palate's Gibbs; run in the environment `myfm`.

    python benchmarks/myfm_run.py SPLIT.npz [--likelihood gaussian|ordinal] [--sweeps 512]
    [--factors 32] [--out ERRORS.npy]

SPLIT.npz holds user, item, value and test_user, test_item, test_value (row numbers and ratings).
Prints one JSON line.
"""

import argparse
import json
import resource
import time

import myfm
import numpy as np
from scipy import sparse


def bags(rows, columns, n_rows, n_columns):
    """Return one-hot rows with the bag of what each row was seen with, 1 / sqrt(n) each: SVD++ and
    its mirror image.
    """
    counts = np.maximum(np.bincount(rows, minlength=n_rows), 1)
    bag = sparse.csr_matrix((1 / np.sqrt(counts[rows]), (rows, columns)), shape=(n_rows, n_columns))
    return sparse.hstack([sparse.identity(n_rows), bag], format="csr")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("split")
    parser.add_argument("--likelihood", default="gaussian")
    parser.add_argument("--sweeps", type=int, default=512)
    parser.add_argument("--factors", type=int, default=32)
    parser.add_argument("--out")
    options = parser.parse_args()
    data = np.load(options.split)
    n_users = int(max(data["user"].max(), data["test_user"].max())) + 1
    n_items = int(max(data["item"].max(), data["test_item"].max())) + 1
    user_table = bags(data["user"], data["item"], n_users, n_items)
    item_table = bags(data["item"], data["user"], n_items, n_users)
    sizes = [n_users, n_items, n_items, n_users]

    def blocks(users, items):
        return [myfm.RelationBlock(users, user_table), myfm.RelationBlock(items, item_table)]

    train, test = blocks(data["user"], data["item"]), blocks(data["test_user"], data["test_item"])
    began = time.perf_counter()
    if options.likelihood == "ordinal":
        levels, codes = np.unique(data["value"], return_inverse=True)
        model = myfm.MyFMOrderedProbit(rank=options.factors)
        model.fit(
            None,
            codes,
            X_rel=train,
            grouping=None,
            n_iter=options.sweeps,
            n_kept_samples=options.sweeps,
            group_shapes=sizes,
        )
        found = model.predict_proba(None, test) @ levels
    else:
        model = myfm.MyFMGibbsRegressor(rank=options.factors)
        model.fit(
            None,
            data["value"],
            X_rel=train,
            n_iter=options.sweeps,
            n_kept_samples=options.sweeps,
            group_shapes=sizes,
        )
        found = np.clip(model.predict(None, test), data["value"].min(), data["value"].max())
    errors = data["test_value"] - found
    if options.out:
        np.save(options.out, errors.astype(np.float32))
    print(
        json.dumps(
            {
                "library": "myfm",
                "likelihood": options.likelihood,
                "sweeps": options.sweeps,
                "seconds": round(time.perf_counter() - began, 1),
                "rmse": float(np.sqrt(np.mean(errors**2))),
                "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
