"""The evaluation of one scorer: sums per user of every figure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from palate._checks import ArgumentError
from palate.evaluation.bins import N_BINS, bin_of
from palate.evaluation.evaluated_model import EvaluatedModel, indexes
from palate.evaluation.item_bins import ByRating
from palate.evaluation.metrics import beyond
from palate.evaluation.metrics.errors import clipped, error_sums
from palate.evaluation.metrics.lists import Lists
from palate.evaluation.metrics.ranking import METRICS
from palate.evaluation.popular import MostPopular
from palate.evaluation.test_set import TestSet
from palate.factors.temporal_scores import scores_at
from palate.lists import obscurity
from palate.lists.popular import silent_about, training_counts
from palate.lists.ranking import rank
from palate.scorer import Scorer

Figure = tuple[str, int | None]  # name of a metric and its k, None for those without

ERRORS = ("rmse", "mae", "rmse_unclipped", "mae_unclipped")
ROOTS = ("rmse", "rmse_unclipped")  # roots of a ratio of sums
MEANS = ("novelty", "popularity")  # means over a user's list


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """What came out for one scorer, before anything is averaged.

    A figure is `sum of top / sum of bottom` over users (its root for RMSE), so that sums of several
    folds, resamples or groups of users are figures again.

    Parameters
    ----------
    name : str
    figures : tuple of (str, int or None)
        The columns of `top` and `bottom`.
    top, bottom : ndarray of shape (n_users, n_figures), float64
    overall : dict of (str, int) to float
        Coverage and Gini coefficient of all lists together.
    bins : dict of str to ndarray of shape (n_bins,)
        Sums per bin of item popularity.
    cold : dict of str to int
        Users and items without training ratings, and their test ratings.
    by_rating : ByRating, optional
        What came of each test rating.
    """

    name: str
    figures: tuple[Figure, ...]
    top: np.ndarray
    bottom: np.ndarray
    overall: dict[Figure, float] = field(default_factory=dict)
    bins: dict[str, np.ndarray] = field(default_factory=dict)
    cold: dict[str, int] = field(default_factory=dict)
    by_rating: ByRating | None = None

    def values(self, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        """Return the figures of sums whose last axis are the columns; NaN where nothing was summed."""
        ratio = np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom > 0)
        roots = [metric in ROOTS for metric, _ in self.figures]
        ratio[..., roots] = np.sqrt(ratio[..., roots])
        return np.asarray(ratio)


def score(model: EvaluatedModel, test_set: TestSet, threads: int | None = None) -> Outcome:
    """Return the outcome of one scorer."""
    scorer = model.scorer
    user, item = indexes(test_set.test, scorer.users, scorer.items)
    bins: dict[str, np.ndarray] = {}
    columns: dict[Figure, tuple[np.ndarray, np.ndarray]] = {}
    item_bin = bin_of(_counts_at(model.item_counts, item))
    bins["n_test"] = np.bincount(item_bin, minlength=N_BINS)
    each: dict[str, np.ndarray] = {"row": test_set.row, "bin": item_bin}
    if scorer.scale is not None:
        predicted = _predictions(model, user, item, test_set.test.timestamp, threads)
        columns |= _errors(predicted, scorer.scale, test_set, item_bin, bins)
        errors = clipped(predicted, scorer.scale) - test_set.test.value
        each |= {
            "squares": np.square(errors, dtype=np.float64),
            "absolute": np.abs(errors).astype(np.float64),
        }
    overall: dict[Figure, float] = {}
    if test_set.ks:
        lists = lists_of(model, test_set, user, item, threads)
        expected = _expected(model, test_set, user, threads)
        columns |= dict(_list_figures(model, test_set, lists, expected))
        overall = _overall(test_set, lists, len(scorer.items))
        _bin_lists(model, test_set, lists, item_bin, bins)
        each |= {"relevant": np.flatnonzero(test_set.relevant), "found": lists.found}
    n_users = len(test_set.users)
    top, bottom = (
        np.column_stack([pair[side] for pair in columns.values()]) if columns else np.zeros((n_users, 0))
        for side in (0, 1)
    )
    cold = _cold(model, test_set, user, item)
    return Outcome(
        name=model.name,
        figures=tuple(columns),
        top=top,
        bottom=bottom,
        overall=overall,
        bins=bins,
        cold=cold,
        by_rating=ByRating(**each),
    )


def _counts_at(counts: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the count at each index, 0 at -1."""
    return np.asarray(np.append(counts, 0)[index])


