"""Choosing a choice model: every candidate makes lists for held-out choices, and the best one is kept."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np

from palate.data.ratings import Ratings
from palate.evaluation.metrics.lists import Lists
from palate.evaluation.metrics.ranking import ndcg
from palate.heads.chance import ChanceByPlace
from palate.heads.ranking import best_first
from palate.lists.pool import Pool
from palate.lists.ranking import DENSE_SCORES, rank_scores
from palate.model.sum_model import SumModel, of_one_size
from palate.recommender.candidates import DENSE_ITEMS, FACTORS, ITEMS, SUM, Candidate
from palate.recommender.trials import Fitting, Scores
from palate.training.trainer import FitOptions

K = 10  # places of the lists that decide
BETAS = (0.0, 0.25, 0.5, 1.0, 2.0)
SUM_WEIGHTS = (0.4, 0.8)
USERS = 4_000, 16_000  # whose lists are judged: at least and at most, if there are so many
MOST_SCORES = 160_000_000  # of all items for the users above the least number


@dataclass(frozen=True, eq=False)
class Test:
    """Held-out choices of users who have training ratings, and which of them were liked."""

    users: np.ndarray  # (n_users,) int64, those with a relevant choice
    row: np.ndarray  # (n_relevant,) the user's place in `users`
    item: np.ndarray  # (n_relevant,) int64
    seen: tuple[np.ndarray, np.ndarray]  # (indptr, items) of the training ratings
    n_items: int

    @classmethod
    def of(cls, train: Ratings, held_out: Ratings, lowest: float, among: np.ndarray | None = None) -> "Test":
        """Return the test of lists for held-out ratings of at least `lowest`.

        It is of the users `among`, else of so many as `most_judged` says, evenly spaced.
        """
        relevant = (held_out.value >= lowest) & (np.diff(train.user_indptr) > 0)[held_out.user_index]
        if among is None:
            found = np.unique(held_out.user_index[relevant])
            among = _evenly(found, most_judged(train.n_items))
        tested = np.zeros(train.n_users, bool)
        tested[among] = True
        relevant &= tested[held_out.user_index]
        item = held_out.item_index[relevant].astype(np.int64)
        users, row = np.unique(held_out.user_index[relevant].astype(np.int64), return_inverse=True)
        return cls(users, row, item, (train.user_indptr, train.item_index), train.n_items)

    @classmethod
    def of_all(cls, train: Ratings, held_out: Ratings) -> "Test":
        """Return the test for all held-out ratings of the users with training ratings, held-out ones or not.

        It is of so many users as `most_judged` says, evenly spaced.
        """
        users = _evenly(np.flatnonzero(np.diff(train.user_indptr)), most_judged(train.n_items))
        chosen = cls.of(train, held_out, -np.inf, among=users)
        return replace(chosen, users=users, row=np.searchsorted(users, chosen.users)[chosen.row])

    def quality(self, items: np.ndarray) -> np.ndarray:
        """Return each user's nDCG@10 of these lists, (n_users, >= 10) int32."""
        wide = np.full((len(self.users), K), -1, np.int32)
        wide[:, : min(K, items.shape[1])] = items[:, :K]
        lists = Lists.match(wide, self.n_items, self.row, self.item, np.ones(len(self.row)))
        return ndcg(lists, K)

    def lists(self, scores: Scores, n: int) -> np.ndarray:
        """Return the first n items of each user, int32."""
        n = min(n, self.n_items)
        return rank_scores(scores, self.n_items, self.users, n, Pool(seen=self.seen)).items

    def hits(self, items: np.ndarray) -> np.ndarray:
        """Return whether each user chose the item at each place of these lists, bool (n_users, n_places)."""
        return Lists.match(items, self.n_items, self.row, self.item, np.ones(len(self.row))).hit


