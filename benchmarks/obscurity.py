"""Compare remedies for obscure recommendations: one holdout, every remedy at many strengths,
compared at equal coverage.

    python benchmarks/obscurity.py movielens-small --output docs/images/obscurity-small
    python benchmarks/obscurity.py path/to/ml-1m --output docs/images/obscurity-1m

Writes NAME.png (the curves), and with --tables NAME-points.csv, NAME-equal-coverage.csv and
NAME-equal-hits.csv, and prints both as Markdown. Everyone's ten best are taken from all items that
the user has not rated in training; 20 % of each user's ratings are held out. All models are trained
on the same 80 %: nothing further is held out.
"""

import argparse
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

N = 10
LEAST_COVERAGE = 0.008  # what recommends fewer items is not drawn
TICKS = (1, 2, 3, 5, 10, 20, 30)
SHARE = 0.2
THRESHOLDS = (0, 2, 3, 5, 10, 20, 50, 100, 200, 350, 500, 750, 1000)
CAUTIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.9, 0.95)
CONSTANT_L2 = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
SCALED_L2 = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
HALF_L2 = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)  # times the default
UNOBSERVED = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
DAMPING = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # times the empirical-Bayes damping
LEAST, GIBBS = "threshold (least squares)", "threshold (Gibbs)"
CAUTION, LAPLACE = "caution (Gibbs)", "caution (least squares)"
COLORS = {
    LEAST: "#1f5f8b",
    GIBBS: "#b03a2e",
    CAUTION: "#2f8f4e",
    LAPLACE: "#8fce6a",
    "L2, constant (nu = 0)": "#8a6d1f",
    "L2, nu = 1/2": "#5d4a7e",
    "L2, nu = 1": "#777777",
    "w0": "#c2719d",
    "damped biases": "#17a2a2",
    "damped biases alone": "black",
}


