"""Candidates fitted to the ratings that are not held out: what several of them need is made once.

A trial needs the scores of the users whose lists are judged, not a model: dense item-to-item models
of several penalties share the products of their table and never form their weights, and a
decomposition with many factors holds those with fewer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from palate._parallel import check_threads
from palate.data.ratings import Ratings
from palate.linear.weights import ItemWeights
from palate.recommender.candidates import Candidate
from palate.solve.grades import supported
from palate.solve.linear import RidgePath
from palate.training.choices import Choices
from palate.training.linear import DENSE, LOCAL, LinearItems, local_weights
from palate.training.progress import silent
from palate.training.spectral import Spectral

Scores = Callable[[np.ndarray], np.ndarray]  # row numbers of users -> scores of all items, float32


@dataclass(frozen=True, eq=False)
class Fitting:
    """Fits candidates to one table.

    Parameters
    ----------
    train : Ratings
    candidates : tuple of Candidate
        All that will be fitted.
    threads : int, optional
    """

    train: Ratings
    candidates: tuple[Candidate, ...]
    threads: int | None

    def scores(self, candidate: Candidate) -> Scores:
        """Return what gives the scores of a candidate that is fitted to the table."""
        trainer = candidate.trainer
        if isinstance(trainer, Spectral):
            return self._spectral(trainer)
        if isinstance(trainer, LinearItems):
            return self._dense(trainer) if trainer.form == DENSE else self._local(trainer)
        model = trainer.fit(self.train, validation=0, threads=self.threads, callback=silent)
        scores: Scores = model.score_items
        return scores

    def is_made(self, candidate: Candidate) -> bool:
        """Return whether a candidate needs no more training, because an earlier one has trained for both."""
        trainer = candidate.trainer
        if isinstance(trainer, Spectral):
            return "_factors" in self.__dict__
        return isinstance(trainer, LinearItems) and trainer.form == LOCAL and "_weights" in self.__dict__

    @cached_property
    def _factors(self) -> tuple[np.ndarray, np.ndarray]:
        """The vectors of users and items of the spectral candidate with the most factors."""
        trainers = [one.trainer for one in self.candidates if isinstance(one.trainer, Spectral)]
        largest = max(trainers, key=lambda trainer: trainer.rank(self.train.n_users, self.train.n_items))
        model = largest.fit(self.train, validation=0, threads=self.threads)
        return model.user_factors[0], model.item_factors[0]

    def _spectral(self, trainer: Spectral) -> Scores:
        k = trainer.rank(self.train.n_users, self.train.n_items)
        users, items = self._factors[0][:, :k], self._factors[1][:, :k].T
        return lambda index: users[index] @ items

    def _linear(self, form: str) -> list[LinearItems]:
        trainers = [one.trainer for one in self.candidates]
        return [one for one in trainers if isinstance(one, LinearItems) and one.form == form]

    @cached_property
    def _choices(self) -> Choices:
        """The graded ratings of the linear candidates, which all have the same grades."""
        trainer = (self._linear(LOCAL) + self._linear(DENSE))[0]
        return Choices.of(trainer, self.train, 0.0, None, 0)

    @cached_property
    def _weights(self) -> dict[float, ItemWeights]:
        """The weights of the local candidates by their penalty."""
        trainers = self._linear(LOCAL)
        l2 = tuple(float(one.l2) for one in trainers)
        found = local_weights(trainers[0], self._choices, l2, check_threads(self.threads))
        return dict(zip(l2, found, strict=True))

    def _local(self, trainer: LinearItems) -> Scores:
        weights, rows = self._weights[float(trainer.l2)], self._choices.by_user
        return lambda index: weights.scores(rows.take(index), check_threads(self.threads))

    @cached_property
    def _path(self) -> RidgePath:
        return RidgePath(self._choices.normalised(0.0, 0.0), self.threads)

    def _dense(self, trainer: LinearItems) -> Scores:
        scores = self._path.scores(float(trainer.l2))
        scale = supported(self._choices.item_counts, trainer.min_ratings).astype(np.float32)
        return lambda index: scores(index) * scale
