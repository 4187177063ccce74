"""The fixed planted data set of the benchmarks: ratings whose truth is known.

    latent = mu + b_u + b_i + p_u . q_i        rank 16; standard deviations .4 (b_u), .4 (b_i) and .5 (p.q)
    rating = latent + noise                    standard deviation .75; rounded to half stars, kept in [.5, 5]

138,493 users with at least 20 ratings each, 26,744 items with at least one, 20 million ratings, no
pair twice, power laws on both sides with the shape of MovieLens-20M. A random 5 % is the holdout.
Because the truth is known, two bounds are too:

- `rmse_latent`: the RMSE of E[rating | true latent], through rounding and the ends of the scale.
  Nobody predicts better.
- `rmse_oracle`: the RMSE of one who knows all item factors, item biases, variances and mu, and has
  each user's exact Gaussian posterior from the training ratings. The bound for a trainer, which
  must learn the items as well.

    python benchmarks/planted.py [--users N --items N --ratings N --seed S] [--cache FOLDER]
        [--csv] [--parquet]
"""

import argparse
import json
import math
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numba as nb
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from environments.build_environments import default_cache

MEAN = 3.5
LEVELS = (0.5, 5.0)
STEP = 0.5
# Kinds of ids and rows in a row group: as Polars, DuckDB and others write them, and all in one.
PARQUET = (("narrow", 1 << 20), ("wide", 1 << 20), ("wide", 1 << 30), ("text", 1 << 20), ("text", 1 << 17))


@dataclass(frozen=True, kw_only=True)
class PlantedShape:
    """The size and the variances of a planted data set; the defaults are the benchmark's."""

    n_users: int = 138_493
    n_items: int = 26_744
    n_ratings: int = 20_000_000
    rank: int = 16
    min_ratings: int = 20
    user_bias_sd: float = 0.4
    item_bias_sd: float = 0.4
    product_sd: float = 0.5
    noise_sd: float = 0.75
    holdout_share: float = 0.05
    seed: int = 0

    @property
    def folder(self) -> str:
        """The name of the data's folder in the cache."""
        return f"planted-{self.n_users}x{self.n_items}x{self.n_ratings}-seed{self.seed}"


@dataclass(frozen=True, eq=False)
class Planted:
    """The ratings, sorted by user and item, the holdout's mask and the truth behind them."""

    shape: PlantedShape
    users: np.ndarray  # (n_ratings,) int32
    items: np.ndarray  # (n_ratings,) int32
    ratings: np.ndarray  # (n_ratings,) float32
    held_out: np.ndarray  # (n_ratings,) bool
    user_factors: np.ndarray  # (n_users, rank) float64
    item_factors: np.ndarray  # (n_items, rank) float64
    user_bias: np.ndarray  # (n_users,) float64
    item_bias: np.ndarray  # (n_items,) float64


# --- who rated what
# -----------------------------------------------------------------------------------------------------


