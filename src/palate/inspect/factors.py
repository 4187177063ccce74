"""The learned numbers themselves: norms, weights and biases, and how norms go with the number of ratings."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.factors.factors import FactorScorer
from palate.factors.item_index import item_table
from palate.inspect.report import Section
from palate.inspect.statistics import histogram, table
from palate.lists.obscurity import ends_of_groups, groups_by_count
from palate.scorer import Factored

if TYPE_CHECKING:
    from palate.scorer import Scorer


_DESCRIBED = (names.ITEM_ID, names.TITLE, names.YEAR, names.N_RATINGS, names.MEAN_RATING)


def norms(factors: np.ndarray) -> np.ndarray:
    """Return the length of each row's vector, averaged over draws, float64.

    The length of a draw does not change when the factors are rotated, as they are from draw to
    draw; that of a mean would.
    """
    total = np.zeros(factors.shape[1])
    for draw in factors:
        total += np.sqrt(np.einsum("nf,nf->n", draw, draw, dtype=np.float64))
    return total / len(factors)


def weight_sections(model: FactorScorer) -> list[Section]:
    """Return the distributions of norms, weights and biases."""
    n_draws = len(model.user_factors)
    named = {
        "user norms": norms(model.user_factors),
        "item norms": norms(model.item_factors),
        "user weights": model.user_factors.reshape(n_draws, -1),
        "item weights": model.item_factors.reshape(n_draws, -1),
        "user biases": model.user_bias.mean(axis=0),
        "item biases": model.item_bias.mean(axis=0),
    }
    for side, own in (("user", model.factors.user.noise), ("item", model.factors.item.noise)):
        named |= {} if own is None else {f"{side} noise": own.scale.mean(axis=0)}
    text = (
        "A weight is one number of a factor vector. A norm is the length of a vector: how much "
        "taste changes predictions."
    )
    if n_draws > 1:
        text += f" Norms and biases are means over {n_draws} draws, as are the figures of weights."
    heading = "Norms, weights and biases"
    first = Section("weights", heading, (text,), table(named), histogram(named), plot="weights")
    return [first, *_by_count(model, named["user norms"], named["item norms"])]


def _by_count(model: Factored, user_norms: np.ndarray, item_norms: np.ndarray) -> list[Section]:
    if model.ratings is None:
        return []
    users = norms_by_count("user", user_norms, model.ratings.user_counts())
    frame = pl.concat([users, norms_by_count("item", item_norms, model.ratings.item_counts())])
    text = (
        "With a penalty, vectors are short unless they have many ratings, which keeps rarely "
        "rated items from the top of lists. If norms fall with the number of ratings, items with "
        "few ratings get extreme predictions.",
    )
    return [Section("norms", "Norm against number of ratings", text, frame, plot="norms")]


def norms_by_count(side: str, norm: np.ndarray, counts: np.ndarray) -> pl.DataFrame:
    """Return norms grouped by number of ratings: 0, 1, 2 to 3, 4 to 7, and so on, empty groups left out."""
    group = groups_by_count(counts)
    grouped = pl.DataFrame({"group": group, "norm": norm}).group_by("group")
    found = grouped.agg(
        pl.len().cast(pl.Int64).alias("n"),
        pl.col("norm").mean().alias("norm_mean"),
        *(pl.col("norm").quantile(q / 100, "linear").alias(f"norm_q{q}") for q in (10, 50, 90)),
    ).sort("group")
    low, high = ends_of_groups(found["group"].to_numpy())
    ends = pl.Series("from", low), pl.Series("to", high)
    return found.select(pl.lit(side).alias("side"), *ends, pl.exclude("group"))


def bias_sections(model: Factored, n: int) -> list[Section]:
    """Return the items with the highest and the lowest biases."""
    bias = model.item_bias.mean(axis=0, dtype=np.float64)
    if not bias.any():
        return []
    meaning = "The bias is how much an item is rated above or below the mean by all users, after the penalty."
    high, low = ("highest_biases", "Highest item biases"), ("lowest_biases", "Lowest item biases")
    return sections_of_ends(model, pl.Series("bias", bias), n, meaning, high, low)


def noise_sections(model: "Scorer", n: int) -> list[Section]:
    """Return the items that people disagree about and those they agree on, if the model knows.

    Items with few ratings are in neither list.
    """
    own = getattr(model, "item_noise", None)
    if own is None:
        return []
    scale = own.scale.mean(axis=0, dtype=np.float64)
    meaning = (
        "The scale is the noise of ratings of the item relative to most items: 1.5 is half as much again."
    )
    high, low = ("divisive", "Items that users disagree about"), ("agreed", "Items that users agree on")
    return sections_of_ends(model, pl.Series("noise_scale", scale), n, meaning, high, low)


def sections_of_ends(
    model: "Scorer", values: pl.Series, n: int, meaning: str, high: tuple[str, str], low: tuple[str, str]
) -> list[Section]:
    """Return the sections of the n items with the highest and with the lowest of some values.

    Parameters
    ----------
    model : Scorer
    values : polars.Series
        Of all items, under the name of their column.
    n : int
    meaning : str
        What the values are.
    high, low : (str, str)
        Name and heading of each section.
    """
    order = np.argsort(values.to_numpy(), kind="stable")
    return [
        Section(name, heading, (meaning,), described(model, rows).with_columns(values.gather(rows)))
        for (name, heading), rows in ((high, order[::-1][:n]), (low, order[:n]))
    ]


def described(model: "Scorer", rows: np.ndarray) -> pl.DataFrame:
    """Return what is known about some items: id, title, year, number and mean of ratings."""
    known = item_table(model)
    return known[rows].select([name for name in _DESCRIBED if name in known.columns])