def _errors(
    predicted: np.ndarray,
    scale: tuple[float, float],
    test_set: TestSet,
    item_bin: np.ndarray,
    bins: dict[str, np.ndarray],
) -> dict[Figure, tuple[np.ndarray, np.ndarray]]:
    """Return squared and absolute errors per user, and add those per bin of items."""
    n = np.diff(test_set.test.user_indptr)[test_set.users].astype(np.float64)
    sums: list[np.ndarray] = []
    for values in (clipped(predicted, scale), predicted):
        sums += error_sums(test_set.row, len(n), test_set.test.value, values)
    bins["squares"], bins["absolute"] = error_sums(
        item_bin, N_BINS, test_set.test.value, clipped(predicted, scale)
    )
    return {(name, None): (total, n) for name, total in zip(ERRORS, sums, strict=True)}


def _predictions(
    model: EvaluatedModel, user: np.ndarray, item: np.ndarray, times: np.ndarray | None, threads: int | None
) -> np.ndarray:
    scorer = model.scorer
    predicted = scores_at(scorer, user, item, times, threads)
    if predicted.shape != user.shape:
        raise ArgumentError(
            f"score_pairs of {model.name!r}", f"return shape {user.shape}", f"{predicted.shape}"
        )
    n_bad = int(np.count_nonzero(~np.isfinite(predicted)))
    if n_bad:
        raise ValueError(
            f"score_pairs of {model.name!r} must return finite numbers, for unknown users and items "
            f"(-1) too; "
            f"{n_bad:,} of {len(predicted):,} are not."
        )
    return predicted


def lists_of(
    model: EvaluatedModel, test_set: TestSet, user: np.ndarray, item: np.ndarray, threads: int | None
) -> Lists:
    """Return everyone's list of the longest k, matched with what is relevant."""
    items = _listed(model.ranker(), test_set, user, threads)
    relevant = test_set.relevant
    return Lists.match(items, len(model.scorer.items), test_set.row[relevant], item[relevant], test_set.worth)


