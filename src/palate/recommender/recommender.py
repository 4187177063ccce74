"""The default trainer: it chooses a choice model on validation and puts a model of ratings beside it."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from palate._checks import ArgumentError, check_choice, check_seed
from palate._parallel import check_threads
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.heads.chance import ChanceByPlace, fit_chance, not_known
from palate.heads.ranking import TwoHeads, liked_log
from palate.lists.popular import NEWCOMERS
from palate.model.factor_model import FactorModel
from palate.model.history import History
from palate.model.recommender_model import RecommenderModel
from palate.recommender.candidates import FACTORS, ITEMS, POPULAR, Candidate, personal, popular
from palate.recommender.choosing import (
    Test,
    Trial,
    best_beta,
    best_of,
    chosen_of,
    clearly_better,
    tried,
    with_sums,
)
from palate.recommender.newcomers import for_newcomers
from palate.solve.grades import ALIKE, COUNTS, RATINGS
from palate.solve.strengths import AUTO
from palate.splits.holdout import check_validation, merge_holdout
from palate.splits.methods import share_of_each
from palate.training.als.least_squares import LeastSquares
from palate.training.checks import check_number_or_word, check_strength
from palate.training.gibbs.trainer import Gibbs
from palate.training.linear import LinearItems
from palate.training.progress import silent
from palate.training.trainer import Trainer
from palate.training.training_data import taken_for_counts, warn_of_counts

PLACES = 300  # of the choice head's rankings that beta is chosen on
FIRST = 100  # of them, to which the chance of a choice is fitted: it should be right where lists are
LATEST = 0.1  # share of the ratings, the latest ones, on which popular lately is tried
AGAIN = 8  # sweeps of the star head over all ratings, from where the first one ended
FEW_LIKED = 0.05  # share of ratings in the top quarter of an undeclared scale, below which it says nothing
FEWEST = 20  # users with a relevant held-out rating, below which nothing is chosen
FEWEST_LATE = 200
STARS = ("least-squares", "gibbs", "none")


@dataclass(frozen=True, kw_only=True)
class Recommender:
    """Recommendations with default settings: one model for choices and one for ratings.

    Lists contain what people are likely to choose and to like; predictions are ratings.

    Two models are fitted. The *choice head* ranks items by how likely a user is to choose them. It
    is chosen among popularity, spectral and linear models (for counts also least squares), and sums
    of two or three of them, by the nDCG@10 of their lists for held-out ratings. The *star head*
    predicts ratings, with their uncertainty. `recommend` ranks by
    `log P(chosen) + beta log P(liked)`, `predict` uses the star head. Both are then fitted again to
    all ratings.

    Parameters
    ----------
    values : {"auto", "ratings", "counts", "alike"}, default "auto"
        Meaning of the values: ratings on a scale, counts, or choices without a value ("alike").
        "auto" is "ratings", with three exceptions. If all values are equal, they say nothing
        ("alike"). If the table has no ratings, values are numbers of rows, and are counts. Values
        without a declared scale that look like counts, because most are small and some are large,
        are taken for counts with a warning. Without ratings there is no star head.
    stars : {"least-squares", "gibbs", "none"}, default "least-squares"
        Trainer of the star head.
    beta : float or "auto", default "auto"
        Weight of the probability of liking. "auto" chooses among 0, 0.25, 0.5, 1 and 2 on held-out
        ratings.
    liked_from : float, optional
        Lowest rating that counts as liked. Default: the top quarter of the scale, such as 4 of 5
        stars. If no scale is declared and fewer than 5 % of the ratings lie there, the highest
        quarter of the ratings.
    seconds : float, default 60.0
        Time after which no further candidate is trained.

    References
    ----------
    Steck (2019), "Embarrassingly Shallow Autoencoders for Sparse Data".

    Examples
    --------
    >>> from palate import Ratings, Recommender
    >>> ratings = Ratings.from_arrays(
    ...     ["al", "al", "bo", "bo", "cy"], ["x", "y", "x", "z", "y"], [5, 4, 4, 5, 3], scale=(1, 5)
    ... )
    >>> model = Recommender().fit(ratings)
    >>> model.recommend("cy", n=1)["item_id"].to_list()
    ['x']
    """

    values: str = AUTO
    stars: str = "least-squares"
    beta: float | str = AUTO
    liked_from: float | None = None
    seconds: float = 60.0

    def fit(
        self,
        ratings: Ratings | Dataset,
        *,
        validation: float | Ratings = 0.1,
        catalog: Catalog | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        callback: Callable[[str], None] | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> RecommenderModel:
        """Return the model fitted to the ratings.

        Parameters
        ----------
        ratings : Ratings, or Dataset with ratings and a catalog
        validation : float or Ratings, default 0.1
            Share of each user's ratings to hold out, or held-out ratings. Models are compared on
            them; the final heads are trained on all ratings. With a share, and ratings that have
            times, popular lately is also compared on the latest tenth of all ratings, since lists
            are made for the time after training. If held-out ratings are given, models are compared
            on these alone.
        catalog : Catalog, optional
            Titles and other columns of the items, which the model keeps.
        checkpoint : path, optional
            File in which the model is saved at the end.
        callback : callable, optional
            Called with the name of each step before it begins.
        threads : int, optional
            Number of threads; by default one for each processor.
        seed : int, default 0
            Seed of the held-out ratings and of random initial values.

        Raises
        ------
        TypeError
            If `ratings` or a parameter has the wrong type.
        ValueError
            If a parameter is out of its range.
        """
        self._check()
        check_seed(seed)
        ratings, catalog = with_catalog(ratings, catalog)
        everything, held_out = _split(ratings, validation, seed)
        given = isinstance(validation, Ratings)
        run = _Run(self, everything, held_out, given, check_threads(threads), seed, callback or silent)
        if self.values == AUTO and self.liked_from is None and not run.ratings.events:
            warn_of_counts(run.ratings)
        model = run.model(catalog)
        if checkpoint is not None:
            model.save(checkpoint)
        return model

    def _check(self) -> None:
        check_choice("values", self.values, (AUTO, RATINGS, COUNTS, ALIKE))
        check_choice("stars", self.stars, STARS)
        check_strength("beta", self.beta, auto=True)
        check_strength("seconds", self.seconds)
        if self.liked_from is not None:
            check_number_or_word("liked_from", self.liked_from, "None")


def meaning_of(ratings: Ratings, trainer: Recommender) -> str:
    """Return what the values of a table are to a trainer: "ratings", "counts" or "alike"."""
    if trainer.values != AUTO:
        return trainer.values
    if not len(ratings) or np.ptp(ratings.value) == 0:
        return ALIKE
    like_counts = trainer.liked_from is None and taken_for_counts(ratings)
    return COUNTS if ratings.events or like_counts else RATINGS


def _split(ratings: Ratings, validation: float | Ratings, seed: int) -> tuple[Ratings, np.ndarray]:
    """Return all ratings, and which of them the choice is made on."""
    if isinstance(validation, Ratings):
        return merge_holdout(ratings, validation)
    return ratings, share_of_each(ratings, check_validation(validation), seed=seed)


@dataclass(frozen=True, eq=False)
class _Choice:
    """What was chosen: the trial, what it was trained and judged on, and what a user should know of it.

    `trial` is None where there was too little to judge by. `of_each` says whether `held` is a random share of
    each user's ratings.
    """

    trial: Trial | None
    train: Ratings
    held: Ratings
    tried: list[Trial]
    notes: list[str]
    of_each: bool = False


@dataclass(frozen=True, eq=False)
class _Run:
    """One fit: the ratings, which are held out, and the callback that is told each step."""

    trainer: Recommender
    ratings: Ratings
    held_out: np.ndarray
    given: bool  # whether the held-out ratings are the caller's own, which then decide alone
    threads: int
    seed: int
    tell: Callable[[str], None]

    @cached_property
    def values(self) -> str:
        """What the values are."""
        return meaning_of(self.ratings, self.trainer)

    @cached_property
    def liked_from(self) -> float:
        """The lowest rating that counts as liked; minus infinity where values are no ratings."""
        if self.values != RATINGS:
            return -np.inf
        (low, high), given = self.ratings.scale, self.trainer.liked_from
        if given is None and self._top_is_usual:
            return low + 0.75 * (high - low)
        if given is None:  # the lowest rating of their highest quarter
            return float(np.quantile(self.ratings.value, 0.75, method="higher"))
        if not low <= given <= high:
            raise ArgumentError("liked_from", f"be on the ratings' scale {low:g} to {high:g}", f"{given:g}")
        return float(given)

    @property
    def _top_is_usual(self) -> bool:
        """Whether the top quarter of the scale holds enough ratings, or the scale is declared."""
        (low, high), value = self.ratings.scale, self.ratings.value
        return self.ratings.declared or bool(np.mean(value >= low + 0.75 * (high - low)) >= FEW_LIKED)

    def _note_of_liked(self) -> list[str]:
        """Return what to know of a default that is not the top quarter of the scale."""
        if self.values != RATINGS or self.trainer.liked_from is not None or self._top_is_usual:
            return []
        low, high = self.ratings.scale
        return [
            f"Ratings of {self.liked_from:g} or more count as liked, the highest quarter of the ratings. "
            f"Their scale is not declared, and few lie in the top quarter of {low:g} to {high:g}."
        ]

    def model(self, catalog: Catalog | None) -> RecommenderModel:
        """Return the fitted model."""
        train, held = self.ratings.select(~self.held_out), self.ratings.select(self.held_out)
        decided = self._choice(train, held)
        chosen, train, held = decided.trial, decided.train, decided.held
        stars_trainer = self._stars_trainer()
        first = self._first_stars(stars_trainer, train, held)
        chance, beta = self._put_together(decided, first)
        self.tell(f"{chosen.candidate.name}, on all ratings" if chosen else "linear items")
        candidate = chosen.candidate if chosen else _default(self.values)
        options: dict[str, Any] = {"catalog": catalog, "threads": self.threads, "callback": silent}
        choice = candidate.trainer.fit(self.ratings, validation=0, **options)
        parts = self._earlier_and_latest
        newcomers = None
        if parts is not None and candidate.kind != POPULAR:
            newcomers = for_newcomers(*parts, self.liked_from)
        if newcomers is not None:
            half_life, note = newcomers
            choice = replace(choice, trainer={**choice.trainer, NEWCOMERS: half_life})
            decided.notes.append(note)
        stars = self._final_stars(stars_trainer, first, options)
        heads = TwoHeads(
            choice=choice,
            stars=stars,
            chance=chance,
            beta=beta if stars is not None else 0.0,
            liked_from=self.liked_from,
            noise=_noise(stars),
        )
        return RecommenderModel(
            heads=heads,
            users=choice.users,
            items=choice.items,
            catalog=choice.catalog,
            ratings=choice.ratings,
            trainer=self._described(candidate, decided.tried, heads.beta),
            history=History(
                stopped=f"Choices are predicted by {candidate.name}.",
                notes=(*decided.notes, *self._note_of_liked()),
                n_train=len(self.ratings),
                selected=True,
            ),
            frame_kind=self.ratings.frame_kind,
        )

    def _described(self, chosen: Candidate, trials: list[Trial], beta: float) -> dict[str, Any]:
        """Return the trainer's name and hyper-parameters, and what was tried, chosen and resolved."""
        table = [
            {"name": trial.candidate.name, "ndcg": trial.mean, "seconds": trial.seconds} for trial in trials
        ]
        return {
            "name": "Recommender",
            **asdict(self.trainer),
            "values_resolved": self.values,
            "choice": chosen.name,
            "candidates": table,
            "beta_resolved": beta,
        }

    def _choice(self, train: Ratings, held: Ratings) -> _Choice:
        """Return what is chosen by training on `train` and judging on `held`."""
        test = Test.of(train, held, self.liked_from)
        if len(test.users) < FEWEST:
            n, what = len(test.users), "choice"
            if self.values == RATINGS:
                what = f"rating of {self.liked_from:g} or more, which counts as liked"
            have = "user has" if n == 1 else "users have"
            about = f"{n:,} {have} a held-out {what}, and {FEWEST} are needed"
            note = f"This model of choices was not compared with others: {about}."
            return _Choice(None, train, held, [], [note])
        until = time.monotonic() + self.trainer.seconds
        candidates = [*popular(train), *personal(train, self.values)]
        trials, left = tried(candidates, train, test, until=until, threads=self.threads, tell=self.tell)
        trials = with_sums(trials, test, self.tell)
        best = cast(Trial, chosen_of(trials))  # there are always two trials
        notes = [
            f"On the held-out choices of {len(test.users):,} users, {best.candidate.name} has nDCG@10 "
            f"{best.mean:.4f}."
        ]
        highest = cast(Trial, best_of(trials))
        if highest is not best:
            notes.append(
                f"The highest is {highest.mean:.4f}, of {highest.candidate.name}, which is not clearly more. "
                "Among models that are about as good, a sum is preferred, and one without dense weights."
            )
        if left:
            notes.append(f"There was no time to try {', '.join(left)}; increase seconds to try them.")
        late = self._lately(best)
        if late is not None:
            return replace(late, tried=trials, notes=[*late.notes, *notes])
        return _Choice(best, train, held, trials, notes, of_each=not self.given)

    def _lately(self, best: Trial) -> _Choice | None:
        """Return the choice of popular lately, judged on the latest ratings beside the best candidate.

        None if popular lately is not clearly better, or if the held-out ratings are given: whoever
        gives them has said what the lists are for.
        """
        parts = self._earlier_and_latest
        if parts is None:
            return None
        train, held = parts
        test = Test.of(train, held, self.liked_from)
        if len(test.users) < FEWEST_LATE:
            return None
        lately = [candidate for candidate in popular(train) if candidate.name.startswith("popular lately")]
        found = best_of(self._tried(lately, train, test))
        if found is None:
            return None
        # First against a personalised model that trains in a second: if that is not clearly beaten, the best
        # one need not be trained.
        quick = [one for one in personal(train, self.values) if one.kind == FACTORS][:1]
        bars = ([quick] if best.candidate.kind != POPULAR else []) + [[best.candidate]]
        for bar in bars:
            beaten = self._tried(bar, train, test)[0]
            if not clearly_better(found, beaten):
                return None
        note = (
            f"On the latest tenth of all ratings, {found.candidate.name} has nDCG@10 {found.mean:.4f}, "
            f"and {beaten.candidate.name} has {beaten.mean:.4f}. Lists are made for the time after "
            "training, so what was popular lately predicts the choices, alike for all users."
        )
        return _Choice(found, train, held, [], [note])

    @cached_property
    def _earlier_and_latest(self) -> tuple[Ratings, Ratings] | None:
        """The ratings without the latest tenth, and the latest tenth.

        None where ratings have no times, or the held-out ratings are the caller's own.
        """
        times = self.ratings.timestamp
        if self.given or times is None or not len(times) or np.ptp(times) == 0:
            return None
        late = times > np.quantile(times, 1 - LATEST)
        return self.ratings.select(~late), self.ratings.select(late)

    def _tried(self, candidates: list[Candidate], train: Ratings, test: Test) -> list[Trial]:
        """Return the trials of all candidates, however long they take."""
        return tried(candidates, train, test, until=np.inf, threads=self.threads, tell=self.tell)[0]

    def _stars_trainer(self) -> Any:
        if self.values != RATINGS or self.trainer.stars == "none":
            return None
        if self.trainer.stars == "gibbs":
            return Gibbs(user_features="rated", item_features="raters")
        return LeastSquares(user_features="rated", item_features="raters")

    def _first_stars(self, trainer: Trainer, train: Ratings, held: Ratings) -> Any:
        """Return the star head that was not fitted to the held-out ratings; None where there is none."""
        if trainer is None or not len(held):
            return None
        self.tell("predicted ratings")
        return trainer.fit(train, validation=held, threads=self.threads, callback=silent, seed=self.seed)

    def _final_stars(
        self, trainer: Gibbs | LeastSquares | None, first: FactorModel | None, options: dict[str, Any]
    ) -> Any:
        """Return the star head fitted to all ratings, from where the first one ended.

        Its noise and the scale of its standard errors are those found on the held-out ratings,
        where there were enough.
        """
        if trainer is None:
            return None
        self.tell("predicted ratings, on all ratings")
        if first is None or isinstance(trainer, Gibbs):
            return trainer.fit(self.ratings, validation=0, seed=self.seed, **options)
        sweeps = min(AGAIN, max(1, first.history.best_sweep))
        start = replace(first, ratings=replace(cast(RatingMatrix, first.ratings), held_out=None))
        again = replace(trainer, max_sweeps=sweeps)
        final: Any = again.fit(self.ratings, validation=0, start=start, seed=self.seed, **options)
        history, noise_sd = replace(final.history, earlier=()), first.noise_sd
        return replace(final, noise_sd=noise_sd, spread=first.spread, trainer=first.trainer, history=history)

    def _put_together(self, decided: _Choice, stars: FactorModel | None) -> tuple[ChanceByPlace, float]:
        """Return the chance of a choice by place, and the weight of being liked."""
        given, train, held = self.trainer.beta, decided.train, decided.held
        if decided.trial is None:
            return not_known(self.ratings.n_items), 0.5 if isinstance(given, str) else float(given)
        # Of other ratings than a share of each user's, those who have none are taken for gone.
        every = Test.of_all(train, held) if decided.of_each else Test.of(train, held, -np.inf)
        n_choices = np.diff(train.user_indptr)[every.users]
        ranked = every.lists(decided.trial.scores, PLACES)
        first = ranked[:, :FIRST]
        average = len(every.row) / max(1, len(every.users)) / train.n_items
        chance = fit_chance(every.hits(first), n_choices, (first >= 0).sum(axis=1), average)
        if not isinstance(given, str):
            return chance, float(given)
        if stars is None:
            return chance, 0.0
        test = Test.of(train, held, self.liked_from, among=every.users)
        candidates = ranked[np.searchsorted(every.users, test.users)]
        return chance, best_beta(test, candidates, chance, self._liked(test.users, candidates, stars))

    def _liked(self, users: np.ndarray, candidates: np.ndarray, stars: FactorModel) -> np.ndarray:
        """Return the logarithm of the chance that each user likes each candidate, 0 where there is none."""
        row, place = np.nonzero(candidates >= 0)
        mean = stars.score_pairs(users[row], candidates[row, place].astype(np.int64))
        liked = np.zeros(candidates.shape)
        liked[row, place] = liked_log(mean, _noise(stars), self.liked_from)
        return liked


def _default(values: str) -> Candidate:
    """Return the choice head of a table on which none can be chosen."""
    return Candidate("linear items, local", ITEMS, LinearItems(grades=values))


def _noise(stars: FactorModel | None) -> float:
    """Return the standard deviation of one rating about its prediction; 1 where it is not known."""
    if stars is None or stars.noise_sd is None:
        return 1.0
    return float(np.sqrt(np.mean(np.square(stars.noise_sd))))
