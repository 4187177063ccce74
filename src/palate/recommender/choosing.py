"""Which choice model a table deserves: every candidate makes lists for held-out choices, and the
best one is kept.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from palate.data.ratings import Ratings
from palate.evaluation.metrics.lists import Lists
from palate.evaluation.metrics.ranking import ndcg
from palate.lists.ranking import rank_among
from palate.model.model import Model
from palate.model.sum_model import SumModel
from palate.recommender.candidates import DENSE_ITEMS, FACTORS, ITEMS, SUM, Candidate
from palate.training.trainer import FitOptions

K = 10  # places of the lists that decide
SUM_WEIGHTS = (0.4, 0.8)
PLACES = 300  # of the choice head's rankings that the chance of a choice is fitted to


@dataclass(frozen=True, eq=False)
class Test:
    """Held-out choices of users who have training ratings, and which of them were liked."""

    users: np.ndarray  # (n_users,) int64, those with a relevant choice
    row: np.ndarray  # (n_relevant,) the user's place in `users`
    item: np.ndarray  # (n_relevant,) int64
    seen: tuple[np.ndarray, np.ndarray]  # (indptr, items) of the training ratings
    n_items: int

    @classmethod
    def of(cls, train: Ratings, held_out: Ratings, lowest: float) -> "Test":
        """Return the test of lists for held-out ratings of at least `lowest`."""
        known = np.diff(train.user_indptr) > 0
        relevant = (held_out.value >= lowest) & known[held_out.user_index]
        user, item = (
            held_out.user_index[relevant].astype(np.int64),
            held_out.item_index[relevant].astype(np.int64),
        )
        users, row = np.unique(user, return_inverse=True)
        return cls(users, row, item, (train.user_indptr, train.item_index), train.n_items)

    def quality(self, items: np.ndarray) -> np.ndarray:
        """Return each user's nDCG@10 of these lists, (n_users, >= 10) int32."""
        wide = np.full((len(self.users), K), -1, np.int32)
        wide[:, : min(K, items.shape[1])] = items[:, :K]
        lists = Lists.match(wide, self.n_items, self.row, self.item, np.ones(len(self.row)))
        return ndcg(lists, K)

    def lists(self, model: Model, n: int, threads: int | None) -> np.ndarray:
        """Return the first n items of each user, int32."""
        return rank_among(model, self.users, n, np.zeros(0, bool), self.seen, False, threads).items

    def hits(self, items: np.ndarray) -> np.ndarray:
        """Return how many users chose the item at each place of these lists."""
        places = items.shape[1]
        lists = Lists.match(items, self.n_items, self.row, self.item, np.ones(len(self.row)))
        found = lists.found[(lists.found > 0) & (lists.found <= places)]
        return np.bincount(found - 1, minlength=places)


@dataclass(frozen=True, eq=False)
class Trial:
    """A candidate that was tried."""

    candidate: Candidate
    model: Any
    quality: np.ndarray  # (n_users,) nDCG@10
    seconds: float

    @property
    def mean(self) -> float:
        """The mean over users."""
        return float(self.quality.mean()) if len(self.quality) else 0.0


@dataclass(frozen=True)
class SumOf:
    """Trains two candidates and adds their scores; stands where a trainer does."""

    parts: tuple[Candidate, ...]
    weights: tuple[float, ...]

    def fit(self, ratings: Ratings, **options: Unpack[FitOptions]) -> SumModel:
        """Return the sum of the parts' models fitted to the `ratings`."""
        return SumModel.of(tuple(part.trainer.fit(ratings, **options) for part in self.parts), self.weights)


def tried(
    candidates: Iterable[Candidate],
    train: Ratings,
    test: Test,
    *,
    until: float,
    threads: int | None,
    tell: Callable[[str], None],
) -> tuple[list[Trial], list[str]]:
    """Return what came of each candidate, and the names of those that there was no time for.

    Parameters
    ----------
    candidates : iterable of Candidate
    train : Ratings
    test : Test
    until : float
        By `time.monotonic()`: after that no further candidate is begun, except for the first two.
    threads : int, optional
    tell : callable
        Is called with the name of each candidate before it is trained.
    """
    trials: list[Trial] = []
    left: list[str] = []
    for candidate in candidates:
        if len(trials) >= 2 and time.monotonic() > until:
            left.append(candidate.name)
            continue
        tell(candidate.name)
        start = time.monotonic()
        model = candidate.trainer.fit(train, validation=0, threads=threads, callback=_silent)
        quality = test.quality(test.lists(model, K, threads))
        trials.append(Trial(candidate, model, quality, time.monotonic() - start))
    return trials, left


def with_sums(
    trials: list[Trial], test: Test, threads: int | None, tell: Callable[[str], None]
) -> list[Trial]:
    """Return the trials and sums of the best of each kind: of an item-to-item and a factor model,
    and of these two and a dense item-to-item model.
    """
    dense, items, factors = (
        best_of([trial for trial in trials if trial.candidate.kind == kind])
        for kind in (DENSE_ITEMS, ITEMS, FACTORS)
    )
    if items is None or factors is None:
        return trials
    found = list(trials)
    for first in ([items], [dense, items]) if dense is not None else ([items],):
        found += [_sum_of([*first, factors], weight, test, threads, tell) for weight in SUM_WEIGHTS]
    return found


def _sum_of(
    parts: list[Trial], weight: float, test: Test, threads: int | None, tell: Callable[[str], None]
) -> Trial:
    """Return the trial of a sum whose last part has this weight, the others 1."""
    candidates = tuple(part.candidate for part in parts)
    weights = (*(1.0 for _ in parts[1:]), weight)
    *first, last = (candidate.name for candidate in candidates)
    name = f"{' + '.join(first)} + {weight:g} x {last}"
    tell(name)
    start = time.monotonic()
    model = SumModel.of(tuple(part.model for part in parts), weights)
    quality = test.quality(test.lists(model, K, threads))
    seconds = sum(part.seconds for part in parts) + time.monotonic() - start
    large = any(candidate.large for candidate in candidates)
    return Trial(Candidate(name, SUM, SumOf(candidates, weights), large), model, quality, seconds)


def best_of(trials: list[Trial]) -> Trial | None:
    """Return the trial with the highest mean, the first of equal ones; None of none."""
    return max(trials, key=lambda trial: trial.mean, default=None)


def worth_its_size(trials: list[Trial]) -> Trial | None:
    """Return the best trial, or the best one without dense weights if its lists are nearly as good;
    None of none.

    Dense weights take the square of the number of items in memory and in the file: they have to be
    one percent better.
    """
    best = best_of(trials)
    small = best_of([trial for trial in trials if not trial.candidate.large])
    if best is None or small is None:
        return best
    return small if small.mean >= 0.99 * best.mean else best


def chosen_of(trials: list[Trial]) -> Trial | None:
    """Return the trial that is taken: the best sum, unless another model is clearly better; None of
    none.

    The best of many models on few held-out ratings is partly the luckiest. A sum loses less of what
    it promised, because its parts err in different ways.
    """
    best = worth_its_size(trials)
    total = worth_its_size([trial for trial in trials if trial.candidate.kind == SUM])
    if best is None or total is None:
        return best
    return best if clearly_better(best, total) else total


def clearly_better(one: Trial, other: Trial) -> bool:
    """Return whether one trial's lists are better by more than two standard errors of the paired
    difference.
    """
    difference = one.quality - other.quality
    if len(difference) < 2:
        return False
    return bool(difference.mean() > 2 * difference.std(ddof=1) / np.sqrt(len(difference)))


def _silent(report: object) -> None:
    """Take the place of a progress bar."""
