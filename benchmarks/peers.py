"""One peer, one fit, one process: fit on the arrays of a folder, print one JSON object, exit.

    <peer's python> benchmarks/peers.py
    {implicit,implicit-topn,cmfrec,libmf,surprise,myfm,keras,read} --data FOLDER [options]

FOLDER holds train_{users,items,ratings}.npy and holdout_{...}.npy. `seconds` is the fit alone: from
the form the library takes (SciPy matrix, array of triplets) to its fitted model, without reading
and without the RMSE. `peak_rss_mb` is the process's ru_maxrss. RMSE figures are of predictions
clipped to the scale, `rmse_unclipped` of the raw ones.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import resource
import sys
import threading
import time
from pathlib import Path

import numpy as np


class Data:
    """Train and holdout triplets of a folder, as stored: int32 indexes from 0, float32 ratings."""

    def __init__(self, folder: Path):
        self.train = tuple(np.load(folder / f"train_{name}.npy") for name in ("users", "items", "ratings"))
        self.holdout = tuple(
            np.load(folder / f"holdout_{name}.npy") for name in ("users", "items", "ratings")
        )
        pairs = (self.train, self.holdout)
        self.n_users = int(max(part[0].max() for part in pairs)) + 1
        self.n_items = int(max(part[1].max() for part in pairs)) + 1
        ratings = self.train[2]
        self.scale = (float(ratings.min()), float(ratings.max()))
        self.mean = float(ratings.mean(dtype=np.float64))

    def rmse(self, prediction: np.ndarray) -> dict[str, float]:
        """Return the holdout RMSE of the predictions, clipped to the scale and raw."""
        truth = self.holdout[2].astype(np.float64)
        clipped = np.clip(prediction, *self.scale)
        return {
            "rmse": float(np.sqrt(np.mean((clipped - truth) ** 2))),
            "rmse_unclipped": float(np.sqrt(np.mean((prediction - truth) ** 2))),
        }

    def factor_rmse(
        self, user_factors, item_factors, mean=0.0, user_bias=None, item_bias=None
    ) -> dict[str, float]:
        """Return the holdout RMSE of `mean + biases + product`."""
        users, items, _ = self.holdout
        prediction = np.empty(len(users))
        for start in range(
            0, len(users), 100_000
        ):  # in pieces: the gathered rows would count in the process's peak
            part = slice(start, start + 100_000)
            prediction[part] = mean + np.einsum(
                "nf,nf->n", user_factors[users[part]], item_factors[items[part]]
            )
        if user_bias is not None:
            prediction += user_bias[users]
        if item_bias is not None:
            prediction += item_bias[items]
        return self.rmse(prediction)


def run_implicit(data: Data, options: argparse.Namespace) -> dict:
    """implicit's ALS with conjugate gradients: float32, its own threads, OpenBLAS on one. It is
    timed per iteration only.
    """
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    users, items, ratings = data.train
    matrix = csr_matrix((ratings, (users, items)), shape=(data.n_users, data.n_items))
    model = AlternatingLeastSquares(
        factors=options.factors,
        regularization=0.01,
        dtype=np.float32,
        use_native=True,
        use_cg=options.solver == "cg",
        iterations=options.iterations,
        num_threads=options.threads,
        random_state=options.seed,
    )
    per_iteration = []
    start = time.perf_counter()
    model.fit(
        matrix, show_progress=False, callback=lambda _iteration, elapsed, _loss: per_iteration.append(elapsed)
    )
    return {"seconds": time.perf_counter() - start, "seconds_per_iteration": per_iteration}


def run_implicit_topn(data: Data, options: argparse.Namespace) -> dict:
    """implicit's `recommend` for all users at once on given factors, without the items each has
    rated (training and holdout).
    """
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    users, items = (np.concatenate([data.train[side], data.holdout[side]]) for side in (0, 1))
    seen = csr_matrix((np.ones(len(users), np.float32), (users, items)), shape=(data.n_users, data.n_items))
    stored = np.load(options.model)
    ones = np.ones((data.n_users, 1), dtype=np.float32)
    model = AlternatingLeastSquares(factors=stored["item_factors"].shape[1] + 1, num_threads=options.threads)
    # the item bias is a factor whose user side is 1; the user's bias does not change the order of items
    model.user_factors = np.ascontiguousarray(np.hstack([stored["user_factors"], ones]), dtype=np.float32)
    model.item_factors = np.ascontiguousarray(
        np.column_stack([stored["item_factors"], stored["item_bias"]]), dtype=np.float32
    )
    everyone = np.arange(data.n_users)
    start = time.perf_counter()
    ids, scores = model.recommend(everyone, seen, N=options.n)
    seconds = time.perf_counter() - start
    if options.out:
        np.savez(options.out, items=ids, scores=scores)
    return {"seconds": seconds, "n_users": data.n_users, "n_items": data.n_items, "n": options.n}


def run_cmfrec(data: Data, options: argparse.Namespace) -> dict:
    """cmfrec's ALS on the same objective: sum of squared errors + strengths in sum form, biases, centred.

    With l2_scaling 1 the factor strengths are times each row's number of ratings (`scale_lam`); the
    bias strength is constant here and cmfrec's is times the mean number (`scale_bias_const`), so it
    is divided by that. There is no callback: the validation curve needs one process per number of
    iterations.
    """
    from cmfrec import CMF
    from scipy.sparse import coo_matrix

    users, items, ratings = data.train
    matrix = coo_matrix((ratings, (users, items)), shape=(data.n_users, data.n_items))
    scaled = options.l2_scaling == 1.0
    per_user, per_item = (len(users) / data.n_users, len(users) / data.n_items) if scaled else (1.0, 1.0)
    strengths = [
        options.l2_bias / per_user,
        options.l2_bias / per_item,
        options.l2_user,
        options.l2_item,
        0.0,
        0.0,
    ]
    model = CMF(
        k=options.factors,
        lambda_=np.array(strengths),
        method="als",
        use_cg=options.solver == "cg",
        user_bias=True,
        item_bias=True,
        center=True,
        scale_lam=scaled,
        scale_bias_const=scaled,
        niter=options.iterations,
        use_float=True,
        nthreads=options.threads,
        random_state=options.seed,
        precompute_for_predictions=False,
        produce_dicts=False,
        verbose=False,
    )
    start = time.perf_counter()
    model.fit(matrix)
    seconds = time.perf_counter() - start
    quality = data.factor_rmse(model.A_, model.B_, model.glob_mean_, model.user_bias_, model.item_bias_)
    return {"seconds": seconds, "iterations": options.iterations, **quality}


class StampedOutput:
    """Catches what C code writes to standard output, with the time at which each line arrived."""

    def __enter__(self):
        sys.stdout.flush()
        self._saved = os.dup(1)
        read, write = os.pipe()
        os.dup2(write, 1)
        os.close(write)
        self.lines: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._collect, args=(read,))
        self._thread.start()
        return self

    def _collect(self, read: int) -> None:
        with os.fdopen(read) as stream:
            for line in stream:
                self.lines.append((time.perf_counter(), line))

    def __exit__(self, *_):
        sys.stdout.flush()
        os.dup2(self._saved, 1)  # closes the pipe's last writing end, which ends the thread
        os.close(self._saved)
        self._thread.join()


def run_libmf(data: Data, options: argparse.Namespace) -> dict:
    """LIBMF's parallel SGD. It has no biases and no mean: the ratings are centred, all else is up
    to the factors.
    """
    with StampedOutput():  # it greets at import
        from libmf import mf

    def triplets(part):
        users, items, ratings = part
        return np.column_stack([users, items, ratings - np.float32(data.mean)]).astype(np.float32)

    train, holdout = triplets(data.train), triplets(data.holdout)
    engine = mf.MF(
        k=options.factors,
        nr_threads=options.threads,
        nr_bins=options.bins,
        nr_iters=options.iterations,
        lambda_p2=options.l2_user,
        lambda_q2=options.l2_item,
        lambda_p1=0.0,
        lambda_q1=0.0,
        eta=options.learning_rate,
    )
    with StampedOutput() as output:
        start = time.perf_counter()
        engine.mf_train_test(train, holdout)
        seconds = time.perf_counter() - start
    epochs = [
        (stamp, line.split())
        for stamp, line in output.lines
        if line.split()[:1] and line.split()[0].isdigit()
    ]
    stamps = [start, *(stamp for stamp, _ in epochs)]
    user_factors, item_factors = engine.p_factors(), engine.q_factors()
    user_factors = np.pad(user_factors, ((0, data.n_users - len(user_factors)), (0, 0)))
    item_factors = np.pad(item_factors, ((0, data.n_items - len(item_factors)), (0, 0)))
    quality = data.factor_rmse(np.nan_to_num(user_factors), np.nan_to_num(item_factors), data.mean)
    return {
        "seconds": seconds,
        "seconds_per_iteration": np.diff(stamps).tolist(),  # the first includes the sorting into blocks
        "rmse_per_iteration": [float(words[2]) for _, words in epochs],
        **quality,
    }


def run_surprise(data: Data, options: argparse.Namespace) -> dict:
    """Surprise's SVD at its defaults, apart from the number of factors when given. For data of
    MovieLens-1M's size.
    """
    import pandas as pd
    from surprise import SVD, Reader, Trainset
    from surprise import Dataset as SurpriseDataset

    frame = pd.DataFrame(dict(zip(("user", "item", "rating"), data.train, strict=True)))
    dataset = SurpriseDataset.load_from_df(frame, Reader(rating_scale=data.scale))
    train: Trainset = dataset.build_full_trainset()
    model = SVD(n_factors=options.factors, n_epochs=options.iterations, random_state=options.seed)
    start = time.perf_counter()
    model.fit(train)
    seconds = time.perf_counter() - start
    prediction = [model.estimate(*_inner(train, u, i)) for u, i in zip(*data.holdout[:2], strict=True)]
    return {"seconds": seconds, "iterations": options.iterations, **data.rmse(np.array(prediction))}


def _inner(train, user: int, item: int) -> tuple:
    """Return Surprise's own indexes, or the strings by which it knows that there are none."""
    inner_user = train._raw2inner_id_users.get(user, f"UKN__{user}")
    return inner_user, train._raw2inner_id_items.get(item, f"UKN__{item}")