def most_judged(n_items: int) -> int:
    """Return how many users' lists are judged at most: fewer of a large catalog, where they take longer.

    >>> most_judged(10_000), most_judged(60_000)
    (16000, 4000)
    """
    least, most = USERS
    return max(least, min(most, MOST_SCORES // max(1, n_items)))


def _evenly(users: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of the users, evenly spaced."""
    n = min(most, len(users))
    return users[np.arange(n) * len(users) // max(1, n)]


@dataclass(frozen=True, eq=False)
class Trial:
    """A candidate that was tried."""

    candidate: Candidate
    scores: Scores
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
    candidates: list[Candidate],
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
    candidates : list of Candidate
    train : Ratings
    test : Test
    until : float
        By `time.monotonic()`: after that no further candidate is trained, except for the first two.
    threads : int, optional
    tell : callable
        Is called with the name of each candidate before it is trained.
    """
    fitting = Fitting(train, tuple(candidates), threads)
    trials: list[Trial] = []
    left: list[str] = []
    for candidate in candidates:
        if len(trials) >= 2 and time.monotonic() > until and not fitting.is_made(candidate):
            left.append(candidate.name)
            continue
        tell(candidate.name)
        start = time.monotonic()
        scores = fitting.scores(candidate)
        quality = test.quality(test.lists(scores, K))
        trials.append(Trial(candidate, scores, quality, time.monotonic() - start))
    return trials, left


def with_sums(trials: list[Trial], test: Test, tell: Callable[[str], None]) -> list[Trial]:
    """Return the trials and sums of the best of each kind.

    The sums are of an item-to-item and a factor model, and of these two and a dense item-to-item
    model.
    """
    dense, items, factors = (
        best_of_kind([trial for trial in trials if trial.candidate.kind == kind])
        for kind in (DENSE_ITEMS, ITEMS, FACTORS)
    )
    if items is None or factors is None:
        return trials
    tell("sums of these")
    start = time.monotonic()
    firsts = ([items], [dense, items]) if dense is not None else ([items],)
    sums = [([*first, factors], weight) for first in firsts for weight in SUM_WEIGHTS]
    qualities = _qualities_of_sums([part for part in (dense, items, factors) if part is not None], sums, test)
    spent = (time.monotonic() - start) / len(sums)
    return [*trials, *(_sum_of(*one, quality, spent) for one, quality in zip(sums, qualities, strict=True))]


def _qualities_of_sums(
    parts: list[Trial], sums: list[tuple[list[Trial], float]], test: Test
) -> list[np.ndarray]:
    """Return the quality of each sum: every part is scored once for each user."""
    lists = np.full((len(sums), len(test.users), K), -1, np.int32)
    size = max(1, DENSE_SCORES // test.n_items)
    for start in range(0, len(test.users), size):
        users = test.users[start : start + size]
        scores = {id(part): of_one_size(part.scores(users)) for part in parts}
        for number, (own, weight) in enumerate(sums):
            total = np.float32(weight) * scores[id(own[-1])]
            for part in own[:-1]:
                total += scores[id(part)]
            ranked = _top(total, users, test)
            lists[number, start : start + size, : ranked.shape[1]] = ranked
    return [test.quality(one) for one in lists]


def _top(scores: np.ndarray, users: np.ndarray, test: Test) -> np.ndarray:
    """Return the ten best of the users with these scores."""
    n = min(K, test.n_items)
    return rank_scores(lambda _: scores, test.n_items, users, n, Pool(seen=test.seen)).items


def _sum_of(parts: list[Trial], weight: float, quality: np.ndarray, spent: float) -> Trial:
    """Return the trial of a sum whose last part has this weight, the others 1."""
    candidates = tuple(part.candidate for part in parts)
    weights = (*(1.0 for _ in parts[1:]), weight)
    *first, last = (candidate.name for candidate in candidates)
    name = f"{' + '.join(first)} + {weight:g} x {last}"
    large = any(candidate.large for candidate in candidates)

    def scores(users: np.ndarray) -> np.ndarray:
        total: np.ndarray = np.zeros((len(users), 1), np.float32)
        for part, own in zip(parts, weights, strict=True):
            total = total + np.float32(own) * of_one_size(part.scores(users))
        return total

    seconds = sum(part.seconds for part in parts) + spent
    return Trial(Candidate(name, SUM, SumOf(candidates, weights), large), scores, quality, seconds)


def best_of(trials: list[Trial]) -> Trial | None:
    """Return the trial with the highest mean, the first of equal ones; None of none."""
    return max(trials, key=lambda trial: trial.mean, default=None)


def best_of_kind(trials: list[Trial]) -> Trial | None:
    """Return the best trial with a usual setting, or the best of all that is clearly better."""
    usual = best_of([trial for trial in trials if not trial.candidate.far])
    best = best_of(trials)
    if usual is None or best is None:
        return best
    return best if clearly_better(best, usual) else usual


def worth_its_size(trials: list[Trial]) -> Trial | None:
    """Return the best trial, or the best without dense weights if its lists are nearly as good.

    None if there are no trials.

    Dense weights take the square of the number of items in memory and in the file, or with few users
    the users times the items: they have to be one percent better.
    """
    best = best_of(trials)
    small = best_of([trial for trial in trials if not trial.candidate.large])
    if best is None or small is None:
        return best
    return small if small.mean >= 0.99 * best.mean else best


def chosen_of(trials: list[Trial]) -> Trial | None:
    """Return the chosen trial: the best sum, unless another model is clearly better.

    None if there are no trials.

    The best of many models on few held-out ratings is partly the luckiest. A sum loses less of what
    it promised, because its parts err in different ways.
    """
    trials = [trial for trial in trials if not trial.candidate.far or _beats_the_usual(trial, trials)]
    best = worth_its_size(trials)
    total = worth_its_size([trial for trial in trials if trial.candidate.kind == SUM])
    if best is None or total is None:
        return best
    return best if clearly_better(best, total) else total


def _beats_the_usual(far: Trial, trials: list[Trial]) -> bool:
    """Return whether a trial with an unusual setting is the best of its kind, and clearly so."""
    return best_of_kind([trial for trial in trials if trial.candidate.kind == far.candidate.kind]) is far


def clearly_better(one: Trial, other: Trial) -> bool:
    """Return whether a trial's lists are better by over two standard errors of the paired difference."""
    return clearly_higher(one.quality, other.quality)


def clearly_higher(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether the mean over users is higher by over two standard errors of the paired difference."""
    difference = one - other
    if len(difference) < 2:
        return False
    return bool(difference.mean() > 2 * difference.std(ddof=1) / np.sqrt(len(difference)))


def best_beta(test: Test, candidates: np.ndarray, chance: ChanceByPlace, liked: np.ndarray) -> float:
    """Return the weight of being liked with the best lists, the largest of equal ones.

    Parameters
    ----------
    test : Test
    candidates : ndarray of shape (n_users, n_places), int32
        The choice head's ranking of each user, -1 where it ends.
    chance : ChanceByPlace
    liked : ndarray of shape (n_users, n_places), float64
        The logarithm of the chance that the user likes the candidate.
    """
    chosen = np.where(candidates >= 0, chance.log(np.arange(1, candidates.shape[1] + 1)), np.nan)
    found = []
    for beta in BETAS:
        order = best_first(candidates, chosen + beta * liked)[:, :K]
        lists = np.take_along_axis(candidates, order, axis=1)
        found.append((float(test.quality(lists).mean()), beta))
    return max(found)[1]
