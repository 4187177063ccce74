"""The input of a model of choices: graded ratings, normalised by how active their users and items are."""

import os
from collections.abc import Callable
from dataclasses import Field, asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import numpy as np

from palate._checks import Setting, check_count, check_seed
from palate.data.catalog import Catalog
from palate.data.ratings import Ratings
from palate.model.history import History
from palate.model.model import Model
from palate.solve.grades import COUNTS, KINDS, RATINGS, Grades, grades_of, normalised
from palate.solve.rows import Rows
from palate.training.checks import Graded, check_fitted, check_grading
from palate.training.training_data import Problem, split, warn_of_events

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Fitted = TypeVar("Fitted", bound=Model)


class ChoiceTrainer(Graded, Protocol):
    """A trainer of models of graded choices."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def min_ratings(self) -> int: ...


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
        trainer: ChoiceTrainer,
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
        x = grades.of(rows.values, rows.weights, times)
        graded = replace(rows, values=x, weights=np.empty(0, np.float32))
        return cls(problem, grades, graded, rows.counts, problem.by_item.counts)

    def normalised(self, user_exponent: float, item_exponent: float) -> Rows:
        """Return `R = D_u^-b X D_i^-c` by user, with n_u and n_i on the diagonals of D."""
        return normalised(self.by_user, self.user_counts, self.item_counts, user_exponent, item_exponent)

    @cached_property
    def notes(self) -> list[str]:
        """What the user should know of users and items without training ratings."""
        notes = []
        for counts, side, what in (
            (self.user_counts, "users", "every item alike, and their lists are of the most popular items"),
            (self.item_counts, "items", "0 for everyone"),
        ):
            empty = int((counts == 0).sum())
            if empty:
                notes.append(
                    f"{empty:,} {side} have no training rating (all of theirs are held out); their scores "
                    f"are {what}."
                )
        return notes

    def model_fields(self, catalog: Catalog | None) -> dict[str, Any]:
        """Return the fields of a model that are its input's, without a scale: its scores are no ratings."""
        return {**self.problem.model_fields(catalog), "scale": None}

    def history(self, stopped: str, notes: list[str]) -> History:
        """Return the history of a closed form: no sweep, and nothing that was chosen on held-out ratings."""
        return History(
            stopped=stopped,
            notes=(*notes, *self.notes),
            n_train=self.problem.n_train,
            n_validation=int(self.problem.held_out.sum()),
            selected=False,
        )


def fit_choices(
    trainer: ChoiceTrainer,
    model_of: Callable[[Choices], Fitted],
    ratings: Ratings,
    *,
    validation: float | Ratings,
    start: Model | None,
    refit: bool,
    checkpoint: str | os.PathLike[str] | None,
    seed: int,
) -> Fitted:
    """Return the model of the training ratings, or with `refit` of all; a checkpoint is saved at the end."""
    choices = Choices.of(trainer, ratings, validation, start, seed)
    if refit and choices.problem.held_out.any():
        choices = Choices.of(trainer, choices.problem.ratings, 0.0, None, seed)
    model = check_fitted(model_of(choices), trainer)
    if checkpoint is not None:
        model.save(checkpoint)
    return model


def check_grades(trainer: ChoiceTrainer) -> None:
    """Raise unless `grades`, `least_grade`, `half_life` and `min_ratings` of a trainer are in range."""
    check_grading(trainer, KINDS)
    check_count("min_ratings", trainer.min_ratings, 1)


def described(trainer: "DataclassInstance", **resolved: object) -> dict[str, Any]:
    """Return the trainer's name, hyper-parameters and the values of "auto", as `<name>_resolved`."""
    return {
        "name": type(trainer).__name__,
        **asdict(trainer),
        **{f"{name}_resolved": value for name, value in resolved.items()},
    }
