"""The evaluation of one scorer: sums per user of every figure."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from palate._checks import ArgumentError
from palate.evaluation.bins import N_BINS, bin_of
from palate.evaluation.evaluated_model import EvaluatedModel, indexes
from palate.evaluation.item_bins import ByRating, Figure, Sums
from palate.evaluation.metrics import beyond
from palate.evaluation.metrics.errors import clipped, error_sums
from palate.evaluation.metrics.lists import Lists
from palate.evaluation.metrics.ranking import METRICS
from palate.evaluation.popular import popular_model
from palate.evaluation.test_set import TestSet
from palate.factors.temporal_scores import scores_at
from palate.lists import obscurity
from palate.lists.popular import counts_for_newcomers, silent_about
from palate.lists.ranking import rank
from palate.scorer import Scorer

ERRORS = ("rmse", "mae", "rmse_unclipped", "mae_unclipped")  # of which less is better
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
    places : dict of int to ndarray of shape (n_bins,), int64
        For each k, how many places of all lists have items of each bin of training ratings.
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
    places: dict[int, np.ndarray] = field(default_factory=dict)
    cold: dict[str, int] = field(default_factory=dict)
    by_rating: ByRating | None = None

    @classmethod
    def of(cls, name: str, sums: Sums) -> "Outcome":
        """Return the outcome of a scorer from what each of its figures sums."""
        top, bottom = (
            np.column_stack([pair[side] for pair in sums.values()]).astype(np.float64) for side in (0, 1)
        )
        return cls(name=name, figures=tuple(sums), top=top, bottom=bottom)

    def values(self, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        """Return the figures of sums whose last axis are the columns; NaN where nothing was summed."""
        ratio = np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom > 0)
        roots = [metric in ROOTS for metric, _ in self.figures]
        ratio[..., roots] = np.sqrt(ratio[..., roots])
        return np.asarray(ratio)


@dataclass(frozen=True, eq=False)
class Scoring:
    """One scorer on the test: what it predicts and lists, and what came of it."""

    model: EvaluatedModel
    test_set: TestSet
    threads: int | None = None

    @cached_property
    def index(self) -> tuple[np.ndarray, np.ndarray]:
        """User and item of each test rating as the scorer numbers them, -1 where it knows none."""
        return indexes(self.test_set.test, self.model.scorer.users, self.model.scorer.items)

    @cached_property
    def item_bin(self) -> np.ndarray:
        """The bin of each test rating by the training ratings of its item, which are 0 at -1."""
        return bin_of(np.append(self.model.item_counts, 0)[self.index[1]])

    @cached_property
    def lists(self) -> Lists:
        """Everyone's list of the longest k, matched with what is relevant."""
        items, relevant = self._listed(self.model.ranker()), self.test_set.relevant
        rows, wanted = self.test_set.row[relevant], self.index[1][relevant]
        return Lists.match(items, len(self.model.scorer.items), rows, wanted, self.test_set.worth)

    def outcome(self) -> Outcome:
        """Return the sums of all figures."""
        test_set, scale = self.test_set, self.model.scorer.scale
        columns: Sums = {}
        each: dict[str, np.ndarray] = {"row": test_set.row, "bin": self.item_bin}
        if scale is not None:
            predicted = self._predictions()
            inside = clipped(predicted, scale)
            columns |= self._errors(inside, predicted)
            errors = test_set.test.value.astype(np.float64) - inside
            each |= {"squares": errors * errors, "absolute": np.abs(errors)}
        if test_set.ks:
            columns |= dict(self._list_figures())
            each |= {"relevant": np.flatnonzero(test_set.relevant), "found": self.lists.found}
        return replace(
            Outcome.of(self.model.name, columns),
            overall=self._overall(),
            places=self._places_by_bin(),
            cold=self._cold(),
            by_rating=ByRating(**each),
        )

    def _predictions(self) -> np.ndarray:
        name = f"score_pairs of {self.model.name!r}"
        predicted = scores_at(self.model.scorer, *self.index, self.test_set.test.timestamp, self.threads)
        shape = self.index[0].shape
        if predicted.shape != shape:
            raise ArgumentError(name, f"return shape {shape}", f"{predicted.shape}")
        n_bad = int(np.count_nonzero(~np.isfinite(predicted)))
        if n_bad:
            raise ValueError(
                f"{name} must return finite numbers, for unknown users and items (-1) too; "
                f"{n_bad:,} of {len(predicted):,} are not."
            )
        return predicted

    def _errors(self, inside: np.ndarray, predicted: np.ndarray) -> Sums:
        """Return squared and absolute errors per user, of predictions inside the scale and as they are."""
        test_set = self.test_set
        n = test_set.n_test.astype(np.float64)
        sums: list[np.ndarray] = []
        for values in (inside, predicted):
            sums += error_sums(test_set.row, len(n), test_set.test.value, values)
        return {(name, None): (total, n) for name, total in zip(ERRORS, sums, strict=True)}

    def _listed(self, scorer: Scorer) -> np.ndarray:
        """Return everyone's list of the longest k by a scorer of the same users and items."""
        test_set = self.test_set
        allowed = None if test_set.candidates is None else test_set.may_list(scorer.items)
        return top_lists(scorer, test_set.of_rows(self.index[0]), test_set.ks[-1], self.threads, allowed)

    def _diversity(self) -> dict[int, np.ndarray] | None:
        """Return how unlike the items of each list are, for each k; None where nothing is known of items."""
        alike, ks = self.test_set.alike, self.test_set.ks
        if alike is None:
            return None
        items = alike.among(self.model.scorer.items, self.lists.items)
        return dict(zip(ks, beyond.diversity(items, ks, alike.of), strict=True))

    def _list_figures(self) -> Iterator[tuple[Figure, tuple[np.ndarray, np.ndarray]]]:
        """Yield every metric at every k with its values per user as (top, bottom)."""
        model, lists, scorer = self.model, self.lists, self.model.scorer
        popular = popular_model(scorer.users, scorer.items, model.seen, model.item_counts)
        information = beyond.self_information(model.item_counts, max(1, model.n_trained_users))
        expected, apart = self._listed(popular), self._diversity()
        for k in self.test_set.ks:
            for name, metric in METRICS.items():
                yield (name, k), _as_ratio(metric(lists, k))
            yield ("serendipity", k), _as_ratio(beyond.serendipity(lists, k, expected))
            if apart is not None:
                yield ("diversity", k), _as_ratio(apart[k])
            for name, value in zip(MEANS, (information, model.item_counts), strict=True):
                yield (name, k), _as_ratio(beyond.mean_over_list(lists.items[:, :k], value))

    def _overall(self) -> dict[Figure, float]:
        found: dict[Figure, float] = {}
        for k in self.test_set.ks:
            appearances = np.bincount(self._places(k), minlength=len(self.model.scorer.items))
            found["coverage", k], found["gini", k] = obscurity.coverage(appearances), beyond.gini(appearances)
        return found

    def _places_by_bin(self) -> dict[int, np.ndarray]:
        """Return, for each k, how many places of the lists have items of each bin of training ratings."""
        bins = bin_of(self.model.item_counts)
        return {k: np.bincount(bins[self._places(k)], minlength=N_BINS) for k in self.test_set.ks}

    def _places(self, k: int) -> np.ndarray:
        """Return the items at the first k places of all lists."""
        listed = self.lists.items[:, :k]
        return listed[listed >= 0]

    def _cold(self) -> dict[str, int]:
        """Count users and items of the test that have no training rating, and their test ratings."""
        model, test = self.model, self.test_set.test
        sides = (
            ("users", self.index[0], model.user_counts, test.user_index),
            ("items", self.index[1], model.item_counts, test.item_index),
        )
        found = {}
        for side, index, counts, own in sides:
            cold = np.append(counts, 0)[index] == 0
            found[side] = len(np.unique(own[cold]))
            found[f"{side}_ratings"] = int(np.count_nonzero(cold))
        return found


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
        scores = counts_for_newcomers(scorer) if silent else np.asarray(scorer.score_items(nobody))[0]
        scores = scores if allowed is None else np.where(allowed, scores, np.nan)
        order = np.argsort(-scores, kind="stable")
        order = order[~np.isnan(scores[order])][:n]
        items[np.ix_(~known, np.arange(len(order)))] = order
    return items


def _as_ratio(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values with undefined ones (NaN) as ratios 0 / 0, so that they add nothing to a mean."""
    defined = ~np.isnan(values)
    return np.where(defined, values, 0.0), defined.astype(np.float64)
