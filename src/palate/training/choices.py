"""The input of a model of choices: graded ratings, divided by powers of the activity of users and items."""

import os
from abc import ABC, abstractmethod
from dataclasses import Field, dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from palate._checks import Setting, check_count, check_seed
from palate._parallel import check_threads
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.ratings import Ratings
from palate.model.history import History
from palate.model.model import Model
from palate.solve.grades import COUNTS, KINDS, RATINGS, Grades, grades_of, normalised
from palate.solve.rows import Rows
from palate.training.checks import check_fitted, check_grading
from palate.training.trainer import Callback
from palate.training.training_data import Problem, split, warn_of_events

Fitted = TypeVar("Fitted", bound=Model)


@dataclass(frozen=True, eq=False)
class Choices:
    """Training ratings as graded choices."""

    problem: Problem
    grades: Grades
    by_user: Rows  # the values are the grades x_ui
    user_counts: np.ndarray  # (n_users,) int64, training ratings
    item_counts: np.ndarray  # (n_items,) int64

    @classmethod
    def of(
        cls,
        trainer: "ChoiceTrainer[Any]",
        ratings: Ratings,
        validation: float | Ratings,
        start: Model | None,
        seed: int,
    ) -> "Choices":
        """Return the choices of a trainer with `grades`, `least_grade` and `half_life`."""
        check_seed(seed)
        everything, held_out = split(ratings, validation, start, seed)
        problem = Problem.build(everything, held_out, mean=False, choices=True)
        if trainer.grades == RATINGS:
            warn_of_events(everything, Setting("grades", COUNTS))
        rows = problem.by_user
        times = None if everything.timestamp is None else problem.times
        grades = grades_of(
            trainer.grades, trainer.least_grade, trainer.half_life, rows.values, everything.scale, times
        )
        return cls(problem, grades, grades.of_rows(rows, times), rows.counts, problem.by_item.counts)

    def normalised(self, user_exponent: float, item_exponent: float) -> Rows:
        """Return `R = D_u^-b X D_i^-c` by user, with n_u and n_i on the diagonals of D."""
        return normalised(self.by_user, self.user_counts, self.item_counts, user_exponent, item_exponent)

    def model_fields(self, catalog: Catalog | None) -> dict[str, Any]:
        """Return the fields of a model that come from its input. It has no scale: scores are not ratings."""
        return {**self.problem.model_fields(catalog), "scale": None}

    def history(self, stopped: str, notes: list[str]) -> History:
        """Return the history of a model in closed form, which has no sweeps."""
        untrained = self.problem.notes_on_untrained(
            "scores are every item alike, and their lists are of the most popular items",
            "scores are 0 for everyone",
        )
        return self.problem.history(stopped=stopped, notes=(*notes, *untrained), selected=False)


@helpful_methods
class ChoiceTrainer(ABC, Generic[Fitted]):
    """A trainer of models of graded choices."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    grades: str
    least_grade: float
    half_life: float | None
    min_ratings: int

    def fit(
        self,
        ratings: Ratings | Dataset,
        *,
        validation: float | Ratings = 0.05,
        catalog: Catalog | None = None,
        start: Model | None = None,
        refit: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> Fitted:
        """Return the model fitted to the ratings.

        Parameters
        ----------
        ratings : Ratings, or Dataset with ratings and a catalog
        validation : float or Ratings, default 0.05
            Share of ratings to hold out, or held-out ratings. They are not used in training.
        catalog : Catalog, optional
            Titles and other columns of the items, which the model keeps.
        start : model, optional
            Model whose held-out ratings stay held out. Nothing else of it is used.
        refit : bool, default False
            Whether to train on all ratings, including held-out ones.
        checkpoint : path, optional
            File in which the model is saved at the end.
        callback : callable, optional
            Not called, because there are no sweeps.
        threads : int, optional
            Number of threads; by default one for each processor. The result does not depend on it.
        seed : int, default 0
            Seed of the split and of the random initial values.

        Raises
        ------
        TypeError
            If `ratings` or a parameter has the wrong type.
        ValueError
            If a hyper-parameter is out of its range, `half_life` is given for ratings without
            timestamps, or no training ratings are left.
        """
        self._check()
        check_grading(self.grades, self.least_grade, self.half_life, KINDS)
        check_count("min_ratings", self.min_ratings, 1)
        threads = check_threads(threads)
        ratings, catalog = with_catalog(ratings, catalog)
        choices = Choices.of(self, ratings, validation, start, seed)
        if refit and choices.problem.held_out.any():
            choices = Choices.of(self, choices.problem.ratings, 0.0, None, seed)
        model = check_fitted(self._fitted(choices, catalog, threads, seed), self)
        if checkpoint is not None:
            model.save(checkpoint)
        return model

    @abstractmethod
    def _check(self) -> None:
        """Raise unless the hyper-parameters that this trainer alone has are in range."""

    @abstractmethod
    def _fitted(self, choices: Choices, catalog: Catalog | None, threads: int, seed: int) -> Fitted:
        """Return the model of the choices."""