def main() -> None:
    """Run the experiment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="movielens-small, or a folder of ratings")
    parser.add_argument(
        "--output", type=Path, required=True, help="name of the files to write, without ending"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[1],
        help="one holdout each; fits and the bootstrap use them, too",
    )
    parser.add_argument(
        "--cache", type=Path, help="folder in which the points are kept, to draw again without fitting again"
    )
    parser.add_argument("--n-factors", type=int, default=32)
    parser.add_argument("--sweeps", type=int, default=200, help="of the Gibbs sampler")
    parser.add_argument("--n-draws", type=int, default=50)
    parser.add_argument(
        "--brief", action="store_true", help="further holdouts without the fits with other penalties"
    )
    parser.add_argument("--tables", action="store_true", help="write the tables as CSV, too")
    options = parser.parse_args()
    import palate
    from palate.experiments.curves import compare, table

    data = (
        palate.datasets.load(options.data) if options.data == "movielens-small" else palate.read(options.data)
    )
    holdouts = [curves_of(data.ratings, seed, options) for seed in options.seeds]
    curves = holdouts[0]
    frame = table(curves)
    shared = shared_levels(holdouts, lambda one: one.coverage)
    equal_hits = shared_levels(holdouts, lambda one: float(one.hits.sum()))
    how: dict[str, Any] = {"resamples": 2000, "seed": options.seeds[0]}
    differences = {
        "coverage": compare(holdouts, CAUTION, shared, **how),
        "hits": compare(holdouts, CAUTION, equal_hits, equal="hits", **how),
    }
    draw(
        curves,
        shared,
        f"{options.data if options.data == 'movielens-small' else Path(options.data).name}",
        options.output,
    )
    with pl.Config(
        tbl_formatting="ASCII_MARKDOWN",
        tbl_rows=-1,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
    ):
        print(frame.with_columns(pl.col(pl.Float64).round(4)))
        for difference in differences.values():
            print(difference.with_columns(pl.col(pl.Float64).round(4)))
    if options.tables:
        frame.write_csv(options.output.with_name(options.output.name + "-points.csv"))
        for equal, difference in differences.items():
            difference.write_csv(options.output.with_name(f"{options.output.name}-equal-{equal}.csv"))


def curves_of(ratings: Any, seed: int, options: argparse.Namespace) -> dict[str, list[Any]]:
    """Return the points of one holdout by remedy, fitted or from the cache."""
    import palate
    from palate.experiments.curves import Point

    file = None if options.cache is None else options.cache / f"{Path(options.data).name}-{seed}.npz"
    curves: dict[str, list[Any]] = {}
    if file is not None and file.exists():
        with np.load(file) as kept:
            for name, facts, sums in zip(kept["names"], kept["facts"], kept["sums"], strict=True):
                rating, found, hits = sums
                one = dict(zip(("strength", "coverage", "median_n_ratings"), map(float, facts), strict=True))
                arrays = {"rating": rating, "found": found, "hits": hits, "any_hit": (hits > 0).astype(float)}
                curves.setdefault(str(name), []).append(Point(**one, **arrays))
        return curves
    options.seed = seed
    for name, one in points(palate.splits.per_user(ratings, share=SHARE, seed=seed), options):
        if one.coverage:  # a threshold that no item reaches leaves empty lists
            curves.setdefault(name, []).append(one)
    if file is not None:
        every = [(name, one) for name, path in curves.items() for one in path]
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            file,
            names=[name for name, _ in every],
            facts=[(one.strength, one.coverage, one.median_n_ratings) for _, one in every],
            sums=[(one.rating, one.found, one.hits) for _, one in every],
        )
    return curves


def points(split: Any, options: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """Yield (name of the remedy, point) for every strength, each remedy from weak to strong."""
    from palate.lists.cautious import rank_cautiously
    from palate.lists.pool import Pool
    from palate.lists.ranking import rank

    users = np.arange(split.train.n_users)
    counts = np.bincount(split.train.item_index, minlength=split.train.n_items)

    def lists(model: Any, caution: float = 0.0, min_ratings: int = 1) -> np.ndarray:
        allowed = counts >= max(1, min_ratings)  # what nobody rated in training is never listed
        if caution:
            return rank_cautiously(
                model, users, N, caution, Pool.of(model, allowed=allowed, exclude_seen=True)
            ).items
        return rank(model, users, N, allowed=allowed, exclude_seen=True).items

    def seen(items: np.ndarray, strength: float) -> Any:
        from palate.experiments.curves import point

        return point(items, split.test, counts, 4.0, strength, counts > 0)

    plain, gibbs = least_squares(split, options), bayes(split, options)
    for threshold in THRESHOLDS:
        yield LEAST, seen(lists(plain, min_ratings=threshold), threshold)
        yield GIBBS, seen(lists(gibbs, min_ratings=threshold), threshold)
    for caution in CAUTIONS:
        yield CAUTION, seen(lists(gibbs, caution=caution), caution)
    if options.brief and options.seed != options.seeds[0]:
        return
    for caution in CAUTIONS:
        yield LAPLACE, seen(lists(plain, caution=caution), caution)
    yield from other_fits(split, options, plain, lambda model, strength: seen(lists(model), strength))
    biases_only = empirical_bayes(split)
    for threshold in DAMPING:
        model = fitted(
            "Baseline", split, options, damping_user=biases_only[0], damping_item=biases_only[1] * threshold
        )
        yield "damped biases alone", seen(lists(model), threshold)


def other_fits(split: Any, options: argparse.Namespace, plain: Any, seen: Any) -> Iterator[tuple[str, Any]]:
    """Yield the points of the remedies that need a model of their own."""
    auto = 1.5 * residual_sd(split)
    for scaling, strengths, name in (
        (0.0, CONSTANT_L2, "L2, constant (nu = 0)"),
        (0.5, tuple(auto * times for times in HALF_L2), "L2, nu = 1/2"),
        (1.0, SCALED_L2, "L2, nu = 1"),
    ):
        for strength in strengths:
            model = fitted(
                "LeastSquares", split, options, l2_user=strength, l2_item=strength, l2_scaling=scaling
            )
            yield name, seen(model, strength)
    for weight in UNOBSERVED:
        model = fitted("LeastSquares", split, options, unobserved_weight=weight) if weight else plain
        yield "w0", seen(model, weight)
    damping = empirical_bayes(split)[1]
    for times in DAMPING:
        yield "damped biases", seen(fitted("LeastSquares", split, options, l2_bias=damping * times), times)


def least_squares(split: Any, options: argparse.Namespace) -> Any:
    """Return the plain fit."""
    return fitted("LeastSquares", split, options)


def bayes(split: Any, options: argparse.Namespace) -> Any:
    """Return the model with draws of the posterior."""
    burn_in = options.sweeps // 4
    return fitted("Gibbs", split, options, sweeps=options.sweeps, burn_in=burn_in, n_draws=options.n_draws)


def fitted(trainer: str, split: Any, options: argparse.Namespace, **settings: Any) -> Any:
    """Return a model of all training ratings; least squares chooses its sweeps on 5 % of them first."""
    import palate
    from palate.training.gibbs.trainer import Gibbs

    start = time.perf_counter()
    if trainer == "Gibbs":
        model = Gibbs(n_factors=options.n_factors, **settings).fit(
            split.train, validation=0, seed=options.seed
        )
    elif trainer == "Baseline":
        model = palate.Baseline(**settings).fit(split.train, validation=0, seed=options.seed)
    else:
        made = palate.LeastSquares(n_factors=options.n_factors, **settings)
        model = made.fit(split.train, validation=0.05, refit=True, seed=options.seed)
    said = ", ".join(f"{name}={value:g}" for name, value in settings.items())
    print(f"{trainer} {said}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    return model


def residual_sd(split: Any) -> float:
    """Return the standard deviation of the ratings about their biases."""
    import palate

    model = palate.Baseline().fit(split.train, validation=0)
    return float(
        np.std(split.train.value - model.score_pairs(split.train.user_index, split.train.item_index))
    )


def empirical_bayes(split: Any) -> tuple[float, float]:
    """Return the damping of user and item biases: variance of one rating over the variance of the
    biases, by moments.

    The variance of the plain biases exceeds that of the true ones by the noise of their means,
    which is taken off.
    """
    import palate

    train = split.train
    model = palate.Baseline(damping_user=0.0, damping_item=0.0).fit(train, validation=0)
    noise = residual_sd(split) ** 2
    found = []
    for index, n, bias in (
        (train.user_index, train.n_users, model.user_bias),
        (train.item_index, train.n_items, model.item_bias),
    ):
        counts = np.bincount(index, minlength=n)
        weight = counts / counts.sum()
        values = bias[0].astype(float)
        there = counts > 0
        spread = np.sum(weight * (values - np.sum(weight * values)) ** 2) - np.sum(
            weight[there] * noise / counts[there]
        )
        found.append(float(noise / max(spread, 1e-6)))
    return found[0], found[1]


def shared_levels(holdouts: list[dict[str, list[Any]]], measure: Any) -> list[float]:
    """Return seven coverages, or numbers of hits, that caution reaches in every holdout, evenly
    spaced, ends left out.
    """
    every = [[measure(one) for one in curves[CAUTION]] for curves in holdouts]
    low, high = max(map(min, every)), min(map(max, every))
    return [round(float(level), 4) for level in np.linspace(low, high, 9)[1:-1]]


def draw(curves: dict[str, list[Any]], shared: list[float], data: str, output: Path) -> None:
    """Draw mean held-out rating, hits and hit rate against coverage, and the mean against hits."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(12.5, 9.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2).ravel()
    mean, hits = (
        "mean held-out rating of what is recommended (stars)",
        "hits: held-out ratings of 4 and more in the lists",
    )
    pictures = (
        ("coverage", "mean_rating", mean),
        ("coverage", "hits", hits),
        ("coverage", "hit_rate", "share of users with a hit"),
        ("hits", "mean_rating", mean),
    )
    for axes, (across, metric, words) in zip(panels, pictures, strict=True):
        for name, path in curves.items():
            there = [p for p in path if p.coverage >= LEAST_COVERAGE]
            bold = name in (CAUTION, LEAST, GIBBS)
            axes.plot(
                [100 * p.coverage if across == "coverage" else p.values[across] for p in there],
                [p.values[metric] for p in there],
                "o-" if bold else "o--",
                color=COLORS[name],
                label=name,
                linewidth=2.2 if bold else 1,
                markersize=3.5,
                zorder=3 if bold else 2,
            )
        axes.set_ylabel(words)
        axes.grid(alpha=0.3)
        if across == "coverage":
            axes.axvspan(100 * shared[0], 100 * shared[-1], color="#d6e4ee", alpha=0.5, zorder=0)
            axes.set_xscale("log")
            axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
            axes.minorticks_off()
        axes.set_xlabel(
            "items in anyone's ten best (% of the catalog, log scale)" if across == "coverage" else hits
        )
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, fontsize=9
    )
    figure.suptitle(f"{data}: every remedy from weak to strong; shaded: where they are compared with caution")
    output.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    Image.open(buffer).convert("RGB").quantize(128).save(output.with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    main()
