"""What a model knows of time: how high everyone rates in each time bin, and whose ratings rose and fell."""

import numpy as np
import polars as pl

from palate.data.time_units import in_seconds, unit_of
from palate.factors.draws import normal_quantile
from palate.factors.factors import FactorScorer
from palate.factors.temporal import TimeContext
from palate.inspect.factors import sections_of_ends
from palate.inspect.report import Section

_SHARE = 0.8


def time_bin_sections(model: FactorScorer, n: int) -> list[Section]:
    """Return the level of ratings in each time bin, and the items that rose and fell most.

    Of a model without time bins there is nothing to show.
    """
    context = getattr(model, "context", None)
    if context is None or context.n_time_bins == 1:
        return []
    by_item = _by_item(model, context)
    sizes = _n_ratings(model, context)
    by_item -= np.average(by_item, axis=1, weights=sizes[0].to_numpy() if sizes else None)[:, None]
    counts = None if model.ratings is None else model.ratings.item_counts()
    weights = counts if counts is not None and counts.any() else None
    level = np.average(by_item, axis=2, weights=weights)
    change = (by_item[:, -1] - by_item[:, 0]).mean(axis=0)
    change -= np.average(change, weights=weights)
    return [_levels(model, [_begins(model, context), *sizes], level), *_changes(model, change, n)]


def _levels(model: FactorScorer, bins: list[pl.Series], level: np.ndarray) -> Section:
    """Return the section of how much higher ratings were in each time bin; `level` is that of each draw."""
    mean, reach = level.mean(axis=0), normal_quantile(_SHARE) * level.std(axis=0)
    ends = pl.Series("higher_low", mean - reach), pl.Series("higher_high", mean + reach)
    frame = pl.DataFrame([*bins, pl.Series("higher", mean), *ends])
    text = (
        "How much higher an average user rated an average item in each time bin than on average, "
        f"{model.likelihood.unit}, with its {_SHARE:.0%} interval. All vectors also change from bin to bin.",
    )
    heading = "How ratings changed in time"
    return Section("time_bins", heading, text, frame, plot="time_bins")


def _changes(model: FactorScorer, change: np.ndarray, n: int) -> list[Section]:
    """Return the sections of the n items that rose and fell most from the first time bin to the last."""
    meaning = (
        "Change of an average user's rating of the item from the first time bin to the last, "
        "relative to all ratings."
    )
    high, low = ("risen", "What rose"), ("fallen", "What fell")
    return sections_of_ends(model, pl.Series("change", change), n, meaning, high, low)


def _by_item(model: FactorScorer, context: TimeContext) -> np.ndarray:
    """Return what each time bin adds to an average user's rating of each item beside the average.

    It is float64 of shape (n_draws, n_time_bins, n_items).
    """
    k = model.user_factors.shape[2]
    n_draws, n_items = model.item_bias.shape
    found = np.empty((n_draws, context.n_time_bins, n_items))
    for draw in range(n_draws):
        user, own = context.user_shift[draw].astype(np.float64), context.item_shift[draw].astype(np.float64)
        unshifted = model.user_factors[draw] - context.user_shift[draw, context.user_time_bin, :k]
        mean = unshifted.mean(axis=0, dtype=np.float64)
        same = user[:, k] + own[:, k] + own[:, :k] @ mean + np.einsum("tf,tf->t", user[:, :k], own[:, :k])
        found[draw] = user[:, :k] @ model.item_factors[draw].T + same[:, None]
    return found


def _begins(model: FactorScorer, context: TimeContext) -> pl.Series:
    """Return when each time bin begins; the first with the first rating, where times are known."""
    edges = context.edges
    times = None if model.ratings is None else model.ratings.timestamp
    first = None if times is None or not len(times) else int(times.min())
    begins = pl.Series("begins", [first, *edges.tolist()], dtype=pl.Int64)
    unit = unit_of(edges)
    if unit is None:
        return begins
    seconds = in_seconds(begins.drop_nulls().to_numpy(), unit)
    dates = pl.from_epoch(pl.Series(seconds), time_unit="s")
    return pl.concat([dates.clear(begins.null_count()), dates]).alias("begins")


def _n_ratings(model: FactorScorer, context: TimeContext) -> list[pl.Series]:
    """Return the number of ratings of each time bin, where they are known."""
    if model.ratings is None or model.ratings.timestamp is None:
        return []
    counts = np.bincount(context.time_bins(model.ratings.timestamp), minlength=context.n_time_bins)
    return [pl.Series("n_ratings", counts, dtype=pl.Int64)]