def run_myfm(data: Data, options: argparse.Namespace) -> dict:
    """myFM's Gibbs sampler on user and item one-hot columns: Bayesian matrix factorization with biases."""
    import myfm
    from scipy.sparse import csr_matrix

    def design(part):
        users, items, _ = part
        rows = np.repeat(np.arange(len(users)), 2)
        columns = np.column_stack([users, items + data.n_users]).ravel()
        return csr_matrix(
            (np.ones(len(columns)), (rows, columns)), shape=(len(users), data.n_users + data.n_items)
        )

    train = design(data.train)
    groups = np.repeat([0, 1], [data.n_users, data.n_items])
    model = myfm.MyFMGibbsRegressor(rank=options.factors, random_seed=options.seed)
    start = time.perf_counter()
    model.fit(train, data.train[2].astype(np.float64), n_iter=options.iterations, grouping=groups)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "iterations": options.iterations,
        **data.rmse(model.predict(design(data.holdout))),
    }


def run_keras(data: Data, options: argparse.Namespace) -> dict:
    """The lesson's model in Keras: two embeddings, their product and biases, Adam, L2 on the
    embeddings as batch penalty.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf
    from tensorflow import keras

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(options.seed)
    user, item = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")

    def embedding(n: int, width: int, l2: float):
        penalty = keras.regularizers.L2(l2 / len(data.train[0])) if l2 else None
        return keras.layers.Embedding(n, width, embeddings_regularizer=penalty)

    product = keras.layers.Dot(axes=1)(
        [
            embedding(data.n_users, options.factors, options.l2_user)(user),
            embedding(data.n_items, options.factors, options.l2_item)(item),
        ]
    )
    biases = [
        embedding(n, 1, options.l2_bias)(index) for n, index in ((data.n_users, user), (data.n_items, item))
    ]
    model = keras.Model([user, item], keras.layers.Add()([product, *biases]))
    model.compile(optimizer=keras.optimizers.Adam(options.learning_rate), loss="mse")
    users, items, ratings = data.train
    truth = data.holdout[2].astype(np.float64)
    stamps, curve = [], []

    def note(_epoch, _logs):
        stamps.append(time.perf_counter())
        prediction = model.predict(list(data.holdout[:2]), batch_size=100_000, verbose=0).ravel() + data.mean
        curve.append(float(np.sqrt(np.mean((np.clip(prediction, *data.scale) - truth) ** 2))))
        stamps.append(time.perf_counter())

    start = time.perf_counter()
    callback = keras.callbacks.LambdaCallback(on_epoch_end=note)
    target = ratings - np.float32(data.mean)
    model.fit(
        [users, items],
        target,
        batch_size=options.batch,
        epochs=options.iterations,
        verbose=0,
        callbacks=[callback],
    )
    seconds = np.diff([start, *stamps])[::2].tolist()
    return {
        "seconds": sum(seconds),
        "seconds_per_iteration": seconds,
        "rmse_per_iteration": curve,
        "rmse": curve[-1],
    }


def run_read(_data: None, options: argparse.Namespace) -> dict:
    """What reading to train-ready matrices takes with pandas and SciPy."""
    import pandas as pd
    from scipy.sparse import csr_matrix

    start = time.perf_counter()
    frame = pd.read_csv(options.csv, dtype={"rating": np.float32})
    users, user_ids = pd.factorize(frame["user_id"], sort=True)
    items, item_ids = pd.factorize(frame["item_id"], sort=True)
    matrix = csr_matrix((frame["rating"].to_numpy(), (users, items)), shape=(len(user_ids), len(item_ids)))
    transposed = matrix.T.tocsr()
    return {"seconds": time.perf_counter() - start, "n_ratings": transposed.nnz}


RUNS = {
    "read": (run_read, ("pandas", "scipy")),
    "implicit": (run_implicit, ("implicit", "scipy")),
    "implicit-topn": (run_implicit_topn, ("implicit", "scipy")),
    "cmfrec": (run_cmfrec, ("cmfrec", "scipy")),
    "libmf": (run_libmf, ("libmf",)),
    "surprise": (run_surprise, ("scikit-surprise",)),
    "myfm": (run_myfm, ("myfm",)),
    "keras": (run_keras, ("keras", "tensorflow-cpu")),
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=RUNS)
    parser.add_argument("--data", type=Path, help="folder of the arrays (all but read)")
    parser.add_argument("--csv", type=Path, help="the file to read (read)")
    parser.add_argument("--factors", type=int, default=32)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--solver", choices=("cholesky", "cg"), default="cholesky", help="of cmfrec and implicit"
    )
    parser.add_argument("--l2-user", type=float, default=0.0)
    parser.add_argument("--l2-item", type=float, default=0.0)
    parser.add_argument("--l2-bias", type=float, default=0.0)
    parser.add_argument(
        "--l2-scaling", type=float, choices=(0.0, 1.0), default=0.0, help="cmfrec: 1 is scale_lam"
    )
    parser.add_argument("--learning-rate", type=float, default=0.1, help="of LIBMF and Keras")
    parser.add_argument("--bins", type=int, default=26, help="of LIBMF")
    parser.add_argument("--batch", type=int, default=5000, help="of Keras")
    parser.add_argument(
        "--model", type=Path, help="implicit-topn: .npz with user_factors, item_factors, item_bias"
    )
    parser.add_argument("--n", type=int, default=10, help="implicit-topn: items per user")
    parser.add_argument("--out", type=Path, help="implicit-topn: where to write the lists (.npz)")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    run, distributions = RUNS[options.peer]
    data = Data(options.data) if options.data else None
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = run(data, options)
    versions = {name: importlib.metadata.version(name) for name in (*distributions, "numpy")}
    settings = {
        name: str(v) if isinstance(v, Path) else v for name, v in vars(options).items() if v is not None
    }
    print(
        json.dumps(
            {
                **result,
                "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "rss_loaded_mb": loaded,
                "settings": settings,
                "versions": {"python": platform.python_version(), **versions},
            }
        )
    )


if __name__ == "__main__":
    main()
