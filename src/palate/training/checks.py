"""Checks of hyper-parameters, one message form for all trainers."""

import math
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, check_choice, check_number, is_number
from palate.factors.parts import PARTS
from palate.solve.strengths import AUTO
from palate.training.trainer import Trainer

_STRONGEST = 1e30  # above this, single precision overflows
_NUMBERS = (
    *PARTS,
    *(f"{side}_prior.{part}" for side in ("user", "item") for part in ("mean", "precision")),
    *(f"weights.{part}" for part in ("values", "vectors", "source_scale", "target_scale")),
    "user_vectors",
    "item_vectors",
)
Fitted = TypeVar("Fitted")


def check_strength(name: str, value: object, *, auto: bool = False) -> None:
    """Raise unless `value` is a finite number of at least 0 (or "auto", where allowed)."""
    if isinstance(value, str):
        if auto and value == AUTO:
            return
        raise ArgumentError(name, f"be a number of at least 0{' or auto' if auto else ''}", f"{value!r}")
    number = check_number(name, value)
    if not (math.isfinite(number) and number >= 0):
        raise ArgumentError(name, "be a finite number of at least 0", f"{value}")
    if number > _STRONGEST:
        must = f"be at most {_STRONGEST:g}, beyond which single precision overflows"
        raise ArgumentError(name, must, f"{value}")


def check_rate(name: str, value: object) -> None:
    """Raise unless `value` is a number in [0, 1)."""
    if not 0 <= check_number(name, value) < 1:
        raise ArgumentError(name, "be in [0, 1)", f"{value}", "It is the share of factors that are dropped.")


def check_grading(grades: str, least_grade: float, half_life: float | None, kinds: tuple[str, ...]) -> None:
    """Raise unless `grades` is one of `kinds`, and `least_grade` and `half_life` are in range."""
    check_choice("grades", grades, kinds)
    check_strength("least_grade", least_grade)
    if not 0 < least_grade <= 1:
        advice = "1 gives all choices the same weight."
        raise ArgumentError("least_grade", "be above 0 and at most 1", f"{least_grade}", advice)
    check_half_life(half_life)


def check_half_life(half_life: float | None) -> None:
    """Raise unless a half-life is left out or a positive number."""
    if half_life is None:
        return
    check_strength("half_life", half_life)
    if half_life == 0:
        advice = "Leave it out to give old choices the same weight as new ones."
        raise ArgumentError("half_life", "be above 0", "0", advice)


def check_number_or_word(name: str, value: object, word: str) -> None:
    """Raise unless `value` is a finite number; `word` is what may stand in its place."""
    if not is_number(value):
        raise ArgumentTypeError(name, f"be a number or {word!r}", f"{value!r}")
    if not math.isfinite(value):
        raise ArgumentError(name, f"be a finite number or {word!r}", f"{value}")


def check_fitted(model: Fitted, trainer: Trainer) -> Fitted:
    """Return a model if all that was fitted is finite: hyper-parameters far from common ones can overflow.

    Raises
    ------
    ValueError
        Names the hyper-parameters that were given, so that nobody learns of it by predictions that
        are no numbers.
    """
    for name in _NUMBERS:
        part: Any = model
        for step in name.split("."):
            part = getattr(part, step, None)
        if isinstance(part, np.ndarray | float) and not np.isfinite(part).all():
            given = [
                f"{one.name}={getattr(trainer, one.name)!r}"
                for one in fields(trainer)
                if getattr(trainer, one.name) != one.default
            ]
            raise ArgumentError(
                "the hyper-parameters",
                "lead to finite numbers",
                f"infinite ones or NaN in {name} of {type(trainer).__name__}({', '.join(given)})",
                "Take values nearer to the defaults.",
            )
    return model
