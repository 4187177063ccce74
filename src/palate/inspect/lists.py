"""What everyone is recommended: the most and the least recommended items, and how obscure the lists are."""

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.factors.item_index import item_table
from palate.inspect.factors import described
from palate.inspect.predictions import predicting, who
from palate.inspect.report import Section
from palate.inspect.statistics import sampled
from palate.lists.obscurity import RARE, Known, coverage, ends_of_groups, groups_by_count
from palate.lists.ranking import rank
from palate.scorer import Scorer, is_factored

# users times items (times draws) that lists are made from unless a sample is given: some seconds
PAIRS = 1_000_000_000
_DENSE = 20  # times as long a pair takes where it is not a plain product
_HEAD = 0.1  # share of the items that are called the most rated


def list_sections(model: Scorer, n: int, sample: int | None, seed: int, threads: int | None) -> list[Section]:
    """Return the most and the least recommended items and the obscurity of lists of length n."""
    n_users, n_items = len(model.users), len(model.items)
    if not n_users or not n_items:
        return []
    users = sampled(n_users, affordable(model) if sample is None else sample, seed)
    seen, learned = model.ratings is not None, predicting(model)
    best = rank(model, users, n, exclude_seen=seen, threads=threads).items
    left_out = "including items that they rated, because the model was saved without ratings."
    if seen:
        left_out = "without items that they rated."
    source = f"the {n} best of {who(len(users), n_users, seed)}, {left_out}"
    sections = [Section("most_recommended", "Most recommended", (f"In {source}",), _counted(model, best, n))]
    if hasattr(learned, "user_factors"):  # other scores say nothing of what nobody would choose
        worst = rank(learned, users, n, exclude_seen=seen, ascending=True, threads=threads).items
        text = (f"The items most often among a user's {n} lowest predictions.",)
        sections.append(Section("least_recommended", "Least recommended", text, _counted(model, worst, n)))
    if names.N_RATINGS in item_table(model).columns:
        sections.append(obscurity_section(model, best, source))
    return sections


def affordable(model: Scorer) -> int:
    """Return for how many users lists are made unless a sample is given."""
    n_draws = len(getattr(model, "item_factors", (0,)))
    each = len(model.items) * n_draws * (1 if is_factored(model) else _DENSE)
    return max(1, PAIRS // each)


def _counted(model: Scorer, items: np.ndarray, n: int) -> pl.DataFrame:
    """Return the n items that stand in most lists."""
    times = np.bincount(items[items >= 0], minlength=len(model.items))
    rows = np.argsort(-times, kind="stable")[:n]
    rows = rows[times[rows] > 0]
    counted = [pl.Series("n_lists", times[rows]), pl.Series("share", times[rows] / len(items))]
    return described(model, rows).with_columns(counted)


def obscurity_section(model: Scorer, lists: np.ndarray, source: str) -> Section:
    """Return how well known the recommended items are, and how much of the catalog they cover.

    Parameters
    ----------
    model : Scorer
        Whose item table has n_ratings.
    lists : ndarray of shape (n_users, n), int
        Item indexes; -1 where a list is shorter.
    source : str
        Whose lists these are, in words.
    """
    table = item_table(model)
    counts = table[names.N_RATINGS].fill_null(0).to_numpy().astype(np.int64)
    means = table[names.MEAN_RATING].to_numpy().astype(np.float64)
    listed = lists[lists >= 0]
    rows = [(name, value, meaning) for name, (value, meaning) in _figures(counts, means, listed).items()]
    schema = {"figure": pl.String, "value": pl.Float64, "meaning": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    frame = frame.with_columns(pl.col("value").fill_nan(None))  # of empty lists
    text = (f"Of {source}",)
    bins = by_fame(counts, listed)
    return Section("obscurity", "Obscurity of the lists", text, frame, bins=bins, plot="fame")


def _figures(counts: np.ndarray, means: np.ndarray, listed: np.ndarray) -> dict[str, tuple[float, str]]:
    famous = counts[listed]
    times = np.bincount(listed, minlength=len(counts))
    head = np.argsort(-counts, kind="stable")[: max(1, round(_HEAD * len(counts)))]
    total = max(1, int(counts.sum()))
    rated_mean = float((counts.astype(np.float64) ** 2).sum() / total)
    known = Known.of(famous)
    bias = float(famous.mean() / rated_mean) if len(famous) and rated_mean else np.nan
    in_lists = float(times[head].sum() / max(1, len(listed)))
    mean = float(np.nanmean(means[listed])) if len(listed) and np.isfinite(means[listed]).any() else np.nan
    return {
        "n_ratings, median": (known.median, "half of the recommended items have at most this many ratings"),
        "n_ratings, 10 %": (known.low, "a tenth have at most this many"),
        "n_ratings, 90 %": (known.high, "a tenth have at least this many"),
        "mean rating": (mean, "mean rating of the recommended items"),
        "rare share": (known.rare_share, f"share of recommended items with under {RARE} ratings"),
        "coverage": (coverage(times), "share of all items that are in at least one list"),
        "popularity bias": (
            bias,
            "mean number of ratings of recommended items divided by that of rated items",
        ),
        "head share of lists": (
            in_lists,
            "share of recommendations that are among the tenth of items with most ratings",
        ),
        "head share of ratings": (float(counts[head].sum() / total), "share of ratings of these items"),
    }


def by_fame(counts: np.ndarray, listed: np.ndarray) -> pl.DataFrame:
    """Return the shares of items, of ratings and of recommendations by the items' number of ratings.

    The bins are 0, 1, 2 to 3, and so on.
    """
    group = groups_by_count(counts)
    size = int(group.max()) + 1
    low, high = ends_of_groups(np.arange(size))

    def shares(index: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        found = np.bincount(index, weights=weights, minlength=size).astype(np.float64)
        return np.asarray(found / max(1.0, found.sum()))

    columns = {
        "from": low,
        "to": high,
        "share_of_items": shares(group),
        "share_of_ratings": shares(group, counts),
        "share_of_lists": shares(group[listed]),
    }
    return pl.DataFrame(columns).filter(pl.col("share_of_items") > 0)