def top_lists(
    scorer: Scorer,
    user_index: np.ndarray,
    n: int,
    threads: int | None = None,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """Return the first n items of each user without those seen, int32; -1 where there are fewer.

    Unknown users (-1) get the list of the prior mean; `allowed` (n_items,) says which items may be
    listed. Equal scores are in the order of the item ids, or of popularity where a model of choices
    knows nothing of a user.
    """
    items = np.full((len(user_index), n), -1, dtype=np.int32)
    known = user_index >= 0
    if known.any():
        found = rank(scorer, user_index[known], n, allowed=allowed, exclude_seen=True, threads=threads).items
        items[known, : found.shape[1]] = found
    if not known.all():
        nobody = np.array([-1])
        silent = silent_about(scorer, nobody)[0]
        scores = training_counts(scorer) if silent else np.asarray(scorer.score_items(nobody))[0]
        scores = scores if allowed is None else np.where(allowed, scores, np.nan)
        order = np.argsort(-scores, kind="stable")
        order = order[~np.isnan(scores[order])][:n]
        items[np.ix_(~known, np.arange(len(order)))] = order
    return items


def _expected(model: EvaluatedModel, test_set: TestSet, user: np.ndarray, threads: int | None) -> np.ndarray:
    """Return the lists of the most popular items for the same users, from the same candidates."""
    scorer = model.scorer
    popular = MostPopular(
        users=scorer.users, items=scorer.items, ratings=model.seen, counts=model.item_counts
    )
    return _listed(popular, test_set, user, threads)


def _listed(scorer: Scorer, test_set: TestSet, user: np.ndarray, threads: int | None) -> np.ndarray:
    """Return everyone's list of the longest k."""
    user_of_row = np.full(len(test_set.users), -1, dtype=np.int64)
    user_of_row[test_set.row] = user
    allowed = None if test_set.candidates is None else test_set.may_list(scorer.items)
    return top_lists(scorer, user_of_row, test_set.ks[-1], threads, allowed)


def _diversity(model: EvaluatedModel, test_set: TestSet, lists: Lists) -> dict[int, np.ndarray] | None:
    """Return how unlike the items of each list are, for each k; None where nothing is known of items."""
    alike = test_set.alike
    if alike is None:
        return None
    items = alike.among(model.scorer.items, lists.items)
    return dict(zip(test_set.ks, beyond.diversity(items, test_set.ks, alike.of), strict=True))


def _list_figures(
    model: EvaluatedModel, test_set: TestSet, lists: Lists, expected: np.ndarray
) -> Iterator[tuple[Figure, tuple[np.ndarray, np.ndarray]]]:
    """Yield every metric at every k with its values per user as (top, bottom)."""
    information = beyond.self_information(model.item_counts, max(1, model.n_trained_users))
    apart = _diversity(model, test_set, lists)
    for k in test_set.ks:
        for name, metric in METRICS.items():
            yield (name, k), _as_ratio(metric(lists, k))
        yield ("serendipity", k), _as_ratio(beyond.serendipity(lists, k, expected))
        if apart is not None:
            yield ("diversity", k), _as_ratio(apart[k])
        for name, value in zip(MEANS, (information, model.item_counts), strict=True):
            yield (name, k), _as_ratio(beyond.mean_over_list(lists.items[:, :k], value))


def _as_ratio(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values with undefined ones (NaN) as ratios 0 / 0, so that they add nothing to a mean."""
    defined = ~np.isnan(values)
    return np.where(defined, values, 0.0), defined.astype(np.float64)


def _overall(test_set: TestSet, lists: Lists, n_items: int) -> dict[Figure, float]:
    found: dict[Figure, float] = {}
    for k in test_set.ks:
        listed = lists.items[:, :k]
        appearances = np.bincount(listed[listed >= 0], minlength=n_items)
        found["coverage", k], found["gini", k] = obscurity.coverage(appearances), beyond.gini(appearances)
    return found


def _bin_lists(
    model: EvaluatedModel,
    test_set: TestSet,
    lists: Lists,
    item_bin: np.ndarray,
    bins: dict[str, np.ndarray],
) -> None:
    """Add, per bin of items, the relevant ratings, those found at each k, and the places taken in lists."""
    relevant_bin = item_bin[test_set.relevant]
    bins["n_relevant"] = np.bincount(relevant_bin, minlength=N_BINS)
    for k in test_set.ks:
        bins[f"found@{k}"] = np.bincount(
            relevant_bin[(lists.found > 0) & (lists.found <= k)], minlength=N_BINS
        )
        listed = lists.items[:, :k]
        places = bin_of(model.item_counts[listed[listed >= 0]])
        bins[f"places@{k}"] = np.bincount(places, minlength=N_BINS)


def _cold(model: EvaluatedModel, test_set: TestSet, user: np.ndarray, item: np.ndarray) -> dict[str, int]:
    """Count users and items of the test that have no training rating, and their test ratings."""
    test = test_set.test
    sides = (
        ("users", user, model.user_counts, test.user_index),
        ("items", item, model.item_counts, test.item_index),
    )
    found = {}
    for side, index, counts, own in sides:
        cold = index < 0
        cold[~cold] = counts[index[~cold]] == 0
        found[side] = len(np.unique(own[cold]))
        found[f"{side}_ratings"] = int(np.count_nonzero(cold))
    return found