def user_counts(shape: PlantedShape, rng: np.random.Generator) -> np.ndarray:
    """Return the number of ratings of each user: a minimum plus a Lomax tail (shape 1.85), summing
    exactly to n_ratings.
    """
    cap = max(shape.n_items // 3, shape.min_ratings)
    spare = shape.n_ratings - shape.min_ratings * shape.n_users
    if spare < 0 or shape.n_ratings > cap * shape.n_users:
        raise ValueError(
            f"n_ratings must be between {shape.min_ratings * shape.n_users} and {cap * shape.n_users} "
            f"for {shape.n_users} users and {shape.n_items} items; got {shape.n_ratings}."
        )
    tail = rng.pareto(1.85, shape.n_users)
    extra = np.zeros(shape.n_users, dtype=np.int64)
    room = np.full(shape.n_users, cap - shape.min_ratings)
    while (
        missing := spare - int(extra.sum())
    ) > 0:  # each round hands out what the cap or rounding left over
        open_users = np.flatnonzero(extra < room)
        share = tail[open_users] / tail[open_users].sum() * missing
        step = np.minimum(np.floor(share).astype(np.int64), room[open_users] - extra[open_users])
        if step.sum() == 0:
            step[rng.permutation(len(open_users))[:missing]] = 1
        extra[open_users] += step
    return shape.min_ratings + extra


def item_weights(shape: PlantedShape, rng: np.random.Generator) -> np.ndarray:
    """Return the popularity of each item, a shifted power law of its rank in random order."""
    shift = 0.009 * shape.n_items
    weight = (np.arange(shape.n_items) + shift) ** -2.5
    return rng.permutation(weight / weight.sum())


@nb.njit(cache=True)
def _alias_table(weight):
    """Vose's alias table: one uniform number draws an index with the given probabilities."""
    n = len(weight)
    scaled = weight * n / weight.sum()
    keep = np.ones(n)
    other = np.arange(n)
    small = np.empty(n, np.int64)
    large = np.empty(n, np.int64)
    n_small = n_large = 0
    for i in range(n):
        if scaled[i] < 1.0:
            small[n_small] = i
            n_small += 1
        else:
            large[n_large] = i
            n_large += 1
    while n_small > 0 and n_large > 0:
        n_small -= 1
        low, high = small[n_small], large[n_large - 1]
        keep[low] = scaled[low]
        other[low] = high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            n_large -= 1
            small[n_small] = high
            n_small += 1
    return keep, other


@nb.njit(inline="always")
def _uniform(state):
    """One step of SplitMix64: the next state and a number in (0, 1)."""
    state += np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return state, (np.float64(z >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@nb.njit(parallel=True, cache=True)
def _draw_items(indptr, given_indptr, given, weight, keep, other, crowded, key, out):
    """Fill each user's row of `out` with distinct items: the given ones, then draws without
    replacement by weight.

    Draws that hit an item the user already has are thrown away. For users with more than `crowded`
    ratings that takes too long, so they take the items with the smallest exponential clocks E /
    weight, which is the same distribution.
    """
    n_items = len(weight)
    n_users = len(indptr) - 1
    n_chunks = 64
    for chunk in nb.prange(n_chunks):
        mark = np.full(n_items, -1, np.int64)
        for u in range(chunk * n_users // n_chunks, (chunk + 1) * n_users // n_chunks):
            state = np.uint64(key) ^ (np.uint64(u + 1) * np.uint64(0xD1342543DE82EF95))
            position = indptr[u]
            end = indptr[u + 1]
            for g in range(given_indptr[u], given_indptr[u + 1]):
                out[position] = given[g]
                mark[given[g]] = u
                position += 1
            if end - position > crowded:
                clock = np.empty(n_items)
                for i in range(n_items):
                    state, x = _uniform(state)
                    clock[i] = np.inf if mark[i] == u else -math.log(x) / weight[i]
                out[position:end] = np.argsort(clock)[: end - position]
            else:
                while position < end:
                    state, x = _uniform(state)
                    slot = np.int64(x * n_items)
                    state, x = _uniform(state)
                    item = slot if x < keep[slot] else other[slot]
                    if mark[item] != u:
                        mark[item] = u
                        out[position] = item
                        position += 1
            out[indptr[u] : end].sort()


def draw_pairs(shape: PlantedShape, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (indptr, items): the distinct items of each user, sorted. Every item occurs at least once."""
    counts = user_counts(shape, rng)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    if shape.n_items > shape.min_ratings * shape.n_users:
        raise ValueError(f"n_items must be at most min_ratings * n_users; got {shape.n_items}.")
    weight = item_weights(shape, rng)
    # one rating for every item: they are dealt out to the users in turn, so that no user gets more
    # than its minimum
    owner = rng.permutation(shape.n_users)[np.arange(shape.n_items) % shape.n_users]
    given = rng.permutation(shape.n_items)[np.argsort(owner, kind="stable")].astype(np.int32)
    given_indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=shape.n_users))])
    keep, other = _alias_table(weight)
    items = np.empty(shape.n_ratings, dtype=np.int32)
    key = int(rng.integers(2**63))
    _draw_items(indptr, given_indptr, given, weight, keep, other, shape.n_items // 25, key, items)
    return indptr, items


# --- the ratings
# --------------------------------------------------------------------------------------------------------


@nb.njit(parallel=True, cache=True)
def _latent(indptr, items, user_factors, item_factors, user_bias, item_bias, mean, out):
    for u in nb.prange(len(indptr) - 1):
        for n in range(indptr[u], indptr[u + 1]):
            i = items[n]
            value = mean + user_bias[u] + item_bias[i]
            for f in range(user_factors.shape[1]):
                value += user_factors[u, f] * item_factors[i, f]
            out[n] = value


@nb.njit(parallel=True, cache=True)
def _expected_rating(latent, sd, out):
    """out = E[rating | Normal(latent, sd)]: half stars, rounded to the nearest, the ends of the
    scale taking the tails.

    E = .5 + sum over the thresholds t = .75, 1.25, ..., 4.75 of .5 P(value > t)
    """
    for n in nb.prange(len(latent)):
        total = 0.5
        for step in range(9):
            threshold = 0.75 + 0.5 * step
            total += 0.25 * math.erfc((threshold - latent[n]) / (sd[n] * math.sqrt(2.0)))
        out[n] = total


def expected_rating(latent: np.ndarray, sd: np.ndarray | float) -> np.ndarray:
    """Return E[rating] when the value before rounding is Normal(latent, sd)."""
    out = np.empty(len(latent))
    _expected_rating(latent, np.broadcast_to(np.asarray(sd, dtype=np.float64), latent.shape), out)
    return out


def generate(shape: PlantedShape | None = None) -> Planted:
    """Return the planted data of `shape`; the same shape always gives the same data, for any number
    of threads.
    """
    shape = shape or PlantedShape()
    rng = np.random.default_rng(shape.seed)
    indptr, items = draw_pairs(shape, rng)
    factor_sd = math.sqrt(shape.product_sd / math.sqrt(shape.rank))  # sd(p.q) = sqrt(rank) * factor_sd**2
    user_factors = rng.normal(0.0, factor_sd, (shape.n_users, shape.rank))
    item_factors = rng.normal(0.0, factor_sd, (shape.n_items, shape.rank))
    user_bias = rng.normal(0.0, shape.user_bias_sd, shape.n_users)
    item_bias = rng.normal(0.0, shape.item_bias_sd, shape.n_items)
    value = np.empty(shape.n_ratings, dtype=np.float32)
    _latent(indptr, items, user_factors, item_factors, user_bias, item_bias, MEAN, value)
    noise = rng.standard_normal(shape.n_ratings, dtype=np.float32)
    noise *= np.float32(shape.noise_sd)
    value += noise
    del noise
    value /= np.float32(STEP)
    np.rint(value, out=value)
    value *= np.float32(STEP)
    np.clip(value, *LEVELS, out=value)
    held_out = np.zeros(shape.n_ratings, dtype=bool)
    held_out[rng.choice(shape.n_ratings, round(shape.holdout_share * shape.n_ratings), replace=False)] = True
    users = np.repeat(np.arange(shape.n_users, dtype=np.int32), np.diff(indptr))
    return Planted(shape, users, items, value, held_out, user_factors, item_factors, user_bias, item_bias)


# --- what can be reached
# ------------------------------------------------------------------------------------------------


@nb.njit(parallel=True, cache=True)
def _oracle(indptr, items, target, held_out, design, prior_precision, noise_variance, mean_out, variance_out):
    """Compute the Gaussian posterior of x = [p_u, b_u] of each user from the training ratings.

    Then compute mean and variance of q.x on the rest, with

        A = diag(prior_precision) + sum q q^T / noise_variance
        A m = sum q target / noise_variance
        variance = q^T A^-1 q
    """
    width = design.shape[1]
    for u in nb.prange(len(indptr) - 1):
        matrix = np.zeros((width, width))
        solution = np.zeros(width)
        for f in range(width):
            matrix[f, f] = prior_precision[f]
        for n in range(indptr[u], indptr[u + 1]):
            if not held_out[n]:
                row = design[items[n]]
                for f in range(width):
                    solution[f] += row[f] * target[n] / noise_variance
                    for g in range(f + 1):
                        matrix[f, g] += row[f] * row[g] / noise_variance
        for f in range(
            width
        ):  # Cholesky in the lower triangle, with the forward substitution of the right-hand side
            for g in range(f):
                for h in range(g):
                    matrix[f, g] -= matrix[f, h] * matrix[g, h]
                matrix[f, g] /= matrix[g, g]
                matrix[f, f] -= matrix[f, g] * matrix[f, g]
                solution[f] -= matrix[f, g] * solution[g]
            matrix[f, f] = math.sqrt(matrix[f, f])
            solution[f] /= matrix[f, f]
        forward = np.empty(width)
        for n in range(indptr[u], indptr[u + 1]):
            if held_out[n]:  # with z = L^-1 q: mean = z . L^-1 h, variance = z . z
                row = design[items[n]]
                mean = 0.0
                variance = 0.0
                for f in range(width):
                    forward[f] = row[f]
                    for g in range(f):
                        forward[f] -= matrix[f, g] * forward[g]
                    forward[f] /= matrix[f, f]
                    mean += forward[f] * solution[f]
                    variance += forward[f] * forward[f]
                mean_out[n] = mean
                variance_out[n] = variance


def bounds(data: Planted) -> dict[str, float]:
    """Return the holdout RMSE of E[rating | true latent], of the oracle, and of the training mean.

    The oracle's prediction is its posterior mean, clipped to the scale. `rmse_oracle_rounded` sends
    the posterior through the rounding instead, which is slightly worse: ratings cut off at the ends
    of the scale have shrunk that posterior already.
    """
    shape = data.shape
    indptr = np.concatenate([[0], np.cumsum(np.bincount(data.users, minlength=shape.n_users))])
    n = shape.n_ratings
    latent = np.empty(n)
    _latent(
        indptr, data.items, data.user_factors, data.item_factors, data.user_bias, data.item_bias, MEAN, latent
    )
    truth = data.ratings[data.held_out].astype(np.float64)

    def rmse(prediction: np.ndarray | float) -> float:
        return float(np.sqrt(np.mean((truth - prediction) ** 2)))

    factor_precision = math.sqrt(shape.rank) / shape.product_sd
    precision = np.append(np.full(shape.rank, factor_precision), 1.0 / shape.user_bias_sd**2)
    design = np.column_stack([data.item_factors, np.ones(shape.n_items)])
    offset = MEAN + data.item_bias[data.items]
    mean, variance = np.empty(n), np.empty(n)
    noise_variance = shape.noise_sd**2 + STEP**2 / 12  # rounding adds the variance of a uniform number
    _oracle(
        indptr,
        data.items,
        data.ratings - offset,
        data.held_out,
        design,
        precision,
        noise_variance,
        mean,
        variance,
    )
    posterior_mean = (offset + mean)[data.held_out]
    posterior_sd = np.sqrt(shape.noise_sd**2 + variance[data.held_out])
    return {
        "rmse_latent": rmse(expected_rating(latent[data.held_out], shape.noise_sd)),
        "rmse_oracle": rmse(np.clip(posterior_mean, *LEVELS)),
        "rmse_oracle_rounded": rmse(expected_rating(posterior_mean, posterior_sd)),
        "rmse_mean": rmse(float(data.ratings[~data.held_out].mean(dtype=np.float64))),
    }


# --- the cache
# ----------------------------------------------------------------------------------------------------------


def store(data: Planted, folder: Path) -> dict:
    """Write train and holdout arrays, the truth and `meta.json` (shape, bounds) into `folder`;
    return the meta data.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for part, mask in (("train", ~data.held_out), ("holdout", data.held_out)):
        for name in ("users", "items", "ratings"):
            np.save(folder / f"{part}_{name}.npy", getattr(data, name)[mask])
    truth = ("user_factors", "item_factors", "user_bias", "item_bias")
    np.savez(folder / "truth.npz", **{name: getattr(data, name) for name in truth})
    per_user = np.bincount(data.users, minlength=data.shape.n_users)
    per_item = np.bincount(data.items, minlength=data.shape.n_items)
    meta = {
        **asdict(data.shape),
        **bounds(data),
        "train_mean": float(data.ratings[~data.held_out].mean(dtype=np.float64)),
        "ratings_per_user": _quantiles(per_user),
        "ratings_per_item": _quantiles(per_item),
    }
    (folder / "meta.json").write_text(
        json.dumps(meta, indent=1) + "\n"
    )  # last: its presence says that the folder is whole
    return meta


def _quantiles(counts: np.ndarray) -> dict[str, float]:
    return {
        name: float(np.quantile(counts, q))
        for name, q in (("min", 0), ("median", 0.5), ("p90", 0.9), ("max", 1))
    }


def planted_folder(shape: PlantedShape | None = None, cache: Path | None = None) -> Path:
    """Return the folder of the planted data, which is generated when the cache does not hold it yet."""
    shape = shape or PlantedShape()
    folder = (cache or default_cache()) / shape.folder
    if not (folder / "meta.json").exists():
        store(generate(shape), folder)
    return folder


def planted_csv(folder: Path, shuffled: bool = False) -> Path:
    """Return the CSV of all ratings (user_id, item_id, rating), sorted as MovieLens is or in random
    order; made when absent.
    """
    path = folder / ("ratings-shuffled.csv" if shuffled else "ratings.csv")
    if not path.exists():
        temporary = path.with_suffix(".part")
        planted_frame(folder, shuffled).write_csv(temporary, float_precision=1)
        temporary.rename(path)
    return path


def planted_parquet(folder: Path, ids: str, row_group: int = 1 << 20) -> Path:
    """Return a Parquet file of all ratings in random order, made when absent.

    Parameters
    ----------
    folder : Path
    ids : {"narrow", "wide", "text"}
        Integers of 32 bits, integers that need 64, or texts such as "user-0123456".
    row_group : int
        Rows in a row group.
    """
    import polars as pl

    path = folder / f"ratings-{ids}-{row_group}.parquet"
    if not path.exists():
        frame = planted_frame(folder, shuffled=True).lazy()
        if ids == "wide":
            frame = frame.with_columns(pl.col("user_id", "item_id").cast(pl.Int64) * 7919 + 10**12)
        if ids == "text":
            digits = pl.col("user_id", "item_id").cast(pl.String).str.zfill(7)
            frame = frame.with_columns(digits).with_columns(
                pl.format("user-{}", "user_id").alias("user_id"),
                pl.format("item-{}", "item_id").alias("item_id"),
            )
        temporary = path.with_suffix(".part")
        frame.collect().write_parquet(temporary, row_group_size=row_group)
        temporary.rename(path)
    return path


def planted_frame(folder: Path, shuffled: bool = False) -> Any:
    """Return all ratings as a Polars frame with ids from 1, sorted or in random order."""
    import polars as pl

    column = {}
    for name in ("users", "items", "ratings"):
        column[name] = np.concatenate(
            [np.load(folder / f"{part}_{name}.npy") for part in ("train", "holdout")]
        )
    order = (
        np.random.default_rng(0).permutation(len(column["users"]))
        if shuffled
        else np.lexsort((column["items"], column["users"]))
    )
    return pl.DataFrame(
        {
            "user_id": column["users"][order] + 1,
            "item_id": column["items"][order] + 1,
            "rating": column["ratings"][order],
        }
    )


def main() -> None:
    default = PlantedShape()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=default.n_users)
    parser.add_argument("--items", type=int, default=default.n_items)
    parser.add_argument("--ratings", type=int, default=default.n_ratings)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--csv", action="store_true", help="also write ratings.csv and ratings-shuffled.csv")
    parser.add_argument(
        "--parquet", action="store_true", help="also write the Parquet files of run.py parquet"
    )
    arguments = parser.parse_args()
    shape = PlantedShape(
        n_users=arguments.users, n_items=arguments.items, n_ratings=arguments.ratings, seed=arguments.seed
    )
    start = time.perf_counter()
    folder = planted_folder(shape, arguments.cache)
    if arguments.csv:
        planted_csv(folder)
        planted_csv(folder, shuffled=True)
    if arguments.parquet:
        for ids, row_group in PARQUET:
            planted_parquet(folder, ids, row_group)
    print((folder / "meta.json").read_text(), end="")
    print(f"{folder} ({time.perf_counter() - start:.1f} s)")


if __name__ == "__main__":
    main()
